#!/bin/bash
# Brings the primary's accounts and databases to what is declared, as often as it runs: the account of the replicas, and
# for each application one that has a database of its own, and one that may read it. ROLES lists the applications, each
# as APP=ACCOUNT; their passwords are in files below /roles. SERVICES lists accounts that look after the server; their
# passwords are in files below /services.
#
# After a rotation the superuser still has the password from before, PREVIOUS_PASSWORD; it gets the new one first of all.
. /scripts/common.sh
. /scripts/accounts.sh
until login; do
  # A restart of the primary gives the superuser the password of its Secret.
  [ -n "${PREVIOUS_PASSWORD:-}" ] || exit 1
  login "$PREVIOUS_PASSWORD" || exit 1
  sql <<<"ALTER USER 'root'@'%' IDENTIFIED BY '$LOGIN_PASSWORD';"
  echo "the superuser has its new password"
done

first=$(sql <<<"SELECT count(*) = 0 FROM information_schema.tables WHERE table_schema = '_plinth'")
replicas() { sql <<<"SHOW GLOBAL STATUS LIKE '${waiting_for}_clients'" | cut -f2; }
if [ "$first" = 0 ] && [ "$(sql <<<"SHOW GLOBAL STATUS LIKE '${waiting_for}_status'" | cut -f2)" = ON ]; then
  for attempt in $(seq 60); do
    [ "$(replicas)" = 0 ] || break
    if [ "$attempt" = 60 ]; then
      echo "commits wait for a replica, and none follows the primary. Where there was none before, let it follow with" \
        "synchronous: on first" >&2
      exit 1
    fi
    sleep 1
  done
fi

{
  # Before there is a replica nothing of this waits for one: it gets all of it with its clone.
  [ "$first" = 0 ] || echo "SET sql_log_bin = 0;"
  # By this a replica knows the database that it is a copy of.
  echo "CREATE DATABASE IF NOT EXISTS _plinth;"
  echo "CREATE TABLE IF NOT EXISTS _plinth.identity (id CHAR(36) PRIMARY KEY);"
  echo "INSERT INTO _plinth.identity SELECT UUID() FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM _plinth.identity);"
  account replication "$REPLICATION_PASSWORD"
  # To follow, and to take a dump of everything.
  echo "GRANT REPLICATION SLAVE, REPLICATION CLIENT, RELOAD, PROCESS, SELECT, LOCK TABLES, SHOW VIEW, EVENT, TRIGGER" \
    "ON *.* TO replication@'%';"
  for service in plinth_backup plinth_metrics; do
    case " $SERVICES " in
      *" $service "*) account "$service" "$(cat "/services/$service/password")" ;;
      *) echo "DROP USER IF EXISTS $service@'%';" ;;
    esac
  done
  case " $SERVICES " in *" plinth_metrics "*) echo "GRANT $monitor TO plinth_metrics@'%';" ;; esac
  case " $SERVICES " in *" plinth_backup "*) echo "GRANT $routines TO plinth_backup@'%';" ;; esac
  for role in $ROLES; do
    application "$role"
    case " $SERVICES " in
      *" plinth_backup "*) echo "GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES ON \`${role%%=*}\`.* TO plinth_backup@'%';" ;;
    esac
  done
} | sql
# Names of time zones, where the image has them.
if [ -d /usr/share/zoneinfo ] && [ "$(sql <<<"SELECT count(*) FROM mysql.time_zone_name")" = 0 ]; then
  # Thousands of rows that replicas, which come later, get with their clone.
  { echo "SET sql_log_bin = 0;"; "$zones" /usr/share/zoneinfo 2>/dev/null; } | "$client" --defaults-file=/tmp/login.cnf mysql ||
    echo "names of time zones are not known: $zones has failed" >&2
fi
echo "accounts and databases are as declared: replication $ROLES"
