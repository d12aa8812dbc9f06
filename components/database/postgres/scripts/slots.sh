#!/bin/bash
# Drops the slots of replicas that are no more, so that the primary keeps nothing for them. SLOTS lists those that stay.
# The last replicas of all are deleted only after this: who still holds a slot is sent away, and the slot goes before it
# is back.
set -euo pipefail
until pg_isready -q; do echo "waiting for $PGHOST" >&2; sleep 1; done
for attempt in $(seq 30); do
  left=$(psql -qXAt -d postgres -v ON_ERROR_STOP=1 -v keep="$SLOTS" -v prefix="$SLOT_PREFIX" <<'SQL'
SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots
WHERE active AND starts_with(slot_name, :'prefix') AND NOT slot_name = ANY (string_to_array(:'keep', ' ')) \g /dev/null
SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE NOT active AND starts_with(slot_name, :'prefix') AND NOT slot_name = ANY (string_to_array(:'keep', ' ')) \g /dev/null
SELECT count(*) FROM pg_replication_slots
WHERE starts_with(slot_name, :'prefix') AND NOT slot_name = ANY (string_to_array(:'keep', ' '));
SQL
  )
  [ "$left" = 0 ] && { echo "slots are as declared: ${SLOTS:-none}"; exit 0; }
  sleep 1
done
echo "a replica that should be gone still uses its slot" >&2
exit 1
