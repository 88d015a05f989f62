-- The way of every cost from its entry to the customer, and back: which entry
-- reached whom, by which rule, with how much of which driver.
--
-- The parts of an entry sum to it, to the fourth decimal: the customers of a
-- driver stand in a row, the entries of a group of pools in another, and a part
-- is a cell of that table (crmcost._flow_part).  What customers bear is in coins;
-- the coins are rounded once a month, bucket and driver, and what that makes for
-- a customer is a row of its own, without an entry.  These rows sum to 0.
--
-- The running sums are stored: along the entries in posted_cost, along customers
-- in driver_before and customer_driver.  So a condition on the customer or the
-- month reaches the tables.
CREATE VIEW cost_flow WITH (security_invoker = true) AS
WITH pooled AS NOT MATERIALIZED (
  SELECT p.month_start, p.bucket, p.cost_id, p.incurred_on, p.booked_month,
         p.category_code, p.rule_id, p.service_category, p.amount,
         p.cost_before AS r0, p.cost_before + p.amount AS r1, g.driver_key,
         g.driver_quantity, g.capacity,
         greatest(g.capacity, g.driver_quantity) AS driver_total,
         g.unallocated_because
  FROM posted_cost p
  JOIN cost_pool g USING (month_start, bucket, rule_id, service_category,
                         pool_key)
  WHERE p.customer_id IS NULL
),
driven AS NOT MATERIALIZED (
  SELECT m.customer_id, m.month_start, d.driver_key, d.quantity,
         d.quantity_before AS q0, d.quantity_before + d.quantity AS q1
  FROM customer_month m
  JOIN driver_before b
    ON b.customer_id = m.customer_id AND b.month_start = m.month_start
  CROSS JOIN LATERAL (
    VALUES
    ('new_customers', m.acquired::integer::numeric,
     b.new_customers::numeric),
    ('active_customers', (m.sale_lines > 0)::integer, b.active_customers),
    ('revenue', m.revenue, b.revenue), ('margin', m.margin, b.margin),
    ('orders', m.orders, b.orders),
    ('interactions', m.interactions, b.interactions),
    ('handle_time', m.handle_seconds + 60 * m.standard_minutes, b.handle_time)
  ) AS d (driver_key, quantity, quantity_before)
  WHERE d.quantity > 0
  UNION ALL
  SELECT customer_id, month_start, driver_key, quantity, quantity_before,
         quantity_before + quantity
  FROM customer_driver
),
-- capacity that is left comes after all customers
pool_group AS NOT MATERIALIZED (
  SELECT month_start, bucket, driver_key, driver_quantity, capacity,
         sum(cost) AS cost, sum(unused_cost) AS unused_cost
  FROM cost_pool
  WHERE unallocated_because IS NULL
  GROUP BY month_start, bucket, driver_key, driver_quantity, capacity
)
SELECT
  month_start, customer_id, bucket, 'direct' AS via,
  (SELECT crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                         name, name_zh, code)
   FROM term WHERE kind = 'via' AND code = 'direct') AS via_name,
  cost_id, incurred_on, booked_month, category_code, amount AS entry_cost, NULL::bigint AS rule_id,
  NULL::text AS service_category, NULL::text AS driver,
  NULL::numeric AS driver_quantity, NULL::numeric AS driver_total,
  amount AS cost, NULL::text AS unallocated_because,
  NULL::text AS because_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM (
  SELECT customer_id, month_start, bucket, cost_id, incurred_on, booked_month,
         category_code, amount
  FROM posted_cost
  WHERE customer_id IS NOT NULL
  UNION ALL
  SELECT e.customer_id, e.month_start, e.bucket, e.cost_id, e.incurred_on,
         e.booked_month, e.category_code,
         crmcost._to_date(e.base_amount, e.cost_on, e.until_on, r.as_of,
                          greatest((SELECT value::int FROM setting
                                    WHERE key = 'money_scale'),
                                   min_scale(e.base_amount)))
  FROM accrued_cost e
  JOIN last_refresh r ON e.incurred_on <= r.as_of AND e.cost_on <= r.as_of
  WHERE e.customer_id IS NOT NULL AND e.base_amount <> 0
        AND e.booked_month = e.month_start
        AND e.month_start >= (SELECT month_start FROM open_month)
) direct
UNION ALL
SELECT
  p.month_start, d.customer_id, p.bucket, 'allocated',
  (SELECT crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                         name, name_zh, code)
   FROM term WHERE kind = 'via' AND code = 'allocated'),
  p.cost_id, p.incurred_on, p.booked_month, p.category_code, p.amount, p.rule_id,
  nullif(p.service_category, ''), p.driver_key, d.quantity,
  p.driver_total,
  crmcost._flow_part(p.r0, p.r1, d.q0, d.q1, p.driver_total, NULL, NULL), NULL,
  NULL, (SELECT value FROM setting WHERE key = 'base_currency')
FROM pooled p
JOIN driven d USING (month_start, driver_key)
UNION ALL
SELECT
  p.month_start, NULL, p.bucket, 'unused capacity',
  (SELECT crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                         name, name_zh, code)
   FROM term WHERE kind = 'via' AND code = 'unused capacity'),
  p.cost_id, p.incurred_on, p.booked_month, p.category_code, p.amount, p.rule_id,
  nullif(p.service_category, ''), p.driver_key,
  p.capacity - coalesce(p.driver_quantity, 0), p.capacity,
  crmcost._flow_part(p.r0, p.r1, coalesce(p.driver_quantity, 0), p.capacity,
                     p.capacity, NULL, NULL), NULL, NULL,
  (SELECT value FROM setting WHERE key = 'base_currency')
FROM pooled p
WHERE p.capacity > coalesce(p.driver_quantity, 0)
UNION ALL
SELECT
  p.month_start, NULL, p.bucket, 'unallocated',
  (SELECT crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                         name, name_zh, code)
   FROM term WHERE kind = 'via' AND code = 'unallocated'),
  p.cost_id, p.incurred_on, p.booked_month, p.category_code, p.amount, nullif(p.rule_id, 0),
  nullif(p.service_category, ''), p.driver_key, NULL, NULL, p.amount,
  p.unallocated_because,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh, p.unallocated_because),
  (SELECT value FROM setting WHERE key = 'base_currency')
FROM pooled p
LEFT JOIN term t ON t.kind = 'because' AND t.code = p.unallocated_because
WHERE p.unallocated_because IS NOT NULL
UNION ALL
SELECT
  month_start, customer_id, bucket, 'rounding',
  (SELECT crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                         name, name_zh, code)
   FROM term WHERE kind = 'via' AND code = 'rounding'),
  NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL, NULL, sum(borne) - sum(part), NULL, NULL,
  (SELECT value FROM setting WHERE key = 'base_currency')
FROM (
  SELECT m.customer_id, m.month_start, b.bucket, b.allocated_cost AS borne,
         0 AS part
  FROM customer_month m
  CROSS JOIN LATERAL (
    VALUES ('acquisition', m.acquisition_allocated_cost),
           ('retention', m.retention_allocated_cost),
           ('service', m.service_allocated_cost),
           ('churn', m.churn_allocated_cost),
           ('data', m.data_allocated_cost),
           ('training', m.training_allocated_cost),
           ('program', m.program_allocated_cost)
  ) AS b (bucket, allocated_cost)
  WHERE b.allocated_cost <> 0
  UNION ALL
  SELECT d.customer_id, g.month_start, g.bucket, 0,
         crmcost._flow_part(0, g.cost, d.q0, d.q1,
                            greatest(g.capacity, g.driver_quantity), NULL,
                            NULL)
  FROM pool_group g
  JOIN driven d USING (month_start, driver_key)
  UNION ALL
  SELECT NULL, g.month_start, g.bucket, g.unused_cost,
         crmcost._flow_part(0, g.cost, coalesce(g.driver_quantity, 0),
                            g.capacity, g.capacity, NULL, NULL)
  FROM pool_group g
  WHERE g.capacity > coalesce(g.driver_quantity, 0)
) rounded
GROUP BY month_start, customer_id, bucket
HAVING sum(borne) <> sum(part);

COMMENT ON VIEW cost_flow IS
'The way of each cost from its entry to the customer, as of the last refresh, one row a month, entry, pool and customer, and one a month, bucket and customer for rounding.';
COMMENT ON COLUMN cost_flow.month_start IS
'First day of the month in which the cost counts.';
COMMENT ON COLUMN cost_flow.customer_id IS
'Customer who bears the part; NULL for nobody.';
COMMENT ON COLUMN cost_flow.bucket IS
'Kind of customer cost.';
COMMENT ON COLUMN cost_flow.via IS
'direct (booked on the customer), allocated, unused capacity, unallocated, or rounding (to coins).';
COMMENT ON COLUMN cost_flow.via_name IS
'Name of the way, in the language of the ledger.';
COMMENT ON COLUMN cost_flow.cost_id IS
'Number of the entry in cost_entry; NULL for rounding.';
COMMENT ON COLUMN cost_flow.incurred_on IS
'Day of the entry; NULL for rounding.';
COMMENT ON COLUMN cost_flow.booked_month IS
'First day of the month that the cost is for; before month_start when it came after that month was closed; NULL for rounding.';
COMMENT ON COLUMN cost_flow.category_code IS
'Cost category of the entry; NULL for rounding.';
COMMENT ON COLUMN cost_flow.entry_cost IS
'What of the entry went into the pool in this month, in base currency; NULL for rounding.';
COMMENT ON COLUMN cost_flow.rule_id IS
'Allocation rule; NULL for none.';
COMMENT ON COLUMN cost_flow.service_category IS
'Service pool that passed the cost on; NULL for none.';
COMMENT ON COLUMN cost_flow.driver IS
'Driver with the limit of the rule; NULL for none.';
COMMENT ON COLUMN cost_flow.driver_quantity IS
'What the customer, or the capacity left, had of the driver; NULL without one.';
COMMENT ON COLUMN cost_flow.driver_total IS
'What all had of it; with capacity at least the capacity; NULL without a driver.';
COMMENT ON COLUMN cost_flow.cost IS
'Part that the customer bears, in base currency.';
COMMENT ON COLUMN cost_flow.unallocated_because IS
'Why nobody bears it; NULL for all other rows.';
COMMENT ON COLUMN cost_flow.because_name IS
'Why nobody bears it, in the language of the ledger; NULL for all other rows.';
COMMENT ON COLUMN cost_flow.currency IS
'Base currency, which all money here is in.';
