#!/bin/bash
# Brings the accounts and databases of a MySQL that a cloud runs to what is declared, as often as it runs: for each
# application in ROLES, as APP=ACCOUNT, an account that has all rights in a database of its own, and one that may only
# read it. The image's client may be MySQL's or MariaDB's.
set -euo pipefail
. /scripts/accounts.sh
client=mysql
if [ "$NAMELESS" = yes ]; then verified=ssl-mode=VERIFY_CA; else verified=ssl-mode=VERIFY_IDENTITY; fi
if ! command -v mysql >/dev/null || mysql --version | grep -qi mariadb; then
  client=mariadb verified=ssl-verify-server-cert
  if [ "$NAMELESS" = yes ]; then
    echo "the client of MariaDB cannot verify this server, whose certificate holds no name: take an image of MySQL" >&2
    exit 1
  fi
fi
# In a file: everybody may read a process's arguments.
(umask 077 && printf '%s\n' "[client]" "host=$SERVER_HOST" "port=$SERVER_PORT" "user=$ADMINISTRATOR" \
  "password=$ADMINISTRATOR_PASSWORD" ssl-ca=/authority/ca.crt "$verified" >/tmp/administrator.cnf)
sql() { "$client" --defaults-file=/tmp/administrator.cnf --connect-timeout=5 -BN; }
# A password that was changed a moment ago takes its time, too. The Job ends what takes too long.
until sql <<<"SELECT 1" >/dev/null; do sleep 2; done
for role in $ROLES; do
  application "$role"
done | sql
echo "accounts and databases are as declared: $ROLES"
