#!/bin/bash
# Starts the primary. Its superuser over the network gets the password of the Secret with each start: a volume outlives
# the Secret where it is kept after a destroy.
#
# On an empty volume it makes a new database, unless replicas answer: then the database is theirs, this volume was lost,
# and a new one would be none that they follow.
. /scripts/common.sh
ours
if [ ! -d "$data" ]; then
  if "$admin" --no-defaults --host="$REPLICAS_HOST" --user=nobody --connect-timeout=3 ping >/dev/null 2>&1; then
    say "the volume is empty, and there are replicas: it is not filled with a new database beside theirs." \
      "plinth promote makes one of them the primary"
    exit 1
  fi
  rm -rf "$data.new"
  initialize "$data.new"
  mv "$data.new" "$data"
fi
scratch
administrator <<SQL
CREATE USER IF NOT EXISTS 'root'@'%';
ALTER USER 'root'@'%' IDENTIFIED BY '$ROOT_PASSWORD';
GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;
SQL
unset ROOT_PASSWORD
# On a volume that was a replica's nothing is to be followed any more.
exec "$server" --defaults-file=/etc/database/server.cnf --defaults-group-suffix=.primary --server-id="$(number 1)" \
  --init-file=/tmp/start.sql $follow_nobody
