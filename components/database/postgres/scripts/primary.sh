#!/bin/bash
# Starts the primary. On a volume that holds a database already, the superuser gets the password of its Secret again: a
# volume outlives the Secret where it is kept after a destroy. Over the socket no password is asked.
#
# On an empty volume it makes a new database, unless replicas answer: then the database is theirs, this volume was lost,
# and a new one would be none that they follow.
set -euo pipefail
if [ -s "$PGDATA/PG_VERSION" ]; then
  # The server becomes the parent of this, and takes any other end of a child than a proper one for a crash of its own.
  (
    until pg_isready -q -h 127.0.0.1; do sleep 1; done
    # Where commits wait for a replica, none may be there yet.
    PGOPTIONS="-c synchronous_commit=local" psql -qX -U postgres -d postgres -v ON_ERROR_STOP=1 <<'SQL' || exit 0
\getenv password POSTGRES_PASSWORD
ALTER ROLE postgres PASSWORD :'password';
SQL
  ) &
elif pg_isready -q -h "$REPLICAS_HOST" -t 3; then
  echo "the volume is empty, and there are replicas: it is not filled with a new database beside theirs." \
    "plinth promote makes one of them the primary" >&2
  exit 1
fi
exec docker-entrypoint.sh postgres -c config_file=/etc/postgresql/postgresql.conf -c hba_file=/etc/postgresql/pg_hba.conf
