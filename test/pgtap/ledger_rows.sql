-- Capabilities whose acceptance tests need no view of their own, or several:
-- what is asked of the tables, and of views that are about something else.
\ir ledger_setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.spend(category text, day date, amount numeric, channel text DEFAULT NULL,
  campaign text DEFAULT NULL)
  RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, channel_code, campaign_code)
       VALUES (category, day, amount, 'EUR', channel, campaign)$$;
CREATE FUNCTION pg_temp.customers(first int, last int, acquired timestamptz DEFAULT NULL,
  channel text DEFAULT NULL) RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
       SELECT i, 'c' || i, '2023-01-01', acquired, channel FROM generate_series(first, last) i$$;
CREATE FUNCTION pg_temp.sell(customer bigint, ref text, at timestamptz, amount numeric, product text DEFAULT 'p',
  cogs numeric DEFAULT 0) RETURNS void LANGUAGE sql
  AS $$INSERT INTO crm.sale (customer_id, order_ref, line_no, sold_at, product_code, amount, cogs, currency)
       SELECT customer, ref, 1 + (SELECT count(*) FROM crm.sale WHERE order_ref = ref), at, product, amount, cogs,
         'EUR'$$;
CREATE FUNCTION pg_temp.behave(customer bigint, at timestamptz, kind text, subtype text DEFAULT NULL) RETURNS void
  LANGUAGE sql
  AS $$INSERT INTO crm.interaction (customer_id, occurred_at, kind, subtype) VALUES (customer, at, kind, subtype)$$;
-- a category with all that is below it
CREATE FUNCTION pg_temp.under(root text) RETURNS SETOF text LANGUAGE sql AS $$
  WITH RECURSIVE below (code) AS (SELECT root UNION SELECT c.code FROM crm.cost_category c
    JOIN below b ON c.parent_code = b.code)
  SELECT code FROM below$$;
SAVEPOINT fresh;

-- leaves add up to the branch above them, and all of it to the bucket
SELECT pg_temp.spend(code, '2024-01-05', 0.10 + row_number() OVER (ORDER BY code)) FROM cost_category c
  WHERE NOT EXISTS (SELECT FROM cost_category d WHERE d.parent_code = c.code);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT string_agg(category_code || ' ' || resource, ', ' ORDER BY category_code) FROM cost_by_month
  WHERE category_code IN (SELECT pg_temp.under(root))), leaves,
          format('%s: leaves of %s', row_id, root))
       || E'\n' || is((SELECT sum(cost) FROM cost_by_month WHERE category_code IN (SELECT pg_temp.under(root))),
         (SELECT sum(amount) FROM cost_entry WHERE category_code LIKE root || '%'),
          format('%s: and their exact sum', row_id))
FROM (VALUES
  ('A8', 'acq.sales.tools', 'acq.sales.tools technical'), ('A9', 'acq.sales.support', 'acq.sales.support human'),
    ('A10', 'acq.research', 'acq.research process'),
  ('A11', 'ret.care', 'ret.care.salary human, ret.care.tools technical, ret.care.training human'),
  ('A16', 'chn.analysis', 'chn.analysis.analyse process, chn.analysis.collect process, chn.analysis.interview human'),
  ('A17', 'chn.offer', 'chn.offer.discount financial, chn.offer.free_service financial, chn.offer.gift financial'),
  ('A18', 'chn.reactivate', 'chn.reactivate.marketing financial, chn.reactivate.service human')) v (row_id, root,
    leaves);
SELECT is((SELECT sum(cost) FROM cost_by_month WHERE bucket = 'churn'),
  (SELECT sum(amount) FROM cost_entry WHERE category_code LIKE 'chn%'),
  'A16: all of it rolls up into the cost of churn');
SELECT results_eq($$
  SELECT line, sum(cost) FROM (
    SELECT CASE WHEN category_code IN (SELECT pg_temp.under('acq.sales')) THEN 'sales'
                WHEN bucket = 'acquisition' THEN 'marketing' WHEN bucket IN ('retention', 'service') THEN 'support'
                  END AS line, cost
    FROM cost_by_month WHERE bucket IN ('acquisition', 'retention', 'service')) e GROUP BY ROLLUP (line) ORDER BY line
$$, $$
  SELECT line, sum(amount) FROM (
    SELECT CASE WHEN category_code LIKE 'acq.sales.%' THEN 'sales' WHEN category_code LIKE 'acq.%' THEN 'marketing'
      ELSE 'support' END AS line, amount
    FROM cost_entry WHERE left(category_code, 3) IN ('acq', 'ret', 'svc')) e GROUP BY ROLLUP (line) ORDER BY line
$$, 'A25: marketing, support and sales expense sum to the cost of these buckets');
ROLLBACK TO fresh;

-- A14
SELECT pg_temp.customers(1, 1, '2024-01-01');
INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points)
  VALUES (1, 'points', '2024-01-05', 'earn', 9000), (1, 'points', '2024-01-20', 'redeem', -4000),
  (1, 'points', '2024-01-25', 'redeem', -3000);
PREPARE book AS
  INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, customer_id, source, source_ref)
  SELECT 'ret.loyalty.redemption', (e.occurred_at AT TIME ZONE 'UTC')::date, -e.points * p.point_cost, p.currency,
    e.customer_id, 'loyalty', e.entry_id
  FROM crm.loyalty_entry e JOIN crm.loyalty_program p ON p.code = e.program_code WHERE e.kind = 'redeem'
  ON CONFLICT DO NOTHING;
EXECUTE book;
EXECUTE book;
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT bucket, direct_cost FROM customer_cost WHERE direct_cost <> 0',
  $$ VALUES ('retention', 70.0) $$, 'A14: 7,000 points redeemed at 0.01 are 70.00, booked once, and not when earned');
ROLLBACK TO fresh;

-- A17, A18: as F9, 60 targeted, 9 won for 1,800, 350 of margin each
SELECT pg_temp.customers(1, 60, '2023-01-01');
INSERT INTO campaign (code, channel_code, purpose, period, name)
  VALUES ('back', 'email', 'winback', '[2024-01-01,2024-04-01)', 'Come back');
INSERT INTO interaction (customer_id, occurred_at, kind, campaign_code) SELECT i, '2024-01-10', 'touch', 'back'
  FROM generate_series(1, 60) i;
SELECT pg_temp.spend(c, '2024-01-10', a, campaign => 'back')
  FROM (VALUES ('chn.offer.discount', 700), ('chn.offer.gift', 300), ('chn.reactivate.marketing', 500),
  ('chn.reactivate.service', 300)) v (c, a);
INSERT INTO sale (customer_id, order_ref, sold_at, amount, cogs, currency, campaign_code) SELECT i, 'o' || i,
  '2024-02-10', 500, 150, 'EUR', 'back' FROM generate_series(1, 9) i;
SELECT results_eq($$
  SELECT won::numeric / targeted, cost / won, margin / cost - 1
  FROM (SELECT count(DISTINCT customer_id) AS targeted FROM interaction WHERE campaign_code = 'back') t,
       (SELECT sum(base_amount) AS cost FROM cost WHERE campaign_code = 'back' AND bucket = 'churn') c,
       (SELECT count(DISTINCT customer_id) AS won, sum(base_margin) AS margin FROM sale_base
         WHERE campaign_code = 'back') w
$$, $$ VALUES (0.15, 200.0, 0.75) $$,
  'A17, A18: offers and reactivation win back 15 %, at 200 each, with a return of 75 %');
ROLLBACK TO fresh;

-- D6: 25 a month for 48 months, undiscounted, won for 300: twelve months are over, 36 are to come
UPDATE setting SET value = '36' WHERE key = 'clv_horizon';
UPDATE setting SET value = '0' WHERE key = 'discount_rate';
UPDATE setting SET value = '1' WHERE key = 'clv_retention';
UPDATE setting SET value = 'none' WHERE key = 'clv_model';
SELECT pg_temp.customers(1, 1, '2024-01-02', 'search'), pg_temp.spend('acq.ads.web', '2024-01-02', 300, 'search');
SELECT pg_temp.sell(1, 'o' || m, m, 50, cogs => 25)
  FROM generate_series('2024-02-05'::timestamp, '2025-01-05', '1 month') m;
CALL crmcost.refresh('crm', '2025-02-01');
SELECT results_eq($$ SELECT ltv, cac, ltv_cac, payback_months FROM acquisition_balance WHERE channel_code = 'search' $$,
  $$ VALUES (1200.0, 300.0, 4.0, 12) $$, 'D6: 1,200 of value for 300 are 4.0, paid back in 12 months');
ROLLBACK TO fresh;

-- D7: of 200 who bought in January 160 bought again
SELECT pg_temp.customers(1, 200, '2024-01-01');
SELECT pg_temp.sell(i, 'a' || i, '2024-01-05', 10), CASE WHEN i <= 160 THEN pg_temp.sell(i, 'b' || i, '2024-02-05', 10)
  END FROM generate_series(1, 200) i;
SELECT pg_temp.spend('ret.contact', '2024-02-01', 16000);
INSERT INTO allocation_rule (category_code, driver) VALUES ('ret', 'active_customers');
CALL crmcost.refresh('crm', '2024-02-28');
SELECT is((SELECT (SELECT sum(total_cost) FROM customer_cost
  WHERE bucket = 'retention' AND month_start = '2024-02-01') / count(*)
           FROM customer_month f JOIN customer_month t USING (customer_id)
           WHERE f.month_start = '2024-01-01' AND f.orders > 0 AND t.month_start = '2024-02-01' AND t.orders > 0),
             100.0,
          'D7: 16,000 for 160 customers retained are 100 each');
ROLLBACK TO fresh;

-- D12: orders 10, 20 and 30 days apart, at ten on Mondays but for one
SELECT pg_temp.customers(1, 2, '2024-01-01');
SELECT pg_temp.sell(1, 'o' || i, '2024-01-01 10:00Z'::timestamptz + d * interval '1 day', a, p)
FROM (VALUES (1, 0, 10, 'tea'), (1, 0, 30, 'cup'), (2, 10, 10, 'tea'), (3, 30, 10, 'tea'), (4, 60, 40, 'cup'),
  (5, 60, 20, NULL)) v (i, d, a, p);
UPDATE sale SET sold_at = '2024-01-31 23:30Z' WHERE order_ref = 'o3';
-- an order that corrections bring to nothing, and a product that came back
SELECT pg_temp.sell(1, 'gone', '2024-02-05', 5, 'cap'), pg_temp.sell(1, 'gone', '2024-02-05', -5, 'cap'),
  pg_temp.sell(2, 'x', '2024-02-05', 8, 'cap');
INSERT INTO sale (customer_id, order_ref, kind, sold_at, product_code, quantity, amount, currency)
  VALUES (1, 'o1', 'refund', '2024-01-09', 'cup', -1, -30, 'EUR');
UPDATE sale SET quantity = 1 WHERE kind = 'sale' AND amount > 0;
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq('SELECT customer_id::int, orders::int, median_gap_days, weekday, hour, products_per_order, revenue_per_order, last_ordered_on FROM purchase_habit ORDER BY 1',
  $$ VALUES (1, 5, 20.0, 5, 10, 0.8, 24.0, '2024-03-01'::date), (2, 1, NULL, 1, 0, 1.0, 8.0, '2024-02-05') $$,
    'D12: gaps of 10, 20 and 30 days have a median of 20');
SELECT results_eq($$SELECT product_code, orders::int, quantity, revenue, revenue_share, preference_rank::int,
  last_sold_on FROM customer_preference WHERE customer_id = 1 ORDER BY 6$$,
  $$ VALUES ('tea', 3, 3.0, 30.0, 0.428571, 1, '2024-01-31'::date),
    ('cup', 1, 1.0, 40.0, 0.571429, 2, '2024-03-01') $$, 'D12: and preference is by orders, less what came back');
UPDATE setting SET value = 'Asia/Shanghai' WHERE key = 'timezone';
CALL crmcost.refresh('crm', '2024-04-01');
SELECT results_eq('SELECT customer_id::int, median_gap_days, weekday, hour, last_ordered_on FROM purchase_habit ORDER BY 1',
  $$ VALUES (1, 21.0, 4, 18, '2024-03-01'::date), (2, NULL, 1, 8, '2024-02-05') $$, 'D12: in the ledger''s time zone');
ROLLBACK TO fresh;

-- D13: of 100 orders 40 have A, 30 have B, 24 have both
SELECT pg_temp.customers(1, 2, '2024-01-01');
SELECT pg_temp.sell(1 + i % 2, 'o' || i, '2024-01-05', 1, p) FROM generate_series(1, 100) i,
  unnest('{A,B,B,other}'::text[]) p
WHERE CASE p WHEN 'A' THEN i <= 40 WHEN 'B' THEN i > 16 AND i <= 46 ELSE i > 46 END;
SELECT pg_temp.sell(1, 'gone', '2024-02-05', a, p) FROM (VALUES (5, 'A'), (-5, 'A'), (5, 'B'), (-5, 'B')) v (a, p);
INSERT INTO product (code, name, name_zh) VALUES ('A', 'Apple', '苹果');
CALL crmcost.refresh('crm', '2024-03-01');
SELECT results_eq('SELECT product_code, other_product_code, all_orders, orders, other_orders, orders_together, support, confidence, lift, product_name FROM product_affinity ORDER BY 1',
  $$ VALUES
  ('A', 'B', 100::bigint, 40::bigint, 30::bigint, 24::bigint, 0.24, 0.60, 2.0, 'Apple'),
    ('B', 'A', 100, 30, 40, 24, 0.24, 0.80, 2.0, 'B') $$, 'D13: confidence 0.60, lift 2.0');
UPDATE setting SET value = 'zh' WHERE key = 'language';
SELECT is((SELECT product_name || other_product_name FROM product_affinity WHERE product_code = 'A'), '苹果B',
  'with the names in the language of the setting, or the code');
ROLLBACK TO fresh;

-- D14: a cart of yesterday without a sale since; one order settles it
SELECT pg_temp.customers(1, 3), pg_temp.behave(1, '2024-03-01 10:00Z', 'behavior', 'cart'),
  pg_temp.behave(2, '2024-03-01 10:00Z', 'behavior', 'cart'),
       pg_temp.behave(3, '2024-03-02 10:00Z', 'behavior', 'cart'), pg_temp.sell(2, 'o', '2024-03-01 11:00Z', 10);
PREPARE carts AS
  SELECT i.customer_id::int FROM crm.interaction i
  WHERE i.kind = 'behavior' AND i.subtype = 'cart'
    AND i.occurred_at <= '2024-03-02 12:00Z'::timestamptz - interval '24 hours'
        AND NOT EXISTS (SELECT FROM crm.sale s WHERE s.customer_id = i.customer_id AND s.sold_at >= i.occurred_at);
SELECT results_eq('EXECUTE carts', $$ VALUES (1) $$, 'D14: a cart without a sale for 24 hours is one row');
SELECT pg_temp.sell(1, 'late', '2024-03-02 11:00Z', 10);
SELECT is_empty('EXECUTE carts', 'D14: and none after the sale');
ROLLBACK TO fresh;

-- D19
INSERT INTO customer (source_key, first_seen_at, attributes)
  VALUES ('a', '2024-01-01', '{"needs": ["price", "speed"]}'), ('b', '2024-01-01', '{"needs": ["speed"]}'),
  ('c', '2024-01-01', '{}');
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score, attributes) SELECT customer_id, '2024-01-05',
  'survey', 'csat', 4, '{"needs": "quiet"}' FROM customer WHERE source_key <> 'b';
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq('SELECT need, customers, in_attributes, mentions FROM need_count ORDER BY 1',
  $$ VALUES ('price', 1::bigint, 1::bigint, 0::bigint), ('quiet', 2, 0, 2), ('speed', 2, 2, 0) $$,
  'D19: tags of needs are counted, of attributes and of answers');
SELECT results_eq('SELECT source_key, needs FROM customer_360 ORDER BY 1',
  $$ VALUES ('a', 'price, quiet, speed'), ('b', 'speed'), ('c', 'quiet') $$, 'D19: and are on the page of a customer');
ROLLBACK TO fresh;

-- G10, G11
SELECT is((SELECT count(*) >= 8 AND count(*) = count(DISTINCT check_name)
  AND bool_and(rows IS NOT NULL AND (rows = 0) = (example IS NULL)) FROM data_quality), true,
          'G10: eight checks or more, each with a count and, where it failed, an example');
SELECT pg_temp.customers(1, 20, '2024-01-01', 'search');
SELECT pg_temp.sell(i, 'o' || i, '2024-01-05', 10 * i, 'p', i), pg_temp.sell(i, 'o' || i, '2024-01-05', i, 'q'),
  pg_temp.behave(i, '2024-01-06', 'ticket') FROM generate_series(1, 20) i;
SELECT pg_temp.spend('acq.ads.web', '2024-01-05', 100, 'search'), pg_temp.spend('svc.support', '2024-01-05', 60);
INSERT INTO allocation_rule (category_code, driver) VALUES ('acq', 'new_customers'), ('svc', 'interactions');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is_empty($$
  SELECT v FROM
    unnest('{cost,sale_base,cost_by_month,channel_cac,customer_cost,customer_preference,product_affinity,purchase_habit,customer_profit,whale_curve,customer_rfm,customer_tier,customer_360,cost_flow,tier_resource,customer_mix,price_sensitivity,kpi,data_quality}'::text[]) v
  WHERE NOT (xpath('//exists/text()', query_to_xml(format('SELECT EXISTS (SELECT FROM crm.%I)', v), false, false,
    '')))[1]::text::boolean
$$, 'G11: a fresh install and a sample fill the views');
-- which drivers of other languages cannot read
SELECT is_empty($$
  SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v'
    AND a.atttypid IN ('date'::regtype, 'timestamptz'::regtype)
        AND (xpath('//exists/text()',
          query_to_xml(format('SELECT EXISTS (SELECT FROM crm.%I WHERE NOT isfinite(%I))', c.relname, a.attname),
          false, false, '')))[1]::text::boolean
$$, 'no view has an infinite date');
-- G19
SELECT results_eq('SELECT customer_id, rfm_score, segment FROM customer_rfm ORDER BY 1',
  'SELECT customer_id, rfm_score, segment FROM customer_snapshot ORDER BY 1', 'G19: scores are kept as computed');
CREATE TEMPORARY TABLE scored AS SELECT * FROM customer_snapshot;
DELETE FROM customer_score;
CALL crmcost.refresh('crm', '2024-02-01', true);
SELECT bag_eq('SELECT * FROM customer_snapshot', 'SELECT * FROM scored',
  'G19: and computed anew from the same data they are the same');
-- G17
SELECT is_empty($$
  SELECT table_name, column_name FROM information_schema.columns
  WHERE table_schema = 'crm' AND (column_name ~ '(e_?mail|phone|address|birth|first_?name|last_?name|surname)'
                                  OR column_name = 'name'
                                    AND table_name IN ('customer', 'sale', 'interaction', 'loyalty_entry',
                                    'customer_360'))
$$, 'G17: no column for personal data');
SELECT throws_ok($$INSERT INTO customer (source_key, first_seen_at) VALUES ('a@b.example', '2024-01-01')$$, '23514',
  NULL, 'G17: a mail address is refused');
-- G16
CREATE FUNCTION pg_temp.row_counts() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  r regclass;
  n bigint;
BEGIN
  FOR r IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'p') LOOP
    EXECUTE format('SELECT count(*) FROM %s', r) INTO n;
    RETURN NEXT r || ' ' || n;
  END LOOP;
END $$;
CREATE TEMPORARY TABLE counted AS SELECT pg_temp.row_counts() AS line;
CALL crmcost.upgrade('crm');
SELECT bag_eq('SELECT pg_temp.row_counts()', 'SELECT line FROM counted', 'G16: an upgrade keeps every row');
ROLLBACK TO fresh;

-- G12: 60 hours of training, then 9 minutes a call instead of 12
SELECT pg_temp.customers(1, 1);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, quantity, unit)
  VALUES ('trn.course.service', '2024-02-01', 9000, 'EUR', 60, 'hour');
INSERT INTO interaction (customer_id, occurred_at, kind, n, handle_seconds)
  VALUES (1, '2024-01-15', 'ticket', 100, 72000), (1, '2024-02-15', 'ticket', 200, 108000);
SELECT results_eq($$
  SELECT max(t.hours), min(aht) FILTER (WHERE m = '2024-02-01') / min(aht) FILTER (WHERE m = '2024-01-01') - 1
  FROM (SELECT date_trunc('month', occurred_at)::date AS m, sum(handle_seconds)::numeric / sum(n) AS aht
    FROM interaction GROUP BY 1) a,
       (SELECT sum(quantity) AS hours FROM cost WHERE bucket = 'training' AND unit = 'hour') t
$$, $$ VALUES (60.0, -0.25) $$, 'G12: handling takes 25 % less after 60 hours');
ROLLBACK TO fresh;

-- G14: three sources, 92 of 100 customers in all of them
SELECT pg_temp.customers(1, 100, '2024-01-01');
SELECT pg_temp.sell(i, 'o' || i, '2024-01-05', 10), CASE WHEN i <= 95
  THEN pg_temp.behave(i, '2024-01-06', 'behavior', 'view') END,
       CASE WHEN i > 3 THEN pg_temp.behave(i, '2024-01-07', 'survey') END FROM generate_series(1, 100) i;
SELECT is((SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM sale s WHERE s.customer_id = c.customer_id)
                                         AND EXISTS (SELECT FROM interaction i WHERE i.customer_id = c.customer_id
                                           AND i.kind = 'behavior')
                                         AND EXISTS (SELECT FROM interaction i WHERE i.customer_id = c.customer_id
                                           AND i.kind = 'survey')) || ' of ' || count(*) FROM customer c),
          '92 of 100', 'G14: purchases, behaviour and feedback of 92 of 100 customers');
ROLLBACK TO fresh;

-- G18: from lead to customer in 5, 15 and 40 days, one never
INSERT INTO customer (source_key, first_seen_at, acquired_at) SELECT 'c' || i, '2024-01-01',
  '2024-01-01'::timestamptz + d * interval '1 day' FROM unnest('{5,15,40,NULL}'::int[]) WITH ORDINALITY v (d, i);
SELECT is((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY acquired_at - first_seen_at) FROM customer),
  interval '15 days', 'G18: the median from lead to customer is 15 days');
ROLLBACK TO fresh;

-- G20: what goes best with what a customer prefers, and is not his yet
SELECT pg_temp.customers(1, 4, '2024-01-01');
SELECT pg_temp.sell(i, 'o' || i, '2024-01-05', 1, p)
  FROM (VALUES (1, 'A'), (1, 'B'), (2, 'A'), (2, 'B'), (2, 'C'), (3, 'A'), (4, 'B'), (4, 'C')) v (i, p);
CALL crmcost.refresh('crm', '2024-02-01');
SELECT results_eq($$
  SELECT DISTINCT ON (h.customer_id) h.customer_id::int, a.other_product_code
  FROM customer_preference h JOIN product_affinity a USING (product_code)
  WHERE NOT EXISTS (SELECT FROM customer_preference o WHERE o.customer_id = h.customer_id
    AND o.product_code = a.other_product_code)
  ORDER BY h.customer_id, a.confidence DESC, a.other_product_code
$$, $$ VALUES (1, 'C'), (3, 'B'), (4, 'A') $$, 'G20: one offer for each customer who lacks something');

SELECT * FROM finish();
ROLLBACK;
