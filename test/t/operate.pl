# The schedules of doc/operate.md do what it says, for an ordinary role.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('operate');
my $page = slurp_file('doc/operate.md');
$node->safe_psql('postgres', 'CREATE ROLE merchant LOGIN; CREATE DATABASE sales OWNER merchant');

# What an operating system's user has who is that role.
my %machine = (
	PGHOST => $node->host,
	PGPORT => $node->port,
	PGUSER => 'merchant',
	HOME   => PostgreSQL::Test::Utils::tempdir());

sub sales
{
	return $node->safe_psql('sales', $_[0], extra_params => [ '-U', 'merchant' ]);
}

# A shell's command with the environment of cron, or of a service: not ours.
sub run_bare
{
	my ($command, %env) = @_;
	%env = (%machine, PATH => '/usr/bin:/bin', %env);
	IPC::Run::run([ 'env', '-i', (map { "$_=$env{$_}" } sort keys %env), 'sh', '-c', $command ],
		'>', \my $out, '2>', \my $err);
	return ($? >> 8, $out, $err);
}

sales(
	q{
	SET client_min_messages = warning;
	CREATE EXTENSION crmcost;
	CALL crmcost.install('crm');
	UPDATE crm.setting SET value = 'Europe/Berlin' WHERE key = 'timezone';
	INSERT INTO crm.customer (source_key, first_seen_at) VALUES ('C-1', now() - interval '10 days');
	INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (1, now() - interval '3 days', 10, 'EUR')}
);
my $yesterday = q{(now() AT TIME ZONE 'Europe/Berlin')::date - 1};

# cron takes the fields and gives the rest to sh; a % would be a new line there.
my ($line)    = $page         =~ /^```crontab\n(.*)\n```$/m;
my ($command) = ($line // '') =~ /^15 2 \* \* \* +(\S.*)$/;
ok(defined $command, 'the page has a crontab line');
unlike($command, qr/%/, '... without a %');
my ($code, $out, $err) = run_bare($command);
is($code,       0,  'cron: it refreshes') or diag($err);
is($out . $err, '', '... and sends no mail');
is(sales("SELECT as_of = $yesterday FROM crm.last_refresh"),
	't', '... the report of yesterday, whole');
like(
	slurp_file("$machine{HOME}/refresh.log"),
	qr/refresh of "crm" as of .*: value, \d+ rows changed/,
	'... with a line a step in the log');
unlike(slurp_file("$machine{HOME}/refresh.log"), qr/WARNING/, '... and no warning');

# While somebody else has the ledger
my ($in, $held) =
  (q{SELECT 'held' FROM pg_advisory_lock(hashtextextended('crmcost.refresh crm', 0));} . "\n", '');
my $holder = IPC::Run::start([ 'psql', '-XqAt', '-d', $node->connstr('sales') ],
	'<', \$in, '>', \$held, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$holder->pump until $held =~ /held/;
($code) = run_bare($command);
isnt($code, 0, 'cron: two at a time are not, which the exit code says');
like(
	slurp_file("$machine{HOME}/refresh.log"),
	qr/is being refreshed by another session/,
	'... and the log');
$in .= "\\q\n";
$holder->finish;

# systemd
my %unit = $page =~ /^```ini\n# (crmcost-refresh\.\w+)\n(.*?)^```$/msg;
is( join(' ', sort keys %unit),
	'crmcost-refresh.service crmcost-refresh.timer',
	'the page has a service and a timer');
my ($start) = $unit{'crmcost-refresh.service'} =~ /^ExecStart=(.*)$/m;
my %given   = $unit{'crmcost-refresh.service'} =~ /^Environment=(\w+)=(.*)$/mg;
my $runs    = sales('SELECT count(DISTINCT run_id) FROM crm.refresh_run');
($code, $out, $err) = run_bare($start, %given);
is($code, 0, 'systemd: ExecStart refreshes') or diag($err);
is(sales('SELECT count(DISTINCT run_id) FROM crm.refresh_run') - $runs, 1, '... once');
SKIP:
{
	skip 'no systemd-analyze on this machine', 2
	  if system('command -v systemd-analyze > /dev/null') != 0;
	my $dir = PostgreSQL::Test::Utils::tempdir();
	append_to_file("$dir/$_", $unit{$_}) foreach keys %unit;
	# units of the machine, which may be none, are not ours
	my $said =
	  qx(SYSTEMD_UNIT_PATH="$dir:/lib/systemd/system" systemd-analyze verify --man=no "$dir"/crmcost-refresh.service "$dir"/crmcost-refresh.timer 2>&1);
	is(join('', grep { /crmcost-refresh/ } split /^/, $said),
		'', 'systemd-analyze has nothing to say of them');
	like(
		qx(systemd-analyze calendar '*-*-* 02:15:00' 2>&1),
		qr/Normalized form: \*-\*-\* 02:15:00/,
		'the time is each night');
}

# What pg_cron is told is one statement, which is all that it may be.
my ($job) = $page =~ /^```pgsql\n.*?\$\$(.*?)\$\$/ms;
like($job, qr/^CALL [^;]*$/, 'pg_cron: one statement');
sales($job);
is(sales('SELECT count(DISTINCT run_id) FROM crm.refresh_run') - $runs, 2, '... that refreshes');

$node->stop;
done_testing();
