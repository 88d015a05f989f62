# What every script of the house shares: source this file, then call its
# functions.
#
#   say MESSAGE            a progress line with the seconds since the start
#   die MESSAGE            one line that says what to do, and exit 2
#   find_pg_config         sets PG_CONFIG to the newest PostgreSQL from 15 on
#   private_dir DIR        make DIR ours alone, or refuse it
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

say()
{
	printf '[%4d s] %s\n' "$(($(date +%s) - HOUSE_STARTED))" "$*"
}

die()
{
	printf 'crmcost: %s\n' "$*" >&2
	exit 2
}

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

# Names in /var/tmp can be guessed, so a directory of another owner is refused;
# so is one with files that are not ours, told by a mark we leave in our own.
private_dir()			# private_dir DIR VARIABLE
{
	case $1 in
		"$PWD"/*) die "$1 is inside the sources, and would be copied with them: choose another place with $2=DIR" ;;
		/*) ;;
		*) die "$1 is not an absolute path: name one with $2=DIR" ;;
	esac
	if [ ! -e "$1" ] && [ ! -L "$1" ]; then
		mkdir -p -m 700 "$1" 2> /dev/null ||
			die "cannot create $1: choose another place with $2=DIR"
		[ "$(id -u)" != 0 ] || chown postgres: "$1"
	fi
	if [ -L "$1" ] || [ ! -d "$1" ] ||
		[ "$(stat -c %U "$1")" != "$(server_account)" ]; then
		die "$1 exists and is not a directory of $(server_account): choose another place with $2=DIR"
	fi
	if [ ! -e "$1/.crmcost" ]; then
		[ -z "$(ls -A "$1")" ] ||
			die "$1 holds files that are not ours: choose an empty or new directory with $2=DIR"
		as_server touch "$1/.crmcost" 2> /dev/null ||
			die "the account $(server_account) cannot get into $1: choose another place with $2=DIR"
		as_server chmod 700 "$1"
	fi
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

# Where the copies of the tree in $1 live: $CRMCOST_WORK, or one directory in
# /var/tmp for each account and tree.
work_dir()
{
	echo "${CRMCOST_WORK:-/var/tmp/crmcost-$(id -un)-$(printf %s "$1" | cksum | cut -d ' ' -f 1)}"
}

in_copy()
{
	_name=$1
	shift
	_tree=$PWD
	_work=$(work_dir "$_tree")
	private_dir "$_work" "${CRMCOST_PLACE:-CRMCOST_WORK}"
	as_server touch "$_work/$_name.lock"
	exec 9< "$_work/$_name.lock"
	flock -n 9 || die "another run is busy in $_work/$_name: wait for it, or set ${CRMCOST_PLACE:-CRMCOST_WORK}=DIR"
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
	CRMCOST_FETCHED=${CRMCOST_DEMO:-/var/tmp/crmcost-demo-$(id -un)}/demo/data
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
	_flags="$("$PG_CONFIG" --version) $* $(cksum < Makefile)"
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
