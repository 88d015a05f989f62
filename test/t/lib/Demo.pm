# The demo's steps for tests: a node of its own, the same SQL files in the same
# order as demo/run.sh, and the totals by demo/totals.py.
package Demo;

use strict;
use warnings;
use File::Temp qw(tempdir);
use Nodes;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# A database "crmcost" with the extension and the empty source tables.
sub start
{
	my ($name) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf("postgresql.conf", "jit = off");	# as make demo does
	$node->start;
	$node->safe_psql('postgres', 'CREATE DATABASE crmcost');
	my $self = bless { node => $node, dir => tempdir(CLEANUP => 1) }, 'Demo';
	$self->sql('CREATE EXTENSION crmcost');
	$self->file("demo/$_.sql") foreach qw(stage origin assumptions);
	return $self;
}

sub sql
{
	my ($self, $sql) = @_;
	return $self->{node}->safe_psql('crmcost', $sql);
}

# A file as psql runs it; its output, and a failed test if it fails.
sub file
{
	my ($self, $file, @options) = @_;
	my ($out, $err);
	IPC::Run::run(
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', @options,
			'-d', $self->{node}->connstr('crmcost'), '-f', $file
		],
		'>', \$out, '2>', \$err);
	is($?, 0, "$file runs") or diag($err);
	return $out;
}

# CSV text into a source table.
sub copy
{
	my ($self, $table, $csv) = @_;
	my $err;
	IPC::Run::run(
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d',
			$self->{node}->connstr('crmcost'), '-c',
			"COPY demo.$table FROM STDIN (FORMAT csv, HEADER)"
		],
		'<', \$csv, '2>', \$err);
	is($?, 0, "$table is copied in") or diag($err);
}

# What a Python program prints.
sub python
{
	my ($self, @command) = @_;
	my ($out, $err);
	IPC::Run::run([ 'python3', @command ], '>', \$out, '2>', \$err)
	  or die "python3 @command: $err";
	return $out;
}

# Load, compare with the totals of the source file, refresh.
sub load_and_check
{
	my ($self, $source) = @_;
	$self->copy('source_total', $self->python('demo/totals.py', $source));
	$self->sql("ANALYZE; CALL crmcost.install('crm', partitioned => true)");
	$self->file('demo/load.sql');
	like(
		$self->file('demo/check.sql', '-A', '-t'),
		qr/^ok \d+ totals of the ledger equal/m,
		'totals of the ledger equal those of the source, to the cent');
	$self->file('demo/refresh.sql');
	is( $self->sql(
			q{SELECT sum(profit) = sum(margin) - sum(total_cost)
				AND sum(total_cost) = (SELECT sum(base_amount) FROM crm.cost)
				AND sum(revenue) = (SELECT sum(amount) FROM crm.sale)
			  FROM crm.customer_profit}),
		't',
		'profit is margin less all cost, and all cost has found a customer');
}

# The chapter on lifetime value: what it prints of the second half must be what
# the CSV says, by frequency class; returns what it prints.
sub lifetime
{
	my ($self, $csv, $half, $last) = @_;
	my (undef, @lines) = split /\n/, $csv;
	my (%before, %after, %customers, %came);
	foreach (@lines)
	{
		my ($customer, $day) = split /,/;
		$day =~ s/^(\d{4})-?(\d\d)-?(\d\d)$/$1-$2-$3/;
		if ($day le $half) { $before{$customer}{$day} = 1 }
		elsif ($day le $last) { $after{$customer}{$day} = 1 }
	}
	foreach my $customer (keys %before)
	{
		my $days = keys(%{ $before{$customer} }) - 1;
		foreach my $class ($days < 7 ? $days : '7+', 'all')
		{
			$customers{$class}++;
			$came{$class} += keys %{ $after{$customer} // {} };
		}
	}
	my $expected = join '',
	  map { sprintf("%s|%d|%.3f\n", $_, $customers{$_}, $came{$_} / $customers{$_}) }
	  sort keys %customers;

	$self->file('demo/cdnow_load.sql');
	my $printed = $self->file('demo/lifetime.sql');
	my $found = join '',
	  map { /^ (\d\+?|all) +\| +(\d+) \| +([\d.]+) \|/ ? "$1|$2|$3\n" : () }
	  split /\n/, $printed;
	is($found, $expected, 'what came in the second half is what the file says');
	unlike($printed, qr/NaN|Infinity/, 'no prediction is undefined');
	is( $self->sql(
			q{SELECT count(*), count(p_alive), count(clv_predictive), as_of
			  FROM cdnow.customer_snapshot GROUP BY as_of ORDER BY as_of LIMIT 1}),
		join('|', ($customers{all}) x 3, $half),
		'every customer has a prediction');
	return $printed;
}

1;
