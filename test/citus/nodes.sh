# Nodes of a Citus cluster below $base, for who sources this file after test/cluster.sh;
# $base/inst has the extension, and $bin the programs of the server.

# node NAME: what follows is asked of it
node()
{
	PGHOST=$base/$1/socket PGPORT=5432 PGUSER=postgres PGDATABASE=crm_test
	export PGHOST PGPORT PGUSER PGDATABASE
}
ask()				# ask SQL ...: each a statement of its own
{
	for _sql in "$@"; do set -- "$@" -c "$_sql"; shift; done
	"$bin/psql" -X -A -t -q -v ON_ERROR_STOP=1 -c 'SET client_min_messages = warning' "$@" 2>&1
}
quiet()				# quiet SQL ...: it must do
{
	_said=$(ask "$@") || { echo "Bail out! $_said"; exit 1; }
}
begin_node()			# begin_node NAME [SETTING ...]: a server with an empty database
{
	_name=$1
	shift
	cluster_stop "$base/$_name"
	mkdir -p "$base/$_name"
	ln -s "$base/inst" "$base/$_name/inst"
	cluster_start "$base/$_name" "shared_preload_libraries = 'citus'" "jit = off" \
		"wal_level = logical" "max_prepared_transactions = 100" \
		"max_locks_per_transaction = 2000" "citus.shard_count = 4" \
		"citus.enable_statistics_collection = off" \
		"citus.node_conninfo = 'sslmode=disable'" "citus.recover_2pc_interval = '2s'" \
		"citus.local_hostname = '$base/$_name/socket'" "$@"
	node "$_name"
	PGDATABASE=postgres
	quiet 'CREATE EXTENSION citus'
	"$bin/psql" -X -q -c 'SET client_min_messages = error' -c 'CREATE DATABASE crm_test'
	node "$_name"
	quiet 'CREATE EXTENSION citus'
}
# begin_cluster [SETTING ...]: a coordinator, which is asked then, and two workers that it
# knows nothing of
begin_cluster()
{
	for _node in coordinator worker_1 worker_2; do
		begin_node "$_node" "$@"
	done
	node coordinator
	quiet 'CREATE EXTENSION crmcost'
}
join_cluster()
{
	quiet "SELECT citus_set_coordinator_host('$base/coordinator/socket', 5432)" \
		"SELECT citus_add_node('$base/worker_1/socket', 5432)" \
		"SELECT citus_add_node('$base/worker_2/socket', 5432)"
}
