CREATE VIEW profit_by_tier WITH (security_invoker = true) AS
SELECT
  scheme.code AS scheme, t.tier, count(*) AS customers,
  sum(p.revenue) AS revenue, sum(p.discount) AS discount,
  sum(p.refund) AS refund, sum(p.cogs) AS cogs, sum(p.margin) AS margin,
  sum(p.acquisition_cost) AS acquisition_cost,
  sum(p.retention_cost) AS retention_cost,
  sum(p.service_cost) AS service_cost, sum(p.churn_cost) AS churn_cost,
  sum(p.data_cost) AS data_cost, sum(p.training_cost) AS training_cost,
  sum(p.program_cost) AS program_cost, sum(p.direct_cost) AS direct_cost,
  sum(p.allocated_cost) AS allocated_cost, sum(p.total_cost) AS total_cost,
  sum(p.direct_profit) AS direct_profit, sum(p.profit) AS profit,
  sum(p.profit) / nullif(sum(sum(p.profit)) OVER (PARTITION BY scheme.code), 0)
    AS contribution_share
FROM customer_profit p
CROSS JOIN (SELECT DISTINCT scheme AS code FROM tier) scheme
LEFT JOIN customer_tier t
  ON t.customer_id = p.customer_id AND t.scheme = scheme.code
GROUP BY scheme.code, t.tier;

COMMENT ON VIEW profit_by_tier IS
'Profit and loss by tier, as of the last refresh, one row a scheme and tier with customers.';
COMMENT ON COLUMN profit_by_tier.scheme IS
'Tier scheme.';
COMMENT ON COLUMN profit_by_tier.tier IS
'Code of the tier that holds now; NULL for customers without.';
COMMENT ON COLUMN profit_by_tier.customers IS
'Number of customers.';
COMMENT ON COLUMN profit_by_tier.revenue IS
'Net revenue, after discounts and refunds, in base currency.';
COMMENT ON COLUMN profit_by_tier.discount IS
'Discounts given, already taken off revenue, in base currency.';
COMMENT ON COLUMN profit_by_tier.refund IS
'Refunds, already taken off revenue, 0 or negative, in base currency.';
COMMENT ON COLUMN profit_by_tier.cogs IS
'Cost of goods, in base currency; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_tier.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN profit_by_tier.acquisition_cost IS
'Cost of winning customers, in base currency.';
COMMENT ON COLUMN profit_by_tier.retention_cost IS
'Cost of keeping customers, in base currency.';
COMMENT ON COLUMN profit_by_tier.service_cost IS
'Cost of serving customers, in base currency.';
COMMENT ON COLUMN profit_by_tier.churn_cost IS
'Cost of customers who leave, in base currency.';
COMMENT ON COLUMN profit_by_tier.data_cost IS
'Cost of customer data, in base currency.';
COMMENT ON COLUMN profit_by_tier.training_cost IS
'Cost of training, in base currency.';
COMMENT ON COLUMN profit_by_tier.program_cost IS
'Cost of the CRM programme, in base currency.';
COMMENT ON COLUMN profit_by_tier.direct_cost IS
'Part of total cost that was booked on customers, in base currency.';
COMMENT ON COLUMN profit_by_tier.allocated_cost IS
'Part of total cost that allocation rules gave to customers, in base currency.';
COMMENT ON COLUMN profit_by_tier.total_cost IS
'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN profit_by_tier.direct_profit IS
'Margin less direct cost alone, in base currency.';
COMMENT ON COLUMN profit_by_tier.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN profit_by_tier.contribution_share IS
'Profit as a share of the profit of all; NULL when that is 0.';
