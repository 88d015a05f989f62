#!/bin/sh
# The checks of "make lint" that take seconds and need no server.
#
#   sh test/hook.sh          makes this the pre-commit hook of the repository
#   sh test/hook.sh check    runs it: also what git calls before a commit
#
# A hook never installs anything: what a check needs and is not there is said.
set -eu
cd "$(git rev-parse --show-toplevel)"

if [ "${1:-}" != check ]; then
	hook=$(git rev-parse --git-path hooks/pre-commit)
	if [ -e "$hook" ] && ! grep -q 'test/hook.sh' "$hook"; then
		echo "crmcost: $hook is there already: add the line \"sh test/hook.sh check\" to it" >&2
		exit 1
	fi
	mkdir -p "$(dirname "$hook")"
	printf '#!/bin/sh\nexec sh test/hook.sh check\n' > "$hook"
	chmod +x "$hook"
	echo "commits are checked by test/hook.sh now; git commit --no-verify does without"
	exit 0
fi

failed=0
check()				# check NAME COMMAND ...: passes when it prints nothing
{
	_name=$1
	shift
	_out=$("$@" 2>&1) || _out="$_out
it ended with an error"
	[ -n "$_out" ] || return 0
	printf 'not ok %s\n%s\n' "$_name" "$_out" >&2
	failed=1
}

formatted()
{
	command -v pg_bsd_indent > /dev/null ||
		{ echo 'pg_bsd_indent is not installed: "make lint" installs it'; return; }
	for _file in $(git diff --cached --name-only --diff-filter=d -- '*.c' '*.h'); do
		sh test/lint/indent.sh "$_file" | cmp -s - "$_file" || echo "$_file: make format"
	done
}

shell_syntax()
{
	for _file in $(git ls-files '*.sh') .ci/run; do
		sh -n "$_file"
	done
}

check 'text: columns, messages, no notes to self' sh test/lint/text.sh
check 'functions of SQL of at most 60 lines' sh test/lint/length.sh
check 'statements for a distributed engine' python3 test/lint/engine.py
check 'Chinese comments' python3 test/lint/translations.py
check 'versions equal' sh test/lint/versions.sh
check 'shell scripts parse' shell_syntax
check 'formatted' formatted
exit $failed
