#!/bin/bash
# Restores each application's database from its dump in /backup, where it holds no table yet. ROLES lists the
# applications, each as APP=ACCOUNT. Nothing of a dump is taken back when it fails half-way: what is being restored is
# noted, and begun anew.
. /scripts/common.sh
login
sql <<<"CREATE TABLE IF NOT EXISTS _plinth.restoring (app VARCHAR(64) PRIMARY KEY);"
for role in $ROLES; do
  app=${role%%=*}
  if [ "$(sql <<<"SELECT count(*) FROM _plinth.restoring WHERE app = '$app'")" != 0 ]; then
    # Rights are kept by the database's name.
    sql <<<"DROP DATABASE IF EXISTS \`$app\`; CREATE DATABASE \`$app\`;"
  fi
  tables=$(sql <<<"SELECT count(*) FROM information_schema.tables WHERE table_schema = '$app'")
  if [ "$tables" != 0 ]; then
    echo "$app holds $tables tables, and is left as it is"
    continue
  fi
  sql <<<"INSERT IGNORE INTO _plinth.restoring VALUES ('$app');"
  # Of the two accounts that an application uses in turn, here may be the first alone. Values are in lines of their own.
  gunzip <"/backup/$app.dump" | sed -E '/^(\/\*![0-9]+ |CREATE |ALTER )/ s/DEFINER=`([^`]*)_alt`@/DEFINER=`\1`@/' |
    "$client" --defaults-file=/tmp/login.cnf --binary-mode "$app"
  sql <<<"DELETE FROM _plinth.restoring WHERE app = '$app';"
  echo "restored $app"
done
