#!/bin/bash
# The readiness of a server: it answers, and a replica applies what it gets. A replica whose primary does not answer
# still serves readers. It also makes the server read its certificate again once that was renewed: the kubelet brings the
# new file within a minute or two. Whatever goes wrong with that is tried again by the next probe.
. /scripts/common.sh
ask() { "$client" --defaults-file=/tmp/root.cnf -e "$1"; }
if [ -n "${PRIMARY_HOST:-}" ]; then
  ask "$replication_status" | grep -q '_SQL_Running: Yes'
else
  "$admin" --defaults-file=/tmp/root.cnf ping >/dev/null
fi
now=$(sha256sum </tls/tls.crt)
if [ "$now" != "$(cat /tmp/certificate 2>/dev/null)" ]; then
  ask "$reload_certificate" && echo "$now" >/tmp/certificate
fi || exit 0
