#!/bin/bash
# What every setup of a MySQL or MariaDB shares: statements that bring accounts and databases to what is declared, as
# often as they run. Passwords go to the server in statements, which neither engine writes to its logs.

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

# application APP=ACCOUNT: an account that has all rights in a database of its own, and one that may only read it. Their
# passwords are in files below /roles.
application() {
  local app=${1%%=*} name=${1#*=}
  echo "CREATE DATABASE IF NOT EXISTS \`$app\`;"
  logins "$name" "/roles/$app" password "ALL PRIVILEGES ON \`$app\`.*"
  logins "${name}_read" "/roles/$app" read-password "SELECT, SHOW VIEW ON \`$app\`.*"
}
