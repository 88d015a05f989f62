# A ledger whose facts come by logical replication, which fires no statement triggers: no
# refresh passes over them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('replica');
$node->init(allows_streaming => 'logical');
$node->append_conf('postgresql.conf',
	"jit = off\nautovacuum = off\nclient_min_messages = warning\n");
$node->start;
foreach my $database ('shop', 'ledger')
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database,
		q{CREATE EXTENSION crmcost; CALL crmcost.install('crm', true); CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-03-01')}
	);
}
$node->safe_psql(
	'shop', q{
	CREATE PUBLICATION facts FOR TABLE crm.customer, crm.sale WITH (publish_via_partition_root = true);
	SELECT pg_create_logical_replication_slot('facts', 'pgoutput')});
$node->safe_psql('ledger',
		q{CREATE SUBSCRIPTION facts CONNECTION $q$}
	  . $node->connstr('shop')
	  . q{$q$ PUBLICATION facts WITH (create_slot = false, slot_name = facts, copy_data = false)});

# Changes of the shop, and the revenue that a refresh of the ledger finds after them.
sub revenue_after
{
	my ($change) = @_;
	$node->safe_psql('shop', $change);
	$node->wait_for_catchup('facts');
	$node->safe_psql('ledger', "CALL crmcost.refresh('crm', '2024-04-01')");
	$node->safe_psql('ledger', "CALL crmcost.verify('crm')");
	return $node->safe_psql('ledger', 'SELECT sum(revenue)::int FROM crm.profit_by_month');
}
is( revenue_after(
		q{
	INSERT INTO crm.customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2024-01-01' FROM generate_series(1, 5) i;
	INSERT INTO crm.sale (customer_id, sold_at, amount, currency) SELECT i, '2024-01-05', 10 * i, 'EUR' FROM generate_series(1, 5) i}
	),
	'150',
	'facts of a shop');
is( revenue_after(
		q{INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (1, '2024-02-05', 7, 'EUR')}
	),
	'157',
	'more of them');
is( revenue_after(
		q{UPDATE crm.sale SET amount = 20 WHERE customer_id = 1 AND sold_at < '2024-02-01'}),
	'167',
	'one that changed');
is(revenue_after(q{DELETE FROM crm.sale WHERE customer_id = 5}), '117', 'and one that went');
$node->safe_psql('ledger',
	q{ALTER SUBSCRIPTION facts DISABLE; ALTER SUBSCRIPTION facts SET (slot_name = none); DROP SUBSCRIPTION facts}
);
$node->safe_psql('ledger', q{CALL crmcost.refresh('crm', '2024-04-01')});
is( $node->safe_psql(
		'ledger',
		q{SELECT step FROM crm.refresh_run WHERE run_id = (SELECT max(run_id) FROM crm.refresh_run)}
	),
	'none',
	'a refresh leaves at once when there is no subscription any more');
$node->stop;
done_testing();
