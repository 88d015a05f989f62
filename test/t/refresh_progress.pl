# Where a refresh is, seen from other sessions while it runs.
use strict;
use warnings;
use utf8;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node     = start_node('progress');
my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
my $long     = '账本 with a name of sixty-three bytes, none of which is a lie';
$node->safe_psql(
	'postgres', qq{
	CREATE ROLE keeper LOGIN;
	CREATE ROLE reader LOGIN;
	CREATE ROLE stranger LOGIN;
	GRANT CREATE ON DATABASE postgres TO keeper;
	GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO keeper;
	SET client_min_messages = warning;
	SET ROLE keeper;
	CALL crmcost.install('crm', false);
	CALL crmcost.install('$long', false);
	SELECT crmcost.grant_read('crm', 'reader');
	INSERT INTO crm.customer (source_key, first_seen_at) SELECT i, '2023-01-01' FROM generate_series(1, 5) i;
	INSERT INTO crm.sale (customer_id, sold_at, amount, currency)
	  SELECT customer_id, '2023-11-05', 10, 'EUR' FROM crm.customer});

# A session of a role, which stays.
sub session
{
	my ($role) = @_;
	my $s = { in => '', out => '', err => '', sent => 0 };
	local $ENV{PGAPPNAME} = 'nightly job';
	$s->{run} = IPC::Run::start(
		[
			'psql', '-XAtq', '-U', $role, '-d',
			$node->connstr('postgres') . ' application_name=nightly',
			'-f', '-'
		],
		'<',
		\$s->{in},
		'>',
		\$s->{out},
		'2>',
		\$s->{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return $s;
}

sub start_command
{
	my ($s, $sql) = @_;
	($s->{out}, $s->{err}) = ('', '');
	$s->{sent}++;
	$s->{in} .= "$sql;\n\\echo end of $s->{sent}\n";
	$s->{run}->pump_nb;
}

sub end_command
{
	my ($s) = @_;
	$s->{run}->pump until $s->{out} =~ /^end of $s->{sent}$/m;
	my ($result) = $s->{out} =~ /\A(.*?)\n?^end of/ms;
	return $result;
}

sub run_command
{
	start_command(@_);
	return end_command($_[0]);
}

sub seen
{
	my ($role, $query) = @_;
	return $node->safe_psql('postgres', $query, extra_params => [ '-U', $role ]);
}

# Until the refresh waits for a lock.
sub wait_for_lock
{
	my ($pid) = @_;
	until (
		$node->safe_psql('postgres',
			"SELECT count(*) FROM pg_locks WHERE pid = $pid AND NOT granted") eq '1')
	{
		die 'no lock is waited for' if time > $deadline;
		usleep(50_000);
	}
}

my $worker = session('keeper');
my $holder = session('keeper');
my $pid    = run_command($worker, 'SET client_min_messages = warning; SELECT pg_backend_pid()');
my $steps  = $node->safe_psql('postgres', 'SELECT cardinality(crmcost._refresh_steps())');
my $number =
  $node->safe_psql('postgres', q{SELECT array_position(crmcost._refresh_steps(), 'tier_month')});

is(seen('reader', 'SELECT count(*) FROM crm.refresh_progress'), '0', 'nobody refreshes: no row');

# The first refresh, which stops in step tier_month.
run_command($holder, 'BEGIN; LOCK TABLE crm.tier_month IN SHARE MODE');
start_command($worker, "CALL crmcost.refresh('crm', '2024-01-01')");
wait_for_lock($pid);
my $share = sprintf('%.6f', ($number - 1) / $steps);
foreach my $role ('keeper', 'reader')
{
	is( seen(
			$role,
			'SELECT pid, role_name, step, step_number, steps, share_done, step_seconds_before, seconds_before FROM crm.refresh_progress'
		),
		"$pid|keeper|tier_month|$number|$steps|$share||",
		"$role sees the step while the refresh runs, with equal parts before any run");
}
is( seen(
		'reader',
		q{SELECT step_began_at BETWEEN now() - interval '1 hour' AND now() FROM crm.refresh_progress}
	),
	't',
	'since when');
is( seen(
		'keeper',
		q{SELECT began_at BETWEEN now() - interval '1 hour' AND step_began_at + interval '1 s' FROM crm.refresh_progress}
	),
	't',
	'and when it began, for the role itself');
is(seen('reader', 'SELECT began_at IS NULL FROM crm.refresh_progress'), 't', 'but not for others');
is(seen('keeper', qq{SELECT count(*) FROM "$long".refresh_progress}),
	'0', 'another ledger is not refreshed');
like(
	$node->safe_psql('postgres', "SELECT application_name FROM pg_stat_activity WHERE pid = $pid"),
	qr/^crmcost crm: $number\/$steps tier_month since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
	'in words that anybody can read');
is(seen('reader', 'SELECT count(*) FROM crm.refresh_run'),
	'0', 'while the log shows nothing of it yet');

# A cancel ends it, and the name of the session is what it was.
is(seen('keeper', "SELECT pg_cancel_backend(pid) FROM crm.refresh_progress"),
	't', 'the owner cancels it by its pid');
end_command($worker);
like($worker->{err}, qr/canceling statement due to user request/, 'it ends');
is(run_command($worker, 'SHOW application_name'),
	'nightly', 'after an error the session has its name again');
is(seen('reader', 'SELECT count(*) FROM crm.refresh_progress'), '0', 'and the row is gone');
run_command($holder, 'COMMIT');
run_command($worker, "CALL crmcost.refresh('crm', '2024-01-01')");
is(run_command($worker, 'SHOW application_name'), 'nightly', 'and after a refresh');

# What steps took is known now: a second each before tier_month, none itself, four
# each after it.
$node->safe_psql(
	'postgres', qq{
	UPDATE crm.refresh_run SET started_at = '2024-01-01'::timestamptz + s.n * interval '1 min',
	  finished_at = '2024-01-01'::timestamptz + s.n * interval '1 min' + (CASE WHEN s.n < $number THEN 1 WHEN s.n = $number THEN 0 ELSE 4 END) * interval '1 s'
	FROM unnest(crmcost._refresh_steps()) WITH ORDINALITY AS s (step, n) WHERE s.step = refresh_run.step;
	INSERT INTO crm.refresh_run VALUES (2, 'none', '2023-12-31', '2024-01-01', now(), now(), 0)});
run_command($holder, 'BEGIN; LOCK TABLE crm.tier_month IN SHARE MODE');
start_command($worker,
	q{BEGIN ISOLATION LEVEL REPEATABLE READ; CALL crmcost.refresh('crm', '2024-01-01', "full" => true)}
);
wait_for_lock($pid);
my $total = $number - 1 + 4 * ($steps - $number);
$share = sprintf('%.6f', ($number - 1) / $total);
is( seen(
		'reader',
		'SELECT step, share_done, step_seconds_before, seconds_before FROM crm.refresh_progress'),
	"tier_month|$share|0.0|$total.0",
	'the share done is by what the steps took in the last run that had them');
run_command($holder, 'COMMIT');
end_command($worker);
is(run_command($worker, 'SHOW application_name'),
	'nightly', 'in a block the name is back when the refresh is over');
is(seen('reader', 'SELECT pid, step, step_number, share_done FROM crm.refresh_progress'),
	"$pid|||", 'and the block still has the ledger, in no step');
run_command($worker, 'COMMIT');

# Within a step time goes on, up to what the step took.
$node->safe_psql(
	'postgres', q{
	UPDATE crm.refresh_run SET finished_at = started_at + CASE step WHEN 'tier_month' THEN interval '10 min' ELSE interval '0' END WHERE run_id = 3}
);
run_command($holder, 'BEGIN; LOCK TABLE crm.tier_month IN SHARE MODE');
start_command($worker, q{CALL crmcost.verify('crm')});
wait_for_lock($pid);
my ($one, $two) =
  map { usleep(1_500_000) if $_; seen('reader', 'SELECT share_done FROM crm.refresh_progress') }
  0 .. 1;
cmp_ok($two - $one, '>', 1 / 600, 'the share grows within a step');
cmp_ok($two,        '<', 0.5,     '... by the seconds since it began');
run_command($holder, 'COMMIT');
end_command($worker);
is($worker->{err},                                '',        'verify shows where it is, too');
is(run_command($worker, 'SHOW application_name'), 'nightly', '... and gives the name back');

# A name of 63 bytes, of which some are not ASCII.
run_command($holder, qq{BEGIN; LOCK TABLE "$long".tier_month IN SHARE MODE});
start_command($worker, "CALL crmcost.refresh('$long', '2024-01-01')");
wait_for_lock($pid);
is(seen('keeper', qq{SELECT pid, step, step_number FROM "$long".refresh_progress}),
	"$pid|tier_month|$number", 'a ledger with a long name in Chinese');
is(seen('keeper', 'SELECT count(*) FROM crm.refresh_progress'), '0',
	'... which is no other ledger');
run_command($holder, 'COMMIT');
end_command($worker);

# A superuser refreshes as the owner.
my $super     = session($node->safe_psql('postgres', 'SELECT current_user'));
my $super_pid = run_command($super, 'SET client_min_messages = warning; SELECT pg_backend_pid()');
run_command($holder, 'BEGIN; LOCK TABLE crm.tier_month IN SHARE MODE');
start_command($super, q{CALL crmcost.refresh('crm', '2024-01-02')});
wait_for_lock($super_pid);
is(seen('reader', 'SELECT pid, step FROM crm.refresh_progress'),
	"$super_pid|tier_month", 'a superuser is seen as well');
run_command($holder, 'COMMIT');
end_command($super);
is($super->{err},                                '',        '... and gets through');
is(run_command($super, 'SHOW application_name'), 'nightly', '... with its name back');

# Anybody may take the lock and call himself what he likes.
my $stranger = session('stranger');
run_command($stranger, q{SELECT pg_advisory_lock(hashtextextended('crmcost.refresh crm', 0))});
foreach my $name (
	'crmcost crm: 1/1 x since 2024-02-31 99:99:99Z',
	'crmcost crm: 9/0 x since 2024-01-01 00:00:00Z',
	'crmcost crm: 99999999999/1 x since 2024-01-01 00:00:00Z',
	'crmcost crm: 5/2 news since 9999-99-99 99:99:99Z',
	'crmcost crm: 1/1 news since 0000-00-00 00:00:00Z',
	'',
	'crmcost')
{
	run_command($stranger, "SET application_name = '$name'");
	is(seen('reader', 'SELECT role_name FROM crm.refresh_progress'),
		'stranger', "'$name' breaks no view");
}

foreach my $s ($worker, $holder, $super, $stranger)
{
	$s->{in} .= "\\q\n";
	$s->{run}->finish;
}
$node->stop;
done_testing();
