# What is erased is gone from the disk once the tables are rewritten, and a load
# at the same time does not bring it back.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('erasure');
$node->init;
$node->append_conf('postgresql.conf',
	"timezone = 'UTC'\njit = off\nclient_min_messages = warning\nautovacuum = off");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION crmcost;
	CALL crmcost.install('crm');
	CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-03-01');
	INSERT INTO crm.customer (customer_id, source_key, first_seen_at, attributes)
	SELECT i, 'key-of-' || i || '-', '2024-01-01', jsonb_build_object('tag', 'tag-of-' || i || '-') FROM generate_series(1, 40) i;
	INSERT INTO crm.sale (customer_id, order_ref, line_no, sold_at, amount, currency)
	SELECT i, 'order-of-' || i || '-' || j, k, make_date(2024, j, i % 28 + 1), 10, 'EUR'
	FROM generate_series(1, 40) i, generate_series(1, 3) j, generate_series(1, 3) k;
	INSERT INTO crm.cost_entry (customer_id, source_ref, category_code, incurred_on, amount, currency)
	SELECT i, 'voucher-of-' || i || '-', 'svc', '2024-02-01', 1, 'EUR' FROM generate_series(1, 40) i;
	INSERT INTO crm.interaction (customer_id, source_ref, kind, occurred_at)
	SELECT i, 'ticket-of-' || i || '-', 'ticket', '2024-02-01' FROM generate_series(1, 40) i;
	INSERT INTO crm.classification (customer_id, dimension, entered_at, code, evidence)
	SELECT i, 'owner', '2024-02-01', 'owner-of-' || i || '-', jsonb_build_object('said', 'said-of-' || i || '-') FROM generate_series(1, 40) i;
	CALL crmcost.refresh('crm', '2024-02-15');
	CALL crmcost.refresh('crm', '2024-04-01');
	ANALYZE});

# Kinds of traces of a customer in the files of the database, heaps, indexes and statistics.
my $files =
	$node->data_dir
  . '/base/'
  . $node->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'postgres'});

sub on_disk
{
	my ($customer) = @_;
	my %kinds;
	$node->safe_psql('postgres', 'CHECKPOINT');
	foreach my $file (glob("$files/*"))
	{
		my $content = slurp_file($file);
		$kinds{$1} = 1 while $content =~ /(key|tag|order|voucher|ticket|owner|said)-of-$customer-/g;
	}
	return join ' ', sort keys %kinds;
}

is( on_disk(7),
	'key order owner said tag ticket voucher',
	'what is said of a customer is on the disk');
is($node->safe_psql('postgres', q{SELECT crmcost.erase_customer('crm', 7)}),
	't', 'the customer is erased');
$node->safe_psql('postgres', "ANALYZE;\nVACUUM FULL");
is(on_disk(7), '', 'once tables, indexes and statistics are made anew nothing of it is');
is(on_disk(8), 'key order owner said tag ticket voucher', 'others are as they were');

# a load that has not ended
sub session
{
	my ($commands) = @_;
	my $s = { in => $commands, out => '', err => '' };
	$s->{run} = IPC::Run::start(
		[ 'psql', '-XqAt', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres') ],
		'<', \$s->{in}, '>', \$s->{out}, '2>', \$s->{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return $s;
}

sub waits
{
	my ($s) = @_;
	$s->{run}->pump_nb;
	$node->poll_query_until('postgres', q{SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)})
	  or die "it does not wait: $s->{err}";
}

sub finish
{
	my ($s, $commands) = @_;
	$s->{in} .= "$commands\n\\q\n";
	$s->{run}->finish;
}

my $line = q{INSERT INTO crm.sale (customer_id, order_ref, line_no, sold_at, amount, currency)
	VALUES (9, 'order-of-9-late', %d, '2024-02-20', 1, 'EUR');};
my $loader = session(sprintf("BEGIN; $line \\echo loaded\n", 1));
$loader->{run}->pump until $loader->{out} =~ /loaded/;
my $eraser = session("SELECT crmcost.erase_customer('crm', 9);\n");
waits($eraser);
finish($loader, 'COMMIT;');
finish($eraser, '');
is($eraser->{out}, "t\n", 'who erases waits for a load about the customer');
is( $node->safe_psql(
		'postgres',
		q{SELECT count(*), count(*) FILTER (WHERE order_ref LIKE '%-of-9-%') FROM crm.sale WHERE customer_id = 9}
	),
	'10|0',
	'and erases what it brought');

$eraser = session("BEGIN; SELECT crmcost.erase_customer('crm', 10);\n");
$eraser->{run}->pump until $eraser->{out} =~ /t/;
(my $sale = sprintf($line, 1)) =~ s/9/10/g;
my $late = session("$sale\n");
waits($late);
my $again = session(
	"INSERT INTO crm.customer (customer_id, source_key, first_seen_at) VALUES (99, 'key-of-10-', '2024-01-01');\n"
);
$again->{run}->pump_nb;
finish($eraser, 'COMMIT;');
finish($_, '') foreach $late, $again;
like(
	$late->{err},
	qr/ERROR:  23514: customer 10 is erased, and takes no new facts/,
	'a load that waits for it finds the customer erased');
like($again->{err}, qr/ERROR:  23505: /, 'and so does one of the customer');
is( $node->safe_psql('postgres', q{SELECT count(*) FROM crm.sale WHERE order_ref LIKE '%-of-10-%'}),
	'0',
	'nothing of either stays');

$node->stop;
done_testing();
