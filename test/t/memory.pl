# Memory of a backend (its high-water mark, VmHWM): the same distinct state over
# ten times the rows, groups or partitions takes no more than 10 MB more.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use Test::More;

plan skip_all => 'the high-water mark is read from /proc'
  unless -r '/proc/self/status';

my $limit = 10 * 1024;    # kB

my $node = start_node('memory');
$node->safe_psql(
	'postgres', q{
CREATE TABLE stored AS
  SELECT i AS n, rfm(at, amount) AS r, rfm_group(c, at, amount) AS g,
    repeat_purchases(at::date, amount) AS d
  FROM generate_series(0, 99) i,
    LATERAL (SELECT c::bigint, timestamptz '2024-01-01' + make_interval(days => c) AS at,
      c::numeric / 4 + i AS amount FROM generate_series(1, 300) c) s
  GROUP BY i;
CREATE AGGREGATE sample(float8, float8, float8) (SFUNC = purchases_fit_trans, STYPE = clv_sample, SSPACE = 65536);
CREATE AGGREGATE sample(float8, float8) (SFUNC = gamma_gamma_fit_trans, STYPE = clv_sample, SSPACE = 65536);
-- twenty customers whose likelihood has a maximum
CREATE TABLE shopper AS SELECT n, x::float8, t_x::float8, t::float8 FROM (VALUES
  (0, 0, 0, 30), (1, 0, 0, 35), (2, 0, 0, 32), (3, 0, 0, 38), (4, 0, 0, 31), (5, 1, 3.3, 33), (6, 1, 17.5, 35), (7, 1, 27.0, 30),
  (8, 2, 5.7, 38), (9, 2, 11.1, 37), (10, 2, 35.1, 39), (11, 3, 6.2, 31), (12, 3, 34.2, 36), (13, 4, 29.7, 33), (14, 5, 7.6, 38),
  (15, 6, 37.1, 39), (16, 8, 33.0, 34), (17, 9, 11.1, 37), (18, 14, 35.3, 36), (19, 25, 37.4, 39)) v (n, x, t_x, t);
CREATE TABLE cuts AS SELECT i AS n, rfm_cuts(x, x, x) AS c
  FROM generate_series(0, 9) i, LATERAL (SELECT (i * y)::float8 FROM generate_series(1, 100) y) s (x) GROUP BY i;
ANALYZE;
});

# The rows of a case: $n of them in $n / 20 groups, in order of the group, so
# that neither a sort nor a hash table grows with them.
my $rows = q{(SELECT i, i / 20 AS g, i % 7 AS few, (i % 50)::bigint AS c,
  timestamptz '2024-01-01' + make_interval(hours => i % 8760) AS at,
  date '2024-01-01' + i % 365 AS on_day, (i % 1000)::numeric / 4 AS amount,
  (i % 1000)::numeric * 1e40 AS wide, repeat('7', 3000 + i % 3)::numeric AS long, (i % 300)::float8 AS x
  FROM generate_series(1, %d) i) s};

# name, rows of the smaller run, query; %s is the rows
my @cases = (
	# one state, many rows
	[ 'rfm, a row each',              50_000, "SELECT rfm(at, amount)::text FROM %s" ],
	[ 'rfm, amounts beyond 128 bits', 25_000, "SELECT rfm(at, wide)::text FROM %s" ],
	[ 'rfm_group', 50_000, "SELECT length(rfm_group(c, at, amount)::text) FROM %s" ],
	[
		'rfm_group, large',
		50_000, "SELECT length(rfm_group_send(rfm_group(i %% 20000, at, amount))::text) FROM %s"
	],
	[ 'repeat_purchases', 50_000, "SELECT repeat_purchases(on_day, amount)::text FROM %s" ],
	[
		'samples of lifetime value models',
		50_000,
		'SELECT length(a::text), length(b::text) FROM (SELECT sample(c, 3, x + 3) AS a, sample(c, x + 1) AS b FROM %s WHERE c > 0 OFFSET 0) t'
	],
	[
		'bgnbd_fit by group',
		5_000,
		'SELECT count(r::text) FROM (SELECT bgnbd_fit(shopper.x, t_x, t) AS r FROM %s JOIN shopper ON n = i %% 20 GROUP BY (i - 1) / 20 OFFSET 0) t'
	],
	[ 'cac', 50_000, "SELECT cac(amount, c), cac(wide, c > 3) FROM %s" ],
	[
		'kaplan_meier, nps, csat_interval',
		50_000,
		'SELECT kaplan_meier(x, few > 3)::text, nps(few), csat_interval(amount, 100) FROM %s'
	],
	[
		'rfm_merge of stored states',
		10_000, 'SELECT rfm_merge(r)::text FROM %s JOIN stored ON n = i %% 100'
	],
	[
		'rfm_group_merge of stored, compressed states',
		1_000, 'SELECT length(rfm_group_merge(stored.g)::text) FROM %s JOIN stored ON n = i %% 100'
	],
	[
		'repeat_purchases_merge of stored, compressed states',
		2_500,
		'SELECT repeat_purchases_merge(d)::text FROM %s JOIN stored ON n = i %% 100'
	],

	# many states, one after the other
	[
		'rfm by group', 25_000,
		'SELECT count(r::text) FROM (SELECT rfm(at, amount) AS r FROM %s GROUP BY g OFFSET 0) t'
	],
	[
		'rfm_group by group, large ones',
		25_000,
		'SELECT count(r::text) FROM (SELECT rfm_group(i, at, amount) AS r FROM %s GROUP BY i / 2000 OFFSET 0) t'
	],
	[
		'repeat_purchases by group',
		25_000,
		'SELECT count(r::text) FROM (SELECT repeat_purchases(on_day, amount) AS r FROM %s GROUP BY g OFFSET 0) t'
	],
	[
		'rfm_cuts by group',
		25_000,
		'SELECT count(r::text) FROM (SELECT rfm_cuts(x, x, x) AS r FROM %s GROUP BY g OFFSET 0) t'
	],
	[
		'top_share and gini by group',
		25_000,
		'SELECT sum(a), sum(b), sum(c) FROM (SELECT top_share(amount, 0.2) AS a, gini(amount + 1) AS b, gini_signed(wide + 1) AS c FROM %s GROUP BY g OFFSET 0) t'
	],
	[
		'gini by group, large ones',
		25_000,
		'SELECT sum(a) FROM (SELECT gini(amount + 1) AS a FROM %s GROUP BY i / 10000 OFFSET 0) t'
	],
	[
		'kaplan_meier and logrank by group',
		25_000,
		'SELECT count(a::text), count(b::text) FROM (SELECT kaplan_meier(x, few > 3) AS a, logrank(x, few > 3, (few %% 3)::text) AS b FROM %s GROUP BY g OFFSET 0) t'
	],
	[
		'points_balance by group',
		25_000,
		q{SELECT count(a::text), count(b::text) FROM (SELECT points_balance(amount, at, at + '90 days', '2025-01-01') AS a, points_expiry(amount, at, at + '90 days', NULL, 'o' || few, '2024-06-01') AS b FROM %s GROUP BY g OFFSET 0) t}
	],
	[
		'points_balance by group, large ones',
		25_000,
		q{SELECT count(a::text) FROM (SELECT points_balance(CASE WHEN few = 6 AND i %% 10000 > 10 THEN -least(amount, 1) ELSE amount + 1 END, timestamptz '2020-01-01' + i * interval '1 min', NULL, '2025-01-01') AS a FROM %s GROUP BY i / 10000 OFFSET 0) t}
	],
	[
		'cac by group', 25_000,
		'SELECT count(r) FROM (SELECT cac(amount, c) AS r FROM %s GROUP BY g OFFSET 0) t'
	],

	# windows: many partitions
	[
		'rfm_score by partition',
		25_000,
		'SELECT sum(r) FROM (SELECT rfm_score(x, x, x) OVER (PARTITION BY g) AS r FROM %s OFFSET 0) t'
	],
	[
		'abc_tier by partition',
		25_000,
		'SELECT count(r) FROM (SELECT abc_tier(amount) OVER (PARTITION BY g) AS r FROM %s OFFSET 0) t'
	],
	[
		'abc_tier in numeric by partition',
		12_500,
		'SELECT count(r) FROM (SELECT abc_tier(wide) OVER (PARTITION BY g) AS r FROM %s OFFSET 0) t'
	],
	[
		'cumulative_share by partition',
		25_000,
		'SELECT sum(r) FROM (SELECT cumulative_share(amount) OVER (PARTITION BY g) AS r FROM %s OFFSET 0) t'
	],
	[
		'cumulative_share in numeric by partition',
		12_500,
		'SELECT sum(r) FROM (SELECT cumulative_share(wide) OVER (PARTITION BY g) AS r FROM %s OFFSET 0) t'
	],
	[
		'allocate by partition',
		25_000,
		'SELECT sum(r) FROM (SELECT allocate(100, amount) OVER (PARTITION BY g) AS r FROM %s OFFSET 0) t'
	],
	[
		'allocate in numeric by partition',
		12_500,
		'SELECT sum(r) FROM (SELECT allocate(100, wide) OVER (PARTITION BY g) AS r FROM %s OFFSET 0) t'
	],
	[
		'parameters that are columns',
		12_500,
		'SELECT sum(r), sum(length(q)) FROM (SELECT allocate(g * 1e40, amount, few - few + 2) OVER (PARTITION BY g) AS r, abc_tier(amount, 0.5 + g - g, 0.9 + g - g) OVER (PARTITION BY g) AS q FROM %s OFFSET 0) t'
	],
	[
		'rows of three thousand digits',
		750,
		'SELECT max(length(r)), count(a) FROM (SELECT abc_tier(long) OVER (PARTITION BY g) AS r, allocate(1, long) OVER (PARTITION BY g) AS a FROM %s OFFSET 0) t'
	],

	# scalars: many rows
	[
		'accessors',
		25_000,
		'SELECT count(row(first_at(r), last_at(r), frequency(r), monetary(r), average_order(r), recency_days(r, $$2030-01-01$$), frequency(d), recency(d), age(d, $$2030-01-01$$), monetary_value(d))) FROM %s JOIN stored ON n = i %% 100'
	],
	[
		'rfm_score with changing cuts',
		25_000,
		'SELECT sum(rfm_score(x, x, x, cuts.c)), sum(rfm_score(x, x, x, (cuts.c).recency, (cuts.c).frequency, (cuts.c).monetary)) FROM %s JOIN cuts ON n = i %% 10'
	],
	[
		'allocate of arrays',
		7_500,
		'SELECT count(allocate(amount, array[amount, wide, 3])), count(allocate(amount, array[amount, 1, 3])) FROM %s'
	],
	[
		'the groups of many months',
		2_500,
		q{SELECT count(u.parts), sum(u.unused) FROM %s, _allocate_groups(ARRAY[ARRAY[amount, 1, few], ARRAY[wide, NULL, 3]], '{1,2,2}', '{1,2,2}', ARRAY[amount, amount, wide], '{2,2,2}', '{NULL,1,NULL}') u}
	],
	[
		'predictions',
		25_000,
		'SELECT sum(p_alive(m, c, 3, x + 3)), sum(expected_purchases(m, 39, c, 3, x + 3)), sum(clv(m, s, c, 3, x + 3, 20, 2, 0.01)) FROM (SELECT *, bgnbd(1 + x, 4, 0.8, 2) AS m, gamma_gamma(6, 4, 15 + x) AS s FROM %s WHERE c > 0 OFFSET 0) t'
	],
	[ 'clv', 7_500, 'SELECT sum(clv(amount, 0.8, 0.1, 36)) FROM %s' ],
	[
		'text of states read and written',
		750,
		'SELECT sum(length(r::text::rfm::text) + length(stored.g::text::rfm_group::text) + length(d::text::repeat_purchases::text)) FROM %s JOIN stored ON n = i %% 100'
	],
	[
		'unnest in FROM',
		500, 'SELECT count(u.summary) FROM %s JOIN stored ON n = i %% 100, unnest(stored.g) u'
	],
	[
		'unnest in the select list',
		500,
		'SELECT count(u) FROM (SELECT unnest(stored.g) AS u FROM %s JOIN stored ON n = i %% 100 OFFSET 0) t'
	],
	[
		'unnest of one group',
		5_000,
		'SELECT count(u) FROM (SELECT unnest(rfm_group(i, at, amount)) AS u FROM (SELECT i %% 20000 AS i, at, amount FROM %s) v OFFSET 0) t'
	],);

sub high_water
{
	my ($query, $n) = @_;
	my $sql = sprintf($query, sprintf($rows, $n));
	$sql =~ s/%%/%/g;
	my ($rc, $out, $err) = run_psql(
		$node,
		"SET work_mem = '1MB'",
		'SET enable_sort = off; SET enable_incremental_sort = off; SET enable_hashagg = off',
		"SELECT 'result', md5(s::text) FROM ($sql) s",
		q{SELECT 'memory', (regexp_match(pg_read_file('/proc/self/status'), 'VmHWM:\s+(\d+) kB'))[1]}
	);
	is($rc, 0, 'the query runs') || diag($err) if $rc != 0;
	return $out =~ /^memory\|(\d+)$/m ? $1 : undef;
}

foreach my $case (@cases)
{
	my ($name, $n, $query) = @$case;
	my $small = high_water($query, $n);
	my $large = high_water($query, $n * 10);
	cmp_ok($large - $small, '<', $limit, "$name: ten times $n rows take no more memory")
	  or diag("$small kB, then $large kB");
}

# the measure does see what grows
my $query = 'SELECT gini(amount + 1) FROM %s';
cmp_ok(high_water($query, 1_000_000) - high_water($query, 100_000),
	'>', $limit, 'control: a state that holds every value does take more');

done_testing();
