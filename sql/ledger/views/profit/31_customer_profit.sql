-- The profit and loss of a customer so far, direct and at full cost side by
-- side, with the groups that others are asked about: profit_by_channel and its
-- like are sums of this.
CREATE VIEW customer_profit WITH (security_invoker = true) AS
SELECT
  v.customer_id, v.revenue, v.margin, v.total_cost, v.profit,
  s.contribution_share, s.profit_rank, v.orders, v.products,
  (SELECT as_of FROM last_refresh) AS as_of, v.discount, v.refund,
  v.revenue - v.margin AS cogs, v.acquisition_cost, v.retention_cost,
  v.service_cost, v.churn_cost, v.data_cost, v.training_cost, v.program_cost,
  v.direct_cost, v.allocated_cost, v.margin - v.direct_cost AS direct_profit,
  greatest(-v.profit, 0) AS loss,
  v.channel_code COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 v.channel_code COLLATE "default") AS channel_name,
  s.segment COLLATE "default" AS segment,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 s.segment COLLATE "default") AS segment_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM customer_value v
JOIN customer_score s ON s.customer_id = v.customer_id
LEFT JOIN channel h ON h.code = v.channel_code
LEFT JOIN term w ON w.kind = 'segment' AND w.code = s.segment;

COMMENT ON VIEW customer_profit IS
'Who makes and who loses money, as of the last refresh, one row a customer who bought, cost something or was acquired.';
COMMENT ON COLUMN customer_profit.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_profit.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN customer_profit.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN customer_profit.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN customer_profit.profit IS 'Margin less total cost.';
COMMENT ON COLUMN customer_profit.contribution_share IS 'Profit as a part of the profit of all, which may be negative or exceed 1, 6 decimals; NULL where all together make none.';
COMMENT ON COLUMN customer_profit.profit_rank IS 'Place by profit, 1 the most profitable; equal profits in order of customer_id.';
COMMENT ON COLUMN customer_profit.orders IS 'Number of orders.';
COMMENT ON COLUMN customer_profit.products IS 'Number of different products bought.';
COMMENT ON COLUMN customer_profit.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN customer_profit.discount IS 'Discounts given, already taken off the revenue.';
COMMENT ON COLUMN customer_profit.refund IS 'Refunds, already taken off the revenue, 0 or negative.';
COMMENT ON COLUMN customer_profit.cogs IS 'Cost of goods; unknown cost counts as 0.';
COMMENT ON COLUMN customer_profit.acquisition_cost IS 'Direct and allocated cost of winning customers.';
COMMENT ON COLUMN customer_profit.retention_cost IS 'Direct and allocated cost of keeping customers.';
COMMENT ON COLUMN customer_profit.service_cost IS 'Direct and allocated cost of serving customers.';
COMMENT ON COLUMN customer_profit.churn_cost IS 'Direct and allocated cost of customers who leave.';
COMMENT ON COLUMN customer_profit.data_cost IS 'Direct and allocated cost of customer data.';
COMMENT ON COLUMN customer_profit.training_cost IS 'Direct and allocated cost of training.';
COMMENT ON COLUMN customer_profit.program_cost IS 'Direct and allocated cost of the customer management programme.';
COMMENT ON COLUMN customer_profit.direct_cost IS 'Part of the total cost that was booked on customers.';
COMMENT ON COLUMN customer_profit.allocated_cost IS 'Part of the total cost that allocation rules gave to customers.';
COMMENT ON COLUMN customer_profit.direct_profit IS 'Margin less direct cost alone.';
COMMENT ON COLUMN customer_profit.loss IS 'What is lost: the profit without its sign where it is negative, else 0.';
COMMENT ON COLUMN customer_profit.channel_code IS 'Channel that brought the customer; (unknown) where it is not known.';
COMMENT ON COLUMN customer_profit.channel_name IS 'Its name.';
COMMENT ON COLUMN customer_profit.segment IS 'Name of the RFM segment; NULL without an order, and when rfm_bins is not 5.';
COMMENT ON COLUMN customer_profit.segment_name IS 'The same in the language of the reports.';
COMMENT ON COLUMN customer_profit.currency IS 'Base currency, which all money here is in.';
