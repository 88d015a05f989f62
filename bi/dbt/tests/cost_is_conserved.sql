-- Each month's cost is with customers, with unused capacity, or not allocated.
SELECT c.month_start, c.cost, p.cost AS accounted_for
FROM (
  SELECT month_start, sum(cost) AS cost
  FROM {{ source('crmcost', 'cost_by_month') }} GROUP BY month_start
) AS c
FULL JOIN (
  SELECT month_start,
         sum(total_cost + unused_capacity_cost + unallocated_cost) AS cost
  FROM {{ source('crmcost', 'profit_by_month') }} GROUP BY month_start
) AS p ON p.month_start = c.month_start
WHERE coalesce(c.cost, 0) <> coalesce(p.cost, 0)
