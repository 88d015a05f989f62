-- A small made-up shop in ledger crm, with names that are markup: 120 customers
-- of twelve cohorts, four channels, two campaigns, one with a control group,
-- tickets, a survey and points.  All of it follows from row numbers.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CALL crmcost.install('crm');
SET search_path = crm, crmcost, pg_temp;
UPDATE setting SET value = 'EUR' WHERE key = 'base_currency';
UPDATE channel SET name = '</script><script>alert(1)</script>' WHERE code = 'search';
UPDATE channel SET name = '<img src=x onerror=alert(2)>' WHERE code = 'social';
UPDATE channel SET name = E'"both" ''quotes'' & {{script}} \u202Eright to left' WHERE code = 'tv';
UPDATE channel SET name = repeat('long name ', 1000) WHERE code = 'referral';

INSERT INTO campaign (code, channel_code, purpose, period, name) VALUES
  ('spring', 'email', 'retention', '[2024-06-01,2024-09-01)', '<b onmouseover=alert(3)>Spring</b>'),
  ('autumn', 'email', 'retention', '[2024-09-01,2024-12-01)', E'&lt;i&gt; \u05E9\u05DC\u05D5\u05DD');
INSERT INTO customer (customer_id, source_key, first_seen_at, acquired_at, acquisition_channel)
SELECT i, i, at - interval '9 days', at, (ARRAY['search', 'social', 'tv', 'referral'])[1 + i % 4]
FROM generate_series(1, 120) i
CROSS JOIN LATERAL (SELECT timestamptz '2024-01-10 12:00+00' + make_interval(months => i % 12, days => i % 15)) a (at);
INSERT INTO sale (customer_id, order_ref, kind, sold_at, amount, discount, cogs, currency)
SELECT c.customer_id, c.customer_id || '-' || m, 'sale', c.acquired_at + make_interval(days => 30 * m),
       60 + c.customer_id % 40, c.customer_id % 7, 30 + c.customer_id % 20, 'EUR'
FROM customer c, generate_series(0, 13) m
WHERE (m = 0 OR (c.customer_id * 7 + m * 3) % 5 < 2 + (c.customer_id % 2))
      AND c.acquired_at + make_interval(days => 30 * m) < '2025-04-01';
INSERT INTO sale (customer_id, order_ref, kind, sold_at, amount, currency)
SELECT customer_id, order_ref, 'refund', sold_at + interval '4 days', -15, 'EUR'
FROM sale WHERE customer_id % 20 = 0;
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code)
SELECT customer_id, acquired_at - make_interval(days => 1 + 2 * n), 'touch',
       CASE n WHEN 0 THEN acquisition_channel ELSE 'email' END
FROM customer, generate_series(0, 1) n WHERE customer_id % 3 > 0 OR n = 0;
INSERT INTO campaign_member (campaign_code, customer_id, role, assigned_at)
SELECT 'spring', customer_id, CASE WHEN customer_id % 4 = 0 THEN 'control' ELSE 'target' END, '2024-07-01'
FROM customer WHERE acquired_at < '2024-07-01';
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code, campaign_code)
SELECT customer_id, assigned_at, 'touch', 'email', 'spring' FROM campaign_member WHERE role = 'target';
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, channel_code, campaign_code)
SELECT category, d::date, amount + 10 * extract(month FROM d), 'EUR', channel, campaign
FROM generate_series(timestamp '2024-01-05', timestamp '2025-03-05', interval '1 month') d,
  (VALUES ('acq.ads.web', 150, 'search', NULL), ('acq.ads.social', 120, 'social', NULL),
          ('acq.ads.tv', 900, 'tv', NULL), ('ret.contact', 40, 'email', 'spring'),
          ('ret.contact', 20, 'email', 'autumn'), ('ret.care.salary', 300, NULL, NULL),
          ('svc.support', 200, NULL, NULL)) AS v (category, amount, channel, campaign);
INSERT INTO cost_entry (category_code, incurred_on, amount, currency, customer_id)
SELECT 'svc.repair', '2024-12-20', 400, 'EUR', customer_id FROM customer WHERE customer_id % 30 = 0;
INSERT INTO allocation_rule (category_code, driver, valid) VALUES
  ('acq', 'new_customers', '[2024-01-01,)'), ('ret', 'active_customers', '[2024-01-01,)'),
  ('svc', 'orders', '[2024-01-01,)');
INSERT INTO interaction (customer_id, occurred_at, kind, channel_code, handle_seconds, automated, resolved_at)
SELECT customer_id, t, 'ticket', CASE WHEN customer_id % 2 = 0 THEN 'phone' ELSE 'chatbot' END, 300 + customer_id,
       customer_id % 2 = 1, t + interval '1 hour' * (customer_id % 30)
FROM customer CROSS JOIN LATERAL (SELECT acquired_at + interval '1 day' * (20 + customer_id)) a (t)
WHERE t < '2025-03-25';
INSERT INTO interaction (customer_id, occurred_at, kind, subtype, score)
SELECT customer_id, acquired_at + interval '40 days', 'survey', 'csat', 1 + customer_id % 5
FROM customer WHERE acquired_at + interval '40 days' < '2025-03-25';
INSERT INTO loyalty_program (code, currency, earn_per_unit, point_cost, expires_after, breakage, name)
VALUES ('club', 'EUR', 1, 0.01, '1 year', 0.2, 'Club <u>');
INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind, points)
SELECT customer_id, 'club', sold_at, 'earn', amount FROM sale WHERE kind = 'sale';
CALL crmcost.refresh('crm', '2025-04-01 00:00+00');
