# A first load takes keys and indexes away for its time, and puts them back where they were.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('tablespace');
$node->init;
$node->start;
$node->safe_psql('postgres', q{SET allow_in_place_tablespaces = on; CREATE TABLESPACE quick LOCATION ''});
$node->safe_psql('postgres', q{SET allow_in_place_tablespaces = on; CREATE TABLESPACE slow LOCATION ''});
$node->safe_psql(
	'postgres', q{
	SET client_min_messages = warning;
	CREATE EXTENSION crmcost;
	CREATE TABLE staged AS SELECT 'acq.ads.web' AS category_code, date '2024-01-01' + i % 50 AS incurred_on,
		10 AS amount, 'EUR' AS currency, 'erp' AS source, 'b' || i AS source_ref FROM generate_series(1, 100) i});

# where every index of a fact is, those of its partitions too
sub places
{
	my ($ledger) = @_;
	return $node->safe_psql(
		'postgres', qq{
		SELECT c.relname, coalesce(s.spcname, '-') FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
		LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
		WHERE i.indrelid = '$ledger.cost_entry'::regclass
			OR i.indrelid IN (SELECT relid FROM pg_partition_tree('$ledger.cost_entry')) ORDER BY 1});
}

foreach my $partitioned ('false', 'true')
{
	my $ledger = "ledger_$partitioned";
	$node->safe_psql(
		'postgres', qq{
		SET client_min_messages = warning;
		CALL crmcost.install('$ledger', $partitioned);
		SET default_tablespace = slow;
		CREATE INDEX of_mine ON $ledger.cost_entry (unit);
		RESET default_tablespace;
		ALTER TABLE $ledger.cost_entry DROP CONSTRAINT cost_entry_loaded_once;
		ALTER TABLE $ledger.cost_entry ADD CONSTRAINT cost_entry_loaded_once UNIQUE (source, source_ref, incurred_on)
			USING INDEX TABLESPACE quick;
		} . ($partitioned eq 'true' ? "CALL crmcost.ensure_partitions('$ledger', '2024-01-01', '2024-02-01')" : ''));
	my $before = places($ledger);
	like($before, qr/quick.*slow|slow.*quick/s, "$partitioned: indexes in two tablespaces");
	my ($code, $out, $err) = $node->psql(
		'postgres', qq{
		SET default_tablespace = quick; CALL crmcost.load_facts('$ledger', 'cost_entry', 'staged'); SHOW default_tablespace});
	is("$code $out", '0 quick', 'a load, and the setting of the session stays');
	like($err, qr/100 rows loaded/, 'of all rows');
	is(places($ledger), $before, 'leaves every index where it was');
}

# one that stands apart from that of its table
$node->safe_psql('postgres', q{TRUNCATE ledger_true.cost_entry;
	ALTER INDEX ledger_true_partition.cost_entry_2024_01_unit_idx SET TABLESPACE quick});
my $before = places('ledger_true');
is($node->psql('postgres', q{CALL crmcost.load_facts('ledger_true', 'cost_entry', 'staged')}),
	0, 'a load into partitions whose indexes stand apart');
is(places('ledger_true'), $before, 'leaves them, too');
done_testing();
