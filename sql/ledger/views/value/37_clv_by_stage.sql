-- In which stage of their life customers bring their margin: an order stands
-- under the stage that it found and the one that it left behind.  So first
-- orders are those from lead to active, and those that won somebody back from
-- churned to won_back.
CREATE VIEW clv_by_stage WITH (security_invoker = true) AS
SELECT
  c.stage_before COLLATE "default" AS stage_before,
  c.stage_after COLLATE "default" AS stage_after, c.customers, c.orders,
  c.revenue, c.margin,
  CASE WHEN sum(c.margin) OVER () > 0
    THEN round(c.margin / sum(c.margin) OVER (), 6)
  END AS margin_share,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 b.name, b.name_zh,
                 c.stage_before COLLATE "default") AS stage_before_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 a.name, a.name_zh,
                 c.stage_after COLLATE "default") AS stage_after_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM stage_total c
LEFT JOIN stage b ON b.code = c.stage_before
LEFT JOIN stage a ON a.code = c.stage_after;

COMMENT ON VIEW clv_by_stage IS
'Orders by the stage of the customer before and after them, as of the last refresh, one row a pair of stages.';
COMMENT ON COLUMN clv_by_stage.stage_before IS 'Stage at the beginning of the day of the orders: lead for who was not acquired by then; (unknown) for anonymous traffic and for refunds without an order.';
COMMENT ON COLUMN clv_by_stage.stage_after IS 'Stage that the order left the customer in; (unknown) likewise.';
COMMENT ON COLUMN clv_by_stage.customers IS 'Customers with such an order.';
COMMENT ON COLUMN clv_by_stage.orders IS 'Orders.';
COMMENT ON COLUMN clv_by_stage.revenue IS 'Their net revenue, refunds taken off.';
COMMENT ON COLUMN clv_by_stage.margin IS 'Their margin.';
COMMENT ON COLUMN clv_by_stage.margin_share IS 'That as a part of all margin, 6 decimals; NULL where all margin is not positive.';
COMMENT ON COLUMN clv_by_stage.stage_before_name IS 'Name of the stage before.';
COMMENT ON COLUMN clv_by_stage.stage_after_name IS 'Name of the stage after.';
COMMENT ON COLUMN clv_by_stage.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN clv_by_stage.currency IS 'Base currency, which all money here is in.';
