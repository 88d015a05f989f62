# Every example of the README and of doc/ runs, in order, on a fresh database;
# where a text block follows the SQL, it is what psql prints.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('doc');
# psql tells how wide a character is by the encoding
$node->init(extra => ['--encoding=UTF8']);
$node->append_conf('postgresql.conf', 'jit = off');    # as the pages advise
$node->start;

# The SQL blocks of a page, each with the text block that follows it or undef.
sub blocks
{
	my ($file) = @_;
	my $page = slurp_file($file);
	my @found;

	while ($page =~ /^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/msg)
	{
		push @found, { sql => $1, expected => $2 };
	}
	return @found;
}

# Trailing blanks are lost in editors, and mean nothing.
sub trimmed
{
	my ($text) = @_;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/^\n+//;
	$text =~ s/\n+$/\n/;
	return $text;
}

$node->safe_psql('postgres',  'CREATE DATABASE extension');
$node->safe_psql('extension', 'CREATE EXTENSION crmcost');
foreach my $file ('README.md', sort glob('doc/*.md'))
{
	my @blocks = blocks($file);
	next if @blocks == 0;
	(my $database = $file) =~ s/\W/_/g;
	$node->safe_psql('postgres', qq{CREATE DATABASE "$database" TEMPLATE extension});

	my $script = "\\set ON_ERROR_STOP 1\n";
	$script .= "\\echo \@block $_\n$blocks[$_]{sql}" foreach 0 .. $#blocks;
	my ($out, $err);
	IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr($database) ],
		'<', \$script, '>', \$out, '2>', \$err);
	is($?, 0, "$file: all examples run") or diag($err);

	my %printed = $out =~ /^\@block (\d+)\n(.*?)(?=^\@block|\z)/msg;
	# No example may leave a number that the next row without one would get.
	is( $node->safe_psql(
			$database, q{
		SELECT string_agg(format('%s.%s', c.oid::regclass, a.attname), ' ')
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
		WHERE a.attidentity <> '' AND NOT c.relispartition
			AND (xpath('/row/max/text()', query_to_xml(format('SELECT max(%I) FROM %s', a.attname, c.oid::regclass), false, true, '')))[1]::text::bigint
				>= nextval(pg_get_serial_sequence(c.oid::regclass::text, a.attname))}),
		'',
		"$file: numbers go on after the examples");

	foreach my $i (0 .. $#blocks)
	{
		next unless defined $blocks[$i]{expected};
		is( trimmed($printed{$i} // ''),
			trimmed($blocks[$i]{expected}),
			"$file: example " . ($i + 1) . ' prints what the page says');
	}
}

# The Chinese README has the same commands, outputs, names, links and figures; the
# comments in the commands are Chinese.
sub parts
{
	my ($file) = @_;
	my $page = slurp_file($file);
	my %has;

	while ($page =~ s/^```.*?^```$//ms)
	{
		(my $block = $&) =~ s/\s+(?:--|#) .*$//mg;
		push @{ $has{block} }, $block;
	}
	@{ $has{name} }   = sort $page =~ /`[^`\n]+`/g;
	@{ $has{link} }   = sort map { s/\.zh\.md/.md/r } grep { !/README/ } $page =~ /\]\(([^)]*)\)/g;
	@{ $has{link} }   = grep     { !/capabilities/ } @{ $has{link} };
	@{ $has{figure} } = sort $page =~ /\d+\.\d+(?!\d| million)/g;
	@{ $has{shape} }  = map { /^(#+ |\||- )/ } split /\n/, $page;
	return \%has;
}
my ($readme, $chinese) = map { parts($_) } 'README.md', 'README.zh.md';
cmp_ok(scalar @{ $readme->{block} }, '>', 10, 'README.md has commands');
is_deeply($chinese->{$_}, $readme->{$_}, "README.zh.md has every $_ of README.md")
  foreach qw(block name link figure shape);
foreach my $pair ([ 'README.md', 'README.zh.md' ], [ 'doc/capabilities.md', 'capabilities.zh.md' ])
{
	my ($english, $to)   = @$pair;
	my ($folder,  $from) = $english =~ m,^(.*?)([^/]*)$,;
	like(slurp_file($english),     qr/\]\(\Q$to\E\)/,   "$english is linked with its Chinese page");
	like(slurp_file("$folder$to"), qr/\]\(\Q$from\E\)/, '... and back');
}
is(scalar(() = slurp_file('README.md') =~ /\n/g) <= 250, 1, 'README.md has at most 250 lines');

# The page that lists tables and views has the words of the catalog.  Where it
# differs, what the test expects is the line to write.
$node->safe_psql('postgres',  'CREATE DATABASE reference TEMPLATE extension');
$node->safe_psql('reference', q{CALL crmcost.install('crm')});
my @listed = sort grep { /^\| `/ } split /\n/, slurp_file('doc/ledger_reference.md');
my @there  = sort split /\n/, $node->safe_psql(
	'reference', q{
	SELECT format('| `%s` | %s | %s |', c.relname, obj_description(c.oid, 'pg_class'),
		(SELECT string_agg(a.attname, ', ' ORDER BY a.attnum) FROM pg_attribute a
		 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
	FROM pg_class c WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'v')});
cmp_ok(scalar @there, '>', 100, 'a ledger has tables and views');
is_deeply(\@listed, \@there, 'doc/ledger_reference.md lists them with their grain and columns');

# Where one looks for a view, a setting or a check, it is.
foreach my $what (
	[ 'view',    'doc/views.md',  q{SELECT viewname FROM pg_views WHERE schemaname = 'crm'} ],
	[ 'view',    'doc/ledger.md', q{SELECT viewname FROM pg_views WHERE schemaname = 'crm'} ],
	[ 'table',   'doc/ledger.md', q{SELECT tablename FROM pg_tables WHERE schemaname = 'crm'} ],
	[ 'step',    'doc/store.md',  'SELECT unnest(crmcost._refresh_steps())' ],
	[ 'setting', 'doc/ledger.md', 'SELECT key FROM crm.setting' ],
	[ 'check',   'doc/ledger.md', 'SELECT check_name FROM crm.data_quality' ])
{
	my ($kind, $file, $query) = @$what;
	my %named = map { $_ => 1 } slurp_file($file) =~ /`(\w+)`/g;
	is(join(' ', grep { !$named{$_} } split /\n/, $node->safe_psql('reference', $query)),
		'', "$file names every $kind");
}

# The picture of the architecture is of what is there.
my %names = map { $_ => [] } qw(facts steps views);
foreach my $box (slurp_file('doc/architecture.md') =~ /^ *((?:facts|steps|views)\[".*?)"\]$/mg)
{
	my ($name, @inside) = grep { $_ ne 'br' } $box =~ /(\w+)/g;
	$names{$name} = \@inside;
}
is( "@{$names{steps}}",
	$node->safe_psql('reference', q{SELECT array_to_string(crmcost._refresh_steps(), ' ')}),
	'doc/architecture.md has the steps of refresh');
is( "@{$names{views}}",
	join(' ', map { s,.*/,,r } sort glob('sql/ledger/views/*')),
	'... the folders of views');
is( join(' ', sort @{ $names{facts} }),
	$node->safe_psql(
		'reference', q{
	SELECT string_agg(relation, ' ' ORDER BY relation COLLATE "C") FROM (
		SELECT relation FROM crmcost._captured() WHERE capture <> '_capture_all' AND relation NOT IN ('fx_rate', 'driver', 'driver_blend')
		UNION SELECT 'loyalty_entry') fact}),
	'... and the facts');

done_testing();
