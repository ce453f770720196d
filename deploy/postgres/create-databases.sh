#!/bin/bash
# Once, when the server is set up: one database and one role per service, neither of use to the other.
# The image's entry point runs this as its superuser, with PGPASSWORD set.
set -euo pipefail

for service in tasks datasets finance notify; do
  psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres \
    --set=name="dondoc_$service" --set=file="${SECRETS:-/run/secrets}/database_$service" <<'SQL'
\set password `cat :'file'`
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
