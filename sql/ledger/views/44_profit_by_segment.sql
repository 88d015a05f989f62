CREATE VIEW profit_by_segment WITH (security_invoker = true) AS
SELECT
  s.segment, count(*) AS customers,
  sum(p.revenue) AS revenue, sum(p.discount) AS discount,
  sum(p.refund) AS refund, sum(p.cogs) AS cogs, sum(p.margin) AS margin,
  sum(p.acquisition_cost) AS acquisition_cost,
  sum(p.retention_cost) AS retention_cost,
  sum(p.service_cost) AS service_cost, sum(p.churn_cost) AS churn_cost,
  sum(p.data_cost) AS data_cost, sum(p.training_cost) AS training_cost,
  sum(p.program_cost) AS program_cost, sum(p.direct_cost) AS direct_cost,
  sum(p.allocated_cost) AS allocated_cost, sum(p.total_cost) AS total_cost,
  sum(p.direct_profit) AS direct_profit, sum(p.profit) AS profit,
  sum(p.profit) / nullif(sum(sum(p.profit)) OVER (), 0)
    AS contribution_share
FROM customer_profit p
JOIN customer_snapshot s USING (customer_id, as_of)
GROUP BY s.segment;

COMMENT ON VIEW profit_by_segment IS
'Profit and loss by RFM segment, as of the last refresh, one row a segment with customers.';
COMMENT ON COLUMN profit_by_segment.segment IS
'Name of the RFM segment; NULL for customers without an order.';
COMMENT ON COLUMN profit_by_segment.customers IS
'Number of customers.';
COMMENT ON COLUMN profit_by_segment.revenue IS
'Net revenue, after discounts and refunds, in base currency.';
COMMENT ON COLUMN profit_by_segment.discount IS
'Discounts given, already taken off revenue, in base currency.';
COMMENT ON COLUMN profit_by_segment.refund IS
'Refunds, already taken off revenue, 0 or negative, in base currency.';
COMMENT ON COLUMN profit_by_segment.cogs IS
'Cost of goods, in base currency; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_segment.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN profit_by_segment.acquisition_cost IS
'Cost of winning customers, in base currency.';
COMMENT ON COLUMN profit_by_segment.retention_cost IS
'Cost of keeping customers, in base currency.';
COMMENT ON COLUMN profit_by_segment.service_cost IS
'Cost of serving customers, in base currency.';
COMMENT ON COLUMN profit_by_segment.churn_cost IS
'Cost of customers who leave, in base currency.';
COMMENT ON COLUMN profit_by_segment.data_cost IS
'Cost of customer data, in base currency.';
COMMENT ON COLUMN profit_by_segment.training_cost IS
'Cost of training, in base currency.';
COMMENT ON COLUMN profit_by_segment.program_cost IS
'Cost of the CRM programme, in base currency.';
COMMENT ON COLUMN profit_by_segment.direct_cost IS
'Part of total cost that was booked on customers, in base currency.';
COMMENT ON COLUMN profit_by_segment.allocated_cost IS
'Part of total cost that allocation rules gave to customers, in base currency.';
COMMENT ON COLUMN profit_by_segment.total_cost IS
'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN profit_by_segment.direct_profit IS
'Margin less direct cost alone, in base currency.';
COMMENT ON COLUMN profit_by_segment.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN profit_by_segment.contribution_share IS
'Profit as a share of the profit of all; NULL when that is 0.';
