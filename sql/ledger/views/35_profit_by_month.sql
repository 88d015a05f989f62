-- Profit of all customers, and with it what no customer bears: the last column is
-- margin less all cost there is.
CREATE VIEW profit_by_month WITH (security_invoker = true) AS
SELECT
  month_start, coalesce(m.customers, 0) AS customers,
  coalesce(m.revenue, 0) AS revenue, coalesce(m.discount, 0) AS discount,
  coalesce(m.refund, 0) AS refund,
  coalesce(m.revenue - m.margin, 0) AS cogs, coalesce(m.margin, 0) AS margin,
  coalesce(c.acquisition_cost, 0) AS acquisition_cost,
  coalesce(c.retention_cost, 0) AS retention_cost,
  coalesce(c.service_cost, 0) AS service_cost,
  coalesce(c.churn_cost, 0) AS churn_cost,
  coalesce(c.data_cost, 0) AS data_cost,
  coalesce(c.training_cost, 0) AS training_cost,
  coalesce(c.program_cost, 0) AS program_cost,
  coalesce(c.direct_cost, 0) AS direct_cost,
  coalesce(c.allocated_cost, 0) AS allocated_cost,
  coalesce(c.direct_cost + c.allocated_cost, 0) AS total_cost,
  coalesce(m.margin, 0) - coalesce(c.direct_cost, 0) AS direct_profit,
  coalesce(m.margin, 0) - coalesce(c.direct_cost + c.allocated_cost, 0)
    AS profit,
  coalesce(o.unused_cost, 0) AS unused_capacity_cost,
  coalesce(o.unallocated_cost, 0) AS unallocated_cost,
  coalesce(m.margin, 0)
    - coalesce(c.direct_cost + c.allocated_cost, 0)
    - coalesce(o.unused_cost + o.unallocated_cost, 0) AS ledger_profit
FROM (
  SELECT month_start, count(*) FILTER (WHERE sale_lines > 0) AS customers,
         sum(revenue) AS revenue, sum(discount) AS discount,
         sum(refund) AS refund, sum(margin) AS margin
  FROM customer_month
  GROUP BY month_start
) m
FULL JOIN (
  SELECT month_start,
         coalesce(sum(direct_cost + allocated_cost)
                    FILTER (WHERE bucket = 'acquisition'), 0) AS acquisition_cost,
         coalesce(sum(direct_cost + allocated_cost)
                    FILTER (WHERE bucket = 'retention'), 0) AS retention_cost,
         coalesce(sum(direct_cost + allocated_cost)
                    FILTER (WHERE bucket = 'service'), 0) AS service_cost,
         coalesce(sum(direct_cost + allocated_cost)
                    FILTER (WHERE bucket = 'churn'), 0) AS churn_cost,
         coalesce(sum(direct_cost + allocated_cost)
                    FILTER (WHERE bucket = 'data'), 0) AS data_cost,
         coalesce(sum(direct_cost + allocated_cost)
                    FILTER (WHERE bucket = 'training'), 0) AS training_cost,
         coalesce(sum(direct_cost + allocated_cost)
                    FILTER (WHERE bucket = 'program'), 0) AS program_cost,
         sum(direct_cost) AS direct_cost, sum(allocated_cost) AS allocated_cost
  FROM (SELECT month_start, bucket, sum(direct_cost) AS direct_cost,
               sum(allocated_cost) AS allocated_cost
        FROM customer_month_cost
        GROUP BY month_start, bucket) b
  GROUP BY month_start
) c USING (month_start)
FULL JOIN (
  SELECT month_start, sum(unused_cost) AS unused_cost,
         sum(unallocated_cost) AS unallocated_cost
  FROM cost_pool
  GROUP BY month_start
) o USING (month_start);

COMMENT ON VIEW profit_by_month IS
'Profit and loss by month, as of the last refresh, one row a month.';
COMMENT ON COLUMN profit_by_month.month_start IS
'First day of the month.';
COMMENT ON COLUMN profit_by_month.customers IS
'Customers who bought.';
COMMENT ON COLUMN profit_by_month.revenue IS
'Net revenue, after discounts and refunds, in base currency.';
COMMENT ON COLUMN profit_by_month.discount IS
'Discounts given, already taken off revenue, in base currency.';
COMMENT ON COLUMN profit_by_month.refund IS
'Refunds, already taken off revenue, 0 or negative, in base currency.';
COMMENT ON COLUMN profit_by_month.cogs IS
'Cost of goods, in base currency; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_month.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN profit_by_month.acquisition_cost IS
'Cost of winning customers, in base currency.';
COMMENT ON COLUMN profit_by_month.retention_cost IS
'Cost of keeping customers, in base currency.';
COMMENT ON COLUMN profit_by_month.service_cost IS
'Cost of serving customers, in base currency.';
COMMENT ON COLUMN profit_by_month.churn_cost IS
'Cost of customers who leave, in base currency.';
COMMENT ON COLUMN profit_by_month.data_cost IS
'Cost of customer data, in base currency.';
COMMENT ON COLUMN profit_by_month.training_cost IS
'Cost of training, in base currency.';
COMMENT ON COLUMN profit_by_month.program_cost IS
'Cost of the CRM programme, in base currency.';
COMMENT ON COLUMN profit_by_month.direct_cost IS
'Part of total cost that was booked on customers, in base currency.';
COMMENT ON COLUMN profit_by_month.allocated_cost IS
'Part of total cost that allocation rules gave to customers, in base currency.';
COMMENT ON COLUMN profit_by_month.total_cost IS
'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN profit_by_month.direct_profit IS
'Margin less direct cost alone, in base currency.';
COMMENT ON COLUMN profit_by_month.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN profit_by_month.unused_capacity_cost IS
'Cost of capacity that nobody used, in base currency.';
COMMENT ON COLUMN profit_by_month.unallocated_cost IS
'Cost that no customer bears for want of a rule or driver, in base currency.';
COMMENT ON COLUMN profit_by_month.ledger_profit IS
'Margin less all cost, borne by customers or not, in base currency.';
