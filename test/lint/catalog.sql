-- Reads the catalogs of a server that has the extension, and prints one row for
-- each thing that breaks a rule of the house.  No row is a pass.
--
--   psql -X -A -t -v extension=crmcost -f test/lint/catalog.sql

BEGIN;

CREATE TEMPORARY VIEW extension AS
SELECT oid, coalesce(extconfig, '{}') AS dumped
FROM pg_extension
WHERE extname = current_setting('lint.extension');

CREATE TEMPORARY VIEW member AS
SELECT d.classid, d.objid
FROM pg_depend AS d
JOIN extension AS e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e';

CREATE TEMPORARY VIEW routine AS
SELECT p.*, l.lanname AS language, p.oid::regprocedure::text AS name,
       'internal'::regtype = ANY (p.proargtypes::oid[]) AS takes_internal,
       -- it may commit, which a SET clause would forbid
       p.prokind = 'p' AND p.proconfig IS NULL
         AND p.prosrc ~ '\m(COMMIT|CALL crmcost[.]_take_ledger)\M'
         AS takes_transaction
FROM pg_proc AS p
JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
JOIN pg_language AS l ON l.oid = p.prolang;

-- A part of others: it relies on the search path that they have set, so nobody
-- may call it but who may call those.  What triggers call is called by who loads.
CREATE TEMPORARY VIEW part AS
SELECT oid
FROM routine
WHERE proname ~ '^_'
  AND (NOT has_function_privilege('public', oid, 'EXECUTE')
       OR proname IN ('_enter_ledger', '_touch', '_touch_limit', '_late_before', '_seen_late_before'));

CREATE TEMPORARY VIEW aggregate AS
SELECT a.*, r.name, r.proparallel
FROM pg_aggregate AS a
JOIN routine AS r ON r.oid = a.aggfnoid;

CREATE TEMPORARY VIEW relation AS
SELECT c.*, c.oid::regclass::text AS name
FROM pg_class AS c
JOIN member AS m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;

-- What the parsed body of an SQL function calls.
CREATE TEMPORARY VIEW body_call AS
SELECT DISTINCT r.oid AS caller, r.name, r.provolatile AS volatility,
       r.proparallel AS parallel, callee.oid::regprocedure::text AS callee,
       callee.provolatile AS callee_volatility,
       callee.proparallel AS callee_parallel
FROM routine AS r
CROSS JOIN LATERAL regexp_matches(r.prosqlbody::text,
                                  ':(?:op)?funcid (\d+)', 'g') AS found
JOIN pg_proc AS callee ON callee.oid = found[1]::oid;

-- What a body that is text seems to call: names before a parenthesis, outside of
-- comments and of messages.  That of _ledger_source is what it returns.
CREATE TEMPORARY VIEW text_call AS
SELECT DISTINCT r.oid AS caller, r.name, r.proparallel AS parallel,
       found[1] AS callee
FROM routine AS r
CROSS JOIN LATERAL regexp_matches(
  regexp_replace(r.prosrc, '--[^\n]*|''[^'']*''', '', 'g'), '([a-z_][a-z_0-9]*)\s*[(]', 'g')
  AS found
WHERE r.language NOT IN ('c', 'internal') AND r.prosqlbody IS NULL
      AND r.proname <> '_ledger_source';

CREATE TEMPORARY VIEW breach (rule, thing) AS

-- documentation
SELECT 'function without a comment', name
FROM routine
WHERE NOT takes_internal AND obj_description(oid, 'pg_proc') IS NULL
UNION ALL
SELECT 'type without a comment', t.oid::regtype::text
FROM pg_type AS t
JOIN member AS m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
LEFT JOIN pg_class AS c ON c.oid = t.typrelid
WHERE (t.typtype IN ('b', 'd', 'e', 'r') OR c.relkind = 'c')
  AND NOT (t.typcategory = 'A' AND t.typelem <> 0)
  AND obj_description(t.oid, 'pg_type') IS NULL
UNION ALL
SELECT 'relation without a comment', name
FROM relation
WHERE relkind IN ('r', 'v', 'm', 'p')
  AND obj_description(oid, 'pg_class') IS NULL
UNION ALL
SELECT 'column without a comment', r.name || '.' || a.attname
FROM relation AS r
JOIN pg_attribute AS a ON a.attrelid = r.oid
WHERE r.relkind IN ('r', 'v', 'm', 'p') AND a.attnum > 0
  AND NOT a.attisdropped AND col_description(r.oid, a.attnum) IS NULL
UNION ALL
SELECT 'argument without a name', name
FROM routine
WHERE pronargs > 0 AND NOT takes_internal
  AND (proargnames IS NULL OR '' = ANY (proargnames[1:pronargs]))

-- parallel query
UNION ALL
SELECT 'parallel unsafe though it writes nothing', name
FROM routine
WHERE proparallel = 'u' AND provolatile <> 'v'
  AND proname !~ '^_'     -- steps of refresh read temporary tables
  AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
UNION ALL
SELECT 'parallel safe, but its body calls ' || callee, name
FROM body_call
WHERE parallel = 's' AND callee_parallel <> 's'

UNION ALL
SELECT 'parallel safe, but its text calls ' || callee || ', which never is', name
FROM text_call AS c
WHERE parallel = 's'
  AND (SELECT bool_and(p.proparallel <> 's')
       FROM pg_proc AS p
       WHERE p.proname = c.callee
         AND (p.pronamespace = 'pg_catalog'::regnamespace
              OR p.oid IN (SELECT oid FROM routine)))
UNION ALL
SELECT 'parallel safe, but its text sets configuration', name
FROM routine
WHERE proparallel = 's' AND language NOT IN ('c', 'internal')
  AND proname <> '_ledger_source'
  AND prosrc ~* '(^|[;\n])\s*(SET\s+((LOCAL|SESSION)\s+)?[a-z_.]+\s*(=|TO)|RESET)\s'

-- aggregates
UNION ALL
SELECT 'aggregate without a combine function', name
FROM aggregate
WHERE aggkind = 'n' AND aggcombinefn = 0
UNION ALL
SELECT 'aggregate whose state is internal, not a type', name
FROM aggregate
WHERE aggtranstype = 'internal'::regtype
UNION ALL
SELECT 'aggregate with a combine function that is not parallel safe', name
FROM aggregate
WHERE aggcombinefn <> 0 AND proparallel <> 's'
UNION ALL
SELECT 'parallel safe aggregate over ' || p.oid::regprocedure
       || ', which is not', a.name
FROM aggregate AS a
JOIN pg_proc AS p
  ON p.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn,
               a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
WHERE a.proparallel = 's' AND p.proparallel <> 's'
UNION ALL
SELECT 'internal state that cannot be sent between workers', name
FROM aggregate
WHERE aggtranstype = 'internal'::regtype AND aggcombinefn <> 0
  AND (aggserialfn = 0 OR aggdeserialfn = 0)
UNION ALL
SELECT 'strict combine function over an internal state', a.name
FROM aggregate AS a
JOIN pg_proc AS p ON p.oid = a.aggcombinefn
WHERE a.aggtranstype = 'internal'::regtype AND p.proisstrict
UNION ALL
SELECT 'internal state without an estimate of its size (SSPACE)', name
FROM aggregate
WHERE aggtranstype = 'internal'::regtype AND aggtransspace = 0
UNION ALL
SELECT 'state type without send and receive, or text in and out: ' || t.typname, a.name
FROM aggregate AS a
JOIN pg_type AS t ON t.oid = a.aggtranstype
JOIN member AS m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
WHERE 0 IN (t.typinput, t.typoutput, t.typreceive, t.typsend)

-- safety
UNION ALL
SELECT 'returns internal to a caller that gives none', name
FROM routine
WHERE prorettype = 'internal'::regtype AND NOT takes_internal
UNION ALL
SELECT 'body is text, and no search_path is set', name
FROM routine
WHERE language NOT IN ('c', 'internal') AND prosqlbody IS NULL
  AND NOT EXISTS (SELECT FROM unnest(proconfig) AS setting
                  WHERE setting LIKE 'search_path=%')
  AND NOT takes_transaction AND oid NOT IN (SELECT oid FROM part)
UNION ALL
SELECT 'commits under the caller''s search_path, and has an operator or a name without a schema', name
FROM routine
WHERE takes_transaction
  AND regexp_replace(prosrc, '--[^\n]*', '', 'g')
      ~ '(^|[^.[:alnum:]_])[[:alpha:]_][[:alnum:]_]*\s*[(]|[-+*/<>=~!@#%^&|?:]|\m(SELECT|INSERT|UPDATE|DELETE|FROM|LIKE|BETWEEN|IN|IS|CASE)\M'
UNION ALL
SELECT 'search_path does not end with pg_temp', name
FROM routine
WHERE EXISTS (SELECT FROM unnest(proconfig) AS setting
              WHERE setting LIKE 'search_path=%'
                AND setting !~ 'pg_temp"?$')
UNION ALL
SELECT 'SECURITY DEFINER', name
FROM routine
WHERE prosecdef
UNION ALL
SELECT 'view that does not check the reader''s rights (security_invoker)', name
FROM relation
WHERE relkind = 'v'
  AND NOT coalesce(reloptions::text ~ 'security_invoker=(true|on|1|yes)', false)
UNION ALL
SELECT 'a dump would lose its rows (pg_extension_config_dump)', r.name
FROM relation AS r, extension AS e
WHERE r.relkind IN ('r', 'S', 'p') AND NOT r.oid = ANY (e.dumped)

UNION ALL
SELECT 'its schema is not a member, so its owner may be anybody', nspname
FROM pg_namespace AS n
WHERE n.oid IN (SELECT pronamespace FROM routine)
  AND n.oid NOT IN (SELECT objid FROM member
                    WHERE classid = 'pg_namespace'::regclass)
UNION ALL
SELECT 'writes in a ledger, but not as its owner (_run_as_owner)', name
FROM routine
WHERE provolatile = 'v' AND proargnames[1] = 'ledger'
  AND proname NOT LIKE '\_%' AND proname <> 'install'
  AND NOT EXISTS (SELECT FROM text_call
                  WHERE caller = routine.oid AND callee IN ('_run_as_owner', '_ask_as_owner'))

-- volatility
UNION ALL
SELECT 'body is less stable than declared: it calls ' || callee, name
FROM body_call
WHERE position(volatility::text IN 'isv') < position(callee_volatility::text IN 'isv')
UNION ALL
SELECT 'IMMUTABLE, but its body reads CURRENT_DATE or its like', name
FROM routine
WHERE provolatile = 'i' AND prosqlbody::text LIKE '%{SQLVALUEFUNCTION%'

-- names
UNION ALL
SELECT 'C symbol ' || prosrc || ' is not named like its SQL function', name
FROM routine
WHERE language = 'c' AND prosrc <> proname
  AND right(prosrc, length(proname) + 1) <> '_' || proname;

SET LOCAL lint.extension = :'extension';
SELECT rule || ': ' || thing FROM breach ORDER BY 1;

ROLLBACK;
