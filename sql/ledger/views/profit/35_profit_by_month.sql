-- Profit of all customers, and with it what no customer bears: the last column
-- is margin less all cost there is.
CREATE VIEW profit_by_month WITH (security_invoker = true) AS
SELECT
  p.month_start, coalesce(m.customers, 0) AS customers, p.revenue, p.discount,
  p.refund, p.revenue - p.margin AS cogs, p.margin, p.acquisition_cost,
  p.retention_cost, p.service_cost, p.churn_cost, p.data_cost,
  p.training_cost, p.program_cost, p.direct_cost, p.allocated_cost,
  p.direct_cost + p.allocated_cost AS total_cost,
  p.margin - p.direct_cost AS direct_profit,
  p.margin - p.direct_cost - p.allocated_cost AS profit,
  p.unused_cost AS unused_capacity_cost, p.unallocated_cost,
  p.margin - p.direct_cost - p.allocated_cost - p.unused_cost
    - p.unallocated_cost AS ledger_profit,
  (p.month_start + interval '1 month')::date - 1
    <= (SELECT as_of FROM last_refresh) AS complete,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT p.month_start, sum(p.revenue) AS revenue,
         sum(p.discount) AS discount, sum(p.refund) AS refund,
         sum(p.margin) AS margin,
         coalesce(sum(p.direct_cost + p.allocated_cost)
             FILTER (WHERE p.bucket = 'acquisition'), 0) AS acquisition_cost,
         coalesce(sum(p.direct_cost + p.allocated_cost)
             FILTER (WHERE p.bucket = 'retention'), 0) AS retention_cost,
         coalesce(sum(p.direct_cost + p.allocated_cost)
             FILTER (WHERE p.bucket = 'service'), 0) AS service_cost,
         coalesce(sum(p.direct_cost + p.allocated_cost)
             FILTER (WHERE p.bucket = 'churn'), 0) AS churn_cost,
         coalesce(sum(p.direct_cost + p.allocated_cost)
             FILTER (WHERE p.bucket = 'data'), 0) AS data_cost,
         coalesce(sum(p.direct_cost + p.allocated_cost)
             FILTER (WHERE p.bucket = 'training'), 0) AS training_cost,
         coalesce(sum(p.direct_cost + p.allocated_cost)
             FILTER (WHERE p.bucket = 'program'), 0) AS program_cost,
         sum(p.direct_cost) AS direct_cost,
         sum(p.allocated_cost) AS allocated_cost,
         sum(p.unused_cost) AS unused_cost,
         sum(p.unallocated_cost) AS unallocated_cost
  FROM profit_part p
  GROUP BY p.month_start
) p
LEFT JOIN (
  SELECT month_start, sum(active_customers)::bigint AS customers
  FROM counted_group
  WHERE dimension = '(segment)'
  GROUP BY month_start
) m ON m.month_start = p.month_start;

COMMENT ON VIEW profit_by_month IS
'Profit and loss by month, as of the last refresh, one row a month with sales or cost.';
COMMENT ON COLUMN profit_by_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN profit_by_month.customers IS 'Customers who bought in the month.';
COMMENT ON COLUMN profit_by_month.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN profit_by_month.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN profit_by_month.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN profit_by_month.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_month.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN profit_by_month.acquisition_cost IS 'Direct and allocated cost of winning customers.';
COMMENT ON COLUMN profit_by_month.retention_cost IS 'Direct and allocated cost of keeping customers.';
COMMENT ON COLUMN profit_by_month.service_cost IS 'Direct and allocated cost of serving customers.';
COMMENT ON COLUMN profit_by_month.churn_cost IS 'Direct and allocated cost of customers who leave.';
COMMENT ON COLUMN profit_by_month.data_cost IS 'Direct and allocated cost of customer data.';
COMMENT ON COLUMN profit_by_month.training_cost IS 'Direct and allocated cost of training.';
COMMENT ON COLUMN profit_by_month.program_cost IS 'Direct and allocated cost of the customer management programme.';
COMMENT ON COLUMN profit_by_month.direct_cost IS 'Part of the total cost that was booked on customers.';
COMMENT ON COLUMN profit_by_month.allocated_cost IS 'Part of the total cost that allocation rules gave to customers.';
COMMENT ON COLUMN profit_by_month.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN profit_by_month.direct_profit IS 'Margin less direct cost alone.';
COMMENT ON COLUMN profit_by_month.profit IS 'Margin less total cost.';
COMMENT ON COLUMN profit_by_month.unused_capacity_cost IS 'Cost of capacity that nobody used.';
COMMENT ON COLUMN profit_by_month.unallocated_cost IS 'Cost that nobody bears for want of a rule or a driver.';
COMMENT ON COLUMN profit_by_month.ledger_profit IS 'Margin less all cost, borne by customers or not.';
COMMENT ON COLUMN profit_by_month.complete IS 'Whether the month is over on the report day.';
COMMENT ON COLUMN profit_by_month.currency IS 'Base currency, which all money here is in.';
