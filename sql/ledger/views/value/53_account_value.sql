-- What an account is worth: the customers whose account_id names it, and
-- itself.  An account that was merged is the one that stays.  Accounts of
-- accounts are not followed further; each shows its own members.
CREATE VIEW account_value WITH (security_invoker = true) AS
WITH merger AS (
  SELECT m.customer_id, m.party_id
  FROM pg_class t
  JOIN pg_namespace n ON n.oid = t.relnamespace
  CROSS JOIN LATERAL crmcost._mergers(n.nspname) m
  WHERE t.oid = 'customer'::regclass
),
named AS (
  SELECT v.customer_id, coalesce(m.party_id, c.account_id) AS account_id
  FROM customer c
  JOIN customer_value v USING (customer_id)
  LEFT JOIN merger m ON m.customer_id = c.account_id
  WHERE c.account_id IS NOT NULL
        AND v.customer_id <> coalesce(m.party_id, c.account_id)
)
SELECT
  a.account_id, c.source AS account_source, c.source_key AS account_key,
  count(*) AS members, sum(v.is_customer::integer) AS customers,
  min(v.first_ordered_on) AS first_order_on,
  max(v.last_ordered_on) AS last_order_on, sum(v.orders)::bigint AS orders,
  sum(v.revenue) AS revenue, sum(v.margin) AS margin,
  sum(v.direct_cost) AS direct_cost, sum(v.allocated_cost) AS allocated_cost,
  sum(v.total_cost) AS total_cost, sum(v.profit) AS profit,
  sum(coalesce(s.clv_predictive, s.clv_formula)) AS potential,
  sum(v.open_cases)::bigint AS open_cases,
  max(v.last_contact_at) AS last_touch_at,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT customer_id, account_id FROM named
  UNION
  -- until the next refresh merged customers have values of their own
  SELECT v.customer_id, coalesce(m.party_id, v.customer_id) AS account_id
  FROM customer_value v
  LEFT JOIN merger m ON m.customer_id = v.customer_id
  WHERE coalesce(m.party_id, v.customer_id) IN (SELECT account_id FROM named)
) a
JOIN customer c ON c.customer_id = a.account_id
JOIN customer_value v ON v.customer_id = a.customer_id
LEFT JOIN customer_score s ON s.customer_id = a.customer_id
GROUP BY a.account_id, c.source, c.source_key;

COMMENT ON VIEW account_value IS
'Value and cost of accounts, as of the last refresh, one row a customer that others name as their account.';
COMMENT ON COLUMN account_value.account_id IS 'Customer that is the account.';
COMMENT ON COLUMN account_value.account_source IS 'System that it came from.';
COMMENT ON COLUMN account_value.account_key IS 'Its key in that system; NULL once erased.';
COMMENT ON COLUMN account_value.members IS 'Customers and leads in it, itself counted.';
COMMENT ON COLUMN account_value.customers IS 'Customers among them.';
COMMENT ON COLUMN account_value.first_order_on IS 'Day of their first order; NULL without one.';
COMMENT ON COLUMN account_value.last_order_on IS 'Day of their last order; NULL without one.';
COMMENT ON COLUMN account_value.orders IS 'Their orders.';
COMMENT ON COLUMN account_value.revenue IS 'Net revenue, after discounts and refunds.';
COMMENT ON COLUMN account_value.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN account_value.direct_cost IS 'Part of the total cost that was booked on customers.';
COMMENT ON COLUMN account_value.allocated_cost IS 'Part of the total cost that allocation rules gave to customers.';
COMMENT ON COLUMN account_value.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN account_value.profit IS 'Margin less total cost.';
COMMENT ON COLUMN account_value.potential IS 'Value still to come of them together; NULL where it is known of none.';
COMMENT ON COLUMN account_value.open_cases IS 'Cases (tickets, complaints, returns, promises) not resolved.';
COMMENT ON COLUMN account_value.last_touch_at IS 'When we last were in touch with one of them; NULL for never.';
COMMENT ON COLUMN account_value.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN account_value.currency IS 'Base currency, which all money here is in.';
