#!/bin/sh
# Gets a backup out of the archive, from below FOLDER, into /backup: BACKUP is its name, or "latest". APPLICATIONS
# lists them. Nothing is needed beside mc but the shell itself.
set -eu
printf '%s\n%s\n' "$ACCESS_KEY_ID" "$SECRET_ACCESS_KEY" | mc --quiet alias set store "$ENDPOINT" >/dev/null
complete=
for object in $(mc --quiet find "$FOLDER/" --name complete); do
  folder=${object%/complete}
  complete="$complete ${folder##*/}"
done
chosen=
for name in $complete; do
  if [ "$BACKUP" = latest ] || [ "$BACKUP" = "$name" ]; then chosen=$name; fi
done
if [ -z "$chosen" ]; then
  echo "there is no complete backup $BACKUP in ${FOLDER#store/}; there are:${complete:- none}" >&2
  exit 1
fi
for app in $APPLICATIONS; do
  mc --quiet cp "$FOLDER/$chosen/$app.dump" "/backup/$app.dump"
done
echo "got the backup $chosen"
