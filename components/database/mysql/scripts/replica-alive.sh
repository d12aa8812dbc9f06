#!/bin/bash
# The liveness of a replica. It fails when the replica cannot catch up, because the primary has purged what it needs or
# has another history: the restart then clones anew. A primary that does not answer is no reason to restart.
. /scripts/common.sh
status=$("$client" --defaults-file=/tmp/root.cnf -e "$replication_status")
error=$(sed -n 's/^ *Last_IO_Error: *//p' <<<"$status")
if grep -qiE 'purged|diverged|not in the (master|source)' <<<"$error"; then
  say "this replica cannot catch up, and clones anew: $error"
  echo "$error" >"$volume/clone-again"
  exit 1
fi
