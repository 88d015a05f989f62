#!/bin/sh
# Prints a C file as our formatter wants it:  sh test/lint/indent.sh FILE
#
# pg_bsd_indent with the flags of PostgreSQL's pgindent and our typedefs.list,
# then two repairs that pgindent makes as well: a pointer return type keeps one
# space before its star, and a prototype stays on the line of its return type.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$1" "$work/in.c"
{
	cat "$here/typedefs.list"
	sed -n 's/^}[[:space:]]*\([A-Za-z_0-9]\{1,\}\);$/\1/p' "$here"/src/*.[ch] "$here"/src/*/*.[ch]	# newer ones
} | LC_ALL=C sort -u > "$work/typedefs"
cd "$work"
pg_bsd_indent -bad -bap -bbb -bc -bl -cli1 -cp33 -cdb -nce -d0 -di12 -nfc1 -i4 \
	-l79 -lp -lpl -nip -npro -sac -tpg -ts4 -Utypedefs in.c out.c > log 2>&1 ||
	{ cat log >&2; exit 1; }
perl -0777 -pe '
	s/^([A-Za-z_]\S*)[ \t]+\*$/$1 */gm;
	my $id = qr/[a-zA-Z_][a-zA-Z_0-9]*/;
	my $comment = qr!/\*.*\*/!;
	s/(\n$id[^(\n]*)\n($id\(\n?(?:.*,(?:[ \t]*$comment)?\n)*.*\);(?:[ \t]*$comment)?$)/
		$1 . (substr($1, -1, 1) eq "*" ? "" : " ") . $2/gme;
' out.c
