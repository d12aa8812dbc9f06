#!/bin/sh
# Starts nginx with the name servers of the pod, which nginx does not read itself.
set -eu
servers=
while read -r keyword server _; do
  case $keyword:$server in
    nameserver:*:*) servers="$servers [$server]" ;;
    nameserver:*) servers="$servers $server" ;;
  esac
done </etc/resolv.conf
echo "resolver$servers valid=5s;" >/tmp/resolver.conf
exec nginx -e /dev/stderr -c /etc/nginx/plinth/nginx.conf -g 'daemon off;'
