-- A role with no right but what PUBLIC has calls every analytic function.
\ir setup.psql
SELECT no_plan();

CREATE ROLE crmcost_test_nobody NOLOGIN NOINHERIT;
CREATE TABLE public.sale AS
  SELECT i::bigint AS customer_id, timestamptz '2024-01-01' + make_interval(days => i) AS at,
    date '2024-01-01' + i AS on_day, i::numeric / 4 AS amount FROM generate_series(1, 20) i;
CREATE TABLE public.state AS
  SELECT rfm(at, amount) AS r, rfm_group(customer_id, at, amount) AS g, repeat_purchases(on_day, amount) AS d,
    rfm_cuts(amount, 1, amount::float8) AS c FROM public.sale;
-- twenty customers whose likelihood has a maximum
CREATE TABLE public.shopper AS
  SELECT x::float8, t::float8, age::float8, m::float8 FROM (VALUES
    (0, 0, 30, NULL), (0, 0, 35, NULL), (0, 0, 32, NULL), (0, 0, 38, NULL), (0, 0, 31, NULL), (1, 3.3, 33, 4),
      (1, 17.5, 35, 95), (1, 27.0, 30, 24), (2, 5.7, 38, 33), (2, 11.1, 37, 18),
    (2, 35.1, 39, 90), (3, 6.2, 31, 25), (3, 34.2, 36, 40), (4, 29.7, 33, 21), (5, 7.6, 38, 20), (6, 37.1, 39, 70),
      (8, 33.0, 34, 16), (9, 11.1, 37, 60), (14, 35.3, 36, 25), (25, 37.4, 39, 45)) v (x, t, age, m);
GRANT SELECT ON public.sale, public.state, public.shopper TO PUBLIC;

SET LOCAL ROLE crmcost_test_nobody;
-- public: for those who have revoked CREATE from it, or not
SELECT is(current_user::text, 'crmcost_test_nobody', 'the role is a plain one');
SELECT lives_ok(query, 'may call ' || what) FROM (VALUES
  ('rfm', 'SELECT crmcost.rfm(at, amount) FROM public.sale'),
  ('rfm_merge', 'SELECT crmcost.rfm_merge(r) FROM public.state'),
  ('first_at', 'SELECT crmcost.first_at(r) FROM public.state'),
    ('last_at', 'SELECT crmcost.last_at(r) FROM public.state'),
  ('frequency', 'SELECT crmcost.frequency(r), crmcost.frequency(d) FROM public.state'),
    ('monetary', 'SELECT crmcost.monetary(r) FROM public.state'),
  ('average_order', 'SELECT crmcost.average_order(r) FROM public.state'),
    ('recency_days', 'SELECT crmcost.recency_days(r, ''2025-01-01'') FROM public.state'),
  ('rfm_group', 'SELECT crmcost.rfm_group(customer_id, at, amount) FROM public.sale'),
    ('rfm_group_merge', 'SELECT crmcost.rfm_group_merge(g) FROM public.state'),
  ('unnest', 'SELECT u.* FROM public.state, crmcost.unnest(g) u'),
  ('repeat_purchases', 'SELECT crmcost.repeat_purchases(on_day, amount) FROM public.sale'),
    ('repeat_purchases_merge', 'SELECT crmcost.repeat_purchases_merge(d) FROM public.state'),
  ('recency, age, monetary_value',
    'SELECT crmcost.recency(d), crmcost.age(d, ''2025-01-01''), crmcost.monetary_value(d) FROM public.state'),
  ('rfm_cuts',
    'SELECT crmcost.rfm_cuts(1, 1, amount::float8), crmcost.rfm_cuts(1, 1, amount::float8, 3) FROM public.sale'),
  ('rfm_score with cuts', 'SELECT crmcost.rfm_score(1, 1, 1, c) FROM public.state'),
    ('rfm_score with thresholds', 'SELECT crmcost.rfm_score(1, 1, 1, ''{1}'', ''{1}'', ''{1}'')'),
  ('rfm_score as a window', 'SELECT crmcost.rfm_score(1, 1, amount::float8) OVER () FROM public.sale'),
    ('rfm_segment', 'SELECT crmcost.rfm_segment(555)'),
  ('abc_tier', 'SELECT crmcost.abc_tier(amount) OVER () FROM public.sale'),
    ('cumulative_share', 'SELECT crmcost.cumulative_share(amount) OVER () FROM public.sale'),
  ('top_share', 'SELECT crmcost.top_share(amount, 0.2) FROM public.sale'),
    ('gini', 'SELECT crmcost.gini(amount), crmcost.gini_signed(amount) FROM public.sale'),
  ('allocate as a window', 'SELECT crmcost.allocate(100, amount) OVER () FROM public.sale'),
    ('allocate of an array', 'SELECT crmcost.allocate(100, array[1, 2]::numeric[])'),
  ('cac', 'SELECT crmcost.cac(amount, customer_id), crmcost.cac(amount, amount > 3) FROM public.sale'),
    ('clv', 'SELECT crmcost.clv(100, 0.8, 0.1), crmcost.clv(100, 0.8, 0.1, 12)'),
  ('fits',
    'SELECT crmcost.bgnbd_fit(x, t, age), crmcost.bgnbd_fit(x, t, age, 2), crmcost.gamma_gamma_fit(x, m) FROM public.shopper'),
  ('predictions',
    'SELECT crmcost.p_alive(model, 2, 3, 4), crmcost.expected_purchases(model, 39), crmcost.residual_purchases(model, 0.1, 2, 3, 4), crmcost.purchase_probability(model, 1, 39), crmcost.clv(model, crmcost.gamma_gamma(6, 4, 15), 2, 3, 4, 20, 12, 0.01) FROM crmcost.pareto_nbd(1, 2, 3, 4) model'),
  ('contracts',
    'SELECT crmcost.survival(model, 3), crmcost.retention_rate(model, 3), crmcost.residual_lifetime(model, 3, 0.1) FROM crmcost.sbg(1, 2) model'),
  ('text of states',
    'SELECT r::text::crmcost.rfm, g::text::crmcost.rfm_group, d::text::crmcost.repeat_purchases FROM public.state')) v
    (what, query);
SELECT throws_ok('CREATE TABLE crmcost.mine (i int)', '42501', 'permission denied for schema crmcost',
  'but create nothing in the schema');
SELECT throws_ok('CREATE FUNCTION crmcost.mine() RETURNS int LANGUAGE sql AS ''SELECT 1''', '42501',
  'permission denied for schema crmcost', 'no function either');
SELECT throws_ok('CREATE TEMP TABLE t AS SELECT crmcost.rfm_trans(NULL, now(), 1)', '0A000', NULL,
  'support functions are useless to it');
RESET ROLE;

-- every analytic function of the catalog, not only those above
SELECT is((SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p
  JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
             JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
               AND e.extname = 'crmcost'
             WHERE p.provolatile <> 'v' AND (p.proname !~ '^_' OR p.proconfig IS NOT NULL OR p.prosqlbody IS NOT NULL
               OR p.probin IS NOT NULL)
               AND NOT has_function_privilege('crmcost_test_nobody', p.oid, 'EXECUTE')), NULL,
                 'PUBLIC may execute all functions that only compute');
SELECT is((SELECT string_agg(t.typname, ', ') FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE n.nspname = 'crmcost' AND NOT has_type_privilege('crmcost_test_nobody', t.oid, 'USAGE')), NULL,
  'and use all types');
SELECT ok(has_schema_privilege('crmcost_test_nobody', 'crmcost', 'USAGE')
  AND NOT has_schema_privilege('crmcost_test_nobody', 'crmcost', 'CREATE'),
  'PUBLIC has USAGE on the schema, not CREATE');

-- a hostile schema first in the path changes no result
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.sum_wrong(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 666';
CREATE OPERATOR hostile.+ (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = hostile.sum_wrong);
CREATE OPERATOR hostile./ (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = hostile.sum_wrong);
CREATE FUNCTION hostile.numeric_add(numeric, numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT 666';
CREATE FUNCTION hostile.rfm_trans(crmcost.rfm, timestamptz, numeric) RETURNS crmcost.rfm
  LANGUAGE sql IMMUTABLE AS 'SELECT NULL::crmcost.rfm';
CREATE TABLE public.before AS
  SELECT rfm(at, amount)::text AS r, (SELECT string_agg(u::text, ' ') FROM public.state, unnest(g) u) AS u,
    cac(amount, 3)::text AS c, gini(amount)::text AS g, clv(100, 0.8, 0.1)::text AS v,
    allocate(10, array[1, 1, 1]::numeric[])::text AS a FROM public.sale;
SET LOCAL search_path = hostile, pg_catalog, crmcost, public;
SELECT public.is((SELECT b::text FROM public.before b),
  (SELECT (s.*)::text FROM (SELECT crmcost.rfm(at, amount)::text AS r,
    (SELECT string_agg(u::text, ' ') FROM public.state, crmcost.unnest(g) u) AS u, crmcost.cac(amount, 3)::text AS c,
    crmcost.gini(amount)::text AS g,
     crmcost.clv(100, 0.8, 0.1)::text AS v, crmcost.allocate(10, array[1, 1, 1]::numeric[])::text AS a
       FROM public.sale) s), 'a hostile search_path changes nothing');
SET LOCAL search_path = crmcost, public;
\ir finish.psql
