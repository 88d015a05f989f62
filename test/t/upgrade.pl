# An extension of version 0.1.0 is updated to this one, and ledgers of schema
# version 1 that it made become ledgers of this version with every row.
#
# test/fixture has the install script of 0.1.0, as it was made from the sources of
# that version, and the facts of the ledgers.
use strict;
use warnings;
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The server finds the extension in a directory of its own: a copy of the one that
# the runner names, with the old script added.
my $settings  = $ENV{TEMP_CONFIG} && slurp_file($ENV{TEMP_CONFIG});
my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
chomp(my $share = qx($pg_config --sharedir));
my ($inst) = ($settings || '') =~ /extension_(?:destdir|control_path) = '(.*?)(?:\Q$share\E[^']*)?'/
  or plan skip_all => 'the extension is not in a directory of the test runner';

my $node = PostgreSQL::Test::Cluster->new('upgrade');
my $copy = $node->basedir . '/inst';
system_or_bail('cp', '-R', $inst, $copy);
gunzip('test/fixture/crmcost--0.1.0.sql.gz' => "$copy$share/extension/crmcost--0.1.0.sql")
  or die $GunzipError;
$settings =~ s/\Q$inst\E/$copy/g;
$node->init;
$node->append_conf('postgresql.conf',
	"$settings\ntimezone = 'UTC'\njit = off\nautovacuum = off\nclient_min_messages = warning\n");
$node->start;

sub sql
{
	my ($database, $statements, @more) = @_;
	return $node->safe_psql($database, $statements, @more);
}
my %ledgers = (plain => 'false', 'with partitions' => 'true');

# Two lists of lines are the same; else the first lines that one has alone.
sub same_lines
{
	my ($has, $wants, $name) = @_;
	my %n;
	$n{$_}++ foreach split /\n/, $has;
	$n{$_}-- foreach split /\n/, $wants;
	my @alone = map { ($n{$_} > 0 ? '+ ' : '- ') . $_ } grep { $n{$_} } sort keys %n;
	return is(join("\n", @alone[ 0 .. ($#alone > 9 ? 9 : $#alone) ]), '', $name);
}

# A database owner who is no superuser; the second ledger is upgraded for him.
sql('postgres', q{
	CREATE ROLE dba LOGIN;
	CREATE ROLE reader LOGIN;
	CREATE ROLE loader LOGIN;
	CREATE DATABASE old OWNER dba;
	CREATE DATABASE new OWNER dba});
sub dba { return sql(@_[ 0, 1 ], extra_params => [ '-U', 'dba' ]) }
dba('old',
	q{CREATE EXTENSION crmcost VERSION '0.1.0'; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO loader}
);
dba('new', 'CREATE EXTENSION crmcost');
foreach my $ledger (sort keys %ledgers)
{
	system_or_bail(
		'psql', '-XqAto',         '/dev/null', '-U', 'dba', '-d', $node->connstr('old'),
		'-v',   "ledger=$ledger", '-v',        "partitioned=$ledgers{$ledger}",
		'-f',   'test/fixture/ledger_1.sql');
	dba('new', qq{CALL crmcost.install('$ledger', $ledgers{$ledger})});
}
is(dba('old', q{SELECT value FROM plain.setting WHERE key = 'schema_version'}),
	'1', 'ledgers of version 1');

# All tables, as they were.
sql('old', q{
	DO $$DECLARE t record; BEGIN
		FOR t IN SELECT relnamespace::regnamespace::text AS ledger, relname FROM pg_class
			WHERE relnamespace IN ('plain'::regnamespace, '"with partitions"'::regnamespace) AND relkind IN ('r', 'p')
		LOOP
			EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', 'was ' || trim(t.ledger, '"'));
			EXECUTE format('CREATE TABLE %I.%I AS TABLE %s.%I', 'was ' || trim(t.ledger, '"'), t.relname, t.ledger, t.relname);
		END LOOP;
	END$$});

# The extension.
my $functions = q{
	SELECT p.oid::regprocedure, prokind, prorettype::regtype, pg_get_function_arguments(p.oid), proretset, prosrc, pg_get_function_sqlbody(p.oid),
		provolatile, proparallel, proisstrict, procost, prorows, prosupport, proconfig, aggtransfn, aggfinalfn, aggcombinefn, aggtranstype::regtype,
		obj_description(p.oid, 'pg_proc'), d.objid IS NOT NULL,
		ARRAY(SELECT a::text FROM unnest(coalesce(proacl, acldefault('f', proowner))) a WHERE a::text !~ '^loader' ORDER BY 1)
	FROM pg_proc p LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
	LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	WHERE pronamespace = 'crmcost'::regnamespace ORDER BY p.oid::regprocedure::text COLLATE "C"};
my $types = q{
	SELECT typname, typtype, typlen, typalign, typstorage, obj_description(oid, 'pg_type') FROM pg_type
	WHERE typnamespace = 'crmcost'::regnamespace ORDER BY typname::text COLLATE "C"};
dba('old', 'ALTER EXTENSION crmcost UPDATE');
is( dba('old', q{SELECT extversion FROM pg_extension WHERE extname = 'crmcost'}),
	dba('new', q{SELECT extversion FROM pg_extension WHERE extname = 'crmcost'}),
	'the extension is updated with ledgers that use it');
same_lines(dba('old', $functions), dba('new', $functions), 'its functions are those of a new one');
same_lines(dba('old', $types),     dba('new', $types),     'and its types');
is( dba('old',
		q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'crmcost'::regnamespace AND NOT has_function_privilege('loader', oid, 'EXECUTE')}
	),
	'0',
	'who might call everything still may');
is( dba('old', q{SELECT sum(profit) FROM plain.customer_profit}),
	dba('old', q{SELECT sum(profit) FROM "with partitions".customer_profit}),
	'views of the old ledgers work');

# An old ledger is not touched before it is upgraded.
foreach my $call (
	q{refresh('plain')},
	q{close_period('plain', '2024-03-01')},
	q{reopen_period('plain', '2024-02-01')},
	q{ensure_partitions('with partitions', '2030-01-01', '2030-01-01')})
{
	my ($ledger) = $call =~ /'(.*?)'/;
	my ($code, $out, $err) =
	  $node->psql('old', "CALL crmcost.$call", extra_params => [ '-U', 'dba' ]);
	like(
		$err,
		qr/ERROR:  ledger "$ledger" has schema version 1, and this crmcost works with 2\nHINT:  CALL crmcost.upgrade\('$ledger'\);/,
		"$call is refused with a hint");
}

# What stands in the way is named, and nothing is changed: the same when the
# upgrade does not come to its end.
my $catalog = q{
	WITH rel AS (SELECT * FROM pg_class WHERE relnamespace = '"LEDGER"'::regnamespace AND relname NOT IN ('by_product', 'mine'))
	SELECT concat_ws(' ', 'relation', relname, relkind, reloptions, relrowsecurity AND relname <> 'customer_month', obj_description(oid, 'pg_class')) FROM rel
	UNION ALL
	SELECT concat_ws(' ', 'column', r.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
		k.collname, pg_get_expr(d.adbin, d.adrelid), col_description(r.oid, a.attnum))
	FROM rel r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum LEFT JOIN pg_collation k ON k.oid = a.attcollation
	WHERE relkind IN ('r', 'p', 'v') AND a.attname <> 'region'
	UNION ALL
	SELECT concat_ws(' ', 'constraint', r.relname, k.conname, k.convalidated, pg_get_constraintdef(k.oid)) FROM rel r JOIN pg_constraint k ON k.conrelid = r.oid
	UNION ALL
	SELECT 'index ' || pg_get_indexdef(oid) FROM rel WHERE relkind IN ('i', 'I')
	UNION ALL
	SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled) FROM rel r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
	UNION ALL
	SELECT concat_ws(' ', 'view', relname, pg_get_viewdef(oid)) FROM rel WHERE relkind = 'v'
	UNION ALL
	SELECT concat_ws(' ', 'type', typname, obj_description(oid, 'pg_type')) FROM pg_type
	WHERE typnamespace = '"LEDGER"'::regnamespace AND typname NOT IN ('mine', '_mine')
	UNION ALL
	SELECT concat_ws(' ', 'row', key, value, to_jsonb(s) ->> 'note_zh') FROM "LEDGER".setting s WHERE key <> 'clv_model'
	UNION ALL
	SELECT concat_ws(' ', 'tier', scheme, code, to_jsonb(t) ->> 'action_zh') FROM "LEDGER".tier t WHERE scheme <> 'contract'
	ORDER BY 1};

sub catalog
{
	my ($database, $ledger) = @_;
	(my $query = $catalog) =~ s/LEDGER/$ledger/g;
	return dba($database, $query);
}
my $before = catalog('old', 'plain');
foreach my $case (
	[
		'SELECT profit FROM plain.customer_profit',
		'views of ledger "plain" cannot be renewed: others depend on them',
		'view plain.customer_profit'
	],
	[
		'SELECT bucket FROM plain.customer_month_cost',
		'tables of ledger "plain" cannot be changed: others depend on them',
		'table customer_month_cost'
	],
	[
		'SELECT driver_quantity FROM plain.cost_pool',
		'tables of ledger "plain" cannot be changed: others depend on them',
		'column "driver_quantity"'
	])
{
	dba('old', "CREATE VIEW plain.mine AS $case->[0]");
	my ($code, $out, $err) =
	  $node->psql('old', q{CALL crmcost.upgrade('plain')}, extra_params => [ '-U', 'dba' ]);
	like(
		$err,
		qr/ERROR:  \Q$case->[1]\E\nDETAIL:  .*mine depends on .*\Q$case->[2]\E/,
		"a view of the owner on $case->[2]");
	dba('old', 'DROP VIEW plain.mine');
}
dba('old', q{BEGIN; CALL crmcost.upgrade('plain'); ROLLBACK});
same_lines(catalog('old', 'plain'), $before, 'and all is as it was');

# The upgrade: by the owner, and by a superuser for him.
dba('old', q{CREATE VIEW plain.mine AS SELECT customer_id, revenue FROM plain.customer_month});
dba('old', q{CALL crmcost.upgrade('plain')});
sql('old', q{CALL crmcost.upgrade('with partitions')});

my $differ = q{
	CREATE FUNCTION pg_temp.rows_differ(was text, has text, part text, columns text) RETURNS bigint LANGUAGE plpgsql AS $$
	DECLARE n bigint; BEGIN
		EXECUTE format('SELECT count(*) FROM ((SELECT %3$s FROM %1$s WHERE %4$s EXCEPT ALL SELECT %3$s FROM %2$s WHERE %4$s)
			UNION ALL (SELECT %3$s FROM %2$s WHERE %4$s EXCEPT ALL SELECT %3$s FROM %1$s WHERE %4$s)) d', was, has, columns, part) INTO n;
		RETURN n;
	END$$;
	SELECT string_agg(concat_ws(': ', relname, n), ', ') FROM (
		SELECT c.relname, pg_temp.rows_differ('"was LEDGER".' || c.relname,
			'"LEDGER".' || CASE c.relname WHEN 'customer_snapshot' THEN 'kept_snapshot' ELSE c.relname END,
			CASE WHEN c.relname = 'customer_month' THEN 'month_start < ''2024-03-01'' AND (acquired OR sale_lines + interactions > 0)'
			     WHEN c.relname IN ('cost_pool', 'posted_cost', 'customer_driver') THEN 'month_start < ''2024-03-01'''
			     WHEN c.relname IN ('customer_snapshot', 'clv_model') THEN 'as_of < ''2024-03-31'''
			     WHEN c.relname = 'classification' THEN 'NOT by_rule'
			     WHEN c.relname = 'setting' THEN 'key IN (SELECT key FROM "was LEDGER".setting WHERE key <> ''schema_version'')'
			     WHEN c.relname = 'cost_category' THEN 'code NOT LIKE ''svc.order%'''
			     WHEN c.relname = 'refresh_run' THEN 'run_id <= 5' ELSE 'true' END,
			(SELECT string_agg(attname, ', ') FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attname <> 'unallocated_cost'))
		FROM pg_class c WHERE c.relnamespace = '"was LEDGER"'::regnamespace AND c.relname NOT IN ('customer_month_cost', 'tier_threshold')
	) t (relname, n) WHERE n <> 0};
# Reader: rows of a policy; loader: what he might read stays, what he loads is news.
foreach my $ledger (sort keys %ledgers)
{
	my $in = qq{SET search_path = "$ledger"; };
	same_lines(
		catalog('old', $ledger),
		catalog('new', $ledger),
		"$ledger: tables, constraints, indexes, triggers, views, comments and settings are those of a new ledger"
	);
	(my $query = $differ) =~ s/LEDGER/$ledger/g;
	is(sql('old', $query), '', "$ledger: every row is there");
	is( sql('old',
			qq{$in SELECT count(*) FROM "was $ledger".customer_month_cost c LEFT JOIN customer_month m USING (customer_id, month_start)
		WHERE month_start < '2024-03-01' AND (c.direct_cost, c.allocated_cost) IS DISTINCT FROM
			(CASE bucket WHEN 'acquisition' THEN acquisition_direct_cost WHEN 'retention' THEN retention_direct_cost ELSE service_direct_cost END,
			 CASE bucket WHEN 'acquisition' THEN acquisition_allocated_cost WHEN 'retention' THEN retention_allocated_cost ELSE service_allocated_cost END)}
		),
		'0',
		"$ledger: cost of closed months by bucket, in columns");
	my $figures = "2024-01-01|220.00|101.00\n2024-02-01|88.50|34.00\n2024-03-01|190.00|133.50";
	foreach my $months (
		q{SELECT month_start, sum(revenue)::numeric(9,2), sum(direct_cost + allocated_cost)::numeric(9,2) FROM customer_month GROUP BY 1 ORDER BY 1},
		q{SELECT month_start, (SELECT sum(revenue) FROM sale_month s WHERE s.month_start = c.month_start)::numeric(9,2), sum(cost)::numeric(9,2) FROM cost_month c GROUP BY 1 ORDER BY 1},
		q{SELECT month_start, (SELECT sum(revenue) FROM day_total WHERE date_trunc('month', day) = month_start)::numeric(9,2), sum(cost)::numeric(9,2)
			FROM (SELECT date_trunc('month', day)::date AS month_start, cost FROM cost_day) d GROUP BY 1 ORDER BY 1},
		q{SELECT month_start, revenue::numeric(9,2), total_cost::numeric(9,2) FROM tier_month WHERE tier = '(all)' ORDER BY 1}
	  )
	{
		is( sql('old', "$in $months"),
			$figures,
			"$ledger: figures of the months in "
			  . ($months =~ /(\w+_month|day_total)\b.*?(?:c\b|d\b|GROUP|WHERE)/)[0]);
	}
	is( sql('old',
			qq{$in SELECT count(*) > 0, sum(answers) = (SELECT sum(asked) FROM survey_day),
			sum(answers) = (SELECT sum(asked) FROM voice_month WHERE scheme = '(all)' AND channel_code = '(all)' AND product_code = '(all)')
			FROM survey_answer}),
		't|t|t',
		"$ledger: answers in days and months are those that there are");
	is( sql('old',
			qq{$in SELECT string_agg(concat_ws(' ', relation, fact_id, month_start), ', ' ORDER BY relation, fact_id) FROM late_fact}
		),
		'cost_entry 5, cost_entry 6, cost_entry 8, cost_entry 9, customer 6 2024-02-01, interaction 3 2024-02-01, '
		  . 'sale 6 2024-02-01, sale 7 2024-02-01, sale 8, sale 9',
		"$ledger: facts that came late, and when they counted");
	is( sql('old',
			qq{$in SELECT string_agg(code, ' ' ORDER BY code) FROM cost_category WHERE code ~ '^(svc.order|trn.trainer)'}
		),
		'svc.order svc.order.delivery svc.order.marketplace svc.order.payment',
		"$ledger: new categories, and none that the owner had deleted");
	is( sql('old', qq{$in SELECT string_agg(DISTINCT as_of::text, ' ') FROM customer_snapshot}),
		'2024-02-05 2024-03-05 2024-03-31',
		"$ledger: snapshots");
	is( sql('old',
			qq{$in SELECT string_agg(concat_ws(' ', customer_id, dimension, code), ', ' ORDER BY dimension, customer_id) FROM classification WHERE NOT by_rule}
		),
		'2 abc A, 1 contract gold, 1 owner anna',
		"$ledger: what a person set");
	is( sql('old',
			qq{$in SELECT coalesce(source_key, '-') || erased_at::date FROM customer WHERE customer_id = 5}
		),
		'-' . sql('old', 'SELECT current_date'),
		"$ledger: who was erased is");
	is( sql('old',
			qq{$in SELECT region || (SELECT count(*) FROM pg_class WHERE relname = 'by_product' AND relnamespace = '"$ledger"'::regnamespace)
		FROM customer LIMIT 1}),
		'north1',
		"$ledger: columns and indexes of the owner");
	my @as_reader  = (extra_params => [ '-U', 'reader' ]);
	my $unreadable = sql(
		'old',
		qq{SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = '"$ledger"'::regnamespace
		AND relkind IN ('r', 'p', 'v') AND relname <> 'mine' AND NOT has_table_privilege(oid, 'SELECT')},
		@as_reader);
	if ($ledger eq 'plain')
	{
		is($unreadable, '', "$ledger: who may read reads what is new, too");
	}
	else
	{
		is(sql('old', qq{$in SELECT min(month_start) FROM customer_month}, @as_reader),
			'2024-02-01', "$ledger: policies of the owner");
		like($unreadable, qr/\bcustomer_value\b/,
			"$ledger: where there are policies, new tables are not opened");
		unlike(
			$unreadable,
			qr/\b(?:sale|customer_month|customer_profit)\b/,
			"$ledger: and what was open still is");
	}
	is( sql('old',
			qq{$in SELECT has_table_privilege('customer_profit', 'SELECT WITH GRANT OPTION'), has_column_privilege('customer_rfm', 'segment', 'SELECT'),
		has_column_privilege('customer_rfm', 'monetary', 'SELECT')}, extra_params => [ '-U', 'loader' ]),
		't|t|f',
		"$ledger: rights on views");

	# It works on.
	sql('old',
		qq{$in INSERT INTO sale (customer_id, order_ref, sold_at, amount, currency) VALUES (1, 'x', '2024-03-20', 7, 'EUR'), (1, 'y', '2024-02-20', 3, 'EUR')},
		extra_params => [ '-U', 'loader' ]);
	dba('old', qq{CALL crmcost.refresh('$ledger', '2024-04-01')});
	is( sql('old',
			qq{$in SELECT month_start, sum(revenue)::numeric(9,2) FROM customer_month GROUP BY 1 ORDER BY 1}
		),
		"2024-01-01|220.00\n2024-02-01|88.50\n2024-03-01|200.00",
		"$ledger: what is loaded by a role of the old ledger counts in the next refresh, late facts in the open month"
	);
	is( dba('old',
			qq{CALL crmcost.refresh('$ledger', '2024-04-01', true); $in SELECT rows_changed FROM last_refresh}
		),
		'0',
		"$ledger: computed in full it is the same");
	dba('old',
		qq{CALL crmcost.close_period('$ledger', '2024-03-01'); CALL crmcost.upgrade('$ledger')});
	is(dba('old', qq{$in SELECT count(*) FROM closed_period}),
		'3', "$ledger: a month is closed, and an upgrade has nothing to do");
}
is( sql('old', 'SELECT count(*) FROM plain.mine'),
	sql('old', 'SELECT count(*) FROM plain.customer_month'),
	'a view of the owner on a table that stays');
is( sql('old',
		q{SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text ~ 'plain|partition' AND relnamespace::regnamespace::text !~ 'was'
	AND relowner <> 'dba'::regrole}),
	'0',
	'all of it is the owner\'s');

$node->stop;
done_testing();
