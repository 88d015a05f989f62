#!/bin/sh
# Prints the script that updates the extension from version 0.1.0: what is to go
# (from_0.1.0.sql), then the install script, with CREATE as CREATE OR REPLACE.
# Types that are there stay as they are: users have columns of them.
#
#   update.sh INSTALL_SCRIPT
set -eu
from=$(dirname "$0")/from_0.1.0.sql

printf '%s\n' '-- for ALTER EXTENSION, not for psql' \
	'\echo Use "ALTER EXTENSION crmcost UPDATE" to load this file. \quit'
cat "$from"
awk '
	NR <= 2 { next }		# the lines above, of the install script
	/^CREATE SCHEMA crmcost;/ { next }
	/^CREATE (FUNCTION|PROCEDURE|AGGREGATE) crmcost\./ {
		sub(/^CREATE/, "CREATE OR REPLACE")
	}
	# a type is first declared, when its name ends the statement, then defined
	/^CREATE TYPE crmcost\./ {
		name = $3
		sub(/^crmcost\./, "", name)
		declared = sub(/;.*/, "", name)
		printf "DO $type$\nBEGIN\n  IF NOT EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typnamespace = %s::pg_catalog.regnamespace AND t.typname = %s%s) THEN\n",
			"\047crmcost\047", "\047" name "\047",
			declared ? "" : " AND t.typisdefined"
		type = 1
	}
	{ print }
	type && /;([ \t]*--.*)?$/ { print "  END IF;\nEND\n$type$;"; type = 0 }
' "$1"
cat <<'SQL'

DO $$
DECLARE
  routine pg_catalog.regprocedure;
  grantee text;
BEGIN
  FOREACH grantee IN ARRAY pg_catalog.string_to_array(
    pg_catalog.current_setting('crmcost.granted'), E'\n')
  LOOP
    FOR routine IN
      SELECT p.oid FROM pg_catalog.pg_proc p
      WHERE p.pronamespace = 'crmcost'::pg_catalog.regnamespace
            AND NOT pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE')
    LOOP
      EXECUTE 'GRANT EXECUTE ON ROUTINE ' || routine || ' TO ' || grantee;
    END LOOP;
  END LOOP;
END
$$;
SQL
