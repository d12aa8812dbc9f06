#!/bin/bash
# Brings the primary's roles and databases to what is declared, as often as it runs: the replication role, and for each
# application a role that owns a database of its own. ROLES lists the applications; each one's passwords are in files
# below /roles. SERVICES lists roles that look after the server; their passwords are below /services.
#
# After a rotation the superuser still has the password from before, PREVIOUS_PASSWORD; it gets the new one first of
# all.
. /scripts/roles.sh
ordinary="NOREPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE"
adopt() { :; }
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
  application "$app"
  case " $SERVICES " in
    *" plinth_backup "*) sql -v app="$app" <<<'GRANT CONNECT ON DATABASE :"app" TO plinth_backup;' ;;
  esac
done
sql -c "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO replication"
echo "roles and databases are as declared: replication $ROLES"
