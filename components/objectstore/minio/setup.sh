#!/bin/sh
# Brings the server's buckets and users to what is declared, as often as it runs. BUCKETS lists the buckets, VERSIONED
# those that keep versions, USERS the applications. Each bucket's lifecycle and each user's policy is a file in
# /declared; the keys of a user are files below /users. It needs nothing beside mc but the shell itself.
set -eu
has() { case " $1 " in *" $2 "*) ;; *) return 1 ;; esac; }
file() { while IFS= read -r line || [ -n "$line" ]; do printf '%s' "$line"; done <"$1"; }

until mc ready store >/dev/null 2>&1; do echo "waiting for the server" >&2; sleep 1; done

for bucket in $BUCKETS; do
  mc mb --quiet --ignore-existing "store/$bucket"
  if has "$VERSIONED" "$bucket"; then
    mc version enable "store/$bucket"
  else
    # One that never kept versions is left as it is.
    case $(mc --json version info "store/$bucket") in *'"status":"Enabled"'*) mc version suspend "store/$bucket" ;; esac
  fi
  mc ilm rule import "store/$bucket" <"/declared/lifecycle-$bucket.json"
done

for user in $USERS; do
  mc admin policy create store "plinth-$user" "/declared/policy-$user.json"
  # By a pipe, since whoever may list processes sees arguments.
  printf '%s\n%s\n' "$(file "/users/$user/access-key-id")" "$(file "/users/$user/secret-access-key")" |
    mc admin user add store
  mc admin policy attach store "plinth-$user" --user "plinth-$user"
done

# Users of applications that are gone. Others' users are left alone.
mc --json admin user list store | while IFS= read -r line; do
  case $line in *'"accessKey":"plinth-'*) ;; *) continue ;; esac
  user=${line#*'"accessKey":"plinth-'}
  user=${user%%'"'*}
  if ! has "$USERS" "$user"; then
    mc admin user remove store "plinth-$user"
    mc admin policy remove store "plinth-$user"
  fi
done
echo "buckets and users are as declared: $BUCKETS; $USERS"
