-- All months of the customers of a group.
CREATE VIEW profit_by_channel WITH (security_invoker = true) AS
SELECT
  p.code COLLATE "default" AS channel_code, k.customers, p.revenue,
  p.discount, p.refund, p.revenue - p.margin AS cogs, p.margin,
  p.acquisition_cost, p.retention_cost, p.service_cost, p.churn_cost,
  p.data_cost, p.training_cost, p.program_cost, p.direct_cost,
  p.allocated_cost, p.direct_cost + p.allocated_cost AS total_cost,
  p.margin - p.direct_cost AS direct_profit, p.profit,
  CASE WHEN sum(p.profit) OVER () > 0
    THEN round(p.profit
               / sum(p.profit) OVER (), 6)
  END AS contribution_share,
  greatest(-p.profit, 0) AS loss,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 p.code COLLATE "default") AS channel_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
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
  WHERE dimension = '(acquisition)'
  GROUP BY dimension, code
) p
JOIN (
  SELECT code, sum(customers)::bigint AS customers
  FROM group_size
  WHERE dimension = '(acquisition)'
  GROUP BY code
) k ON k.code = p.code
LEFT JOIN channel n ON n.code = p.code
WHERE k.customers > 0;

COMMENT ON VIEW profit_by_channel IS
'Profit and loss by the channel that brought the customers, as of the last refresh, one row a channel with customers.';
COMMENT ON COLUMN profit_by_channel.channel_code IS 'Channel that brought the customers; (unknown) where it is not known.';
COMMENT ON COLUMN profit_by_channel.customers IS 'Customers.';
COMMENT ON COLUMN profit_by_channel.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN profit_by_channel.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN profit_by_channel.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN profit_by_channel.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_channel.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN profit_by_channel.acquisition_cost IS 'Direct and allocated cost of winning customers.';
COMMENT ON COLUMN profit_by_channel.retention_cost IS 'Direct and allocated cost of keeping customers.';
COMMENT ON COLUMN profit_by_channel.service_cost IS 'Direct and allocated cost of serving customers.';
COMMENT ON COLUMN profit_by_channel.churn_cost IS 'Direct and allocated cost of customers who leave.';
COMMENT ON COLUMN profit_by_channel.data_cost IS 'Direct and allocated cost of customer data.';
COMMENT ON COLUMN profit_by_channel.training_cost IS 'Direct and allocated cost of training.';
COMMENT ON COLUMN profit_by_channel.program_cost IS 'Direct and allocated cost of the customer management programme.';
COMMENT ON COLUMN profit_by_channel.direct_cost IS 'Part of the total cost that was booked on customers.';
COMMENT ON COLUMN profit_by_channel.allocated_cost IS 'Part of the total cost that allocation rules gave to customers.';
COMMENT ON COLUMN profit_by_channel.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN profit_by_channel.direct_profit IS 'Margin less direct cost alone.';
COMMENT ON COLUMN profit_by_channel.profit IS 'Margin less total cost.';
COMMENT ON COLUMN profit_by_channel.contribution_share IS 'Profit as a part of the profit of all, which may be negative or exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN profit_by_channel.loss IS 'What is lost: the profit without its sign where it is negative, else 0.';
COMMENT ON COLUMN profit_by_channel.channel_name IS 'Its name.';
COMMENT ON COLUMN profit_by_channel.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN profit_by_channel.currency IS 'Base currency, which all money here is in.';
