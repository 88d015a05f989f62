# Two refreshes of a ledger at a time, and databases of other encodings.
use strict;
use warnings;
use utf8;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('lock');
$node->init;
$node->start;
$node->safe_psql(
	'postgres', q{
	SET client_min_messages = warning;
	CREATE EXTENSION crmcost;
	CALL crmcost.install('crm', false);
	CALL crmcost.install('other', false)});

# One session refreshes and does not commit.
my ($in, $out, $err) = (
	"BEGIN ISOLATION LEVEL REPEATABLE READ; CALL crmcost.refresh('crm', '2024-01-01'); SELECT 'refreshed';\n",
	'', '');
my $first = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('postgres') ],
	'<', \$in, '>', \$out, '2>', \$err,
	IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$first->pump until $out =~ /refreshed/;

my ($code, $stdout, $stderr) =
  $node->psql('postgres', "\\set VERBOSITY verbose\nCALL crmcost.refresh('crm', '2024-01-01')");
isnt($code, 0, 'a second refresh of the ledger is refused');
like(
	$stderr,
	qr/55P03: ledger "crm" is being refreshed by another session/,
	'with a message that says why');
like(
	$stderr,
	qr/HINT:  Wait until it has finished, then try again\.$/m,
	'and what to do, whatever day it is for');
is($node->psql('postgres', "CALL crmcost.refresh('other', '2024-01-01')"),
	0, 'another ledger can be refreshed');

$in .= "ROLLBACK;\n\\q\n";
$first->finish;
is($node->psql('postgres', "CALL crmcost.refresh('crm', '2024-01-01')"),
	0, 'the end of the transaction frees the ledger');
is($node->safe_psql('postgres', 'SELECT max(run_id) FROM crm.refresh_run'),
	'1', 'what was rolled back left nothing');

# three customers, none of whom came again: no model can be fitted
$node->safe_psql(
	'postgres', q{
	INSERT INTO crm.customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2023-01-01' FROM generate_series(1, 3) i;
	INSERT INTO crm.sale (customer_id, sold_at, amount, currency) SELECT i, make_date(2023, 11, i), 10, 'EUR' FROM generate_series(1, 3) i}
);
($code, $stdout, $stderr) = $node->psql('postgres', "CALL crmcost.refresh('crm', '2024-01-01')");
like(
	$stderr,
	qr/^psql:.*NOTICE:  refresh of "crm" as of 2023-12-31: bgnbd was not fitted: bgnbd_fit must have a customer with frequency above 0$/m,
	'refresh says which model was not fitted');
like(
	$stderr,
	qr/closed_form is used at a retention rate of 0\.0000000000, in place of bgnbd, gamma_gamma, pareto_nbd; retention needs two years of orders/,
	'and what is used instead, and why');

# work_mem is as before, also after an error
is( $node->safe_psql(
		'postgres', q{
	SET client_min_messages = error;
	SET work_mem = '1MB';
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	CALL crmcost.refresh('crm', '2024-01-01');
	SHOW work_mem;
	COMMIT;
	SHOW work_mem;
	SHOW jit;
	SHOW search_path}),
	"1MB\n1MB\non\n\"\$user\", public",
	'settings of the session stay');

# What is closed is computed without compiling, which no cancel interrupts: a default is evaluated in its midst.
is( $node->safe_psql(
		'postgres', q{
	SET client_min_messages = error;
	ALTER TABLE crm.closed_period ADD COLUMN jit text DEFAULT current_setting('jit');
	CALL crmcost.close_period('crm', '2023-11-01');
	SELECT jit FROM crm.closed_period;
	SHOW jit;
	CALL crmcost.reopen_period('crm', '2023-11-01');
	ALTER TABLE crm.closed_period DROP COLUMN jit;
	CALL crmcost.refresh('crm', '2024-01-01')}),
	"off\non",
	'close_period compiles nothing');

# Chinese names need an encoding that has them.
$node->safe_psql(
	'postgres', q{
	CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
	CREATE DATABASE ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
	CREATE DATABASE gb ENCODING 'EUC_CN' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
	CREATE DATABASE utf ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0});
foreach my $database ('latin', 'ascii', 'gb', 'utf')
{
	($code, $stdout, $stderr) = $node->psql(
		$database, q{
		CREATE EXTENSION crmcost;
		CALL crmcost.install('crm', false);
		SELECT count(*), count(name_zh) FROM crm.cost_category});
	is($code, 0, "$database: a ledger is installed");
	my ($all, $chinese) = split /\|/, $stdout;
	cmp_ok($all, '>', 60, "$database: with its categories");
	is( $chinese,
		$database eq 'latin' ? 0 : $all,
		"$database: and Chinese names where they can be held");
	if ($database eq 'latin')
	{
		like($stderr, qr/database encoding LATIN1 cannot hold Chinese names/, 'which is said');
	}
	else
	{
		unlike($stderr, qr/cannot hold/, 'without a complaint');
	}
}
is( $node->safe_psql(
		'gb',
		q{SELECT encode(convert_to(name_zh, 'UTF8'), 'hex') FROM crm.cost_category WHERE code = 'acq'}
	),
	'e5aea2e688b7e88eb7e58f96e68890e69cac',
	'in the bytes of their encoding');
is( $node->safe_psql(
		'utf',
		q{SELECT name_zh = U&'\5BA2\6237\83B7\53D6\6210\672C' FROM crm.cost_category WHERE code = 'acq'}
	),
	't',
	'they are read as what they are');

# So do Chinese comments: where there is none, the ledger stays English and says so.
foreach my $database ('latin', 'ascii', 'gb', 'utf')
{
	my $count = q{
		SELECT count(*), count(*) FILTER (WHERE description ~ '[^\x01-\x7f]') FROM pg_description d JOIN pg_class c ON c.oid = d.objoid
		WHERE d.classoid = 'pg_class'::regclass AND c.relnamespace = 'zh'::regnamespace};
	my $warning =
	  qr/WARNING:  comments of ledger "zh" stay English: database encoding LATIN1 cannot hold Chinese/;
	foreach my $call (q{install('zh', language => 'zh')}, q{upgrade('zh')})
	{
		($code, $stdout, $stderr) = $node->psql($database, "CALL crmcost.$call;$count");
		is($code, 0, "$database: $call runs");
		my ($all, $chinese) = split /\|/, $stdout;
		cmp_ok($all, '>', 3000, "$database: the ledger has comments");
		is( $chinese,
			$database eq 'latin' ? 0 : $all,
			"$database: Chinese ones where they can be held");
		$database eq 'latin'
		  ? like($stderr, $warning, 'which is said')
		  : unlike($stderr, qr/WARNING/, 'without a complaint');
	}
	is( $node->safe_psql(
			$database,
			q{SET client_encoding = 'UTF8'; SELECT example FROM zh.data_quality WHERE rows > 0}),
		$database eq 'latin'
		? q{not refreshed yet: CALL crmcost.refresh('zh')}
		: "\xe5\xb0\x9a\xe6\x9c\xaa\xe5\x88\xb7\xe6\x96\xb0\xef\xbc\x9aCALL crmcost.refresh('zh')",
		"$database: what is found is told in Chinese where it can be held");
	is( $node->safe_psql($database,
			q{UPDATE zh.setting SET value = 'en' WHERE key = 'language'; CALL crmcost.upgrade('zh');}
			  . $count) =~ /\|0$/,
		1,
		"$database: and English ones on demand");
}
$node->safe_psql('gb',
	q{UPDATE zh.setting SET value = 'zh' WHERE key = 'language'; CALL crmcost.upgrade('zh')});
is( $node->safe_psql(
		'gb',
		q{SELECT encode(convert_to(obj_description('zh.fx_rate'::regclass, 'pg_class'), 'UTF8'), 'hex')}
	),
	unpack(
		'H*',
		"\xe5\xaf\xb9\xe6\x9c\xac\xe4\xbd\x8d\xe5\xb8\x81\xe7\x9a\x84\xe6\xb1\x87\xe7\x8e\x87\xef\xbc\x8c"
		  . "\xe6\xaf\x8f\xe4\xb8\xaa\xe5\xb8\x81\xe7\xa7\x8d\xe5\x92\x8c\xe8\xb5\xb7\xe5\xa7\x8b\xe6\x97\xa5\xe4\xb8\x80\xe8\xa1\x8c\xe3\x80\x82"
	),
	'in the bytes of their encoding');

$node->stop;
done_testing();
