#!/bin/bash
# Brings the primary's accounts and databases to what is declared, as often as it runs: the account of the replicas, and
# for each application one that has a database of its own, and one that may read it. ROLES lists the applications, each
# as APP=ACCOUNT; their passwords are in files below /roles.
#
# After a rotation the superuser still has the password from before, PREVIOUS_PASSWORD; it gets the new one first of all.
. /scripts/common.sh
login() { remote "$1" "$PRIMARY_HOST" root "$2" /authority/ca.crt; }
sql() { "$client" --defaults-file=/tmp/root.cnf --connect-timeout=5 -BN; }
login /tmp/root.cnf "$ROOT_PASSWORD"
until sql <<<"SELECT 1" >/dev/null 2>/tmp/refusal; do
  # Anything but a refusal: it does not answer yet.
  if ! grep -q 'ERROR 1045' /tmp/refusal; then
    cat /tmp/refusal >&2
  elif [ -n "${PREVIOUS_PASSWORD:-}" ] && login /tmp/previous.cnf "$PREVIOUS_PASSWORD" &&
    "$client" --defaults-file=/tmp/previous.cnf <<<"ALTER USER 'root'@'%' IDENTIFIED BY '$ROOT_PASSWORD';"; then
    echo "the superuser has its new password"
    continue
  else
    # A restart of the primary gives the superuser the password of its Secret.
    cat /tmp/refusal >&2
    exit 1
  fi
  sleep 1
done

# account NAME PASSWORD
account() { printf "CREATE USER IF NOT EXISTS \`%s\`@'%%';\nALTER USER \`%s\`@'%%' IDENTIFIED BY '%s';\n" "$1" "$1" "$2"; }

# logins ACCOUNT FOLDER FILE GRANTS: the account, and where there has been a rotation the other that has the same rights.
logins() {
  account "$1" "$(cat "$2/$3")"
  printf "GRANT %s TO \`%s\`@'%%';\n" "$4" "$1"
  [ -e "$2/alternate-$3" ] || return 0
  account "${1}_alt" "$(cat "$2/alternate-$3")"
  printf "GRANT %s TO \`%s\`@'%%';\n" "$4" "${1}_alt"
}

{
  # By this a replica knows the database that it is a copy of.
  echo "CREATE DATABASE IF NOT EXISTS _plinth;"
  echo "CREATE TABLE IF NOT EXISTS _plinth.identity (id CHAR(36) PRIMARY KEY);"
  echo "INSERT INTO _plinth.identity SELECT UUID() FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM _plinth.identity);"
  account replication "$REPLICATION_PASSWORD"
  # To follow, and to take a dump of everything.
  echo "GRANT REPLICATION SLAVE, REPLICATION CLIENT, RELOAD, PROCESS, SELECT, LOCK TABLES, SHOW VIEW, EVENT, TRIGGER" \
    "ON *.* TO replication@'%';"
  for role in $ROLES; do
    app=${role%%=*} name=${role#*=}
    echo "CREATE DATABASE IF NOT EXISTS \`$app\`;"
    logins "$name" "/roles/$app" password "ALL PRIVILEGES ON \`$app\`.*"
    logins "${name}_read" "/roles/$app" read-password "SELECT, SHOW VIEW ON \`$app\`.*"
  done
} | sql
# Names of time zones, where the image has them.
if [ -d /usr/share/zoneinfo ] && [ "$(sql <<<"SELECT count(*) FROM mysql.time_zone_name")" = 0 ]; then
  # Thousands of rows that replicas, which come later, get with their clone.
  { echo "SET sql_log_bin = 0;"; "$zones" /usr/share/zoneinfo 2>/dev/null; } | "$client" --defaults-file=/tmp/root.cnf mysql ||
    echo "names of time zones are not known: $zones has failed" >&2
fi
echo "accounts and databases are as declared: replication $ROLES"
