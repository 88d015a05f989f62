# doc/capabilities.md keeps its word: every row that the founding documents ask
# for is there once, what it names is in an installed ledger, and what it gives
# as proof is what a test says.  The Chinese page has the same rows.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $page    = 'doc/capabilities.md';
my %rows_of = (A => 29, B => 19, C => 24, D => 19, E => 16, F => 20, G => 22);
my @columns = qw(id capability term served proof);

# The rows of a page, each a hash by @columns.
sub rows
{
	my ($text) = @_;
	my @found;

	foreach my $line (grep { /^\| [A-G]\d+ / } split /\n/, $text)
	{
		my @cells = split / *\| */, $line, -1;
		my %row;
		@row{@columns} = @cells[ 1 .. 5 ];
		$row{id} = $line if @cells != 7;
		push @found, \%row;
	}
	return @found;
}

# What the names of a ledger are, in the words of the page.
sub names_of_ledger
{
	my ($node) = @_;

	return map { $_ => 1 } split /\n/, $node->safe_psql(
		'postgres', q{
		CREATE EXTENSION crmcost;
		CALL crmcost.install('crm');
		SELECT c.relname FROM pg_class c
		WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p', 'v')
		UNION
		SELECT c.relname || '.' || a.attname FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p', 'v')
		UNION
		SELECT p.proname || '()' FROM pg_proc p
		WHERE p.pronamespace = 'crmcost'::regnamespace AND p.proname NOT LIKE '\_%'
		UNION
		SELECT code FROM crm.cost_category
		UNION
		SELECT key FROM crm.setting});
}

# A test without its comments, or undef where there is none of that name.
sub source_of
{
	my ($name) = @_;
	my ($file) = grep { -e } "test/pgtap/$name.sql", "test/t/$name.pl", "test/sql/$name.sql";

	return undef unless defined $file;
	return join "\n", grep { !/^\s*(--|#)/ } split /\n/, slurp_file($file);
}

# The faults of a page: a line each.
sub faults
{
	my ($text, $is_there) = @_;
	my @rows = rows($text);
	my (%seen, @faults);

	$seen{ $_->{id} }++ foreach @rows;
	foreach my $id (
		map {
			my $part = $_;
			map { "$part$_" } 1 .. $rows_of{$part}
		} sort keys %rows_of)
	{
		my $times = delete $seen{$id} // 0;
		push @faults, "$id is there $times times" if $times != 1;
	}
	push @faults, "$_ is no row that was asked for" foreach sort keys %seen;

	foreach my $row (@rows)
	{
		my $id     = $row->{id};
		my @served = ($row->{served} // '') =~ /`([^`]+)`/g;
		push @faults, "$id has no words of ours" if ($row->{capability} // '') eq '';
		push @faults, "$id has no Chinese term"
		  if ($row->{term} // '') !~ /[\xE3-\xE9][\x80-\xBF]{2}/;
		push @faults, "$id is served by nothing" if !@served;
		push @faults, map { "$id: there is no $_" } grep { !$is_there->{$_} } @served;
		push @faults, faults_of_proof($id, $row->{proof} // '');
	}
	return @faults;
}

# Whether words are of a row: "A2: ...", "A1, A2: ...", "A1 to A3: ..."
sub is_of
{
	my ($id,   $words)  = @_;
	my ($part, $number) = $id =~ /^(.)(\d+)$/;

	return 1 if $words =~ /\b$id\b/;
	while ($words =~ /\b$part(\d+) to $part(\d+)\b/g)
	{
		return 1 if $1 <= $number && $number <= $2;
	}
	return 0;
}

# A proof is: `test` "words" "words"; `test` "words".  Some of the words are of
# the row itself.
sub faults_of_proof
{
	my ($id, $proof) = @_;
	my @faults;
	my $is_own = 0;

	push @faults, "$id is pending" if $proof =~ s/(; )?PENDING$//;
	return @faults if @faults && $proof eq '';
	foreach my $part (split /; (?=`)/, $proof)
	{
		my ($test, $said) = $part =~ /^`(\w+)`((?: "[^"]+")+)$/;
		return ("$id: no test and words: $part") unless defined $test;
		my $source = source_of($test);
		return ("$id: there is no test $test") unless defined $source;
		foreach my $words ($said =~ /"([^"]+)"/g)
		{
			push @faults, "$id: $test does not say: $words" if index($source, $words) < 0;
			$is_own ||= is_of($id, $words);
		}
	}
	push @faults, "$id: no proof is of this row" unless $is_own || @faults;
	return @faults;
}

my $node = PostgreSQL::Test::Cluster->new('capabilities');
$node->init;
$node->append_conf('postgresql.conf', 'jit = off');
$node->start;
my %is_there = names_of_ledger($node);
my $text     = slurp_file($page);

cmp_ok(scalar(grep { /\(\)$/ } keys %is_there), '>', 50, 'the routines of the extension are known');
my @faults = faults($text, \%is_there);
is(scalar @faults, 0, "$page keeps its word") or diag(join "\n", @faults);

# Where the Chinese page differs from the English one but in the words of ours.
my $chinese = 'doc/capabilities.zh.md';
my $han     = qr/[\xE3-\xE9][\x80-\xBF]{2}/;

sub faults_of_chinese
{
	my %other = map { $_->{id} => $_ } rows(shift);
	my @faults;

	foreach my $row (rows($text))
	{
		my $same = delete $other{ $row->{id} };
		push(@faults, "$row->{id} is missing"), next if !$same;
		push @faults, "$row->{id}: another $_"
		  foreach grep { $row->{$_} ne $same->{$_} } qw(term served proof);
		push @faults, "$row->{id} has no Chinese words" if $same->{capability} !~ $han;
	}
	return @faults, map { "$_ is too many" } sort keys %other;
}
my $translated = slurp_file($chinese);
is(join("\n", faults_of_chinese($translated)), '', "$chinese says the same");
foreach my $forgery (
	[ qr/^\| A3 .*\n/m,         '',             'A3 is missing' ],
	[ qr/(?<=^\| A2 \|)[^|]*/m, ' categories ', 'A2 has no Chinese words' ],
	[ qr/`cost_tree`(?=, `cost_by_month` \| `ledger_cost` "A5)/, '`cost`', 'A5: another served' ],
	[ qr/A5: four media/, 'A5: five media',                                'A5: another proof' ])
{
	my ($what, $with, $fault) = @$forgery;
	(my $forged = $translated) =~ s/$what/$with/ or die "nothing to forge: $what";
	is(join("\n", faults_of_chinese($forged)), $fault, "noticed: $fault");
}

# The test itself would notice.
sub notices
{
	my ($name, $what, $with, $fault) = @_;
	(my $forged = $text) =~ s/$what/$with/m or die "nothing to forge: $what";
	my %before = map { $_ => 1 } @faults;
	is(join("\n", grep { !$before{$_} } faults($forged, \%is_there)), $fault, "noticed: $name");
}
notices('a row that is missing', qr/^\| A3 .*\n/m, '', 'A3 is there 0 times');
notices('a row that stands twice',
	qr/^\| A3 /m, '| A2 ', "A2 is there 2 times\nA3 is there 0 times\nA2: no proof is of this row");
notices(
	'a view that is not there',
	qr/`cost_tree`, `cost_by_month` \| `ledger_cost` "A5/,
	'`cost_bush` | `ledger_cost` "A5',
	'A5: there is no cost_bush');
notices(
	'a test that is not there',
	qr/`ledger_cost` "A5:/,
	'`ledger_price` "A5:',
	'A5: there is no test ledger_price');
notices(
	'words that no test says',
	qr/"A5: four media and their exact subtotal"/,
	'"A5: five media"',
	'A5: ledger_cost does not say: A5: five media');
notices(
	'words that stand in a comment alone',
	qr/"A5: four media and their exact subtotal"/,
	'"A1, A22: random cost in three currencies"',
	'A5: ledger_cost does not say: A1, A22: random cost in three currencies');
notices(
	'a proof of another row',
	qr/"A5: four media and their exact subtotal"/,
	'"A3: acquisition, retention and service"',
	'A5: no proof is of this row');
notices('a row without a test', qr/`ledger_cost` "A5:[^|]*/, 'PENDING ', 'A5 is pending');

done_testing();
