# How test/count.awk counts what prove says: a program that ends early is a failure
# beside those of others, whose assertions fail.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;

my $count = abs_path('test/count.awk');
my %program = (
	passes => 'print "1..3\nok 1\nok 2\nok 3 # SKIP nothing there\n";',
	fails => 'print "1..2\nok 1\nnot ok 2\n"; exit 1;',
	dies => 'print "ok 1\nok 2\n"; exit 29;',
	ends_early => 'print "1..5\nok 1\nok 2\n";',
	says_nothing => 'exit 3;');

# "passed failed skipped" of these programs, run by prove
sub counted
{
	my ($status, @names) = @_;
	my $dir = tempdir(CLEANUP => 1);
	foreach my $name (@names)
	{
		open my $file, '>', "$dir/$name.pl" or die "$dir/$name.pl: $!";
		print $file $program{$name};
		close $file;
	}
	my $out =
	  qx(cd $dir && prove -v *.pl 2>&1 | awk -v suite=tap -v status=$status -f $count);
	return (split /\n/, $out)[-1];
}

is(counted(0, 'passes'), '2 0 1', 'all pass, one is skipped');
is(counted(1, 'fails'), '1 1 0', 'an assertion fails');
is(counted(1, 'dies'), '2 1 0', 'a program dies after two assertions');
is(counted(1, 'ends_early'), '2 1 0', 'fewer assertions than planned');
is(counted(1, 'says_nothing'), '0 1 0', 'a program says nothing');
is(counted(1, sort keys %program),
	'7 4 1', 'each of four counts, whatever else fails');

done_testing();
