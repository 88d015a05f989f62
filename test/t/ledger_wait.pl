# Sessions beside each other: what is done with a ledger makes nobody wait for
# longer than a moment, and takes its locks so that no two sessions wait for each other.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $node = PostgreSQL::Test::Cluster->new('wait');
$node->init;
# what waits for longer than the locks of ours may take is waiting for a deadlock
$node->append_conf('postgresql.conf',
	"jit = off\nautovacuum = off\nclient_min_messages = notice\ndeadlock_timeout = 1s\nmax_prepared_transactions = 5\n"
);
$node->start;
$node->safe_psql(
	'postgres', q{
	SET client_min_messages = warning;
	CREATE EXTENSION crmcost;
	CALL crmcost.install('crm', true);
	CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-06-01');
	INSERT INTO crm.customer (customer_id, source_key, first_seen_at) SELECT i, 'c' || i, '2024-01-01' FROM generate_series(1, 30) i;
	CREATE TABLE staged AS SELECT 1 + i % 30 AS customer_id, 'shop' AS source, 'o' || i AS order_ref, timestamptz '2024-01-05' + i * interval '50 minutes' AS sold_at,
		10 AS amount, 'EUR' AS currency FROM generate_series(1, 3000) i;
	CREATE TABLE bills AS SELECT 'svc' AS category_code, date '2024-02-01' + i AS incurred_on, 10.5 AS amount, 'EUR' AS currency, 'erp' AS source, 'b' || i AS source_ref
		FROM generate_series(1, 20) i});

# A session that goes on: what it said to a statement, or that it still waits.
sub session
{
	my ($database) = @_;
	my %s = (in => '', out => '', n => 0);
	$s{h} = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr($database // 'postgres') ],
		'<', \$s{in}, '>', \$s{out}, '2>&1', IPC::Run::timeout(180));
	return \%s;
}

sub start_in
{
	my ($s, $sql) = @_;
	$s->{out} = '';
	$s->{n}++;
	$s->{in} .= "$sql;\n\\echo end of $s->{n}\n";
	$s->{h}->pump_nb;
}

sub is_over
{
	my ($s) = @_;
	$s->{h}->pump_nb;
	return $s->{out} =~ /^end of $s->{n}$/m;
}

sub over_within
{
	my ($s, $seconds) = @_;
	my $until = time + $seconds;
	until (is_over($s)) { return 0 if time > $until; usleep(10000); }
	return 1;
}

sub say_in
{
	my ($s, $sql) = @_;
	start_in($s, $sql);
	usleep(5000) until is_over($s);
	return $s->{out} =~ s/^end of \d+\n//mr;
}

sub waiting
{
	my ($what) = @_;
	return $node->poll_query_until('postgres',
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%$what%' AND pid <> pg_backend_pid()"
	);
}
my ($first, $second) = (session(), session());

# ---- a report that reads one table after another, beside a first load
say_in($first, 'BEGIN; SELECT count(*) FROM crm.customer');
start_in($second, q{CALL crmcost.load_facts('crm', 'cost_entry', 'bills')});
waiting('load_facts');
usleep(1500000);
is(say_in($first, 'SELECT count(*) FROM crm.cost_entry'),
	"0\n", 'a report reads what a first load is waiting for');
like(say_in($first, q{SELECT count(*) FROM crm.customer}), qr/^30$/m, 'and goes on');
ok(over_within($second, 20), 'the load does not wait for the end of the report');
like(
	$second->{out},
	qr/cost_entry is in use, so that its keys and indexes stay/,
	'and says what it did not do');
say_in($first, 'COMMIT');
is(say_in($second, 'SELECT count(*) FROM crm.cost_entry'), "20\n", 'but loads');

# ---- a loader, which a load of a filled table does not hold up
say_in($first,
	q{BEGIN; INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-01-01', 1, 'EUR')}
);
start_in($second, q{CALL crmcost.load_facts('crm', 'cost_entry', 'bills')});
ok(over_within($second, 10), 'nor does a second load wait for a loader');
like(
	$second->{out},
	qr/0 rows loaded into crm.cost_entry, and 20 left out/,
	'and it finds what was loaded');
say_in($first, 'ROLLBACK');

# ---- upgrade, beside a report of several views, in whichever order it reads them
foreach my $views ([ 'rule_comparison', 'sale_base' ], [ 'sale_base', 'rule_comparison' ])
{
	say_in($first, "BEGIN; SELECT count(*) FROM crm.$views->[0]");
	start_in($second, q{CALL crmcost.upgrade('crm')});
	waiting('upgrade');
	usleep(1500000);
	is(say_in($first, "SELECT count(*) >= 0 FROM crm.$views->[1]"),
		"t\n", "a report goes on from $views->[0] to $views->[1]");
	is(is_over($second), '', 'upgrade waits for it');
	say_in($first, 'COMMIT');
	ok(over_within($second, 20), 'and then');
	unlike($second->{out}, qr/ERROR/, 'is done');
}
say_in($first, 'BEGIN; SELECT count(*) FROM crm.rule_comparison');
start_in($second, q{SET lock_timeout = '1s'; CALL crmcost.upgrade('crm')});
ok(over_within($second, 10), 'no longer than lock_timeout');
like($second->{out}, qr/ledger "crm" is being read.*lock_timeout/s, 'and says what to do');
say_in($second, 'RESET lock_timeout');
say_in($first, 'COMMIT');

# ---- a refresh that has looked at a table that became large, beside loads
say_in($second, q{CALL crmcost.load_facts('crm', 'sale', 'staged')});
say_in($first, q{BEGIN ISOLATION LEVEL REPEATABLE READ; CALL crmcost.refresh('crm', '2024-05-01')});
foreach my $load (
	q{CALL crmcost.load_facts('crm', 'sale', 'staged')},
	q{INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (1, '2024-05-01', 1, 'EUR')},
	q{UPDATE crm.cost_entry SET amount = 11},
	q{DELETE FROM crm.sale WHERE order_ref IS NULL},
	q{SELECT crmcost.merge_customer('crm', 29, 30)},
	q{SELECT crmcost.unmerge_customer('crm', 29)},
	q{UPDATE crm.setting SET value = value WHERE key = 'language'})
{
	start_in($second, $load);
	ok(over_within($second, 10), "beside a refresh: $load");
	unlike($second->{out}, qr/ERROR/, 'which is done') or last;
}

# ---- what changes the store too leaves at once
foreach my $call (
	q{SELECT crmcost.erase_customer('crm', 3)},
	q{CALL crmcost.upgrade('crm')},
	q{CALL crmcost.verify('crm')})
{
	start_in($second, $call);
	ok(over_within($second, 10), "beside a refresh: $call");
	like($second->{out}, qr/ledger "crm" is being refreshed by another session/, 'leaves at once');
}

# ---- partitions
start_in($second, q{CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-06-01')});
ok(over_within($second, 10), 'partitions that are there are made while a refresh runs');
start_in($second, q{CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-07-01')});
waiting('ensure_partitions');
usleep(1500000);
my $loader = session();
start_in($loader,
	q{INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (1, '2024-05-01', 1, 'EUR')}
);
ok(over_within($loader, 10), 'who loads does not wait behind new ones');
like(say_in($first, q{CALL crmcost.refresh('crm', '2024-05-02')}),
	qr/^(?!.*ERROR)/s, 'nor does the refresh that they wait for');
is(is_over($second), '', 'they wait for it');
say_in($first, 'COMMIT');
ok(over_within($second, 20), 'and are made when it is over');
like($second->{out}, qr/4 partitions made/, 'each');

# a load of customers and then of facts, into whose tables new partitions come
say_in($first,
	q{BEGIN; INSERT INTO crm.customer (customer_id, source_key, first_seen_at) VALUES (31, 'c31', '2024-01-01')}
);
start_in($second, q{CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-08-01')});
waiting('ensure_partitions');
usleep(1500000);
unlike(
	say_in(
		$first,
		q{INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (31, '2024-05-01', 1, 'EUR')}
	),
	qr/ERROR/,
	'a load of customers and of their sales goes on');
say_in($first, 'COMMIT');
ok(over_within($second, 20), 'and the partitions come after it');
like($second->{out}, qr/4 partitions made/, 'each');

# ---- a closing that waits for a transaction that nobody sees among the sessions
$node->safe_psql('postgres', q{CALL crmcost.refresh('crm', '2024-05-03')});
say_in($first,
	q{BEGIN; INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (2, '2024-01-09', 3, 'EUR'); PREPARE TRANSACTION 'of nobody'}
);
like(
	say_in($second, q{CALL crmcost.close_period('crm', '2024-01-01')}),
	qr/ERROR:.*transactions that began before are still writing\nHINT: .*pg_prepared_xacts/s,
	'a prepared transaction holds a closing up, and is named');
say_in($first, q{COMMIT PREPARED 'of nobody'});
unlike(
	say_in(
		$second,
		q{CALL crmcost.refresh('crm', '2024-05-03'); CALL crmcost.close_period('crm', '2024-01-01')}
	),
	qr/ERROR/,
	'when it is over the month is closed');
is( say_in(
		$second, q{SELECT sum(revenue) FROM crm.customer_month WHERE month_start = '2024-01-01'}),
	say_in(
		$second,
		q{SELECT sum(amount)::numeric(38,4) FROM crm.sale s, crm.setting z WHERE z.key = 'timezone' AND s.sold_at AT TIME ZONE z.value < '2024-02-01'}
	),
	'with what it has written');

# what every month brought, of which nothing is lost whenever it was written
my $whole =
  q{SELECT (SELECT sum(amount)::numeric(38,4) FROM crm.sale) = (SELECT sum(revenue) FROM crm.profit_by_month)};
my $january = q{SELECT sum(revenue) FROM crm.profit_by_month WHERE month_start = '2024-01-01'};
my $shut    = say_in($second, $january);

# of a transaction whose snapshot is older than the closing
say_in($first, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM crm.sale');
unlike(say_in($second, q{CALL crmcost.close_period('crm', '2024-02-01')}),
	qr/ERROR/, 'a month is closed beside one who has not written yet');
unlike(
	say_in(
		$first,
		q{INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (2, '2024-01-10', 1000, 'EUR'), (2, '2024-02-10', 100, 'EUR'); COMMIT}
	),
	qr/ERROR/,
	'and then writes');
say_in($second, q{CALL crmcost.refresh('crm', '2024-05-04')});
is(say_in($second, $january), $shut, 'the closed month is what it was');
is(say_in($second, $whole),   "t\n", 'and what came late counts');

# of one who writes while the closing is announced
say_in($first, 'BEGIN; SELECT FROM crm.refresh_state FOR UPDATE');
start_in($second, q{CALL crmcost.close_period('crm', '2024-03-01')});
$node->poll_query_until('postgres',
	q{SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%close_period%'}
);
say_in($loader,
	q{BEGIN; INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (2, '2024-03-10', 5000, 'EUR')}
);
say_in($first, 'COMMIT');
usleep(1000000);
is(is_over($second), '', 'the closing waits for who could not see that it comes');
say_in($loader, 'COMMIT');
ok(over_within($second, 20), 'and goes on');
unlike($second->{out}, qr/ERROR/, 'as it should');
say_in($second, q{CALL crmcost.refresh('crm', '2024-05-04')});
is(say_in($second, $whole), "t\n", 'and all counts');

# of one who writes beside a transaction in which the month is closed later
say_in($first, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM crm.sale');
say_in($loader,
	q{INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (2, '2024-04-10', 70, 'EUR')}
);
like(
	say_in($first, q{CALL crmcost.close_period('crm', '2024-04-01')}),
	qr/ERROR:  ledger "crm" was loaded after this transaction had begun/,
	'a closing in a transaction passes over no load');
say_in($first, 'ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ');
unlike(say_in($first, q{CALL crmcost.close_period('crm', '2024-04-01')}),
	qr/ERROR/, 'in one that sees it the month is closed');
start_in($loader,
	q{INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (2, '2024-04-11', 80, 'EUR')}
);
usleep(500000);
is(is_over($loader), '', 'who loads waits for that, as nothing told of the closing');
say_in($first, 'COMMIT');
ok(over_within($loader, 10), 'and no longer');
say_in($second, q{CALL crmcost.refresh('crm', '2024-05-04')});
is(say_in($second, $whole), "t\n", 'and all counts');
say_in($second,
	q{CALL crmcost.reopen_period('crm', '2024-04-01'); CALL crmcost.refresh('crm', '2024-05-04')});

# of one who writes in another database
$node->safe_psql('postgres', 'CREATE DATABASE other');
my $stranger = session('other');
say_in($stranger, 'BEGIN; CREATE TABLE t (n int)');
like(
	say_in($second, q{CALL crmcost.close_period('crm', '2024-04-01')}),
	qr/closed 2024-04 to 2024-04/,
	'who writes in another database holds nothing up');
$stranger->{in} .= "\\q\n";
$stranger->{h}->finish;

foreach my $s ($first, $second, $loader) { $s->{in} .= "\\q\n"; $s->{h}->finish; }
$node->stop;
done_testing();
