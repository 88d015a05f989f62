-- Composite types that their owner has altered: whatever makes or reads a row
-- of one refuses it, and works again when the type is as it was.  Types and
-- functions come from the catalog, so that later ones are tried too.
\ir setup.psql
\ir clv_data.psql
SELECT no_plan();

CREATE TABLE row_type AS
  SELECT typname::text AS name FROM pg_type t JOIN pg_class c ON c.oid = typrelid
  WHERE typnamespace = 'crmcost'::regnamespace AND relkind = 'c' AND typname !~ '^_'
    -- functions in SQL hold their columns, so that some majors refuse to alter them
    AND typname NOT IN ('survival_point', 'median_survival');
SELECT set_has('SELECT name FROM row_type',
  'VALUES (''rfm_cuts''), (''bgnbd''), (''mbgnbd''), (''pareto_nbd''), (''gamma_gamma''), (''sbg''), (''bdw'')',
               'the composite types');

-- a row of a type as its columns are now
CREATE FUNCTION pg_temp.row_of(row_type text) RETURNS text
LANGUAGE sql AS $$
  SELECT format('ROW(%s)::crmcost.%I',
    string_agg(CASE format_type(atttypid, atttypmod) WHEN 'double precision[]' THEN CASE row_type WHEN 'logit'
    THEN '''{1,2}''' ELSE '''{1}''' END WHEN 'real[]' THEN '''{1}''' WHEN 'text' THEN '''x''' WHEN 'integer' THEN '2'
    WHEN 'bigint' THEN '3' ELSE '1.5' END, ', ' ORDER BY attnum), row_type)
  FROM pg_attribute WHERE attrelid = format('crmcost.%I', row_type)::regclass AND attnum > 0 AND NOT attisdropped
$$;

-- A call of each function and aggregate that makes or reads rows of a type, its arguments by name; of the windows there
-- is none, and transition and final functions are called by their aggregate.
CREATE VIEW routine AS
  SELECT p.oid, proname::text AS name, prorettype, prokind, arg_type::regtype AS arg_type, argument, n,
    (SELECT typname::text FROM pg_type
      WHERE oid = arg_type AND typname IN (SELECT row_type.name FROM row_type)) AS arg_row
  FROM pg_proc p, unnest(proargtypes, proargnames) WITH ORDINALITY AS a (arg_type, argument, n)
  WHERE pronamespace = 'crmcost'::regnamespace AND prokind IN ('f', 'a') AND prolang <> (SELECT oid FROM pg_language
    WHERE lanname = 'sql') AND proname !~ '_(trans|final|combine)$'
    AND proname NOT IN ('_points_that_go', '_account_when_spent', '_lead_model', '_logit_fit_of')	-- by their own tests
    AND proargnames IS DISTINCT FROM '{state}';	-- NAME_merge of two levels ends as NAME does
CREATE FUNCTION pg_temp.calls(row_type text) RETURNS TABLE (makes boolean, call text)
LANGUAGE sql AS $$
  SELECT makes, format('SELECT %I(%s)::text FROM %s', name, arguments, CASE WHEN prokind = 'a' THEN 'shopper'
    ELSE '(SELECT) one_row' END)
  FROM (
    SELECT name, prokind, prorettype IN (format('crmcost.%I', row_type)::regtype,
      format('crmcost.%I[]', row_type)::regtype) AS makes, bool_or(arg_row = row_type) AS reads,
      string_agg(CASE WHEN arg_row IS NOT NULL THEN pg_temp.row_of(arg_row)
        WHEN prokind = 'a' THEN CASE WHEN argument IN ('recency', 'frequency', 'periods', 'churned') THEN CASE
          WHEN name ~ 'bdw' THEN 'd' WHEN name ~ 'nbd|sbg' THEN left(name, 1) ELSE 'b' END || '_' || argument
          WHEN argument = 'monetary_value' THEN 'spend' WHEN argument = 'label' THEN 'd_churned'
            WHEN argument = 'features' THEN 'ARRAY[age]' WHEN argument = 'age' THEN 'age' WHEN argument = 'bins'
            THEN '5'
          WHEN argument = 'duration' THEN 'age' WHEN argument = 'event' THEN 'd_churned' WHEN argument = 'grp'
            THEN 'd_churned::text' WHEN argument = 'path' THEN 'ARRAY[d_churned::text]' WHEN argument = 'burn'
            THEN '''first_earned'''
          WHEN argument = 'expires_at' THEN '''2026-01-01''::timestamptz' WHEN arg_type::text ~ '^timestamp'
            THEN '''2025-01-01''::timestamptz' WHEN arg_type::text = 'text' THEN '''x''' ELSE '1' END
        WHEN argument = 'frequency' THEN '1' WHEN argument = 'age' THEN '2' WHEN argument = 'features'
          THEN '''{1}''::float8[]' ELSE CASE arg_type::text WHEN 'integer' THEN '1' ELSE '1.5' END END, ', '
          ORDER BY n) AS arguments
    FROM routine GROUP BY oid, name, prokind, prorettype) f
  WHERE makes OR reads
$$;
-- its result, or its error
CREATE FUNCTION pg_temp.outcome(call text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE call INTO STRICT result;
  RETURN result;
EXCEPTION WHEN others THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

SELECT ok(bool_and(makes) FILTER (WHERE makes)
  AND bool_and(makes) = (name IN ('channel_credit', 'logrank_group', 'logrank_test', 'points_balance',
  'points_expiry')), format('type %s is made by %s functions and read by %s', name, count(*) FILTER (WHERE makes),
  count(*) FILTER (WHERE NOT makes)))
  FROM row_type, pg_temp.calls(name) GROUP BY name;
CREATE TABLE before AS SELECT name, call, pg_temp.outcome(call) AS outcome FROM row_type, pg_temp.calls(name);
SELECT is((SELECT string_agg(outcome, ', ') FROM before WHERE outcome ~ '^[0-9A-Z]{5} ' OR outcome IS NULL), NULL,
  'all of them work');

-- Alters a type, and undoes it: what came of the calls.
CREATE FUNCTION pg_temp.altered(row_type text, alteration text) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
  result text[];
BEGIN
  BEGIN
    EXECUTE format('ALTER TYPE crmcost.%I %s', row_type, alteration);
    SELECT array_agg(call || ' gives ' || pg_temp.outcome(call)) INTO result FROM pg_temp.calls(row_type);
    RAISE EXCEPTION USING ERRCODE = 'P0009';
  EXCEPTION WHEN SQLSTATE 'P0009' THEN
    RETURN result;
  END;
END $$;
CREATE TABLE alteration AS
  SELECT name, alteration, pg_temp.altered(name, alteration) AS outcomes
  FROM (
    SELECT name, 'ADD ATTRIBUTE z text' AS alteration FROM row_type
    UNION ALL SELECT name, 'ADD ATTRIBUTE z float8' FROM row_type
    UNION ALL SELECT name, format(alteration, attname) FROM row_type
      JOIN pg_attribute ON attrelid = format('crmcost.%I', name)::regclass AND attnum > 0,
      unnest('{ALTER ATTRIBUTE %I TYPE text,ALTER ATTRIBUTE %I TYPE smallint,ALTER ATTRIBUTE %I TYPE float4[],RENAME ATTRIBUTE %I TO q_q,DROP ATTRIBUTE %I}'::text[]) alteration
      WHERE NOT (atttypid = 'text'::regtype AND alteration ~ 'TYPE text')) s;
SELECT is((SELECT min(outcome) FROM unnest(outcomes) outcome
  WHERE outcome !~
  format(' gives 42804 (column \d of type %s must be \S.*, not \S|type %1$s must have \d columns, not also z)', name)),
  NULL,
          format('%s after %s: none of %s calls goes on', name, alteration, cardinality(outcomes)))
  FROM (SELECT * FROM alteration ORDER BY name, alteration) a;

-- what was added and dropped again is no hindrance
DO $$
DECLARE
  row_type text;
BEGIN
  FOR row_type IN SELECT name FROM row_type LOOP
    EXECUTE format('ALTER TYPE crmcost.%I ADD ATTRIBUTE z text', row_type);
    EXECUTE format('ALTER TYPE crmcost.%I DROP ATTRIBUTE z', row_type);
  END LOOP;
END $$;
SELECT is((SELECT string_agg(b.call, ', ') FROM before b FULL
  JOIN (SELECT c.call FROM row_type, pg_temp.calls(name) c) a USING (call) WHERE pg_temp.outcome(call) IS DISTINCT
  FROM outcome), NULL,
          'a type that is as it was works as it did');
\ir finish.psql
