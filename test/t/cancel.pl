# A cancel is answered soon, wherever in a long call it comes.
#
# Each query takes some tenths of a second; it is run to its end once, and then
# cancelled at several points of its course.  What is measured is the processor
# time that its server process still uses, from the cancel to the error and the
# end of the transaction; so other work on the machine does not count, which
# would add to the time on the clock.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use IPC::Run;
use List::Util qw(max min);
use Test::More;
use Time::HiRes qw(usleep);

plan skip_all => 'no /proc to read processor time from'
  unless -r '/proc/self/stat';

my $rows      = 300_000;
my $limit     = 0.2;                  # seconds of processor time
my $fit_limit = 0.1;                  # in the middle of a fit
my @points    = (0.45, 0.75, 0.93);

my $node = start_node('cancel');
$node->safe_psql(
	'postgres', qq{
CREATE UNLOGGED TABLE sale AS
  SELECT i::bigint AS id, i::bigint * 7368787 % 300007 AS customer_id,
    timestamptz '2024-01-01' + make_interval(secs => i % 31536000) AS at,
    date '0001-01-01' + (i::bigint * 7919 % 1000003)::int AS on_day,
    (i::bigint * 31 % 1000003)::numeric / 100 AS amount,
    (i::bigint * 7919 % 1000003)::float8 AS x
  FROM generate_series(1, $rows) i;
ANALYZE sale;
CREATE UNLOGGED TABLE stored AS
  SELECT i AS n, rfm_group(customer_id, at, amount) AS g
  FROM generate_series(0, 9) i, sale WHERE id % 20 = i GROUP BY i;
});

# Customers much as Pareto/NBD has them, all different.
$node->safe_psql(
	'postgres', qq{
SELECT setseed(0.5);
CREATE UNLOGGED TABLE shopper AS
  SELECT id, x, CASE WHEN x > 0 THEN tau * last ^ (1 / x) ELSE 0 END AS t_x, age
  FROM (SELECT id, age, tau, last, floor(rate * tau + more) AS x
        FROM (SELECT id, age, -ln(1 - random()) / 6 AS rate, 1 - random() AS last, random() AS more,
                least(age, ln(1 - random()) / ln(1 - random()) * 20) AS tau
              FROM (SELECT id, 30 + 60 * random() AS age FROM generate_series(1, $rows) id) a) b) c;
ANALYZE shopper;
});

my %query = (
	'bgnbd_fit'      => 'bgnbd_fit(x, t_x, age) FROM shopper',
	'pareto_nbd_fit' => 'pareto_nbd_fit(x, t_x, age) FROM shopper WHERE id <= 40000',
	'pareto_nbd_fit of huge frequencies' =>
	  'pareto_nbd_fit(1e9 - id, 10 + id % 20, 40 + id % 7) FROM shopper WHERE id <= 60',
	'attribution_weight of one journey' =>
	  q{attribution_weight('time_decay', at, '2030-01-01') OVER () FROM sale, generate_series(1, 4)},
	'markov_attribution, 900 channels' =>
	  q{markov_attribution(ARRAY['c' || id % 900, 'c' || customer_id % 900, 'c' || id * id % 900], 1, 1, 1) FROM sale WHERE id <= 20000},
	'markov_attribution, order 2' =>
	  q{markov_attribution(ARRAY['c' || id % 60, 'c' || customer_id % 60, 'c' || id * id % 59], 1, 1, 1, 2) FROM sale WHERE id <= 60000},
	'markov_attribution of long paths' =>
	  q{markov_attribution((SELECT array_agg('c' || id % 70 || id % 11) FROM sale), 1, 1, i, 3) FROM generate_series(1, 3) i},
	'shapley_attribution, 20 channels' =>
	  q{shapley_attribution(ARRAY['c' || id % 20, 'c' || customer_id % 20], 1, 1, 1) FROM sale WHERE id <= 1000},
	'optimal_budget' =>
	  q{optimal_budget(1000000.00, (SELECT array_agg(1 + x) FROM sale), (SELECT array_agg(1 + x / 7) FROM sale))},
	'logit_fit' =>
	  'logit_fit(customer_id % 100 < 20 + id % 60, ARRAY[id % 60, x, extract(hour FROM at)]) FROM sale',
	'kaplan_meier, many durations' => 'kaplan_meier(x + id, id % 3 > 0) FROM sale',
	'logrank, many groups'         =>
	  q{logrank(id, true, 'g' || customer_id % 90) FROM sale WHERE id <= 40000},
	'points_balance of one account' =>
	  q{points_balance(CASE WHEN id % 3 = 0 THEN -1 ELSE 1 + amount END, '2023-01-01'::timestamptz + id * interval '1 min', '2025-01-01'::timestamptz + x * interval '1 min', NULL, CASE WHEN id % 6 > 0 THEN 'o' || id - (id % 3 = 0)::int END, '2030-01-01') FROM sale},
	'rfm'                           => 'rfm(at, amount) FROM sale GROUP BY id',
	'rfm_group, its order included' => 'rfm_group(customer_id, at, amount) FROM sale',
	'rfm_group_merge'               => 'rfm_group_merge(g) FROM stored, generate_series(1, 5)',
	'text of rfm_group'             =>
	  'length(g::text) FROM (SELECT rfm_group(customer_id, at, amount) AS g FROM sale WHERE id <= 100000 OFFSET 0) s',
	'unnest' =>
	  '(SELECT max(frequency) FROM unnest(g)) FROM (SELECT rfm_group(customer_id, at, amount) AS g FROM sale OFFSET 0) s',
	'repeat_purchases, many days' => 'repeat_purchases(on_day, amount) FROM sale',
	'rfm_cuts'                    => 'rfm_cuts(x, x, x) FROM sale, generate_series(1, 6)',
	'rfm_score'                   => 'rfm_score(x, x, x) OVER () FROM sale',
	'abc_tier'                    => 'abc_tier(amount) OVER () FROM sale',
	'abc_tier in numeric'         => 'abc_tier(amount * 1e40) OVER () FROM sale WHERE id <= 200000',
	'cumulative_share'            => 'cumulative_share(amount) OVER () FROM sale',
	'cumulative_share in numeric' =>
	  'cumulative_share(amount * 1e40) OVER () FROM sale WHERE id <= 200000',
	'top_share'           => 'top_share(amount, 0.3) FROM sale, generate_series(1, 3)',
	'gini'                => 'gini(amount) FROM sale, generate_series(1, 4)',
	'gini in numeric'     => 'gini(amount * 1e40) FROM sale WHERE id <= 250000',
	'npv of many periods' =>
	  'npv(1e-7, amount, (id * 6 + k)::int) FROM sale, generate_series(0, 5) k',
	'allocate'            => 'allocate(1000000.00, amount) OVER () FROM sale',
	'allocate in numeric' =>
	  'allocate(1000000.00, amount * 1e40) OVER () FROM sale WHERE id <= 100000',
	'allocate of an array' =>
	  'allocate(1000000.00, (SELECT array_agg(amount * 1e40) FROM sale WHERE id <= 100000))',
	'the groups of a month' =>
	  q{_allocate_groups(ARRAY[(SELECT array_agg(amount) FROM sale)], array_fill(1, '{20}'), array_fill(1, '{20}'), array_fill(1000000.00, '{20}'), array_fill(2, '{20}'), array_fill(NULL::numeric, '{20}'))},
	'the groups of a month in numeric' =>
	  q{_allocate_groups(ARRAY[(SELECT array_agg(amount * 1e40) FROM sale WHERE id <= 60000)], '{1,1}', '{1,1}', '{1e6,1e40}', '{2,2}', '{NULL,NULL}')},
	'allocate of equal weights, late decimals' =>
	  'allocate(1000000.00, CASE WHEN id % 50000 = 0 THEN 1.00000000000 ELSE 1 END) OVER () FROM sale',
);

# One session, whose output ends with a line of its own after each command.
my ($in, $out, $err) = ('', '', '');
my $session = IPC::Run::start(
	[ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-f', '-' ],
	'<', \$in, '>', \$out, '2>', \$err);
my $sent = 0;

sub send_command
{
	my ($sql) = @_;
	($out, $err) = ('', '');
	$sent++;
	$in .= "$sql;\n\\echo end of $sent\n";
	$session->pump_nb;
}

sub is_over
{
	$session->pump_nb;
	return $out =~ /^end of $sent\n/m;
}

sub finish_command
{
	until (is_over()) { usleep(500); }
	$session->pump_nb;
	my ($result) = $out =~ /\A(.*)\n?^end of/ms;
	chomp $result;
	return $result;
}

sub slurp
{
	my ($name) = @_;
	open(my $file, '<', $name) or return '';
	my $line = <$file>;
	close $file;
	return $line // '';
}

# Processor time of a process: in nanoseconds where the kernel tells them, else
# user and system time in ticks.
my $ticks = `getconf CLK_TCK` || 100;

sub processor_time
{
	my ($pid) = @_;
	return $1 / 1e9 if slurp("/proc/$pid/schedstat") =~ /^([1-9]\d*) /;
	my @field = split ' ', slurp("/proc/$pid/stat") =~ s/^.*\) //r;
	return ($field[11] + $field[12]) / $ticks;
}

send_command("SET work_mem = '512MB'");
finish_command();
send_command('SELECT pg_backend_pid()');
my $pid = finish_command();
like($pid, qr/^\d+$/, 'a session to cancel');

# Runs a query; with a point, cancels it when it has used so much processor time.
# Returns what it used in all, and after the cancel.
sub run
{
	my ($sql, $point) = @_;
	my $before = processor_time($pid);
	my $at_cancel;
	send_command("SELECT count(s) FROM (SELECT $sql OFFSET 0) s");
	until (is_over())
	{
		if (   defined $point
			&& !defined $at_cancel
			&& processor_time($pid) - $before >= $point)
		{
			kill 'INT', $pid;
			$at_cancel = processor_time($pid);
		}
		usleep(500);
	}
	my $after = processor_time($pid);
	return ($after - $before, $after - ($at_cancel // $after));
}

foreach my $name (sort keys %query)
{
	my ($whole) = run($query{$name});
	my $allowed = $name =~ /_fit/ ? $fit_limit : $limit;
	# a fit may end without a maximum
	ok($err eq '' || $err =~ /22000/ && $name =~ /_fit/, "$name runs") or diag($err);
	foreach my $point (@points)
	{
		my ($used, $late);
		# too late when the query was over: then a little earlier, of what it took
		foreach my $attempt (0 .. 9)
		{
			($used, $late) = run($query{$name}, $whole * ($point - 0.04 * $attempt));
			last if $err =~ /57014/;
			$whole = min($whole, $used);
		}
		like($err, qr/57014/, "$name: cancelled at about $point of its course");
		# One that is not answered at all lasts to the end of the call.  What it
		# takes to give the memory back counts as well, so near the end less than
		# that cannot be told.
		my $left = $whole - ($used - $late);
		my $soon = min($allowed, max($left / 2 + 0.03, 0.06));
		cmp_ok(
			$late, '<', $soon,
			sprintf(
				'%s: with %.2f of %.2f s to go, a cancel is answered within %.0f ms',
				$name, $left, $whole, $soon * 1000));
	}
}
send_command('SELECT frequency(rfm(at, amount)) FROM sale');
is(finish_command(), $rows, 'and the session goes on');
$in .= "\\q\n";
IPC::Run::finish($session);

# pg_cancel_backend, and the session lives on
($out, $err) = ('', '');
$session = IPC::Run::start(
	[
		'psql',
		'-XAtq',
		'-v',
		'VERBOSITY=verbose',
		'-d',
		$node->connstr('postgres'),
		'-c',
		q{SET application_name = 'victim'},
		'-c',
		'SELECT count(s) FROM (SELECT cumulative_share(amount * 1e40) OVER () FROM sale, generate_series(1, 10) OFFSET 0) s',
		'-c',
		'SELECT frequency(rfm(at, amount)) FROM sale'
	],
	'>',
	\$out,
	'2>',
	\$err);
$node->poll_query_until('postgres',
	q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'victim' AND state = 'active' AND query LIKE '%cumulative%' AND now() - query_start > '0.5 s'}
);
$node->safe_psql('postgres',
	q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'});
IPC::Run::finish($session);
like($err, qr/57014/, 'pg_cancel_backend ends the call');
is($out, "$rows\n", 'and the session goes on');

done_testing();
