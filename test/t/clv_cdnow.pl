# Fits on the CDNOW data: the purchases of 23,570 customers in 39 weeks, and the
# published tenth of them (Fader, Hardie and Lee 2005).  The data lie beside the
# tree (CRMCOST_DATA); without them the test is skipped.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use MIME::Base64;
use Nodes;
use Test::More;

my $data = ($ENV{CRMCOST_DATA} // '../shared/data') . '/CDNOW_master.txt';
plan skip_all => 'the CDNOW data are not there: set CRMCOST_DATA' unless -r $data;

my $node = start_node('clv_cdnow');

# one line a purchase: customer, day, number of disks, dollars
open(my $file, '<', $data) or die "$data: $!";
my @line      = map { join(',', (split)[ 0, 1, 3 ]) . "\n" } grep { /^ *\d/ } <$file>;
my $purchases = join('', @line);
my $bits      = decode_base64(join('', <DATA>));
my $sample    = join('', map { "$_\n" } grep { vec($bits, $_, 1) } 1 .. 23570);
foreach my $table ([ 'purchase (customer_id int, purchased_on date, amount numeric)', \$purchases ],
	[ 'sample (customer_id int PRIMARY KEY)', \$sample ])
{
	my ($definition, $rows) = @$table;
	my ($name) = $definition =~ /^(\w+)/;
	$node->safe_psql('postgres', "CREATE TABLE $definition");
	IPC::Run::run(
		[
			'psql', '-XAtq',
			'-d',   $node->connstr('postgres'),
			'-c',   "COPY $name FROM STDIN (FORMAT csv)"
		],
		'<', $rows);
}
$node->safe_psql(
	'postgres', q{
CREATE TABLE cdnow AS
  SELECT customer_id, customer_id IN (SELECT customer_id FROM sample) AS in_sample,
    frequency(p)::float8 AS x, recency(p) / 7.0 AS t_x, age(p, '1997-09-30') / 7.0 AS t,
    nullif(monetary_value(p), 0)::float8 AS m
  FROM (SELECT customer_id, repeat_purchases(purchased_on, amount) AS p
        FROM purchase WHERE purchased_on <= '1997-09-30' GROUP BY customer_id) s;
ANALYZE;
});
is( $node->safe_psql(
		'postgres',
		'SELECT count(*), count(*) FILTER (WHERE in_sample), count(m), count(m) FILTER (WHERE in_sample) FROM cdnow'
	),
	'23570|2357|9450|946',
	'as many customers as are published');

# fit, in the sample only, parameters, log-likelihood, standard errors, source
my @fits = (
	[
		'bgnbd_fit(x, t_x, t)',
		1, [ 0.2425945224, 4.413602019, 0.7929220172, 2.425906777 ],
		-9582.429206674,
		[ 0.01255738, 0.37822406, 0.18573382, 0.70541426 ],
		'lifetimes 0.11.3'
	],
	[
		'bgnbd_fit(x, t_x, t)',
		1, [ 0.243, 4.414, 0.793, 2.426 ],
		-9582.429, undef, 'Fader, Hardie and Lee 2005'
	],
	[
		'bgnbd_fit(x, t_x, t)',
		0, [ 0.2516239589, 4.788942962, 0.7234335766, 2.161088358 ],
		-95368.443933161,
		[ 0.00420197, 0.13125491, 0.05392924, 0.19858929 ],
		'lifetimes 0.11.3'
	],
	[
		'mbgnbd_fit(x, t_x, t)',
		1, [ 0.5248431598, 6.183085282, 0.8913593873, 1.614002229 ],
		-9582.135715554,
		[ 0.08326821, 0.69562064, 0.15478993, 0.5374948 ],
		'lifetimes 0.11.3'
	],
	[
		'mbgnbd_fit(x, t_x, t)',
		0, [ 0.6371397374, 7.310289553, 0.8074741035, 1.228393952 ],
		-95336.958319880,
		[ 0.03620746, 0.29326388, 0.03761176, 0.11194551 ],
		'lifetimes 0.11.3'
	],
	[
		'pareto_nbd_fit(x, t_x, t)',
		1,
		[ 0.55327705, 10.577683, 0.60623999, 11.668735 ],
		-9594.976179,
		[ 0.0476264, 0.8427222, 0.1872594, 6.2105448 ],
		'optimum by CLVTools 0.12.1 and Newton, standard errors as its tests have them'
	],
	[
		'pareto_nbd_fit(x, t_x, t)',
		0, [ 0.59741997, 11.585658, 0.52218562, 8.8277594 ],
		-95415.118617, undef, 'CLVTools 0.12.1 and Newton'
	],
	[
		'gamma_gamma_fit(x, m)',
		1, [ 6.249572185, 3.744224686, 15.44352128 ],
		-4055.917694802,
		[ 1.19005284, 0.29013319, 4.15942558 ],
		'lifetimes 0.11.3'
	],
	[
		'gamma_gamma_fit(x, m)',
		0, [ 6.27535827, 3.624450124, 14.98368951 ],
		-40763.476261391,
		[ 0.39969751, 0.09055341, 1.34403639 ],
		'lifetimes 0.11.3'
	],);

sub near
{
	my ($have, $want, $tolerance, $what) = @_;
	ok( @$have == @$want
		  && !(grep { !(abs($have->[$_] / $want->[$_] - 1) <= $tolerance) } 0 .. $#$want),
		$what) or diag("have @$have, want @$want");
}

sub read_fit
{
	my ($query) = @_;
	# (parameters,log_likelihood,customers,"{standard errors}")
	my @field = $node->safe_psql('postgres', $query) =~ /(-?\d[-+.e\d]*)/g;
	my $n     = (@field - 2) / 2;
	return {
		parameter      => [ @field[ 0 .. $n - 1 ] ],
		log_likelihood => $field[$n],
		customers      => $field[ $n + 1 ],
		std_error      => [ @field[ $n + 2 .. $#field ] ]
	};
}

foreach my $fit (@fits)
{
	my ($call, $in_sample, $parameter, $log_likelihood, $std_error, $source) = @$fit;
	my $where   = $in_sample ? 'WHERE in_sample' : '';
	my $have    = read_fit("SELECT $call FROM cdnow $where");
	my $what    = $in_sample ? "$call of the sample, $source" : "$call of all, $source";
	my $rounded = $source =~ /2005/;
	near($have->{parameter}, $parameter, $rounded ? 2e-3 : 1e-3, "$what: parameters");
	cmp_ok(
		abs($have->{log_likelihood} - $log_likelihood),
		'<',
		$rounded ? 1e-3 : 1e-5,
		"$what: log-likelihood");
	near($have->{std_error}, $std_error, 2e-3, "$what: standard errors") if $std_error;
	is( $have->{customers},
		$call =~ /gamma/ ? ($in_sample ? 946 : 9450) : ($in_sample ? 2357 : 23570),
		"$what: customers");
}

# Grouped rows with weights, rows in any order, parts combined, states stored:
# all the same.
foreach my $call (
	'bgnbd_fit(x, t_x, t)',
	'mbgnbd_fit(x, t_x, t)',
	'pareto_nbd_fit(x, t_x, t)',
	'gamma_gamma_fit(x, m)')
{
	my ($name, $columns) = $call =~ /(\w+)\((.*)\)/;
	my $have = read_fit("SELECT $call FROM cdnow");
	my $all  = sub {
		my ($f) = @_;
		return [ @{ $f->{parameter} }, $f->{log_likelihood}, $f->{customers}, @{ $f->{std_error} } ];
	};
	near(
		$all->(
			read_fit(
				"SELECT $name($columns, n) FROM (SELECT $columns, count(*) AS n FROM cdnow GROUP BY $columns) s"
			)),
		$all->($have),
		1e-12,
		"$call: grouped rows with weights");
	near(
		$all->(
			read_fit("SELECT $call FROM (SELECT * FROM cdnow ORDER BY md5(customer_id::text)) s")),
		$all->($have),
		1e-12,
		"$call: rows shuffled");
	near($all->(read_fit("SELECT $name($columns, 0.125) FROM cdnow, generate_series(1, 8)")),
		$all->($have), 1e-12, "$call: eight times an eighth");
	my $parallel =
	  q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 3;};
	like(
		$node->safe_psql('postgres', "$parallel EXPLAIN (COSTS OFF) SELECT $call FROM cdnow"),
		qr/Partial Aggregate/,
		"$call: the plan has a Partial Aggregate");
	near($all->(read_fit("$parallel SELECT $call FROM cdnow")),
		$all->($have), 1e-12, "$call: three workers");
}

# Hold-out: 39 weeks to fit, the next 39 to predict.
my ($actual, $predicted) = split /\|/, $node->safe_psql(
	'postgres', q{
WITH fitted AS (SELECT bgnbd_fit(x, t_x, t) AS model FROM cdnow WHERE in_sample),
later AS (
  SELECT customer_id, count(DISTINCT purchased_on) AS n FROM purchase
  WHERE purchased_on > '1997-09-30' GROUP BY customer_id)
SELECT sum(coalesce(n, 0)), sum(expected_purchases(model, 39, x, t_x, t))
FROM cdnow CROSS JOIN fitted LEFT JOIN later USING (customer_id) WHERE in_sample});
is($actual, 1882, 'hold-out: what was bought in the next 39 weeks');
cmp_ok(abs($predicted / $actual - 1), '<', 0.15, "hold-out: $predicted were predicted of $actual");

done_testing();

# The customers of the published sample as bits, from datasets/CDNOW_sample.txt
# of lifetimes 0.11.3.
__DATA__
EAAkAAAABBCAAEAAAIAHACgAgADAACAAQAABIBQECAAhAAACAAIABQAgIEACgAAAEAAAAQAiAAMA
AAACgAJAABAABEAAQBQAIAEAABAoABAgAAEACIAAgACAAAABABgBoBAgCAAAAQAUAAAGAAgCAAgA
QgAAAQhAAEAAIAAAUAAADAAEQAAAAQAoECgACABAQIBAABAAAAKAAAADGAACAAmIQAAgBCCAQAAg
ABIACgQAEgICQACAAAAJAAgBQAABEAEAAwGAAhAgAISIAIGAoDEAQAABAgGAIAhAQgkAgAABAAIA
EoAgAAQAIABkABCAAAEAARAACACCACAAAEAAQCIAgAGAEEghAIAAQAAAAgAwAMQEIAIBCABAAAAF
AEIAAIAACAMAAAoACGBAAAAICAAkgAKAQAAQADAAAgAiQBAIQQSAIAAEAAIAIAAAAgACAAIgACAA
AAICIgAARAEIIDAAgCCAgIAAAAGAAQABEAgBQCIAgAAAIgkhUACCABAAEIACSAQBAEAEAGAICMAA
oAAACABABABAEACAAAyAQQQgIAACAEABEAAJgAACQBQIACgAgAAjQEAgAAACUIAIEAkAAlAAIACA
ABEgBAAEAAEAQACAAAgAwAAABCACGAFAACAAABQACECAAUAAAAEIIIQAACIgAAgAIAAgAEQAgAQh
AgIQACAAAKEACABACEAAgAAAIAAgAKABACAQBAQAIAAgQIgAAYABAAkAQAAgAgRAAAABAiAAAAEA
EAAgIAICAAFACBAiACAAgAAgAGAAEAAgAAQBAIAkoABIABAEQABQCgFUAIgAAAQAiAAoEEgIAEEF
QIBAgAEADAEAAgASAACEAoAQAAABAAVAgCAAQAUACAIAIgBCIBEABAFAAgACAEAAICAUAIIQCCAI
AAIAQACAICAAAEQAgAgAKACAAIACYAgAASQIQAAAoAQAACQAAAQIEAAEAAIAoZCYAEAKAAKAAAAE
ABkIIAAQAEAABAgAAgAQQEAACZBAwACAAAhAAAAEAAQAEAAIABAAJABAAEAAIAEDAgCIAAACAAAk
ABEAEAAIBBACIBCIAgACAUAAAQKAgABACAAAQoAAgAAgAEAAAkQAQAAgACIAAAABACAAoAAAKAhA
AEEAIAAAEAQAQQBIAAAIgACAAIICACIBIAEEAIAAACBAAQEFBAEQQQQAEARCEAABgAAQABAAEgBR
AAICCCQAAACCgAAFACICwQAIBAJQCAAQABAAIwEAEQAAAhAICABCAAQAEIAAIAAMAEgAQABAgAAC
ABAQEAAIAQgAQECAQAEIAIICJAAQAAACEACBQEAAAAIBYACAAAAQABACEACAAACAgAAgACAAAAQA
AXAQCAACABAAAAQECABAAIAAABAAAoAAIAEIIAAYBIAAgAIAUQAQgABEAAABMAAAAQIhABAAAAAB
BEBAIBgAQAEAQQAgAAIBgAAAiAEAgAAgABCACgCCAAgEAgABIBAAAUIAIAEIAQBCAAABAAEgACEA
QQBAAAABgAAAIBQIAAABgAgECEQAAYAKAAQgABABIAAAIASAABAAAAxAABCAIEIAAQAiAAgADABR
AAACAAhABAAADACAAIAAAAGABEAAAJAABAAEAgAEAEYABAMEAEKAgICAkMAAhABAIAgACgAEABAA
AAIBIgEAIgBBAAFEAAKCAAwABCASAAERCAggARAAgAQAiQSAEAACgAkAIAAEAAgAIABAgSAAAFBA
EAIECAIgQACAIAABAAIBBgAIBAQACAAQAAIACAAEQAAAAkAAgAAQAEAEQAAQAKAAiAEAAQgBIAAC
ACACQAIAAgBIJAABUAIACQAQABAAAAQAAAgAIAAIAkCIADAAgAAABEAACAkACIRAECgIAgABCAQg
KACAACAgQUAAQAAAAQAFAgAIADIAQAQAAhQkAAQBQBBAAIKFIQAgAAABQCCADAECIAKAAAAACACA
AIQAAAEgAAAQAAAkAAgIEAAQAAAEASAAACAAQAiCABABOACAAAAGAAiACAAQAAACABEAQAEIAIDC
ALQAACIkQAAQAAIABAACgQSAgAAQIAAIAAABIAAKACAAQAAIAAJAAEAABAQAAoAgUAACACAIAAEA
AgABQBCAAAACICIgEAAUABAAABBCEAAjBCAgIAAQAIAQAAIQABAAKCCEEAAMAWBAQAABQhAABAAQ
AQQMAAIAABEAAAEEBASIQCAAkACEAAghAgoIEEAEABABAwARAECAAAiAgAgQAEAAQAMgAAABgACA
AAAkYIBAAAmAABAIAAQEBCgAIAAQAAIgAAgAZAAgEAAsAIQABAQACEAgICAAIAQBJAAAMQCAAQAI
ABAABAEACABACcAAAAgACCAgAEAAAA4ACEAAAkAASEAAAgAGAMACAAEABAAC4ACAAQAIEAQAAwEA
AgBAAAABgAAQAAYAQwQkAAABwEAgEEYCAhECBAAQUDAAQwAgAQgAEEAAAgAEAAgAARAACAAAAgBk
ADIAQAAgAQIBAAhACAAgAACgABAAQACAAAQBAANACAAEAAQAgEAAAiAACAQgAMCAAAQAGgAkAAAI
gEABgAAAAAUQgASAAABAgAAAAQABBAIAAYAFIAGIQAAhABAAAgAggAjAAAAhCEAJAEAABIAmABCC
CAAIACAACAABAAYABAAKgAgAEAEACAAEBBAABCAAAAECBAAIACAAAiAwACiAkAIAEIAkAAAEAAQA
AgADoAgARgCACAAIBCIAgAAgAAgQEAKAYAQAAUAAUAAgACAAAAKAAAACAAIACECAAMQAQAAgAECA
AAQCBEAAAgRAECAAgAAAAcAAECAIBEAAEIUAIAAgCAAIAIIIiBQAIQAEAAIAASAAAgDAAAACgACA
AACBQBAAAgAABAACABBAADAABAQQAgAgAEYAQABAhAACQABAAEIAAAIQABACAAQAJBAQAEAAAAJA
AAmAAAQgBAIEYAgAQACgAAIBAEBAIAEAAAgABBEAGEpIgQIkAIgAAQAQAIAEQABgAIAIQACgAAQJ
AAIgEAEAAgBAAEACIACQARAAEAAEAAQBBAAQACAIEABAABAAgAAAARAAESQQAAgCIAQBEAAAAYAA
AYIACCAAABEQDAQCAEQACAgAAgADAAgACAQAhgCgAFAAEAACAgAEAIAAQAQAEBiAEAAiQgAACQAA
AgCIgABAgAAQACABgAhAAECAgAAIARAICAABwABAAQAEQEQAiAAECEgAAAECCAAEQACABAAIAQIA
iACQAIAAAEAAoAAQAAQABACAKACABAABIAACQAACAAgAQmFRQAAEEAAEAAQABAAQABCAABAgAIAA
AAEAAAGBMAAkEUAIAAEgAAEgAIgAgACAAIAAIAAIAAgABABCBBAAEEAQAFgAgAAgAEgAAgAIAAAB
IBAACgAgAEAAAQIAAgQgAAIABEAYoAAFAAgEgAgAQAEACIAAIBAQAAMAQAASAAEQAAIACAAIAIIE
EAAFFgFAAAgEQACEAEABgARAAAkCQQASCCIAQQECgAEAFABAAAgAQQEIAAFAAIAAAgAiCAAgAggA
EAAAAQCAACQAgADAAJAAoABQAAgEFAACQABQkKAAAIgADAAIAAIAEABAAECBAAQAABIAACRAgYAI
AAgAAQICiBAABQIBABAAEAACIhAEAAIgAIACIIABIIAFACgAEABAABAABAQIQACAAEAYgAAgAUAA
ADgABEAAAAQAAQAEAAIAggBgIICAAAGAAHAAQAAIAAIAAYAAEAABCQACAAQAAAgAAQQBBAKAAIEA
gAAIAAgAIAAICABAAIAARAACABCAkIAECAAIAAkAAAJAAECAEACEBAgAEQgAGYEiAAA0gICAACgA
IAAgAAiAABAABYAACAAgDAJAAEEEAKEAAYAGACQAFCwACAACgBQAAg==
