#!/bin/sh
# Installs what a purpose needs and the machine lacks:
#
#   sh test/packages.sh build|test|lint|demo ...
#
# Debian packages only, as root or by sudo, never removing what is there nor
# upgrading PostgreSQL.  The server package would create and start a cluster 15/main: that is
# switched off for the time of the installation, by files of our own that are
# removed again.  If nothing is missing, nothing is called.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

# Headers of a newer minor release would draw in that server as well, and put
# its files under one that runs.  So what is there is pinned, for apt.
postgresql_as_it_is()
{
	cat /etc/apt/preferences 2> /dev/null || true
	dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' 'postgresql*' 2> /dev/null |
		awk '$1 == "installed" {
			printf "\nPackage: %s\nPin: version %s\nPin-Priority: 1001\n", $2, $3
		}'
}

# The root half: "--install PACKAGE ...", called below.
install_packages()
{
	export DEBIAN_FRONTEND=noninteractive
	_log=$(mktemp)
	_conf=/etc/postgresql-common/createcluster.d/zz-crmcost-setup.conf
	_policy=/usr/sbin/policy-rc.d
	_pins=$(mktemp)
	_made=
	_common=yes
	trap 'rm -f "$_log" "$_pins" $_made; [ "$_common" = yes ] || rmdir -p "$_common" 2> /dev/null || true' EXIT
	trap 'exit 130' INT TERM HUP
	case " $* " in *" postgresql-"*)
		if [ ! -d "${_conf%/*}" ]; then
			mkdir -p "${_conf%/*}"
			_common=${_conf%/*}
		fi
		echo 'create_main_cluster = false' > "$_conf"
		_made=$_conf
		# A stopped cluster of another major must not be started by the way.
		if [ ! -e "$_policy" ]; then
			printf '#!/bin/sh\nexit 101\n' > "$_policy"
			chmod 755 "$_policy"
			_made="$_made $_policy"
		fi
	esac
	postgresql_as_it_is > "$_pins"
	_apt="apt-get -q -y -o Acquire::Retries=2 -o Acquire::http::Timeout=30
		-o DPkg::Lock::Timeout=300 -o Dir::Etc::Preferences=$_pins"
	if ! $_apt install --no-install-recommends --no-upgrade --no-remove "$@" \
		> "$_log" 2>&1 < /dev/null; then
		if ! { $_apt update && $_apt install --no-install-recommends \
			--no-upgrade --no-remove "$@"; } > "$_log" 2>&1 < /dev/null; then
			_why=$(grep -m 1 '^E:' "$_log" || tail -n 1 "$_log")
			die "apt-get could not install $* ($_why): check the network and the package sources, or install them by hand"
		fi
	fi
}

if [ "${1:-}" = --install ]; then
	shift
	install_packages "$@"
	exit 0
fi

find_pg_config

# The major to install where there is none: what Debian calls "postgresql".
major()
{
	if [ -n "$PG_CONFIG" ] && [ -x "$PG_CONFIG" ]; then
		"$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'
	elif [ -n "$PG_CONFIG" ]; then
		echo "$PG_CONFIG" | sed -n 's,^/usr/lib/postgresql/\([0-9]*\)/bin/pg_config$,\1,p'
	else
		. /etc/os-release
		case $ID$VERSION_ID in
			debian12) echo 15 ;;
			debian13) echo 17 ;;
			*) apt-cache show postgresql 2> /dev/null |
				sed -n 's/^Version: \([0-9]*\).*/\1/p' | sort -rn | head -n 1 ;;
		esac
	fi
}

pg=$(major)
[ -n "$pg" ] || die "found no PostgreSQL: install the server and its headers, or name its pg_config with PG_CONFIG=PATH"
[ "$pg" -ge 15 ] || die "PostgreSQL $pg is too old: crmcost needs 15 or later; name its pg_config with PG_CONFIG=PATH"
: "${PG_CONFIG:=/usr/lib/postgresql/$pg/bin/pg_config}"

missing=
need()			# need PACKAGE COMMAND ...: the command tells whether it is there
{
	_package=$1
	shift
	"$@" > /dev/null 2>&1 || missing="$missing $_package"
}
has() { command -v "$1"; }
has_server() { [ -x "$("$PG_CONFIG" --bindir)/postgres" ]; }
# the client package brings pgxs.mk, and only the headers come with -server-dev
has_pgxs() { [ -e "$("$PG_CONFIG" --includedir-server)/postgres.h" ] && [ -e "$("$PG_CONFIG" --pgxs)" ]; }
has_pgtap() { [ -e "$("$PG_CONFIG" --sharedir)/extension/pgtap.control" ]; }
has_libc() { [ -e /usr/include/stdio.h ]; }
has_venv() { python3 -c 'import ensurepip, venv'; }

need_build()
{
	need "postgresql-$pg" has_server
	need "postgresql-server-dev-$pg" has_pgxs
	need gcc has gcc
	need libc6-dev has_libc
	need make has make
}

need_test()
{
	need_build
	need "postgresql-$pg-pgtap" has_pgtap
	need libtap-parser-sourcehandler-pgtap-perl has pg_prove
	need libipc-run-perl perl -MIPC::Run -e1
	need python3 has python3
}

need_lint()
{
	need_build
	need clang has clang
	need clang-tidy has clang-tidy
	need cppcheck has cppcheck
	need pg-bsd-indent has pg_bsd_indent
	need python3-venv has_venv
}

need_demo()
{
	need_build
	need python3-venv has_venv
}

for purpose in "$@"; do
	"need_$purpose"
done
missing=$(echo $missing | tr ' ' '\n' | sort -u | tr '\n' ' ')
[ -n "${missing% }" ] || exit 0

command -v apt-get > /dev/null ||
	die "missing on this machine: $missing(names of Debian packages): install them by hand"
if [ "$(id -u)" = 0 ]; then
	say "installing packages: $missing"
	sh test/packages.sh --install $missing
elif command -v sudo > /dev/null && { [ -t 0 ] || sudo -n true 2> /dev/null; }; then
	say "installing packages by sudo: $missing"
	sudo sh test/packages.sh --install $missing
else
	die "missing packages and no right to install them: as root, run: apt-get install ${missing% }"
fi
