-- All months of the customers of a group.
CREATE VIEW profit_by_tier WITH (security_invoker = true) AS
SELECT
  p.dimension COLLATE "default" AS scheme, p.code COLLATE "default" AS tier,
  k.customers, p.revenue, p.discount, p.refund, p.revenue - p.margin AS cogs,
  p.margin, p.acquisition_cost, p.retention_cost, p.service_cost,
  p.churn_cost, p.data_cost, p.training_cost, p.program_cost, p.direct_cost,
  p.allocated_cost, p.direct_cost + p.allocated_cost AS total_cost,
  p.margin - p.direct_cost AS direct_profit, p.profit,
  CASE WHEN sum(p.profit) OVER (PARTITION BY p.dimension) > 0
    THEN round(p.profit
               / sum(p.profit) OVER (PARTITION BY p.dimension), 6)
  END AS contribution_share,
  greatest(-p.profit, 0) AS loss, n.rank AS tier_rank,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 p.code COLLATE "default") AS tier_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, p.dimension COLLATE "default")
    AS scheme_name
FROM (
  SELECT dimension, code,
         sum(active_customers)::bigint AS customers,
         sum(revenue) AS revenue, sum(discount) AS discount,
         sum(refund) AS refund, sum(margin) AS margin,
         sum(acquisition_cost) AS acquisition_cost,
         sum(retention_cost) AS retention_cost,
         sum(service_cost) AS service_cost,
         sum(churn_cost) AS churn_cost,
         sum(data_cost) AS data_cost,
         sum(training_cost) AS training_cost,
         sum(program_cost) AS program_cost,
         sum(direct_cost) AS direct_cost,
         sum(allocated_cost) AS allocated_cost,
         sum(margin - direct_cost - allocated_cost) AS profit
  FROM group_month
  WHERE dimension NOT IN ('(segment)', '(acquisition)', '(cohort)')
  GROUP BY dimension, code
) p
JOIN group_size k ON k.dimension = p.dimension AND k.code = p.code
LEFT JOIN tier n ON n.scheme = p.dimension AND n.code = p.code
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = p.dimension;

COMMENT ON VIEW profit_by_tier IS
'Profit and loss by tier, as of the last refresh, one row a scheme and tier with customers.';
COMMENT ON COLUMN profit_by_tier.scheme IS 'Tier scheme.';
COMMENT ON COLUMN profit_by_tier.tier IS 'Tier that the customers have now; (unknown) for none.';
COMMENT ON COLUMN profit_by_tier.customers IS 'Customers.';
COMMENT ON COLUMN profit_by_tier.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN profit_by_tier.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN profit_by_tier.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN profit_by_tier.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_tier.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN profit_by_tier.acquisition_cost IS 'Direct and allocated cost of winning customers.';
COMMENT ON COLUMN profit_by_tier.retention_cost IS 'Direct and allocated cost of keeping customers.';
COMMENT ON COLUMN profit_by_tier.service_cost IS 'Direct and allocated cost of serving customers.';
COMMENT ON COLUMN profit_by_tier.churn_cost IS 'Direct and allocated cost of customers who leave.';
COMMENT ON COLUMN profit_by_tier.data_cost IS 'Direct and allocated cost of customer data.';
COMMENT ON COLUMN profit_by_tier.training_cost IS 'Direct and allocated cost of training.';
COMMENT ON COLUMN profit_by_tier.program_cost IS 'Direct and allocated cost of the customer management programme.';
COMMENT ON COLUMN profit_by_tier.direct_cost IS 'Part of the total cost that was booked on customers.';
COMMENT ON COLUMN profit_by_tier.allocated_cost IS 'Part of the total cost that allocation rules gave to customers.';
COMMENT ON COLUMN profit_by_tier.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN profit_by_tier.direct_profit IS 'Margin less direct cost alone.';
COMMENT ON COLUMN profit_by_tier.profit IS 'Margin less total cost.';
COMMENT ON COLUMN profit_by_tier.contribution_share IS 'Profit as a part of the profit of all, which may be negative or exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN profit_by_tier.loss IS 'What is lost: the profit without its sign where it is negative, else 0.';
COMMENT ON COLUMN profit_by_tier.tier_rank IS 'Place of the tier, 1 the best; NULL for (unknown).';
COMMENT ON COLUMN profit_by_tier.tier_name IS 'Name of the tier.';
COMMENT ON COLUMN profit_by_tier.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN profit_by_tier.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN profit_by_tier.scheme_name IS 'Name of the scheme.';
