-- Why customers churned.
CREATE VIEW churn_reason WITH (security_invoker = true) AS
SELECT
  m.month_start, m.reason_code COLLATE "default" AS reason_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 r.name, r.name_zh,
                 m.reason_code COLLATE "default") AS reason_name,
  r.domain AS reason_domain, m.inferred, m.customers,
  round(m.customers / sum(m.customers) OVER month, 6) AS customer_share,
  CASE WHEN m.reason_code <> '(unknown)'
    THEN round(m.customers / sum(m.customers)
                 FILTER (WHERE m.reason_code <> '(unknown)') OVER month, 6)
  END AS known_share,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, r.domain)
    AS reason_domain_name
FROM churn_reason_month m
LEFT JOIN reason r ON r.code = m.reason_code
LEFT JOIN term d ON d.kind = 'domain' AND d.code = r.domain
WINDOW month AS (PARTITION BY m.month_start);

COMMENT ON VIEW churn_reason IS
'Reasons of churn, one row a month, reason, and whether a person gave it or the last complaint tells.';
COMMENT ON COLUMN churn_reason.month_start IS
'First day of the month in which they churned.';
COMMENT ON COLUMN churn_reason.reason_code IS
'Reason; (unknown) where nobody gave one and no complaint within churn_reason_days tells.';
COMMENT ON COLUMN churn_reason.reason_name IS
'Its name in the language of the ledger.';
COMMENT ON COLUMN churn_reason.reason_domain IS
'What the reason explains: churn for one by hand, complaint for an inferred one; NULL for (unknown).';
COMMENT ON COLUMN churn_reason.inferred IS
'Whether it is that of the last complaint.';
COMMENT ON COLUMN churn_reason.customers IS
'Times that a customer churned for it.';
COMMENT ON COLUMN churn_reason.customer_share IS
'Part of all churns of the month; all add up to 1.';
COMMENT ON COLUMN churn_reason.known_share IS
'Part of the churns of the month whose reason is known; NULL for (unknown).';
COMMENT ON COLUMN churn_reason.reason_domain_name IS 'Name of the domain.';
