# Online Retail (UCI 352): 541,909 lines of a shop in 2010 and 2011, with returns, lines
# without a customer, charges of the seller, movements of stock, and lines that are there
# twice.  Every line is in the ledger or has a reason why not; money, orders and cohorts
# are what plain SQL says of the file, and what is published of it.  The data lie beside the tree (CRMCOST_DATA);
# without them the test is skipped.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use Test::More;

my $data = ($ENV{CRMCOST_DATA} // '../shared/data') . '/online_retail.csv.xz';
plan skip_all => 'the retail data are not there: set CRMCOST_DATA' unless -r $data;
my $rows = `xz -dc '$data'`;
plan skip_all => 'xz is not there, to unpack the retail data' if $rows eq '';

my $node = start_node('cohort_retail');
$node->safe_psql(
	'postgres', q{
CREATE TABLE raw (n bigint GENERATED ALWAYS AS IDENTITY, invoice text, code text, description text, quantity numeric, at timestamp, price numeric, customer text, country text)}
);
IPC::Run::run(
	[
		'psql',
		'-XAtq',
		'-d',
		$node->connstr('postgres'),
		'-c',
		'COPY raw (invoice, code, description, quantity, at, price, customer, country) FROM STDIN (FORMAT csv, HEADER)'
	],
	'<',
	\$rows);
is( $node->safe_psql(
		'postgres',
		q{SELECT count(*), count(DISTINCT invoice), count(DISTINCT customer), sum(quantity * price) FROM raw}
	),
	'541909|25900|4372|9747747.934',
	'the data are all there');

# What is not taken has its reason.
$node->safe_psql(
	'postgres', q{
CREATE TABLE line AS
  SELECT r.*, row_number() OVER (PARTITION BY invoice ORDER BY n) AS line_no,
    CASE WHEN invoice LIKE 'A%' THEN 'bad debt'
         WHEN customer IS NOT NULL THEN NULL
         WHEN code IN ('AMAZONFEE', 'BANK CHARGES', 'CRUK', 'S') THEN 'charge of the seller'
         WHEN price = 0 THEN 'movement of stock'
         ELSE 'unknown customer' END AS rejected
  FROM raw r;
CALL crmcost.install('crm');
UPDATE crm.setting SET value = CASE key WHEN 'timezone' THEN 'Europe/London' WHEN 'base_currency' THEN 'GBP' ELSE 'none' END WHERE key IN ('timezone', 'base_currency', 'clv_model');
INSERT INTO crm.customer (source, source_key, first_seen_at, acquired_at)
  SELECT 'shop', customer, min(at) AT TIME ZONE 'Europe/London', min(at) AT TIME ZONE 'Europe/London' FROM raw WHERE customer IS NOT NULL GROUP BY customer;
CREATE VIEW bought AS
  SELECT l.rejected, c.customer_id, 'shop' AS source, l.invoice AS order_ref, l.line_no, CASE WHEN l.invoice LIKE 'C%' THEN 'refund' ELSE 'sale' END AS kind,
    l.at AT TIME ZONE 'Europe/London' AS sold_at, l.code AS product_code, l.quantity, l.quantity * l.price AS amount, 'GBP' AS currency
  FROM line l LEFT JOIN crm.customer c ON c.source = 'shop' AND c.source_key = l.customer;
CREATE FUNCTION columns_of(condition text) RETURNS text LANGUAGE sql
  RETURN format('SELECT customer_id, source, order_ref, line_no, kind, sold_at, product_code, quantity, amount, currency FROM bought WHERE %s', condition);
DO $$ BEGIN EXECUTE 'CREATE VIEW everything AS ' || columns_of('true'); EXECUTE 'CREATE VIEW taken AS ' || columns_of('rejected IS NULL'); END $$}
);
my ($rc, $out, $err) =
  $node->psql('postgres', q{CALL crmcost.load_facts('crm', 'sale', 'everything')});
like($err, qr/null value in column "customer_id"/, 'lines without a customer are refused');
is($node->safe_psql('postgres', 'SELECT count(*) FROM crm.sale'),
	'0', 'and with them the load: nothing is lost quietly');
$node->safe_psql(
	'postgres', q{
CALL crmcost.load_facts('crm', 'sale', 'taken');
CALL crmcost.refresh('crm', '2011-12-10 00:00 Europe/London')});

sub same
{
	my ($said, $plain, $what) = @_;
	my ($a, $b) = map { $node->safe_psql('postgres', $_) } $said, $plain;
	is($a, $b, "$what: " . (split /\n/, $a)[0]);
}

# every line is somewhere, with its money
is( $node->safe_psql(
		'postgres',
		q{SELECT coalesce(rejected, 'sold'), count(*), round(sum(quantity * price), 2) FROM line GROUP BY 1 ORDER BY 1}
	),
	"bad debt|3|-11062.06\ncharge of the seller|122|-231910.53\nmovement of stock|2475|0.00\nsold|406829|8300065.81\nunknown customer|132480|1690654.71",
	'what is rejected has its reason');
same(
	q{SELECT count(*), sum(amount), count(*) FILTER (WHERE kind = 'refund') FROM crm.sale},
	q{SELECT count(*), round(sum(quantity * price), 4), count(*) FILTER (WHERE invoice LIKE 'C%') FROM line WHERE rejected IS NULL},
	'and all else is in the ledger, lines that are there twice too');
same(
	q{SELECT round(sum(revenue) + (SELECT sum(quantity * price) FROM line WHERE rejected IS NOT NULL), 3) FROM crm.profit_by_month},
	q{SELECT sum(quantity * price) FROM raw},
	'the money of the file is revenue or rejected');
same(
	q{SELECT month_start, revenue FROM crm.profit_by_month ORDER BY 1},
	q{SELECT date_trunc('month', at)::date, round(sum(quantity * price), 4) FROM line WHERE rejected IS NULL GROUP BY 1 ORDER BY 1},
	'and of the month of the file');
same(
	q{SELECT count(*), count(DISTINCT order_ref) FROM crm.customer_order WHERE is_order},
	q{SELECT count(DISTINCT invoice), count(DISTINCT invoice) FROM line WHERE rejected IS NULL AND invoice NOT LIKE 'C%'},
	'an order is an invoice');
same(
	q{SELECT sum(customers) FROM crm.cohort WHERE age = 0},
	q{SELECT count(DISTINCT customer) FROM line WHERE rejected IS NULL AND invoice NOT LIKE 'C%'},
	'whoever only gave back is of no cohort');
same(
	q{SELECT cohort_month, age, customers, active_customers, revenue FROM crm.cohort WHERE active_customers > 0 ORDER BY 1, 2},
	q{WITH month AS (SELECT customer, date_trunc('month', at)::date AS month, bool_or(invoice NOT LIKE 'C%') AS bought, sum(quantity * price) AS amount FROM line WHERE rejected IS NULL GROUP BY 1, 2),
	  party AS (SELECT *, min(month) FILTER (WHERE bought) OVER (PARTITION BY customer) AS first_month FROM month)
	SELECT first_month, (12 * (extract(year FROM m) - extract(year FROM first_month)) + extract(month FROM m) - extract(month FROM first_month))::int, (SELECT count(DISTINCT customer) FROM party o WHERE o.first_month = p.first_month),
	  count(*) FILTER (WHERE bought), round(sum(amount), 4) FROM (SELECT *, greatest(month, first_month) AS m FROM party) p GROUP BY first_month, m HAVING count(*) FILTER (WHERE bought) > 0 ORDER BY 1, 2},
	'the cohorts');
# the figures that are known of these data (invoices that are no returns)
is( $node->safe_psql(
		'postgres',
		q{SELECT customers, active_customers, round(100 * active_share, 1) FROM crm.cohort WHERE cohort_month = '2010-12-01' AND age IN (0, 1, 11) ORDER BY age}
	),
	"885|885|100.0\n885|324|36.6\n885|445|50.3",
	'of those of December 2010 a good third came in January');
is( $node->safe_psql(
		'postgres', q{SELECT count(*) FROM crm.data_quality WHERE severity = 'error' AND rows > 0}),
	'0',
	'and nothing is wrong in it');
is($node->psql('postgres', q{CALL crmcost.verify('crm')}), 0, 'a full computation says the same');
$node->stop;
done_testing();
