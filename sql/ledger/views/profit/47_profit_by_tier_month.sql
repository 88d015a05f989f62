CREATE VIEW profit_by_tier_month WITH (security_invoker = true) AS
SELECT
  p.month_start, p.dimension AS scheme,
  p.code AS tier, p.customers, p.revenue, p.discount,
  p.refund, p.revenue - p.margin AS cogs, p.margin, p.acquisition_cost,
  p.retention_cost, p.service_cost, p.churn_cost, p.data_cost,
  p.training_cost, p.program_cost, p.direct_cost, p.allocated_cost,
  p.direct_cost + p.allocated_cost AS total_cost,
  p.margin - p.direct_cost AS direct_profit, p.profit,
  CASE WHEN sum(p.profit) OVER (PARTITION BY p.month_start,
                                   p.dimension) > 0
    THEN round(p.profit
               / sum(p.profit) OVER (PARTITION BY p.month_start,
                                   p.dimension), 6)
  END AS contribution_share,
  greatest(-p.profit, 0) AS loss, n.rank AS tier_rank,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 p.code) AS tier_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, p.dimension)
    AS scheme_name
FROM (
  SELECT g.*, g.active_customers AS customers,
         g.margin - g.direct_cost - g.allocated_cost AS profit
  FROM counted_group g
  WHERE g.dimension NOT IN ('(segment)', '(acquisition)')
) p
LEFT JOIN tier n ON n.scheme = p.dimension AND n.code = p.code
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = p.dimension;

COMMENT ON VIEW profit_by_tier_month IS
'Profit and loss by tier and month, as of the last refresh, one row a scheme and tier and month with anything in it.';
COMMENT ON COLUMN profit_by_tier_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN profit_by_tier_month.scheme IS 'Tier scheme.';
COMMENT ON COLUMN profit_by_tier_month.tier IS 'Tier that the customers have, or had when the month was closed; (unknown) for none.';
COMMENT ON COLUMN profit_by_tier_month.customers IS 'Customers who bought in the month.';
COMMENT ON COLUMN profit_by_tier_month.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN profit_by_tier_month.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN profit_by_tier_month.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN profit_by_tier_month.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_tier_month.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN profit_by_tier_month.acquisition_cost IS 'Direct and allocated cost of winning customers.';
COMMENT ON COLUMN profit_by_tier_month.retention_cost IS 'Direct and allocated cost of keeping customers.';
COMMENT ON COLUMN profit_by_tier_month.service_cost IS 'Direct and allocated cost of serving customers.';
COMMENT ON COLUMN profit_by_tier_month.churn_cost IS 'Direct and allocated cost of customers who leave.';
COMMENT ON COLUMN profit_by_tier_month.data_cost IS 'Direct and allocated cost of customer data.';
COMMENT ON COLUMN profit_by_tier_month.training_cost IS 'Direct and allocated cost of training.';
COMMENT ON COLUMN profit_by_tier_month.program_cost IS 'Direct and allocated cost of the customer management programme.';
COMMENT ON COLUMN profit_by_tier_month.direct_cost IS 'Part of the total cost that was booked on customers.';
COMMENT ON COLUMN profit_by_tier_month.allocated_cost IS 'Part of the total cost that allocation rules gave to customers.';
COMMENT ON COLUMN profit_by_tier_month.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN profit_by_tier_month.direct_profit IS 'Margin less direct cost alone.';
COMMENT ON COLUMN profit_by_tier_month.profit IS 'Margin less total cost.';
COMMENT ON COLUMN profit_by_tier_month.contribution_share IS 'Profit as a part of the profit of all, which may be negative or exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN profit_by_tier_month.loss IS 'What is lost: the profit without its sign where it is negative, else 0.';
COMMENT ON COLUMN profit_by_tier_month.tier_rank IS 'Place of the tier, 1 the best; NULL for (unknown).';
COMMENT ON COLUMN profit_by_tier_month.tier_name IS 'Name of the tier.';
COMMENT ON COLUMN profit_by_tier_month.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN profit_by_tier_month.scheme_name IS 'Name of the scheme.';
