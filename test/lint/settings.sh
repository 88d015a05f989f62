#!/bin/sh
# Settings that nobody reads.  A key that is seeded must stand in quotes somewhere in
# the SQL that computes or reports: not only where it is seeded, checked, brought to
# old ledgers or listed as known.  Prints one line for each that does not.
set -eu
cd "$(dirname "$0")/../.."

readers=$(mktemp)
trap 'rm -f "$readers"' EXIT
for file in $(find sql -name '[0-9]*.sql'); do
	case $file in
	sql/ledger/seed/* | sql/ledger/tables/* | sql/admin/3*_upgrade*.sql) continue ;;
	esac
	# comments read nothing, and neither does the list of known keys
	sed -e 's/--.*//' -e '/known_setting (key) AS (/,/^),/d' "$file" |
		awk '/^COMMENT ON/ { skip = 1 } !skip { print } /;[ \t]*$/ { skip = 0 }'
done > "$readers"

awk -F "'" '/^INSERT INTO setting/ { on = 1 } on && /^  \(/ { print $2 } /;[ \t]*$/ { on = 0 }' \
	$(find sql/ledger/seed -name '[0-9]*.sql') | while read -r key; do
	grep -q "'$key'" "$readers" || echo "setting $key: nobody reads it"
done
