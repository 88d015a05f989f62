# The demo's load on real data: the sample of the Complete Journey and CDNOW in
# the directory CRMCOST_DATA, else a tenth of what "make demo" has fetched.
# Totals must equal those that Python adds up from the files, to the cent.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Demo;
use Test::More;

my $data    = $ENV{CRMCOST_DATA}    || '../shared/data';
my $fetched = $ENV{CRMCOST_FETCHED} || '';
my $sample  = "$data/completejourney_transactions_sample.csv.xz";
plan skip_all =>
  "no real data in $data, and none fetched by make demo: name a directory with CRMCOST_DATA"
  unless -r $sample || -r "$fetched/complete";

my $demo   = Demo::start('demo_real');
my $source = "$demo->{dir}/transactions.csv";
if (-r $sample)
{
	PostgreSQL::Test::Utils::append_to_file(
		$source,
		$demo->python(
			'-c', 'import lzma, sys; sys.stdout.write(lzma.open(sys.argv[1], "rt").read())',
			$sample));
}
else
{
	# households whose number ends with 7
	open(my $in,  '<', "$fetched/transactions.csv") or die $!;
	open(my $out, '>', $source)                     or die $!;
	print $out scalar <$in>;
	while (<$in>) { print $out $_ if /^\d*7,/ }
	close $out;
}
$demo->copy('transactions', PostgreSQL::Test::Utils::slurp_file($source));
foreach my $table (qw(products campaigns campaign_descriptions coupon_redemptions demographics))
{
	my ($file) = grep { -r } "$data/completejourney_$table.csv", "$fetched/$table.csv";
	$demo->copy($table, PostgreSQL::Test::Utils::slurp_file($file)) if $file;
}
$demo->load_and_check($source);

is( $demo->sql('SELECT count(*) FROM crm.sale'),
	$demo->sql(
		q{SELECT sum(CASE measure WHEN 'lines' THEN value ELSE -value END)::bigint
		  FROM demo.source_total WHERE measure IN ('lines', 'lines_without_money')}),
	'every line that carries money is a sale');
is($demo->sql(q{SELECT count(*) FROM crm.sale WHERE cogs IS NULL OR amount <= 0}),
	0, 'each has an amount and a cost of goods');
is( $demo->sql(
		q{SELECT min(sold_at AT TIME ZONE 'America/New_York')::date || ' ' ||
			max(sold_at AT TIME ZONE 'America/New_York')::date FROM crm.sale}),
	'2017-01-01 2017-12-31',
	'UTC times fall into the year 2017 of the stores');
$demo->file('demo/report.sql');

# CDNOW as CSV: made of the fixed-width file, or as fetched.
sub cdnow
{
	my ($master) = grep { -r } "$data/CDNOW_master.txt";
	return -r "$fetched/cdnow.csv" && PostgreSQL::Test::Utils::slurp_file("$fetched/cdnow.csv")
	  unless $master;
	my (undef, @lines) = split /\r?\n/, PostgreSQL::Test::Utils::slurp_file($master);
	return
	  join("\n", 'customer_id,purchased_on,cds,amount', map { join(',', split) } @lines) . "\n";
}

SKIP:
{
	my $csv = cdnow() or skip "no CDNOW_master.txt in $data", 9;
	my ($rows, $cents, %customers) = (0, 0);
	my (undef, @lines) = split /\n/, $csv;
	foreach (@lines)
	{
		my ($customer, undef, undef, $amount) = split /,/;
		$rows++;
		$customers{ $customer + 0 } = 1;
		$cents += sprintf('%.0f', $amount * 100);
	}
	$demo->copy('cdnow', $csv);
	is( $demo->sql(
			q{SELECT sum(f), count(*), sum(m) * 100 FROM (
				SELECT crmcost.frequency(s) AS f, crmcost.monetary(s) AS m
				FROM (SELECT crmcost.rfm(purchased_on::timestamptz, amount) AS s
					  FROM demo.cdnow GROUP BY customer_id) AS c) AS t}),
		"$rows|" . keys(%customers) . "|$cents.00",
		'RFM sums of CDNOW equal those of the file');
	$demo->file('demo/cdnow.sql');

	# 39 weeks, and the next 39.  The parameters are those that the package
	# lifetimes 0.11.3 finds on the same 39 weeks.
	$demo->lifetime($csv, '1997-09-30', '1998-06-30');
	is( $demo->sql(
			q{SELECT string_agg(concat_ws(' ', model, round(r::numeric, 3), round(alpha::numeric, 3),
					round(a::numeric, 3), round(b::numeric, 3), round(p::numeric, 3),
					round(q::numeric, 3), round(v::numeric, 3), round(log_likelihood::numeric, 3)),
				', ' ORDER BY model)
			  FROM cdnow.clv_model WHERE status = 'fitted' AND as_of = '1997-09-30'}),
		'bgnbd 0.252 4.789 0.723 2.161 -95368.444, ' . 'gamma_gamma 6.275 3.624 14.984 -40763.476',
		'models of the first 39 weeks');
}

done_testing();
