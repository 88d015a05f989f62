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
print $out $demo->{node}->safe_psql('crmcost',
	'COPY demo.transactions TO STDOUT (FORMAT csv, HEADER)'), "\n";
close $out;
$demo->load_and_check($csv);

my $report = $demo->file('demo/report.sql');
like($report, qr/MADE-UP SAMPLE/, 'the report says that the sample is made up');
like($report, qr/^== $_/m, "the report has: $_")
  foreach (
	'From the shelf price to the profit', 'What customers cost, by bucket',
	'Tiers', 'RFM segments', 'The whale curve', 'The ten costliest households',
	'Profit and loss of household', 'Where its cost of that month comes from',
	'Campaigns');
unlike($report, qr/NaN|Infinity/, 'no figure is undefined');

my $plain = $demo->file('demo/cdnow.sql');
like($plain, qr/MADE-UP SAMPLE/, 'so does the chapter without a ledger');
like($plain, qr/champions/i, 'which names segments');

# The same rows each time: the documentation may quote them.
is( $demo->sql('SELECT count(*), sum(sales_value) FROM demo.transactions'),
	'33751|255051.50', 'the sample is the same everywhere');

done_testing();
