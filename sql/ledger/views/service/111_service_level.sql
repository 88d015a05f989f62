-- How soon cases are answered and resolved, by the month in which they were.
CREATE VIEW service_level WITH (security_invoker = true) AS
SELECT
  m.month_start, m.dimension COLLATE "default" AS dimension,
  m.code COLLATE "default" AS code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 coalesce(h.name, p.name, t.name, w.name),
                 coalesce(h.name_zh, p.name_zh, t.name_zh, w.name_zh),
                 m.code COLLATE "default") AS code_name,
  m.opened, m.responded,
  round(m.response_p50 / 3600, 6) AS response_p50_hours,
  round(m.response_p90 / 3600, 6) AS response_p90_hours,
  round(m.response_p95 / 3600, 6) AS response_p95_hours,
  round(m.response_open_p50 / 3600, 6) AS response_business_p50_hours,
  round(m.response_open_p90 / 3600, 6) AS response_business_p90_hours,
  round(m.response_open_p95 / 3600, 6) AS response_business_p95_hours,
  round(m.response_met::numeric / nullif(m.response_told, 0), 6)
    AS response_sla_rate,
  m.closed AS resolved,
  round(m.resolution_p50 / 3600, 6)
    AS resolution_p50_hours,
  round(m.resolution_p90 / 3600, 6)
    AS resolution_p90_hours,
  round(m.resolution_p95 / 3600, 6)
    AS resolution_p95_hours,
  round(m.resolution_open_p50 / 3600, 6)
    AS resolution_business_p50_hours,
  round(m.resolution_open_p90 / 3600, 6)
    AS resolution_business_p90_hours,
  round(m.resolution_open_p95 / 3600, 6)
    AS resolution_business_p95_hours,
  round(m.resolution_met::numeric / nullif(m.resolution_told, 0), 6)
    AS resolution_sla_rate,
  m.first_contact,
  round(m.first_contact::numeric / nullif(m.closed, 0), 6)
    AS first_contact_rate,
  m.resolutions, m.reopened,
  round(m.reopened::numeric / nullif(m.resolutions, 0), 6) AS reopening_rate,
  m.due AS promised, m.due_met AS promises_kept,
  round(m.due_met::numeric / nullif(m.due, 0), 6) AS promise_rate,
  CASE WHEN m.dimension LIKE '(%'
    THEN sum(m.opened + m.reopened - m.resolutions)
           OVER (PARTITION BY m.dimension, m.code ORDER BY m.month_start)
           ::bigint END AS backlog,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, m.dimension COLLATE "default")
    AS dimension_name
FROM service_month m
LEFT JOIN channel h ON m.dimension = '(channel)' AND h.code = m.code
LEFT JOIN product p ON m.dimension = '(product)' AND p.code = m.code
LEFT JOIN tier t ON t.scheme = m.dimension AND t.code = m.code
LEFT JOIN term w
  ON w.code = m.code
     AND (m.dimension, w.kind) IN (('(kind)', 'contact'),
                                   ('(phase)', 'phase'),
                                   ('(service_level)', 'service_level'))
LEFT JOIN term d ON d.kind = 'dimension' AND d.code = m.dimension;

COMMENT ON VIEW service_level IS
'How soon cases were answered and resolved, as of the last refresh, one row a month, dimension and code.';
COMMENT ON COLUMN service_level.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN service_level.dimension IS '(all), (channel), (product), (team), (service_level), (kind), (agent), (phase), or a tier scheme, for which the tier at the end of the month counts.';
COMMENT ON COLUMN service_level.code IS 'Channel, product and so on of the case; (all) for dimension (all), (unknown) for none.';
COMMENT ON COLUMN service_level.code_name IS 'Its name.';
COMMENT ON COLUMN service_level.opened IS 'Cases opened in the month.';
COMMENT ON COLUMN service_level.responded IS 'Cases first answered in the month; a resolution is an answer at the latest.';
COMMENT ON COLUMN service_level.response_p50_hours IS 'Hours from the opening to the answer that half of them took at most, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.response_p90_hours IS 'Hours from the opening to the answer that nine in ten of them took at most, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.response_p95_hours IS 'Hours from the opening to the answer that 19 in 20 of them took at most, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.response_business_p50_hours IS 'The same of response_p50_hours in business hours of the team (table calendar), 6 decimals; NULL without any, and where no team is ever open.';
COMMENT ON COLUMN service_level.response_business_p90_hours IS 'The same of response_p90_hours in business hours of the team (table calendar), 6 decimals; NULL without any, and where no team is ever open.';
COMMENT ON COLUMN service_level.response_business_p95_hours IS 'The same of response_p95_hours in business hours of the team (table calendar), 6 decimals; NULL without any, and where no team is ever open.';
COMMENT ON COLUMN service_level.response_sla_rate IS 'Share of them that were answered within sla_first_response_hours by sla_clock, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.resolved IS 'Cases resolved in the month that were not opened again.';
COMMENT ON COLUMN service_level.resolution_p50_hours IS 'Hours from the opening to the resolution that half of them took at most, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.resolution_p90_hours IS 'Hours from the opening to the resolution that nine in ten of them took at most, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.resolution_p95_hours IS 'Hours from the opening to the resolution that 19 in 20 of them took at most, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.resolution_business_p50_hours IS 'The same of resolution_p50_hours in business hours of the team (table calendar), 6 decimals; NULL without any, and where no team is ever open.';
COMMENT ON COLUMN service_level.resolution_business_p90_hours IS 'The same of resolution_p90_hours in business hours of the team (table calendar), 6 decimals; NULL without any, and where no team is ever open.';
COMMENT ON COLUMN service_level.resolution_business_p95_hours IS 'The same of resolution_p95_hours in business hours of the team (table calendar), 6 decimals; NULL without any, and where no team is ever open.';
COMMENT ON COLUMN service_level.resolution_sla_rate IS 'Share of them that were resolved by the time promised, without one within sla_resolution_hours by sla_clock, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.first_contact IS 'Cases resolved with one contact alone.';
COMMENT ON COLUMN service_level.first_contact_rate IS 'Their share of the cases resolved, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.resolutions IS 'All resolutions of the month, those after which a case was opened again included.';
COMMENT ON COLUMN service_level.reopened IS 'Cases opened again in the month.';
COMMENT ON COLUMN service_level.reopening_rate IS 'Reopenings for one resolution of the month, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.promised IS 'Cases for which something was promised (due_at) that was due in the month.';
COMMENT ON COLUMN service_level.promises_kept IS 'Those of them that were resolved by then.';
COMMENT ON COLUMN service_level.promise_rate IS 'Their share, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_level.backlog IS 'Cases open at the end of the month, of the running one on the report day; NULL for tiers, between which customers move.';
COMMENT ON COLUMN service_level.dimension_name IS 'Name of the dimension.';
