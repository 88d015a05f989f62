# 3,150 customers of a telecom company, 495 of whom churned (UCI 563, Iranian
# Churn, CC BY 4.0): how long those stay who complained and those who did not, and
# what a logit says of who leaves, against the same worked out here in plain Perl
# from the file.  The data lie beside the tree (CRMCOST_DATA); without them the test
# is skipped.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use Nodes;
use Test::More;

my $data = ($ENV{CRMCOST_DATA} // '../shared/data') . '/iranian_telecom_churn.csv';
plan skip_all => 'the telecom data are not there: set CRMCOST_DATA' unless -r $data;
open(my $file, '<', $data) or die "$data: $!";
my ($head, @lines) = <$file>;
close $file;
s/\r?\n// foreach @lines;
my @rows = map { [ split /,/ ] } @lines;

my $node = start_node('survival_telecom');
$node->safe_psql(
	'postgres', q{
CREATE TABLE raw (call_failure int, complains int, months float8, charge int, seconds float8, calls float8, sms float8, numbers float8,
                  age_group int, plan int, status int, age int, value float8, churn int)});
IPC::Run::run(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'COPY raw FROM STDIN (FORMAT csv)' ],
	'<',
	\(join("\n", @lines) . "\n"));
is($node->safe_psql('postgres', 'SELECT count(*), sum(churn), sum(complains) FROM raw'),
	'3150|495|241', 'the data are all there');
is( $node->safe_psql(
		'postgres', q{
	SELECT complains, round(100 * avg(churn), 1) FROM raw GROUP BY 1 ORDER BY 1}),
	"0|10.1\n1|83.0",
	'of those who complained 83 % left, of the others 10 %');

# The product-limit estimate and the log-rank test of two groups, by hand.
my (%leaves, %stays, %times);
foreach (@rows)
{
	my ($complained, $months, $churned) = @$_[ 1, 2, 13 ];
	($churned ? \%leaves : \%stays)->{$complained}{$months}++;
	$times{$months} = 1 if $churned;
}

sub at_risk
{
	my ($group, $t) = @_;
	my $n = 0;
	foreach my $by (\%leaves, \%stays)
	{
		$n += $by->{$group}{$_} foreach grep { $_ >= $t } keys %{ $by->{$group} };
	}
	return $n;
}
my (@curve, %survival, $excess, $variance);
%survival = (0 => 1, 1 => 1);
foreach my $t (sort { $a <=> $b } keys %times)
{
	my @n = map { at_risk($_, $t) } 0, 1;
	my @d = map { $leaves{$_}{$t} // 0 } 0, 1;
	my ($n, $d) = ($n[0] + $n[1], $d[0] + $d[1]);
	$excess   += $d[1] - $d * $n[1] / $n;
	$variance += $d * ($n[1] / $n) * ($n[0] / $n) * ($n - $d) / ($n - 1) if $n > 1;
	foreach my $g (grep { $d[$_] > 0 } 0, 1)
	{
		$survival{$g} *= 1 - $d[$g] / $n[$g];
		push @curve, sprintf('%d|%d|%d|%d|%.9f', $g, $t, $n[$g], $d[$g], $survival{$g});
	}
}
is( $node->safe_psql(
		'postgres', q{
	SELECT complains, p.t, p.at_risk, p.events, round(p.survival::numeric, 9)
	FROM (SELECT complains, crmcost.kaplan_meier(months, churn = 1) AS curve FROM raw GROUP BY 1) c, unnest(curve) p ORDER BY 1, 2}
	),
	join("\n",
		sort { my @x = split /\|/, $a; my @y = split /\|/, $b; $x[0] <=> $y[0] || $x[1] <=> $y[1] }
		  @curve),
	'survival by complaint');
cmp_ok($survival{1}, '<', 0.2, sprintf('of those who complained few stay: %.3f', $survival{1}));
is( $node->safe_psql(
		'postgres', q{
	SELECT (t).df, round((t).chi_square::numeric, 6), (t).p < 1e-12 FROM (SELECT crmcost.logrank(months, churn = 1, complains::text) AS t FROM raw) x}
	),
	sprintf('1|%.6f|t', $excess**2 / $variance),
	'the log-rank test tells them apart');
is( $node->safe_psql(
		'postgres', q{
	SELECT g.grp, g.observed, round((g.observed - g.expected)::numeric, 6)
	FROM (SELECT crmcost.logrank_groups(months, churn = 1, complains::text) AS groups FROM raw) x, unnest(groups) g ORDER BY 1}
	),
	sprintf("0|%d|%.6f\n1|%d|%.6f", 495 - 200, -$excess, 200, $excess),
	'with the events that were expected');

# The logit by Newton's method on the normal equations, by Gauss's elimination.
my @x =
  map { [ 1, $_->[1], $_->[0], $_->[2] / 10, log(1 + $_->[5]), $_->[10] == 2 ? 1 : 0 ] } @rows;
my @y = map { $_->[13] } @rows;

sub solve
{
	my ($m, $v) = @_;
	my $n = @$v;
	my @m = map { [ @{ $m->[$_] }, $v->[$_] ] } 0 .. $n - 1;
	foreach my $c (0 .. $n - 1)
	{
		my ($pivot) = sort { abs($m[$b][$c]) <=> abs($m[$a][$c]) } $c .. $n - 1;
		@m[ $c, $pivot ] = @m[ $pivot, $c ];
		foreach my $r (grep { $_ != $c } 0 .. $n - 1)
		{
			my $f = $m[$r][$c] / $m[$c][$c];
			$m[$r][$_] -= $f * $m[$c][$_] foreach $c .. $n;
		}
	}
	return map { $m[$_][$n] / $m[$_][$_] } 0 .. $n - 1;
}
my @beta = (0) x 6;
my (@score, $likelihood, @hessian);
foreach my $round (1 .. 30)
{
	my @gradient = (0) x 6;
	@hessian = map { [ (0) x 6 ] } 1 .. 6;
	($likelihood, @score) = (0);
	foreach my $i (0 .. $#x)
	{
		my $eta = 0;
		$eta += $beta[$_] * $x[$i][$_] foreach 0 .. 5;
		my $p = 1 / (1 + exp(-$eta));
		push @score, $eta;
		$likelihood += $y[$i] ? log($p) : log(1 - $p);
		foreach my $j (0 .. 5)
		{
			$gradient[$j] += ($y[$i] - $p) * $x[$i][$j];
			$hessian[$j][$_] += $p * (1 - $p) * $x[$i][$j] * $x[$i][$_] foreach 0 .. 5;
		}
	}
	my @step = solve(\@hessian, \@gradient);
	$beta[$_] += $step[$_] foreach 0 .. 5;
	last if !grep { abs > 1e-12 } @step;
}
# the standard error is the root of the diagonal of the inverse
my @error = map {
	my $k = $_;
	sqrt((solve(\@hessian, [ map { $_ == $k ? 1 : 0 } 0 .. 5 ]))[$k])
} 0 .. 5;
my ($pairs, $above) = (0, 0);
my @left = @score[ grep { $y[$_] } 0 .. $#y ];
foreach my $stayed (@score[ grep { !$y[$_] } 0 .. $#y ])
{
	foreach my $left (@left)
	{
		$pairs++;
		$above += $left > $stayed ? 1 : $left == $stayed ? 0.5 : 0;
	}
}
$node->safe_psql(
	'postgres', q{
CREATE TABLE fit AS SELECT crmcost.logit_fit(churn = 1, ARRAY[complains, call_failure, months / 10, ln(1 + calls), (status = 2)::int]) AS m FROM raw}
);
is( $node->safe_psql(
		'postgres',
		q{SELECT string_agg(to_char(c, 'FM990.000000'), ' ' ORDER BY n) FROM fit, unnest((m).coefficient) WITH ORDINALITY u (c, n)}
	),
	join(' ', map { sprintf '%.6f', $_ } @beta),
	'the coefficients of the logit');
is( $node->safe_psql(
		'postgres',
		q{SELECT string_agg(to_char(c, 'FM990.00000'), ' ' ORDER BY n) FROM fit, unnest((m).std_error) WITH ORDINALITY u (c, n)}
	),
	join(' ', map { sprintf '%.5f', $_ } @error),
	'their standard errors');
is( $node->safe_psql(
		'postgres',
		q{SELECT round((m).log_likelihood::numeric, 5), round((m).auc::numeric, 6), (m).customers FROM fit}
	),
	sprintf('%.5f|%.6f|3150', $likelihood, $above / $pairs),
	'its likelihood and the area under its curve');
cmp_ok($beta[1], '>', 3 * $error[1], 'who complained is far more likely to leave, all else equal');

done_testing();
