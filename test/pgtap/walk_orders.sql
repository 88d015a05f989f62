-- How refresh makes orders of lines: what groups, sums and the rules of an order say.
\ir setup.psql
SELECT no_plan();

CREATE TEMPORARY TABLE line AS
  SELECT 1 + (random() ^ 2 * 20)::bigint AS customer, s.source, s.ref,
    CASE WHEN s.ref = '' THEN i ELSE 0 END::bigint AS own, at, at::date AS sold_on, m.month,
    CASE WHEN random() < 0.1 THEN date '2025-01-01' WHEN random() < 0.05 THEN 'infinity' ELSE m.month END AS counted,
    k.n < 6 AS purchase, k.n = 8 AS refund, random() < 0.05 AS placed, random() < 0.8 AS is_new, i::bigint AS id,
    'c' || (random() * 1.2)::int AS channel, 'k' || (random() * 0.7)::int AS campaign,
    CASE WHEN random() < 0.5 THEN 'EUR' ELSE 'USD' END AS currency,
    (CASE WHEN k.n < 6 THEN 1 ELSE -2 END * random() * 100)::numeric(20,2) AS paid,
    CASE WHEN random() < 0.9 THEN (ARRAY['a', 'B', 'é', 'zz', repeat('long', 2000)])[1 + (random() * 4)::int]
      || (random() ^ 2 * 50)::int END AS product,
    CASE WHEN random() < 0.97 THEN round((CASE WHEN k.n < 6 THEN 1 ELSE -2 END * random() * 100)::numeric,
      (random() * 4)::int) END AS amount,
    CASE WHEN random() < 0.9 THEN (random() * 1e20)::numeric END AS margin,
    CASE WHEN random() < 0.9 THEN (random() * 10)::numeric(20,1) END AS discount,
    CASE WHEN random() < 0.5 THEN (random() * 10)::numeric(20,3) END AS quantity
  FROM generate_series(1, 6000) i
  CROSS JOIN LATERAL (SELECT (ARRAY['shop', 'Shop', 'shop north'])[1 + (random() * 2 + i * 0)::int] AS source,
    CASE WHEN random() < 0.9 THEN 'n' || (random() * 60)::int ELSE '' END AS ref,
    timestamptz '2025-01-01' + (random() * 4000)::int * interval '1 hour' AS at) s
  CROSS JOIN LATERAL (SELECT greatest(date_trunc('month', at)::date,
    CASE WHEN random() < 0.1 THEN date '2025-03-01' END) AS month) m
  CROSS JOIN LATERAL (SELECT (random() * 8 + i * 0)::int AS n) k;
CREATE INDEX ON line (customer, source, ref, own);
ANALYZE line;

CREATE TEMPORARY TABLE placed (customer bigint, source text, ref text, own bigint, is_order boolean, at timestamptz,
  day date, month date, purchases int, amount numeric, margin numeric, discount numeric, refund numeric, channel text,
  campaign text, products text[], quantities numeric[], amounts numeric[]);
CREATE TEMPORARY TABLE bought (customer bigint, product text, orders bigint, quantity numeric, amount numeric,
  last_on date);
CREATE TEMPORARY TABLE sold (customer bigint, month date, orders bigint, lines bigint, amount numeric, margin numeric,
  discount numeric, refund numeric);
CREATE FUNCTION pg_temp.walk(rows text, open_month date) RETURNS void LANGUAGE sql AS $$
  SELECT crmcost._walk_orders(format('SELECT customer, source, ref, own, at, sold_on, month, counted, purchase, refund,
    placed, is_new, id, channel, campaign, currency, paid, product, amount, margin, discount, quantity FROM %s
    ORDER BY customer, source COLLATE "C", ref COLLATE "C", own, product COLLATE "C"', rows), open_month, 'placed',
    'bought', 'sold');
$$;

-- the same by statements, one thing after the other
CREATE FUNCTION pg_temp.orders(open_month date) RETURNS SETOF placed LANGUAGE sql AS $$
  SELECT o.customer, o.source, o.ref, o.own, i.is_order, l.at, l.sold_on,
    CASE WHEN o.purchases = 0 THEN o.last_month WHEN NOT i.is_order THEN date_trunc('month', l.at)::date
      ELSE coalesce(CASE WHEN o.unrated OR o.placed OR o.closed_sold > 0 OR o.closed_uncorrected THEN o.counted END,
        greatest(date_trunc('month', l.at)::date, open_month)) END,
    o.purchases, o.amount, o.margin, o.discount, o.refund, l.channel, l.campaign, coalesce(h.products, '{}'),
    coalesce(h.quantities, '{}'), coalesce(h.amounts, '{}')
  FROM (SELECT customer, source, ref, own, (count(*) FILTER (WHERE purchase))::int AS purchases,
      max(month) AS last_month, max(counted) FILTER (WHERE purchase AND counted < open_month) AS counted,
      bool_or(amount IS NULL AND NOT refund) AS unrated, bool_or(placed) AS placed,
      sum(amount) FILTER (WHERE NOT refund AND month < open_month) AS closed_sold,
      bool_and(purchase OR refund) FILTER (WHERE month < open_month) AS closed_uncorrected,
      bool_and(purchase OR refund) AS uncorrected, sum(amount) FILTER (WHERE NOT refund) AS sold,
      coalesce(sum(amount), 0) AS amount, coalesce(sum(margin), 0) AS margin, coalesce(sum(discount), 0) AS discount,
      coalesce(sum(amount) FILTER (WHERE refund), 0) AS refund
    FROM line GROUP BY customer, source, ref, own) o
  CROSS JOIN LATERAL (SELECT * FROM line l
    WHERE (l.customer, l.source, l.ref, l.own) = (o.customer, o.source, o.ref, o.own)
    ORDER BY purchase DESC, at DESC, id DESC LIMIT 1) l
  CROSS JOIN LATERAL (SELECT o.purchases > 0 AND (o.uncorrected OR CASE WHEN o.unrated THEN EXISTS (
      SELECT FROM line l WHERE (l.customer, l.source, l.ref, l.own) = (o.customer, o.source, o.ref, o.own)
        AND NOT l.refund GROUP BY l.currency HAVING sum(l.paid) > 0) ELSE o.sold > 0 END) AS is_order) i
  LEFT JOIN LATERAL (SELECT array_agg(product ORDER BY product COLLATE "C") AS products,
      array_agg(quantity ORDER BY product COLLATE "C") AS quantities,
      array_agg(amount ORDER BY product COLLATE "C") AS amounts
    FROM (SELECT l.product, sum(l.quantity) AS quantity, sum(l.amount) AS amount FROM line l
      WHERE (l.customer, l.source, l.ref, l.own) = (o.customer, o.source, o.ref, o.own) AND l.product IS NOT NULL
      GROUP BY l.product HAVING sum(l.amount) > 0) p) h ON true
$$;

SELECT lives_ok($$SELECT pg_temp.walk('line', '2025-03-01')$$, 'lines with all that there is');
SELECT bag_eq('SELECT * FROM placed', $$SELECT * FROM pg_temp.orders('2025-03-01')$$, 'orders, after closed months');
SELECT bag_eq('SELECT * FROM bought', $$SELECT o.customer, p.product, (count(*) FILTER (WHERE o.is_order))::bigint,
    sum(p.quantity) AS quantity, sum(p.amount) AS amount, max(o.day) FILTER (WHERE o.is_order)
  FROM pg_temp.orders('2025-03-01') o
  CROSS JOIN LATERAL unnest(o.products, o.quantities, o.amounts) AS p (product, quantity, amount)
  GROUP BY o.customer, p.product$$, 'what customers bought of each product');
SELECT bag_eq('SELECT * FROM sold', $$SELECT customer, month, coalesce(o.orders, 0) AS orders,
    coalesce(l.lines, 0) AS lines, coalesce(l.amount, 0) AS amount, coalesce(l.margin, 0) AS margin,
    coalesce(l.discount, 0) AS discount, coalesce(l.refund, 0) AS refund
  FROM (SELECT customer, month, (count(*) FILTER (WHERE is_new))::bigint AS lines, sum(amount) AS amount,
      sum(margin) AS margin, sum(discount) AS discount, sum(amount) FILTER (WHERE refund) AS refund
    FROM line GROUP BY customer, month) l
  FULL JOIN (SELECT customer, month, count(*) AS orders FROM pg_temp.orders('2025-03-01') WHERE is_order
    GROUP BY customer, month) o USING (customer, month)$$, 'what was sold by month');
SELECT results_eq('SELECT customer, source, ref, own FROM placed',
  'SELECT customer, source, ref, own FROM placed ORDER BY customer, source COLLATE "C", ref COLLATE "C", own',
  'orders are written in the order of their keys');
TRUNCATE placed, bought, sold;
SELECT lives_ok($$SELECT pg_temp.walk('line', '-infinity')$$, 'no month is closed');
SELECT bag_eq('SELECT * FROM placed', $$SELECT * FROM pg_temp.orders('-infinity')$$, 'orders, with every month open');
TRUNCATE placed, bought, sold;
SELECT lives_ok($$SELECT pg_temp.walk('line WHERE false', '2025-03-01')$$, 'no lines');
SELECT is_empty('SELECT 1 FROM placed UNION ALL SELECT 1 FROM bought UNION ALL SELECT 1 FROM sold', 'are no orders');

-- who has bought more products than there was room for, and the same again and again
SELECT lives_ok($$SELECT pg_temp.walk('(SELECT l.customer, l.source, ''o'' || o AS ref, 0::bigint AS own, l.at,
    l.sold_on, l.month, l.counted, true AS purchase, false AS refund, false AS placed, true AS is_new, l.id, l.channel,
    l.campaign, l.currency, l.paid, ''p'' || p AS product, 1.5 AS amount, 1.0 AS margin, 0.0 AS discount,
    2.0 AS quantity
  FROM (SELECT * FROM line LIMIT 1) l, generate_series(1, 90) o, generate_series(1, 150) p) l', '2025-03-01')$$,
  '90 orders of the same 150 products');
SELECT results_eq('SELECT count(*), min(orders), max(orders), sum(quantity), sum(amount) FROM bought',
  'SELECT 150::bigint, 90::bigint, 90::bigint, 27000.0, 20250.0', 'are 90 of each');

-- what it refuses
SELECT throws_ok(format('SELECT pg_temp.walk(%L, %L)', rows, '2025-03-01'), code, NULL::text, what)
  FROM (VALUES ('(SELECT customer, source, NULL::text AS ref, own, at, sold_on, month, counted, purchase, refund, placed,
      is_new, id, channel, campaign, currency, paid, product, amount, margin, discount, quantity FROM line) l', '22004',
      'an order without a reference'),
    ('(SELECT customer, source, ref, own, at, sold_on, month, counted, purchase, refund, placed, is_new, id, channel,
      campaign, currency, paid, product, ''NaN''::numeric AS amount, margin, discount, quantity FROM line) l', '22023',
      'what is no amount'),
    ('(SELECT customer, source, ref, own, sold_on AS at, sold_on, month, counted, purchase, refund, placed, is_new, id,
      channel, campaign, currency, paid, product, amount, margin, discount, quantity FROM line) l', '42804',
      'a day in place of an instant'))
    v (rows, code, what);
CREATE UNLOGGED TABLE unlogged (LIKE sold);
SELECT lives_ok($$SELECT crmcost._walk_orders('SELECT customer, source, ref, own, at, sold_on, month, counted,
    purchase, refund, placed, is_new, id, channel, campaign, currency, paid, product, amount, margin, discount, quantity
    FROM line ORDER BY customer, source COLLATE "C", ref COLLATE "C", own, product COLLATE "C"', '2025-03-01', 'placed',
    'bought', 'unlogged')$$, 'a work table of a worker is unlogged');
SELECT isnt_empty('SELECT 1 FROM unlogged', 'and is written to');
CREATE TABLE kept (LIKE sold);
CREATE TEMPORARY TABLE indexed (LIKE sold, UNIQUE (customer, month));
SELECT throws_ok(format('SELECT crmcost._walk_orders(%L, %L, %L, %L, %L)', 'SELECT 1', '2025-03-01', orders, bought,
    sold), '42809', NULL::text, what)
  FROM (VALUES ('placed', 'bought', 'kept', 'a table that stays'), ('placed', 'bought', 'indexed', 'an index'),
    ('placed', 'bought', 'placed', 'other columns'), ('pg_class', 'bought', 'sold', 'a table of the system'))
    v (orders, bought, sold, what);
\ir finish.psql
