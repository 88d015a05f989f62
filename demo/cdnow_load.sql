-- CDNOW into a ledger of its own, refreshed as of the middle of its time: what
-- came later is there, but neither refresh nor the models look at it.  The snapshot
-- of the day keeps what they say.

\set ON_ERROR_STOP on
BEGIN;
SET LOCAL client_min_messages = warning;

CALL crmcost.install('cdnow');
SET LOCAL search_path = cdnow, crmcost, public;
UPDATE setting SET value = 'USD' WHERE key = 'base_currency';
UPDATE setting SET value = 'America/New_York' WHERE key = 'timezone';
-- nine months in full, to compare with the 39 weeks that are kept back
UPDATE setting SET value = '9' WHERE key = 'clv_horizon';
UPDATE setting SET value = '0' WHERE key = 'discount_rate';
UPDATE setting SET value = 'every' WHERE key = 'snapshot_keep';

INSERT INTO customer (source, source_key, kind, first_seen_at, acquired_at)
SELECT 'cdnow', customer_id::text, 'person', first_at, first_at
FROM (SELECT customer_id, (min(purchased_on) + time '12:00') AT TIME ZONE 'America/New_York' AS first_at
      FROM demo.cdnow GROUP BY customer_id) AS c
ORDER BY customer_id;

-- The file has no order numbers and no times of day: each line is an order.
INSERT INTO sale (customer_id, source, order_ref, kind, sold_at, quantity, amount, cogs, currency)
SELECT c.customer_id, 'cdnow', row_number() OVER (ORDER BY purchased_on, d.customer_id, amount, cds), 'sale',
       (purchased_on + time '12:00') AT TIME ZONE 'America/New_York', cds, amount,
       round(amount * (1 - a.value), 4), 'USD'
FROM demo.cdnow AS d
LEFT JOIN customer AS c ON c.source = 'cdnow' AND c.source_key = d.customer_id::text
CROSS JOIN demo.assumption AS a
WHERE a.name = 'cd_margin';

COMMIT;
ANALYZE cdnow.customer;
ANALYZE cdnow.sale;

SELECT min(purchased_on) + (max(purchased_on) - min(purchased_on) + 1) / 2 AS next_day
FROM demo.cdnow \gset
CALL crmcost.refresh('cdnow', :'next_day'::timestamp AT TIME ZONE 'America/New_York');
