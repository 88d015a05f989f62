-- The line of profit and loss from which every cut of customers by month is
-- summed up.
CREATE VIEW customer_profit_by_month WITH (security_invoker = true) AS
SELECT
  m.customer_id, m.month_start, m.revenue, m.discount, m.refund,
  m.revenue - m.margin AS cogs, m.margin,
  m.acquisition_direct_cost + m.acquisition_allocated_cost AS acquisition_cost,
  m.retention_direct_cost + m.retention_allocated_cost AS retention_cost,
  m.service_direct_cost + m.service_allocated_cost AS service_cost,
  m.churn_direct_cost + m.churn_allocated_cost AS churn_cost,
  m.data_direct_cost + m.data_allocated_cost AS data_cost,
  m.training_direct_cost + m.training_allocated_cost AS training_cost,
  m.program_direct_cost + m.program_allocated_cost AS program_cost,
  m.direct_cost, m.allocated_cost,
  m.direct_cost + m.allocated_cost AS total_cost,
  m.margin - m.direct_cost AS direct_profit,
  m.margin - m.direct_cost - m.allocated_cost AS profit, m.orders,
  m.sale_lines > 0 AS active,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM customer_month m;

COMMENT ON VIEW customer_profit_by_month IS
'Profit and loss of a customer by month, as of the last refresh, one row a customer and month with anything in it.';
COMMENT ON COLUMN customer_profit_by_month.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_profit_by_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN customer_profit_by_month.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN customer_profit_by_month.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN customer_profit_by_month.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN customer_profit_by_month.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN customer_profit_by_month.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN customer_profit_by_month.acquisition_cost IS 'Direct and allocated cost of winning customers.';
COMMENT ON COLUMN customer_profit_by_month.retention_cost IS 'Direct and allocated cost of keeping customers.';
COMMENT ON COLUMN customer_profit_by_month.service_cost IS 'Direct and allocated cost of serving customers.';
COMMENT ON COLUMN customer_profit_by_month.churn_cost IS 'Direct and allocated cost of customers who leave.';
COMMENT ON COLUMN customer_profit_by_month.data_cost IS 'Direct and allocated cost of customer data.';
COMMENT ON COLUMN customer_profit_by_month.training_cost IS 'Direct and allocated cost of training.';
COMMENT ON COLUMN customer_profit_by_month.program_cost IS 'Direct and allocated cost of the customer management programme.';
COMMENT ON COLUMN customer_profit_by_month.direct_cost IS 'Part of the total cost that was booked on customers.';
COMMENT ON COLUMN customer_profit_by_month.allocated_cost IS 'Part of the total cost that allocation rules gave to customers.';
COMMENT ON COLUMN customer_profit_by_month.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN customer_profit_by_month.direct_profit IS 'Margin less direct cost alone.';
COMMENT ON COLUMN customer_profit_by_month.profit IS 'Margin less total cost.';
COMMENT ON COLUMN customer_profit_by_month.orders IS 'Orders that count in the month; in the first open one less those of closed months that are none any more.';
COMMENT ON COLUMN customer_profit_by_month.active IS 'Whether the customer bought in the month.';
COMMENT ON COLUMN customer_profit_by_month.currency IS 'Base currency, which all money here is in.';
