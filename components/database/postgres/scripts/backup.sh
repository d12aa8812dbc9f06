#!/bin/bash
# Dumps each application's database into /backup. ROLES lists the applications.
set -euo pipefail
until pg_isready -q; do echo "waiting for $PGHOST" >&2; sleep 1; done
date -u +%Y%m%dT%H%M%SZ >/backup/name
for app in $ROLES; do
  pg_dump --format=custom --file="/backup/$app.dump" "$app"
  echo "dumped $app: $(stat -c %s "/backup/$app.dump") bytes"
done
