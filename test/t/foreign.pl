# Every aggregate in two levels, NAME_merge over NAME_partial, where the rows lie on
# other servers (postgres_fdw): the answer is that of NAME over all rows, and what
# comes from there is one state of each, not the rows.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node    = start_node('hub');
my $columns = q{
	acquired boolean, age float8, amount numeric, as_of timestamptz, available_at timestamptz, bins int, booked_at timestamptz,
	burn text, churned boolean, confidence float8, conversions numeric, cost numeric, customers bigint, duration float8,
	event boolean, expires_at timestamptz, features float8[], finance_rate numeric, fraction numeric, frequency float8,
	grp text, label boolean, lot text, markov_order int, monetary float8, monetary_value float8, non_conversions numeric,
	paid_on date, path text[], period int, periods int, points numeric, rate numeric, recency float8, recency_days float8,
	reinvest_rate numeric, ridge float8, satisfied_from numeric, score int, value numeric, weight float8,
	customer_id bigint, purchased_at timestamptz, purchased_on date};
# customers by the stories of the models, so that every fit has a maximum
my $rows = q{
	SELECT CASE WHEN i % 3 = 0 THEN 'east' ELSE 'west' END, i % 4 = 0, age, CASE WHEN i % 24 = 0 THEN -100 ELSE i % 17 * 3.25 END, timestamptz '2025-01-01',
	  timestamptz '2024-03-01' + i % 200 * interval '1 day', 5, timestamptz '2024-03-01' + i % 200 * interval '1 day', 'first_earned', s_churned,
	  0.9, i % 3, i % 13 * 2.5, i % 2, 1 + i % 40, i % 3 > 0, timestamptz '2024-12-01' + i % 90 * interval '1 day',
	  ARRAY[i % 7, i % 5]::float8[], 0.05, 0.2, p_frequency, 'g' || i % 3, (i * 7919 % 11) > i % 7, 'lot ' || i, 2, i % 50, CASE WHEN p_frequency > 0 THEN spend END, 1 + i % 4,
	  date '2024-01-01' + i % 24 * 31, (ARRAY['a', 'b', 'c', 'd'])[1 + i % 4:4], i % 24, s_periods, 10 + i % 9, 0.1,
	  p_recency, i % 90, 0.06, 0.5, 4, i % 11, CASE WHEN i % 3 > 0 THEN 1 + i % 23 ELSE 0 END, 1,
	  i % 50, timestamptz '2024-01-01' + i * interval '5 hours', date '2024-01-01' + i % 300
	FROM (SELECT s.*, s.id AS i FROM shopper s) s};

# two places and a hub: databases of one server, over its socket
foreach my $place ('east', 'west')
{
	$node->safe_psql('postgres', "CREATE DATABASE $place");
	$node->safe_psql($place, "CREATE EXTENSION crmcost; CREATE TABLE fact (place text, $columns)");
}
my ($host, $port) = ($node->host, $node->port);
$node->safe_psql(
	'postgres',
	slurp_file('test/pgtap/clv_data.psql') . "
	CREATE EXTENSION postgres_fdw;
	CREATE TABLE whole (place text, $columns);
	INSERT INTO whole $rows;
	CREATE TABLE fact (place text, $columns) PARTITION BY LIST (place)");
foreach my $place ('east', 'west')
{
	$node->safe_psql(
		'postgres', "
		CREATE SERVER $place FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname '$place', extensions 'crmcost');
		CREATE USER MAPPING FOR CURRENT_USER SERVER $place;
		CREATE FOREIGN TABLE fact_$place PARTITION OF fact FOR VALUES IN ('$place') SERVER $place OPTIONS (table_name 'fact');
		INSERT INTO fact_$place SELECT * FROM whole WHERE place = '$place'");
	$node->safe_psql($place, 'ANALYZE fact');
}

# Aggregates with a state of their own: the names of all arguments are columns.
my @pairs = map { [ split /\|/, $_ ] } split /\n/, $node->safe_psql(
	'postgres', q{
	SELECT p.proname, part.proname,
	  CASE WHEN a.aggfinalfn = 'crmcost.shapley_rate_final'::regproc THEN 'shapley_attribution_rate_merge' ELSE p.proname || '_merge' END,
	  (SELECT string_agg(format('%s::%s', n, t::regtype), ', ' ORDER BY i)
	   FROM unnest(p.proargnames, p.proargtypes::oid[]) WITH ORDINALITY AS u (n, t, i))
	FROM pg_proc p
	JOIN pg_aggregate a ON a.aggfnoid = p.oid
	JOIN pg_proc part ON part.pronamespace = p.pronamespace AND part.prokind = 'a'
	  AND part.proname IN (p.proname || '_partial', p.proname)
	  AND part.proargtypes = p.proargtypes
	WHERE p.pronamespace = 'crmcost'::regnamespace AND p.proname !~ '^_' AND p.proname !~ '_(merge|partial)$'
	  AND (part.oid <> p.oid OR NOT EXISTS (
	    SELECT FROM pg_proc q WHERE q.pronamespace = p.pronamespace AND q.proname = p.proname || '_partial'))
	ORDER BY 1, 4});
is( $node->safe_psql(
		'postgres', q{SELECT count(*) FROM pg_proc p WHERE p.pronamespace = 'crmcost'::regnamespace
	AND p.prokind = 'a' AND p.proname !~ '^_' AND p.proname !~ '_(merge|partial)$'}),
	scalar @pairs,
	'every aggregate has its two levels');

foreach my $pair (@pairs)
{
	my ($name, $partial, $merge, $arguments) = @$pair;
	my $levels = join(' UNION ALL ',
		map { "SELECT crmcost.$partial($arguments) AS state FROM fact_$_" } 'east', 'west');
	my $query = "SELECT crmcost.$merge(state)::text FROM ($levels) s";
	my $want  = $node->safe_psql('postgres', "SELECT crmcost.$name($arguments)::text FROM whole");
	isnt($want, '', "$name($arguments) has an answer");
	is($node->safe_psql('postgres', $query), $want, "$merge over $partial: the same");

	my $plan    = $node->safe_psql('postgres', "EXPLAIN (VERBOSE, COSTS OFF) $query");
	my @shipped = $plan =~ /Remote SQL: SELECT crmcost\.$partial\(/g;
	is(scalar @shipped, 2, "$partial is computed where the rows are") or diag($plan);

	# by the key of the partitions PostgreSQL writes the first level itself
	$query = "SET enable_partitionwise_aggregate = on;
		SELECT crmcost.$merge(state)::text FROM (SELECT crmcost.$partial($arguments) AS state FROM fact GROUP BY place) s";
	is($node->safe_psql('postgres', $query), $want, "$merge over partitions: the same");
	$plan = $node->safe_psql('postgres',
		$query =~ s/SELECT crmcost\.$merge/EXPLAIN (VERBOSE, COSTS OFF) $&/r);
	@shipped = $plan =~ /Remote SQL: SELECT (?:place, )?crmcost\.$partial\(/g;
	is(scalar @shipped, 2, "$partial of a partition is computed where it is") or diag($plan);
}

# a place without rows sends a NULL, which counts for nothing
is( $node->safe_psql(
		'postgres', q{SELECT crmcost.nps_merge(s)::text FROM (
	SELECT crmcost.nps_partial(score::integer) AS s FROM fact_east UNION ALL SELECT crmcost.nps_partial(score::integer) FROM fact_west WHERE score < 0) p}
	),
	$node->safe_psql(
		'postgres', q{SELECT crmcost.nps(score::integer)::text FROM whole WHERE place = 'east'}),
	'a place without rows counts for nothing');
# without the option the rows come
unlike(
	$node->safe_psql(
		'postgres',
		q{ALTER SERVER east OPTIONS (DROP extensions); EXPLAIN (VERBOSE, COSTS OFF) SELECT crmcost.nps_partial(score::integer) FROM fact_east}
	),
	qr/Remote SQL: SELECT crmcost/,
	'option extensions is what lets them be computed there');

done_testing();
