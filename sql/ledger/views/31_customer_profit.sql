-- The profit and loss of a customer, direct and at full cost side by side.
CREATE VIEW customer_profit WITH (security_invoker = true) AS
SELECT
  s.customer_id, s.revenue, s.margin, s.total_cost, s.profit,
  s.profit / nullif(sum(s.profit) OVER (), 0) AS contribution_share,
  row_number() OVER (ORDER BY s.profit DESC, s.customer_id) AS profit_rank,
  s.orders, s.products, s.as_of,
  coalesce(m.discount, 0) AS discount, coalesce(m.refund, 0) AS refund,
  s.revenue - s.margin AS cogs,
  coalesce(c.acquisition_cost, 0) AS acquisition_cost,
  coalesce(c.retention_cost, 0) AS retention_cost,
  coalesce(c.service_cost, 0) AS service_cost,
  coalesce(c.churn_cost, 0) AS churn_cost,
  coalesce(c.data_cost, 0) AS data_cost,
  coalesce(c.training_cost, 0) AS training_cost,
  coalesce(c.program_cost, 0) AS program_cost,
  coalesce(c.direct_cost, 0) AS direct_cost,
  coalesce(c.allocated_cost, 0) AS allocated_cost,
  s.margin - coalesce(c.direct_cost, 0) AS direct_profit
FROM customer_snapshot s
LEFT JOIN (
  SELECT customer_id, sum(discount) AS discount, sum(refund) AS refund
  FROM customer_month
  GROUP BY customer_id
) m ON m.customer_id = s.customer_id
LEFT JOIN (
  SELECT customer_id,
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
  FROM customer_month_cost
  GROUP BY customer_id
) c ON c.customer_id = s.customer_id
WHERE s.as_of = (SELECT as_of FROM last_refresh);

COMMENT ON VIEW customer_profit IS
'Who makes and who loses money, as of the last refresh, one row a customer who bought, cost something or was acquired; none before the first refresh.';
COMMENT ON COLUMN customer_profit.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_profit.revenue IS
'Net revenue, after discounts and refunds, in base currency.';
COMMENT ON COLUMN customer_profit.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN customer_profit.total_cost IS
'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN customer_profit.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN customer_profit.contribution_share IS
'Profit as a share of the profit of all, which may be negative or exceed 1; NULL when that is 0. When all together lose, signs turn: loss makers have positive shares.';
COMMENT ON COLUMN customer_profit.profit_rank IS
'Place by profit, 1 the most profitable; equal profits in order of customer_id.';
COMMENT ON COLUMN customer_profit.orders IS
'Number of orders.';
COMMENT ON COLUMN customer_profit.products IS
'Number of different products bought.';
COMMENT ON COLUMN customer_profit.as_of IS
'Day that the row is for.';
COMMENT ON COLUMN customer_profit.discount IS
'Discounts given, already taken off revenue, in base currency.';
COMMENT ON COLUMN customer_profit.refund IS
'Refunds, already taken off revenue, 0 or negative, in base currency.';
COMMENT ON COLUMN customer_profit.cogs IS
'Cost of goods, in base currency; unknown cost counts as 0.';
COMMENT ON COLUMN customer_profit.acquisition_cost IS
'Cost of winning customers, in base currency.';
COMMENT ON COLUMN customer_profit.retention_cost IS
'Cost of keeping customers, in base currency.';
COMMENT ON COLUMN customer_profit.service_cost IS
'Cost of serving customers, in base currency.';
COMMENT ON COLUMN customer_profit.churn_cost IS
'Cost of customers who leave, in base currency.';
COMMENT ON COLUMN customer_profit.data_cost IS
'Cost of customer data, in base currency.';
COMMENT ON COLUMN customer_profit.training_cost IS
'Cost of training, in base currency.';
COMMENT ON COLUMN customer_profit.program_cost IS
'Cost of the CRM programme, in base currency.';
COMMENT ON COLUMN customer_profit.direct_cost IS
'Part of total cost that was booked on customers, in base currency.';
COMMENT ON COLUMN customer_profit.allocated_cost IS
'Part of total cost that allocation rules gave to customers, in base currency.';
COMMENT ON COLUMN customer_profit.direct_profit IS
'Margin less direct cost alone, in base currency.';
