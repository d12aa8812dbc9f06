#!/bin/bash
# Restores each application's database from its dump in /backup, as the application's role, where it holds no table yet.
# ROLES lists the applications.
set -euo pipefail
export PGOPTIONS="-c synchronous_commit=local"
until pg_isready -q; do echo "waiting for $PGHOST" >&2; sleep 1; done
for app in $ROLES; do
  tables=$(psql -qXAt -v ON_ERROR_STOP=1 -d "$app" -c "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'")
  if [ "$tables" != 0 ]; then
    echo "$app holds $tables tables, and is left as it is"
    continue
  fi
  # What belongs to no role of this server, such as the right to the schema public, is the setup's.
  pg_restore --dbname="$app" --no-owner --no-privileges --role="$app" --exit-on-error --single-transaction "/backup/$app.dump"
  psql -qX -v ON_ERROR_STOP=1 -d "$app" -v reader="${app}_read" <<'SQL'
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"reader";
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO :"reader";
SQL
  echo "restored $app"
done
