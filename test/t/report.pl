# The report page: the findings and texts without a server (test/report/findings.py),
# pages of live ledgers in every state a ledger can be in, and, where Chromium and
# playwright are there, the page in a real browser (test/report/browser.py).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use JSON::PP;
use Nodes;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
$ENV{PYTHONDONTWRITEBYTECODE} = 1;

# A script that prints "ok NAME" or "not ok NAME # why".
sub verdicts
{
	my ($name, @command) = @_;
	my ($out,  $err)     = ('', '');
	IPC::Run::run(\@command, '>', \$out, '2>', \$err);
	my $status = $?;
	foreach my $line (split /\n/, $out)
	{
		my ($verdict, $what, $why) = $line =~ /^(ok|not ok) (.*?)(?: # (.*))?$/ or next;
		ok($verdict eq 'ok', $what) or diag($why // '');
	}
	is($status, 0, "$name runs to its end") or diag($err);
}

verdicts('findings.py', 'python3', 'test/report/findings.py');

my $node = start_node('report');
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;

# The report of a ledger: exit code, errors, and what the page shows by section.
sub report
{
	my ($database, $ledger, %environment) = @_;
	local %ENV = (%ENV, PGDATABASE => $database, %environment);
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'python3', 'report/build.py', '--data', $ledger, "$dir/data.json" ],
		'>', \$out, '2>', \$err);
	return ($? >> 8, $err) if $?;
	my $data = decode_json(slurp_file("$dir/data.json"));
	return (0, $err, $data, { map { $_->{id} => $_ } @{ $data->{sections} } });
}

# Why there is no chart, or what it finds, in English.
sub said
{
	my ($section) = @_;
	my $text = $section->{empty} // $section->{title};
	return ref $text ? $text->[0] : $text;
}

sub sections_say
{
	my ($name, $shown, %wanted) = @_;
	like(said($shown->{$_}), $wanted{$_}, "$name: $_") foreach sort keys %wanted;
}

# What has no ledger, or cannot be reached.
my ($status, $err) = report('postgres', 'shop');
is($status, 2, 'a ledger that is not there is refused');
like(
	$err,
	qr/^crmcost: there is no ledger shop in this database \(ledgers here: none\)/,
	'... with what to do');
($status, $err) = report('nowhere', 'shop');
like($err, qr/^crmcost: cannot connect .*: set PGHOST, /, 'so is a database that is not there');

# One ledger from its first minute on, in a database of a one-byte encoding, by
# a name that has to be quoted.
$node->safe_psql('postgres',
	q{CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
$node->safe_psql('latin', q{CREATE EXTENSION crmcost});
my $name    = q{Small "shop's"};
my $quoted  = q{"Small ""shop's"""};
my $literal = q{'Small "shop''s"'};
$node->safe_psql('latin', qq{SET client_min_messages = warning; CALL crmcost.install($literal)});
my (undef, undef, $data, $shown) = report('latin', $name);
like(
	said($shown->{$_}),
	qr/^Not refreshed yet: CALL crmcost\.refresh\('Small "shop's"'\)/,
	"never refreshed: $_") foreach grep { $_ ne 'quality' } map { $_->{id} } @{ $data->{sections} };
like(said($shown->{quality}), qr/^1 of \d+ checks finds an error/, '... and the checks say so');

sub refresh
{
	$node->safe_psql(
		'latin', "SET client_min_messages = warning; SET search_path = $quoted, crmcost; $_[0];
		CALL crmcost.refresh($literal, '2024-03-01 00:00+00')");
	my (undef, undef, undef, $now) = report('latin', $name);
	return $now;
}

sections_say(
	'empty', refresh('SELECT 1'),
	bridge   => qr/^No sale and no cost/,
	cost     => qr/^No cost is booked/,
	whale    => qr/^No customer has bought/,
	rfm      => qr/^No customer has ordered/,
	cohort   => qr/^No customer has ordered/,
	tiers    => qr/^No customer is in a tier/,
	cac      => qr/^No (customer was acquired|acquisition cost)/,
	credit   => qr/^No conversion/,
	campaign => qr/^No campaign is defined/,
	clv      => qr/^A year of orders/,
	quality  => qr/checks/);

$shown = refresh(
	q{
	UPDATE channel SET name = U&'Caf\00E9 <b>' WHERE code = 'store';
	INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
	VALUES (1, 'one', '2024-01-05', '2024-01-05', 'store');
	INSERT INTO sale (customer_id, sold_at, amount, cogs, currency, channel_code)
	VALUES (1, '2024-01-06', 100, 60, (SELECT value FROM setting WHERE key = 'base_currency'), 'store')}
);
sections_say(
	'one customer without costs', $shown,
	bridge => qr/^No cost of customers is booked, so the margin of 40 /,
	cost   => qr/^No cost is booked/,
	whale  => qr/^One customer so far, with a profit of 40 /,
	rfm    => qr/^One customer so far$/,
	cohort => qr/^0% of a cohort buys again/,
	cac    => qr/^No acquisition cost is booked/,
	tiers  => qr/^In scheme abc all customers are in one tier: A/);
is_deeply($shown->{bridge}{title}[1] =~ /\p{Han}/ ? 1 : 0,
	1, 'one-byte encoding: the page is in Chinese all the same');

$shown = refresh(
	q{
	INSERT INTO customer (customer_id, source_key, first_seen_at) VALUES (2, 'two', '2024-01-05');
	INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id, channel_code)
	SELECT c, '2024-02-10', 100, (SELECT value FROM setting WHERE key = 'base_currency'), i, 'store'
	FROM generate_series(1, 2) i, unnest('{acq.ads.web,svc.repair}'::text[]) c});
sections_say(
	'all losing', $shown,
	bridge => qr/^What customers cost exceeds the margin: a loss of 360 /,
	whale  => qr/^All 2 customers lose money, 360 /,
	tiers  => qr/^In scheme abc all customers are in one tier: C/,
	cost   => qr/^(Acquisition|Service) is 50% of the cost of 400 /,
	cac    => qr/^Caf\x{e9} <b> loses money: /);

# A full ledger, and names that are markup.
$node->safe_psql('postgres',
	q{CREATE DATABASE shop TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'});
$node->safe_psql('shop', 'CREATE EXTENSION crmcost');
IPC::Run::run([ 'psql', '-XqAt', '-d', $node->connstr('shop'), '-f', 'test/report/shop.sql' ],
	'>', \my $loaded, '2>', \$err);
is($err, '', 'the shop is loaded');
($status, $err, $data, $shown) = report('shop', 'crm');
is($status, 0, 'a full ledger has a report') or diag($err);
ok($shown->{$_}{table} && @{ $shown->{$_}{table}{rows} }, "... with $_")
  foreach qw(bridge cost whale rfm cohort tiers cac credit campaign);

# The figures are those of the facts.
sub fact
{
	my ($query) = @_;
	return $node->safe_psql('shop',
		"SET search_path = crm; SELECT trim(to_char(($query), '999,990.00'))");
}
my %step = map { $_->[0] => $_->[1] }
  map { [ ref $_->[0] ? $_->[0][0] : $_->[0], $_->[1] ] } @{ $shown->{bridge}{table}{rows} };
is( $step{'Gross sales'},
	fact(
		q{SELECT sum(amount + discount) FROM sale WHERE kind = 'sale' AND sold_at >= '2024-04-01'}),
	'gross sales of the last twelve months');
is( $step{'Profit after all cost'} =~ s/\x{2212}/-/r,
	fact(
		q{SELECT (SELECT sum(amount - coalesce(cogs, 0)) FROM sale WHERE sold_at >= '2024-04-01')
	- (SELECT sum(amount) FROM cost_entry WHERE incurred_on >= '2024-04-01')}),
	'... and what is left of them');
is( $shown->{campaign}{table}{rows}[0][1],
	fact(q{SELECT sum(amount) FROM cost_entry WHERE campaign_code = 'spring'}),
	'cost of a campaign');
my ($first) = grep { $_->[0] eq '2024-01' && $_->[1] eq '2' } @{ $shown->{cohort}{table}{rows} };
is( $first->[3],
	$node->safe_psql(
		'shop', q{SELECT count(DISTINCT customer_id) FROM crm.sale WHERE customer_id % 12 = 0
	AND date_trunc('month', sold_at) = '2024-03-01' AND kind = 'sale'}),
	'who of the first cohort bought in month 2');

# A reader who may not see one table, and one who may see nothing.
my $denied = $node->safe_psql(
	'shop', q{
	CREATE ROLE reader LOGIN; CREATE ROLE stranger LOGIN;
	SELECT crmcost.grant_read('crm', 'reader');
	REVOKE SELECT ON crm.rfm_cell FROM reader});
($status, $err, undef, $shown) = report('shop', 'crm', PGUSER => 'reader');
like(
	said($shown->{rfm}),
	qr/^You may not read what this is made of \(permission denied for table rfm_cell\)/,
	'a reader without rights on one table: its chart says so');
ok($shown->{$_}{chart}, "... and the others are there: $_")
  foreach qw(bridge cost whale cohort tiers);
($status, $err) = report('shop', 'crm', PGUSER => 'stranger');
like($err, qr/^crmcost: you may not read ledger crm: /, 'a stranger gets no figures');

# The files: for their owner alone, and the page in a browser.
my $python = $ENV{CRMCOST_BROWSER_PYTHON} || '../../browser/venv/bin/python';
$python = 'python3' unless -x $python;
{
	local %ENV = (
		%ENV,
		PGDATABASE => 'shop',
		LEDGER     => 'crm',
		OUT        => "$dir/live.html",
		PG_CONFIG  => $ENV{PG_CONFIG} // 'pg_config');
	IPC::Run::run([ 'sh', 'report/run.sh' ], '>', \my $out, '2>', \$err);
	like(
		$out,
		qr/the report of ledger crm is in \Q$dir\E\/live\.html/,
		'make report says where the page is') or diag($err);
}
is(sprintf('%o', (stat "$dir/live.html")[2] & 0777), '600', 'it is for its owner alone');
cmp_ok(-s "$dir/live.html", '<', 1_500_000, 'it has less than 1.5 MB');
IPC::Run::run([ 'python3', 'test/report/sample.py', "$dir/full.html" ]);

my ($chromium) =
  grep { -x } map { ("$_/chromium", "$_/chromium-browser", "$_/google-chrome") } split /:/,
  $ENV{PATH};
SKIP:
{
	skip 'no Chromium: make check-report installs it', 1 unless $chromium;
	skip "no playwright in $python: make check-report installs it", 1
	  unless IPC::Run::run([ $python, '-c', 'import playwright' ], '>', \my $nothing, '2>',
		\my $why);
	verdicts('browser.py', $python, 'test/report/browser.py', $chromium, "$dir/full.html",
		"$dir/live.html");
}

done_testing();
