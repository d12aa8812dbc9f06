#!/bin/bash
# Brings the primary's roles and databases to what is declared, as often as it runs: the replication role, and for each
# application a role that owns a database of its own. ROLES lists the applications; each one's passwords are in files
# below /roles. SERVICES lists roles that look after the server; their passwords are below /services.
#
# After a rotation the superuser still has the password from before, PREVIOUS_PASSWORD; it gets the new one first of
# all.
set -euo pipefail
# That something is already as it should be is no news.
export PGOPTIONS="${PGOPTIONS:-} -c client_min_messages=warning"
enter() { psql -qX -d postgres -v ON_ERROR_STOP=1 "$@"; }
until pg_isready -q; do echo "waiting for $PGHOST" >&2; sleep 1; done
for attempt in $(seq 30); do
  if enter -c "SELECT" >/dev/null 2>/tmp/refusal; then break; fi
  if [ -n "${PREVIOUS_PASSWORD:-}" ] && NEW_PASSWORD=$PGPASSWORD PGPASSWORD=$PREVIOUS_PASSWORD enter 2>/dev/null <<'SQL'; then
\getenv password NEW_PASSWORD
ALTER ROLE postgres PASSWORD :'password';
SQL
    echo "the superuser has its new password"
  elif [ "$attempt" = 30 ]; then
    # A restart of the primary gives the superuser the password of its Secret.
    cat /tmp/refusal >&2
    exit 1
  else
    sleep 1
  fi
done
sql() { psql -qX -d "${database:-postgres}" -v ON_ERROR_STOP=1 "$@"; }

# role NAME PASSWORD ATTRIBUTES. The password goes by the environment: everybody may read a process's arguments.
role() {
  NEW_PASSWORD=$2 sql -v role="$1" <<SQL
\getenv password NEW_PASSWORD
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" WITH LOGIN $3 PASSWORD :'password';
SQL
}

ordinary="NOREPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE"

# logins ROLE FOLDER FILE: the role with its password, and where there has been a rotation the other login, which
# becomes the role with each connection: what it makes belongs to the role.
logins() {
  role "$1" "$(cat "$2/$3")" "$ordinary"
  [ -e "$2/alternate-$3" ] || return 0
  role "${1}_alt" "$(cat "$2/alternate-$3")" "$ordinary"
  sql -v role="$1" -v login="${1}_alt" <<'SQL'
GRANT :"role" TO :"login";
ALTER ROLE :"login" SET role = :'role';
SQL
}

role replication "$REPLICATION_PASSWORD" "REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE"
# A replica looks after its own slot, and asks which database it copies.
sql -c "GRANT EXECUTE ON FUNCTION pg_control_system() TO replication"

# A role of a service that is no longer wanted may log in no more.
sql <<'SQL'
SELECT format('ALTER ROLE %I NOLOGIN', rolname) FROM pg_roles WHERE rolname IN ('plinth_backup', 'plinth_metrics') \gexec
SQL
for service in $SERVICES; do
  # Rights of the server's own roles: https://www.postgresql.org/docs/current/predefined-roles.html.
  case $service in
    plinth_backup) rights=pg_read_all_data ;;
    plinth_metrics) rights=pg_monitor ;;
  esac
  role "$service" "$(cat "/services/$service/password")" "$ordinary"
  sql -v role="$service" -v rights="$rights" <<<'GRANT :"rights" TO :"role"; GRANT CONNECT ON DATABASE postgres TO :"role";'
done

for app in $ROLES; do
  logins "$app" "/roles/$app" password
  sql -v app="$app" <<'SQL'
SELECT format('CREATE DATABASE %I OWNER %I', :'app', :'app') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'app') \gexec
REVOKE ALL ON DATABASE :"app" FROM PUBLIC;
SQL
  case " $SERVICES " in
    *" plinth_backup "*) sql -v app="$app" <<<'GRANT CONNECT ON DATABASE :"app" TO plinth_backup;' ;;
  esac
  logins "${app}_read" "/roles/$app" read-password
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
