#!/bin/bash
# Brings the roles and databases of a PostgreSQL that a cloud runs to what is declared, as often as it runs: for each
# application in ROLES a role that owns a database of its own, and one that may only read it. Whoever does so, PGUSER,
# administers the server, but is no superuser of it.
. /scripts/roles.sh
ordinary="NOCREATEDB NOCREATEROLE"
# Who is to make a role's database must be able to become the role.
adopt() { sql -v role="$1" <<<'GRANT :"role" TO CURRENT_USER;'; }
# A password that was changed a moment ago takes its time, too. The Job ends what takes too long.
until enter -c "SELECT" >/dev/null; do sleep 2; done
for app in $ROLES; do
  application "$app"
done
# Where another than the administrator owns that database, nothing can be done about it: it is empty.
sql -c "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC" 2>/dev/null || true
echo "roles and databases are as declared: $ROLES"
