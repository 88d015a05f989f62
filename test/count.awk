# Counts assertions in the output of a test suite on standard input.
#
#   awk -v suite=NAME -v status=EXITCODE -f count.awk OUTPUT
#
# Understands TAP ("ok", "not ok", SKIP and TODO, top level only) and the lines
# of pg_regress before 16 ("test NAME ... ok").  Prints one summary line, then
# "passed failed skipped" for the caller to add up.  What ends badly without a
# failed assertion counts as one failure: a program in prove's summary, a suite.
/^ok / && !/^ok +[0-9]+ ms/ {	# prove's own line of a file is none
	if ($0 ~ /# *[Ss][Kk][Ii][Pp]/) { skipped++; why($0) }
	else passed++
}
/^not ok / {
	if ($0 ~ /# *[Tt][Oo][Dd][Oo]/) passed++
	else failed++
}
/^[^ ].* \(Wstat: .* Failed: 0\)/ { failed++ }
/^1\.\.0 *# *[Ss][Kk][Ii][Pp]/ { skipped++; why($0) }
/ \.\.+ skipped: / { skipped++; sub(/.* skipped: /, "# skip "); why($0) }	# prove
/^(test |     )[^ ]+ +\.\.\. ok/ { passed++ }
/^(test |     )[^ ]+ +\.\.\. FAILED/ { failed++ }

function why(line)
{
	sub(/.*# *[Ss][Kk][Ii][Pp][Pp]?[Ee]?[Dd]?:? */, "", line)
	if (!(line in reasons)) { reasons[line]; reason[++n] = line }
}
END {
	if (status != 0 && !failed) failed = 1
	printf "%-9s %5d passed, %d failed", suite, passed, failed
	if (skipped) printf ", %d skipped", skipped
	printf "\n"
	for (i = 1; i <= n; i++) printf "          skipped: %s\n", reason[i]
	printf "%d %d %d\n", passed, failed, skipped
}
