# A ledger goes through pg_dump and comes back, with all that its owner made of
# it; what belongs to the extension is not in the dump.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('ledger');
$node->init;
$node->append_conf('postgresql.conf', "jit = off\n");
$node->start;
my $dir = $node->basedir;

# Two ledgers of a database owner who is no superuser, with facts of all kinds.
$node->safe_psql(
	'postgres', q{
	CREATE ROLE dba LOGIN;
	CREATE ROLE reader;
	CREATE DATABASE source OWNER dba;
	CREATE DATABASE again OWNER dba;
	CREATE DATABASE plain OWNER dba;
});
my $load = q{
	SET search_path = LEDGER;
	INSERT INTO customer (source_key, first_seen_at, acquired_at, acquisition_channel, referred_by)
	SELECT 'c' || i, '2024-01-01', '2024-01-02', 'web', nullif(i / 7, 0) FROM generate_series(1, 50) i;
	INSERT INTO sale (customer_id, order_ref, line_no, sold_at, product_code, amount, cogs, currency, fx)
	SELECT 1 + i % 50, 'o' || i / 3, i, '2024-01-05'::timestamptz + i * interval '7 hours', 'p' || i % 9, i % 90, i % 40,
		CASE i % 5 WHEN 0 THEN 'USD' ELSE 'EUR' END, CASE i % 10 WHEN 0 THEN 0.9 END
	FROM generate_series(1, 900) i;
	INSERT INTO fx_rate VALUES ('USD', '2024-01-01', 0.91), ('USD', '2024-06-01', 0.93);
	INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id, covers)
	SELECT c.code, '2024-01-01'::date + i * 20, 10 * i, 'EUR', CASE i % 3 WHEN 0 THEN i END, '[2024-01-01,2024-02-01)'
	FROM cost_category c, generate_series(1, 12) i;
	INSERT INTO interaction (customer_id, occurred_at, kind, score)
	SELECT 1 + i % 50, '2024-01-05'::timestamptz + i * interval '1 day', 'survey', 1 + i % 5 FROM generate_series(1, 100) i;
	INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points)
	SELECT 1 + i % 50, 'points', '2024-01-05'::timestamptz + i * interval '1 day', 'earn', i FROM generate_series(1, 100) i;
	INSERT INTO campaign VALUES ('spring', 'email', 'retention', '[2024-03-01,)', 'Spring');
	INSERT INTO plan (kind, measure, period, amount) VALUES ('baseline', 'cost', '[2024-01-01,2025-01-01)', 1);
	INSERT INTO allocation_rule (category_code, driver) VALUES ('ret', 'orders'), ('svc', 'active_customers');
	INSERT INTO allocation_share VALUES ('data', 'svc', 0.25);
	INSERT INTO activity_time VALUES ('ticket', '', 7.5);
	INSERT INTO capacity VALUES ('svc', '[2024-01-01,2024-02-01)', 9600);

	-- seed rows that the owner changed, added and removed
	UPDATE setting SET value = 'Europe/Berlin' WHERE key = 'timezone';
	UPDATE channel SET name = 'Our own search' WHERE code = 'search';
	UPDATE tier SET bound = 5000 WHERE scheme = 'loyalty' AND code = 'gold';
	DELETE FROM reason WHERE code = 'churn.moved';
	INSERT INTO cost_category (code, parent_code, bucket, resource, name)
	VALUES ('acq.ads.podcast', 'acq.ads', 'acquisition', 'financial', 'Podcasts');

	-- what the owner made of the ledger
	ALTER TABLE customer ADD COLUMN region text;
	CREATE INDEX sale_product ON sale (product_code);
	ALTER TABLE sale ENABLE ROW LEVEL SECURITY;
	CREATE POLICY few ON sale FOR SELECT TO reader USING (customer_id < 10);
	CREATE VIEW mine AS SELECT customer_id, profit FROM customer_profit WHERE profit < 0;
};
sub dba { return $node->safe_psql($_[0], $_[1], extra_params => [ '-U', 'dba' ]); }

dba('source', 'SET client_min_messages = warning; CREATE EXTENSION crmcost');
foreach my $ledger ('crm', '"Zweites Buch"')
{
	(my $name       = $ledger) =~ s/"//g;
	(my $statements = $load)   =~ s/LEDGER/$ledger/;
	my $partitioned = $ledger eq 'crm' ? 'true' : 'false';
	dba('source', qq{
		SET client_min_messages = warning;
		CALL crmcost.install('$name', $partitioned);
		CALL crmcost.ensure_partitions('$name', '2024-01-01', '2024-12-01');
		$statements
		CALL crmcost.refresh('$name', '2024-09-30 10:00Z');
		CALL crmcost.close_period('$name', '2024-03-01');
		SELECT crmcost.grant_read('$name', 'reader');
		SELECT crmcost.erase_customer('$name', 7);
	});
}

# Restore as the owner, all or nothing: once from the archive, once as a script.
command_ok([ 'pg_dump', '-U', 'dba', '-Fc', '-f', "$dir/archive", '-d', $node->connstr('source') ],
	'dump to an archive');
command_ok([ 'pg_dump', '-U', 'dba', '-f', "$dir/script.sql", '-d', $node->connstr('source') ],
	'dump to a script');
command_ok(
	[
		'pg_restore',            '-U',
		'dba',                   '--single-transaction',
		'--exit-on-error',       '-d',
		$node->connstr('again'), "$dir/archive"
	],
	'G17: restore in one transaction, without an error');
command_ok(
	[
		'psql', '-XqU',            'dba', '--single-transaction',
		'-v',   'ON_ERROR_STOP=1', '-d',  $node->connstr('plain'),
		'-f',   "$dir/script.sql"
	],
	'restore the script in one transaction, without an error');
unlike(
	slurp_file("$dir/script.sql"),
	qr/CREATE (?:FUNCTION|PROCEDURE|AGGREGATE) crmcost\./,
	'nothing of the extension is in the dump');

# Row equality, table by table and view by view, partitions through their parents.
my $tables = q{
	SELECT oid::regclass::text COLLATE "C" FROM pg_class
	WHERE relkind IN ('r', 'p', 'v') AND NOT relispartition
		AND relnamespace IN ('crm'::regnamespace, '"Zweites Buch"'::regnamespace)
	ORDER BY 1};
my @names  = split /\n/, dba('source', $tables);
my $months = q{
	SELECT count(*), count(*) FILTER (WHERE c.reltuples = 0), string_agg(DISTINCT c.relnamespace::regnamespace::text, ' ')
	FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'r'};
is((split /\|/, dba('source', $months))[2],
	'crm_partition', 'partitions have a schema of their own');
is( scalar @names,
	dba('source',
		q{SELECT 2 * (cardinality(crmcost._ledger_relations('TABLE')) + cardinality(crmcost._ledger_relations('VIEW')) + 1)}
	),
	'two ledgers of all tables and views, with a view of the owner');
my $content = join(
	' UNION ALL ',
	map {
		"SELECT '$_', count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM $_ t"
		  # that it is another storage is for the restored one to say
		  . (/data_quality/ ? q{ WHERE check_name <> 'storage_changed'} : '')
	} @names);
my @source = split /\n/, dba('source', $content);
foreach my $database ('again', 'plain')
{
	is(dba($database, $tables), join("\n", @names), "$database has the same tables and views");
	is( (split /\|/, dba($database, $months))[$_],
		(split /\|/, dba('source', $months))[$_],
		"$database has the same partitions") foreach 0, 2;
	my @restored = split /\n/, dba($database, $content);
	is($restored[$_], $source[$_], "$database: rows of $names[$_]") foreach 0 .. $#names;
}
unlike(
	dba('source',
		"SELECT string_agg(n::text, ' ') FROM (SELECT count(*) FROM crm.sale UNION ALL SELECT count(*) FROM crm.classification) t (n)"
	),
	qr/\b0\b/,
	'which are not empty');

# The same objects, with grants, policies, owners and comments: a dump has the
# same statements, in whatever order.  The queries of views are left out: what
# PostgreSQL prints after reading a view back has other parentheses.
sub schema
{
	my $database = shift;
	command_ok(
		[
			'pg_dump', '-U',          'dba', '--schema-only',
			'-f',      "$dir/schema", '-d',  $node->connstr($database)
		],
		"dump of the schema of $database");
	(my $text = slurp_file("$dir/schema")) =~ s/(^CREATE VIEW [^\n]* AS\n).*?(?=;\n)/$1/gms;
	return { map { $_ => 1 } grep { !/restrict/ } split /;\n/, $text };
}
my $schema = schema('source');
foreach my $database ('again', 'plain')
{
	my $restored = schema($database);
	is(join(";\n", grep { !$restored->{$_} } sort keys %$schema), '', "$database lacks nothing");
	is(join(";\n", grep { !$schema->{$_} } sort keys %$restored), '', "$database has nothing else");
}

# It works on.
foreach my $ledger ('crm', 'Zweites Buch')
{
	my $quoted = $ledger eq 'crm' ? 'crm' : '"Zweites Buch"';
	is( dba('again', qq{
		SET client_min_messages = warning;
		CALL crmcost.refresh('$ledger', '2024-09-30 10:00Z');
		SELECT rows_changed FROM $quoted.last_refresh}),
		'0',
		"$ledger: a refresh has nothing to do");
	is( dba('again', qq{
		INSERT INTO $quoted.customer (source_key, first_seen_at) VALUES ('new', '2024-10-01') RETURNING customer_id}
		),
		'51',
		"$ledger: numbers go on");
	is( dba('again', qq{
		SET client_min_messages = warning;
		CALL crmcost.upgrade('$ledger');
		SELECT count(*) FROM $quoted.data_quality WHERE severity = 'error' AND rows > 0 AND check_name !~ 'not_refreshed'}
		),
		'0',
		"$ledger: upgrade and data_quality");
}
like(
	(   $node->psql(
			'again',
			q{INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2019-05-05', 1, 'EUR')}
		))[2],
	qr/must be in a month that cost_entry has a partition for.*HINT:  CALL crmcost.ensure_partitions\('crm', '2019-05-01', '2019-05-01'\)/s,
	'a row of a month without a partition is told what to call');
dba('again',
	q{SET client_min_messages = warning; CALL crmcost.ensure_partitions('crm', '2019-05-01', '2019-05-01')}
);
is( dba('again', q{
	INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2019-05-05', 1, 'EUR') RETURNING tableoid::regclass}
	),
	'crm_partition.cost_entry_2019_05',
	'which makes it where the others are');
# A ledger alone: both its schemas.
command_ok(
	[
		'pg_dump', '-U', 'dba', '-Fc', '-n', 'crm', '-n', 'crm_partition', '-f', "$dir/alone",
		'-d',      $node->connstr('source')
	],
	'dump of one ledger');
$node->safe_psql('postgres', 'CREATE DATABASE alone OWNER dba');
dba('alone', 'CREATE EXTENSION crmcost');
command_ok(
	[
		'pg_restore',            '-U', 'dba', '--single-transaction', '--exit-on-error', '-d',
		$node->connstr('alone'), "$dir/alone"
	],
	'and its restore');
is(dba('alone', 'SELECT count(*) FROM crm.sale'), '900', 'with its rows');
is( $node->safe_psql(
		'again', 'SET ROLE reader; SELECT count(DISTINCT customer_id) FROM crm.sale_base'),
	'9',
	'the reader has the rights that it had, and no more');

# DROP EXTENSION leaves the rows.
dba('plain', 'SET client_min_messages = warning; DROP EXTENSION crmcost CASCADE');
is(dba('plain', 'SELECT count(*) FROM crm.sale'), '900', 'DROP EXTENSION leaves the rows');
dba('plain',
	q{SET client_min_messages = warning; CREATE EXTENSION crmcost; CALL crmcost.upgrade('crm'); CALL crmcost.refresh('crm', '2024-09-30 10:00Z')}
);
is(dba('plain', 'SELECT rows_changed FROM crm.last_refresh'),
	'0', 'and a new one finds them as they were');

$node->stop;
done_testing();
