-- What a redeemed coupon costs: cost of ret.loyalty.coupon and below for each
-- interaction of subtype redeemed or coupon_redemption.
CREATE VIEW coupon_cost WITH (security_invoker = true) AS
SELECT
  c.month_start, c.campaign_code COLLATE "default" AS campaign_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, NULL,
                 c.campaign_code COLLATE "default") AS campaign_name,
  c.cost, c.redemptions,
  CASE WHEN c.unrated_entries = 0
    THEN round(c.cost / nullif(c.redemptions, 0), 4) END
    AS cost_per_redemption,
  c.unrated_entries, (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT month_start, coalesce(campaign_code, '(all)') AS campaign_code,
         sum(cost) AS cost, sum(redemptions)::bigint AS redemptions,
         sum(unrated_entries)::bigint AS unrated_entries
  FROM (
    SELECT m.month_start, m.campaign_code, m.cost, 0 AS redemptions,
           m.unrated_parts AS unrated_entries
    FROM cost_month m
    JOIN counted_category b
      ON b.month_start = m.month_start AND b.code = m.category_code
         AND b.ancestor = 'ret.loyalty.coupon'
    UNION ALL
    SELECT month_start, campaign_code, 0, redemptions, 0
    FROM exposure_month
    WHERE redemptions > 0
  ) part
  GROUP BY GROUPING SETS ((month_start, campaign_code), (month_start))
) c
LEFT JOIN campaign k ON k.code = c.campaign_code;

COMMENT ON VIEW coupon_cost IS
'What a redeemed coupon costs, as of the last refresh, one row a month and campaign with coupons or cost of them, and one a month with campaign (all).';
COMMENT ON COLUMN coupon_cost.month_start IS 'First day of the month.';
COMMENT ON COLUMN coupon_cost.campaign_code IS 'Campaign; (unknown) for none, (all) for all of them.';
COMMENT ON COLUMN coupon_cost.campaign_name IS 'Its name.';
COMMENT ON COLUMN coupon_cost.cost IS 'Cost of ret.loyalty.coupon and the categories below it.';
COMMENT ON COLUMN coupon_cost.redemptions IS 'Coupons redeemed: touches and behavior of subtype redeemed or coupon_redemption, those behind a count included.';
COMMENT ON COLUMN coupon_cost.cost_per_redemption IS 'Cost of each, 4 decimals; NULL without redemptions and where an entry has no rate.';
COMMENT ON COLUMN coupon_cost.unrated_entries IS 'Entries whose cost is not known, without a rate.';
COMMENT ON COLUMN coupon_cost.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN coupon_cost.currency IS 'Base currency, which money is in.';
