# What every script of the house shares: source this file, then call its
# functions.
#
#   say MESSAGE            a progress line with the seconds since the start
#   die MESSAGE            one line that says what to do, and exit 2
#   find_pg_config         sets PG_CONFIG to the newest PostgreSQL from 15 on
#   server_version         what the server calls itself
#   compiler               prints gcc, or else the clang that is there
#   work_dir NAME          the private directory of the target NAME
#   private_dir DIR        make DIR ours alone, or refuse it
#   roomy_dir DIR MB       refuse DIR if it is full or no program can run there
#   copy_tree FROM TO      the sources only; times kept, so make stays quick
#   become_server DIR CMD  run CMD in DIR as an account that may run a server
#   in_copy NAME CMD ...   all three: CMD runs in a copy of the tree, in the
#                          private directory NAME of this tree; never returns
#
# A PostgreSQL server refuses to run as root.  So as root everything after the
# packages runs as Debian's account "postgres", on a copy of the tree in a
# private directory; as an ordinary user the same happens without the switch.

. test/account.sh

HOUSE_STARTED=${HOUSE_STARTED:-$(date +%s)}
export HOUSE_STARTED
umask 022			# what is private is made so

say()
{
	printf '[%4d s] %s\n' "$(($(date +%s) - HOUSE_STARTED))" "$*"
}

die()
{
	printf 'crmcost: %s\n' "$*" >&2
	exit 2
}

# A server runs for a named account that is not root.
id -un > /dev/null 2>&1 ||
	die "the user $(id -u) has no name in /etc/passwd, and PostgreSQL runs for named users only: run this as another"

# The caller's choice; else Debian's newest server from 15 on; else the path's.
find_pg_config()
{
	if [ -z "${PG_CONFIG:-}" ]; then
		_major=$(ls /usr/lib/postgresql 2> /dev/null | sort -rn | while read -r _m; do
			if [ -x "/usr/lib/postgresql/$_m/bin/postgres" ] && [ "${_m%%.*}" -ge 15 ]; then
				echo "$_m"
				break
			fi
		done)
		if [ -n "$_major" ]; then
			PG_CONFIG=/usr/lib/postgresql/$_major/bin/pg_config
		else
			PG_CONFIG=$(command -v pg_config || true)
		fi
	fi
	export PG_CONFIG
}

# The client package brings pg_config, and may be of another minor release.
server_version()
{
	"$("$PG_CONFIG" --bindir)/postgres" --version | sed 's/^postgres (\(PostgreSQL\)) /\1 /'
}

# Debian's headers bring a clang of their own, which is not on the path.
compiler()
{
	for _cc in ${CC:-} gcc clang /usr/bin/clang-[0-9]*; do
		if command -v "${_cc%% *}" > /dev/null; then
			echo "$_cc"
			return 0
		fi
	done
	return 1
}

# Names in /var/tmp can be guessed, so a directory of another owner is refused;
# so is one with files that are not ours, told by a mark we leave in our own.
private_dir()			# private_dir DIR
{
	_else='choose another place with CRMCOST_WORK=DIR'
	case $1 in
		"$PWD"/*) die "$1 is inside the sources, and would be copied with them: $_else" ;;
		*[[:space:]\'\"\\\$\`,\;\&\|\<\>\(\)*?\#%=]*) die "$1 has a blank, a quote or the like in its name, which PostgreSQL's makefiles do not bear: $_else" ;;
		/*) ;;
		*) die "$1 is not an absolute path: $_else" ;;
	esac
	if [ ! -e "$1" ] && [ ! -L "$1" ]; then
		# of the right account from the start, unless only root may make it
		as_server mkdir -m 700 "$1" 2> /dev/null || {
			mkdir -p "${1%/*}/" && mkdir -m 700 "$1" && chown "$(server_account):" "$1"
		} 2> /dev/null || [ -d "$1" ] ||
			die "cannot create $1 (no right, or no room): $_else"
	fi
	if [ -L "$1" ] || [ ! -d "$1" ] ||
		[ "$(stat -c %U "$1")" != "$(server_account)" ]; then
		die "$1 exists and is not a directory of $(server_account): $_else"
	fi
	if [ ! -e "$1/.crmcost" ]; then
		[ -z "$(ls -A "$1")" ] || [ -e "$1/.crmcost" ] ||	# by now
			die "$1 holds files that are not ours: choose an empty or new directory with CRMCOST_WORK=DIR"
		as_server touch "$1/.crmcost" 2> /dev/null ||
			die "the account $(server_account) cannot write in $1 (no way in, or no room): $_else"
		as_server chmod 700 "$1"
	fi
}

# What an earlier run has left there counts as room: this one writes it again.
roomy_dir()			# roomy_dir DIR MEGABYTES
{
	_kept=$(du -sm "$1" 2> /dev/null | cut -f 1)
	_free=$(df -Pk "$1" | awk 'NR == 2 { print int($(NF - 2) / 1024) }')
	[ "$((_free + ${_kept:-0}))" -ge "$2" ] ||
		die "only $_free MB are free in $1, and this takes $2: make room, or choose another place with CRMCOST_WORK=DIR"
	_probe=$(as_server mktemp "$1/.runs.XXXXXX")
	printf '#!/bin/sh\n' | as_server tee "$_probe" > /dev/null
	as_server chmod 700 "$_probe"
	_rc=0
	as_server "$_probe" 2> /dev/null || _rc=$?
	as_server rm "$_probe"
	[ $_rc = 0 ] ||
		die "no program can run in $1 (is it mounted noexec?): choose another place with CRMCOST_WORK=DIR"
}

# Sources are what is not a product of a build.  Files that have gone from FROM
# since the last copy go from TO as well; what a build made in TO stays.  As root
# we only read: what is in TO belongs to another account, which could have put a
# link there.
copy_tree()			# copy_tree FROM TO
{
	_list=$(mktemp)
	as_server mkdir -p "$2"
	(cd "$1" && find . \( -name .git -o -name build -o -name results \
		-o -name tmp_check -o -name __pycache__ \) -prune -o -type f \
		! -name '*.o' ! -name '*.so' ! -name '*.bc' ! -name 'regression.*' \
		! -path './sql/crmcost--*.sql' -print | LC_ALL=C sort) > "$_list"
	if [ -f "$2.files" ]; then
		LC_ALL=C comm -23 "$2.files" "$_list" | while read -r _f; do
			as_server rm -f "$2/$_f"
		done
	fi
	tar -C "$1" -cf - --verbatim-files-from -T "$_list" |
		as_server tar -C "$2" -xf - --no-same-owner
	as_server tee "$2.files" < "$_list" > /dev/null
	rm -f "$_list"
}

# As root: switch to postgres with a clean home; else just go there.
become_server()
{
	_dir=$1
	shift
	cd "$_dir" || exit 2
	if [ "$(id -u)" = 0 ]; then
		exec runuser -u postgres -- env HOME="$_dir" "$@"
	fi
	exec "$@"
}

# Each target has a directory of its own in $CRMCOST_WORK; else in one for each
# account and tree.  The demo's is one for each account, so that the database
# stays where it was shown.
work_dir()
{
	if [ -n "${CRMCOST_WORK:-}" ]; then
		echo "$CRMCOST_WORK"
	elif [ "$1" = demo ]; then
		echo "/var/tmp/crmcost-demo-$(id -un)"
	else
		echo "/var/tmp/crmcost-$(id -un)-$(printf %s "$PWD" | cksum | cut -d ' ' -f 1)"
	fi
}

# The place of "make check-setup" is root's: what root writes there, no other
# account may have laid out.
setup_dir()
{
	echo "${CRMCOST_WORK:-/var/tmp/crmcost}-setup"
}

private_root_dir()		# private_root_dir DIR
{
	mkdir -m 700 "$1" 2> /dev/null || true
	if [ -L "$1" ] || [ ! -d "$1" ] || [ "$(stat -c %U:%a "$1")" != root:700 ]; then
		die "$1 is not a directory of root alone: choose another place with CRMCOST_WORK=DIR"
	fi
}

# Remove directories of targets, and the one around them if nothing else is there.
remove_work()			# remove_work DIR NAME ...
{
	_work=$1
	shift
	for _name in "$@"; do
		rm -rf "$_work/$_name" "$_work/$_name.lock"
	done
	if [ "$(ls -A "$_work")" = .crmcost ]; then
		rm -f "$_work/.crmcost"
		rmdir "$_work"
	fi
}

# What a target takes at most, about, in megabytes.
room()				# room NAME COMMAND ...
{
	case $* in
		demo*' sample '*) echo 300 ;;
		demo* | normal* | assert* | ubsan*) echo 1500 ;;
		bench* | bi*) echo 3000 ;;
		*) echo 500 ;;
	esac
}

in_copy()
{
	_name=$1
	shift
	_tree=$PWD
	id "$(server_account)" > /dev/null 2>&1 ||
		die "root may not run a server, and there is no account $(server_account) to do it: run this as an ordinary user"
	_work=$(work_dir "$_name")
	private_dir "$_work"
	roomy_dir "$_work" "$(room "$_name" "$@")"
	as_server touch "$_work/$_name.lock"
	exec 9< "$_work/$_name.lock"
	flock -n 9 || die "another run is busy in $_work/$_name: wait for it, or choose another place with CRMCOST_WORK=DIR"
	copy_tree "$_tree" "$_work/$_name/tree"
	if [ -z "${CRMCOST_DATA:-}" ] && [ -d "$_tree/../shared/data" ]; then
		CRMCOST_DATA=$_tree/../shared/data
	fi
	if [ -n "${CRMCOST_DATA:-}" ]; then
		CRMCOST_DATA=$(cd "$CRMCOST_DATA" 2> /dev/null && pwd) || die "CRMCOST_DATA is not a directory one can enter: unset it or correct it"
		# As root we can read what the account of the server cannot.
		if [ "$(id -u)" = 0 ] && ! runuser -u postgres -- test -x "$CRMCOST_DATA" 2> /dev/null; then
			copy_tree "$CRMCOST_DATA" "$_work/$_name/shared"
			CRMCOST_DATA=$_work/$_name/shared
		fi
		export CRMCOST_DATA
	fi
	# What "make demo" has fetched serves the tests of real data as well.
	CRMCOST_FETCHED=$(work_dir demo)/demo/data
	export CRMCOST_FETCHED
	# No server of the caller's may be reached by accident, no flag of an outer
	# make may leak in.
	for _v in $(env | sed -n 's/^\(PG[A-Z]*\)=.*/\1/p') MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL; do
		unset "$_v"
	done
	export LC_ALL=C.UTF-8
	become_server "$_work/$_name/tree" "$@"
}

# Build the copy we stand in and install it into INST.  Stale objects of other
# flags or another major are thrown away.
build_into()			# build_into INST LOG [make variable ...]
{
	_inst=$1
	_log=$2
	shift 2
	_flags="$("$PG_CONFIG" --version) $* $(cat Makefile "$("$PG_CONFIG" --includedir-server)/pg_config.h" | cksum)"
	if [ "$_flags" != "$(cat .flags 2> /dev/null)" ]; then
		make -s clean PG_CONFIG="$PG_CONFIG" > /dev/null 2>&1 || true
	fi
	rm -rf "$_inst"
	if ! { make -s -j "$(nproc)" PG_CONFIG="$PG_CONFIG" "$@" &&
		make -s install PG_CONFIG="$PG_CONFIG" DESTDIR="$_inst" "$@"; } > "$_log" 2>&1; then
		cat "$_log" >&2
		return 1
	fi
	echo "$_flags" > .flags
}
