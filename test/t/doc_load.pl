# The loads that the pages teach lose nothing: where numbers were brought along
# and a sequence stands behind, a new row is loaded or refused, and never skipped.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('doc_load');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\ntimezone = 'UTC'\nclient_min_messages = warning");
$node->start;

# every example names what it may skip
foreach my $file ('README.md', sort(glob('doc/*.md'), glob('demo/*.sql'), glob('bench/*.sql')))
{
	my $page     = slurp_file($file);
	my $examples = $file =~ /md$/ ? join('', $page =~ /^```sql\n(.*?)^```/msg) : $page;
	$examples =~ s/--.*$//mg;
	unlike($examples, qr/ON\s+CONFLICT\s+DO\b/i, "$file: no ON CONFLICT without a target");
}

# Run an example all or nothing: whether it did.
sub run_block
{
	my ($database, $sql) = @_;
	my $whole = $sql =~ /^(BEGIN|CALL)\b/m ? [] : ['-1'];
	my ($out, $err);
	IPC::Run::run(
		[
			'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', @$whole, '-d', $node->connstr($database),
			'-f',   '-'
		],
		'<',
		\$sql,
		'>',
		\$out,
		'2>',
		\$err);
	return ($? == 0, $err);
}

sub rows
{
	my ($database) = @_;
	return join ' ', split /\n/, $node->safe_psql(
		$database, q{
		SELECT (SELECT count(*) FROM crm.customer) UNION ALL SELECT (SELECT count(*) FROM crm.sale) UNION ALL
		SELECT (SELECT count(*) FROM crm.cost_entry) UNION ALL SELECT (SELECT count(*) FROM crm.interaction) UNION ALL
		SELECT (SELECT count(*) FROM crm.loyalty_entry)});
}

sub news
{
	my ($before, $after) = @_;
	my @before = split / /, $before;
	my @after  = split / /, $after;
	return join ' ', map { $after[$_] - $before[$_] } 0 .. $#after;
}

my @blocks = slurp_file('doc/loading.md') =~ /^```sql\n(.*?)^```/msg;
@blocks = grep { !/^(CALL crmcost.refresh|CREATE ROLE|SELECT crmcost.erase)/m } @blocks;
my $install = shift @blocks;
my @loads =
  grep { /INSERT INTO crm\.(customer|sale|cost_entry|interaction|loyalty_entry)\b/ } @blocks;
cmp_ok(scalar @loads,
	'>=', 6, 'the page has customers, sales, tickets, cost, a correction and a refund');

# what each loads where nothing was before
my %loaded;
foreach my $database ('fresh', 'behind')
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database,  'CREATE EXTENSION crmcost');
	ok((run_block($database, $install))[0], "$database: a ledger is installed");
}
foreach my $i (0 .. $#loads)
{
	my $before = rows('fresh');
	my ($done, $err) = run_block('fresh', $loads[$i]);
	ok($done, "example $i: is loaded") or diag($err);
	$loaded{$i} = news($before, rows('fresh'));
	like($loaded{$i}, qr/[1-9]/, "example $i: and brings rows");
}

# numbers brought along
$node->safe_psql(
	'behind', q{
	INSERT INTO crm.customer (customer_id, source_key, first_seen_at) SELECT i, 'own ' || i, '2024-01-01' FROM generate_series(1, 9) i;
	INSERT INTO crm.sale (sale_id, customer_id, order_ref, sold_at, amount, currency)
	SELECT i, i, 'own ' || i, t, 1, 'EUR' FROM generate_series(1, 9) i,
		(VALUES ('2024-01-10 10:12Z'::timestamptz), ('2024-02-11 09:30Z'), ('2024-01-20 08:00Z')) v (t);
	INSERT INTO crm.cost_entry (cost_id, category_code, incurred_on, amount, currency, source_ref)
	SELECT i, 'svc', '2024-01-31', 1, 'EUR', 'own ' || i FROM generate_series(1, 9) i;
	INSERT INTO crm.interaction (interaction_id, customer_id, kind, occurred_at, source_ref)
	SELECT i, i, 'ticket', t, 'own ' || i FROM generate_series(1, 9) i, (VALUES ('2024-01-12 08:00Z'::timestamptz), ('2024-01-15 11:00Z')) v (t)}
);
my $refused = 0;
foreach my $i (0 .. $#loads)
{
	my $found = '';
	# each number that is taken is tried and refused once
	foreach (1 .. 12)
	{
		my $before = rows('behind');
		my ($done, $err) = run_block('behind', $loads[$i]);
		my $news = news($before, rows('behind'));
		if ($done)
		{
			$found = $news;
			last;
		}
		$refused++;
		unlike($news, qr/[1-9]/, "example $i: what is refused is refused as a whole")
		  unless $err =~ /_pkey"/;
		die "example $i: refused for another reason: $err" unless $err =~ /_pkey"/;
	}
	is($found, $loaded{$i}, "example $i: behind a sequence no new row is lost");
}
cmp_ok($refused, '>=', 5, 'and some were refused before');

# loaded again, by the same words
foreach my $database ('fresh', 'behind')
{
	foreach my $i (grep { $loads[$_] !~ /crm\.(cost_category|allocation_rule)/ } 0 .. $#loads)
	{
		my $before = rows($database);
		my ($done, $err) = run_block($database, $loads[$i]);
		ok($done, "$database: example $i can be loaded again") or diag($err);
		is(rows($database), $before, "$database: example $i: which adds nothing");
	}
}

# a ticket: opened, resolved, and the first file once more
my ($tickets) = grep { /INTO crm\.interaction/ } @loads;
my @seen;
foreach my $line (
	'A-17,T-9,2024-01-22 08:00Z,,',
	'A-17,T-9,2024-01-22 08:00Z,2024-01-23 10:00Z,600',
	'A-17,T-9,2024-01-22 08:00Z,,',
	'A-17,T-9,2024-01-22 08:00Z,2024-01-24 10:00Z,700')
{
	(my $file = $tickets) =~ s/(FORMAT csv\);\n).*?(^\\\.)/$1$line\n$2/ms;
	my ($done, $err) = run_block('fresh', $file);
	ok($done, "the ticket is loaded: $line") or diag($err);
	push @seen, $node->safe_psql(
		'fresh', q{
		SELECT count(*) || ' ' || coalesce(min(resolved_at)::text, 'open') || ' ' || coalesce(min(handle_seconds)::text, '')
		FROM crm.interaction WHERE source_ref = 'T-9'});
}
is_deeply(
	\@seen,
	[
		'1 open ',
		'1 2024-01-23 10:00:00+00 600',
		'1 2024-01-23 10:00:00+00 600',
		'1 2024-01-23 10:00:00+00 600'
	],
	'it is open, then resolved, and stays so');

# the rights that the page gives to who loads are enough
$node->safe_psql('postgres', 'CREATE DATABASE loader');
$node->safe_psql('loader',   'CREATE EXTENSION crmcost');
run_block('loader', $install);
my ($rights) = grep { /^CREATE ROLE/ } slurp_file('doc/loading.md') =~ /^```sql\n(.*?)^```/msg;
ok((run_block('loader', $rights))[0], 'a role that loads is made');
foreach my $i (grep { $loads[$_] !~ /crm\.(cost_category|allocation_rule)/ } 0 .. $#loads)
{
	my ($done, $err) = run_block('loader', "SET ROLE crm_loader;\n$loads[$i]");
	ok($done, "example $i: is loaded by it") or diag($err);
}
$node->safe_psql(
	'loader', q{
	CALL crmcost.refresh('crm', '2024-03-01');
	CALL crmcost.close_period('crm', '2024-01-01');
	INSERT INTO crm.driver (code, name) VALUES ('parcels', 'Parcels');
	CALL crmcost.refresh('crm', '2024-03-01')});
is( $node->safe_psql(
		'loader', q{
		SET ROLE crm_loader;
		INSERT INTO crm.sale (customer_id, source, order_ref, sold_at, amount, currency)
		VALUES (1, 'shop', 'late', '2024-01-30Z', 7, 'EUR');
		INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-30', 3, 'EUR');
		INSERT INTO crm.driver_entry (customer_id, driver, measured_on, quantity) VALUES (1, 'parcels', '2024-02-02', 2);
		UPDATE crm.customer SET acquired_at = '2024-02-12Z' WHERE source_key = 'A-18';
		UPDATE crm.interaction SET resolved_at = '2024-02-01Z' WHERE source_ref = 'T-1';
		SELECT string_agg(relation || ' ' || booked_on, ', ' ORDER BY relation) FROM crm.late_fact}),
	'cost_entry 2024-01-30, sale 2024-01-30',
	'and so is what comes late, which is noted');
is( $node->safe_psql('loader', q{SELECT string_agg(DISTINCT relation, ' ') FROM crm.touched}),
	'cost_entry customer driver_entry interaction sale',
	'and what changed');

$node->stop;
done_testing();
