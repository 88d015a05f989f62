-- How many of the customers of the beginning of a month are gone at its end.
-- Who is new in the month is in neither; who went and came back in it has
-- stayed.
CREATE VIEW churn_rate WITH (security_invoker = true) AS
WITH month AS (
  SELECT month_start, coalesce(channel_code, '(all)') AS channel_code,
         sum(start_customers)::bigint AS start_customers,
         sum(new_customers)::bigint AS new_customers,
         sum(returned)::bigint AS returned, sum(went)::bigint AS went,
         sum(end_customers)::bigint AS end_customers,
         sum(retained)::bigint AS retained
  FROM churn_month
  GROUP BY GROUPING SETS ((month_start, channel_code), (month_start))
)
SELECT
  m.month_start, m.channel_code COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 m.channel_code COLLATE "default") AS channel_name,
  m.start_customers, m.new_customers, m.returned, m.went, m.end_customers,
  m.retained, m.start_customers - m.retained AS churned,
  round(m.retained::numeric / nullif(m.start_customers, 0), 6)
    AS retention_rate,
  round((m.start_customers - m.retained)::numeric
        / nullif(m.start_customers, 0), 6) AS churn_rate,
  CASE WHEN m.channel_code = '(all)' THEN coalesce(c.cost, 0) END
    AS retention_cost,
  CASE WHEN m.channel_code = '(all)'
    THEN round(coalesce(c.cost, 0) / nullif(m.retained, 0), 4)
  END AS cost_per_retained,
  m.month_start <= crmcost._last_complete_month(r.as_of) AS is_complete,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.definition, t.definition_zh, 'churn_rate') AS definition,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM month m
CROSS JOIN last_refresh r
LEFT JOIN (SELECT month_start, sum(cost) AS cost FROM cost_month
           WHERE bucket = 'retention' GROUP BY month_start) c
  USING (month_start)
LEFT JOIN channel h ON h.code = m.channel_code
LEFT JOIN term t ON t.kind = 'rate' AND t.code = 'churn_rate';

COMMENT ON VIEW churn_rate IS
'Customers who stayed and who went, of those at the start of a month, one row a month and channel that won them, (all) for all together.';
COMMENT ON COLUMN churn_rate.month_start IS
'First day of the month.';
COMMENT ON COLUMN churn_rate.channel_code IS
'Channel that won the customers; (unknown) where it is not known, (all) for all.';
COMMENT ON COLUMN churn_rate.channel_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN churn_rate.start_customers IS
'Customers when the month began.';
COMMENT ON COLUMN churn_rate.new_customers IS
'Customers who became one in it, for the first time or out of a lead.';
COMMENT ON COLUMN churn_rate.returned IS
'Times that one who had churned came back.';
COMMENT ON COLUMN churn_rate.went IS
'Times that one went; end = start + new + returned - went.';
COMMENT ON COLUMN churn_rate.end_customers IS
'Customers at its end, for the running month on the report day.';
COMMENT ON COLUMN churn_rate.retained IS
'Customers of the start who are customers at the end.';
COMMENT ON COLUMN churn_rate.churned IS
'Customers of the start who are none at the end.';
COMMENT ON COLUMN churn_rate.retention_rate IS
'Retained by start_customers; NULL without any.';
COMMENT ON COLUMN churn_rate.churn_rate IS
'Churned by start_customers; NULL without any.';
COMMENT ON COLUMN churn_rate.retention_cost IS
'All cost of bucket retention of the month, in base currency; NULL for a channel.';
COMMENT ON COLUMN churn_rate.cost_per_retained IS
'That by the customers retained; NULL without any and for a channel.';
COMMENT ON COLUMN churn_rate.is_complete IS
'Whether the month is over.';
COMMENT ON COLUMN churn_rate.definition IS
'How the rates are defined.';
COMMENT ON COLUMN churn_rate.currency IS
'Base currency, in which all amounts are.';
