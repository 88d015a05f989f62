#!/bin/sh
# Wraps the ledger's plain SQL (tables, seed, views) into a function that
# returns it as text, for crmcost.install() and crmcost.upgrade() to execute,
# and the Chinese comments (zh.tsv) into another.
# Prints SQL; the Makefile appends it to the extension script.
#
# The result is plain ASCII, so that it can be read in a database of any encoding:
# literals that are not, the Chinese names, go through crmcost._from_utf8(), and
# so do the comments.
set -eu
cd "$(dirname "$0")"

tag='$ledger_source$'
if grep -rnF -e "$tag" -e '$function$' --include='*.sql' . >&2; then
	echo "wrap.sh: the lines above hold $tag or \$function\$, which quote the sources" >&2
	exit 1
fi

hex='
	BEGIN {
		for (i = 1; i < 256; i++)
			code[sprintf("%c", i)] = sprintf("%02x", i)
	}
	function hex(text,	i, result) {
		for (i = 1; i <= length(text); i++)
			result = result code[substr(text, i, 1)]
		return result
	}'

# 'literal' becomes crmcost._from_utf8('hex') where it is not ASCII
ascii()
{
	LC_ALL=C awk "$hex"'
		!/[\200-\377]/ { print; next }
		{
			n = split($0, part, "\047")
			line = part[1]
			for (k = 2; k <= n; k++) {
				if (k % 2 == 0 && part[k] ~ /[\200-\377]/) {
					line = line "crmcost._from_utf8(\047" hex(part[k]) "\047)" part[k + 1]
					k++
				} else
					line = line "\047" part[k]
			}
			print line
		}'
}

# object, hash and translation become hash, hex and the objects that share them;
# what is not translated stays English.
translations()
{
	LC_ALL=C awk -F '\t' "$hex"'
		$3 != "" {
			key = $2 " " hex($3)
			if (!(key in objects))
				keys[++n] = key
			objects[key] = objects[key] " " $1
		}
		END {
			for (k = 1; k <= n; k++)
				print keys[k] objects[keys[k]]
		}' zh.tsv
}

# each table with the columns that its comments name, a line each
columns()
{
	cat $(sources tables) | awk '
		/^COMMENT ON COLUMN / {
			split($4, name, ".")
			if (!(name[1] in columns))
				tables[++n] = name[1]
			columns[name[1]] = columns[name[1]] "," name[2]
		}
		END {
			for (k = 1; k <= n; k++)
				printf "    WHEN \047%s\047\n    THEN \047{%s}\047\n", tables[k], substr(columns[tables[k]], 2)
		}'
}

# In the order of the numbers, whatever the folder: what a file builds on has a
# smaller one.
sources()
{
	ls $1/[0-9]*.sql $1/*/[0-9]*.sql 2> /dev/null |
		sed 's,.*/,& ,; s,\(.*\) \(.*\),\2 \1\2,' | LC_ALL=C sort -n | cut -d ' ' -f 2
}

cat <<'SQL'

-- The ledger's tables, seed rows and views as plain SQL, from sql/ledger.  The body is text: a
-- parsed one would have each byte as a number, and be read so whenever it is called.
CREATE FUNCTION crmcost._ledger_source(part text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
SELECT CASE part
SQL
for part in tables seed views; do
	printf "WHEN '%s' THEN %s\n" $part "$tag"
	cat $(sources $part) | ascii
	printf '%s\n' "$tag"
done
cat <<'SQL'
END;
$function$;

COMMENT ON FUNCTION crmcost._ledger_source(text) IS
'SQL that builds a part of a ledger: tables, seed or views; NULL for any other part.';

-- Of which column of a table is ours, and which one a user has added.
CREATE FUNCTION crmcost._shipped_columns(relation text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN CASE relation
SQL
columns
cat <<'SQL'
  END;
END
$function$;

COMMENT ON FUNCTION crmcost._shipped_columns(text) IS
'Columns that a table of a ledger has by its source, without those that a user has added; NULL for any other relation.';

CREATE FUNCTION crmcost._chinese() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $chinese$
SELECT text '
SQL
translations
cat <<'SQL'
';
$chinese$;

COMMENT ON FUNCTION crmcost._chinese() IS
'Chinese comments of a ledger, a line each: hash of the English one, the bytes in UTF8 in hexadecimal, the tables, views and columns that have it.';
SQL
