#!/bin/sh
# Rules that a line of text can break.  Prints one line for each breach.
set -eu
cd "$(dirname "$0")/../.."

# Notes to self belong in the tracker.
find . -type f ! -path './.git/*' ! -path './test/lint/*' ! -path './build/*' \
	\( -name '*.[ch]' -o -name '*.sql' -o -name '*.sh' -o -name '*.py' -o -name '*.pl' \
	-o -name '*.md' -o -name Makefile \) -exec grep -nE '\b(TODO|FIXME|XXX)\b' {} + || true

# 79 columns with tabs of 4 (a message is not broken, so that it can be found:
# a line with a string may be longer), files of at most 800 lines, no blanks at
# line ends.
for file in src/*.[ch] src/*/*.[ch]; do
	expand -t 4 "$file" | awk -v f="$file" '
		length > 79 && !/"/ { print f ":" NR ": " length " columns" }
		END { if (NR > 800) print f ": " NR " lines: split it" }'
	grep -nE '[[:space:]]+$' "$file" | sed "s,^,$file: blanks at the end: ," || true
done
for file in sql/*/[0-9]*.sql; do
	awk -v f="$file" 'END { if (NR > 800) print f ": " NR " lines: split it" }' "$file"
done

# Tests in SQL: 120 columns, but for a line with a string.
for file in test/pgtap/*.sql test/pgtap/*.psql; do
	perl -CSD -lne "print qq(\$ARGV:\$.: ), length, ' columns' if length > 120 && !/['\"]/" "$file"
	awk -v f="$file" 'END { if (NR > 800) print f ": " NR " lines: split it" }' "$file"
done

# errmsg: lower case (a name in capitals may begin), one line, no full stop, no
# words that PostgreSQL's style guide bans; elog is for what cannot happen.
for file in src/*.[ch] src/*/*.[ch]; do
	perl -0777 -ne '
		while (/\b(errmsg|errmsg_plural|elog)\s*\(\s*(?:[A-Z0-9]+\s*,\s*)?((?:"(?:[^"\\]|\\.)*"\s*)+)/g) {
			my ($call, $text) = ($1, $2);
			my $line = 1 + (substr($_, 0, $-[0]) =~ tr/\n//);
			$text =~ s/"\s*"//g; $text =~ s/^"|"\s*$//g;
			print "$ARGV:$line: begins with a capital: $text\n" if $text =~ /^[A-Z][a-z]/;
			print "$ARGV:$line: ends with a full stop: $text\n" if $text =~ /\.$/;
			print "$ARGV:$line: more than one line: $text\n" if $text =~ /\\n/;
			print "$ARGV:$line: a word to avoid: $text\n" if $text =~ /\b(illegal|bad|unable|unknown|failed to)\b/i;
		}' "$file"
	perl -0777 -ne '
		while (/\berr(?:hint|detail)\s*\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)/g) {
			my $text = $1;
			my $line = 1 + (substr($_, 0, $-[0]) =~ tr/\n//);
			$text =~ s/"\s*"//g; $text =~ s/^"|"\s*$//g;
			print "$ARGV:$line: a hint or detail is a sentence: $text\n" if $text ne "%s" && $text !~ /^["A-Z%\\].*\.$/s;
		}' "$file"
done

# An install script creates; it never replaces what may be somebody else s.
grep -nE '^CREATE OR REPLACE|^CREATE [A-Z ]*IF NOT EXISTS|SECURITY DEFINER' sql/*/[0-9]*.sql $(find sql/ledger -name "*.sql") /dev/null || true
