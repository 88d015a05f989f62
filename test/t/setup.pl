# The set-up on machines that are not as one would wish: each case works, or
# ends with one line that says what to do.  Tools that a machine may lack are
# played by programs put before the others on the path.  What takes a bare
# machine is in test/setup_chroot.sh.
use strict;
use warnings;
use Cwd        qw(getcwd);
use File::Temp qw(tempdir);
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{PG_CONFIG} ||= 'pg_config';
my $tree   = getcwd();
my $tmp    = tempdir('/tmp/crmcost.XXXXXX', CLEANUP => 1);
my $bindir = qx("$ENV{PG_CONFIG}" --bindir);
chomp $bindir;
my ($server) = qx("$bindir/postgres" --version) =~ /\(PostgreSQL\) (\S+)/;
my ($major)  = $server                          =~ /^(\d+)/;
delete $ENV{$_} foreach grep { /^(PG(?!_CONFIG)|MAKE|MFLAGS|TEMP_CONFIG|CRMCOST|HOUSE)/ } keys %ENV;

# A shell script's exit code and all that it prints.
sub run_sh
{
	my ($script, %env) = @_;
	local %ENV = (%ENV, %env);
	my $out = '';
	IPC::Run::run([ 'sh', '-c', $script ], '<', '/dev/null', '>', \$out, '2>&1');
	return ($? >> 8, $out);
}

sub succeeds
{
	my ($script, $name, %env) = @_;
	my ($rc, $out) = run_sh($script, %env);
	is($rc, 0, $name) or diag($out);
	return $out;
}

# It ends with exit code 2 (that of make is 2 as well) and one line of ours.
sub refuses
{
	my ($script, $line, $name, %env) = @_;
	my ($rc, $out) = run_sh($script, %env);
	my @ours = $out =~ /^(crmcost: .*)$/mg;
	is("$rc " . @ours, '2 1', "$name: refused with one line");
	like($ours[0] // '', $line, "$name: the line says what to do") or diag($out);
}

# A program; returns the PATH with its directory first.
sub program
{
	my ($dir, $name, $body) = @_;
	mkdir "$tmp/$dir";
	open(my $file, '>', "$tmp/$dir/$name") or die $!;
	print $file "#!/bin/sh\n$body\n";
	close $file;
	chmod 0755, "$tmp/$dir/$name";
	return "$tmp/$dir:$ENV{PATH}";
}

# A pg_config that answers some options otherwise than the true one.
sub pg_config
{
	my ($dir, %answers) = @_;
	program(
		$dir,
		'pg_config',
		join('',
			'case $1 in ',
			(map { "--$_) echo '$answers{$_}' ;; " } keys %answers),
			qq{*) exec "$ENV{PG_CONFIG}" "\$@" ;; esac}));
	return "$tmp/$dir/pg_config";
}

sub headers    # of a version, in a directory of their own
{
	my ($version) = @_;
	mkdir "$tmp/headers-$version";
	append_to_file("$tmp/headers-$version/pg_config.h",
		qq{#define PG_VERSION "$version (Debian $version-1)"\n});
	append_to_file("$tmp/headers-$version/postgres.h", '');
	return "$tmp/headers-$version";
}

# Headers and server
my $newer = pg_config('newer', 'includedir-server' => headers("$major.999"));
my $check = 'sh test/headers.sh "$PG_CONFIG"';
succeeds($check, 'the headers of this machine fit its server');
succeeds(
	$check,
	'older headers of the same major do',
	PG_CONFIG => pg_config('older', 'includedir-server' => headers("$major.0")));
refuses(
	$check,
	qr/the server is PostgreSQL \Q$server\E .* headers of $major\.999 build: /,
	'newer headers',
	PG_CONFIG => $newer);
refuses(
	'sh test/packages.sh build',
	qr/\Q$server\E .* $major\.999 .*( run: apt-get |PG_CONFIG=PATH)/,
	'newer headers in the set-up',
	PG_CONFIG => $newer);
refuses(
	$check,
	qr/headers of 99\.1 .* PG_CONFIG=PATH/,
	'headers of another major',
	PG_CONFIG => pg_config('other', 'includedir-server' => headers('99.1')));
refuses($check, qr/headers are of PostgreSQL 14\.5, and crmcost needs 15/,
	'an old major', PG_CONFIG => pg_config('old', 'includedir-server' => headers('14.5')));
program('beta-bin', 'postgres', 'echo "postgres (PostgreSQL) 99beta1 (Debian 99~beta1-1)"');
succeeds(
	$check,
	'a beta has its own headers',
	PG_CONFIG =>
	  pg_config('beta', bindir => "$tmp/beta-bin", 'includedir-server' => headers('99beta1')));
like(
	succeeds(
		$check,
		'headers without a server are enough to build packages',
		PG_CONFIG =>
		  pg_config('lone', bindir => "$tmp/none", 'includedir-server' => headers('99.0'))),
	$bindir =~ m{^/usr/lib/postgresql/}
	? qr{run: make PG_CONFIG=/usr/lib/postgresql/\d+/bin/pg_config}
	: qr{^},
	'where another major has a server, its pg_config is named');

SKIP:
{
	skip 'not a server of Debian', 4 if $bindir ne "/usr/lib/postgresql/$major/bin";
	my $offered = program(
		'offered', 'apt-cache',
		qq{echo " postgresql-server-dev-$major | $major.999-1 | archive"
			echo " postgresql-server-dev-$major | $server-0x1 | archive"});
	refuses(
		$check,
		qr/apt-get install --allow-downgrades postgresql-server-dev-$major=\Q$server\E-0x1$/,
		'newer headers, the right ones at hand',
		PG_CONFIG => $newer,
		PATH      => $offered);
	my $gone = program('gone', 'apt-cache',
		qq{echo " postgresql-server-dev-$major | $major.999-1 | archive"});
	refuses(
		$check, qr/apt-get install --only-upgrade postgresql-$major \(which restarts/,
		'newer headers, the right ones gone',
		PG_CONFIG => $newer,
		PATH      => $gone);
}

# Packages that nobody here may install
SKIP:
{
	skip 'root may install packages', 10 if $> == 0;
	program('bin', 'postgres', ':');
	my $nobody = program('no-sudo', 'sudo', 'exit 1');
	refuses(
		'sh test/packages.sh test', qr/lacks what Debian has in postgresql-$major-pgtap:/,
		'a server from elsewhere without pgTAP',
		PATH      => $nobody,
		PG_CONFIG => pg_config('foreign', sharedir => "$tmp/none", bindir => "$tmp/bin"));
	program('no-sudo', 'python3', 'exit 1');
	refuses(
		'sh test/packages.sh demo',
		qr/as root, run: apt-get install python3-venv$/,
		'no python3-venv',
		PATH => $nobody);
	succeeds('sh test/packages.sh build', 'the sample needs no Python', PATH => $nobody);
	skip 'not a server of Debian', 4 if $bindir ne "/usr/lib/postgresql/$major/bin";
	refuses(
		'sh test/packages.sh test', qr/as root, run: apt-get install .*postgresql-$major-pgtap/,
		'no pgTAP',
		PATH      => $nobody,
		PG_CONFIG => pg_config('bare', sharedir => "$tmp/none"));
	my $version = qx(dpkg-query -W -f '\${Version}' postgresql-$major);
	refuses(
		'sh test/packages.sh build',
		qr/apt-get install postgresql-server-dev-$major=\Q$version\E$/,
		'no headers',
		PATH      => $nobody,
		PG_CONFIG => pg_config('headless', 'includedir-server' => "$tmp/none"));
}

# A build in a path with blanks and quotes, in the C locale, four at a time, for
# a user whose files are private; then where nothing may be written.
my $odd = qq{$tmp/it's a "tree"};
sub in_odd { return qq{cd "\$ODD" && } . shift }
$ENV{ODD} = $odd;
succeeds('. test/house.sh; copy_tree "$PWD" "$ODD"', 'the sources are copied');
refuses(
	in_odd('make -j4'),
	qr/the server is PostgreSQL \Q$server\E /,
	'make with newer headers',
	PG_CONFIG => $newer);
is(join(' ', glob("$tmp/it*/src/*.o $tmp/it*/src/*/*.o")), '', '... and nothing is compiled');
succeeds(
	in_odd(
		qq{umask 077; make -s -j4 COPT=-O0 2> "$tmp/warnings" && make -s -j4 install COPT=-O0 DESTDIR="$tmp/inst"}
	),
	'make -j4 in an odd path',
	LC_ALL => 'C');
my $extension = qx("$ENV{PG_CONFIG}" --sharedir);
chomp $extension;
$extension = "$tmp/inst$extension/extension";
ok(-s "$extension/crmcost.control", '... is installed');
# a tree that was built before may hold scripts of another version
my @scripts = map { s,.*/,,r } glob(qq{"$extension/crmcost--*.sql"});
is( qx(cd "$extension" && cksum @scripts),
	qx(cd sql && cksum @scripts),
	'... with the same script as in any locale');
is(qx(find "$tmp/inst" -type f ! -perm -044), '', '... for everybody to read');

# No gcc: all that is on the path but that.
mkdir "$tmp/no-gcc";
foreach my $dir (reverse split(/:/, $ENV{PATH}))
{
	foreach my $file (glob("$dir/*"))
	{
		my ($name) = $file =~ m{([^/]*)$};
		next if $name =~ /^(.*-)?(gcc|cc|c\+\+|g\+\+|c[89]9|cpp)(-.*)?$/;
		unlink "$tmp/no-gcc/$name";
		symlink $file, "$tmp/no-gcc/$name";
	}
}
SKIP:
{
	my $compiler = qx(PATH="$tmp/no-gcc"; export PATH; sh -c '. test/house.sh; compiler');
	skip 'no clang on this machine', 5 if $compiler eq '';
	like($compiler, qr/clang/, 'clang is found where there is no gcc');
	is( succeeds(
			in_odd('rm src/num/fixed.o src/tier/tier.o; make -s src/num/fixed.o src/tier/tier.o'),
			'... and compiles',
			PATH => "$tmp/no-gcc"),
		'',
		'... without a warning');
	like(
		succeeds(
			'sh test/packages.sh build && echo nothing is missing',
			'... and is enough',
			PATH => "$tmp/no-gcc"),
		qr/^nothing is missing/);
}

refuses(
	in_odd('make dist'),
	qr/packs what is committed, and this is no git repository/,
	'make dist of a copy',
	GIT_DIR => "$tmp/none");

system('chmod', '-R', 'a-w', $odd);
my $copy = qq{. test/house.sh; find_pg_config; in_copy probe sh -c};
SKIP:
{
	skip 'root may write everywhere', 6 if -w $odd;
	refuses(
		in_odd('rm -f src/x.o; make'),
		qr/cannot write in .*it.s a "tree": build a copy/,
		'make where nothing may be written');
	my $out = succeeds(
		in_odd(qq{$copy 'pwd; env; diff -r -x "crmcost--*" "\$ODD/sql" sql && echo same'}),
		'read-only sources are copied',
		CRMCOST_WORK => "$tmp/place",
		PGHOST       => 'elsewhere',
		MAKEFLAGS    => '-j4');
	like($out, qr{^\Q$tmp\E/place/probe/tree\n}, '... and the work is done in the copy');
	unlike($out, qr/^(PGHOST|MAKEFLAGS)=/m, '... without a server or a make of the caller');
	succeeds(in_odd(qq{$copy true}), '... again', CRMCOST_WORK => "$tmp/place");
}
system('chmod', '-R', 'u+w', $odd);

# Places
refuses(
	"$copy true",
	qr/is inside the sources.*CRMCOST_WORK=DIR/,
	'a place inside the sources',
	CRMCOST_WORK => "$tree/place");
refuses(
	"$copy true",
	qr/not an absolute path.*CRMCOST_WORK=DIR/,
	'a relative place',
	CRMCOST_WORK => 'place');
refuses(
	"$copy true",
	qr/has a blank, a quote.*CRMCOST_WORK=DIR/,
	'a place with a quote',
	CRMCOST_WORK => "$tmp/it's");
refuses(
	"$copy true",
	qr/cannot create .*CRMCOST_WORK=DIR/,
	'a place that cannot be',
	CRMCOST_WORK => '/proc/nothing/here');
refuses(
	"$copy true",
	qr/holds files that are not ours/,
	'a place of somebody',
	CRMCOST_WORK => $tmp);

# In a mount namespace of our own, where the machine lets us make one: SIZE and
# OPTIONS of a file system at DIR, and our own user again.
sub mounted
{
	my ($options, $script) = @_;
	my $user = $>;
	return
	  qq{mkdir -p "$tmp/mount" && unshare -rm sh -c 'mount -t tmpfs -o $options tmpfs "$tmp/mount" && chown 0 "$tmp/mount" &&
		exec unshare -U --map-user=$user sh -c "\$0"' '$script'};
}
SKIP:
{
	my ($rc) = run_sh(mounted('size=1m', 'id -un'));
	skip 'no user namespaces on this machine', 6 if $rc != 0;
	refuses(
		mounted('noexec,mode=777', "$copy true"),
		qr/no program can run in \S+mount\S* .*CRMCOST_WORK=DIR/,
		'a place mounted noexec',
		CRMCOST_WORK => "$tmp/mount/work");
	refuses(
		mounted('size=20m,mode=777', "$copy true"),
		qr/only \d+ MB are free in .*CRMCOST_WORK=DIR/,
		'a full place', CRMCOST_WORK => "$tmp/mount/work");
	refuses(
		qq{unshare -U --map-user=54321 sh -c '. test/house.sh'},
		qr/user 54321 has no name/,
		'a user without a name');
}

# Two runs of one target, at once; two targets do not meet.
my $busy =
  qq{mkdir -p "$tmp/busy"; exec 8> "$tmp/busy/probe.lock"; touch "$tmp/busy/.crmcost"; flock 8};
refuses(
	"$busy; $copy true",
	qr/another run is busy in .*CRMCOST_WORK=DIR/,
	'two runs at once',
	CRMCOST_WORK => "$tmp/busy");
(my $other = $copy) =~ s/probe/other/;
succeeds("$busy; $other true", 'two targets at once', CRMCOST_WORK => "$tmp/busy");
my $many =
  join('; ', map { (my $one = $copy) =~ s/probe/$_/; "($one true || echo $_) & " } 'a' .. 'h');
$many =~ s/& ;/&/g;
is(succeeds("$many wait", 'eight at once where nothing is yet', CRMCOST_WORK => "$tmp/many"),
	'', '... work');

# One variable for the place of every target
my $places =
  '. test/house.sh; for name in demo normal one lint bench; do work_dir $name; done | sort | uniq -c';
is( (run_sh($places, CRMCOST_WORK => '/some/where'))[1],
	"      5 /some/where\n",
	'CRMCOST_WORK rules for every target');
my $account = getpwuid($>);
is( join(' ',
		sort map { s/-\d+$/-TREE/r }
		grep { /\S/ } map { s/^ +//r } split(/\n/, (run_sh($places))[1])),
	"1 /var/tmp/crmcost-demo-$account 4 /var/tmp/crmcost-$account-TREE",
	'without it the demo has a place for each account, the others one for each tree');

# Names of tests
refuses(
	'sh test/run.sh one allocation no_such',
	qr/there is no test no_such: say one of .*\ballocation\b/,
	'a test that is not there');
refuses('sh test/run.sh one ""', qr/say which/, 'no test named');

# No server of ours outlives the test.
my $work    = "$tmp/demo";
my $cluster = "$work/demo/cluster";

END
{
	my $status = $?;
	run_sh(qq{cd "$tree"; . test/house.sh; . test/cluster.sh; cluster_stop "$cluster"})
	  if $cluster && -e $cluster;
	$? = $status;
}

# The cluster of a demo, on a machine with little shared memory, as containers
# have; somebody is connected to its database.
SKIP:
{
	skip 'root runs no server', 12 if $> == 0;
	my $small = program('small', 'df',
		q{case $* in */dev/shm*) printf 'x\nshm 65536 0 65536 0%% /dev/shm\n' ;; *) exec /bin/df "$@" ;; esac}
	);
	my $stand = qq{. test/house.sh; . test/cluster.sh; cd "$tree"; };
	my $psql  = qq{"$bindir/psql" -XAtq -h "$cluster/socket" -p 5432 -U postgres};
	succeeds(
		qq{$stand mkdir -p "$cluster" && touch "$work/.crmcost" && cluster_start "$cluster" &&
		$psql -d postgres -c 'CREATE DATABASE crmcost' && $psql -d crmcost -c 'CREATE TABLE precious ()'},
		'a cluster starts', PATH => $small);
	is((run_sh("$psql -d postgres -c 'SHOW dynamic_shared_memory_type'"))[1],
		"mmap\n", '... and does not count on shared memory that is not there');
	my $explorer = IPC::Run::start([ 'sh', '-c', qq{PGAPPNAME=explorer exec $psql -d crmcost} ],
		'<', \my $in, '>', \my $out, IPC::Run::timeout(60));
	$in = "SELECT 'connected';\n";
	$explorer->pump until $out =~ /connected/;
	refuses(
		'sh demo/run.sh sample',
		qr/in use by 1 session \(explorer, process \d+, for 0 minutes\): .*make demo-stop.*CRMCOST_WORK=DIR/,
		'a demo that is in use',
		CRMCOST_WORK => $work);
	$in = "SELECT count(*) || ' tables' FROM pg_class WHERE relname = 'precious';\n\\q\n";
	$explorer->finish;
	like($out, qr/^1 tables$/m, '... and the session goes on');

	mkdir "$work/normal";
	succeeds('sh demo/stop.sh', 'demo-stop', CRMCOST_WORK => $work);
	ok(!-e "$work/demo" && -d "$work/normal", '... removes the demo, and nothing else');
	succeeds('sh test/clean.sh', 'test-clean', CRMCOST_WORK => $work);
	ok(!-e $work, '... removes the rest, and the place when nothing is left');
}

done_testing();
