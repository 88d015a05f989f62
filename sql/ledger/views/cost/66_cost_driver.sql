-- Why did cost move against the month before?  A line is what was booked for a
-- category on a channel, with its volume: what was counted (quantity, by
-- unit), else the customers acquired for acquisition cost, else the active
-- customers.  Let V be the volume of the category over all channels, q and c
-- volume and cost of the line, 0 the month before and 1 the month:
--
--   volume effect  (V1 - V0) * c0/V0         more or less of everything
--   mix effect     q1 * c0/q0 - V1 * c0/V0   shifted between channels
--   rate effect    c1 - q1 * c0/q0           dearer or cheaper a unit
--
-- They sum to c1 - c0.  A line that is new or gone in a category that goes on
-- is mix, a category that begins or ends is volume, and where the line had no
-- volume in either month all is rate.
--
-- Each customer counts once: cost of no known channel is for all customers,
-- and such a line stands alone beside those of the channels.
CREATE VIEW cost_driver WITH (security_invoker = true) AS
WITH booked AS (
  SELECT month_start, bucket, category_code, channel_code,
         CASE WHEN unit <> '' THEN unit
           WHEN bucket = 'acquisition' THEN 'new customer'
           ELSE 'active customer' END AS unit,
         unit <> '' AS counted, sum(cost) AS cost, sum(quantity) AS quantity
  FROM cost_month
  WHERE entries > 0 OR cost <> 0 OR quantity <> 0
  GROUP BY month_start, bucket, category_code, channel_code, unit
),
won AS (
  SELECT date_trunc('month', day::timestamp)::date AS month_start,
         channel_code, sum(acquired) AS customers
  FROM day_total
  WHERE acquired > 0
  GROUP BY 1, 2
),
line AS (
  SELECT b.month_start, b.bucket, b.category_code, b.channel_code, b.unit,
         b.cost,
         NOT b.counted AND (b.unit = 'active customer'
                            OR b.channel_code = '(unknown)') AS alone,
         CASE
           WHEN b.counted THEN b.quantity
           WHEN b.unit = 'active customer' THEN a.active_customers
           WHEN b.channel_code = '(unknown)' THEN a.acquired
           ELSE w.customers
         END AS volume
  FROM booked b
  LEFT JOIN tier_month a
    ON a.month_start = b.month_start AND a.scheme = '(all)'
       AND a.tier = '(all)'
  LEFT JOIN won w
    ON w.month_start = b.month_start AND w.channel_code = b.channel_code
),
with_total AS NOT MATERIALIZED (
  SELECT l.*,
         CASE WHEN alone THEN volume
           ELSE sum(volume) OVER (PARTITION BY month_start, category_code,
                                               unit, alone)
         END AS total
  FROM line l
),
pair AS (
  SELECT month_start, bucket, category_code, channel_code, unit, alone,
         sum(cost) AS c1, sum(volume) AS q1, sum(total) AS v1,
         sum(cost_before) AS c0, sum(volume_before) AS q0,
         sum(total_before) AS v0
  FROM (
    SELECT month_start, bucket, category_code, channel_code, unit, alone,
           cost, volume, total, 0 AS cost_before,
           NULL::numeric AS volume_before, NULL::numeric AS total_before
    FROM with_total
    UNION ALL
    SELECT (month_start + interval '1 month')::date, bucket, category_code,
           channel_code, unit, alone, 0, NULL, NULL, cost, volume, total
    FROM with_total
  ) side
  GROUP BY month_start, bucket, category_code, channel_code, unit, alone
),
-- the other side of a line that is new or gone is its category's total
complete AS (
  SELECT p.month_start, p.bucket, p.category_code, p.channel_code, p.unit,
         p.c0, p.c1, coalesce(p.q0, 0) AS q0, coalesce(p.q1, 0) AS q1,
         coalesce(p.v0, max(p.v0) OVER same, 0) AS v0,
         coalesce(p.v1, max(p.v1) OVER same, 0) AS v1
  FROM pair p
  WINDOW same AS (PARTITION BY p.month_start, p.category_code, p.unit,
                               p.alone)
),
effect AS (
  SELECT c.*,
         CASE
           WHEN q0 = 0 AND q1 = 0 THEN 0
           WHEN v0 = 0 THEN c1 - c0
           ELSE round((v1 - v0) * c0 / v0, 4)
         END AS volume_effect,
         CASE
           WHEN q0 = 0 AND q1 = 0 THEN c1 - c0
           WHEN v0 = 0 OR q0 = 0 THEN 0
           WHEN q1 = 0 THEN c1
           ELSE round(c1 - q1 * c0 / q0, 4)
         END AS rate_effect
  FROM complete c
)
SELECT
  e.month_start, e.bucket COLLATE "default" AS bucket,
  e.category_code COLLATE "default" AS category_code,
  e.channel_code COLLATE "default" AS channel_code,
  e.unit COLLATE "default" AS unit,
  e.c0 AS cost_before, e.c1 AS cost, e.q0 AS volume_before, e.q1 AS volume,
  e.volume_effect, e.rate_effect,
  e.c1 - e.c0 - e.volume_effect - e.rate_effect AS mix_effect,
  e.c1 - e.c0 AS total_change,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 category.name, category.name_zh,
                 e.category_code COLLATE "default") AS category_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 channel.name, channel.name_zh,
                 e.channel_code COLLATE "default") AS channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 u.name, u.name_zh, e.unit COLLATE "default") AS unit_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 b.name, b.name_zh, e.bucket COLLATE "default")
    AS bucket_name
FROM effect e
LEFT JOIN cost_category category ON category.code = e.category_code
LEFT JOIN channel channel ON channel.code = e.channel_code
LEFT JOIN term u ON u.kind = 'unit' AND u.code = e.unit
LEFT JOIN term b ON b.kind = 'bucket' AND b.code = e.bucket
WHERE e.month_start <= (SELECT least(crmcost._last_complete_month(r.as_of),
                                     (SELECT max(month_start) FROM booked))
                        FROM last_refresh r)
      AND e.month_start > (SELECT min(month_start) FROM booked);

COMMENT ON VIEW cost_driver IS
'Change of cost against the month before by volume, rate and mix, one row a complete month, category, channel and unit with cost in either month.';
COMMENT ON COLUMN cost_driver.month_start IS
'First day of the month.';
COMMENT ON COLUMN cost_driver.bucket IS
'Kind of customer cost.';
COMMENT ON COLUMN cost_driver.category_code IS
'Cost category.';
COMMENT ON COLUMN cost_driver.channel_code IS
'Channel, or that of the campaign; (unknown) where neither tells.';
COMMENT ON COLUMN cost_driver.unit IS
'What the volume counts: the unit booked, new customer or active customer.';
COMMENT ON COLUMN cost_driver.cost_before IS
'Cost of the month before, in base currency.';
COMMENT ON COLUMN cost_driver.cost IS
'Cost of the month, in base currency.';
COMMENT ON COLUMN cost_driver.volume_before IS
'Volume of the month before; 0 for none.';
COMMENT ON COLUMN cost_driver.volume IS
'Volume of the month; 0 for none.';
COMMENT ON COLUMN cost_driver.volume_effect IS
'Change because the category''s volume changed.';
COMMENT ON COLUMN cost_driver.rate_effect IS
'Change because a unit became dearer or cheaper.';
COMMENT ON COLUMN cost_driver.mix_effect IS
'Change because volume moved to other channels.';
COMMENT ON COLUMN cost_driver.total_change IS
'Cost less cost of the month before: the sum of the three effects.';
COMMENT ON COLUMN cost_driver.currency IS
'Base currency.';
COMMENT ON COLUMN cost_driver.category_name IS
'Name of the category.';
COMMENT ON COLUMN cost_driver.channel_name IS
'Name of the channel.';
COMMENT ON COLUMN cost_driver.unit_name IS
'What the volume counts, in the language of the ledger.';
COMMENT ON COLUMN cost_driver.bucket_name IS 'Name of the bucket.';
