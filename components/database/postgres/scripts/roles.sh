#!/bin/bash
# What every setup of a PostgreSQL shares: roles and databases that are brought to what is declared, as often as it runs.
# PGHOST and the like lead to the server; ordinary are the attributes of roles that are nobody special, and adopt is what
# an administrator who is no superuser has to do before a role's database can be made.
set -euo pipefail
# That something is already as it should be is no news.
export PGOPTIONS="${PGOPTIONS:-} -c client_min_messages=warning"
enter() { psql -qX -d postgres -v ON_ERROR_STOP=1 "$@"; }
sql() { psql -qX -d "${database:-postgres}" -v ON_ERROR_STOP=1 "$@"; }

# role NAME PASSWORD ATTRIBUTES. psql makes the verifier of the password itself, so that neither the server's log nor
# anything else on the way gets to see it; it reads the password twice, as from a person.
role() {
  sql -v role="$1" <<SQL
SELECT format('CREATE ROLE %I', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
ALTER ROLE :"role" WITH LOGIN $3;
SQL
  printf '%s\n%s\n' "$2" "$2" | sql -c "\\password \"$1\"" 2>/tmp/prompts || { cat /tmp/prompts >&2; return 1; }
}

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

# application NAME: a role that owns a database of its own, and a second one that may only read it. Their passwords are
# in files below /roles.
application() {
  logins "$1" "/roles/$1" password
  adopt "$1"
  sql -v app="$1" <<'SQL'
SELECT format('CREATE DATABASE %I OWNER %I', :'app', :'app') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'app') \gexec
REVOKE ALL ON DATABASE :"app" FROM PUBLIC;
SQL
  logins "${1}_read" "/roles/$1" read-password
  database=$1 sql -v app="$1" -v reader="${1}_read" <<'SQL'
GRANT CONNECT ON DATABASE :"app" TO :"reader";
GRANT USAGE ON SCHEMA public TO :"reader";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"reader";
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO :"reader";
ALTER DEFAULT PRIVILEGES FOR ROLE :"app" IN SCHEMA public GRANT SELECT ON TABLES TO :"reader";
ALTER DEFAULT PRIVILEGES FOR ROLE :"app" IN SCHEMA public GRANT SELECT ON SEQUENCES TO :"reader";
SQL
}
