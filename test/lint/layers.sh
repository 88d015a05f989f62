#!/bin/sh
# The include layers, by folder.  Prints one line for each include that breaks
# them.
#
#   src/num/       includes the C library and src/num/ only: testable as plain C
#   src/state/     what domains share: includes that, PostgreSQL and src/num/
#   src/DOMAIN/    includes those and itself, never another domain: what two
#                  need moves down
# Ours are named from src ("num/sort.h").  Every test of PG_VERSION_NUM is in
# src/crmcost.h.  No two sources have the same base name: a server configured
# with --enable-depend keeps the dependencies of both in one file.
#
#   sh test/lint/layers.sh INCLUDE-DIRECTORY-OF-POSTGRESQL
set -eu
cd "$(dirname "$0")/../.."
postgres=$1

for file in src/*.[ch] src/*/*.[ch]; do
	folder=$(basename "$(dirname "$file")")
	sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]\([^">]*\).*/\1/p' "$file" |
		while read -r header; do
			if [ -e "src/$header" ]; then
				theirs=${header%/*}
			elif [ -e "$postgres/$header" ]; then
				theirs=postgres
			elif [ -e "$(dirname "$file")/$header" ]; then
				echo "$file: name $header from src"
				continue
			else
				theirs=C
			fi
			case $folder:$theirs in
				*:C | *:num) ;;
				num:*) echo "$file: src/num includes the C library and src/num only, not $header" ;;
				*:postgres | *:crmcost.h | src:*) ;;
				state:state | "$folder:$folder" | *:state) ;;
				state:*) echo "$file: src/state includes no domain, so not $header" ;;
				*) echo "$file: $header is another domain's; what two need moves down" ;;
			esac
		done
done
grep -n 'PG_VERSION_NUM' src/*.[ch] src/*/*.[ch] | grep -v '^src/crmcost\.h:' || true
for file in src/*.c src/*/*.c; do
	basename "$file"
done | sort | uniq -d | sed 's/$/: two sources have this name/'
sed -n "s/^CREATE FUNCTION crmcost\._refresh_\([a-z_]*\)(run crmcost\._run).*/\1/p" sql/refresh/*.sql |
	grep -v '^none$' | while read -r step; do
		grep -q "FUNCTION crmcost\._refresh_$step(" sql/refresh/[0-9]*_"$step".sql 2> /dev/null ||
			echo "sql/refresh: step $step has no file of its name"
	done
