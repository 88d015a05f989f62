# A randomised experiment with 64,000 customers (K. Hillstrom's e-mail challenge,
# 2008): what campaign_response says of it is what plain SQL says of the file, and
# what is published of it.  The data lie beside the tree (CRMCOST_DATA); without
# them the test is skipped.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use Test::More;

my $data = ($ENV{CRMCOST_DATA} // '../shared/data') . '/hillstrom_email.csv.xz';
plan skip_all => 'the e-mail data are not there: set CRMCOST_DATA' unless -r $data;
my $rows = `xz -dc '$data'`;
plan skip_all => 'xz is not there, to unpack the e-mail data' if $rows eq '';

my $node = start_node('campaign_hillstrom');
$node->safe_psql(
	'postgres', q{
CREATE TABLE raw (recency int, history_segment text, history numeric, mens int, womens int, zip_code text, newbie int, channel text,
                  segment text, visit int, conversion int, spend numeric)});
IPC::Run::run(
	[
		'psql', '-XAtq',
		'-d',   $node->connstr('postgres'),
		'-c',   'COPY raw FROM STDIN (FORMAT csv, HEADER)'
	],
	'<',
	\$rows);
is($node->safe_psql('postgres', 'SELECT count(*), sum(visit), sum(conversion) FROM raw'),
	'64000|9394|578', 'the data are all there');

# who got no mail is the control group of both campaigns
$node->safe_psql(
	'postgres', q{
CREATE TABLE mailed AS SELECT row_number() OVER () AS customer_id, * FROM raw;
CALL crmcost.install('crm');
UPDATE crm.setting SET value = 'none' WHERE key = 'clv_model';
INSERT INTO crm.campaign (code, channel_code, purpose, period, name) VALUES
  ('womens', 'email', 'conversion', '[2008-03-20,2008-04-04)', 'Womens E-Mail'), ('mens', 'email', 'conversion', '[2008-03-20,2008-04-04)', 'Mens E-Mail');
INSERT INTO crm.customer (customer_id, source_key, first_seen_at) OVERRIDING SYSTEM VALUE
  SELECT customer_id, 'c' || customer_id, '2007-03-20' FROM mailed;
INSERT INTO crm.campaign_member
  SELECT customer_id, code, CASE WHEN segment = name THEN 'target' ELSE 'control' END, '2008-03-20'
  FROM mailed JOIN crm.campaign ON segment IN (name, 'No E-Mail');
INSERT INTO crm.interaction (customer_id, occurred_at, kind, subtype) SELECT customer_id, '2008-03-25', 'behavior', 'visit' FROM mailed WHERE visit = 1;
INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, currency) SELECT customer_id, 'o' || customer_id, '2008-03-26', spend, 'EUR' FROM mailed WHERE conversion = 1;
INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, campaign_code) VALUES ('ret.contact', '2008-03-20', 2130.70, 'EUR', 'mens');
ANALYZE;
CALL crmcost.refresh('crm', '2008-05-01');
});

my $plain = q{
SELECT k.code, r.response, count(*) FILTER (WHERE m.segment = k.name), count(*) FILTER (WHERE m.segment <> k.name),
       sum(r.n) FILTER (WHERE m.segment = k.name), sum(r.n) FILTER (WHERE m.segment <> k.name),
       round(avg(r.n) FILTER (WHERE m.segment = k.name) - avg(r.n) FILTER (WHERE m.segment <> k.name), 6),
       CASE WHEN r.response = 'order' THEN round(sum(m.spend) FILTER (WHERE m.segment = k.name)
         - avg(m.spend) FILTER (WHERE m.segment <> k.name) * count(*) FILTER (WHERE m.segment = k.name), 4) END
FROM mailed m JOIN crm.campaign k ON m.segment IN (k.name, 'No E-Mail') CROSS JOIN LATERAL (VALUES ('behavior', m.visit), ('order', m.conversion)) AS r (response, n)
GROUP BY 1, 2 ORDER BY 1, 2};
is( $node->safe_psql(
		'postgres', q{
	SELECT campaign_code, response, targeted, control, target_responses, control_responses, uplift, incremental_revenue
	FROM crm.campaign_response WHERE response <> 'acquisition' ORDER BY 1, 2}),
	$node->safe_psql('postgres', $plain),
	'responses, uplift and incremental revenue are those of plain SQL');
is( $node->safe_psql(
		'postgres', q{
	SELECT campaign_code, round(100 * target_rate, 1), round(100 * control_rate, 1) FROM crm.campaign_response WHERE response = 'behavior' ORDER BY 1}
	),
	"mens|18.3|10.6\nwomens|15.1|10.6",
	'visits of 18.3 % and 15.1 % against 10.6 %, as is published');
is( $node->safe_psql(
		'postgres', q{
	SELECT campaign_code, round(100 * target_rate, 2), round(100 * control_rate, 2), round(target_revenue / targeted, 2), round(control_revenue / control, 2)
	FROM crm.campaign_response WHERE response = 'order' ORDER BY 1}),
	"mens|1.25|0.57|1.42|0.65\nwomens|0.88|0.57|1.08|0.65",
	'purchases of 1.25 % and 0.88 % against 0.57 %, spending of 1.42 and 1.08 against 0.65');

# With groups of this size the interval is that of the normal approximation to the
# fourth decimal, and holds no zero.
is( $node->safe_psql(
		'postgres', q{
	SELECT count(*) FROM crm.campaign_response, LATERAL (
	  SELECT 1.959963984540054 * sqrt(target_rate * (1 - target_rate) / targeted + control_rate * (1 - control_rate) / control) AS half) w
	WHERE response <> 'acquisition' AND uplift_low > 0 AND abs(uplift - half - uplift_low) < 0.0001 AND abs(uplift + half - uplift_high) < 0.0001}
	),
	'4',
	'both mails made people visit and buy');
is( $node->safe_psql(
		'postgres',
		q{SELECT round(cost_per_incremental_response, 2) FROM crm.campaign_response WHERE campaign_code = 'mens' AND response = 'order'}
	),
	$node->safe_psql(
		'postgres', q{SELECT round(2130.70 / (sum(conversion) FILTER (WHERE segment LIKE 'Mens%')
	  - avg(conversion) FILTER (WHERE segment LIKE 'No%') * count(*) FILTER (WHERE segment LIKE 'Mens%')), 2) FROM mailed}
	),
	'an order more costs what plain SQL says');

done_testing();
