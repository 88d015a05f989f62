-- The catalog: names and types of the contract, labels, comments, and no
-- function that a NULL or a call in the wrong place can harm.
\ir setup.psql
SELECT no_plan();

CREATE TABLE member AS
  SELECT p.* FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'crmcost'
  -- what works in a ledger is no analytic function
  WHERE (p.prolang = (SELECT oid FROM pg_language WHERE lanname = 'c') OR p.prokind = 'a') AND p.proname !~ '^_';

-- the contract: arguments with their names, result
SELECT is((SELECT pg_get_function_result(p.oid) FROM pg_proc p WHERE p.pronamespace = 'crmcost'::regnamespace
  AND p.proname = name AND pg_get_function_arguments(p.oid) = arguments AND p.prokind = kind::"char"),
          result, format('%s(%s)', name, arguments))
  FROM (VALUES
  ('rfm', 'a', 'purchased_at timestamp with time zone, amount numeric', 'rfm'),
  ('rfm_merge', 'a', 'summary rfm', 'rfm'),
  ('rfm_group', 'a', 'customer_id bigint, purchased_at timestamp with time zone, amount numeric', 'rfm_group'),
  ('unnest', 'f',
    'summaries rfm_group, OUT customer_id bigint, OUT first_at timestamp with time zone, OUT last_at timestamp with time zone, OUT frequency bigint, OUT monetary numeric, OUT summary rfm',
    'SETOF record'),
  ('first_at', 'f', 'summary rfm', 'timestamp with time zone'),
    ('last_at', 'f', 'summary rfm', 'timestamp with time zone'), ('frequency', 'f', 'summary rfm', 'bigint'),
  ('monetary', 'f', 'summary rfm', 'numeric'), ('average_order', 'f', 'summary rfm', 'numeric'),
    ('recency_days', 'f', 'summary rfm, as_of timestamp with time zone', 'double precision'),
  ('repeat_purchases', 'a', 'purchased_on date, amount numeric', 'repeat_purchases'),
  ('frequency', 'f', 'purchases repeat_purchases', 'bigint'),
    ('recency', 'f', 'purchases repeat_purchases', 'integer'),
    ('age', 'f', 'purchases repeat_purchases, as_of date', 'integer'),
    ('monetary_value', 'f', 'purchases repeat_purchases', 'numeric'),
  ('rfm_cuts', 'a', 'recency_days double precision, frequency double precision, monetary double precision', 'rfm_cuts'),
  ('rfm_cuts', 'a',
    'recency_days double precision, frequency double precision, monetary double precision, bins integer', 'rfm_cuts'),
  ('rfm_score', 'f',
    'recency_days double precision, frequency double precision, monetary double precision, cuts rfm_cuts', 'integer'),
  ('rfm_score', 'f',
    'recency_days double precision, frequency double precision, monetary double precision, recency_cuts double precision[], frequency_cuts double precision[], monetary_cuts double precision[]',
    'integer'),
  ('rfm_score', 'w',
    'recency_days double precision, frequency double precision, monetary double precision, bins integer DEFAULT 5',
    'integer'),
  ('rfm_segment', 'f', 'score integer', 'text'),
  ('abc_tier', 'w', 'value numeric, a numeric DEFAULT 0.80, b numeric DEFAULT 0.95', 'text'),
    ('cumulative_share', 'w', 'value numeric', 'numeric'),
  ('top_share', 'a', 'value numeric, fraction numeric', 'numeric'), ('gini', 'a', 'value numeric', 'double precision'),
    ('gini_signed', 'a', 'value numeric', 'double precision'),
  ('allocate', 'w', 'amount numeric, weight numeric, scale integer DEFAULT 2', 'numeric'),
    ('allocate', 'f', 'amount numeric, weights numeric[], scale integer DEFAULT 2', 'numeric[]'),
  ('cac', 'a', 'cost numeric, customers bigint', 'numeric'), ('cac', 'a', 'cost numeric, acquired boolean', 'numeric'),
  ('attribution_weight', 'w',
    'model text, touched_at timestamp with time zone, converted_at timestamp with time zone, half_life interval DEFAULT ''7 days''::interval, channel text DEFAULT NULL::text, direct_channel text DEFAULT ''direct''::text',
    'double precision'),
  ('markov_attribution', 'a', 'path text[], conversions numeric, value numeric, non_conversions numeric',
    'channel_credit[]'),
  ('markov_attribution', 'a',
    'path text[], conversions numeric, value numeric, non_conversions numeric, markov_order integer',
    'channel_credit[]'),
  ('shapley_attribution', 'a', 'path text[], conversions numeric, value numeric', 'channel_credit[]'),
  ('shapley_attribution', 'a', 'path text[], conversions numeric, value numeric, non_conversions numeric',
    'channel_credit[]'),
  ('optimal_budget', 'f',
    'total numeric, capacity double precision[], half_saturation double precision[], minimum numeric[] DEFAULT NULL::numeric[], maximum numeric[] DEFAULT NULL::numeric[], scale integer DEFAULT 2',
    'numeric[]'),
  ('logit_fit', 'a', 'label boolean, features double precision[]', 'logit'),
    ('logit_fit', 'a', 'label boolean, features double precision[], ridge double precision', 'logit'),
  ('logit_score', 'f', 'model logit, features double precision[]', 'double precision'),
  ('kaplan_meier', 'a', 'duration double precision, event boolean', 'survival_point[]'),
  ('median_survival', 'f', 'points survival_point[]', 'median_survival'),
  ('mean_survival', 'f', 'points survival_point[], horizon double precision', 'double precision'),
  ('logrank', 'a', 'duration double precision, event boolean, grp text', 'logrank_test'),
  ('logrank_groups', 'a', 'duration double precision, event boolean, grp text', 'logrank_group[]'),
  ('nps', 'a', 'score integer', 'numeric'),
  ('nps_interval', 'a', 'score integer', 'numrange'),
  ('nps_interval', 'a', 'score integer, confidence double precision', 'numrange'),
  ('csat', 'a', 'score numeric, satisfied_from numeric', 'numeric'),
  ('csat_interval', 'a', 'score numeric, satisfied_from numeric', 'numrange'),
  ('csat_interval', 'a', 'score numeric, satisfied_from numeric, confidence double precision', 'numrange'),
  ('points_balance', 'a',
    'points numeric, booked_at timestamp with time zone, expires_at timestamp with time zone, as_of timestamp with time zone',
    'points_balance'),
  ('points_balance', 'a',
    'points numeric, booked_at timestamp with time zone, expires_at timestamp with time zone, as_of timestamp with time zone, burn text',
    'points_balance'),
  ('points_balance', 'a',
    'points numeric, booked_at timestamp with time zone, expires_at timestamp with time zone, available_at timestamp with time zone, lot text, as_of timestamp with time zone',
    'points_balance'),
  ('points_balance', 'a',
    'points numeric, booked_at timestamp with time zone, expires_at timestamp with time zone, available_at timestamp with time zone, lot text, as_of timestamp with time zone, burn text',
    'points_balance'),
  ('points_expiry', 'a',
    'points numeric, booked_at timestamp with time zone, expires_at timestamp with time zone, as_of timestamp with time zone',
    'points_expiry[]'),
  ('points_expiry', 'a',
    'points numeric, booked_at timestamp with time zone, expires_at timestamp with time zone, as_of timestamp with time zone, burn text',
    'points_expiry[]'),
  ('points_expiry', 'a',
    'points numeric, booked_at timestamp with time zone, expires_at timestamp with time zone, available_at timestamp with time zone, lot text, as_of timestamp with time zone',
    'points_expiry[]'),
  ('points_expiry', 'a',
    'points numeric, booked_at timestamp with time zone, expires_at timestamp with time zone, available_at timestamp with time zone, lot text, as_of timestamp with time zone, burn text',
    'points_expiry[]'),
  ('clv', 'f', 'margin numeric, retention numeric, discount numeric, periods integer DEFAULT NULL::integer', 'numeric'),
  ('bgnbd', 'f', 'r double precision, alpha double precision, a double precision, b double precision', 'bgnbd'),
  ('bgnbd_fit', 'a', 'frequency double precision, recency double precision, age double precision', 'bgnbd'),
  ('bgnbd_fit', 'a',
    'frequency double precision, recency double precision, age double precision, weight double precision', 'bgnbd'),
  ('p_alive', 'f', 'model bgnbd, frequency double precision, recency double precision, age double precision',
    'double precision'),
  ('expected_purchases', 'f',
    'model bgnbd, horizon double precision, frequency double precision, recency double precision, age double precision',
    'double precision'),
  ('expected_purchases', 'f', 'model bgnbd, horizon double precision', 'double precision'),
  ('purchase_probability', 'f', 'model bgnbd, n integer, horizon double precision', 'double precision'),
  ('residual_purchases', 'f',
    'model bgnbd, discount double precision, frequency double precision, recency double precision, age double precision',
    'double precision'),
  ('clv', 'f',
    'model bgnbd, spend gamma_gamma, frequency double precision, recency double precision, age double precision, monetary_value double precision, periods integer, discount double precision, period_length double precision DEFAULT 1, margin double precision DEFAULT 1',
    'double precision'),
  ('mbgnbd', 'f', 'r double precision, alpha double precision, a double precision, b double precision', 'mbgnbd'),
  ('mbgnbd_fit', 'a', 'frequency double precision, recency double precision, age double precision', 'mbgnbd'),
  ('mbgnbd_fit', 'a',
    'frequency double precision, recency double precision, age double precision, weight double precision', 'mbgnbd'),
  ('p_alive', 'f', 'model mbgnbd, frequency double precision, recency double precision, age double precision',
    'double precision'),
  ('expected_purchases', 'f',
    'model mbgnbd, horizon double precision, frequency double precision, recency double precision, age double precision',
    'double precision'),
  ('expected_purchases', 'f', 'model mbgnbd, horizon double precision', 'double precision'),
  ('purchase_probability', 'f', 'model mbgnbd, n integer, horizon double precision', 'double precision'),
  ('residual_purchases', 'f',
    'model mbgnbd, discount double precision, frequency double precision, recency double precision, age double precision',
    'double precision'),
  ('clv', 'f',
    'model mbgnbd, spend gamma_gamma, frequency double precision, recency double precision, age double precision, monetary_value double precision, periods integer, discount double precision, period_length double precision DEFAULT 1, margin double precision DEFAULT 1',
    'double precision'),
  ('pareto_nbd', 'f', 'r double precision, alpha double precision, s double precision, beta double precision',
    'pareto_nbd'),
  ('pareto_nbd_fit', 'a', 'frequency double precision, recency double precision, age double precision', 'pareto_nbd'),
  ('pareto_nbd_fit', 'a',
    'frequency double precision, recency double precision, age double precision, weight double precision',
    'pareto_nbd'),
  ('p_alive', 'f', 'model pareto_nbd, frequency double precision, recency double precision, age double precision',
    'double precision'),
  ('expected_purchases', 'f',
    'model pareto_nbd, horizon double precision, frequency double precision, recency double precision, age double precision',
    'double precision'),
  ('expected_purchases', 'f', 'model pareto_nbd, horizon double precision', 'double precision'),
  ('purchase_probability', 'f', 'model pareto_nbd, n integer, horizon double precision', 'double precision'),
  ('residual_purchases', 'f',
    'model pareto_nbd, discount double precision, frequency double precision, recency double precision, age double precision',
    'double precision'),
  ('clv', 'f',
    'model pareto_nbd, spend gamma_gamma, frequency double precision, recency double precision, age double precision, monetary_value double precision, periods integer, discount double precision, period_length double precision DEFAULT 1, margin double precision DEFAULT 1',
    'double precision'),
  ('gamma_gamma', 'f', 'p double precision, q double precision, v double precision', 'gamma_gamma'),
  ('gamma_gamma_fit', 'a', 'frequency double precision, monetary_value double precision', 'gamma_gamma'),
  ('gamma_gamma_fit', 'a', 'frequency double precision, monetary_value double precision, weight double precision',
    'gamma_gamma'),
  ('expected_value', 'f', 'model gamma_gamma, frequency double precision, monetary_value double precision',
    'double precision'),
  ('sbg', 'f', 'alpha double precision, beta double precision', 'sbg'),
  ('sbg_fit', 'a', 'periods integer, churned boolean', 'sbg'),
  ('sbg_fit', 'a', 'periods integer, churned boolean, weight double precision', 'sbg'),
  ('survival', 'f', 'model sbg, t double precision', 'double precision'),
  ('retention_rate', 'f', 'model sbg, t integer', 'double precision'),
  ('residual_lifetime', 'f', 'model sbg, t integer, discount double precision', 'double precision'),
  ('bdw', 'f', 'alpha double precision, beta double precision, c double precision', 'bdw'),
  ('bdw_fit', 'a', 'periods integer, churned boolean', 'bdw'),
  ('bdw_fit', 'a', 'periods integer, churned boolean, weight double precision', 'bdw'),
  ('survival', 'f', 'model bdw, t double precision', 'double precision'),
  ('retention_rate', 'f', 'model bdw, t integer', 'double precision'),
  ('residual_lifetime', 'f', 'model bdw, t integer, discount double precision', 'double precision')) v (name, kind,
    arguments, result);
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
  FROM pg_attribute WHERE attrelid = 'crmcost.rfm_cuts'::regclass),
          'bins integer, recency double precision[], frequency double precision[], monetary double precision[], customers bigint',
            'the fields of rfm_cuts');
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
  FROM pg_attribute WHERE attrelid = ('crmcost.' || type)::regclass), fields, 'the fields of ' || type)
  FROM (VALUES ('survival_point',
    't double precision, at_risk bigint, events bigint, survival double precision, std_error double precision, lower double precision, upper double precision'),
    ('median_survival', 'median double precision, lower double precision, upper double precision'),
      ('logrank_test', 'chi_square double precision, df integer, p double precision'),
    ('logrank_group', 'grp text, customers bigint, observed bigint, expected double precision'),
      ('points_expiry', 'expires_at timestamp with time zone, points numeric'),
    ('points_balance',
      'balance numeric, redeemed numeric, expired numeric, next_expiry_at timestamp with time zone, next_expiry_points numeric, pending numeric, owed numeric')) v (type,
      fields);
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
  FROM pg_attribute WHERE attrelid = ('crmcost.' || model)::regclass),
          regexp_replace(parameters, '(\w+)', '\1 double precision', 'g')
            || ', log_likelihood double precision, customers double precision, std_error double precision[]',
            'the fields of ' || model)
  FROM (VALUES ('bgnbd', 'r, alpha, a, b'), ('mbgnbd', 'r, alpha, a, b'), ('pareto_nbd', 'r, alpha, s, beta'),
    ('gamma_gamma', 'p, q, v'), ('sbg', 'alpha, beta'), ('bdw', 'alpha, beta, c')) v (model, parameters);

-- labels; _may_commit is about the procedure that calls it, which runs in no worker
SELECT is((SELECT string_agg(oid::regprocedure::text, ', ') FROM member
  WHERE proparallel <> 's' AND proname <> '_may_commit'), NULL, 'all are PARALLEL SAFE');
SELECT is((SELECT string_agg(oid::regprocedure::text, ', ') FROM member
  WHERE provolatile <> 'i' AND proname <> '_may_commit'), NULL, 'all are IMMUTABLE');
SELECT is((SELECT string_agg(oid::regprocedure::text, ', ') FROM member WHERE prosecdef OR proleakproof), NULL,
  'none is SECURITY DEFINER or LEAKPROOF');
SELECT is((SELECT string_agg(aggfnoid::regprocedure::text, ', ') FROM pg_aggregate a JOIN member m ON m.oid = a.aggfnoid
             WHERE aggcombinefn = 0 OR aggtranstype = 'internal'::regtype OR aggserialfn <> 0 OR aggtransspace = 0),
               NULL, 'every aggregate has a combine function, a state that is a type of its own and its size');
SELECT is((SELECT count(DISTINCT aggtranstype)::int FROM pg_aggregate a JOIN member m ON m.oid = a.aggfnoid), 14,
  'fourteen state types');
SELECT is((SELECT string_agg(t.typname, ', ') FROM pg_type t
  WHERE t.oid IN (SELECT aggtranstype FROM pg_aggregate a JOIN member m ON m.oid = a.aggfnoid)
             AND (typinput = 0 OR typoutput = 0 OR typreceive = 0 OR typsend = 0 OR typalign <> 'd')), NULL,
               'every state has text and binary forms and is aligned to 8');
SELECT is((SELECT string_agg(oid::regprocedure::text, ', ') FROM member WHERE obj_description(oid, 'pg_proc') IS NULL),
  NULL, 'all have a comment');
SELECT is((SELECT string_agg(oid::regprocedure::text, ', ') FROM member
  WHERE pronargs > 0 AND (proargnames IS NULL OR '' = ANY (proargnames))), NULL, 'all arguments have names');
SELECT is((SELECT string_agg(typname, ', ') FROM pg_type WHERE typnamespace = 'crmcost'::regnamespace
  AND typcategory <> 'A' AND typtype IN ('b', 'c') AND typrelid = 0 AND obj_description(oid, 'pg_type') IS NULL), NULL,
  'all types have a comment');

-- every function with a NULL in each argument and in all of them: a value, or
-- an error with a code of our own, never a crash
CREATE FUNCTION pg_temp.sample(type oid, argument text) RETURNS text
LANGUAGE sql AS $$
  SELECT CASE WHEN argument = 'expires_at' THEN '''2025-06-01''::timestamptz' WHEN argument = 'burn'
    THEN '''first_earned''' WHEN argument = 'confidence' THEN '0.9' ELSE CASE type::regtype::text
    WHEN 'rfm' THEN '''(1,2024-01-01T00:00:00+00:00,2024-01-02T00:00:00+00:00,2,3.50)''::rfm' WHEN 'rfm_group'
      THEN '''(1,{1,2024-01-01T00:00:00+00:00,2024-01-02T00:00:00+00:00,2,3.50})''::rfm_group'
    WHEN 'repeat_purchases' THEN '''(1,1.50,3.50,2024-01-01,2024-01-02)''::repeat_purchases' WHEN 'rfm_population'
      THEN '''(1,5,{-1,1,1})''::rfm_population' WHEN 'value_bag' THEN '''(1,0.2,1,2)''::value_bag'
    WHEN 'cac_sums' THEN '''(1,10,2)''::cac_sums' WHEN 'clv_sample'
      THEN '''(1,{1,1,2,1},{2,2,3,2},{3,1,4,1})''::clv_sample' WHEN 'cash_flows'
      THEN '''(1,0.1,{0,1},{1,2})''::cash_flows'
    WHEN 'bgnbd' THEN 'bgnbd(1, 2, 3, 4)' WHEN 'mbgnbd' THEN 'mbgnbd(1, 2, 3, 4)' WHEN 'pareto_nbd'
      THEN 'pareto_nbd(1, 2, 3, 4)' WHEN 'gamma_gamma' THEN 'gamma_gamma(6, 4, 15)' WHEN 'sbg' THEN 'sbg(1, 2)'
      WHEN 'bdw' THEN 'bdw(1, 2, 3)'
    WHEN 'rfm_cuts' THEN 'row(2, ''{-20}'', ''{2}'', ''{7}'', 100)::rfm_cuts' WHEN 'timestamp with time zone'
      THEN '''2025-01-01''::timestamptz' WHEN 'date' THEN '''2025-01-01''::date'
    WHEN 'numeric' THEN '0.5' WHEN 'bigint' THEN '5::bigint' WHEN 'integer' THEN '5' WHEN 'double precision'
      THEN '5::float8' WHEN 'boolean' THEN 'true' WHEN 'double precision[]' THEN '''{1,2}''::float8[]'
    WHEN 'numeric[]' THEN '''{0.1,0.4}''::numeric[]' WHEN 'integer[]' THEN '''{1,2}''::int[]' WHEN 'cstring'
      THEN '''(1,1,1)''::cstring' WHEN 'text' THEN '''last_non_direct''' WHEN 'text[]' THEN '''{a,b}''::text[]'
      WHEN 'interval' THEN '''1 day''::interval'
    WHEN 'channel_paths' THEN '''(1,sum,"a",{000100000001fdea,5})''::channel_paths' WHEN 'logit_sample'
      THEN '''(1,0,1,{1,0},{1,1},{2,0},{2,1})''::logit_sample' WHEN 'logit'
      THEN 'row(''{1,2,3}'', NULL, NULL, NULL, NULL)::logit'
    WHEN 'survival_counts' THEN '''(1,{1,2,1},{3.5,1,0})''::survival_counts' WHEN 'logrank_sample'
      THEN '''(1,"a","b",{1,1,1},{2,2,0})''::logrank_sample' WHEN 'answer_counts'
      THEN '''(1,0.9,3,2,1)''::answer_counts'
    WHEN 'points_entries' THEN
      '''(1,first_earned,2025-01-01T00:00:00+00:00,{5,2024-01-01T00:00:00+00:00,-})''::points_entries' END END
$$;
CREATE FUNCTION pg_temp.outcome(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE query INTO result;
  RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
  RETURN sqlstate;
END $$;
CREATE TABLE called AS
  SELECT m.oid::regprocedure::text AS function, m.proname, m.prokind, m.proisstrict, k AS null_argument,
    pg_temp.outcome(format('SELECT (%s(%s)%s)::text', m.proname,
      (SELECT string_agg(CASE WHEN k = 0 OR k = n THEN 'NULL::' || t::regtype ELSE pg_temp.sample(t, m.proargnames[n])
      END, ', ' ORDER BY n) FROM pg_catalog.unnest(m.proargtypes::oid[]) WITH ORDINALITY u (t, n)),
      CASE m.prokind WHEN 'w' THEN ' OVER ()' ELSE '' END)) AS outcome
  FROM member m, generate_series(0, m.pronargs) k
  WHERE NOT 'internal'::regtype = ANY (m.proargtypes::oid[]) AND m.proname NOT LIKE '%\_out'
    AND m.proname NOT LIKE '%\_in';
SELECT cmp_ok((SELECT count(*)::int FROM called), '>', 180, 'functions were called with a NULL in each argument');
SELECT is((SELECT string_agg(format('%s argument %s: %s', function, null_argument, outcome), '; ') FROM called
  WHERE outcome LIKE 'XX%' OR outcome LIKE '42%'), NULL, 'no internal error, no ambiguity');
SELECT is((SELECT string_agg(format('%s argument %s: %s', function, null_argument, outcome), '; ') FROM called
  WHERE proisstrict AND outcome <> 'NULL' AND proname <> 'unnest'), NULL, 'a strict function gives NULL');
SELECT is((SELECT string_agg(DISTINCT outcome, ' ' ORDER BY outcome) FROM called
  WHERE outcome ~ '^\w{5}$' AND outcome ~ '\d'), '0A000 22004',
  'errors are: called outside an aggregate, NULL not allowed');
SELECT is((SELECT string_agg(DISTINCT format('%s %s', proname, null_argument), ', '
  ORDER BY format('%s %s', proname, null_argument)) FROM called WHERE outcome = '22004'),
          'abc_tier 0, abc_tier 2, abc_tier 3, allocate 0, allocate 3, attribution_weight 0, attribution_weight 1, attribution_weight 4, attribution_weight 6, rfm_score 0, rfm_score 4',
            'a NULL is refused where it would be a parameter of a window, or a month');
SELECT is((SELECT string_agg(function, ', ') FROM called WHERE prokind = 'a' AND outcome <> 'NULL'
  AND (null_argument = 0 OR proname !~ '^cac'
  AND NOT (proname ~ '^points_' AND (null_argument = 3 OR null_argument IN (4, 5) AND function ~ 'text,timestamp')))),
  NULL,
          'an aggregate of rows with a NULL is NULL; cac sums each argument for itself, points may never expire, be at once available and of no lot');

-- what the library shows
SELECT is((SELECT string_agg(proname || ' -> ' || prosrc, ', ') FROM member
  WHERE prokind <> 'a' AND prosrc <> ltrim(proname, '_') AND prosrc NOT LIKE '%\_' || ltrim(proname, '_')), NULL,
  'a symbol has the name of its function');
SELECT is((SELECT count(DISTINCT probin)::int FROM member WHERE prokind <> 'a'), 1, 'one library');
\ir finish.psql
