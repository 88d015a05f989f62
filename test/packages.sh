#!/bin/sh
# Installs what a purpose needs and the machine lacks:
#
#   sh test/packages.sh build|test|lint|demo|report|browser|bi|odbc ...
#
# Debian packages only, as root or by sudo, never removing what is there nor
# upgrading PostgreSQL.  The server package would create and start a cluster 15/main: that is
# switched off for the time of the installation, by files of our own that are
# removed again.  If nothing is missing, nothing is called.  Ends with one line
# where the headers do not fit the server (test/headers.sh).
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

# What is there stays as it is: each package of PostgreSQL is pinned for apt.
# What comes beside a server, the headers above all, comes in the server's own
# minor release, if the archive has it; libpq's headers in that of libpq.
postgresql_as_it_is()
{
	cat /etc/apt/preferences 2> /dev/null || true
	dpkg-query -W -f '${db:Status-Status} ${Package} ${Version}\n' 'postgresql*' libpq5 2> /dev/null |
		awk '
			$1 == "installed" { version[$2] = $3 }
			END {
				for (name in version)
					if (name == "libpq5") pin("libpq-dev", version[name])
					else pin(name, version[name])
				for (name in version) {
					if (name !~ /^postgresql-[0-9]+$/) continue
					release = version[name]
					sub(/-[^-]*$/, "-*", release)
					n = split("client server-dev plperl plpython3 pltcl doc", kind, " ")
					for (i = 1; i <= n; i++) {
						beside = name
						sub(/-/, "-" kind[i] "-", beside)
						if (!(beside in version)) pin(beside, release)
					}
				}
			}
			function pin(package, release) {
				printf "\nPackage: %s\nPin: version %s\nPin-Priority: 1001\n", package, release
			}'
}

# Where the archive has no headers as old as the server, apt would take newer
# ones without a word.
headers_fit()			# headers_fit PACKAGE ...
{
	for _package in "$@"; do
		case $_package in postgresql-server-dev-*) ;; *) continue ;; esac
		_major=${_package##*-}
		_server=$("/usr/lib/postgresql/$_major/bin/postgres" --version 2> /dev/null |
			sed 's/^postgres (PostgreSQL) \([^ ]*\).*/\1/')
		_offered=$(apt-cache -o "Dir::Etc::Preferences=$_pins" policy "$_package" |
			sed -n 's/^  Candidate: //p')
		case $_offered in [0-9]*) ;; *) continue ;; esac
		if [ -n "$_server" ] && dpkg --compare-versions "${_offered%-*}" gt "$_server"; then
			echo "E: the server is PostgreSQL $_server and the package sources have headers of ${_offered%-*} only, which build what it cannot load; to upgrade the server, which restarts it, run as root: apt-get install --only-upgrade postgresql-$_major" > "$_log"
			return 1
		fi
	done
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
	exec 8< /var/lib/dpkg	# one at a time: another would remove what it finds
	flock 8
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
	if try_install "$@" || { $_apt update > "$_log" 2>&1 < /dev/null 8>&- && try_install "$@"; }; then
		return 0
	fi
	_why=$(grep -m 1 '^E:' "$_log" || tail -n 1 "$_log")
	case $_why in "E: the server is "*) die "${_why#E: }" ;; esac
	die "apt-get could not install $* ($_why): check the network and the package sources, or install them by hand"
}

try_install()			# try_install PACKAGE ...
{
	headers_fit "$@" &&
		$_apt install --no-install-recommends --no-upgrade --no-remove "$@" \
			> "$_log" 2>&1 < /dev/null 8>&-
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

# A server from elsewhere has its own directories, where no package helps.
case $("$PG_CONFIG" --bindir 2> /dev/null || echo "${PG_CONFIG%/*}") in
	"/usr/lib/postgresql/$pg/bin") debian=yes ;;
	*) debian= ;;
esac

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
has_plpgsql_check() { [ -e "$("$PG_CONFIG" --sharedir)/extension/plpgsql_check.control" ]; }
has_libc() { [ -e /usr/include/stdio.h ]; }
has_psql() { has psql || [ -x "${PG_CONFIG%/*}/psql" ]; }
has_chinese() { fc-list :lang=zh family | grep .; }
has_psqlodbc() { ls /usr/lib/*/odbc/psqlodbcw.so /usr/lib64/psqlodbcw.so | grep .; }
has_venv() { python3 -c 'import ensurepip, venv'; }

need_build()
{
	need "postgresql-$pg" has_server
	need "postgresql-server-dev-$pg" has_pgxs
	need gcc compiler
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
	need gcc has gcc
	need clang has clang
	need clang-tidy has clang-tidy
	need cppcheck has cppcheck
	need pg-bsd-indent has pg_bsd_indent
	need "postgresql-$pg-plpgsql-check" has_plpgsql_check
	need python3-venv has_venv
}

need_demo()
{
	need_build
	need python3-venv has_venv
}

# The report page needs no server of this machine, nor its headers.
need_report()
{
	need "postgresql-client-$pg" has_psql
	need python3 has python3
}

need_browser()
{
	need chromium has chromium
	need fontconfig has fc-list
	need fonts-wqy-microhei has_chinese
	need python3-venv has_venv
}

need_bi()
{
	need_build
	need python3 has python3
	need python3-venv has_venv
}

need_odbc()
{
	need unixodbc has isql
	need odbc-postgresql has_psqlodbc
}

find_missing()		# find_missing PURPOSE ...: the packages, each once
{
	missing=
	for _purpose in "$@"; do
		"need_$_purpose"
	done
	missing=$(echo $missing | tr ' ' '\n' | sort -u | tr '\n' ' ')
	missing=${missing% }
}

# As apt-get would have to be told by hand: the headers in the server's release.
by_hand()
{
	for _package in $missing; do
		_version=
		case $_package in postgresql-server-dev-*)
			_version=$(dpkg-query -W -f '${Version}' "postgresql-$pg" 2> /dev/null || true) ;;
		esac
		printf ' %s%s' "$_package" "${_version:+=$_version}"
	done
}

find_missing "$@"
if [ -n "$missing" ]; then
	case "$debian $missing" in " postgresql-"* | " "*" postgresql-"*)
		die "the PostgreSQL of $PG_CONFIG lacks what Debian has in $missing: add it there, or unset PG_CONFIG to use Debian's" ;;
	esac
	command -v apt-get > /dev/null ||
		die "missing on this machine: $missing (names of Debian packages): install them by hand"
	if [ "$(id -u)" = 0 ]; then
		say "installing packages: $missing"
		sh test/packages.sh --install $missing
	elif command -v sudo > /dev/null && { [ -t 0 ] || sudo -n true 2> /dev/null; }; then
		say "installing packages by sudo: $missing"
		sudo sh test/packages.sh --install $missing
	else
		die "missing packages and no right to install them: as root, run: apt-get install$(by_hand)"
	fi
	find_missing "$@"
	[ -z "$missing" ] ||
		die "not found although installed: $missing: look at PATH and PG_CONFIG ($PG_CONFIG)"
fi
case " $* " in *" build "* | *" test "* | *" lint "* | *" demo "* | *" bi "*)
	sh test/headers.sh "$PG_CONFIG" ;;
esac
