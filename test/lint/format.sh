#!/bin/sh
# "make format": brings typedefs.list up to date, then formats src and test/unit
# in place.
#
# The typedefs are read from debug information, as PostgreSQL's build farm does:
# those of the compiled files, and those our headers declare.
set -eu
cd "$(dirname "$0")/../.."
. test/house.sh
sh test/packages.sh lint
find_pg_config
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for file in src/*.c src/*/*.c; do
	gcc -std=gnu99 -g -O0 -w -D_GNU_SOURCE -Isrc -I"$("$PG_CONFIG" --includedir-server)" \
		-c -o "$work/$(echo "${file%.c}" | tr / .).o" "$file" ||
		die "$file does not compile: mend it first"
done
{
	objdump --dwarf=info "$work"/*.o | awk '
		/DW_TAG_/ { typedef = /DW_TAG_typedef/ }
		typedef && /DW_AT_name/ { sub(/.*: /, ""); print $1; typedef = 0 }'
	sed -n 's/^}[[:space:]]*\([A-Za-z_0-9]\{1,\}\);$/\1/p;
		s/^typedef .*[ *]\([A-Za-z_0-9]\{1,\}\);$/\1/p' src/*.h src/*/*.h
} | grep -v '^_' | LC_ALL=C sort -u > typedefs.list

for file in src/*.[ch] src/*/*.[ch] test/unit/*.[ch]; do
	[ -e "$file" ] || continue
	sh test/lint/indent.sh "$file" > "$work/formatted"
	if ! cmp -s "$file" "$work/formatted"; then
		cat "$work/formatted" > "$file"
		echo "formatted $file"
	fi
done
