# One refresh is of one state of the facts, and what writes computed tables does
# so one after the other.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('snapshot');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\njit = off\nclient_min_messages = warning");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION crmcost');

# A session that keeps what it holds until it is told to let go.
sub session
{
	my ($commands) = @_;
	my $s = { in => $commands . "\\echo done\n", out => '', err => '' };
	$s->{run} = IPC::Run::start(
		[ 'psql', '-XqAt', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres') ],
		'<', \$s->{in}, '>', \$s->{out}, '2>', \$s->{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return $s;
}

sub until_done
{
	my ($s) = @_;
	$s->{run}->pump until $s->{out} =~ /^done$/m;
	$s->{out} = '';
}

sub say_to
{
	my ($s, $commands) = @_;
	$s->{in} .= $commands . "\\echo done\n";
	until_done($s);
}

sub finish
{
	my ($s) = @_;
	$s->{in} .= "\\q\n";
	$s->{run}->finish;
}

sub psql
{
	my ($sql) = @_;
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");
	return $err =~ /(?:ERROR|FATAL): +(\w{5})/ ? $1 : "$code";
}

# CALL runs until it writes a table, which is locked; then $meanwhile is committed.
sub in_the_middle
{
	my ($call, $table, $meanwhile) = @_;
	my $holder = session("BEGIN; LOCK TABLE crm.$table IN SHARE MODE;\n");
	until_done($holder);
	my $caller = session("$call;\n");
	$caller->{run}->pump_nb;
	$node->poll_query_until(
		'postgres', qq{
		SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'crm.$table'::regclass AND NOT granted)}
	) or die "$call does not reach $table: $caller->{err}";
	$node->safe_psql('postgres', $meanwhile);
	say_to($holder, "ROLLBACK;\n");
	until_done($caller);
	finish($_) foreach $holder, $caller;
	is($caller->{err}, '', "$call goes on");
}

# Rows of the computed tables that two ledgers do not share.
sub differences
{
	my $tables = $node->safe_psql(
		'postgres', q{
		SELECT table_name FROM unnest('{customer_month,cost_month,cost_pool,posted_cost,customer_driver,customer_value,
			customer_score,customer_class,clv_model,tier_threshold,classification,customer_order,sale_month,day_total}'::text[]) table_name
		WHERE to_regclass('crm.' || table_name) IS NOT NULL});
	my $query = join ' UNION ALL ', map {
		"(SELECT '$_', to_jsonb(c)::text FROM crm.$_ c EXCEPT ALL SELECT '$_', to_jsonb(t)::text FROM twin.$_ t)
		 UNION ALL (SELECT '$_', to_jsonb(t)::text FROM twin.$_ t EXCEPT ALL SELECT '$_', to_jsonb(c)::text FROM crm.$_ c)"
	} split /\n/, $tables;
	return $node->safe_psql('postgres', $query);
}

# What comes in the middle: more of a customer who is there, and a new one.
sub news
{
	my ($ledger) = @_;
	return qq{
		INSERT INTO $ledger.customer (source_key, first_seen_at, acquired_at) VALUES ('late', '2024-02-01', '2024-02-10');
		INSERT INTO $ledger.sale (customer_id, order_ref, sold_at, product_code, amount, cogs, currency)
		SELECT customer_id, 'late ' || customer_id, '2024-02-15', 'P9', 1000, 1, 'EUR'
		FROM $ledger.customer WHERE source_key IN ('c1', 'late');
		INSERT INTO $ledger.cost_entry (category_code, incurred_on, amount, currency, customer_id)
		SELECT 'svc', '2024-02-15', 70, 'EUR', customer_id FROM $ledger.customer WHERE source_key = 'c1';
		INSERT INTO $ledger.cost_entry (category_code, incurred_on, amount, currency) VALUES ('svc', '2024-02-16', 90, 'EUR');
		INSERT INTO $ledger.interaction (customer_id, occurred_at, kind)
		SELECT customer_id, '2024-02-17', 'care' FROM $ledger.customer WHERE source_key = 'c1'};
}

foreach my $ledger ('crm', 'twin')
{
	$node->safe_psql(
		'postgres', qq{
		CALL crmcost.install('$ledger', false);
		INSERT INTO $ledger.customer (source_key, first_seen_at, acquired_at)
		SELECT 'c' || i, '2024-01-01', '2024-01-02' FROM generate_series(1, 9) i;
		INSERT INTO $ledger.sale (customer_id, order_ref, sold_at, product_code, amount, cogs, currency)
		SELECT i, 'o' || i || m, make_timestamptz(2024, m, i, 10, 0, 0, 'UTC'), 'P' || i % 3, 10 * i + m, i, 'EUR'
		FROM generate_series(1, 9) i, generate_series(1, 3) m WHERE (i + m) % 3 > 0;
		INSERT INTO $ledger.cost_entry (category_code, incurred_on, amount, currency, customer_id)
		SELECT 'svc', make_date(2024, m, 20), 40, 'EUR', nullif(i, 1) FROM generate_series(1, 3) i, generate_series(1, 3) m;
		INSERT INTO $ledger.allocation_rule (category_code, driver) VALUES ('svc', 'orders');
		CALL crmcost.refresh('$ledger', '2024-02-10')});
}
is(differences(), '', 'two ledgers with the same facts have the same figures');

# refresh
in_the_middle("CALL crmcost.refresh('crm', '2024-04-01')", 'clv_model', news('crm'));
$node->safe_psql('postgres', "CALL crmcost.refresh('twin', '2024-04-01')");
is(differences(), '', 'what is committed in the middle of a refresh is in no figure of it');
is( $node->safe_psql(
		'postgres', q{
	SELECT string_agg(check_name, ' ' ORDER BY check_name) FROM crm.data_quality WHERE check_name LIKE '%_not_refreshed' AND rows > 0}
	),
	'cost_not_refreshed customer_not_refreshed interaction_not_refreshed sale_not_refreshed',
	'which data_quality says');
$node->safe_psql('postgres',
	news('twin')
	  . "; CALL crmcost.refresh('twin', '2024-04-01'); CALL crmcost.refresh('crm', '2024-04-01')");
is(differences(), '', 'and in all of the next one');
is( $node->safe_psql(
		'postgres',
		q{SELECT revenue, products, orders FROM crm.customer_snapshot WHERE customer_id = 1 AND as_of = '2024-03-31'}
	),
	$node->safe_psql(
		'postgres',
		q{SELECT sum(amount), count(DISTINCT product_code), count(DISTINCT order_ref) FROM crm.sale WHERE customer_id = 1}
	),
	'so that a row agrees with itself');

# close_period
(my $march = news('crm')) =~ s/2024-02-/2024-03-/g;
$march =~ s/'late/'later/g;
in_the_middle("CALL crmcost.close_period('crm', '2024-03-01')", 'posted_cost', $march);
$node->safe_psql('postgres', "CALL crmcost.close_period('twin', '2024-03-01')");
is(differences(), '', 'what is committed in the middle of close_period came later');
$node->safe_psql('postgres', "CALL crmcost.refresh('crm', '2024-05-01')");
is( $node->safe_psql(
		'postgres', q{
	SELECT (SELECT sum(revenue) FROM crm.customer_month) - (SELECT sum(amount) FROM crm.sale),
	       (SELECT sum(direct_cost + allocated_cost) FROM crm.customer_cost) + (SELECT sum(unallocated_cost) FROM crm.cost_pool)
	       - (SELECT sum(amount) FROM crm.cost_entry),
	       (SELECT sum(revenue) FROM crm.customer_month WHERE month_start <= '2024-03-01')
	       - (SELECT sum(revenue) FROM twin.customer_month WHERE month_start <= '2024-03-01')}),
	'0.0000|0.0000|0.0000',
	'and counts in the first open month, once');

# close_period beside reopen_period
my $reopen = session("BEGIN; CALL crmcost.reopen_period('crm', '2024-02-01');\n");
until_done($reopen);
is(psql("CALL crmcost.close_period('crm', '2024-04-01')"),
	'55P03', 'close_period is refused while months are reopened');
is(psql("CALL crmcost.refresh('crm', '2024-05-01')"),       '55P03', 'and so is refresh');
is(psql("CALL crmcost.reopen_period('crm', '2024-01-01')"), '55P03', 'and another reopen_period');
say_to($reopen, "COMMIT;\n");
finish($reopen);
is(psql("CALL crmcost.close_period('crm', '2024-04-01')"), '0', 'and done afterwards');
is( $node->safe_psql(
		'postgres',
		'SELECT string_agg(to_char(month_start, $$MM$$), $$ $$ ORDER BY month_start) FROM crm.closed_period'
	),
	'01 02 03 04',
	'without a gap');
is( $node->safe_psql(
		'postgres', q{
	SELECT (SELECT sum(direct_cost) FROM crm.customer_cost)
	       - (SELECT sum(amount) FROM crm.cost_entry WHERE customer_id IS NOT NULL)}),
	'0.0000',
	'and no cost counts twice');

# a transaction that the caller holds
foreach my $case (
	[ "BEGIN;",           'in a block of READ COMMITTED' ],
	[ "SELECT 1 \\;",     'in a message with other statements' ],
	[ "BEGIN READ ONLY;", 'in a block that only reads' ])
{
	is(psql("$case->[0] CALL crmcost.refresh('crm', '2024-05-01');"),
		'25001', "refresh is refused $case->[1]");
	is(psql("$case->[0] CALL crmcost.close_period('crm', '2024-05-01');"),
		'25001', "and so is close_period");
}
is( psql(
		q{CREATE FUNCTION again() RETURNS void LANGUAGE plpgsql AS $$BEGIN CALL crmcost.refresh('crm', '2024-05-01'); END$$;
	SELECT again()}),
	'25001',
	'in a function');
is( psql(
		q{DO $$BEGIN CALL crmcost.refresh('crm', '2024-05-01'); EXCEPTION WHEN division_by_zero THEN NULL; END$$}
	),
	'25001',
	'and under an exception handler');
my ($code, $out, $err) =
  $node->psql('postgres', "BEGIN; CALL crmcost.refresh('crm', '2024-05-01')");
like($err, qr/HINT: .*BEGIN ISOLATION LEVEL REPEATABLE READ\.$/m, 'with a hint what to do');
foreach my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
	is(psql("BEGIN ISOLATION LEVEL $level; CALL crmcost.refresh('crm', '2024-05-01'); COMMIT"),
		'0', "a block of $level will do");
	is( psql(
			"SET default_transaction_isolation = '$level'; CALL crmcost.refresh('crm', '2024-05-01')"
		),
		'0',
		'and so will a session');
}
is( psql(
		q{DO $$BEGIN CALL crmcost.refresh('crm', '2024-05-01'); CALL crmcost.refresh('twin', '2024-05-01'); END$$}
	),
	'0',
	'two ledgers in one DO');

# a block that began before another session's refresh ended
foreach my $call (
	"refresh('crm', '2024-05-01')",
	"close_period('crm', '2024-05-01')",
	"reopen_period('crm', '2024-04-01')")
{
	my $old = session("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM crm.sale;\n");
	until_done($old);
	$node->safe_psql('postgres', "CALL crmcost.refresh('crm', '2024-05-01')");
	say_to($old, "CALL crmcost.$call;\n");
	finish($old);
	like(
		$old->{err},
		qr/40001: ledger "crm" was refreshed after this transaction had begun/,
		"$call in an older block fails to serialize");
}

# who comes second is refused or follows; nothing else happens
my @rivals = map { session("CALL crmcost.refresh('crm', '2024-05-01');\n" x 25) } 1 .. 3;
until_done($_) foreach @rivals;
finish($_)     foreach @rivals;
is( join(
		'',
		map {
			grep { !/^ERROR:  55P03/ } grep { /^ERROR/ } split /^/, $_->{err}
		} @rivals),
	'',
	'rivals are refused, with no other error');
is($node->safe_psql('postgres', q{SELECT sum(rows_changed) FROM crm.last_refresh}),
	'0', 'and there is nothing left to do');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}),
	'0', 'no lock is left behind');

$node->stop;
done_testing();
