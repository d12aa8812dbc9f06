#!/bin/bash
# Brings the primary's roles and databases to what is declared, as often as it runs: the replication role, and for each
# application a role that owns a database of its own. ROLES lists the applications; each one's password is in the file
# of its name below /roles.
set -euo pipefail
until pg_isready -q; do echo "waiting for $PGHOST" >&2; sleep 1; done
sql() { psql -qX -d "${database:-postgres}" -v ON_ERROR_STOP=1 "$@"; }

# role NAME PASSWORD ATTRIBUTES. The password goes by the environment: everybody may read a process's arguments.
role() {
  NEW_PASSWORD=$2 sql -v role="$1" <<SQL
\getenv password NEW_PASSWORD
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" WITH LOGIN $3 PASSWORD :'password';
SQL
}

role replication "$REPLICATION_PASSWORD" "REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE"
# A replica looks after its own slot, and asks which database it copies.
sql -c "GRANT EXECUTE ON FUNCTION pg_control_system() TO replication"

for app in $ROLES; do
  role "$app" "$(cat "/roles/$app/password")" "NOREPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE"
  sql -v app="$app" <<'SQL'
SELECT format('CREATE DATABASE %I OWNER %I', :'app', :'app') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'app') \gexec
REVOKE ALL ON DATABASE :"app" FROM PUBLIC;
SQL
  role "${app}_read" "$(cat "/roles/$app/read-password")" "NOREPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE"
  database=$app sql -v app="$app" -v reader="${app}_read" <<'SQL'
GRANT CONNECT ON DATABASE :"app" TO :"reader";
GRANT USAGE ON SCHEMA public TO :"reader";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"reader";
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO :"reader";
ALTER DEFAULT PRIVILEGES FOR ROLE :"app" IN SCHEMA public GRANT SELECT ON TABLES TO :"reader";
ALTER DEFAULT PRIVILEGES FOR ROLE :"app" IN SCHEMA public GRANT SELECT ON SEQUENCES TO :"reader";
SQL
done
sql -c "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO replication"
echo "roles and databases are as declared: replication $ROLES"
