-- The part of the customers who stay longer than a number of days, by Kaplan
-- and Meier (1958).  The event is the first churn; who has not churned by the
-- report day was observed until then.  The tier is that of the report day.
CREATE VIEW customer_survival WITH (security_invoker = true) AS
SELECT
  c.dimension COLLATE "default" AS dimension, c.code COLLATE "default" AS code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 coalesce(h.name, t.name), coalesce(h.name_zh, t.name_zh),
                 c.code COLLATE "default") AS code_name,
  c.days, c.at_risk, c.churned, c.survival, c.std_error, c.lower, c.upper,
  (SELECT as_of FROM last_refresh) AS as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, c.dimension COLLATE "default")
    AS dimension_name
FROM survival_curve c
LEFT JOIN channel h ON c.dimension = '(channel)' AND h.code = c.code
LEFT JOIN tier t ON t.scheme = c.dimension AND t.code = c.code
LEFT JOIN term d ON d.kind = 'dimension' AND d.code = c.dimension;

COMMENT ON VIEW customer_survival IS
'Survival of customers, one row a group and number of days after which somebody churned.';
COMMENT ON COLUMN customer_survival.dimension IS
'(all), (channel) that won them, (cohort) by the quarter in which they became customers, or a tier scheme.';
COMMENT ON COLUMN customer_survival.code IS
'Group of the dimension.';
COMMENT ON COLUMN customer_survival.code_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN customer_survival.days IS
'Days since the customer became one.';
COMMENT ON COLUMN customer_survival.at_risk IS
'Customers observed for at least so long.';
COMMENT ON COLUMN customer_survival.churned IS
'Those of them who churned on this day.';
COMMENT ON COLUMN customer_survival.survival IS
'Part that stays longer, until the next row.';
COMMENT ON COLUMN customer_survival.std_error IS
'Standard error of it (Greenwood); NULL where survival is 0.';
COMMENT ON COLUMN customer_survival.lower IS
'Lower end of its interval at 95 %; NULL likewise.';
COMMENT ON COLUMN customer_survival.upper IS
'Upper end of its interval at 95 %; NULL likewise.';
COMMENT ON COLUMN customer_survival.as_of IS
'Report day.';
COMMENT ON COLUMN customer_survival.dimension_name IS 'Name of the dimension.';
