#!/bin/bash
# Starts the primary. On a volume that holds a database already, the superuser gets the password of its Secret again: a
# volume outlives the Secret where it is kept after a destroy. Over the socket no password is asked.
set -euo pipefail
if [ -s "$PGDATA/PG_VERSION" ]; then
  (
    until pg_isready -q -h 127.0.0.1; do sleep 1; done
    psql -qX -U postgres -d postgres -v ON_ERROR_STOP=1 <<'SQL'
\getenv password POSTGRES_PASSWORD
ALTER ROLE postgres PASSWORD :'password';
SQL
  ) &
fi
exec docker-entrypoint.sh postgres -c config_file=/etc/postgresql/postgresql.conf -c hba_file=/etc/postgresql/pg_hba.conf
