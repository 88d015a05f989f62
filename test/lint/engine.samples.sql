-- Statements for test/lint/engine.py --samples: each says what it breaks.

-- breaks full-join
SELECT coalesce(a.customer_id, b.customer_id) FROM a FULL JOIN b ON b.customer_id = a.customer_id;
-- breaks full-join
SELECT customer_id FROM (SELECT 1) a FULL OUTER JOIN (SELECT x FROM b) b USING (month_start, customer_id) WHERE x;
-- breaks nothing
SELECT 1 FROM a FULL JOIN b USING (month_start) JOIN c USING (customer_id);
-- breaks nothing
SELECT customer_id FROM a LEFT JOIN b USING (customer_id);

-- breaks materialized
CREATE FUNCTION crmcost._f() RETURNS text LANGUAGE sql RETURN format($query$
  WITH w AS MATERIALIZED (SELECT 1) SELECT * FROM w
$query$);
-- breaks nothing
WITH w AS NOT MATERIALIZED (SELECT 1) SELECT * FROM w;

-- breaks counting-cte
WITH gone AS (DELETE FROM t WHERE x RETURNING 1) SELECT count(*) FROM gone;
-- breaks counting-cte
WITH a AS (SELECT 1), put AS (INSERT INTO t (x) SELECT 1 RETURNING 1)
SELECT a.*, (SELECT count(*) FROM put) FROM a;
-- breaks nothing
WITH gone AS (DELETE FROM t WHERE x RETURNING y) INSERT INTO u (y) SELECT y FROM gone;
-- breaks nothing
WITH kept AS (SELECT 1) SELECT count(*) FROM kept;

-- breaks update-date
UPDATE t SET day = sold_at::date;
-- breaks update-date
CREATE FUNCTION crmcost._f() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF true THEN
    UPDATE t SET n = 1 WHERE (t.sold_at::date) = of_day;
  END IF;
END
$$;
-- breaks nothing
UPDATE t SET day = (sold_at AT TIME ZONE zone)::date;
-- breaks nothing
SELECT sold_at::date FROM t FOR UPDATE;

-- breaks cycle
SELECT * FROM (WITH RECURSIVE w AS (SELECT 1 AS c UNION SELECT c FROM w)
               CYCLE c SET found USING path SELECT c FROM w) x WHERE 'no' <> 'CYCLE';
-- breaks nothing
CREATE SEQUENCE s NO CYCLE;

-- breaks recursive-view
CREATE VIEW v AS WITH RECURSIVE w AS (SELECT 1 AS c UNION ALL SELECT c FROM w) SELECT c FROM w;
-- breaks nothing
CREATE VIEW v AS WITH w AS (SELECT 1 AS c) SELECT c FROM w;

-- breaks empty-select
CREATE VIEW v AS SELECT a FROM t WHERE EXISTS (SELECT FROM u WHERE u.a = t.a);
-- breaks nothing
CREATE VIEW v AS SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a);
-- breaks nothing
SELECT a FROM t WHERE EXISTS (SELECT FROM u WHERE u.a = t.a);

-- breaks unnest-aggregate
SELECT * FROM unnest((SELECT 1), array_agg(x));
-- breaks unnest-aggregate
SELECT (unnest(crmcost.rfm_group(customer_id, sold_at, amount))).* FROM sale;
-- breaks nothing
SELECT * FROM unnest(ARRAY(SELECT sum(x) FROM t)), unnest(names);

-- breaks select-without-from
SELECT s.a FROM s CROSS JOIN LATERAL (SELECT coalesce(a, 1) AS b) l;
-- breaks select-without-from
SELECT (SELECT s.a + 1) FROM s;
-- breaks select-without-from
SELECT ARRAY(SELECT 1 UNION ALL SELECT max(s.a)) FROM s;
-- breaks nothing
SELECT (SELECT now()), EXISTS (SELECT FROM t WHERE t.a = s.a) FROM s
CROSS JOIN LATERAL (VALUES (s.a)) AS v (a);

-- breaks cte-columns
WITH w (a, b) AS (SELECT 1, 2 UNION ALL SELECT 3, 4) SELECT a FROM w;
-- breaks nothing
WITH w (a) AS (SELECT 1), x AS (SELECT 1 AS a UNION ALL SELECT 2) SELECT a FROM w JOIN x USING (a);

-- breaks union-order
SELECT x.sale_id FROM (SELECT s.* FROM sale s UNION ALL SELECT s.* FROM sale s) x;
-- breaks union-order
SELECT month_start, customer_id FROM a UNION ALL SELECT month_start, customer_id FROM b;
-- breaks nothing
SELECT customer_id, a.month_start FROM a UNION ALL SELECT p.party_id, b.month_start FROM b;
-- breaks nothing
SELECT month_start, count(*) FROM a GROUP BY 1 UNION ALL SELECT month_start, 1 FROM b;

-- breaks insert-by-position
INSERT INTO sale SELECT sale_id, customer_id FROM old_sale;
-- breaks insert-by-position
INSERT INTO posted_cost AS p VALUES (1, 2) ON CONFLICT DO NOTHING;
-- breaks nothing
INSERT INTO sale AS s (customer_id) VALUES (1);
-- breaks nothing
INSERT INTO pg_temp.refresh_line SELECT 1;

-- breaks range-type
CREATE TYPE span AS RANGE (SUBTYPE = text);
-- breaks nothing
CREATE TYPE pair AS (a int, b int);
