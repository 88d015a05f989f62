-- Source files (schema demo) into a ledger (schema crm).
--
-- What the discounts mean.  The data's guide calls sales_value the amount that
-- the retailer receives: the loyalty-card discount (retail_disc) and the store's
-- match of a coupon (coupon_match_disc) are already off it, while a
-- manufacturer's coupon (coupon_disc) is not, because the manufacturer pays it
-- back.  The two discounts are what the store gives away, so they are booked as
-- cost of the household; then they must not lower the revenue as well.  So
--
--   sale.amount     = sales_value + retail_disc + coupon_match_disc, the price on
--                     the shelf, with discount = 0 since none is taken off it
--   cost_entry      = retail_disc (ret.loyalty.discount) and coupon_match_disc
--                     (ret.loyalty.coupon), direct to the household
--   coupon_disc     is nobody's cost here, and is not loaded
--
-- and revenue less these two costs is sales_value again, to the cent.
--
-- Lines without any of the three amounts (voided lines, slips of manufacturers'
-- coupons) carry no money and are left out; there are no negative lines.

\set ON_ERROR_STOP on
BEGIN;

UPDATE crm.setting SET value = 'USD' WHERE key = 'base_currency';
UPDATE crm.setting SET value = 'America/New_York' WHERE key = 'timezone';
-- so that the first list has more than its most urgent reason
UPDATE crm.setting SET value = '1500' WHERE key = 'worklist_per_day';

-- A line of a receipt in cents, as money of the ledger.
CREATE TEMPORARY VIEW line AS
SELECT household_id, basket_id, product_id, quantity,
       transaction_timestamp AT TIME ZONE 'UTC' AS sold_at,
       round(sales_value, 2) AS received,
       round(retail_disc, 2) AS loyalty_discount,
       round(coupon_match_disc, 2) AS coupon_match,
       round(sales_value, 2) + round(retail_disc, 2) + round(coupon_match_disc, 2)
         AS shelf_price
FROM demo.transactions;

-- Partitions for all that is dated, whole months.
SELECT min(day) AS first_day, max(day) AS last_day
FROM (SELECT min(transaction_timestamp)::date - 1 FROM demo.transactions
      UNION ALL SELECT max(transaction_timestamp)::date + 1 FROM demo.transactions
      UNION ALL SELECT min(start_date) FROM demo.campaign_descriptions
      UNION ALL SELECT max(end_date) FROM demo.campaign_descriptions
      UNION ALL SELECT min(redemption_date) FROM demo.coupon_redemptions
      UNION ALL SELECT max(redemption_date) FROM demo.coupon_redemptions) AS dated (day)
\gset
CALL crmcost.ensure_partitions('crm', date_trunc('month', :'first_day'::date)::date,
                               date_trunc('month', :'last_day'::date)::date);

\echo '         households'
-- Households.  Their true first day is not in the data: it opens on 1 January
-- with households that have long been customers, so the first purchase seen
-- stands for it.  A household that was mailed but never bought stays a lead.
INSERT INTO crm.customer (source, source_key, kind, first_seen_at, acquired_at, attributes)
SELECT 'journey', h.household_id, 'person',
       least(b.seen_at, m.first_at, r.first_at), b.bought_at,
       coalesce(jsonb_strip_nulls(to_jsonb(d) - 'household_id'), '{}')
FROM (SELECT household_id FROM demo.transactions
      UNION SELECT household_id FROM demo.campaigns
      UNION SELECT household_id FROM demo.coupon_redemptions) AS h
LEFT JOIN (SELECT household_id, min(sold_at) AS seen_at,
                  min(sold_at) FILTER (WHERE shelf_price <> 0) AS bought_at
           FROM line GROUP BY household_id) AS b USING (household_id)
LEFT JOIN (SELECT household_id, min(start_date) AT TIME ZONE 'America/New_York' AS first_at
           FROM demo.campaigns JOIN demo.campaign_descriptions USING (campaign_id)
           GROUP BY household_id) AS m USING (household_id)
LEFT JOIN (SELECT household_id,
                  min(redemption_date) AT TIME ZONE 'America/New_York' AS first_at
           FROM demo.coupon_redemptions GROUP BY household_id) AS r USING (household_id)
LEFT JOIN demo.demographics AS d USING (household_id)
ORDER BY length(h.household_id), h.household_id;

CREATE TEMPORARY TABLE household AS
SELECT source_key AS household_id, customer_id FROM crm.customer WHERE source = 'journey';
ANALYZE household;

-- Names of what was bought, each below its department.
INSERT INTO crm.product (code, name)
SELECT DISTINCT 'department ' || department, department FROM demo.products
WHERE department <> '';
INSERT INTO crm.product (code, parent_code, name)
SELECT product_id, 'department ' || nullif(department, ''),
       coalesce(nullif(concat_ws(', ', nullif(product_type, ''), nullif(package_size, '')), ''),
                nullif(product_category, ''), nullif(department, ''), product_id)
FROM demo.products;

\echo '         purchases'
-- Purchases.  Cost of goods by the assumed margin of the department.  All are
-- made in the store, so channel_code says nothing and stays empty: checking its
-- foreign key on 1.5 million lines would take a third of the load.
INSERT INTO crm.sale (customer_id, source, order_ref, line_no, kind, sold_at,
                      product_code, quantity, amount, cogs, currency)
SELECT h.customer_id, 'journey', l.basket_id,
       row_number() OVER (PARTITION BY l.basket_id ORDER BY l.product_id, l.household_id),
       'sale', l.sold_at, l.product_id, l.quantity, l.shelf_price,
       round(l.shelf_price * (1 - coalesce(m.margin, a.value)), 4), 'USD'
FROM line AS l
JOIN household AS h USING (household_id)
LEFT JOIN demo.products AS p USING (product_id)
LEFT JOIN demo.department_margin AS m USING (department)
CROSS JOIN demo.assumption AS a
WHERE a.name = 'gross_margin' AND l.shelf_price <> 0;

\echo '         discounts given'
-- What the store gave away, one entry a basket and kind of discount.
INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency,
                            customer_id, source, source_ref)
SELECT g.category_code, (l.sold_at AT TIME ZONE 'America/New_York')::date,
       sum(g.amount), 'USD', h.customer_id, 'journey',
       g.category_code || ' ' || l.basket_id || ' ' || l.household_id
FROM line AS l
JOIN household AS h USING (household_id)
CROSS JOIN LATERAL (VALUES ('ret.loyalty.discount', l.loyalty_discount),
                           ('ret.loyalty.coupon', l.coupon_match))
  AS g (category_code, amount)
WHERE g.amount <> 0
GROUP BY g.category_code, l.sold_at, h.customer_id, l.basket_id, l.household_id;

\echo '         campaigns, mailings, coupons handed in'
-- Campaigns: mailings with coupons.
INSERT INTO crm.campaign (code, channel_code, purpose, period, name)
SELECT 'CJ' || lpad(campaign_id, 2, '0'), 'print', 'loyalty',
       daterange(start_date, end_date, '[]'),
       'Mailing ' || campaign_id || ' (' || campaign_type || ')'
FROM demo.campaign_descriptions;

-- A mailed household: a touch, and its share of print and postage.
INSERT INTO crm.interaction (customer_id, occurred_at, kind, subtype, channel_code,
                             campaign_code, automated, source, source_ref)
SELECT h.customer_id, (d.start_date + time '12:00') AT TIME ZONE 'America/New_York',
       'touch', 'mailing', 'print', 'CJ' || lpad(c.campaign_id, 2, '0'), true,
       'journey', 'mailing ' || c.campaign_id || ' ' || c.household_id
FROM demo.campaigns AS c
JOIN demo.campaign_descriptions AS d USING (campaign_id)
JOIN household AS h USING (household_id);

INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, customer_id,
                            channel_code, campaign_code, source, source_ref)
SELECT 'ret.contact', d.start_date, a.value, 'USD', h.customer_id, 'print',
       'CJ' || lpad(c.campaign_id, 2, '0'), 'journey',
       'mailing ' || c.campaign_id || ' ' || c.household_id
FROM demo.campaigns AS c
JOIN demo.campaign_descriptions AS d USING (campaign_id)
JOIN household AS h USING (household_id)
CROSS JOIN demo.assumption AS a
WHERE a.name = 'mailing_cost';

-- Coupons handed in.  One household may hand in the same coupon twice a day.
INSERT INTO crm.interaction (customer_id, occurred_at, kind, subtype, phase, channel_code,
                             campaign_code, source, source_ref)
SELECT h.customer_id, (r.redemption_date + time '12:00') AT TIME ZONE 'America/New_York',
       'behavior', 'coupon_redemption', 'during', 'store',
       'CJ' || lpad(r.campaign_id, 2, '0'), 'journey',
       concat_ws(' ', 'coupon', r.coupon_upc, r.campaign_id, r.household_id,
                 row_number() OVER (PARTITION BY r.coupon_upc, r.campaign_id,
                                    r.household_id, r.redemption_date))
FROM demo.coupon_redemptions AS r
JOIN household AS h USING (household_id);

\echo '         assumed pools and rules'
-- The assumed monthly pools, and the rules that spread them.
INSERT INTO crm.cost_entry (category_code, incurred_on, amount, currency, source, source_ref)
SELECT p.category_code, month::date, a.value * s.households, 'USD', 'assumption',
       p.category_code || to_char(month, ' YYYY-MM')
FROM (VALUES ('loyalty_team', 'ret.care.salary'),
             ('store_service', 'svc.support'),
             ('customer_data', 'data.analysis')) AS p (name, category_code)
JOIN demo.assumption AS a USING (name)
CROSS JOIN (SELECT count(DISTINCT customer_id) AS households,
                   min(sold_at) AT TIME ZONE 'America/New_York' AS first_at,
                   max(sold_at) AT TIME ZONE 'America/New_York' AS last_at
            FROM crm.sale) AS s
CROSS JOIN LATERAL generate_series(date_trunc('month', s.first_at), s.last_at,
                                   '1 month') AS month;

INSERT INTO crm.allocation_rule (category_code, driver) VALUES
  ('ret.care.salary', 'active_customers'),
  ('svc.support', 'orders'),
  ('data.analysis', 'active_customers');

COMMIT;
ANALYZE;
