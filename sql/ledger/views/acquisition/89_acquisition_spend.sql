-- What became of the cost of winning customers, by the month in which it counts:
-- all of it is with customers, waits for the first of them, or says why it is with
-- nobody.
CREATE VIEW acquisition_spend WITH (security_invoker = true) AS
SELECT
  c.month_start, c.channel_code COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 c.channel_code COLLATE "default") AS channel_name,
  c.spend, c.direct_cost, c.allocated_cost, c.unconverted_cost,
  c.unallocated_cost, c.unused_cost,
  round((c.direct_cost + c.allocated_cost) / nullif(c.spend, 0), 6)
    AS borne_share,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT month_start, channel_code, sum(cost) AS spend,
         sum(direct_cost) AS direct_cost,
         sum(allocated_cost) AS allocated_cost,
         sum(unconverted_cost) AS unconverted_cost,
         sum(unallocated_cost - unconverted_cost) AS unallocated_cost,
         sum(unused_cost) AS unused_cost
  FROM cost_month
  WHERE bucket = 'acquisition'
  GROUP BY month_start, channel_code
) c
LEFT JOIN channel h ON h.code = c.channel_code;

COMMENT ON VIEW acquisition_spend IS
'What became of acquisition cost, as of the last refresh, one row a month and channel: spend = direct_cost + allocated_cost + unconverted_cost + unallocated_cost + unused_cost.';
COMMENT ON COLUMN acquisition_spend.month_start IS 'First day of the month in which the cost counts.';
COMMENT ON COLUMN acquisition_spend.channel_code IS 'Channel of the cost, else of its campaign; (unknown) for none.';
COMMENT ON COLUMN acquisition_spend.channel_name IS 'Its name.';
COMMENT ON COLUMN acquisition_spend.spend IS 'Cost of bucket acquisition booked on the channel; entries without a rate are left out.';
COMMENT ON COLUMN acquisition_spend.direct_cost IS 'Booked on customers.';
COMMENT ON COLUMN acquisition_spend.allocated_cost IS 'Borne by customers by the allocation rules; what a closed month''s spend gave to them since is in the first open month.';
COMMENT ON COLUMN acquisition_spend.unconverted_cost IS 'Not yet converted: its touches have led to no customer so far; below 0 where a closed month''s spend found its customers.';
COMMENT ON COLUMN acquisition_spend.unallocated_cost IS 'Borne by nobody for want of a rule or of a new customer.';
COMMENT ON COLUMN acquisition_spend.unused_cost IS 'Cost of capacity that nobody used.';
COMMENT ON COLUMN acquisition_spend.borne_share IS 'Part of the cost that customers bear, 6 decimals; NULL without cost.';
COMMENT ON COLUMN acquisition_spend.currency IS 'Base currency, which all money here is in.';
