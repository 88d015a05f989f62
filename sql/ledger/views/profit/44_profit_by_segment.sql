-- All months of the customers of a group.
CREATE VIEW profit_by_segment WITH (security_invoker = true) AS
SELECT
  p.code COLLATE "default" AS segment, k.customers, p.revenue, p.discount,
  p.refund, p.revenue - p.margin AS cogs, p.margin, p.acquisition_cost,
  p.retention_cost, p.service_cost, p.churn_cost, p.data_cost,
  p.training_cost, p.program_cost, p.direct_cost, p.allocated_cost,
  p.direct_cost + p.allocated_cost AS total_cost,
  p.margin - p.direct_cost AS direct_profit, p.profit,
  CASE WHEN sum(p.profit) OVER () > 0
    THEN round(p.profit
               / sum(p.profit) OVER (), 6)
  END AS contribution_share,
  greatest(-p.profit, 0) AS loss,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 p.code COLLATE "default") AS segment_name,
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
  WHERE dimension = '(segment)'
  GROUP BY dimension, code
) p
JOIN group_size k ON k.dimension = p.dimension AND k.code = p.code
LEFT JOIN term n ON n.kind = 'segment' AND n.code = p.code;

COMMENT ON VIEW profit_by_segment IS
'Profit and loss by RFM segment, as of the last refresh, one row a segment with customers.';
COMMENT ON COLUMN profit_by_segment.segment IS 'RFM segment that the customers are in now; (unknown) for none.';
COMMENT ON COLUMN profit_by_segment.customers IS 'Customers.';
COMMENT ON COLUMN profit_by_segment.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN profit_by_segment.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN profit_by_segment.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN profit_by_segment.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN profit_by_segment.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN profit_by_segment.acquisition_cost IS 'Direct and allocated cost of winning customers.';
COMMENT ON COLUMN profit_by_segment.retention_cost IS 'Direct and allocated cost of keeping customers.';
COMMENT ON COLUMN profit_by_segment.service_cost IS 'Direct and allocated cost of serving customers.';
COMMENT ON COLUMN profit_by_segment.churn_cost IS 'Direct and allocated cost of customers who leave.';
COMMENT ON COLUMN profit_by_segment.data_cost IS 'Direct and allocated cost of customer data.';
COMMENT ON COLUMN profit_by_segment.training_cost IS 'Direct and allocated cost of training.';
COMMENT ON COLUMN profit_by_segment.program_cost IS 'Direct and allocated cost of the customer management programme.';
COMMENT ON COLUMN profit_by_segment.direct_cost IS 'Part of the total cost that was booked on customers.';
COMMENT ON COLUMN profit_by_segment.allocated_cost IS 'Part of the total cost that allocation rules gave to customers.';
COMMENT ON COLUMN profit_by_segment.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN profit_by_segment.direct_profit IS 'Margin less direct cost alone.';
COMMENT ON COLUMN profit_by_segment.profit IS 'Margin less total cost.';
COMMENT ON COLUMN profit_by_segment.contribution_share IS 'Profit as a part of the profit of all, which may be negative or exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN profit_by_segment.loss IS 'What is lost: the profit without its sign where it is negative, else 0.';
COMMENT ON COLUMN profit_by_segment.segment_name IS 'Its name.';
COMMENT ON COLUMN profit_by_segment.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN profit_by_segment.currency IS 'Base currency, which all money here is in.';
