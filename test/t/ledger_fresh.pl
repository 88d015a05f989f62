# The first minute of a new user: the README's five statements on a server with
# PostgreSQL's own settings, jit on.  Work is measured in CPU time of the backend
# and in what the planner thinks a report costs, which no other load changes.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('fresh');
$node->init;
$node->start;

# CPU time of this backend in ms, and work done under it.
my $measure = q{
	CREATE FUNCTION cpu() RETURNS numeric LANGUAGE sql VOLATILE AS $$
		SELECT 10 * (f[12]::numeric + f[13]::numeric)
		FROM string_to_array(substring(pg_read_file('/proc/self/stat') FROM '\) (.*)'), ' ') f$$;
	CREATE FUNCTION took(statement text) RETURNS numeric LANGUAGE plpgsql AS $$
	DECLARE
		before numeric := cpu();
	BEGIN
		EXECUTE statement;
		RETURN cpu() - before;
	END
	$$;
	CREATE FUNCTION plan_cost(statement text) RETURNS numeric LANGUAGE plpgsql AS $$
	DECLARE
		plan json;
	BEGIN
		EXECUTE 'EXPLAIN (FORMAT json) ' || statement INTO plan;
		RETURN plan->0->'Plan'->>'Total Cost';
	END
	$$;
};

# The SQL of the README's section on the ledger: install, load, refresh, report.
my ($section) = slurp_file('README.md') =~ /^## The ledger in five statements\n(.*?)^## /ms;
my ($install, $load, $report) = $section =~ /^```sql\n(CALL [^\n]*)\n(.*)(SELECT .*?)^```\n/ms;
like($install, qr/crmcost\.install\('crm'\)/, 'the README installs a ledger');
is(() = "$install$load" =~ /^(?:CALL|INSERT)/mg, 5,
	'in five statements it is loaded and refreshed');

sub database
{
	my ($name) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name,      "CREATE EXTENSION crmcost; $measure");
	return $name;
}

# Each view of a fresh ledger.
sub views_answer
{
	my ($name) = @_;
	my $rows = $node->safe_psql(
		$name, q{
		SELECT relname, plan_cost('SELECT * FROM crm.' || relname), took('SELECT * FROM crm.' || relname)
		FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' ORDER BY 1});
	my @views = map { [ split /\|/ ] } split /\n/, $rows;
	my $limit = $node->safe_psql($name, 'SHOW jit_above_cost');
	is( scalar @views,
		$node->safe_psql($name, q{SELECT cardinality(crmcost._ledger_relations('VIEW'))}),
		"$name: all views");
	is(join(' ', map { "$_->[0]: $_->[1]" } grep { $_->[1] >= $limit / 2 } @views),
		'', "$name: no view's plan comes near jit_above_cost");
	is(join(' ', map { "$_->[0]: $_->[2] ms" } grep { $_->[2] >= 1000 } @views),
		'', "$name: each answers within a second");
	my ($dearest) = sort { $b->[1] <=> $a->[1] } @views;
	note("$name: dearest plan $dearest->[0] $dearest->[1]");
}

my $schema_browser = q{
	SELECT count(*) FILTER (WHERE c.relkind <> 'v'), count(*) FILTER (WHERE c.relkind = 'v')
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = 'crm' AND c.relkind IN ('r', 'p', 'v', 'f', 'm')};

SKIP:
{
	skip 'CPU time is read from /proc', 1 unless -r '/proc/self/stat';
	foreach my $partitioned ('false', 'true')
	{
		my $name  = database($partitioned eq 'true' ? 'months' : 'plain');
		my $spent = $node->safe_psql($name,
			"SELECT took(\$\$CALL crmcost.install('crm', partitioned => $partitioned)\$\$)");
		cmp_ok($spent, '<', 3000, "$name: install takes less than 3 s");
		# the best of three years, for even CPU time grows beside busy neighbours
		my ($year) = sort { $a <=> $b } map {
			$node->safe_psql($name,
				"SELECT took(\$\$CALL crmcost.ensure_partitions('crm', '$_-01-01', '$_-12-01')\$\$)"
			)
		} 2023 .. 2025;
		cmp_ok($year / 48, '<', 20, "$name: a partition takes less than 20 ms");
		note("$name: install $spent ms, a partition ", $year / 48, ' ms');
		is( $node->safe_psql(
				$name, 'SELECT rows FROM crm.data_quality WHERE check_name = $$not_refreshed$$'),
			'1',
			"$name: before the first refresh data_quality says so");
		$node->safe_psql($name, "SET client_min_messages = warning;\n$load");
		views_answer($name);
		is( $node->safe_psql($name, $schema_browser),
			$node->safe_psql(
				$name,
				q{SELECT cardinality(crmcost._ledger_relations('TABLE')), cardinality(crmcost._ledger_relations('VIEW'))}
			),
			"$name: a schema browser finds the tables and views");
	}
}

# In psql, word for word.
my $name = database('readme');
my ($out, $err);
IPC::Run::run([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($name) ],
	'<', \"$install\n$load\n$report", '>', \$out, '2>', \$err);
is($?, 0, 'the statements run') or diag($err);
like(
	$err,
	qr/HINT:  Load facts, then CALL crmcost\.refresh\('crm'\)/,
	'install says what comes next');
is( $out,
	"1|500.0000|300.0000|0.0000|300.0000|1\n2|300.0000|150.0000|25.0000|125.0000|2\n",
	'and the report is right');
is( $node->safe_psql(
		$name, q{
	INSERT INTO crm.customer (source_key, first_seen_at) VALUES ('C-3', '2025-03-01');
	INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, currency)
	SELECT customer_id, 'O-3', '2025-03-02', 10, 'EUR' FROM crm.customer WHERE source_key = 'C-3';
	INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2019-03-05', 10, 'EUR');
	SELECT count(DISTINCT customer_id) FROM crm.sale}),
	'3',
	'the next rows need no id, and may be of any month');
is( $node->safe_psql(
		$name, q{SELECT rows FROM crm.data_quality WHERE check_name = 'not_refreshed'}),
	'0',
	'it is refreshed');
like(
	$node->safe_psql('months', '\dt crm.*'),
	qr/\bsale\|partitioned table\b/,
	'psql lists the table');
unlike($node->safe_psql('months', '\dt crm.*'), qr/\d{4}_\d\d|refused/, 'and no partition');

# COPY through the table into its partitions, and where there is none.
my $copy =
  "COPY crm.sale (customer_id, order_ref, sold_at, amount, currency) FROM STDIN (FORMAT csv);\n";
foreach my $case (
	[ '2025-12-31', 0, qr/^$/ ],
	[
		'2019-05-05',
		3,
		qr/sold_at must be in a month that sale has a partition for, not in 2019-05\nHINT:  CALL crmcost\.ensure_partitions\('crm', '2019-05-01', '2019-05-01'\)/
	])
{
	my ($day, $code, $message) = @$case;
	IPC::Run::run(
		[ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('months') ],
		'<',
		\(  join '', $copy,
			(map { "1,copied-$day-$_,2025-0$_-01,1,EUR\n" } 1 .. 9),
			"1,copied-$day,$day,1,EUR\n\\.\n"),
		'>',
		\$out,
		'2>',
		\$err);
	is($? >> 8, $code, "COPY with a row of $day");
	like($err, $message, 'says what it should');
}
is( $node->safe_psql(
		'months',
		q{SELECT count(*), count(DISTINCT tableoid) FROM crm.sale WHERE order_ref LIKE 'copied%'}),
	'10|10',
	'rows are in the partition of their month, all of a load or none');

# A report that is open does not hold up a refresh that would add a partition.
my $missing = $node->safe_psql(
	'months', q{SELECT max(inhrelid::regclass::text COLLATE "C") FROM pg_inherits
	WHERE inhparent = 'crm.sale'::regclass AND inhrelid::regclass::text ~ '\d$'});
$node->safe_psql('months', "DROP TABLE $missing");
my ($in, $seen) = ("BEGIN; SELECT count(*) FROM crm.sale; SELECT 'reading';\n", '');
my $reader = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('months') ],
	'<', \$in, '>', \$seen, '2>', \$err,
	IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$reader->pump until $seen =~ /reading/;
my ($code, $stdout, $stderr) = $node->psql('months', "CALL crmcost.refresh('crm', '2025-03-01')");
is($code, 0, 'a refresh beside an open report');
like(
	$stderr,
	qr/partitions of the months to come are left to the next refresh/,
	'leaves the partitions alone, and says so');
is($node->safe_psql('months', "SELECT to_regclass('$missing')"), '', 'none was made');
$in .= "COMMIT;\n\\q\n";
$reader->finish;
$node->safe_psql('months',
	"SET client_min_messages = warning; CALL crmcost.refresh('crm', '2025-03-01')");
is($node->safe_psql('months', "SELECT to_regclass('$missing')"),
	$missing, 'and the next refresh makes it');

$node->stop;
done_testing();
