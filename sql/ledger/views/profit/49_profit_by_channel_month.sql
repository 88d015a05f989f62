CREATE VIEW profit_by_channel_month WITH (security_invoker = true) AS
SELECT
  p.month_start, p.code AS channel_code, p.customers,
  p.revenue, p.discount, p.refund, p.revenue - p.margin AS cogs, p.margin,
  p.acquisition_cost, p.retention_cost, p.service_cost, p.churn_cost,
  p.data_cost, p.training_cost, p.program_cost, p.direct_cost,
  p.allocated_cost, p.direct_cost + p.allocated_cost AS total_cost,
  p.margin - p.direct_cost AS direct_profit, p.profit,
  CASE WHEN sum(p.profit) OVER (PARTITION BY p.month_start) > 0
    THEN round(p.profit
               / sum(p.profit) OVER (PARTITION BY p.month_start), 6)
  END AS contribution_share,
  greatest(-p.profit, 0) AS loss,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 p.code) AS channel_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT g.*, g.active_customers AS customers,
         g.margin - g.direct_cost - g.allocated_cost AS profit
  FROM counted_group g
  WHERE g.dimension = '(acquisition)'
) p
LEFT JOIN channel n ON n.code = p.code;

COMMENT ON VIEW profit_by_channel_month IS
'Profit and loss by the channel that brought the customers and month, as of the last refresh, one row a channel and month with anything in it.';
COMMENT ON COLUMN profit_by_channel_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN profit_by_channel_month.channel_code IS 'Channel that brought the customers, as it is known, or was when the month was closed; (unknown) where it is not known.';
COMMENT ON COLUMN profit_by_channel_month.customers IS 'Customers who bought in the month.';
COMMENT ON COLUMN profit_by_channel_month.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN profit_by_channel_month.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN profit_by_channel_month.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN profit_by_channel_month.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_channel_month.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN profit_by_channel_month.acquisition_cost IS 'Direct and allocated cost of winning customers.';
COMMENT ON COLUMN profit_by_channel_month.retention_cost IS 'Direct and allocated cost of keeping customers.';
COMMENT ON COLUMN profit_by_channel_month.service_cost IS 'Direct and allocated cost of serving customers.';
COMMENT ON COLUMN profit_by_channel_month.churn_cost IS 'Direct and allocated cost of customers who leave.';
COMMENT ON COLUMN profit_by_channel_month.data_cost IS 'Direct and allocated cost of customer data.';
COMMENT ON COLUMN profit_by_channel_month.training_cost IS 'Direct and allocated cost of training.';
COMMENT ON COLUMN profit_by_channel_month.program_cost IS 'Direct and allocated cost of the customer management programme.';
COMMENT ON COLUMN profit_by_channel_month.direct_cost IS 'Part of the total cost that was booked on customers.';
COMMENT ON COLUMN profit_by_channel_month.allocated_cost IS 'Part of the total cost that allocation rules gave to customers.';
COMMENT ON COLUMN profit_by_channel_month.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN profit_by_channel_month.direct_profit IS 'Margin less direct cost alone.';
COMMENT ON COLUMN profit_by_channel_month.profit IS 'Margin less total cost.';
COMMENT ON COLUMN profit_by_channel_month.contribution_share IS 'Profit as a part of the profit of all, which may be negative or exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN profit_by_channel_month.loss IS 'What is lost: the profit without its sign where it is negative, else 0.';
COMMENT ON COLUMN profit_by_channel_month.channel_name IS 'Its name.';
COMMENT ON COLUMN profit_by_channel_month.currency IS 'Base currency, which all money here is in.';
