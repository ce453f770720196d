#!/bin/sh
# Draw the secrets that a deployment lacks into deploy/secrets/; what is there stays as it is.
set -eu

folder="${1:-$(dirname "$0")/secrets}"
mkdir -p "$folder"
# Compose mounts these files as they are, and each container reads them as a user of its own: so the folder keeps
# other people of this machine out, and the files can be read by whoever gets them mounted.
chmod 700 "$folder"
umask 022

draw() { # name, command
  file="$folder/$1"
  [ -s "$file" ] || { "$2" >"$file.new" && mv "$file.new" "$file" && echo "drawn: $file"; }
}

password() { head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
key() { head -c 32 /dev/urandom | base64; }

draw postgres_superuser password
draw database_tasks password
draw database_datasets password
draw database_finance password
draw database_notify password
draw secret_key key
# Holds the secret key before this one while it is rotated (runbooks/rotate-keys.md).
[ -e "$folder/secret_key_previous" ] || : >"$folder/secret_key_previous"
# `dondoc keys create` fills it once the databases are there (runbooks/start.md); Prometheus reads it at every scrape.
[ -e "$folder/monitor_key" ] || : >"$folder/monitor_key"
