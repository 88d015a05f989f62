# All analytic functions on a read-only standby: the same answers as on the
# primary, from plain rows and from stored states, with and without workers.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = start_node('primary', allows_streaming => 1);
$primary->safe_psql(
	'postgres', q{
CREATE TABLE sale AS
  SELECT i::bigint AS id, (i % 700)::bigint AS customer_id,
    timestamptz '2024-01-01' + make_interval(hours => i * 7 % 8760) AS at,
    date '2024-01-01' + i * 7 % 365 AS on_day,
    round((i * 31 % 10007)::numeric / 100, i % 3) AS amount, (i % 300)::float8 AS x
  FROM generate_series(1, 20000) i;
CREATE TABLE stored AS
  SELECT id % 12 AS month, rfm(at, amount) AS r, rfm_group(customer_id, at, amount) AS g,
    repeat_purchases(on_day, amount) AS d, rfm_cuts(x, x, amount::float8) AS c
  FROM sale GROUP BY 1;
ANALYZE;
});

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->safe_psql('postgres',
	'UPDATE stored SET month = month + 1; INSERT INTO sale SELECT id + 20000, customer_id, at, on_day, amount, x FROM sale WHERE id <= 500; ANALYZE'
);
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('write'));
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby is one');

my %query = (
	'rfm and its accessors' =>
	  q{SELECT customer_id, first_at(r), last_at(r), frequency(r), monetary(r), average_order(r), recency_days(r, '2026-01-01')
	    FROM (SELECT customer_id, rfm(at, amount) AS r FROM sale GROUP BY 1) s},
	'rfm of all' => 'SELECT rfm(at, amount) FROM sale',
	'rfm_merge'  => 'SELECT rfm_merge(r) FROM stored',
	'rfm_group'  =>
	  'SELECT u.* FROM (SELECT rfm_group(customer_id, at, amount) AS g FROM sale) s, unnest(g) u',
	'rfm_group_merge'                    => 'SELECT md5(rfm_group_merge(g)::text) FROM stored',
	'repeat_purchases and its accessors' =>
	  q{SELECT customer_id, frequency(r), recency(r), age(r, '2026-01-01'), monetary_value(r)
	    FROM (SELECT customer_id, repeat_purchases(on_day, amount) AS r FROM sale GROUP BY 1) s},
	'repeat_purchases_merge' => 'SELECT repeat_purchases_merge(d) FROM stored',
	'rfm_cuts'               => 'SELECT rfm_cuts(x, x, x), rfm_cuts(x, x, x, 7) FROM sale',
	'rfm_score, three forms' =>
	  q{SELECT id, rfm_score(x, x, x) OVER (), rfm_score(x, x, x, (SELECT c FROM stored WHERE month = 3)), rfm_score(x, x, x, '{30,90}', '{1,2}', '{10,50}') FROM sale},
	'rfm_segment'                   => 'SELECT rfm_segment(555)',
	'abc_tier and cumulative_share' =>
	  'SELECT id, abc_tier(amount) OVER (), cumulative_share(amount) OVER () FROM sale',
	'top_share, gini, gini_signed' =>
	  'SELECT top_share(amount, 0.2), gini(amount), gini_signed(amount - 50) FROM sale',
	'allocate, both forms' =>
	  q{SELECT id, allocate(1000, amount) OVER (ORDER BY id), allocate(10, array[1, amount + 1, 3]) FROM sale},
	'cac' => 'SELECT cac(amount, id % 3), cac(amount, id % 3 = 0) FROM sale',
	'clv' => 'SELECT clv(100, 0.8, 0.1), clv(100, 0.8, 0.1, 36)',);
my $workers =
  'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2';

foreach my $name (sort keys %query)
{
	my ($rc, $want) = run_psql($primary, $query{$name});
	is($rc, 0, "$name runs on the primary");
	my ($rc2, $have, $err) = run_psql($standby, $query{$name});
	is($rc2, 0, "$name runs on the standby") or diag($err);
	ok($have eq $want && $want ne '', "$name: the same answer");
	(undef, $have) = run_psql($standby, $workers, $query{$name});
	ok(join("\n", sort split /\n/, $have) eq join("\n", sort split /\n/, $want),
		"$name: the same with workers");
}
like(
	(run_psql($standby, $workers, "EXPLAIN $query{'rfm of all'}"))[1],
	qr/Partial Aggregate/,
	'the workers did take part');
done_testing();
