# Attribution of the 10,000 paths that come with ChannelAttribution, by rules and
# by Markov chains: exact credits, the same however the rows come.  The data lie
# beside the tree (CRMCOST_DATA); without them the test is skipped.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use Test::More;

my $data = ($ENV{CRMCOST_DATA} // '../shared/data') . '/channelattribution_pathdata.csv.xz';
plan skip_all => 'the path data are not there: set CRMCOST_DATA' unless -r $data;
my $rows = `xz -dc '$data'`;
plan skip_all => 'xz is not there, to unpack the path data' if $rows eq '';

my $node = start_node('attribution_paths');
$node->safe_psql('postgres',
	'CREATE TABLE raw (path text, conversions numeric, value numeric, lost numeric)');
IPC::Run::run(
	[
		'psql', '-XAtq',
		'-d',   $node->connstr('postgres'),
		'-c',   'COPY raw FROM STDIN (FORMAT csv, HEADER)'
	],
	'<',
	\$rows);
$node->safe_psql(
	'postgres', q{
CREATE TABLE path AS SELECT row_number() OVER () AS id, string_to_array(path, ' > ') AS path, conversions, value, lost FROM raw;
CREATE TABLE touch AS
  SELECT id, conversions, channel, timestamptz '2025-01-01' + n * interval '1 hour' AS touched_at, timestamptz '2025-06-01' AS converted_at
  FROM path, unnest(path) WITH ORDINALITY u (channel, n);
ANALYZE});
is($node->safe_psql('postgres', 'SELECT count(*), sum(conversions), sum(lost) FROM path'),
	'10000|19785|68602', 'the data are all there');

# Compares credits, channel|number a line, with those wanted.
sub near
{
	my ($query, $want, $tolerance, $what) = @_;
	my %have = map { split /\|/ } split /\n/, $node->safe_psql('postgres', $query);
	my @wrong =
	  grep { !defined $have{$_} || abs($have{$_} - $want->{$_}) > $tolerance } sort keys %$want;
	is(scalar(keys %have), scalar(keys %$want), "$what: channels");
	is("@wrong",           '',                  $what)
	  or diag(join ', ', map { "$_ $have{$_} instead of $want->{$_}" } @wrong);
}

# by the peer's own heuristics, which are exact
my %rule = (
	first => {
		eta     => 3164,
		iota    => 4606,
		alpha   => 6308,
		beta    => 2831,
		theta   => 1606,
		lambda  => 902,
		kappa   => 74,
		zeta    => 27,
		epsilon => 99,
		gamma   => 165,
		delta   => 1,
		mi      => 2
	},
	last => {
		eta     => 4167,
		iota    => 3355,
		alpha   => 8447,
		beta    => 989,
		theta   => 653,
		lambda  => 1207,
		kappa   => 230,
		zeta    => 107,
		epsilon => 531,
		gamma   => 92,
		delta   => 5,
		mi      => 2
	},
	linear => {
		eta     => 3539.951157101,
		iota    => 3857.096221018,
		alpha   => 7574.718593751,
		beta    => 2083.500144589,
		theta   => 1022.801393904,
		lambda  => 1035.257572286,
		kappa   => 137.964077922,
		zeta    => 136.551540466,
		epsilon => 272.17043772,
		gamma   => 121.04163902,
		delta   => 1.725,
		mi      => 2.222222222
	});
near(
	qq{SELECT channel, sum(conversions::float8 * w) FROM (SELECT *, attribution_weight('$_', touched_at, converted_at) OVER (PARTITION BY id ORDER BY touched_at) AS w FROM touch) s GROUP BY 1},
	$rule{$_}, 1e-6, "attribution_weight, $_") foreach sort keys %rule;

# by a linear solve of its own
my $credits =
  'SELECT channel, conversions FROM (SELECT markov_attribution(path, conversions, value, lost) AS m FROM path) s, unnest(m)';
near(
	$credits,
	{
		alpha   => 5344.9476820852,
		beta    => 2527.3521665204,
		delta   => 4.6136183111,
		epsilon => 599.5706504632,
		eta     => 3340.8474015009,
		gamma   => 171.1454426937,
		iota    => 3884.6147018751,
		kappa   => 274.3632559548,
		lambda  => 1282.8472233944,
		mi      => 1.7224245563,
		theta   => 1971.9128798869,
		zeta    => 381.0625527581
	},
	1e-9,
	'Markov of order 1');
is( $node->safe_psql(
		'postgres',
		q{SELECT round(conversions, 2) FROM (SELECT markov_attribution(path, conversions, value, lost, 2) AS m FROM path) s, unnest(m) WHERE channel = 'alpha'}
	),
	'5617.45',
	'Markov of order 2 keeps repeated channels');
is( $node->safe_psql(
		'postgres',
		'SELECT count(*) FROM (SELECT markov_attribution(path, conversions, value, lost, o) AS m FROM path, generate_series(1, 3) o GROUP BY o) s WHERE (SELECT sum(conversions) FROM unnest(m)) = 19785 AND (SELECT sum(value) FROM unnest(m)) = (SELECT sum(value) FROM path)'
	),
	3,
	'credits sum to the totals');

foreach my $call (
	'markov_attribution(path, conversions, value, lost)',
	'markov_attribution(path, conversions, value, lost, 3)',
	'shapley_attribution(path, conversions, value)',
	'shapley_attribution(path, conversions, value, lost)')
{
	my $whole    = $node->safe_psql('postgres', "SELECT $call FROM path");
	my $parallel = join '; ', map { "SET $_" } 'parallel_setup_cost = 0',
	  'parallel_tuple_cost = 0', 'min_parallel_table_scan_size = 0',
	  'max_parallel_workers_per_gather = 2';
	is( $node->safe_psql(
			'postgres', "SELECT $call FROM (SELECT * FROM path ORDER BY md5(id::text) OFFSET 0) s"),
		$whole,
		"$call: shuffled");
	is($node->safe_psql('postgres', "$parallel; SELECT $call FROM path"),
		$whole, "$call: in parallel");
	like(
		$node->safe_psql('postgres', "$parallel; EXPLAIN SELECT $call FROM path"),
		qr/Partial Aggregate/,
		'which the plan shows');
	is( $node->safe_psql(
			'postgres',
			"SELECT $call FROM (SELECT path, sum(conversions) AS conversions, sum(value) AS value, sum(lost) AS lost FROM path GROUP BY path) s"
		),
		$whole,
		"$call: equal paths as one row");
	# the value has two decimals more then, and so have its credits
	my $rounded =
	  "SELECT string_agg(concat_ws(' ', channel, round(u.conversions, 10), round(u.value, 10)), ',') FROM (SELECT $call AS m FROM";
	is( $node->safe_psql(
			'postgres',
			"$rounded (SELECT path, conversions * 0.25 AS conversions, value * 0.25 AS value, lost * 0.25 AS lost FROM path, generate_series(1, 4)) p) s, unnest(m) u"
		),
		$node->safe_psql('postgres', "$rounded path) s, unnest(m) u"),
		"$call: each row in four parts");
}

done_testing();
