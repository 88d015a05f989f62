#!/bin/sh
# Builds and runs the plain C tests, test/unit/*.c or those named, each linked
# with every src/num/*.c file, under the address and undefined-behaviour sanitizers where
# the compiler has them.  Prints TAP; a program that prints none counts as one
# test, told by its exit code.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh
[ $# != 0 ] || set -- test/unit/*.c
cc=$(compiler)
bin=test/unit/bin
mkdir -p "$bin"

sanitize='-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all'
echo 'int main(void) { return 0; }' > "$bin/probe.c"
if ! { $cc $sanitize -o "$bin/probe" "$bin/probe.c" && "$bin/probe"; } 2> /dev/null; then
	sanitize=
	echo 'ok - sanitizers # SKIP the compiler has no sanitizers'
fi

compile="$cc -std=gnu99 -ffp-contract=off -g -O1 -Wall -Wextra $sanitize -Isrc"
rm -f "$bin"/*.o
for source in src/num/*.c; do
	$compile -c -o "$bin/$(basename "$source" .c).o" "$source"
done

rc=0
for source in "$@"; do
	name=$(basename "$source" .c)
	if ! $compile -o "$bin/$name" "$source" "$bin"/*.o -lm; then
		echo "not ok - unit/$name does not compile"
		rc=1
		continue
	fi
	status=0
	"$bin/$name" > "$bin/$name.out" 2>&1 || status=$?
	cat "$bin/$name.out"
	if [ $status != 0 ]; then
		rc=1
		grep -q '^not ok' "$bin/$name.out" || echo "not ok - unit/$name ended with exit code $status"
	elif ! grep -q '^ok ' "$bin/$name.out"; then
		echo "ok - unit/$name"
	fi
done
exit $rc
