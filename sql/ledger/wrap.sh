#!/bin/sh
# Wraps the ledger's plain SQL (tables, seed, views) into a function that
# returns it as text, for crmcost.install() and crmcost.upgrade() to execute.
# Prints SQL; the Makefile appends it to the extension script.
set -eu
cd "$(dirname "$0")"

tag='$ledger_source$'
if grep -nF "$tag" */*.sql >&2; then
	echo "wrap.sh: the lines above hold $tag, which quotes the sources" >&2
	exit 1
fi

cat <<'SQL'

-- The ledger's tables, seed rows and views as plain SQL, from sql/ledger.
CREATE FUNCTION crmcost._ledger_source(part text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE part
SQL
for part in tables seed views; do
	printf "WHEN '%s' THEN %s\n" $part "$tag"
	cat $part/[0-9]*.sql
	printf '%s\n' "$tag"
done
cat <<'SQL'
END;

COMMENT ON FUNCTION crmcost._ledger_source(text) IS
'SQL that builds a part of a ledger: tables, seed or views; NULL for any other part.';
SQL
