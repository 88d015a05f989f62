#!/bin/sh
# A function of SQL or plpgsql has at most 60 lines, from CREATE to the end of
# its body; one line for each that has more.  Views are as long as their columns
# are many.  Those in length.allowed may be longer, while they are.
set -eu
cd "$(dirname "$0")/../.."
find sql -name '*.sql' ! -name 'crmcost--*' | LC_ALL=C sort | xargs awk -v most=60 '
	function ends() {
		lines = FNR - start + 1
		inside = 0
		if (lines <= most)
			return
		if ((FILENAME " " name) in allowed)
			delete allowed[FILENAME " " name]
		else
			print FILENAME ":" start ": " name " has " lines " lines, more than " most ": split it"
	}
	BEGIN {
		list = "test/lint/length.allowed"
		while ((getline line < list) > 0)
			if (line !~ /^(#|$)/)
				allowed[line]
	}
	FNR == 1 { inside = 0 }
	/^CREATE (OR REPLACE )?(FUNCTION|PROCEDURE) / {
		inside = 1
		start = FNR
		quoted = atomic = ""
		name = $0
		sub(/^.*(FUNCTION|PROCEDURE) /, "", name)
		sub(/\(.*/, "", name)
	}
	inside && quoted != "" { if (index($0, quoted) == 1) ends(); next }
	inside && match($0, /^AS \$[a-z_]*\$/) { quoted = substr($0, 4, RLENGTH - 3); next }
	inside && /BEGIN ATOMIC/ { atomic = 1 }
	# a query quoted in the body may hold a semicolon only where no line ends
	inside && (atomic ? /^END;/ : /;$/) { ends() }
	END {
		for (function_of in allowed)
			print "test/lint/length.allowed: " function_of " is not too long any more"
	}'
