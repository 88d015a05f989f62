#!/bin/sh
# Exported symbols of the library: those the SQL names, and PostgreSQL's own.
#
#   sh test/lint/symbols.sh LIBRARY SCRIPT
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nm -D --defined-only "$1" | awk '{ print $NF }' | LC_ALL=C sort -u > "$work/exported"
sed -n "s/.*'MODULE_PATHNAME' *, *'\([a-z_0-9]*\)'.*/\1/p" "$2" | LC_ALL=C sort -u > "$work/named"
{
	echo Pg_magic_func
	echo _PG_init
	cat "$work/named"
	sed 's/^/pg_finfo_/' "$work/named"
} | LC_ALL=C sort -u > "$work/allowed"
LC_ALL=C comm -23 "$work/exported" "$work/allowed" | sed 's/$/ is exported, but no SQL function is made of it/'
LC_ALL=C comm -13 "$work/exported" "$work/named" | sed 's/$/ is named in SQL, but not exported/'
