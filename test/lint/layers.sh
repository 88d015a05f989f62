#!/bin/sh
# The include layers.  Prints one line for each include that breaks them.
#
#   num_*.[ch]         the C library and num_*.h only: testable as plain C
#   a domain file      one with SQL functions (SQL_FUNCTION); nothing includes
#                      its header but itself: what two domains need moves down
#   NAME_state.h       the layout of a state, for the files NAME*.c of one domain
#   any other header   is shared (crmcost.h, state.h, decimal.h, window.h ...),
#                      beside num_*.h and PostgreSQL
# Every test of PG_VERSION_NUM is in crmcost.h.
set -eu
cd "$(dirname "$0")/../.."
postgres=$1			# PostgreSQL's include directory

for file in src/*.[ch]; do
	name=$(basename "$file")
	stem=${name%.*}
	sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*\(["<][^">]*\).*/\1/p' "$file" |
		while read -r included; do
			header=${included#?}
			case $name:$header in
				num_*:num_*.h) continue ;;
				num_*)
					case $included in
						'<'*) [ ! -e "$postgres/$header" ] || echo "$file: $header is PostgreSQL's" ;;
						*) echo "$file: num_ files include the C library and num_*.h only, not $header" ;;
					esac
					continue ;;
			esac
			case $header in
				*_state.h)
					case $stem in
						"${header%_state.h}"*) ;;
						*) echo "$file: $header belongs to ${header%_state.h}*.c" ;;
					esac ;;
				"$stem.h") ;;
				*)
					! grep -qs '^SQL_FUNCTION' "src/${header%.h}.c" ||
						echo "$file: $header belongs to ${header%.h}.c; what two domains need moves down" ;;
			esac
		done
done
grep -n 'PG_VERSION_NUM' src/*.[ch] | grep -v '^src/crmcost\.h:' || true
