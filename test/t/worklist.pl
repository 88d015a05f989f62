# Who listens to crmcost_worklist is told after a refresh how many rows there are
# by reason; a dump brings the list with what was marked; and a row that is marked
# while a refresh runs leaves the list as it was, for the next one.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use Test::More;

my $node = start_node('worklist');
$node->safe_psql(
	'postgres', q{
CALL crmcost.install('crm');
INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at)
  SELECT i, 'c' || i, '2024-01-01', '2024-01-01' FROM generate_series(1, 3) i;
INSERT INTO crm.sale (customer_id, source, order_ref, line_no, sold_at, amount, cogs, currency)
  SELECT i, 's', i || '-' || n, 1, timestamptz '2024-01-01' + n * interval '10 days', 10 * i, 5, 'EUR'
  FROM generate_series(1, 3) i, generate_series(0, 3) n;
UPDATE crm.worklist_reason SET is_active = code = 'at_risk';
});

sub refresh
{
	return $node->safe_psql('postgres',
		"LISTEN crmcost_worklist; CALL crmcost.refresh('crm', '$_[0]');");
}

my $told = refresh('2024-03-01');
like(
	$told,
	qr/"crmcost_worklist" with payload "\{"open": \{"at_risk": 3\}, "told": \{"at_risk": 3\}, "as_of": "2024-02-29", "ledger": "crm"\}"/,
	'a refresh tells how many rows there are');
like(
	refresh('2024-03-02'),
	qr/"open": \{"at_risk": 3\}, "told": \{\}, "as_of": "2024-03-01"/,
	'and how many of them are new');
unlike($node->safe_psql('postgres', "LISTEN crmcost_worklist; CALL crmcost.verify('crm');"),
	qr/payload/, 'verify tells nothing');

# what was marked survives a dump
$node->safe_psql('postgres',
	q{SELECT crmcost.worklist_done('crm', worklist_id) FROM crm.worklist WHERE customer_id = 1});
$node->safe_psql('postgres', 'CREATE DATABASE copy');
my ($port, $host) = ($node->port, $node->host);
is( system(
		"pg_dump -h '$host' -p $port postgres | psql -X -q -v ON_ERROR_STOP=1 -h '$host' -p $port copy > /dev/null"
	),
	0,
	'the ledger is dumped and restored');
my $list = 'SELECT * FROM crm.worklist ORDER BY worklist_id';
is($node->safe_psql('copy', $list), $node->safe_psql('postgres', $list), 'with the worklist');
$node->safe_psql('copy', q{CALL crmcost.refresh('crm', '2024-03-02')});
is( $node->safe_psql('copy',     $list),
	$node->safe_psql('postgres', $list),
	'which the full refresh after it leaves as it is');

# a mark in the middle of a refresh, which goes by what was there when its transaction began
my ($in, $out, $err) = ('', '', '');
my $session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres') ],
	'<', \$in, '>', \$out, '2>', \$err,
	IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$in = q{BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO crm.sale (customer_id, source, order_ref, line_no, sold_at, amount, cogs, currency) VALUES (3, 's', 'new', 1, '2024-03-01', 1, 0, 'EUR');
\echo begun
};
$session->pump until $out =~ /begun/;
$node->safe_psql('postgres',
	q{SELECT crmcost.worklist_snooze('crm', worklist_id, '2024-03-05') FROM crm.worklist WHERE customer_id = 3}
);
$in .= "CALL crmcost.refresh('crm', '2024-03-02');\nCOMMIT;\n\\q\n";
$session->finish;
like(
	$err,
	qr/WARNING:  worklist of ledger "crm" stays as it was: rows were marked during the refresh/,
	'a refresh says that rows were marked while it ran');
is($node->safe_psql('postgres', q{SELECT status FROM crm.worklist WHERE customer_id = 3}),
	'snoozed', 'and leaves them as they were marked');
$node->safe_psql('postgres', q{CALL crmcost.refresh('crm', '2024-03-02')});
is($node->safe_psql('postgres', q{SELECT count(*) FROM crm.worklist WHERE customer_id = 3}),
	'0', 'which the next refresh, without other news, sees to');
is($node->psql('postgres', q{CALL crmcost.verify('crm')}),
	0, 'after that the store is what a full computation says');

$node->stop;
done_testing();
