#!/bin/sh
# Reads the views of ledgers through psqlODBC, by isql, as Excel and Power BI would.
#
#   sh test/bi/driver/read_odbc.sh EXPECTED DRIVER WORK
#
# EXPECTED is what test/bi/expected.sql says of them, DRIVER the library of
# psqlODBC, WORK a folder for what ODBC wants to find.  The connection is that of
# PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD.  Prints "ok NAME" or
# "not ok NAME # why".
set -eu
expected=$1 driver=$2 work=$3
mkdir -p "$work"
export ODBCSYSINI="$work" ODBCINI="$work/odbc.ini"
printf '[PostgreSQL]\nDriver = %s\n' "$driver" > "$work/odbcinst.ini"

ask()				# ask LEDGER: standard input to isql, fields with |
{
	cat > "$ODBCINI" <<-END
		[ledger]
		Driver = PostgreSQL
		Servername = $PGHOST
		Port = $PGPORT
		Database = $PGDATABASE
		ConnSettings = set search_path to $1
	END
	isql ledger "$PGUSER" "$PGPASSWORD" -b '-d|'
}

ok()				# ok NAME: standard input has the faults
{
	_faults=$(head -n 5 | tr '\n' ';')
	if [ -z "$_faults" ]; then echo "ok psqlODBC: $1"; else echo "not ok psqlODBC: $1 # $_faults"; fi
}

ledgers=$(awk -F '|' '$1 == "rows" { print $2 }' "$expected" | sort -u)
views()				# views LEDGER: name and rows
{
	awk -F '|' -v ledger="$1" '$1 == "rows" && $2 == ledger { print $3 "|" $4 }' "$expected"
}

# A line of our own before each answer tells them apart.
for ledger in $ledgers; do
	views "$ledger" | awk -F '|' '{ print "SELECT '\''view'\'', '\''" $1 "'\''"; print "SELECT * FROM " $1 }' |
		ask "$ledger" > "$work/rows" 2>&1 || true
	views "$ledger" | awk -F '|' -v ledger="$ledger" '
		NR == FNR { wanted[$1] = $2; next }
		$1 == "view" && $2 in wanted { view = $2; read[view] = 0; next }
		/^\[.*ERROR|SQLExecute returned/ { error[view] = error[view] $0; next }
		NF { read[view]++ }
		END {
			for (view in wanted)
				if (error[view] != "" || read[view] != wanted[view])
					print ledger "." view ": " read[view] " rows of " wanted[view] " " error[view]
		}' - "$work/rows" >> "$work/unread"
	views "$ledger" | sed 's/|.*//; s/^/help /' | ask "$ledger" |
		awk -F '|' '$6 !~ /^(bool|int2|int4|int8|numeric|float8|text|name|date|timestamptz)$/ { print $2 "." $3 "." $4 ": " $6 }
			{ shown[$3] = 1 }
			END { if (length(shown) == 0) print "no column at all" }' >> "$work/mistyped"
	echo help | ask "$ledger" | awk -F '|' -v ledger="$ledger" '$2 == ledger { print $2 "|" $3 "|" $4 }' >> "$work/shown"
done
count=$(grep -c '^rows' "$expected")
ok "$count views are read, in time" < "$work/unread"
ok 'each column has a type of ODBC'"'"'s own' < "$work/mistyped"
awk -F '|' '$1 == "value" { print $2 "|" $3 }' "$expected" | while IFS='|' read -r query value; do
	_read=$(echo "$query" | ask crm || true)
	[ "${_read%|}" = "$value" ] || echo "$query: $_read"
done | ok 'sums are exact'
awk -F '|' '$1 == "relation" { print $2 "|" $3 "|" $4 }' "$expected" | sort > "$work/wanted"
sort -u "$work/shown" | comm -3 - "$work/wanted" |
	ok "a list of tables shows $(wc -l < "$work/wanted") tables and views, no partition"
