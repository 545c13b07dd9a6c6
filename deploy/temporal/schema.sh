#!/bin/sh
# Makes Temporal's two databases and brings their schema up to the version of this image. It may run any number of times.
set -eu

for database in temporal temporal_visibility; do
  case "$database" in
    temporal) schema=temporal ;;
    *) schema=visibility ;;
  esac
  SQL_DATABASE="$database" temporal-sql-tool create-database
  SQL_DATABASE="$database" temporal-sql-tool setup-schema --version 0.0
  SQL_DATABASE="$database" temporal-sql-tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$schema/versioned"
done
