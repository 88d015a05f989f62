# A server for a test, with the extension installed in database postgres.  The
# runner names the file with the settings that lead to it in TEMP_CONFIG.
package Nodes;

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(start_node run_psql);

# initdb takes a second: where the runner has made a data directory, a node begins
# with a copy of it.  From PostgreSQL 17 on Cluster.pm does so itself.
if (-d ($ENV{INITDB_TEMPLATE} // ''))
{
	no warnings 'redefine';
	my $run = \&PostgreSQL::Test::Utils::system_or_bail;
	*PostgreSQL::Test::Utils::system_or_bail = sub {
		@_ = ('cp', '-RPp', $ENV{INITDB_TEMPLATE}, $1)
		  if "@_" =~ /^initdb -D (\S+) -A trust -N$/;
		goto &$run;
	};
}

sub start_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%options);
	$node->append_conf(
		'postgresql.conf', qq{
timezone = 'UTC'
jit = off
max_parallel_workers_per_gather = 0
autovacuum = off
});
	$node->start;
	$node->safe_psql('postgres',
		q{CREATE EXTENSION crmcost;
		  ALTER DATABASE postgres SET search_path = public, crmcost});
	return $node;
}

# Commands in one session: exit code, output, errors.  Each command is a
# statement of its own, so that a SET is in force for the next.
sub run_psql
{
	my ($node, @commands) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run(
		[
			'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-v',
			'VERBOSITY=verbose', '-d', $node->connstr('postgres'),
			map { ('-c', $_) } @commands
		],
		'>', \$out, '2>', \$err);
	chomp $out;
	return ($? >> 8, $out, $err);
}

1;
