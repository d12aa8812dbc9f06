#!/bin/bash
# Starts a replica. It clones the primary once, and again where replica-alive.sh has found that it cannot catch up;
# otherwise it follows from where it was. A copy of another database is left alone: it may be the last of one whose
# primary was lost.
. /scripts/common.sh
ours
again=$volume/clone-again
remote /tmp/primary.cnf "$PRIMARY_HOST" replication "$REPLICATION_PASSWORD" /tls/ca.crt
ask() { "$client" --defaults-file=/tmp/primary.cnf --connect-timeout=5 -BN -e "$1"; }
until identity=$(ask "SELECT id FROM _plinth.identity") && [ -n "$identity" ]; do
  say "waiting for the primary at $PRIMARY_HOST"
  sleep 2
done

if [ ! -d "$data" ]; then
  reason="the volume is empty"
elif [ "$(cat "$volume/identity")" != "$identity" ]; then
  say "the volume holds a copy of another database than the primary's, and is left as it is." \
    "To clone the primary onto it, delete the volume claim data-$HOSTNAME and this pod"
  exit 1
elif [ -e "$again" ]; then
  reason=$(cat "$again")
else
  reason=
fi

# clone takes a consistent dump of everything, with the position to go on from. It is complete before it is the data.
clone() {
  rm -rf "$data" "$data.new"
  # Another history than that of any other volume: a number of its own, beyond those of earlier versions.
  echo $((1000 + $(od -An -N4 -tu4 /dev/urandom) % 4000000000)) >"$volume/number"
  scratch
  initialize "$data.new"
  administrator </dev/null
  "$server" --defaults-file=/etc/database/server.cnf --datadir="$data.new" --socket=/tmp/clone.sock --server-id="$(number 0)" \
    --skip-networking --skip-log-bin --pid-file=/tmp/clone.pid --init-file=/tmp/start.sql $read_only &
  local pid=$!
  until "$admin" --defaults-file=/tmp/root.cnf --socket=/tmp/clone.sock ping >/dev/null 2>&1; do
    kill -0 $pid
    sleep 0.5
  done
  # The dump brings the accounts of the primary, root@localhost among them.
  ${dump/ / --defaults-file=/tmp/primary.cnf } --all-databases --single-transaction --flush-privileges --routines \
    --events --triggers --hex-blob |
    "$client" --defaults-file=/tmp/root.cnf --socket=/tmp/clone.sock --binary-mode
  kill $pid
  wait $pid
  echo "$identity" >"$volume/identity"
  mv "$data.new" "$data"
  rm -f "$again"
}
if [ -n "$reason" ]; then
  say "cloning the primary: $reason"
  clone
fi
scratch
closed | administrator
host=$PRIMARY_HOST password=$REPLICATION_PASSWORD
unset REPLICATION_PASSWORD
# The server becomes the parent of this.
(
  until "$admin" --defaults-file=/tmp/root.cnf ping >/dev/null 2>&1; do sleep 1; done
  follow "$host" "$password" | "$client" --defaults-file=/tmp/root.cnf || kill $$
) &
exec "$server" --defaults-file=/etc/database/server.cnf --defaults-group-suffix=.replica \
  --server-id="$(number $((100 + ${HOSTNAME##*-})))" --report-host="$HOSTNAME" \
  --init-file=/tmp/start.sql $read_only
