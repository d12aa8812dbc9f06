#!/bin/bash
# The liveness of the primary: it answers.
. /scripts/common.sh
"$admin" --defaults-file=/tmp/root.cnf ping >/dev/null
