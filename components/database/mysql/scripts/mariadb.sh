#!/bin/bash
# What MariaDB calls the things that the other scripts do. The names are from version 10.5 on.
server=mariadbd
client=mariadb
zones=mariadb-tzinfo-to-sql
admin=mariadb-admin
# A dump of one database, for a backup.
backup="mariadb-dump "
# A dump that sets the position to go on from, which is not overwritten by that of the primary itself.
dump="mariadb-dump --gtid --master-data=1 --ignore-table=mysql.gtid_slave_pos"
verified=ssl-verify-server-cert
# A replica follows when it is told to, and runs no events: the primary does.
follow_nobody=--skip-slave-start
read_only="--read-only $follow_nobody --event-scheduler=OFF"
# Not in the binary log: a replica that wrote something of its own there would have another history.
reload_certificate="FLUSH LOCAL SSL"
replication_status="SHOW SLAVE STATUS\G"
# Where commits wait for a replica, how many there are.
waiting_for=Rpl_semi_sync_master
# What it takes to monitor a server, and to dump procedures.
monitor="PROCESS, REPLICATION CLIENT, SLAVE MONITOR ON *.*"
routines="SELECT ON mysql.proc"

# initialize FOLDER makes an empty database there, with root@localhost alone.
initialize() { mariadb-install-db --no-defaults --datadir="$1" --auth-root-authentication-method=socket --skip-test-db >/dev/null; }

# follow HOST PASSWORD are the statements that make a server a replica.
follow() {
  cat <<SQL
STOP SLAVE;
CHANGE MASTER TO MASTER_HOST = '$1', MASTER_PORT = 3306, MASTER_USER = 'replication', MASTER_PASSWORD = '$2',
  MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 2,
  MASTER_SSL = 1, MASTER_SSL_CA = '/tls/ca.crt', MASTER_SSL_VERIFY_SERVER_CERT = 1;
START SLAVE;
SQL
}

# closed is what a replica refuses even its administrators, as a statement at its start: there is no such thing here.
closed() { :; }
