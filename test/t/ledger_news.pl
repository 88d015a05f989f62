# Nothing that changed is missed by the next refresh, whatever way it came, and
# crmcost.verify() says so after each.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('news');
$node->init;
$node->append_conf('postgresql.conf',
	"timezone = 'UTC'\njit = off\nclient_min_messages = warning\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION crmcost');

# A transaction that stays open until it is told to end.
sub begin
{
	my ($commands) = @_;
	my $s = { in => "BEGIN;\n$commands;\n\\echo done\n", out => '', err => '' };
	$s->{run} = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres') ],
		'<', \$s->{in}, '>', \$s->{out}, '2>', \$s->{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	$s->{run}->pump until $s->{out} =~ /^done$/m;
	return $s;
}

sub end
{
	my ($s, $how) = @_;
	$s->{in} .= "$how;\n\\q\n";
	$s->{run}->finish;
	is($s->{err}, '', 'the writer is not disturbed');
}

sub sold
{
	my ($customer, $day, $amount, $table) = @_;
	$table //= 'crm.sale';
	my ($ledger) = $table =~ /^(two|moved)/ ? $1 : 'crm';
	# a partition has no identity of its own
	return "INSERT INTO $table (sale_id, customer_id, order_ref, sold_at, amount, cogs, currency)
		VALUES (nextval(pg_get_serial_sequence('$ledger.sale', 'sale_id')), $customer, gen_random_uuid()::text, '$day', $amount, 0, 'EUR')";
}

# Refreshes, asks for the revenue of a customer, and verifies.
sub noticed
{
	my ($customer, $revenue, $name, $ledger, $database) = @_;
	$ledger   //= 'crm';
	$database //= 'postgres';
	$node->safe_psql($database, "CALL crmcost.refresh('$ledger', '2024-07-01')");
	is( $node->safe_psql(
			$database,
			"SELECT revenue::float8 FROM $ledger.customer_profit WHERE customer_id = $customer"),
		$revenue, $name);
	my ($code, $out, $err) = $node->psql($database, "CALL crmcost.verify('$ledger')");
	is($err, '', "$name: a full computation says the same");
}

sub news { return $node->safe_psql('postgres', 'SELECT count(*) FROM crm.touched'); }

$node->safe_psql(
	'postgres', qq{
	CALL crmcost.install('crm', true);
	CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-09-01');
	INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at)
	SELECT i, 'c' || i, '2024-01-01', '2024-01-02' FROM generate_series(1, 9) i;
	INSERT INTO crm.allocation_rule (category_code, driver) VALUES ('svc', 'orders');
	INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-03-20', 40, 'EUR')}
);
$node->safe_psql('postgres', sold(1, '2024-02-10', 100));
noticed(1, 100, 'the first refresh');
is(news(), 0, 'it leaves no news');

# a writer that finds its customer noted already, and ends after the refresh
$node->safe_psql('postgres', sold(1, '2024-02-11', 10));
my $writer = begin(sold(1, '2024-02-12', 20));
is(news(), 1, 'a customer that is noted is not noted again');
noticed(1, 110, 'what is not committed counts in the next refresh');
end($writer, 'COMMIT');
noticed(1, 130, 'which does not miss it');
noticed(1, 130, 'nor takes it twice');
is(news(), 0, 'and then nothing is left');

# one that began before the epoch and writes after the refresh
$writer = begin('SELECT pg_current_xact_id()');
$node->safe_psql('postgres', sold(1, '2024-02-13', 1));
noticed(1, 131, 'beside an idle writer');
$writer->{in} .= sold(1, '2024-02-14', 2) . ";\n";
end($writer, 'COMMIT');
noticed(1, 133, 'who writes later');

# and one of one snapshot
$writer =
  begin("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\nSELECT count(*) FROM crm.touched");
$node->safe_psql('postgres', sold(1, '2024-02-15', 1));
noticed(1, 134, 'beside a writer of one snapshot');
$writer->{in} .= sold(1, '2024-02-16', 2) . ";\n";
end($writer, 'COMMIT');
noticed(1, 136, 'who writes later, too');

$node->safe_psql('postgres', join(';', map { sold(2, '2024-02-10', 1) } 1 .. 300));
cmp_ok(news(), '<=', 2, 'many small transactions leave little');
noticed(2, 300, 'all of which is noticed');

# by name of a partition, and across partitions in another zone
my $part = $node->safe_psql(
	'postgres', q{
	SELECT c.oid::regclass FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
	WHERE i.inhparent = 'crm.sale'::regclass AND c.relname = 'sale_2024_04'});
$node->safe_psql('postgres',
	"COPY $part (sale_id, customer_id, order_ref, sold_at, amount, cogs, currency) FROM PROGRAM 'printf \"100000,3,p1,2024-04-05,7,0,EUR\\n\"' WITH (FORMAT csv)"
);
noticed(3, 7, 'COPY into a partition');
$node->safe_psql('postgres', "UPDATE $part SET amount = 8");
noticed(3, 8, 'UPDATE of a partition');
$node->safe_psql('postgres',
	"SET timezone = 'Pacific/Kiritimati'; UPDATE crm.sale SET sold_at = sold_at + interval '1 month' WHERE customer_id = 3"
);
noticed(3, 8, 'a row that goes to another partition');
$node->safe_psql(
	'postgres', "SET timezone = 'Pacific/Kiritimati';
	INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency)
	SELECT 3, 'k' || m, make_timestamptz(2024, m, 1, 3, 0, 0), 1, 0, 'EUR' FROM generate_series(2, 6) m"
);
noticed(3, 13, 'a statement over many partitions in another zone');
$node->safe_psql('postgres', "DELETE FROM crm.sale WHERE customer_id = 3 AND order_ref = 'k4'");
noticed(3, 12, 'DELETE');

# tables that come and go
$node->safe_psql('postgres', "ALTER TABLE crm.sale DETACH PARTITION $part");
noticed(
	3,
	12 - $node->safe_psql(
		'postgres', "SELECT coalesce(sum(amount)::int, 0) FROM $part WHERE customer_id = 3"),
	'DETACH PARTITION');
$node->safe_psql(
	'postgres',
	"INSERT INTO $part (sale_id, customer_id, order_ref, sold_at, amount, cogs, currency)
	VALUES (100001, 4, 'x', '2024-04-09', 44, 0, 'EUR')");
$node->safe_psql('postgres',
	"ALTER TABLE crm.sale ATTACH PARTITION $part FOR VALUES FROM ('2024-04-01') TO ('2024-05-01')");
noticed(4, 44, 'ATTACH PARTITION');
$node->safe_psql('postgres', "TRUNCATE $part");
$node->safe_psql('postgres', sold(4, '2024-05-01', 1));
noticed(4, 1, 'TRUNCATE of a partition');
$node->safe_psql('postgres', "DROP TABLE $part");
$node->safe_psql('postgres', sold(4, '2024-05-02', 1));
noticed(4, 2, 'DROP of a partition');
$node->safe_psql('postgres', "CALL crmcost.ensure_partitions('crm', '2024-04-01', '2024-04-01')");
$node->safe_psql('postgres', sold(4, '2024-04-02', 1));
noticed(4, 3, 'a partition that was made anew');
$node->safe_psql('postgres',
	"ALTER TABLE crm.sale DISABLE TRIGGER crmcost_insert; " . sold(5, '2024-06-05', 5));
$node->safe_psql('postgres', "ALTER TABLE $_ DISABLE TRIGGER crmcost_insert") foreach $part;
$node->safe_psql('postgres', sold(5, '2024-04-06', 5, $part));
noticed(5, 10, 'a trigger that was switched off');
is( $node->safe_psql(
		'postgres',
		"SELECT tgenabled FROM pg_trigger WHERE tgrelid = '$part'::regclass AND tgname = 'crmcost_insert'"
	),
	'A',
	'is on again');
$node->safe_psql('postgres',
	"DROP TRIGGER crmcost_update ON crm.interaction; DROP TRIGGER crmcost_update ON $part; UPDATE $part SET amount = 6 WHERE customer_id = 5"
);
noticed(5, 11, 'a trigger that was dropped');
$node->safe_psql('postgres', "SET session_replication_role = replica; " . sold(5, '2024-06-06', 1));
noticed(5, 12, 'a session that fires no triggers fires these');

# configuration
$node->safe_psql('postgres', "INSERT INTO crm.fx_rate VALUES ('USD', '2024-01-01', 0.5)");
$node->safe_psql('postgres',
	"INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency) VALUES (6, 'u', '2024-06-01', 10, 0, 'USD')"
);
noticed(6, 5, 'a rate');
$node->safe_psql('postgres', "UPDATE crm.fx_rate SET to_base = 0.7");
noticed(6, 7, 'a rate that changed');
$node->safe_psql('postgres', "UPDATE crm.allocation_rule SET driver = 'equal'");
noticed(6, 7, 'a rule');
$node->safe_psql('postgres', "UPDATE crm.setting SET value = '30' WHERE key = 'churn_after_days'");
noticed(6, 7, 'a setting');

# where the ledger went: another name, another database
$node->safe_psql('postgres',
	"ALTER SCHEMA crm RENAME TO moved; " . sold(7, '2024-06-06', 7, 'moved.sale'));
noticed(7, 7, 'another name', 'moved');
$node->safe_psql('postgres', "ALTER SCHEMA moved RENAME TO crm");
$node->safe_psql('postgres', "UPDATE crm.customer_value SET revenue = 0");
$node->safe_psql('postgres', 'CREATE DATABASE restored');
$node->command_ok(
	[
		'sh', '-c', 'pg_dump -d "$1" | psql -XqAt -v ON_ERROR_STOP=1 -d "$2"',
		'sh',
		$node->connstr('postgres'),
		$node->connstr('restored')
	],
	'dump and restore');
noticed(7, 7, 'after a restore everything is computed anew', 'crm', 'restored');
$node->safe_psql('postgres', "CALL crmcost.refresh('crm', '2024-07-01', \"full\" => true)");
noticed(7, 7, 'full says so on request');

# as_of back and forth, and an end in the middle
$node->safe_psql('postgres',
	"CALL crmcost.refresh('crm', '2024-03-01'); CALL crmcost.refresh('crm', '2025-03-01')");
noticed(1, 136, 'as_of back and forth');
$node->safe_psql('postgres', sold(8, '2024-06-06', 8));
my $holder = begin('LOCK TABLE crm.clv_model IN ACCESS EXCLUSIVE MODE');
my ($code, $out, $err) = $node->psql('postgres',
	"SET statement_timeout = '2s'; CALL crmcost.refresh('crm', '2024-07-01')");
like($err, qr/statement timeout/, 'a refresh that is interrupted');
end($holder, 'ROLLBACK');
noticed(8, 8, 'is made up for by the next one');

# two ledgers in one session
$node->safe_psql(
	'postgres', "CALL crmcost.install('two', false);
	INSERT INTO two.customer (customer_id, source_key, first_seen_at, acquired_at) VALUES (8, 'c', '2024-01-01', '2024-01-02')"
);
$node->safe_psql('postgres',
		sold(8, '2024-06-07', 1) . ';'
	  . sold(8, '2024-06-07', 2, 'two.sale')
	  . ";CALL crmcost.refresh('crm', '2024-07-01'); CALL crmcost.refresh('two', '2024-07-01'); CALL crmcost.refresh('crm', '2024-07-01')"
);
noticed(8, 9, 'two ledgers in one session');
noticed(8, 2, 'of which each has its own', 'two');

$node->stop;
done_testing();
