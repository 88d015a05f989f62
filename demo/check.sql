-- The ledger against the source files: every total of demo.source_total, which
-- Python computed from the files, must be found in the ledger to the cent.
-- Prints what differs, then "ok N totals" or an error.

\set ON_ERROR_STOP on
CREATE TEMPORARY TABLE ledger_total AS
WITH sale AS (
  SELECT s.*, c.source_key,
         to_char(s.sold_at AT TIME ZONE 'America/New_York', 'YYYY-MM') AS month
  FROM crm.sale AS s JOIN crm.customer AS c USING (customer_id)
  WHERE s.source = 'journey'
), discount AS (
  SELECT CASE e.category_code WHEN 'ret.loyalty.discount' THEN 'retail_disc'
                              WHEN 'ret.loyalty.coupon' THEN 'coupon_match_disc'
         END AS measure,
         e.amount, c.source_key, to_char(e.incurred_on, 'YYYY-MM') AS month
  FROM crm.cost_entry AS e JOIN crm.customer AS c USING (customer_id)
  WHERE e.source = 'journey'
    AND e.category_code IN ('ret.loyalty.discount', 'ret.loyalty.coupon')
), received AS (   -- revenue less what was given away
  SELECT amount, source_key, month FROM sale
  UNION ALL
  SELECT -amount, source_key, month FROM discount
)
SELECT 'sales_value' AS measure, 'all' AS key, sum(amount) AS value FROM received
UNION ALL
SELECT 'sales_value_by_month', month, sum(amount) FROM received GROUP BY month
UNION ALL
SELECT 'sales_value_by_household', source_key, sum(amount) FROM received GROUP BY source_key
UNION ALL
SELECT measure, 'all', sum(amount) FROM discount GROUP BY measure
UNION ALL
SELECT measure || '_by_month', month, sum(amount) FROM discount GROUP BY measure, month
UNION ALL
SELECT measure || '_by_household', source_key, sum(amount) FROM discount
GROUP BY measure, source_key
UNION ALL
SELECT 'lines', 'all', count(*) + (SELECT value FROM demo.source_total
                                WHERE measure = 'lines_without_money') FROM sale;

-- A household or month without the amount has no row in the ledger; coupon_disc
-- is not loaded; baskets without money are not in the ledger either.
CREATE TEMPORARY TABLE difference AS
SELECT measure, key, s.value AS source, l.value AS ledger
FROM demo.source_total AS s
FULL JOIN ledger_total AS l USING (measure, key)
WHERE coalesce(s.value, 0) <> coalesce(l.value, 0)
  AND measure NOT IN ('households', 'baskets', 'lines_without_money')
  AND measure NOT LIKE 'coupon\_disc%';

TABLE difference LIMIT 20;

SELECT count(*) = 0 AS equal FROM difference \gset
\if :equal
  SELECT 'ok ' || count(*) || ' totals of the ledger equal those of the source files'
  FROM demo.source_total
  WHERE measure NOT IN ('households', 'baskets', 'lines_without_money')
    AND measure NOT LIKE 'coupon\_disc%';
\else
  DO $$BEGIN RAISE EXCEPTION 'the ledger differs from the source files'; END$$;
\endif
