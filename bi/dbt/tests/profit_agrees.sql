-- The same profit by customer, by month and by channel.
WITH total (view_name, profit) AS (
  SELECT 'customer_profit', coalesce(sum(profit), 0)
  FROM {{ source('crmcost', 'customer_profit') }}
  UNION ALL
  SELECT 'profit_by_month', coalesce(sum(profit), 0)
  FROM {{ source('crmcost', 'profit_by_month') }}
  UNION ALL
  SELECT 'profit_by_channel', coalesce(sum(profit), 0)
  FROM {{ source('crmcost', 'profit_by_channel') }}
)
SELECT view_name, profit FROM total
WHERE (SELECT min(profit) <> max(profit) FROM total)
