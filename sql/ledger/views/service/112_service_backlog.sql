-- What lies there on the report day, by age.
CREATE VIEW service_backlog WITH (security_invoker = true) AS
SELECT
  b.dimension COLLATE "default" AS dimension,
  b.code COLLATE "default" AS code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 coalesce(h.name, p.name, w.name),
                 coalesce(h.name_zh, p.name_zh, w.name_zh),
                 b.code COLLATE "default") AS code_name,
  b.open_cases, b.unanswered, b.overdue, b.to_1_day, b.to_7_days,
  b.to_30_days, b.over_30_days, b.old_cases, b.oldest_opened_at, r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, b.dimension COLLATE "default")
    AS dimension_name
FROM case_backlog b
CROSS JOIN last_refresh r
LEFT JOIN channel h ON b.dimension = '(channel)' AND h.code = b.code
LEFT JOIN product p ON b.dimension = '(product)' AND p.code = b.code
LEFT JOIN term w
  ON b.dimension = '(kind)' AND w.kind = 'contact' AND w.code = b.code
LEFT JOIN term d ON d.kind = 'dimension' AND d.code = b.dimension;

COMMENT ON VIEW service_backlog IS
'Cases that are open on the report day, by age, one row a dimension and code with any.';
COMMENT ON COLUMN service_backlog.dimension IS '(all), (channel), (product), (team), (service_level), (kind) or (agent).';
COMMENT ON COLUMN service_backlog.code IS 'Channel, product and so on of the case; (all) for dimension (all), (unknown) for none.';
COMMENT ON COLUMN service_backlog.code_name IS 'Its name.';
COMMENT ON COLUMN service_backlog.open_cases IS 'Open cases.';
COMMENT ON COLUMN service_backlog.unanswered IS 'Those that nobody has answered.';
COMMENT ON COLUMN service_backlog.overdue IS 'Those for which something was promised that is past.';
COMMENT ON COLUMN service_backlog.to_1_day IS 'Those of at most 24 hours.';
COMMENT ON COLUMN service_backlog.to_7_days IS 'Those of more than that and at most 7 times 24 hours.';
COMMENT ON COLUMN service_backlog.to_30_days IS 'Those of more than that and at most 30 times 24 hours.';
COMMENT ON COLUMN service_backlog.over_30_days IS 'Those of more than that.';
COMMENT ON COLUMN service_backlog.old_cases IS 'Those of more than sla_open_days times 24 hours.';
COMMENT ON COLUMN service_backlog.oldest_opened_at IS 'When the oldest was opened.';
COMMENT ON COLUMN service_backlog.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN service_backlog.dimension_name IS 'Name of the dimension.';
