#!/bin/sh
# Puts what is in /backup into the archive, below FOLDER, and takes away the oldest of more than KEEP backups. A backup
# is a folder of its own, named after its time; it counts once the object "complete" is there. Nothing is needed beside
# mc but the shell itself.
set -eu
printf '%s\n%s\n' "$ACCESS_KEY_ID" "$SECRET_ACCESS_KEY" | mc --quiet alias set store "$ENDPOINT" >/dev/null
IFS= read -r name </backup/name
for dump in /backup/*.dump; do
  [ -e "$dump" ] || continue
  mc --quiet cp "$dump" "$FOLDER/$name/${dump##*/}"
done
printf '%s\n' "$name" | mc --quiet pipe "$FOLDER/$name/complete"
echo "kept the backup $name"

complete=
for object in $(mc --quiet find "$FOLDER/" --name complete); do
  folder=${object%/complete}
  complete="$complete ${folder##*/}"
done
# Names sort as their times do, and so does what a bucket lists.
set -- $complete
while [ $# -gt "$KEEP" ]; do
  # What marks it as complete goes first: half of a backup is none.
  mc --quiet rm "$FOLDER/$1/complete"
  mc --quiet rm --recursive --force "$FOLDER/$1/"
  echo "removed the backup $1"
  shift
done
