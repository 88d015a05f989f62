# The demo's load on real data: the sample of the Complete Journey and CDNOW in
# the directory CRMCOST_DATA, and the full data if "make demo" has fetched it.
# Totals must equal those that Python adds up from the files, to the cent.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Demo;
use Test::More;

my $data = $ENV{CRMCOST_DATA} || '../shared/data';
my $fetched = $ENV{CRMCOST_FETCHED} || '';
my $source = "$data/completejourney_transactions_sample.csv.xz";
my ($lines, $without_money) = (75_000, 424);
if (!-r $source && -r "$fetched/complete")
{
	$source = "$fetched/transactions.csv";
	($lines, $without_money) = (1_469_307, 9_100);
}
plan skip_all =>
  "no real data in $data, and none fetched by make demo: name a directory with CRMCOST_DATA"
  unless -r $source;

my $demo = Demo::start('demo_real');
my $read = 'import lzma, sys; sys.stdout.buffer.write('
  . '(lzma.open if sys.argv[1].endswith(".xz") else open)(sys.argv[1], "rb").read())';
$demo->copy('transactions', $demo->python('-c', $read, $source));
foreach my $table (
	qw(products campaigns campaign_descriptions coupon_redemptions demographics))
{
	my ($file) = grep { -r } "$data/completejourney_$table.csv", "$fetched/$table.csv";
	$demo->copy($table, PostgreSQL::Test::Utils::slurp_file($file)) if $file;
}
$demo->load_and_check($source);
is( $demo->sql('SELECT count(*) FROM crm.sale'), $lines - $without_money,
	'every line that carries money is a sale');
is( $demo->sql(
		q{SELECT count(*) FROM crm.sale WHERE cogs IS NULL OR amount <= 0}),
	0, 'each has an amount and a cost of goods');
is( $demo->sql(
		q{SELECT min(sold_at AT TIME ZONE 'America/New_York')::date || ' ' ||
			max(sold_at AT TIME ZONE 'America/New_York')::date FROM crm.sale}),
	'2017-01-01 2017-12-31',
	'UTC times fall into the year 2017 of the stores');
$demo->file('demo/report.sql');

SKIP:
{
	my $cdnow = "$data/CDNOW_master.txt";
	skip "no CDNOW_master.txt in $data", 3 unless -r $cdnow;
	my $csv = "customer_id,purchased_on,cds,amount\n";
	my ($rows, $cents, %customers) = (0, 0);
	my (undef, @lines) = split /\r?\n/, PostgreSQL::Test::Utils::slurp_file($cdnow);
	foreach (@lines)
	{
		my ($customer, $day, $cds, $amount) = split;
		$csv .= "$customer,$day,$cds,$amount\n";
		$rows++;
		$customers{$customer} = 1;
		$cents += sprintf('%.0f', $amount * 100);
	}
	$demo->sql('TRUNCATE demo.cdnow');
	$demo->copy('cdnow', $csv);
	is( $demo->sql(
			q{SELECT sum(f), count(*), sum(m) * 100 FROM (
				SELECT crmcost.frequency(s) AS f, crmcost.monetary(s) AS m
				FROM (SELECT crmcost.rfm(purchased_on::timestamptz, amount) AS s
					  FROM demo.cdnow GROUP BY customer_id) AS c) AS t}),
		"$rows|" . keys(%customers) . "|$cents.00",
		'RFM sums of CDNOW equal those of the file');
	$demo->file('demo/cdnow.sql');
}

done_testing();
