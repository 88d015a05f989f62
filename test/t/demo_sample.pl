# The demo on the made-up sample: load, check, refresh, report.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Demo;
use Test::More;

my $demo = Demo::start('demo_sample');
$demo->file('demo/sample.sql');

# The source of this one is what the script made up.
my $csv = "$demo->{dir}/transactions.csv";
open(my $out, '>', $csv) or die $!;
print $out $demo->{node}
  ->safe_psql('crmcost', 'COPY demo.transactions TO STDOUT (FORMAT csv, HEADER)'), "\n";
close $out;
$demo->load_and_check($csv);

my $report = $demo->file('demo/report.sql');
like($report, qr/MADE-UP SAMPLE/, 'the report says that the sample is made up');
like($report, qr/^== $_/m,        "the report has: $_")
  foreach (
	'From the shelf price to the profit',
	'What customers cost, by category',
	'Profit in steps, by quarter',
	'Tiers',
	'RFM segments',
	'Cohorts',
	'The whale curve',
	'The ten costliest households',
	'Profit and loss of household',
	'Where its cost of that month comes from',
	'Lifetime value',
	'Campaigns',
	'One page of outcome');
unlike($report, qr/NaN|Infinity/, 'no figure is undefined');
my $shelf_price = $demo->sql(
	q{SELECT trim(to_char(sum(sales_value + retail_disc + coupon_match_disc), '99,999,990'))
	  FROM demo.transactions});
like(
	$report,
	qr/^ Net revenue .*\b$shelf_price$/m,
	'the steps of the year begin with the shelf price');

my $plain = $demo->file('demo/cdnow.sql');
like($plain, qr/MADE-UP SAMPLE/, 'so does the chapter without a ledger');
like($plain, qr/champions/i,     'which names segments');

my $cdnow =
  $demo->{node}->safe_psql('crmcost', 'COPY demo.cdnow TO STDOUT (FORMAT csv, HEADER)') . "\n";
my $lifetime = $demo->lifetime($cdnow, '2017-09-30', '2018-06-30');
like($lifetime, qr/MADE-UP SAMPLE/, 'the chapter on lifetime value says what it is of');
like($lifetime, qr/^ $_ /m,         "it shows: $_") foreach ('bgnbd', 'gamma_gamma');

# The page of charts: what doc/report.md answers from it is what it says.
{
	local %ENV = (
		%ENV,
		PGHOST                  => $demo->{node}->host,
		PGPORT                  => $demo->{node}->port,
		PGDATABASE              => 'crmcost',
		PYTHONDONTWRITEBYTECODE => 1);
	IPC::Run::run([ 'python3', 'report/build.py', '--data', 'crm', "$demo->{dir}/page.json" ],
		'2>', \my $why);
	is($why, '', 'the demo has a page of charts');
	my $page       = PostgreSQL::Test::Utils::slurp_file("$demo->{dir}/page.json");
	my $documented = PostgreSQL::Test::Utils::slurp_file('doc/report.md');
	my ($table)    = $documented =~ /^\| question \| look at \| answer \|\n\|[-|]+\n(.*?)^$/ms;
	my @answers    = map { (split / \| /)[2] =~ s/ \|$//r } split /\n/, $table;
	is(@answers, 10, 'doc/report.md answers ten questions');
	my @unsaid = grep { index($page, $_) < 0 } @answers;
	is_deeply(\@unsaid, [], '... as the page does');
}

# The same rows each time: the documentation may quote them.
is($demo->sql('SELECT count(*), sum(sales_value) FROM demo.transactions'),
	'33751|255051.50', 'the sample is the same everywhere');

done_testing();
