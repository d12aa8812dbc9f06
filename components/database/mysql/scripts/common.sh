#!/bin/bash
# What the scripts of all servers share. Passwords are never in arguments, which everybody may read: they go to the
# programs in option files, and in statements on their input.
set -euo pipefail
. /scripts/engine.sh
volume=/database
data=$volume/data
say() { echo "$HOSTNAME: $*" >&2; }

# ours refuses a volume that another engine has written: what is on it may be the last there is of a database.
ours() {
  local written=
  if [ -e "$volume/engine" ]; then
    written=$(<"$volume/engine")
  elif [ -e "$data" ]; then
    written="another program"
  fi
  if [ -n "$written" ] && [ "$written" != "$server" ]; then
    say "the volume holds data that $written has written, and is left as it is: $server cannot read it"
    exit 1
  fi
  echo "$server" >"$volume/engine"
}

# options FILE LINES writes an option file for the client programs.
options() { (umask 077 && printf '%s\n' "[client]" "${@:2}" >"$1"); }

# over TLS to another server, of which the name is verified.
remote() { options "$1" "host=$2" "user=$3" "password=$4" "ssl-ca=$5" "$verified"; }

# login leads to the primary as LOGIN, whose password may be another than LOGIN_PASSWORD, and waits until it answers. A
# refusal is an end, and its words are in /tmp/refusal.
login() {
  remote /tmp/login.cnf "$PRIMARY_HOST" "$LOGIN" "${1-$LOGIN_PASSWORD}" /authority/ca.crt
  until sql <<<"SELECT 1" >/dev/null 2>/tmp/refusal; do
    cat /tmp/refusal >&2
    ! grep -q 'ERROR 1045' /tmp/refusal || return 1
    sleep 1
  done
}
sql() { "$client" --defaults-file=/tmp/login.cnf --connect-timeout=5 -BN; }

# number is the server's own, which a volume has for as long as it holds the same history: the one given where it has none
# yet.
number() {
  [ -e "$volume/number" ] || echo "$1" >"$volume/number"
  cat "$volume/number"
}

# administrator gives root@localhost a password for as long as the server runs, and /tmp/root.cnf to log in with. It is
# each server's own: nothing of it is replicated. More statements for the start may follow on the input.
administrator() {
  local word
  word=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
  options /tmp/root.cnf user=root "password=$word" socket=/var/run/mysqld/mysqld.sock
  (
    umask 077
    {
      echo "SET sql_log_bin = 0;"
      echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$word';"
      cat
    } >/tmp/start.sql
  )
}

# Temporary files are on the volume: sorting or rebuilding a large table takes as much as the table.
scratch() { rm -rf "$volume/tmp" && mkdir -p "$volume/tmp"; }
