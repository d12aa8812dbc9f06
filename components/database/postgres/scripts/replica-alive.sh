#!/bin/bash
# The liveness of a replica. It fails when the replica cannot catch up, because the primary has dropped what it needs:
# the restart then clones anew. A primary that does not answer is no reason to restart.
set -euo pipefail
streaming=$(psql -qXAt -U postgres -d postgres -c "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'")
[ "$streaming" = 0 ] || exit 0
export PGHOST=$PRIMARY_HOST PGUSER=replication PGPASSWORD=$REPLICATION_PASSWORD PGCONNECT_TIMEOUT=2
export PGSSLMODE=verify-full PGSSLROOTCERT=/tls/ca.crt
state=$(psql -qXAt -d postgres -v slot="${HOSTNAME//-/_}" \
  <<<"SELECT coalesce(wal_status, 'reserved') FROM pg_replication_slots WHERE slot_name = :'slot'") || exit 0
if [ "$state" = lost ] || [ -z "$state" ]; then
  echo "the primary does not keep what this replica needs any more: it clones anew" >&2
  exit 1
fi
