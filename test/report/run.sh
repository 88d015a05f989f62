#!/bin/sh
# "make check-report": test/t/report.pl with a real browser.  Installs Chromium,
# a Chinese font and, from PyPI into a private directory, playwright; once they
# are there, "make test" uses them, too.
set -eu
cd "$(dirname "$0")/../.."
. test/house.sh

if [ "${1:-}" != --inside ]; then
	sh test/packages.sh test browser
	find_pg_config
	in_copy browser sh test/report/run.sh --inside
fi

venv=$(cd .. && pwd)/venv
if ! "$venv/bin/python" -c 'import playwright' 2> /dev/null; then
	say 'installing playwright from PyPI'
	rm -rf "$venv"
	python3 -m venv "$venv"
	"$venv/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 30 \
		'playwright==1.65.2' > "$venv.log" 2>&1 || {
		rm -rf "$venv"
		die "pip could not install playwright 1.65.2 from PyPI ($(tail -n 1 "$venv.log")): check the network; make test ONE=report tests all but the browser"
	}
fi
export CRMCOST_BROWSER_PYTHON="$venv/bin/python"
exec sh test/run.sh one --inside report
