-- Random calls of everything that the extension's library does: functions,
-- aggregates and window functions from the catalog, with values at the edges of
-- their types, rows with the right number of fields, forged states as text and
-- on the wire.  A call may fail; the server may not.
--
--   fuzz.run(seed, calls)           makes the calls, notes what came of them
--   fuzz.run(seed, calls, true)     shows each call first, to find the one that
--                                   ended the server
CREATE SCHEMA fuzz;
SET search_path = fuzz, crmcost, public;

-- SQLSTATE (00000: a result) and calls; of errors that nobody should see, which
CREATE TABLE outcome (seed int, sqlstate text, message text, call text, took interval);

CREATE FUNCTION chance(p float8) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT random() < p';
CREATE FUNCTION pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE
  AS 'SELECT choices[1 + floor(random() * cardinality(choices))::int]';
CREATE FUNCTION below(n int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT floor(random() * n)::int';

-- values that an aggregate has made, as text
CREATE TABLE state AS
  SELECT 'rfm' AS type, rfm(at, amount)::text AS value FROM (VALUES (timestamptz '2024-01-01', 1.5), ('4714-11-24 BC', -1e40)) v (at, amount)
  UNION ALL SELECT 'rfm_group', rfm_group(i, timestamptz '2024-01-01 00:00:00.5+00' + i * interval '1 day', i / 3.0)::text FROM generate_series(-3, 5) i
  UNION ALL SELECT 'repeat_purchases', repeat_purchases(date '2024-01-01' + i, i * 1.25)::text FROM generate_series(0, 6) i
  UNION ALL VALUES ('rfm_population', '(1,3,{-1,2,3.5},{-4,1,-2},{-0,9,1e+300})'), ('value_bag', '(1,-,1,2.50,-3)'), ('value_bag', '(1,0.25,1e60,170141183460469231731687303715884105727)'),
    ('value_bag', '(1,-,-170141183460469231731687303715884105728,170141183460469231731687303715884105727)'), ('cac_sums', '(1,-0.01,9223372036854775807)'),
    ('clv_sample', '(1,{0,0,30,5},{1,2,30,4},{2,9,40,3},{3,20,41,2},{7,38,42,1})'), ('clv_sample', '(1,{1,0,0,400},{1,1,0,100},{2,1,0,60},{3,0,0,9},{3,1,0,30})'),
    ('channel_paths', '(1,markov1,"a","b",{0000000000010002,1},{000000000001fde9,3},{000000000001fdea,1.5},{000000000001fdeb,0.5},{000000000001fdec,20},{000000000002fdea,1})'),
    ('channel_paths', '(1,sum,"x","y",{000100000002fdea,1},{000100000002fdec,-3.50},{000200000001fdea,2},{000200000001fdec,2},{000200000002fdea,1},{000200000002fdec,-3.50})'),
    ('channel_paths', '(1,rate,"x","y",{000000000002fdea,2},{000000000003fdea,1},{000000000003fdeb,1},{000000000003fdec,3.50})'), ('channel_paths', '(1,markov3,"a")'),
    ('logit_sample', '(1,0,1,{0,0},{1,1},{1,0},{2,1},{3,0})'), ('logit_sample', '(1,0.5,2,{-1,2.5,0},{0,1e+300,1})'),
    ('survival_counts', '(1,{0,3,1},{1.5,10,4},{7,2,2},{1e+300,1,0})'), ('survival_counts', '(1,{5e-324,9223372036854775807,9223372036854775806})'),
    ('logrank_sample', '(1,"","b\"é",{0,1,1},{1,2,0},{2.5,1,0},{2.5,2,1},{7,2,1})'), ('logrank_sample', '(1,"a",{0,1,1},{3,1,1})'),
    ('answer_counts', '(1,0,10,5,2)'), ('answer_counts', '(1,0.95,9223372036854775807,9223372036854775807,0)'), ('answer_counts', '(1,0.9,7,0,7)'),
    ('points_entries', '(1,first_expiring,2024-06-01T00:00:00+00:00,{100.50,2024-01-01T00:00:00+00:00,2024-12-31T00:00:00+00:00},{-20.25,2024-02-01T00:00:00+00:00,-},{7.00,2024-03-01T00:00:00+00:00,-})'),
    ('points_entries', '(1,first_earned,lots,2024-06-01T00:00:00+00:00,{100,2024-01-01T00:00:00+00:00,2024-12-31T00:00:00+00:00,2024-01-15T00:00:00+00:00,"o-1"},{-20,2024-02-01T00:00:00+00:00,-,-},{-30,2024-03-01T00:00:00+00:00,-,-,"o-1"})'),
    ('cash_flows', '(1,-,{0,-100},{1,60},{2,70.5})'), ('cash_flows', '(1,0.1,{0,-1.50},{7,0.75})'), ('cash_flows', '(1,0.1/0.2,{0,-9},{3,5e40})');

CREATE FUNCTION number(type text, tame boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF tame THEN
    RETURN pick('0', '1', '1', '2', '3', '5', '10', (1 + below(9))::text, CASE WHEN type ~ '^int' THEN '4' ELSE round(random()::numeric * 10, 2)::text END);
  END IF;
  RETURN CASE
    WHEN type = 'int4' THEN pick('0', '1', '-1', '2', '9', '10', '38', '555', '1000', '1001', '2147483647', '-2147483648', below(100)::text)
    WHEN type = 'int8' THEN pick('0', '1', '-1', '9223372036854775807', '-9223372036854775808', '4294967296', below(100)::text)
    WHEN type = 'float8' THEN CASE WHEN chance(0.4) THEN pick('NaN', 'Infinity', '-Infinity', '0', '-0', '5e-324', '2.2250738585072014e-308', '1e-17', '1e9', '1e18', '1e30', '1e300', '1.7976931348623157e308', '-1.7976931348623157e308', '1', '-1')
      ELSE pick('', '', '-') || 10 ^ (random() * CASE WHEN chance(0.5) THEN 20 ELSE 600 END - CASE WHEN chance(0.5) THEN 10 ELSE 300 END)::numeric::float8 END
    WHEN chance(0.4) THEN pick('NaN', 'Infinity', '-Infinity', '0', '0.00', '1e-40', '1e-1000', '1e1000', '5.7e76', '-5.8e76', '1e38', '1e-38', '170141183460469231731687303715884105727', '-170141183460469231731687303715884105728',
        '-17014118346046923173168730371588410572.8', '1.70141183460469231731687303715884105727', '57896044618658097711785492504343953926634992332820282019728792003956564819967')
    ELSE (pick('', '-') || below(1000000) || pick('', '', '.' || below(1000)) || 'e' || below(60) - 30) END;
EXCEPTION WHEN numeric_value_out_of_range THEN
  RETURN '1e308';
END $$;

-- an array literal: some empty, some of two dimensions, some that begin elsewhere, some with NULL
CREATE FUNCTION list(type text, tame boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  n int := CASE WHEN tame THEN 1 + below(4) ELSE below(12) END;
  ascending boolean := chance(0.5);
  result text;
BEGIN
  IF chance(CASE WHEN tame THEN 0.2 ELSE 0.15 END) AND n > 0 THEN
    -- a square, whose rows may sum to 1
    SELECT '{' || string_agg((SELECT '{' || string_agg(CASE WHEN tame THEN CASE WHEN i < n AND j = i + 1 THEN '1' ELSE '0' END ELSE number(type, chance(0.7)) END, ',' ORDER BY j) || '}' FROM generate_series(1, n) j), ',' ORDER BY i) || '}'
      INTO result FROM generate_series(1, n) i;
    RETURN result;
  END IF;
  SELECT coalesce('{' || string_agg(CASE WHEN ascending THEN i::text WHEN NOT tame AND chance(0.1) THEN 'NULL' ELSE number(type, tame) END, ',') || '}', '{}') INTO result FROM generate_series(1, n) i;
  RETURN CASE WHEN n > 0 AND chance(0.1) THEN format('[%s:%s]=', -3, n - 4) ELSE '' END || result;
END $$;

-- text with one thing wrong
CREATE FUNCTION spoil(value text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  at int := 1 + below(length(value));
BEGIN
  RETURN CASE below(5) WHEN 0 THEN left(value, at - 1) WHEN 1 THEN overlay(value PLACING pick('', ',', '{', '}', '(', '-', '9', '999999999999', 'e', 'NaN', '.', ' ', '') FROM at FOR below(3))
    WHEN 2 THEN value || value WHEN 3 THEN regexp_replace(value, '\d+', number(pick('numeric', 'int8'), false)) ELSE left(value, at) || substr(value, below(at) + 1) END;
END $$;

-- An expression of a type: tame values get far into a function, wild ones to its limits.
CREATE FUNCTION expression(type oid, argument text, tame boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  t pg_type := (SELECT t FROM pg_type t WHERE t.oid = expression.type);
  result text;
BEGIN
  IF chance(CASE WHEN tame THEN 0.02 ELSE 0.08 END) THEN
    RETURN format('NULL::%s', type::regtype);
  ELSIF t.typtype = 'c' THEN
    -- as many fields as the type has, each of its type
    SELECT 'ROW(' || string_agg(CASE WHEN t.typname = 'rfm_cuts' AND attnum = 1 AND chance(0.7) THEN '3' WHEN t.typname = 'rfm_cuts' AND atttypid = 'float8[]'::regtype AND chance(0.7) THEN '''{-5,2}'''
        ELSE expression(atttypid, attname, tame OR chance(0.6)) END, ', ' ORDER BY attnum) || ')' INTO result FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped;
  ELSIF EXISTS (SELECT FROM state s WHERE s.type = t.typname) THEN
    SELECT quote_literal(CASE WHEN tame OR chance(0.3) THEN value ELSE spoil(value) END) INTO result FROM state s WHERE s.type = t.typname ORDER BY random() LIMIT 1;
  ELSIF t.typcategory = 'A' THEN
    result := quote_literal(list((SELECT typname FROM pg_type e WHERE e.oid = t.typelem), tame));
  ELSIF t.typname IN ('date', 'timestamptz') THEN
    result := quote_literal(CASE WHEN tame THEN (date '2024-01-01' + below(400))::text ELSE pick('-infinity', 'infinity', '4713-01-01 BC', '0001-01-01', '294276-12-31', '2024-02-29', '2000-01-01') END);
  ELSIF t.typname = 'bool' THEN
    result := pick('true', 'false');
  ELSIF t.typname = 'text' THEN
    result := quote_literal(CASE WHEN argument = 'model' AND chance(0.9) THEN pick('first', 'last', 'last_non_direct', 'linear', 'position', 'time_decay') WHEN argument = 'burn' AND chance(0.9) THEN pick('first_expiring', 'first_earned') ELSE pick('', 'A', 'direct', '你好', repeat('x', 3000)) END);
  ELSE
    result := quote_literal(CASE WHEN tame THEN CASE argument WHEN 'recency' THEN '3' WHEN 'age' THEN (4 + below(40))::text WHEN 'frequency' THEN (1 + below(8))::text WHEN 'scale' THEN '2' WHEN 'markov_order' THEN (1 + below(3))::text WHEN 'confidence' THEN '0.95' ELSE number(t.typname, true) END
      -- a value of 2^31 periods is only slow
      WHEN argument = 'periods' THEN pick('-1', '0', '1', '12', '370') ELSE number(t.typname, false) END);
  END IF;
  RETURN format('%s::%s', result, type::regtype);
END $$;

-- Final functions are called outside an aggregate by aggregates of ours, of forged states combined.
DO $$
DECLARE
  f record;
BEGIN
  FOR f IN SELECT p.proname AS final, t.typname AS type, c.proname AS combine, p.oid::regprocedure, row_number() OVER () AS n
             FROM pg_proc p JOIN pg_type t ON p.proargtypes = array[t.oid]::oidvector JOIN pg_proc c ON c.proargtypes = array[t.oid, t.oid]::oidvector AND c.prorettype = t.oid AND c.proname ~ '_combine$'
             WHERE p.pronamespace = 'crmcost'::regnamespace AND p.proname ~ '_final$' LOOP
    EXECUTE format('CREATE AGGREGATE fuzz.%I(%I) (SFUNC = %I, STYPE = %2$I, FINALFUNC = %4$I)', f.final || f.n, f.type, f.combine, f.final);
  END LOOP;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no final function is found';
  END IF;
END $$;

-- All but those that parse an argument as a query, and so say 42601 rightly.
CREATE TABLE routine AS
  SELECT p.oid, format('%I.%I', nspname, proname) AS name, prokind, pronargs, proargtypes::oid[] AS types, coalesce(proargnames, array_fill(''::text, array[pronargs])) AS names,
    row_number() OVER (ORDER BY p.oid)::int AS n, (prokind = 'f' AND proname ~ '_(trans|combine|final)$') AS is_support
  FROM pg_proc p JOIN pg_namespace s ON s.oid = pronamespace
  WHERE nspname IN ('crmcost', 'fuzz') AND NOT proargtypes::oid[] && '{internal,cstring}'::regtype[]::oid[] AND pronargs > 0
    AND (prolang = (SELECT oid FROM pg_language WHERE lanname = 'c') OR prokind = 'a')
    AND proname NOT IN ('_query_columns', '_credit_sums', '_price_cells', '_price_fits', '_walk_journeys', '_newest', '_append_rows',
                        '_walk_orders', '_walk_tiers', '_sum_sets', '_percentile_sets', '_sums_before', '_logit_fit_of',
                        '_walk_stages', '_rank_customers');
CREATE INDEX ON routine (n);

CREATE FUNCTION arguments(r routine, tame boolean) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(string_agg(expression(type, argument, tame), ', ' ORDER BY n), '')
  FROM unnest(r.types, r.names) WITH ORDINALITY a (type, argument, n) WHERE type IS NOT NULL
$$;

-- A call: of a function once, of others over some rows.
CREATE FUNCTION any_call() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  r routine;
  tame boolean := chance(0.5);
  names text;
  result text;
BEGIN
  -- a support function by itself is refused at once: seldom
  LOOP
    result := (1 + below((SELECT max(n) FROM routine)))::text;
    SELECT * INTO r FROM routine WHERE n = result::int;
    EXIT WHEN NOT r.is_support OR chance(0.05);
  END LOOP;
  IF r.prokind = 'f' THEN
    RETURN format('SELECT %s(%s)::text', r.name, arguments(r, tame));
  END IF;
  SELECT string_agg('a' || n, ', ') INTO names FROM generate_series(1, r.pronargs) n;
  SELECT string_agg(format('(%s)', arguments(r, tame OR chance(0.6))), ', ') INTO result FROM generate_series(0, below(7));
  result := format('FROM (VALUES %s) v (%s)%s', result, names, pick('', '', ' WHERE false', ', generate_series(1, 3)'));
  RETURN CASE WHEN r.prokind = 'w' OR chance(0.2) THEN format('SELECT (%s(%s) OVER (%s))::text ', r.name, names, pick('', 'ORDER BY a1 IS NULL', 'PARTITION BY a1 IS NULL', 'ORDER BY a1 IS NULL ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING'))
    ELSE format('SELECT (%s(%s)%s)::text ', r.name, names, pick('', '', ' FILTER (WHERE random() < 0.7)')) END || result;
END $$;

-- A state's bytes with some of them changed, read as COPY BINARY reads them; directory is one that the server writes to.
CREATE FUNCTION read_bytes(directory text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  s state := (SELECT s FROM state s ORDER BY random() LIMIT 1);
  file text := directory || '/fuzz_bytes';
  bytes bytea;
  object oid;
BEGIN
  EXECUTE format('SELECT %I(%L::%I)', s.type || '_send', s.value, s.type) INTO bytes;
  FOR i IN 1 .. below(4) LOOP
    bytes := CASE WHEN chance(0.3) THEN substr(bytes, 1, below(length(bytes))) || '\x00'::bytea ELSE set_byte(bytes, below(length(bytes)), pick('0', '1', '127', '128', '255', below(256)::text)::int) END;
  END LOOP;
  object := lo_from_bytea(0, '\x5047434f50590aff0d0a000000000000000000'::bytea || '\x0001'::bytea || int4send(length(bytes)) || bytes || '\xffff'::bytea);
  PERFORM lo_export(object, file), lo_unlink(object);
  EXECUTE format('CREATE TEMP TABLE received (v %I) ON COMMIT DROP', s.type);
  EXECUTE format('COPY received FROM %L (FORMAT binary)', file);
  PERFORM v::text FROM received;
  DROP TABLE received;
END $$;

CREATE FUNCTION run(seed int, calls int, show boolean DEFAULT false, directory text DEFAULT '/tmp') RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  call text;
  started timestamptz;
BEGIN
  PERFORM setseed(seed / 1e6);
  FOR i IN 1 .. calls LOOP
    call := CASE WHEN chance(0.05) THEN format('SELECT fuzz.read_bytes(%L)', directory) ELSE any_call() END;
    IF show THEN
      RAISE NOTICE '%', call;
    END IF;
    started := clock_timestamp();
    BEGIN
      EXECUTE call;
      INSERT INTO outcome VALUES (run.seed, '00000', NULL, NULL, NULL);
    EXCEPTION WHEN others THEN
      INSERT INTO outcome VALUES (run.seed, SQLSTATE, CASE WHEN SQLSTATE ~ '^(XX|42)' THEN SQLERRM END, CASE WHEN SQLSTATE ~ '^(XX|42)' THEN left(call, 2000) END, NULL);
    END;
    IF clock_timestamp() - started > interval '30 seconds' THEN
      INSERT INTO outcome VALUES (run.seed, 'slow', NULL, left(call, 2000), clock_timestamp() - started);
    END IF;
  END LOOP;
END $$;
