# A real help desk (4,580 cases of an Italian software house, 2010 to 2014; M. Polato,
# 4TU.ResearchData): first response, resolution, reopening and cost by product and
# service level are what plain SQL says of the file.  The data lie beside the tree
# (CRMCOST_DATA); without them the test is skipped.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use Test::More;

my $data = ($ENV{CRMCOST_DATA} // '../shared/data') . '/helpdesk_italian.csv';
plan skip_all => 'the help desk data are not there: set CRMCOST_DATA' unless -r $data;

my $node = start_node('service_helpdesk');
$node->safe_psql(
	'postgres', q{
CREATE TABLE raw (n bigint GENERATED ALWAYS AS IDENTITY, case_id text, activity text, resource text, at timestamp, variant text, variant_index int, variant_2 text, seriousness text,
                  customer text, product text, section text, seriousness_2 text, service_level text, service_type text, support_section text, workgroup text)}
);
IPC::Run::run(
	[
		'psql',
		'-XAtq',
		'-d',
		$node->connstr('postgres'),
		'-c',
		'COPY raw (case_id, activity, resource, at, variant, variant_index, variant_2, seriousness, customer, product, section, seriousness_2, service_level, service_type, support_section, workgroup) FROM STDIN (FORMAT csv, HEADER)'
	],
	'<', $data);
is( $node->safe_psql(
		'postgres',
		q{SELECT count(*), count(DISTINCT case_id), count(*) FILTER (WHERE activity = 'Resolve ticket') FROM raw}
	),
	'21348|4580|4983',
	'the data are all there');

# The events of a case up to a resolution are one contact; each event is a step, which
# takes a standard time.  What comes after the last resolution is another contact, but
# that the case is closed.
$node->safe_psql(
	'postgres', q{
CREATE TABLE event AS
  SELECT r.*, r.at AT TIME ZONE 'Europe/Rome' AS happened_at, activity <> 'Closed' AS is_work, first_value(customer) OVER whole AS party,
         coalesce(count(*) FILTER (WHERE activity = 'Resolve ticket') OVER (whole ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS turn
  FROM raw r WINDOW whole AS (PARTITION BY case_id ORDER BY at, n);
CALL crmcost.install('crm');
UPDATE crm.setting SET value = CASE key WHEN 'timezone' THEN 'Europe/Rome' ELSE 'none' END WHERE key IN ('timezone', 'clv_model');
INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at) OVERRIDING SYSTEM VALUE SELECT row_number() OVER (ORDER BY party), party, '2010-01-01', '2010-01-01' FROM (SELECT DISTINCT party FROM event) p;
INSERT INTO crm.activity_time (kind, subtype, minutes) SELECT 'care', activity, length(activity) FROM (SELECT DISTINCT activity FROM raw) a;
CREATE VIEW contact AS
  SELECT c.customer_id, 'helpdesk' AS source, e.case_id || ' ' || turn AS source_ref, 'ticket' AS kind, e.case_id AS case_ref,
         min(happened_at) FILTER (WHERE is_work) AS occurred_at, min(happened_at) FILTER (WHERE activity = 'Take in charge ticket') AS first_response_at,
         coalesce(max(happened_at) FILTER (WHERE activity = 'Resolve ticket'),
                  CASE WHEN max(happened_at) FILTER (WHERE NOT is_work) >= max(happened_at) FILTER (WHERE is_work) THEN max(happened_at) FILTER (WHERE NOT is_work) END) AS resolved_at,
         (array_agg(product ORDER BY at, n))[1] AS product_code, jsonb_build_object('service_level', (array_agg(service_level ORDER BY at, n))[1], 'team', (array_agg(workgroup ORDER BY at, n))[1]) AS attributes
  FROM event e JOIN crm.customer c ON c.source_key = party GROUP BY 1, e.case_id, turn HAVING bool_or(is_work);
CREATE VIEW step AS
  SELECT c.customer_id, 'helpdesk' AS source, 'step ' || n AS source_ref, 'care' AS kind, activity AS subtype, case_id AS case_ref, happened_at AS occurred_at, resource AS agent_code, product AS product_code,
         jsonb_build_object('service_level', service_level, 'team', workgroup) AS attributes
  FROM event JOIN crm.customer c ON c.source_key = party;
CALL crmcost.load_facts('crm', 'interaction', 'contact');
CALL crmcost.load_facts('crm', 'interaction', 'step');
INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) SELECT 'svc.support', d, 1000, 'EUR' FROM generate_series('2010-01-15'::date, '2014-01-15', '1 month') d;
CALL crmcost.refresh('crm', '2014-02-01 00:00 Europe/Rome');

-- the same in plain SQL, from the file
CREATE TABLE life AS
  WITH work AS (SELECT e.*, lag(activity) OVER o AS activity_before, lag(happened_at) OVER o AS before_at FROM event e WHERE is_work WINDOW o AS (PARTITION BY case_id ORDER BY at, n)),
  one AS (SELECT case_id, min(happened_at) AS opened_at, max(happened_at) AS last_at, least(min(happened_at) FILTER (WHERE activity = 'Take in charge ticket'), min(happened_at) FILTER (WHERE activity = 'Resolve ticket')) AS answered_at,
                 max(happened_at) FILTER (WHERE activity = 'Resolve ticket') AS resolved_at, (array_agg(activity ORDER BY at DESC, n DESC))[1] AS last_activity,
                 count(*) FILTER (WHERE activity_before = 'Resolve ticket' AND before_at < happened_at) AS reopenings, (array_agg(product ORDER BY at, n))[1] AS product, (array_agg(service_level ORDER BY at, n))[1] AS service_level
          FROM work GROUP BY case_id)
  SELECT o.*, CASE WHEN last_activity = 'Resolve ticket' THEN resolved_at WHEN closed_at >= last_at THEN closed_at END AS ended_at
  FROM one o LEFT JOIN (SELECT case_id, max(happened_at) AS closed_at FROM event WHERE NOT is_work GROUP BY case_id) c USING (case_id);
UPDATE life SET answered_at = ended_at WHERE answered_at IS NULL;
});

sub same
{
	my ($said, $plain, $what) = @_;
	my ($a, $b) = map { $node->safe_psql('postgres', $_) } $said, $plain;
	is($a, $b, "$what: " . (split /\n/, $a)[0]);
}

my $months = q{date_trunc('month', %s AT TIME ZONE 'Europe/Rome')::date};
my ($answered, $ended, $opened) = map { sprintf($months, $_) } qw(answered_at ended_at opened_at);
is( $node->safe_psql('postgres', 'SELECT count(*), sum(steps) FROM crm.service_case'),
	$node->safe_psql(
		'postgres',
		'SELECT count(*), (SELECT count(*) FROM raw) + (SELECT count(*) FROM contact) FROM life'),
	'all cases are there, with all that was done');
same(
	q{SELECT sum(opened), sum(responded), sum(resolved), sum(resolutions), sum(reopened) FROM crm.service_level WHERE dimension = '(all)'},
	q{SELECT count(*), count(answered_at), count(ended_at), count(ended_at) + sum(reopenings), sum(reopenings) FROM life},
	'there are more resolutions than cases');
is( $node->safe_psql(
		'postgres',
		q{SELECT sum(resolutions) > 4580 FROM crm.service_level WHERE dimension = '(all)'}),
	't',
	'as cases are opened again');
same(
	q{SELECT count(*) FILTER (WHERE reopenings > 0), max(reopenings) FROM crm.service_case},
	q{SELECT count(*) FILTER (WHERE reopenings > 0), max(reopenings) FROM life},
	'cases that were opened again');
same(
	q{SELECT month_start, responded, response_p50_hours, response_p90_hours, response_p95_hours, response_sla_rate FROM crm.service_level WHERE dimension = '(all)' AND responded > 0 ORDER BY 1},
	qq{SELECT $answered, count(*), round(percentile_disc(0.5) WITHIN GROUP (ORDER BY s) / 3600, 6), round(percentile_disc(0.9) WITHIN GROUP (ORDER BY s) / 3600, 6), round(percentile_disc(0.95) WITHIN GROUP (ORDER BY s) / 3600, 6),
	     round(avg((s <= 4 * 3600)::int), 6) FROM (SELECT *, extract(epoch FROM answered_at - opened_at) AS s FROM life WHERE answered_at IS NOT NULL) l GROUP BY 1 ORDER BY 1},
	'first answers by month');
for my $by ([ '(product)', 'product' ], [ '(service_level)', 'service_level' ])
{
	my ($dimension, $column) = @$by;
	same(
		qq{SELECT code, month_start, resolved, resolution_p50_hours, resolution_p95_hours FROM crm.service_level WHERE dimension = '$dimension' AND resolved > 0 ORDER BY code COLLATE "C", 2},
		qq{SELECT $column, $ended, count(*), round(percentile_disc(0.5) WITHIN GROUP (ORDER BY s) / 3600, 6), round(percentile_disc(0.95) WITHIN GROUP (ORDER BY s) / 3600, 6)
		   FROM (SELECT *, extract(epoch FROM ended_at - opened_at) AS s FROM life WHERE ended_at IS NOT NULL) l GROUP BY 1, 2 ORDER BY $column COLLATE "C", 2},
		"resolutions by $column");
	# a step of n letters takes n minutes, and 1,000 a month are shared by them
	same(
		qq{SELECT code, sum(cases), round(sum(cost), 1), round(sum(cost) / sum(cases), 1) FROM crm.service_cost WHERE dimension = '$dimension' GROUP BY 1 ORDER BY code COLLATE "C"},
		qq{WITH spent AS (SELECT $column, sum(1000.0 * share) AS cost FROM (SELECT $column, sum(length(activity))::numeric / sum(sum(length(activity))) OVER (PARTITION BY date_trunc('month', at)) AS share
		     FROM event GROUP BY $column, date_trunc('month', at)) m GROUP BY 1)
		   SELECT $column, n, round(cost, 1), round(cost / n, 1) FROM spent JOIN (SELECT $column, count(*) AS n FROM life GROUP BY 1) l USING ($column) ORDER BY $column COLLATE "C"},
		"cost of a case by $column");
}
is( $node->safe_psql(
		'postgres',
		q{SELECT count(*) FROM (SELECT month_start FROM crm.service_cost GROUP BY month_start, dimension HAVING sum(cost) <> 1000) d}
	),
	'0',
	'and by whatever it is cut, all of it is there');
same(
	q{SELECT count(*), min(opened_at) FROM crm.open_case},
	q{SELECT count(*), min(opened_at) FROM life WHERE ended_at IS NULL},
	'what is still open');

# the last cases, once more, come as news
$node->safe_psql(
	'postgres', q{
CREATE TABLE kept AS SELECT * FROM crm.service_level;
CREATE TABLE late AS SELECT * FROM crm.interaction WHERE occurred_at >= '2013-11-01';
DELETE FROM crm.interaction WHERE occurred_at >= '2013-11-01';
CALL crmcost.refresh('crm', '2014-02-01 00:00 Europe/Rome');
INSERT INTO crm.interaction SELECT * FROM late;
CALL crmcost.refresh('crm', '2014-02-01 00:00 Europe/Rome')});
is( $node->safe_psql(
		'postgres',
		'SELECT count(*) FROM ((SELECT * FROM kept EXCEPT SELECT * FROM crm.service_level) UNION ALL (SELECT * FROM crm.service_level EXCEPT SELECT * FROM kept)) d'
	),
	'0',
	'news gives what one refresh gives');

done_testing();
