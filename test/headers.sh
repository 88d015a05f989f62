#!/bin/sh
# Says whether the server can load what its headers build:
#
#   sh test/headers.sh PG_CONFIG
#
# A server knows no symbol that a later minor release has brought, and its
# archive may well offer later headers.  Prints one line with the command that
# mends it and exits with 2 where the headers are newer or of another major;
# older ones of the same major are fine.  "make" and test/packages.sh call this
# before they build.
set -eu

die()
{
	printf 'crmcost: %s\n' "$*" >&2
	exit 2
}

pg_config=$1
bin=$("$pg_config" --bindir)
headers=$(sed -n 's/^#define PG_VERSION "\([^ "]*\).*/\1/p' \
	"$("$pg_config" --includedir-server)/pg_config.h")
major=${headers%%[!0-9]*}

[ "$major" -ge 15 ] ||
	die "the headers are of PostgreSQL $headers, and crmcost needs 15 or later: name another pg_config with PG_CONFIG=PATH"

# Headers alone, as on a machine that builds packages.  Where another major has
# a server, it may be the one that was meant.
if [ ! -x "$bin/postgres" ]; then
	for _other in /usr/lib/postgresql/*/bin/postgres; do
		[ -x "$_other" ] || continue
		echo "crmcost: building for PostgreSQL $major, which has no server here; for that of ${_other%/postgres}, run: make PG_CONFIG=${_other%/postgres}/pg_config" >&2
	done
	exit 0
fi

server=$("$bin/postgres" --version | sed 's/^postgres (PostgreSQL) \([^ ]*\).*/\1/')
minor()			# minor VERSION: 20 of 15.20, 0 of 18beta1
{
	case $1 in *.*) echo "${1#*.}" | sed 's/[^0-9].*//' ;; *) echo 0 ;; esac
}

if [ "$major" = "${server%%[!0-9]*}" ] &&
	[ "$(minor "$headers")" -le "$(minor "$server")" ]; then
	exit 0
fi

# The archive's headers of the server's own version; else a newer server, which
# is for its owner to decide.
package=postgresql-server-dev-$major
offered=$(apt-cache madison "$package" 2> /dev/null |
	awk -v version="$server-" '$3 ~ /^[0-9]/ && index($3, version) == 1 { print $3; exit }')
if [ "$major" != "${server%%[!0-9]*}" ] || [ "$bin" != "/usr/lib/postgresql/$major/bin" ]; then
	mend="install the headers of $server, or name another pg_config with PG_CONFIG=PATH"
elif [ -n "$offered" ]; then
	mend="as root, run: apt-get install --allow-downgrades $package=$offered"
else
	mend="as root, run: apt-get install --only-upgrade postgresql-$major (which restarts the server)"
fi
die "the server is PostgreSQL $server and cannot load what its headers of $headers build: $mend"
