-- How long the customers of a group stay.
CREATE VIEW survival_median WITH (security_invoker = true) AS
SELECT
  g.dimension COLLATE "default" AS dimension, g.code COLLATE "default" AS code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 coalesce(h.name, t.name), coalesce(h.name_zh, t.name_zh),
                 g.code COLLATE "default") AS code_name,
  g.customers, g.churned, g.expected AS expected_churned, g.median_days,
  g.median_low, g.median_high, (SELECT as_of FROM last_refresh) AS as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, g.dimension COLLATE "default")
    AS dimension_name
FROM survival_group g
LEFT JOIN channel h ON g.dimension = '(channel)' AND h.code = g.code
LEFT JOIN tier t ON t.scheme = g.dimension AND t.code = g.code
LEFT JOIN term d ON d.kind = 'dimension' AND d.code = g.dimension;

COMMENT ON VIEW survival_median IS
'Median time that customers stay, one row a group as in customer_survival.';
COMMENT ON COLUMN survival_median.dimension IS
'(all), (channel) that won them, (cohort) by the quarter in which they became customers, or a tier scheme.';
COMMENT ON COLUMN survival_median.code IS
'Group of the dimension.';
COMMENT ON COLUMN survival_median.code_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN survival_median.customers IS
'Customers.';
COMMENT ON COLUMN survival_median.churned IS
'Those who churned.';
COMMENT ON COLUMN survival_median.expected_churned IS
'Those who would have if all groups of the dimension were alike; NULL for (all), and for more than 200 channels.';
COMMENT ON COLUMN survival_median.median_days IS
'Days after which at most half are left; NULL while more are.';
COMMENT ON COLUMN survival_median.median_low IS
'Lower end of its interval at 95 %; NULL where it is not reached.';
COMMENT ON COLUMN survival_median.median_high IS
'Upper end of its interval at 95 %; NULL where it is not reached.';
COMMENT ON COLUMN survival_median.as_of IS
'Report day.';
COMMENT ON COLUMN survival_median.dimension_name IS 'Name of the dimension.';
