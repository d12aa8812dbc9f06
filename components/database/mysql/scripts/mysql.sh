#!/bin/bash
# What MySQL calls the things that the other scripts do. The names are from version 8.0.26 on.
server=mysqld
client=mysql
zones=mysql_tzinfo_to_sql
admin=mysqladmin
# A dump of one database, for a backup.
backup="mysqldump --set-gtid-purged=OFF "
# A dump that sets the position to go on from.
dump="mysqldump --set-gtid-purged=ON"
verified=ssl-mode=VERIFY_IDENTITY
# A replica follows when it is told to, and runs no events: the primary does.
follow_nobody=--skip-replica-start
read_only="--read-only $follow_nobody --event-scheduler=OFF"
reload_certificate="ALTER INSTANCE RELOAD TLS"
replication_status="SHOW REPLICA STATUS\G"
# Where commits wait for a replica, how many there are.
waiting_for=Rpl_semi_sync_source
# What it takes to monitor a server, and to dump procedures.
monitor="PROCESS, REPLICATION CLIENT ON *.*"
routines="SHOW_ROUTINE ON *.*"

# initialize FOLDER makes an empty database there, with root@localhost alone.
initialize() { mysqld --no-defaults --initialize-insecure --datadir="$1"; }

# follow HOST PASSWORD are the statements that make a server a replica.
follow() {
  cat <<SQL
STOP REPLICA;
CHANGE REPLICATION SOURCE TO SOURCE_HOST = '$1', SOURCE_PORT = 3306, SOURCE_USER = 'replication', SOURCE_PASSWORD = '$2',
  SOURCE_AUTO_POSITION = 1, SOURCE_CONNECT_RETRY = 2, SOURCE_RETRY_COUNT = 0,
  SOURCE_SSL = 1, SOURCE_SSL_CA = '/tls/ca.crt', SOURCE_SSL_VERIFY_SERVER_CERT = 1;
START REPLICA;
SQL
}

# closed is what a replica refuses even its administrators, as a statement at its start.
closed() { echo "SET GLOBAL super_read_only = ON;"; }
