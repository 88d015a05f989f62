-- What happened with the groups of customers in a month: in an open one the groups
-- that they are in now, in a closed one those that they were in at its closing, so
-- that it stands.  All months of those who are in a group now are in the views without
-- a month.
CREATE VIEW counted_group WITH (security_invoker = true) AS
SELECT g.month_start, g.dimension COLLATE "default" AS dimension,
       g.code COLLATE "default" AS code,
       sum(g.active_customers)::bigint AS active_customers,
       sum(g.revenue) AS revenue, sum(g.discount) AS discount,
       sum(g.refund) AS refund, sum(g.margin) AS margin,
       sum(g.acquisition_cost) AS acquisition_cost,
       sum(g.retention_cost) AS retention_cost,
       sum(g.service_cost) AS service_cost, sum(g.churn_cost) AS churn_cost,
       sum(g.data_cost) AS data_cost, sum(g.training_cost) AS training_cost,
       sum(g.program_cost) AS program_cost, sum(g.direct_cost) AS direct_cost,
       sum(g.allocated_cost) AS allocated_cost
FROM group_month g
JOIN last_refresh r ON g.month_start >= r.open_from
WHERE g.dimension <> '(cohort)'
GROUP BY g.month_start, g.dimension, g.code
UNION ALL
SELECT month_start, dimension COLLATE "default", code COLLATE "default",
       active_customers, revenue, discount, refund, margin, acquisition_cost,
       retention_cost, service_cost, churn_cost, data_cost, training_cost,
       program_cost, direct_cost, allocated_cost
FROM closed_group;

COMMENT ON VIEW counted_group IS
'What happened with the customers of a group in a month, as of the last refresh, one row a month, dimension and group: of a closed month the groups that they were in when it was closed, of an open one those of the report day.';
COMMENT ON COLUMN counted_group.month_start IS 'First day of the month.';
COMMENT ON COLUMN counted_group.dimension IS '(segment) of RFM, (acquisition) by channel, or a tier scheme.';
COMMENT ON COLUMN counted_group.code IS 'Segment, channel or tier; (unknown) for none.';
COMMENT ON COLUMN counted_group.active_customers IS 'Customers who bought in the month.';
COMMENT ON COLUMN counted_group.revenue IS 'Net revenue in base currency.';
COMMENT ON COLUMN counted_group.discount IS 'Discounts given, in base currency.';
COMMENT ON COLUMN counted_group.refund IS 'Refunds, zero or negative, in base currency.';
COMMENT ON COLUMN counted_group.margin IS 'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN counted_group.acquisition_cost IS 'Direct and allocated cost of bucket acquisition, in base currency.';
COMMENT ON COLUMN counted_group.retention_cost IS 'Direct and allocated cost of bucket retention, in base currency.';
COMMENT ON COLUMN counted_group.service_cost IS 'Direct and allocated cost of bucket service, in base currency.';
COMMENT ON COLUMN counted_group.churn_cost IS 'Direct and allocated cost of bucket churn, in base currency.';
COMMENT ON COLUMN counted_group.data_cost IS 'Direct and allocated cost of bucket data, in base currency.';
COMMENT ON COLUMN counted_group.training_cost IS 'Direct and allocated cost of bucket training, in base currency.';
COMMENT ON COLUMN counted_group.program_cost IS 'Direct and allocated cost of bucket program, in base currency.';
COMMENT ON COLUMN counted_group.direct_cost IS 'Cost booked on the customers, in base currency.';
COMMENT ON COLUMN counted_group.allocated_cost IS 'Cost that the allocation rules gave them, in base currency.';
