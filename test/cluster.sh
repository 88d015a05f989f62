# A throw-away PostgreSQL cluster: source this file, then call its functions.
#
#   cluster_start DIR [setting=value ...]   build in DIR, start unless it
#                                           runs, export PG*
#   cluster_runs DIR                        whether its server is there
#   cluster_scratch DIR                     keep its temporary tables in memory,
#                                           where there is room
#   cluster_stop DIR                        stop and delete it
#   cluster_of_major DIR                    stop it if another major made it
#   server_major                            the major that PG_CONFIG chooses
#   server_settings INST                    lines of postgresql.conf by which a
#                                           server finds what "make install
#                                           DESTDIR=INST" put there, and bears
#                                           this machine
#
# As root the server runs as the account postgres (test/account.sh); the current
# directory must be the top of the tree when this file is sourced.
# Nothing outside DIR is touched but a folder in /dev/shm, which cluster_scratch makes
# and cluster_stop takes away: the server listens on a socket in DIR only, and finds
# the extension under DIR/inst, where "make install" put it by DESTDIR.  PG_CONFIG
# chooses the major.  PostgreSQL 15 to 17 need Debian's setting extension_destdir; 18
# has extension_control_path.

PG_CONFIG=${PG_CONFIG:-pg_config}
. test/account.sh

server_major()
{
	"$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'
}

# Megabytes that are free in /dev/shm, where containers have 64.
shm_free()
{
	_shm=$(df -Pk /dev/shm 2> /dev/null | awk 'NR == 2 { print int($(NF - 2) / 1024) }')
	echo "${_shm:-0}"
}

server_settings()
{
	# Parallel workers share memory there.
	[ "$(shm_free)" -ge 512 ] || echo "dynamic_shared_memory_type = mmap"
	if [ "$(server_major)" -ge 18 ]; then
		echo "extension_control_path = '$1$("$PG_CONFIG" --sharedir):\$system'"
		echo "dynamic_library_path = '$1$("$PG_CONFIG" --pkglibdir):\$libdir'"
	else
		echo "extension_destdir = '$1'"
	fi
}

# A number in postmaster.pid may be that of another process by now, even of
# somebody's server: ours stands in its data directory.
cluster_runs()
{
	_pid=$(sed -n 1p "$1/data/postmaster.pid" 2> /dev/null) || return 1
	[ -n "$_pid" ] && [ "/proc/$_pid/cwd" -ef "$1/data" ]
}

cluster_start()
{
	_dir=$1
	shift
	_bin=$("$PG_CONFIG" --bindir)
	if [ ${#_dir} -gt 85 ]; then	# a socket's path has room for 107 bytes
		echo "crmcost: the path $_dir is too long for a server's socket: choose a shorter one" >&2
		return 1
	fi
	if [ "$(server_major)" -lt 18 ] &&
		! "$_bin/postgres" --describe-config | grep -q '^extension_destdir'; then
		echo "crmcost: the server in $_bin has no setting extension_destdir: use Debian's, PostgreSQL 18, or make install and make installcheck" >&2
		return 1
	fi
	mkdir -p "$_dir/inst" "$_dir/socket"
	if [ "$(id -u)" = 0 ]; then
		chown postgres "$_dir" "$_dir/inst" "$_dir/socket"
	fi
	chmod 700 "$_dir/socket"
	if [ ! -e "$_dir/data/PG_VERSION" ]; then
		as_server "$_bin/initdb" --pgdata="$_dir/data" --username=postgres \
			--auth=trust --encoding=UTF8 --no-locale --no-sync \
			> "$_dir/initdb.log" || return 1
		{
			echo "listen_addresses = ''"
			echo "unix_socket_directories = '$_dir/socket'"
			echo "fsync = off"
			echo "full_page_writes = off"
			echo "synchronous_commit = off"
			echo "max_wal_size = '4GB'"
			echo "timezone = 'UTC'"
			server_settings "$_dir/inst"
			for _setting in "$@"; do echo "$_setting"; done
		} | as_server tee -a "$_dir/data/postgresql.conf" > /dev/null
	fi
	# 9 is the lock of the caller: a server must not keep it
	if ! cluster_runs "$_dir"; then
		as_server rm -f "$_dir/data/postmaster.pid"
		as_server "$_bin/pg_ctl" --pgdata="$_dir/data" --log="$_dir/server.log" \
			--wait --silent start 9>&- || { cat "$_dir/server.log" >&2; return 1; }
	fi
	PGHOST=$_dir/socket PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
	export PGHOST PGPORT PGUSER PGDATABASE
}

scratch_of()			# scratch_of DIR
{
	echo "/dev/shm/crmcost-$(printf %s "$1" | cksum | cut -d ' ' -f 1)"
}

# A refresh makes and drops some hundred work tables.  With their files on a disk
# that takes a quarter more processor time than in memory.
cluster_scratch()
{
	_scratch=$(scratch_of "$1")
	[ "$(shm_free)" -ge 1024 ] && as_server mkdir -m 700 "$_scratch" 2> /dev/null || return 0
	for _command in "CREATE TABLESPACE scratch LOCATION '$_scratch'" \
		'GRANT CREATE ON TABLESPACE scratch TO PUBLIC' \
		'ALTER SYSTEM SET temp_tablespaces = scratch' 'SELECT pg_reload_conf()'; do
		"$("$PG_CONFIG" --bindir)/psql" -Xq -d postgres -o /dev/null -c "$_command" || return 1
	done
}

cluster_stop()
{
	_bin=$("$PG_CONFIG" --bindir)
	if cluster_runs "$1"; then
		as_server "$_bin/pg_ctl" --pgdata="$1/data" --mode=immediate \
			--wait --silent stop || return 1
	fi
	rm -rf "$1"
	as_server rm -rf "$(scratch_of "$1")" 2> /dev/null || true	# it may be somebody's
}

cluster_of_major()
{
	if [ -e "$1/data/PG_VERSION" ] && [ "$(cat "$1/data/PG_VERSION")" != "$(server_major)" ]; then
		cluster_stop "$1"
	fi
}
