#!/bin/bash
# Starts a replica. It clones the primary once, and again when the primary has dropped what it would need to catch up;
# otherwise it follows from where it was. Each replica has a slot of its own, named after its pod. A copy of another
# database is left alone: it may be the last of one whose primary was lost.
set -euo pipefail
export PGHOST=$PRIMARY_HOST PGUSER=replication PGPASSWORD=$REPLICATION_PASSWORD PGCONNECT_TIMEOUT=5 PGAPPNAME=$HOSTNAME
export PGSSLMODE=verify-full PGSSLROOTCERT=/tls/ca.crt
slot=${HOSTNAME//-/_}
cloning=$PGDATA.cloning

ask() { psql -qXAt -d postgres -v ON_ERROR_STOP=1 -v slot="$slot"; }
say() { echo "replica $HOSTNAME: $*" >&2; }

until pg_isready -q -d postgres; do say "waiting for the primary at $PGHOST"; sleep 2; done

# The slot's state on the primary: reserved or extended (all is there), unreserved (may go soon), lost, or no slot.
state=$(ask <<<"SELECT coalesce(wal_status, 'reserved') FROM pg_replication_slots WHERE slot_name = :'slot'")
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  reason="the volume is empty"
elif [ -e "$cloning" ]; then
  reason="the last clone was not finished"
elif [ "$(pg_controldata | sed -n 's/^Database system identifier: *//p')" != \
  "$(ask <<<"SELECT system_identifier FROM pg_control_system()")" ]; then
  say "the volume holds a copy of another database than the primary's, and is left as it is." \
    "To clone the primary onto it, delete the volume claim data-$HOSTNAME and this pod"
  exit 1
elif [ "$state" = lost ] || [ -z "$state" ]; then
  reason="the primary does not keep what this replica needs any more"
else
  reason=
fi

if [ -n "$reason" ]; then
  say "cloning the primary: $reason"
  touch "$cloning"
  rm -rf "$PGDATA"
  [ -z "$state" ] || ask <<<"SELECT pg_drop_replication_slot(:'slot')" >/dev/null
  # The slot is made first, so that the primary keeps what is written while the clone is taken.
  ask <<<"SELECT pg_create_physical_replication_slot(:'slot', true)" >/dev/null
  pg_basebackup --pgdata="$PGDATA" --wal-method=stream --slot="$slot" --checkpoint=fast --no-password
  chmod 700 "$PGDATA"
  rm -f "$cloning"
fi

touch "$PGDATA/standby.signal"
printf '%s:*:*:%s:%s\n' "$PRIMARY_HOST" "$PGUSER" "$REPLICATION_PASSWORD" >/tmp/pgpass
chmod 600 /tmp/pgpass
conninfo="host=$PRIMARY_HOST user=replication application_name=$HOSTNAME passfile=/tmp/pgpass"
conninfo+=" sslmode=$PGSSLMODE sslrootcert=$PGSSLROOTCERT"
unset PGHOST PGUSER PGPASSWORD PGAPPNAME PGCONNECT_TIMEOUT PGSSLMODE PGSSLROOTCERT REPLICATION_PASSWORD
exec docker-entrypoint.sh postgres -c config_file=/etc/postgresql/postgresql.conf \
  -c hba_file=/etc/postgresql/pg_hba.conf -c "primary_conninfo=$conninfo" -c "primary_slot_name=$slot"
