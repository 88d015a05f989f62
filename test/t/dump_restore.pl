# Stored states leave a server by pg_dump and by COPY, as text and binary, and
# survive a crash: what comes back is the same to the byte.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('dump');
my $dir  = $node->basedir;
$node->safe_psql(
	'postgres', q{
CREATE TABLE state (id int PRIMARY KEY, r rfm, g rfm_group, d repeat_purchases, c rfm_cuts, rs rfm[], p rfm_population, v value_bag, s cac_sums, k clv_sample, m bgnbd,
  started rfm DEFAULT '(1,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,1,0.50)');
INSERT INTO state (id, r, g, d, c, rs, p, v, s, k, m)
  SELECT i % 50, rfm(at, amount), rfm_group(c, at, amount), repeat_purchases(at::date, amount), rfm_cuts(c, c, amount::float8),
    array[rfm(at, amount), NULL, rfm(at, -amount)], '(1,5,{-0.1,5e-324,1e+308})', '(1,0.2,1e60,-2.5)', '(1,-0.01,7)',
    '(1,{0,0,4.5,0.1},{2,3.25,1e+308,2.5})', bgnbd(0.243, 4.414, 0.793, 2.426)
  FROM (SELECT i, i::bigint % 997 AS c, timestamptz '0044-03-15 BC' + make_interval(days => i * 11, secs => i / 7.0) AS at, round(i::numeric ^ 3 / 1000, i % 5) AS amount FROM generate_series(1, 20000) i) x
  GROUP BY 1;
INSERT INTO state (id) VALUES (-1);
CREATE VIEW customers AS SELECT id, u.customer_id, u.monetary FROM state, unnest(g) u;
CREATE MATERIALIZED VIEW merged AS SELECT id % 5 AS n, rfm_merge(r) AS r, repeat_purchases_merge(d) AS d FROM state GROUP BY 1;
CREATE INDEX state_monetary ON state (monetary(r));
CREATE INDEX state_often ON state (id) WHERE frequency(r) > 5;
});

my $text = 'SELECT md5(string_agg(s::text, E\'\n\' ORDER BY id)) FROM state s';
my $bytes =
  q{SELECT md5(string_agg(rfm_send(r)::text || rfm_group_send(g)::text || repeat_purchases_send(d)::text || rfm_population_send(p)::text || value_bag_send(v)::text || cac_sums_send(s)::text || clv_sample_send(k)::text, ' ' ORDER BY id)) FROM state};
my $views =
  q{SELECT (SELECT md5(string_agg(c::text, ' ' ORDER BY id, customer_id)) FROM customers c) || (SELECT md5(string_agg(m::text, ' ' ORDER BY n)) FROM merged m)};
my %want = map { ($_ => $node->safe_psql('postgres', $_)) } ($text, $bytes, $views);

sub same
{
	my ($database, $how, @queries) = @_;
	foreach my $query (@queries)
	{
		is($node->safe_psql($database, "SET search_path = public, crmcost; $query"),
			$want{$query},
			"$how: " . ($query eq $text ? 'text' : $query eq $bytes ? 'bytes' : 'views'));
	}
}

foreach my $format ('plain', 'custom')
{
	$node->safe_psql('postgres', "CREATE DATABASE from_$format");
	$node->command_ok(
		[
			'pg_dump',           '--format',
			$format,             '--file',
			"$dir/$format.dump", $node->connstr('postgres')
		],
		"pg_dump, $format");
	$node->command_ok(
		$format eq 'plain'
		? [
			'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/plain.dump",
			$node->connstr('from_plain')
		  ]
		: [
			'pg_restore', '--exit-on-error',
			'--dbname',   $node->connstr('from_custom'),
			"$dir/custom.dump"
		],
		"and restored");
	same("from_$format", "pg_dump, $format", $text, $bytes, $views);
	is( $node->safe_psql(
			"from_$format",
			"SET search_path = crmcost; INSERT INTO public.state (id) VALUES (9999) RETURNING started"
		),
		'(1,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,1,0.50)',
		'the default of a column is a literal of the type');
}

# composite types of an extension and generated columns go by COPY BINARY too
foreach my $format ('text', 'csv', 'binary')
{
	$node->safe_psql(
		'postgres',
		"COPY state TO '$dir/state.$format' (FORMAT $format);
		 SET DateStyle = 'SQL, DMY'; SET TimeZone = 'Asia/Kathmandu'; SET extra_float_digits = 0;
		 TRUNCATE state;
		 COPY state FROM '$dir/state.$format' (FORMAT $format)");
	same('postgres', "COPY $format", $text, $bytes);
}

# a crash: states are in the WAL as they are in the table
$node->safe_psql('postgres',
	'CHECKPOINT; UPDATE state SET id = id + 1000; UPDATE state SET id = id - 1000');
$node->stop('immediate');
$node->start;
same('postgres', 'after a crash', $text, $bytes);
is( $node->safe_psql(
		'postgres',
		'SET enable_seqscan = off; SELECT count(*) FROM state WHERE monetary(r) = (SELECT max(monetary(r)) FROM state)'
	),
	'1',
	'an index on an accessor finds its row');
done_testing();
