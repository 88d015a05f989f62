#!/bin/sh
# series.sh TARGET ...: make each, one after the other, with what it took; the sum of
# what they passed and failed as the last line.
set -u
cd "$(dirname "$0")/.." || exit 2
passed=0 failed=0 skipped=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

for target; do
	echo "== make $target"
	began=$(date +%s)
	{ make "$target" 2>&1; echo "exit code $?"; } | tee "$out"
	set -- $(awk '/^[0-9]+ passed, [0-9]+ failed/ { p = $1; f = $3; s = $5 }
		END { print p + 0, f + 0, s + 0 }' "$out")
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	# A run that broke off before it could count is a failure too.
	if [ "$2" = 0 ] && [ "$(tail -n 1 "$out")" != 'exit code 0' ]; then
		failed=$((failed + 1))
	fi
	echo "== $target: $1 passed, $2 failed, $3 skipped, $((($(date +%s) - began + 30) / 60)) minutes"
done

[ "$skipped" = 0 ] && echo "$passed passed, $failed failed" ||
	echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
