-- Whether the groups of customer_survival differ, by the log-rank test.
CREATE VIEW survival_test WITH (security_invoker = true) AS
SELECT
  c.dimension COLLATE "default" AS dimension, c.groups, c.customers, c.churned,
  c.chi_square, c.df, c.p, c.p < 0.05 AS differ,
  (SELECT as_of FROM last_refresh) AS as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, c.dimension COLLATE "default")
    AS dimension_name
FROM survival_comparison c
LEFT JOIN term d ON d.kind = 'dimension' AND d.code = c.dimension;

COMMENT ON VIEW survival_test IS
'Log-rank test between the groups of a dimension of customer_survival, one row a dimension.';
COMMENT ON COLUMN survival_test.dimension IS
'(channel), (cohort) or a tier scheme.';
COMMENT ON COLUMN survival_test.groups IS
'Groups.';
COMMENT ON COLUMN survival_test.customers IS
'Customers.';
COMMENT ON COLUMN survival_test.churned IS
'Those who churned.';
COMMENT ON COLUMN survival_test.chi_square IS
'Statistic of the test; NULL for one group, for more than 200 channels, or without a churn.';
COMMENT ON COLUMN survival_test.df IS
'Degrees of freedom; NULL likewise.';
COMMENT ON COLUMN survival_test.p IS
'Chance of so large a statistic if the groups are alike; NULL likewise.';
COMMENT ON COLUMN survival_test.differ IS
'Whether that chance is below 5 %; NULL likewise.';
COMMENT ON COLUMN survival_test.as_of IS
'Report day.';
COMMENT ON COLUMN survival_test.dimension_name IS 'Name of the dimension.';
