# What BI tools are told is what the catalog says, and the bundle is packed for a
# ledger.  make check-bi has the tools themselves.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Nodes;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_node('bi');
my $dir  = tempdir(CLEANUP => 1);
$ENV{PGHOST}     = $node->host;
$ENV{PGPORT}     = $node->port;
$ENV{PGDATABASE} = 'postgres';

sub python
{
	my (@command) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'python3', '-B', @command ], '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

sub generate
{
	return python('bi/generate.py', @_);
}

my ($code, $out, $err) = generate('crm', '--check');
is($code, 1, 'without the ledger nothing is generated');
like($err, qr/^crmcost: there is no ledger crm in this database/, '... with the reason');

$node->safe_psql('postgres', q{SET client_min_messages = warning; CALL crmcost.install('crm')});
($code, $out, $err) = generate('crm', '--check');
is($code, 0, 'bi/ is what the catalog says')
  or diag($out, $err, 'python3 bi/generate.py crm writes it again');
$node->safe_psql('postgres', q{CALL crmcost.install('months', true)});
($code) = generate('months', '--check');
is($code, 0, '... of a ledger by another name, with partitions, too');

$node->safe_psql('postgres',
	q{COMMENT ON COLUMN crm.customer_profit.profit IS 'Something else: "quoted", with # and {{ braces }}.'}
);
($code, $out) = generate('crm', '--check');
is($code, 1, 'a comment that has changed is seen');
is( $out,
	join('',
		map { "bi/$_ is not what the catalog says: run python3 bi/generate.py\n" }
		  'dbt/models/crmcost.yml',
		'superset/bundle/datasets/crmcost_ledger/customer_profit.yaml'),
	'... in each file that has it');
$node->safe_psql('postgres', q{CREATE VIEW crm.surprise AS SELECT 1 AS a});
($code, $out, $err) = generate('crm', '--check');
is( $err,
	"crmcost: bi/dbt/key.txt: surprise is missing: say which columns tell its rows apart\n",
	'a view that nobody has described is named');
$node->safe_psql('postgres', q{DROP VIEW crm.surprise; DROP VIEW crm.rfm_grid});
($code, $out, $err) = generate('crm', '--check');
is( $err,
	"crmcost: bi/dbt/key.txt: rfm_grid is no view of the ledger\n",
	'... and one that has gone');

# The bundle for a ledger whose name and password need quoting.
my $uri = q{postgresql+psycopg2://bi:it's"\\%40:x@localhost/sales};
($code, $out, $err) = python('bi/superset/pack.py', $uri, q{Small "shop's"}, "$dir/bundle.zip");
is($code,                                             0,     'the bundle is packed') or diag($err);
is(sprintf('%o', (stat "$dir/bundle.zip")[2] & 0777), '600', '... for its owner alone');
($code, $out) = python(
	'-c', q{
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as packed:
    names = packed.namelist()
    print(len(names), all(name.startswith('crmcost/') for name in names))
    text = packed.read('crmcost/databases/crmcost_ledger.yaml').decode()
    print([json.loads(line.split(': ', 1)[1]) for line in text.splitlines() if line.startswith('sqlalchemy_uri: ')][0])
    print({json.loads(line.split(': ', 1)[1]) for name in names if '/datasets/' in name
           for line in packed.read(name).decode().splitlines() if line.startswith('schema: ')})
}, "$dir/bundle.zip");
my @files = split /\n/, `find bi/superset/bundle -type f`;
is( $out,
	scalar(@files) . " True\n$uri\n{'Small \"shop\\'s\"'}\n",
	'... every file, with this connection and schema');
($code, $out, $err) = python('bi/superset/pack.py', 'localhost', 'crm', "$dir/no.zip");
is($code, 1, 'a connection that is no URI is refused');
ok(!-e "$dir/no.zip", '... and nothing is written');

done_testing();
