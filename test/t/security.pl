# Attacks by real roles: what is planted before the extension, beside it, in a
# ledger and by a ledger's owner never runs with the rights of who calls us.
#
# Everything is planted by lists of the catalogs, not by lists of names: routines,
# operators, tables and views that come later are attacked as well.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('security');
$node->init;
$node->append_conf('postgresql.conf',
	"jit = off\nautovacuum = off\nclient_min_messages = warning\nlock_timeout = 1s\n");
$node->start;
$node->safe_psql('postgres',
	'CREATE ROLE mallory LOGIN; CREATE ROLE owner LOGIN; CREATE ROLE eve LOGIN');

# Statements as a role, each in a transaction of its own; output and errors.
sub as
{
	my ($role, $database, $sql) = @_;
	my ($out, $err);
	IPC::Run::run([ 'psql', '-XAtq', '-U', $role, '-d', $node->connstr($database) ],
		'<', \$sql, '>', \$out, '2>', \$err);
	chomp $out;
	return wantarray ? ($out, $err) : $out;
}
my $super = $node->safe_psql('postgres', 'SELECT current_user');

# What is planted calls trap(), which counts in sequences: they outlive a
# rollback.  "mine" counts runs as a superuser, "theirs" all others.
sub make_database
{
	my ($name) = @_;
	$node->safe_psql('postgres',
		"CREATE DATABASE $name; GRANT CREATE ON DATABASE $name TO mallory, owner, eve");
	as( 'mallory', $name, q{
		CREATE SCHEMA hostile;
		GRANT USAGE ON SCHEMA hostile TO PUBLIC;
		CREATE SEQUENCE hostile.mine;
		CREATE SEQUENCE hostile.theirs;
		CREATE SEQUENCE hostile.escaped;
		GRANT ALL ON ALL SEQUENCES IN SCHEMA hostile TO PUBLIC;
		CREATE FUNCTION hostile.trap(what text) RETURNS boolean LANGUAGE plpgsql AS $$
		BEGIN
			IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) current_user) THEN
				PERFORM pg_catalog.nextval('hostile.mine');
				RAISE WARNING 'as a superuser: %', what;
			ELSE
				PERFORM pg_catalog.nextval('hostile.theirs');
			END IF;
			RETURN true;
		END $$});
}

sub caught
{
	my ($database, $what) = @_;
	return $node->safe_psql($database,
		"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM hostile.$what");
}

# ---- a schema planted before CREATE EXTENSION
make_database('before');
as( 'mallory', 'before', q{
	CREATE SCHEMA crmcost;
	CREATE FUNCTION crmcost.convert_from(bytea, text) RETURNS text LANGUAGE sql AS $$SELECT hostile.trap('convert_from')::text$$;
	GRANT ALL ON SCHEMA crmcost TO PUBLIC});
my ($out, $err) = as($super, 'before', 'CREATE EXTENSION crmcost; CALL crmcost.install()');
like($err, qr/schema "crmcost" already exists/, 'a schema that is there is not taken over');
is(caught('before', 'mine') + caught('before', 'theirs'), 0, 'and nothing in it has run');
is(as($super, 'before', q{SELECT count(*) FROM pg_extension WHERE extname = 'crmcost'}),
	'0', 'nor is there an extension');
as('mallory', 'before', 'DROP SCHEMA crmcost CASCADE');
($out, $err) = as($super, 'before', 'CREATE EXTENSION crmcost; CALL crmcost.install()');
is($err, '', 'without it the extension and a ledger are made');

# ---- the creator of the extension beside it
make_database('creator');
as('mallory', 'creator', 'CREATE EXTENSION crmcost');
is( $node->safe_psql(
		'creator', q{
	SELECT e.extowner::regrole, n.nspowner::regrole, e.extnamespace::regnamespace,
		EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND objid = n.oid AND refobjid = e.oid AND deptype = 'e')
	FROM pg_extension e, pg_namespace n WHERE e.extname = 'crmcost' AND n.nspname = 'crmcost'}),
	"mallory|$super|pg_catalog|t",
	'who is no superuser creates it, and the schema is a member that is not theirs');
foreach my $attack (
	'CREATE FUNCTION crmcost.clv(int, numeric, numeric, int) RETURNS numeric RETURN 1',
	'CREATE OPERATOR crmcost.= (LEFTARG = text, RIGHTARG = name, FUNCTION = texteqname)',
	'CREATE TABLE crmcost.t ()',
	'CREATE TYPE crmcost.t AS (x int)',
	'CREATE VIEW crmcost.v AS SELECT 1',
	'ALTER SCHEMA crmcost RENAME TO mine',
	'ALTER SCHEMA crmcost OWNER TO mallory',
	'DROP SCHEMA crmcost CASCADE',
	'GRANT CREATE ON SCHEMA crmcost TO mallory',
	'CREATE OR REPLACE FUNCTION crmcost._schema_version() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 2',
	'ALTER FUNCTION crmcost._schema_version() SET search_path = hostile',
	'ALTER EXTENSION crmcost SET SCHEMA hostile',
	'ALTER EXTENSION crmcost DROP FUNCTION crmcost._schema_version()',
	'ALTER EXTENSION crmcost DROP SCHEMA crmcost')
{
	($out, $err) = as('mallory', 'creator', $attack);
	like(
		$err,
		qr/ERROR:  (must be owner|permission denied|extension "crmcost" does not support SET SCHEMA|no privileges were granted|cannot drop)|WARNING:  no privileges were granted/,
		"refused to its creator: $attack");
}
is(as('mallory', 'creator', q{SELECT has_schema_privilege('crmcost', 'CREATE')}),
	'f', 'who still cannot create in it');
($out, $err) = as(
	'mallory', 'creator', q{
	CALL crmcost.install('crm');
	CALL crmcost.refresh('crm', '2024-01-01');
	GRANT EXECUTE ON PROCEDURE crmcost.refresh(name, timestamptz, boolean) TO owner});
is($err, '', 'but calls everything, and passes it on');
like(
	as('mallory', 'creator', '\dx'),
	qr/^crmcost\|.*\|pg_catalog\|/m,
	'\dx lists it as it does languages');
($out, $err) = as('mallory', 'creator',
	'DROP EXTENSION crmcost CASCADE; CREATE EXTENSION crmcost SCHEMA public');
like($err, qr/must be installed in schema "pg_catalog"/, 'it goes nowhere else');
is(as('mallory', 'creator', q{SELECT to_regnamespace('crmcost')}),
	'', 'and DROP EXTENSION takes the schema along');
($out, $err) = as('mallory', 'creator', q{CREATE EXTENSION crmcost; CALL crmcost.upgrade('crm')});
is($err, '', 'so that it can be created again');

# ---- better matches wherever somebody may create
make_database('overload');
my $tables = q{
	INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
	SELECT i, 'c' || i, '2024-01-01', '2024-01-02', 'web' FROM generate_series(1, 20) i;
	INSERT INTO crm.sale (customer_id, order_ref, sold_at, amount, cogs, currency)
	SELECT 1 + i % 20, 'o' || i, '2024-01-05'::timestamptz + i * interval '9 hours', 10 + i % 7, 4, 'EUR' FROM generate_series(1, 200) i;
	INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, customer_id)
	SELECT c.code, '2024-01-06', 10, 'EUR', CASE i WHEN 1 THEN 1 END FROM crm.cost_category c, generate_series(1, 2) i;
	INSERT INTO crm.interaction (customer_id, occurred_at, kind) SELECT i, '2024-01-06', 'care' FROM generate_series(1, 20) i;
	INSERT INTO crm.loyalty_entry (customer_id, program_code, occurred_at, kind, points) VALUES (1, 'points', '2024-01-06', 'earn', 10);
};
my @calls = (
	q{CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-12-01')},
	q{CALL crmcost.refresh('crm', '2024-04-10 10:00Z')},
	q{CALL crmcost.upgrade('crm')},
	q{CALL crmcost.close_period('crm', '2024-01-01')},
	q{CALL crmcost.reopen_period('crm', '2024-01-01')},
	q{CALL crmcost.set_stage('crm', 1, 'at_risk', NULL, '2024-04-09')},
	q{SELECT crmcost.transfer_points('crm', 'points', 1, 2, 4, '2024-04-09')},
	q{SELECT crmcost.merge_customer('crm', 4, 5)},
	q{SELECT crmcost.erase_customer('crm', 3)},
	q{SELECT crmcost.grant_read('crm', 'owner')},
	q{SELECT * FROM crmcost.clv_holdout('crm', '2024-02-20', '2024-03-20')});
my @writing = grep { !/holdout/ } @calls;
# What is refused before it looks at its arguments: with those above, all that writes.
my @others = (
	q{SELECT crmcost.unmerge_customer('crm', 4)},
	q{CALL crmcost.verify('crm')},
	q{CALL crmcost.backfill('crm', '2024-01-01', '2024-02-01')},
	q{CALL crmcost.compare_rules('crm', 'other')},
	q{SELECT * FROM crmcost.validate_rules('crm')},
	q{CALL crmcost.load_facts('crm', 'sale', 'crm.sale')},
	q{SELECT crmcost.grant_worklist('crm', 'owner')},
	q{CALL crmcost.distribute('crm')},
	q{CALL crmcost.undistribute('crm')},
	q{SELECT crmcost.worklist_done('crm', 1)},
	q{SELECT crmcost.worklist_snooze('crm', 1, '2030-01-01')},
	q{SELECT crmcost.worklist_reopen('crm', 1)});
# Rows that anybody with the right loads, past our routines.
my @loads = map { "SET search_path = pg_catalog; $_" } (
	q{INSERT INTO crm.sale (customer_id, sold_at, amount, currency) VALUES (1, '2024-03-01', 1, 'EUR')},
	q{UPDATE crm.cost_entry SET amount = 11},
	q{DELETE FROM crm.interaction WHERE interaction_id = 1},
	q{UPDATE crm.customer SET attributes = '{"needs": "x"}'},
	q{UPDATE crm.setting SET value = value WHERE key = 'language'});
my $plant = q{
	SET search_path = pg_catalog;
	CREATE TEMPORARY TABLE word AS
	SELECT DISTINCT found[1] AS name
	FROM (SELECT prosrc FROM pg_proc WHERE pronamespace = 'crmcost'::regnamespace
		UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'crmcost'::regnamespace AND prosqlbody IS NOT NULL
		UNION ALL SELECT crmcost._ledger_source(part) FROM unnest('{tables,seed,views}'::text[]) part) source,
		regexp_matches(source.prosrc, '([a-z_][a-z_0-9]*)\s*[(]', 'g') found;
	-- every function that we call or define, with its own arguments and with others
	CREATE TEMPORARY TABLE signature AS
	SELECT DISTINCT p.proname AS name, v.arguments
	FROM pg_proc p
	CROSS JOIN LATERAL (SELECT ARRAY(
		SELECT format_type(t, NULL) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (t, n) ORDER BY n) AS own, p.pronargs AS n) o
	CROSS JOIN LATERAL (
		SELECT o.own AS arguments
		UNION ALL SELECT array_fill(t, ARRAY[o.n]) FROM unnest('{integer,bigint,text,name,numeric,double precision,date,timestamp with time zone,anyelement,anyarray,anycompatible}'::text[]) t WHERE o.n > 0
		UNION ALL SELECT ARRAY(SELECT coalesce(r.other, x) FROM unnest(o.own) WITH ORDINALITY a (x, i)
			LEFT JOIN (VALUES ('numeric', 'integer'), ('bigint', 'integer'), ('double precision', 'numeric'), ('text', 'name'),
				('timestamp without time zone', 'date'), ('timestamp with time zone', 'date'), ('"any"', 'text')) r (type, other) ON r.type = x ORDER BY i)
		UNION ALL SELECT ARRAY(SELECT coalesce(r.other, x) FROM unnest(o.own) WITH ORDINALITY a (x, i)
			LEFT JOIN (VALUES ('numeric', 'bigint'), ('double precision', 'integer'), ('integer', 'numeric'), ('text', 'anyelement'),
				('timestamp without time zone', 'timestamp with time zone'), ('timestamp with time zone', 'timestamp without time zone')) r (type, other) ON r.type = x ORDER BY i)
	) v
	WHERE p.pronamespace IN ('pg_catalog'::regnamespace, 'crmcost'::regnamespace)
		AND (p.pronamespace = 'crmcost'::regnamespace OR p.proname IN (SELECT name FROM word)) AND p.pronargs <= 8;
	CREATE TEMPORARY TABLE operand AS
	SELECT unnest('{text,name,integer,bigint,smallint,numeric,double precision,date,timestamp without time zone,timestamp with time zone,interval,boolean,jsonb,text[],bigint[],anyelement,anycompatible}'::text[]) AS type;
	CREATE TEMPORARY TABLE symbol AS
	SELECT DISTINCT o.oprname AS name FROM pg_operator o
	WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprname IN ('=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '||', '~', '!~', '@>', '<@', '&&', '->', '->>', '^', '@', '~~', '~~*', '-|-');
	DO $$
	DECLARE
		item record;
		made bigint := 0;
	BEGIN
		FOR item IN SELECT * FROM signature LOOP
			BEGIN
				EXECUTE format('CREATE FUNCTION SCHEMA.%I(%s) RETURNS text LANGUAGE sql AS %L', item.name, array_to_string(item.arguments, ', '),
					format('SELECT hostile.trap(%L)::text', item.name));
				made := made + 1;
			EXCEPTION WHEN OTHERS THEN		-- internal, or twice the same
				NULL;
			END;
		END LOOP;
		FOR item IN SELECT s.name, l.type AS l, r.type AS r FROM symbol s, operand l, operand r
			WHERE (l.type LIKE 'any%') = (r.type LIKE 'any%') OR l.type = 'anyelement' OR r.type = 'anyelement' LOOP
			BEGIN
				EXECUTE format('CREATE OR REPLACE FUNCTION hostile.operate(%s, %s) RETURNS boolean LANGUAGE sql AS %L', item.l, item.r, format('SELECT hostile.trap(%L)', 'operator'));
				EXECUTE format('CREATE OPERATOR SCHEMA.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = hostile.operate)', item.name, item.l, item.r);
				made := made + 1;
			EXCEPTION WHEN OTHERS THEN
				NULL;
			END;
		END LOOP;
		RAISE INFO 'planted %', made;
	END $$;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hostile TO PUBLIC;
};
as($super, 'overload', 'CREATE EXTENSION crmcost; GRANT ALL ON SCHEMA public TO mallory');
my %attacked = map { /crmcost\.(\w+)/ => 1 } @writing, @others;
is_deeply(
	[ sort keys %attacked ],
	[
		split /\n/,
		$node->safe_psql(
			'overload', q{
	SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'crmcost'::regnamespace AND proname !~ '^_' AND proname <> 'install'
		AND (proname ~ '^worklist' OR NOT has_function_privilege('eve', oid, 'EXECUTE')) ORDER BY 1})
	],
	'all that writes is attacked');

sub plant
{
	my ($schema) = @_;
	(my $sql = $plant) =~ s/SCHEMA\.(?=%)/$schema./g;
	my (undef, $said) = as('mallory', 'overload', $sql);
	my ($made) = $said =~ /INFO:  planted (\d+)/ or diag($said);
	cmp_ok($made, '>', 3000, "$made functions and operators are planted in $schema");
}
plant('public');
is(as('mallory', 'overload', q{SELECT upper('x'::text), upper('x'::name)}),
	'X|true', 'where the better match wins');
my $before = caught('overload', 'theirs');
cmp_ok($before, '>', 0, 'as the trap has noticed');

# With public first in the path, and in the one of a database.
$node->safe_psql('overload', 'ALTER DATABASE overload SET search_path = public, pg_catalog');
($out, $err) = as($super, 'overload',
	"CALL crmcost.install('crm', false); CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-12-01')"
);
is($err, '', 'install beside them');
$node->safe_psql('overload', "SET search_path = pg_catalog; $tables");
$before = caught('overload', 'theirs') + caught('overload', 'mine');
foreach my $call (@calls)
{
	($out, $err) = as($super, 'overload', $call);
	# twenty customers have no model, which is found at the end of a holdout
	like(
		$err,
		$call =~ /holdout/ ? qr/^ERROR:  likelihood of bgnbd has no maximum/ : qr/^$/,
		"beside them: $call");
}
my @views = split /\n/, $node->safe_psql(
	'overload', q{
	SET search_path = pg_catalog;
	SELECT oid::regclass FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' ORDER BY 1}
);
cmp_ok(scalar @views, '>', 30, 'every view is asked');
my $ask = join(' ', map { "TABLE $_;" } @views);
($out, $err) = as($super, 'overload', $ask);
is($err, '', 'and answers');
is(caught('overload', 'theirs') + caught('overload', 'mine'),
	$before, 'and nothing that was planted in public has run');

# In the schema of the ledger.
$node->safe_psql('overload',
	'SET search_path = pg_catalog; GRANT USAGE, CREATE ON SCHEMA crm TO mallory');
foreach my $call (@calls, @others, @loads)
{
	($out, $err) = as($super, 'overload', $call);
	like(
		$err,
		qr/only the owner "\w+" of ledger "crm" must be able to create in its schema, not "mallory"/,
		"refused where others may create: $call");
}
plant('crm');
$node->safe_psql('overload',
	'SET search_path = pg_catalog; REVOKE CREATE ON SCHEMA crm FROM mallory');
foreach my $call (@calls, @others, @loads)
{
	($out, $err) = as($super, 'overload', $call);
	like(
		$err,
		qr/schema of ledger "crm" must hold no function or operator, not (function|operator) /,
		"refused beside what others made there: $call");
}
($out, $err) = as($super, 'overload', "SET search_path = crm, public; $ask");
is($err, '', 'views have been read before, and answer');
is(caught('overload', 'theirs') + caught('overload', 'mine'),
	$before, 'and nothing that was planted in the ledger has run');

# ---- the owner of a ledger that a superuser maintains
make_database('maintained');
my $maintain = q{
	CREATE FUNCTION hostile_of_eve.try(attempt text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE attempt;
		PERFORM nextval('hostile.escaped');
		RAISE WARNING 'escaped by %', attempt;
	EXCEPTION WHEN OTHERS THEN
		NULL;
	END $$;
	CREATE FUNCTION hostile_of_eve.fire() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM hostile.trap(format('%s of %s', TG_NAME, TG_RELID::regclass));
		PERFORM hostile_of_eve.try('RESET ROLE');
		PERFORM hostile_of_eve.try('SET ROLE postgres');
		PERFORM hostile_of_eve.try('RESET SESSION AUTHORIZATION');
		PERFORM hostile_of_eve.try('CREATE TEMPORARY TABLE pg_class_of_eve ()');
		PERFORM hostile_of_eve.try('CREATE TEMPORARY VIEW orders AS SELECT 1');
		PERFORM hostile_of_eve.try('PREPARE trap AS SELECT 1');
		PERFORM hostile_of_eve.try('LISTEN trap');
		SET application_name = 'eve';
		RETURN coalesce(NEW, OLD);
	END $$;
	DO $$
	DECLARE
		item record;
	BEGIN
		FOR item IN SELECT oid::regclass AS name, relname, relkind FROM pg_class
			WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY oid LOOP
			EXECUTE format('CREATE TRIGGER row_trap BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION hostile_of_eve.fire()', item.name);
			EXECUTE format('CREATE TRIGGER statement_trap AFTER INSERT OR UPDATE OR DELETE ON %s EXECUTE FUNCTION hostile_of_eve.fire()', item.name);
			EXECUTE format('ALTER TABLE %s ADD CHECK (hostile.trap(''check''))', item.name);
			EXECUTE format('ALTER TABLE %s ADD COLUMN trap boolean DEFAULT hostile.trap(''default'')', item.name);
		END LOOP;
		FOR item IN SELECT oid::regclass AS name, oid FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' ORDER BY oid LOOP
			EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS SELECT * FROM (%s) trapped WHERE hostile.trap(''view'')',
				item.name, rtrim(pg_get_viewdef(item.oid), ';'));
		END LOOP;
	END $$;
};
as($super, 'maintained',
	'CREATE EXTENSION crmcost; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO eve');
($out, $err) = as('eve', 'maintained',
	"CREATE SCHEMA hostile_of_eve; CALL crmcost.install('crm', false); CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-12-01'); $tables"
);
is($err, '', 'eve has a ledger');
as($super, 'maintained', q{ALTER FUNCTION hostile.trap(text) OWNER TO eve});
($out, $err) = as('eve', 'maintained', $maintain);
is($err, '', 'with traps on every table');

foreach my $call (@writing, q{CALL crmcost.refresh('crm', '2024-05-10 10:00Z')})
{
	$before = caught('maintained', 'theirs');
	($out, $err) =
	  as($super, 'maintained', "$call;\nSELECT 'called ' || current_setting('application_name');");
	is($err, '', "a superuser maintains it: $call");
	like($out, qr/called (?!eve)/, 'and the session is as before');
	cmp_ok(caught('maintained', 'theirs'), '>', $before, 'traps have run')
	  if $call =~ /refresh|close|reopen|erase/;
}
is(caught('maintained', 'mine'), 0, 'no trap has run as a superuser');
is(caught('maintained', 'escaped'),
	0, 'none has become somebody else, nor left anything in the session');
($out, $err) =
  as($super, 'maintained', q{SET ROLE eve; CALL crmcost.refresh('crm', '2024-06-10 10:00Z')});
is($err,                                                           '', 'nor from behind SET ROLE');
is(caught('maintained', 'escaped') + caught('maintained', 'mine'), 0,  'of which it knows');

# A table of configuration that is a view, which runs code of the owner in whoever reads it.
foreach my $table ('setting', 'allocation_rule', 'refresh_state', 'closed_period', 'worklist')
{
	as('eve', 'maintained',
		"ALTER TABLE crm.$table RENAME TO was_$table; CREATE VIEW crm.$table AS SELECT * FROM crm.was_$table WHERE hostile.trap('$table')"
	);
	$before = caught('maintained', 'theirs');
	as($super, 'maintained', $_) foreach @writing, @others;
	cmp_ok(caught('maintained', 'theirs'),
		'>', $before, "with a view in place of $table, traps have run");
	is(caught('maintained', 'mine'), 0, 'and none as a superuser');
	as('eve', 'maintained',
		"DROP VIEW crm.$table CASCADE; ALTER TABLE crm.was_$table RENAME TO $table; CALL crmcost.upgrade('crm')"
	);
}
is(caught('maintained', 'escaped'), 0, 'nor has one become somebody else');
($out, $err) = as($super, 'maintained', q{CALL crmcost.refresh('crm', '2024-05-11 10:00Z')});
is($err, '', 'with the tables back it is as before');

# A tablespace for temporary tables that the owner may not use.
$node->safe_psql('postgres',
	"SET allow_in_place_tablespaces = on;\nCREATE TABLESPACE scratch LOCATION ''");
($out, $err) = as(
	$super, 'maintained', q{SET temp_tablespaces = scratch;
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	CREATE TEMPORARY TABLE mine (n int);
	CALL crmcost.refresh('crm', '2024-06-12 10:00Z');
	COMMIT;
	SHOW temp_tablespaces});
is($err, '',        'temporary tables of a superuser are where the owner may make none');
is($out, 'scratch', 'and are there afterwards');

# A deferred trigger runs at COMMIT, as who commits before PostgreSQL 18.
as('eve', 'maintained',
	'CREATE CONSTRAINT TRIGGER late AFTER INSERT ON crm.refresh_run DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hostile_of_eve.fire()'
);
($out, $err) = as($super, 'maintained', q{CALL crmcost.refresh('crm', '2024-07-10 10:00Z')});
like(
	$err,
	qr/cannot fire deferred trigger within security-restricted operation/,
	'a deferred trigger is refused');
is(caught('maintained', 'mine'), 0, 'and does not run');
as('eve', 'maintained', 'DROP TRIGGER late ON crm.refresh_run');

# An owner without the right to do the work.
as($super, 'maintained', 'REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA crmcost FROM eve');
($out, $err) = as($super, 'maintained', q{CALL crmcost.refresh('crm', '2024-07-10 10:00Z')});
like(
	$err,
	qr/permission denied for .* to the owner "eve" of the ledger\nHINT:  .*GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO eve/,
	'the owner must be able to do what is done as the owner');

# ---- a trigger of who may make one
make_database('trigger');
as($super, 'trigger',
	'CREATE EXTENSION crmcost; GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO owner');
as('owner', 'trigger',
	"CALL crmcost.install('crm', true); CALL crmcost.ensure_partitions('crm', '2024-01-01', '2024-12-01'); $tables GRANT USAGE ON SCHEMA crm TO mallory; GRANT ALL ON ALL TABLES IN SCHEMA crm TO mallory; GRANT USAGE ON SCHEMA crm_partition TO mallory; GRANT ALL ON ALL TABLES IN SCHEMA crm_partition TO mallory"
);
as('mallory', 'trigger',
	q{CREATE FUNCTION hostile.fire() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM hostile.trap(TG_NAME); RETURN NEW; END$$}
);
my @written = split /\n/, $node->safe_psql(
	'trigger', q{
	SELECT oid::regclass FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
	UNION ALL
	(SELECT inhrelid::regclass FROM pg_inherits i JOIN pg_class c ON c.oid = inhrelid WHERE c.relkind = 'r' AND inhparent = to_regclass('crm.sale') LIMIT 1)
	ORDER BY 1});
foreach my $table (@written)
{
	as('mallory', 'trigger',
		"CREATE TRIGGER trap BEFORE INSERT ON $table FOR EACH ROW EXECUTE FUNCTION hostile.fire()");
	($out, $err) = as('owner', 'trigger', q{CALL crmcost.refresh('crm', '2024-04-10 10:00Z')});
	like(
		$err,
		qr/triggers of ledger "crm" must run code of its owner "owner", not function hostile\.fire\(\) of "mallory"/,
		"a trigger of somebody else on $table is refused");
	as($super, 'trigger', "DROP TRIGGER trap ON $table");
}
cmp_ok(scalar @written, '>', 25, 'on each table');
as('mallory', 'trigger',
	q{CREATE TRIGGER trap BEFORE INSERT ON crm.customer_month FOR EACH ROW WHEN (hostile.trap('when')) EXECUTE FUNCTION suppress_redundant_updates_trigger()}
) if grep { $_ eq 'crm.customer_month' } @written;
as('mallory', 'trigger',
	q{CREATE TRIGGER trap BEFORE INSERT ON crm.refresh_run FOR EACH ROW WHEN (hostile.trap('when')) EXECUTE FUNCTION suppress_redundant_updates_trigger()}
);
foreach my $call (@writing, @others)
{
	($out, $err) = as('owner', 'trigger', $call);
	like(
		$err,
		qr/must run code of its owner "owner", not function hostile\.trap\(text\) of "mallory"/,
		"nor a condition of theirs: $call");
}
is(caught('trigger', 'mine') + caught('trigger', 'theirs'), 0, 'nothing has run');
as($super, 'trigger', 'DROP FUNCTION hostile.trap(text) CASCADE');

# Nor one that comes in between.
my ($in, $shown) = (
	q{BEGIN ISOLATION LEVEL REPEATABLE READ; CALL crmcost.refresh('crm', '2024-04-10 10:00Z'); SELECT 'refreshed';}
	  . "\n",
	'');
my $session = IPC::Run::start([ 'psql', '-XqAt', '-U', 'owner', '-d', $node->connstr('trigger') ],
	'<', \$in, '>', \$shown, '2>', '/dev/null',
	IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$session->pump until $shown =~ /refreshed/;
($out, $err) = as('mallory', 'trigger',
	'CREATE TRIGGER trap BEFORE INSERT ON crm.sale FOR EACH ROW EXECUTE FUNCTION hostile.fire()');
like(
	$err,
	qr/canceling statement due to lock timeout/,
	'who may make a trigger waits until the work is done');
$in .= "COMMIT;\n\\q\n";
$session->finish;

$node->stop;
done_testing();
