#!/bin/bash
# Dumps each application's database into /backup. ROLES lists the applications, each as APP=ACCOUNT.
. /scripts/common.sh
login
date -u +%Y%m%dT%H%M%SZ >/backup/name
for role in $ROLES; do
  app=${role%%=*}
  # From one snapshot, which locks nobody out.
  ${backup/ / --defaults-file=/tmp/login.cnf } --single-transaction --skip-lock-tables --no-tablespaces --routines --events \
    --triggers --hex-blob "$app" | gzip >"/backup/$app.dump"
  echo "dumped $app: $(stat -c %s "/backup/$app.dump") bytes"
done
