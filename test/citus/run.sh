#!/bin/sh
# "make check-citus": a ledger on a Citus cluster of three nodes on this machine is
# the same, row for row, as its twin on one node: tables and views, after changes,
# after a month was closed and facts came late, after customers were erased and a shard
# was moved, after a worker was killed in the middle of a refresh, after new partitions,
# and when it has come back.
#
#   sh test/citus/run.sh
#
# It runs where the server of PG_CONFIG has the extension citus, and says skipped
# elsewhere.  Prints TAP; the exit code is not 0 when a test failed.
set -eu
cd "$(dirname "$0")/../.."
. test/house.sh

if [ "${1:-}" != --inside ]; then
	find_pg_config
	if [ ! -e "$("$PG_CONFIG" --sharedir)/extension/citus.control" ]; then
		echo "1..0 # skipped: the server of $PG_CONFIG has no extension citus"
		exit 0
	fi
	in_copy citus sh test/citus/run.sh --inside
fi

. test/cluster.sh
base=$(cd .. && pwd)
bin=$("$PG_CONFIG" --bindir)
nodes='coordinator worker_1 worker_2 worker_3'
done_tests=0
failed=0

. test/citus/nodes.sh
result()			# result OK NAME [DETAIL]
{
	done_tests=$((done_tests + 1))
	if [ "$1" = 0 ]; then
		echo "ok $done_tests - $2"
	else
		failed=$((failed + 1))
		echo "not ok $done_tests - $2"
		printf '%s\n' "${3:-}" | sed 's/^/# /'
	fi
}
is()				# is HAVE WANT NAME
{
	_rc=0
	[ "$1" = "$2" ] || _rc=1
	result $_rc "$3" "have: $1
want: $2"
}
like()				# like HAVE PATTERN NAME
{
	_rc=0
	printf '%s\n' "$1" | grep -qE "$2" || _rc=1
	result $_rc "$3" "have: $1
want: $2"
}
both()				# both SQL NAME [OUTPUT]: for crm and its twin, L in the text
{
	_have=$(for _l in crm twin; do ask "$(printf %s "$1" | sed "s/\\bL\\b/$_l/g")" || true; done)
	is "${_have:-}" "${3:-}" "$2"
}
equal()				# equal SQL NAME: crm says what its twin says, and something
{
	_have=$(ask "$(printf %s "$1" | sed 's/\bL\b/crm/g')" || true)
	_want=$(ask "$(printf %s "$1" | sed 's/\bL\b/twin/g')" || true)
	is "${_have:-nothing}" "$_want" "$2"
}
same()				# same KINDS NAME [LEDGER TWIN]: r tables, v views
{
	is "$(ask "SELECT same.differences('$1', '${3:-crm}', '${4:-twin}')" || true)" '' "$2"
}

# hold TABLE: nobody writes it until release, so that a refresh stops at its step
hold()
{
	PGAPPNAME=holder "$bin/psql" -X -q -c 'BEGIN' -c "LOCK TABLE $1 IN SHARE MODE" -c 'SELECT pg_sleep(600)' > /dev/null 2>&1 &
	until [ "$(ask "SELECT count(*) FROM pg_locks l WHERE l.relation = '$1'::regclass AND l.mode = 'ShareLock' AND l.granted")" = 1 ]; do sleep 0.1; done
}
release()
{
	quiet "SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a WHERE a.application_name = 'holder'"
}
# stopped_refresh LEDGER TABLE: begins one that waits for a TABLE that is held; its number is $refresh
stopped_refresh()
{
	hold "$2"
	ask "CALL crmcost.refresh('$1', '2025-09-01')" > "$base/refresh.out" &
	refresh=$!
	until [ "$(ask "SELECT count(*) FROM pg_locks l WHERE l.relation = '$2'::regclass AND NOT l.granted")" = 1 ]; do
		kill -0 $refresh 2> /dev/null || break
		sleep 0.1
	done
}
# begin_report: a report that has read a view, and reads all the others when somebody waits for it
begin_report()
{
	PGAPPNAME=report "$bin/psql" -X -A -t -q -c BEGIN -c 'SELECT count(*) >= 0 FROM crm.rule_comparison' \
		-c 'SELECT same.somebody_waits()' -c 'SELECT same.readable()' -c COMMIT > "$base/report.out" 2>&1 &
	report=$!
	until [ "$(ask "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'report' AND l.relation = 'crm.rule_comparison'::regclass")" = 1 ]; do
		kill -0 $report 2> /dev/null || break
		sleep 0.1
	done
}
# not_moved PROCEDURE DONE: it ends when a table is in use for longer than lock_timeout
not_moved()
{
	hold crm.customer_value
	like "$(ask "SET lock_timeout = '1s'" "CALL crmcost.$1('crm')" || true)" \
		"ledger \"crm\" is being read or loaded, so that it cannot be $2" "$1 waits no longer than lock_timeout"
	release
}
# tell_blocks N: in so many blocks workers tell who may get what is left over
tell_blocks()
{
	for _node in worker_1 worker_2 coordinator; do
		node $_node
		quiet 'SET citus.enable_ddl_propagation = off' "CREATE OR REPLACE FUNCTION crmcost._block_count() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN $1"
	done
}
# finish NUMBER FILE: waits for what was begun; $said is its exit code and what it said
finish()
{
	_rc=0
	wait "$1" || _rc=$?
	said="$_rc $(cat "$2")"
}

mkdir -p "$base/inst"
build_into "$base/inst" "$base/build.log"
trap 'for n in $nodes; do cluster_stop "$base/$n"; done' EXIT
trap 'exit 1' INT TERM
begin_cluster
like "$(ask "CALL crmcost.install('crm', true)" "CALL crmcost.distribute('crm')" || true)" \
	'has no worker that this node knows of' 'a cluster without workers is refused'
join_cluster
is "$(ask "CALL crmcost.install('twin', true)")" '' 'install prints no warning on a cluster'
for ledger in crm twin; do
	quiet "CALL crmcost.ensure_partitions('$ledger', '2024-11-01', '2025-04-01')"
	"$bin/psql" -X -q -v ON_ERROR_STOP=1 -v ledger=$ledger -f test/citus/facts.psql > /dev/null
done
"$bin/psql" -X -q -v ON_ERROR_STOP=1 -f test/citus/same.sql > /dev/null
same r 'two ledgers begin with the same facts'

# what is refused
quiet 'CREATE ROLE someone LOGIN' 'GRANT USAGE ON SCHEMA crm TO someone' 'GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO someone'
like "$(ask 'SET ROLE someone' "CALL crmcost.distribute('crm')" || true)" \
	'must be owner of ledger "crm"' 'another role is refused'
node worker_2
quiet 'SET citus.enable_ddl_propagation = off' "UPDATE pg_extension SET extversion = '9.9' WHERE extname = 'crmcost'"
node coordinator
like "$(ask "CALL crmcost.distribute('crm')" || true)" \
	'worker .* has crmcost 9.9, and the coordinator has crmcost' 'a worker with another version is refused'
node worker_2
node coordinator
version=$(ask "SELECT extversion FROM pg_extension WHERE extname = 'crmcost'")
node worker_2
quiet "UPDATE pg_extension SET extversion = '$version' WHERE extname = 'crmcost'" \
	"UPDATE pg_extension SET extname = 'other' WHERE extname = 'crmcost'"
node coordinator
like "$(ask "CALL crmcost.distribute('crm')" || true)" \
	'worker .* has no extension crmcost, and the coordinator has crmcost' 'a worker without the extension is refused'
node worker_2
quiet "UPDATE pg_extension SET extname = 'crmcost' WHERE extname = 'other'"
node coordinator
is "$(ask 'BEGIN' "CALL crmcost.distribute('crm')" 'ROLLBACK' || true)" '' 'a transaction block in which a ledger was distributed may end in nothing'
like "$(ask "CALL crmcost.undistribute('crm')" || true)" 'ledger "crm" is not distributed' \
	'a ledger that is not distributed cannot come back'
is "$(ask "SELECT count(*) FROM pg_dist_partition" "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^crm_(gather|pulled|spread|part|step)$'")" \
	'0
0' 'what was refused or taken back has changed nothing'

for ledger in crm twin; do
	quiet "SELECT crmcost.grant_read('$ledger', 'someone')" "GRANT UPDATE (attributes) ON $ledger.customer TO someone" \
		"GRANT USAGE ON SEQUENCE $ledger.customer_customer_id_seq TO someone WITH GRANT OPTION" \
		"COMMENT ON SEQUENCE $ledger.sale_sale_id_seq IS 'Numbers of ''sales'''" \
		"ALTER SEQUENCE $ledger.driver_entry_entry_id_seq INCREMENT 10 CACHE 3"
done
not_moved distribute distributed
begin_report
is "$(ask "CALL crmcost.distribute('crm')" || true)" '' 'a ledger is distributed'
finish $report "$base/report.out"
is "$said" '0 t
t' 'and a report beside it reads one view after the other'
like "$(ask "CALL crmcost.distribute('crm')" || true)" 'is distributed already' 'and not twice'
is "$(ask "SELECT same.tables_of_cluster()")" \
	"distributed: every table with a customer_id in each row, beside customer" \
	'every table with a customer in each row lies beside the customers'

both "CALL crmcost.refresh('L', '2025-04-01')" 'a refresh'
same rv 'every table and view is the same after a refresh'
is "$(ask "SELECT same.rows_left()" "SELECT same.refuse_copies() >= 40")" '0
t' 'nothing is left where it was computed'
is "$(ask "SELECT string_agg(c.relation, ' ') FROM crmcost._copies('crm') c WHERE c.placement = 'distributed' AND c.relation <> ALL (crmcost._left_tables('crm'))")" '' \
	'no table with a customer in each row is copied'
is "$(ask "SET client_min_messages = error; SET citus.enable_ddl_propagation = off" 'BEGIN ISOLATION LEVEL REPEATABLE READ' \
	'CREATE TRIGGER drop_copies AFTER INSERT ON crm.refresh_run FOR EACH ROW EXECUTE FUNCTION same.drop_copies()' \
	"CALL crmcost.refresh('crm', '2025-04-01')" "SELECT to_regclass('crm_gather.customer_value') IS NULL" 'ROLLBACK')" 't' \
	'no step of the coordinator asks for a copy of what only workers read'
is "$(ask 'SET ROLE someone' "SELECT same.readable()")" '' 'a reader of the ledger reads every view'
equal "SELECT t.* FROM crmcost.tier_migration('L', '2025-01-15', '2025-03-20') t" 'so are the moves between tiers, customers merged or not'

both "INSERT INTO L.sale (customer_id, source, order_ref, line_no, sold_at, product_code, amount, currency) SELECT 2 + i, 'n', 'x' || i, 1, timestamptz '2025-03-05' + i * interval '1 hour', 'p1', 10 + i, 'EUR' FROM generate_series(1, 20) i; UPDATE L.sale SET amount = amount + 1 WHERE line_no % 50 = 0; DELETE FROM L.interaction WHERE interaction_id % 40 = 0; UPDATE L.customer SET acquired_at = '2025-03-04' WHERE customer_id % 33 = 0; UPDATE L.cost_entry SET amount = amount + 5 WHERE cost_id % 10 = 0 AND source = 'manual'" 'facts change'
is "$(for l in crm crm twin twin; do ask 'SET citus.enable_ddl_propagation = off' "CALL crmcost.refresh('$l', '2025-04-01')" || true; done)" '' 'refreshes of a session whose DDL stays on its node'
both "CALL crmcost.refresh('L', '2025-04-01')" 'a refresh after changes, of which no line, contact, order or stage is copied'
same r 'every table is the same after changes'
quiet "SELECT same.allow_copies()"
both "CALL crmcost.verify('L')" 'verify finds nothing'

both "CALL crmcost.close_period('L', '2025-01-01')" 'a month is closed'
# a distributed ledger computes everything each time
both "CALL crmcost.refresh('L', '2025-04-01', true)" 'a refresh'
same r 'every table is the same after a month was closed'
both "INSERT INTO L.sale (customer_id, source, order_ref, line_no, sold_at, product_code, amount, currency) SELECT 2 + i, 'late', 'x' || i, 1, timestamptz '2025-01-05' + i * interval '1 hour', 'p1', 10 + i, 'EUR' FROM generate_series(1, 20) i; INSERT INTO L.interaction (customer_id, occurred_at, kind, handle_seconds) SELECT 9 + i, timestamptz '2024-12-05' + i * interval '1 hour', 'care', 10 + i FROM generate_series(1, 9) i; INSERT INTO L.cost_entry (category_code, incurred_on, amount, currency, covers) VALUES ('svc', '2025-01-15', 50, 'EUR', NULL), ('svc', '2025-02-15', 50, 'EUR', '[2024-12-05,2025-03-01)'); INSERT INTO L.customer (source, source_key, first_seen_at, acquired_at) VALUES ('s', 'late1', '2025-01-03', '2025-01-09'); UPDATE L.customer SET acquired_at = '2025-01-25' WHERE acquired_at IS NULL AND source <> 'anon' AND first_seen_at < '2025-01-20' AND customer_id < 60" 'facts come late'
both "CALL crmcost.refresh('L', '2025-04-01', true)" 'a refresh with late facts'
same r 'every table is the same with late facts'
both "CALL crmcost.reopen_period('L', '2025-01-01')" 'a month is opened again'
both "CALL crmcost.refresh('L', '2025-04-01')" 'a refresh with an open month'
same r 'every table is the same when it is open again'

# keys that Citus does not hold
quiet "INSERT INTO crm.customer (customer_id, source, source_key, first_seen_at) VALUES (9000, 's', 'c5', '2025-01-01')"
like "$(ask "CALL crmcost.refresh('crm', '2025-04-01')" || true)" \
	'customer of ledger "crm" has a row that breaks key "customer_loaded_once"' 'a customer loaded twice is told'
quiet "DELETE FROM crm.customer WHERE customer_id = 9000; INSERT INTO crm.customer (customer_id, source, source_key, first_seen_at, account_id) VALUES (9001, 's', 'z', '2025-01-01', 9002)"
like "$(ask "CALL crmcost.refresh('crm', '2025-04-01')" || true)" \
	'customer of ledger "crm" has a row that breaks foreign key "account_is_known": \(9002\)' 'an account that is not there is told'
quiet "DELETE FROM crm.customer WHERE customer_id = 9001; INSERT INTO crm.sale (sale_id, customer_id, source, order_ref, line_no, sold_at, amount, currency) SELECT 90000, customer_id + 1, source, order_ref, line_no, sold_at, 1.11, currency FROM crm.sale WHERE order_ref = 'o5' LIMIT 1"
like "$(ask "CALL crmcost.refresh('crm', '2025-04-01')" || true)" \
	'sale of ledger "crm" has a row that breaks key "sale_loaded_once": \(s,o5,' 'a line under two customers is told'
quiet "DELETE FROM crm.sale WHERE sale_id = 90000"
both "INSERT INTO L.sale (sale_id, customer_id, source, order_ref, line_no, sold_at, amount, currency) SELECT 90001, customer_id + 1, source, order_ref, 77777, sold_at, 1.11, currency FROM L.sale WHERE order_ref = 'o5' ORDER BY line_no LIMIT 1" 'another line comes'
both "CALL crmcost.refresh('L', '2025-04-01')" 'a refresh, after which keys are known to be whole'
quiet "UPDATE crm.sale SET line_no = 10 WHERE sale_id = 90001"
like "$(ask "CALL crmcost.refresh('crm', '2025-04-01')" || true)" \
	'sale of ledger "crm" has a row that breaks key "sale_loaded_once": \(s,o5,10,' 'a line that was changed to be another is told'
both "DELETE FROM L.sale WHERE sale_id = 90001" 'and goes'

# other work
both "SELECT crmcost.merge_customer('L', 9, 12)" 'a customer is merged' 't
t'
both "SELECT crmcost.unmerge_customer('L', 77)" 'another is one of its own again' 't
t'
both "CALL crmcost.backfill('L', '2025-01-01', '2025-02-01')" 'the days of two months are computed'
both "INSERT INTO L.allocation_rule (category_code, driver, scenario) VALUES ('svc', 'orders', 's1')" 'rules are proposed'
both "CALL crmcost.compare_rules('L', 's1')" 'and compared with those of the books'
equal "SELECT j.* FROM unnest('{30,45,60,75,90}'::bigint[]) c, crmcost.journey('L', c) j ORDER BY c, j.*" 'and journeys'
equal "SELECT f.* FROM crmcost.validate_rules('L', 's1') f" 'and validated'
both "SELECT crmcost.transfer_points('L', 'points', 20, 21, 5, '2025-03-25')" 'points are transferred'
both "SELECT crmcost.worklist_done('L', (SELECT w.worklist_id FROM L.worklist w WHERE w.status = 'open' ORDER BY w.customer_id, w.reason, w.due_on LIMIT 1), '2025-04-01')" 'a row of the worklist is done' 't
t'
both "SELECT crmcost.worklist_reopen('L', (SELECT w.worklist_id FROM L.worklist w WHERE w.status = 'done' ORDER BY w.customer_id, w.reason, w.due_on LIMIT 1))" 'a row that is done is opened again' 't
t'
both "SELECT crmcost.worklist_snooze('L', (SELECT w.worklist_id FROM L.worklist w WHERE w.status = 'open' ORDER BY w.customer_id, w.reason, w.due_on LIMIT 1), '2025-04-20')" 'another is put off' 't
t'
quiet "SET citus.enable_ddl_propagation = off; CREATE TABLE public.feed AS SELECT 30 + i AS customer_id, 'f' || i AS order_ref, timestamptz '2025-03-15' AS sold_at, 3 + i AS amount, 'EUR' AS currency FROM generate_series(1, 9) i"
both "CALL crmcost.load_facts('L', 'sale', 'public.feed')" 'a table of sales is loaded'
same r 'every table is the same after all of these'

# tiers by other rules, whose bounds are found range by range
both "UPDATE L.allocation_rule SET driver = 'margin' WHERE driver = 'tier_weight'; UPDATE L.setting SET value = CASE key WHEN 'rfm_bins' THEN '4' ELSE 'revenue' END WHERE key IN ('abc_measure', 'rfm_bins'); DELETE FROM L.tier WHERE scheme = 'loyalty'; INSERT INTO L.tier (scheme, code, rank, basis, bound, name) SELECT 'sixth', 't' || i, i, 'cum_share', i / 6.0, 't' || i FROM generate_series(1, 6) i" 'tiers have other rules'
quiet 'SET citus.enable_ddl_propagation = off' "CREATE OR REPLACE FUNCTION crmcost._few_values() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 3"
both "CALL crmcost.refresh('L', '2025-04-01', true)" 'a refresh by them'
same r 'every table is the same by other rules of tiers'
is "$(ask "SELECT count(DISTINCT c.code) FROM crm.customer_class c WHERE c.dimension = 'sixth'" "SELECT count(*) FROM crm.classification c WHERE c.dimension = 'loyalty'")" '6
0' 'a scheme that is gone has no history, and all tiers of a new one have customers'
quiet 'SET citus.enable_ddl_propagation = off' "CREATE OR REPLACE FUNCTION crmcost._few_values() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 1024"

# 200 pools by drivers of few values, many of them negative: months go together, and who gets
# the coins that are left over is asked for in the smallest blocks
both "UPDATE L.allocation_rule SET driver = 'orders' WHERE driver = 'blend1'; INSERT INTO L.cost_category (code, bucket, resource, name) SELECT 'many.' || i, (ARRAY['acquisition', 'retention', 'service', 'churn', 'data', 'training', 'program'])[1 + i % 7], 'process', i FROM generate_series(1, 200) i; INSERT INTO L.allocation_rule (category_code, driver) SELECT 'many.' || i, (ARRAY['orders', 'active_customers', 'new_customers', 'interactions', 'equal', 'revenue', 'handle_time'])[1 + i / 7 % 7] FROM generate_series(1, 200) i; INSERT INTO L.cost_entry (category_code, incurred_on, amount, currency) SELECT 'many.' || i, d, round((i * 37 % 101 - 50) / 7.0, 2), 'EUR' FROM generate_series(1, 200) i, unnest('{2025-01-10,2025-02-10,2025-03-10}'::date[]) d" 'cost comes in many pools'
tell_blocks 8
both "CALL crmcost.refresh('L', '2025-04-01', true)" 'a refresh with many pools'
same r 'every table is the same with many pools'
is "$(ask "SELECT count(DISTINCT p.month_start) > 1 AND count(*) > 300 AND count(*) FILTER (WHERE p.cost < 0) > 100 FROM crm.cost_pool p JOIN crm.allocation_rule r USING (rule_id) WHERE r.category_code ~ 'many' AND p.customers > 0")" 't' 'and most is given to customers, of three hundred pools'
tell_blocks 12

# an erasure books what was redeemed, and is done once
both "UPDATE L.loyalty_program SET cost_category = 'prg', point_cost = 0.01, currency = 'EUR'; INSERT INTO L.loyalty_entry (customer_id, program_code, occurred_at, kind, points) VALUES (5, 'points', '2025-03-20', 'redeem', -7)" 'points are redeemed'
both "SELECT crmcost.erase_customer('L', u.c) FROM unnest('{5,7,17,50,13,5}'::bigint[]) WITH ORDINALITY u (c, i) ORDER BY u.i" 'customers are erased, one of them twice' 't
t
t
t
t
f
t
t
t
t
t
f'
same r 'every table is the same after they were erased'
is "$(ask "SELECT count(*), count(c.erased_at), count(c.source_key) FROM crm.customer c WHERE c.customer_id IN (5, 7, 17, 50, 13)" \
	"SELECT count(*) FROM crm.sale s WHERE s.customer_id = 7 AND s.order_ref !~ '^erased '" "SELECT count(*) FROM crm.erased_key" \
	"SELECT count(*) FROM crm.cost_entry k WHERE k.customer_id = 5 AND k.source = 'loyalty' AND k.quantity = 7" "SELECT count(*) FROM crm_gather.customer")" \
	'5|5|0
0
5
1
0' 'nothing names them, and what was redeemed is booked'
like "$(ask "SELECT crmcost.erase_customer('crm', 99999)" || true)" 'customer_id must be a customer of ledger "crm", not 99999' 'who is no customer is not erased'
both "CALL crmcost.set_stage('L', 14, 'at_risk', NULL, '2025-03-20')" 'a stage is set by hand'
both "CALL crmcost.ensure_partitions('L', '2025-07-01', '2025-09-01')" 'partitions are added'
both "INSERT INTO L.sale (customer_id, order_ref, sold_at, amount, currency) VALUES (20, 'q', '2025-08-02', 5, 'EUR')" 'and take rows'
# as if it had been distributed before these were there
quiet "DROP TABLE crm_spread.ranked, crm_spread.ranking, crm_spread.moved_worklist, crm_spread.asked, crm_spread.dealt_path" \
	"DO 'DECLARE c text[] := crmcost._comments(''crm''); s text; BEGIN PERFORM undistribute_table(''crm.customer_touch''); FOREACH s IN ARRAY c LOOP EXECUTE s; END LOOP; END'" 'DROP TABLE crm_gather.customer_touch CASCADE' 'ALTER TABLE crm.distribution_change DROP COLUMN checked, DROP COLUMN checked_upto'
both "CALL crmcost.upgrade('L')" 'upgrade'
both "CALL crmcost.refresh('L', '2025-09-01')" 'a refresh after all of that'
same r 'every table is the same after all of that'

is "$(ask "SELECT citus_move_shard_placement((SELECT s.shardid FROM citus_shards s WHERE s.table_name = 'crm.customer'::regclass AND s.nodename ~ 'worker_1' ORDER BY 1 LIMIT 1), '$base/worker_1/socket', 5432, '$base/worker_2/socket', 5432, 'block_writes')" "SELECT count(*) FROM citus_shards s WHERE s.table_name = 'crm.customer'::regclass AND s.nodename ~ 'worker_1'")" \
	'
1' 'a shard of the customers goes to the other worker'

# a worker is killed in the middle of a refresh
quiet "INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, currency) SELECT 50 + i, 'k' || i, '2025-08-03', 7, 'EUR' FROM generate_series(1, 140) i; INSERT INTO twin.sale (customer_id, order_ref, sold_at, amount, currency) SELECT 50 + i, 'k' || i, '2025-08-03', 7, 'EUR' FROM generate_series(1, 140) i"
before=$(ask "SELECT same.fingerprint('crm')")
stopped_refresh crm crm.group_month
"$bin/pg_ctl" --pgdata="$base/worker_2/data" --mode=immediate --wait --silent stop
release
finish $refresh "$base/refresh.out"
like "$said" '^[1-9].*(connection|server closed|terminat|shut)' 'a refresh whose worker is killed ends with an error'
"$bin/pg_ctl" --pgdata="$base/worker_2/data" --log="$base/worker_2/server.log" --wait --silent start 9>&-
is "$(ask "SELECT same.fingerprint('crm')")" "$before" 'and has written nothing'
both "CALL crmcost.refresh('L', '2025-09-01')" 'the next refresh'
same rv 'after which every table and view is the same'

# who is on no worker, whose facts are nobody's
both "INSERT INTO L.sale (customer_id, order_ref, sold_at, amount, currency) SELECT 60 + i, 'm' || i, '2025-08-04', 7, 'EUR' FROM generate_series(1, 60) i; INSERT INTO L.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2025-08-01', 70, 'EUR')" 'facts come, of nobody some cost'
# with numbers of their own: the sequences go on as those of the twin
for row in 'sale (sale_id' 'interaction (interaction_id' 'loyalty_entry (entry_id' 'driver_entry (entry_id'; do
	like "$(ask "INSERT INTO crm.$row, customer_id) VALUES (1, NULL)" || true)" 'null value|NULL' "a row of ${row%% *} without a customer is refused"
done
quiet "SET citus.enable_ddl_propagation = off; CREATE TABLE public.nobodys AS SELECT 1::bigint AS sale_id, NULL::bigint AS customer_id, 'z' AS order_ref, timestamptz '2025-03-15' AS sold_at, 3 AS amount, 'EUR' AS currency"
like "$(ask "CALL crmcost.load_facts('crm', 'sale', 'public.nobodys')" || true)" 'null value|NULL|customer' 'a table of sales of nobody is not loaded'

# a shard that moves while a refresh is at work, and one that cannot be read
before=$(ask "SELECT count(*) FROM citus_shards s WHERE s.table_name = 'crm.customer'::regclass AND s.nodename ~ 'worker_2'")
stopped_refresh crm crm.group_month
ask "SELECT citus_move_shard_placement((SELECT s.shardid FROM citus_shards s WHERE s.table_name = 'crm.customer'::regclass AND s.nodename ~ 'worker_2' ORDER BY 1 LIMIT 1), '$base/worker_2/socket', 5432, '$base/worker_1/socket', 5432, 'block_writes')" > "$base/move.out" &
move=$!
sleep 2
release
finish $refresh "$base/refresh.out"
is "$said" '0 ' 'a refresh while a shard is to move ends well'
finish $move "$base/move.out"
like "$said" '^0 ' 'and then the shard moves'
is "$(ask "SELECT $before - count(*) FROM citus_shards s WHERE s.table_name = 'crm.customer'::regclass AND s.nodename ~ 'worker_2'")" '1' 'to where it was told'
both "CALL crmcost.refresh('L', '2025-09-01')" 'a refresh after that'
same r 'every table is the same after that'

node worker_1
quiet 'SET citus.enable_ddl_propagation = off' 'REVOKE CONNECT ON DATABASE crm_test FROM PUBLIC'
node coordinator
like "$(ask 'SET ROLE someone' 'SELECT count(*) FROM crm.customer_value' || true)" 'permission denied for database' 'a reader who may not connect to a worker is told'
node worker_1
quiet 'SET citus.enable_ddl_propagation = off' 'GRANT CONNECT ON DATABASE crm_test TO PUBLIC' 'REVOKE SELECT ON ALL TABLES IN SCHEMA crm FROM someone'
node coordinator
like "$(ask 'SET ROLE someone' 'SELECT count(*) FROM crm.customer_value' || true)" 'permission denied for table' 'and one without a right to read there'
quiet "SELECT crmcost.grant_read('crm', 'someone')"
is "$(ask 'SET ROLE someone' "SELECT same.readable()")" '' 'grant_read gives it again'

# a worker that comes later
begin_node worker_3
node coordinator
quiet "SELECT citus_add_node('$base/worker_3/socket', 5432)" 'SELECT replicate_reference_tables()'
is "$(ask "SELECT citus_move_shard_placement(s.shardid, s.nodename, s.nodeport, '$base/worker_3/socket', 5432, 'auto') FROM (SELECT * FROM citus_shards s WHERE s.table_name = 'crm.customer'::regclass ORDER BY s.shardid LIMIT 1) s" "SELECT count(*) FROM citus_shards s WHERE s.table_name = 'crm.customer'::regclass AND s.nodename ~ 'worker_3'" || true)" '
1' 'a worker that was added takes a shard of the customers, without stopping who writes'
both "INSERT INTO L.sale (customer_id, order_ref, sold_at, amount, currency) SELECT 60 + i, 'w' || i, '2025-08-05', 7, 'EUR' FROM generate_series(1, 60) i" 'facts come'
# of both, as it takes numbers of the worklist
is "$(for l in crm twin; do ask 'BEGIN ISOLATION LEVEL REPEATABLE READ' "CALL crmcost.refresh('$l', '2025-09-01')" "SELECT count(*) > 0 FROM $l.customer_order o WHERE o.order_ref ~ '^w'" 'ROLLBACK' "SELECT count(*) > 0 FROM $l.customer_order o WHERE o.order_ref ~ '^w'" || true; done)" 't
f
t
f' 'a refresh in a transaction block, which is rolled back'
both "CALL crmcost.refresh('L', '2025-09-01')" 'a refresh on more workers'
same rv 'every table and view is the same on more workers'
node worker_3
quiet 'SET citus.enable_ddl_propagation = off' "UPDATE pg_extension SET extversion = '9.9' WHERE extname = 'crmcost'"
node coordinator
like "$(ask "CALL crmcost.refresh('crm', '2025-09-01')" || true)" 'worker .* has crmcost 9.9, and the coordinator has crmcost' 'a refresh with a worker of another version is refused'
node worker_3
quiet "UPDATE pg_extension SET extversion = '$version' WHERE extname = 'crmcost'"
node coordinator

# a key that cannot come back
numbers=$(ask "SELECT same.numbers('crm')")
quiet "INSERT INTO crm.customer (customer_id, source, source_key, first_seen_at) VALUES (9000, 's', 'c6', '2025-01-01')"
before=$(ask "SELECT same.fingerprint('crm')")
like "$(ask "CALL crmcost.undistribute('crm')" || true)" 'could not create unique index "customer_loaded_once"' 'a customer loaded twice does not come back'
is "$(ask "SELECT count(*) > 40 FROM pg_dist_partition" "SELECT same.fingerprint('crm')" "SELECT same.numbers('crm')")" "t
$before
$numbers" 'and all is as it was'
quiet "DELETE FROM crm.customer WHERE customer_id = 9000"

not_moved undistribute 'taken back'
begin_report
is "$(ask "CALL crmcost.undistribute('crm')" || true)" '' 'the ledger comes back'
finish $report "$base/report.out"
is "$said" '0 t
t' 'and a report beside it reads one view after the other'
is "$(ask "SELECT count(*) FROM pg_dist_partition" "SELECT count(*) FROM pg_namespace WHERE nspname ~ '^crm_(gather|pulled|spread|part|step)$'" "SELECT same.schema_differences()")" \
	'0
0' 'with all keys, triggers, columns, comments and rights'
is "$(ask "SELECT same.numbers('crm')")" "$numbers" 'and the numbers go on where they were'
is "$(ask "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p') AND c.reltuples < 0")" '' 'and the planner knows what is in its tables'
both "INSERT INTO L.customer (source, source_key, first_seen_at) VALUES ('s', 'next', '2025-08-01') RETURNING customer_id = (SELECT max(c.customer_id) + 1 FROM L.customer c)" 'the next customer has the next number' 't
t'
both "INSERT INTO L.sale (customer_id, order_ref, sold_at, amount, currency) VALUES (20, 'next', '2025-08-04', 5, 'EUR') RETURNING sale_id = (SELECT max(s.sale_id) + 1 FROM L.sale s)" 'and the next sale' 't
t'
both "DELETE FROM L.sale s WHERE s.order_ref ~ '^f[0-9]'; CALL crmcost.load_facts('L', 'sale', 'public.feed')" 'a table of sales is loaded again'
both "CALL crmcost.refresh('L', '2025-09-01')" 'a refresh of a ledger that has come back'
same rv 'every table and view is the same'

# a ledger without partitions, whose cost lies on every node
for ledger in flat flattwin; do
	quiet "CALL crmcost.install('$ledger')"
	"$bin/psql" -X -q -v ON_ERROR_STOP=1 -v ledger=$ledger -f test/citus/facts.psql > /dev/null
	quiet "UPDATE $ledger.loyalty_program SET cost_category = 'prg', point_cost = 0.01, currency = 'EUR'"
done
is "$(ask "CALL crmcost.distribute('flat')")" '' 'a ledger without partitions is distributed'
for ledger in flat flattwin; do
	quiet "CALL crmcost.refresh('$ledger', '2025-04-01')" \
		"INSERT INTO $ledger.loyalty_entry (customer_id, program_code, occurred_at, kind, points) VALUES (5, 'points', '2025-03-20', 'redeem', -7)" \
		"SELECT crmcost.erase_customer('$ledger', c) FROM unnest('{5,9,77}'::bigint[]) c"
done
same r 'and refreshed, and its customers erased: every table is the same' flat flattwin
for ledger in flat flattwin; do
	quiet "CALL crmcost.refresh('$ledger', '2025-12-01')"
done
same r 'and after half a year, for which models can be judged' flat flattwin
is "$(ask "SELECT count(*) > 5 FROM flat.model_calibration" "SELECT count(p_alive) > 100 FROM flat.customer_score")" 't
t' 'which they are, and predict'
is "$(ask "CALL crmcost.undistribute('flat')" "SELECT same.schema_differences('flat', 'flattwin')")" '' 'and comes back as it was'
same r 'with every row' flat flattwin

# a ledger whose owner is no superuser, and who else refreshes it
for _node in worker_1 worker_2 worker_3 coordinator; do
	node $_node
	quiet 'SET citus.enable_ddl_propagation = off' 'GRANT USAGE ON SCHEMA crmcost TO someone' \
		'GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO someone' 'GRANT CREATE ON DATABASE crm_test TO someone'
done
quiet 'SET ROLE someone' "CALL crmcost.install('theirs')"
"$bin/psql" -X -q -v ON_ERROR_STOP=1 -v ledger=theirs -c 'SET ROLE someone' -f test/citus/facts.psql > /dev/null
quiet "UPDATE theirs.loyalty_program SET cost_category = 'prg', point_cost = 0.01, currency = 'EUR'"
is "$(ask 'SET ROLE someone' "CALL crmcost.distribute('theirs')" || true)" '' 'a ledger of a role that is no superuser is distributed'
is "$(ask "CALL crmcost.refresh('theirs', '2025-04-01')" || true)" '' 'and refreshed by another role'
quiet "CALL crmcost.install('theirtwin')"
"$bin/psql" -X -q -v ON_ERROR_STOP=1 -v ledger=theirtwin -f test/citus/facts.psql > /dev/null
quiet "UPDATE theirtwin.loyalty_program SET cost_category = 'prg', point_cost = 0.01, currency = 'EUR'" "CALL crmcost.refresh('theirtwin', '2025-04-01')"
same r 'with the rows of one node' theirs theirtwin
is "$(ask "CALL crmcost.verify('theirs')" || true)" '' 'and verified'

echo "1..$done_tests"
[ $failed = 0 ]
