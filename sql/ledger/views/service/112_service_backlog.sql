-- What lies there on the report day, by age.
CREATE VIEW service_backlog WITH (security_invoker = true) AS
SELECT
  d.dimension, d.code COLLATE "default" AS code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 min(coalesce(h.name, p.name, w.name)),
                 min(coalesce(h.name_zh, p.name_zh, w.name_zh)),
                 d.code COLLATE "default") AS code_name,
  sum(c.cases)::bigint AS open_cases,
  coalesce(sum(c.cases) FILTER (WHERE c.first_response_at IS NULL), 0)::bigint
    AS unanswered,
  coalesce(sum(c.cases) FILTER (WHERE c.due_at < r.as_of_at), 0)::bigint
    AS overdue,
  coalesce(sum(c.cases) FILTER (WHERE a.days <= 1), 0)::bigint AS to_1_day,
  coalesce(sum(c.cases) FILTER (WHERE a.days > 1 AND a.days <= 7), 0)::bigint
    AS to_7_days,
  coalesce(sum(c.cases) FILTER (WHERE a.days > 7 AND a.days <= 30), 0)::bigint
    AS to_30_days,
  coalesce(sum(c.cases) FILTER (WHERE a.days > 30), 0)::bigint
    AS over_30_days,
  coalesce(sum(c.cases) FILTER (WHERE a.days > l.days), 0)::bigint AS old_cases,
  min(c.opened_at) AS oldest_opened_at, r.as_of
FROM service_case c
CROSS JOIN last_refresh r
CROSS JOIN LATERAL (
  VALUES (extract(epoch FROM r.as_of_at - c.opened_at) / 86400)) AS a (days)
CROSS JOIN (SELECT value::numeric AS days FROM setting
            WHERE key = 'sla_open_days') l
CROSS JOIN LATERAL (
  VALUES ('(all)', '(all)'), ('(channel)', c.channel_code),
         ('(product)', c.product_code), ('(team)', c.team),
         ('(service_level)', c.service_level), ('(kind)', c.kind),
         ('(agent)', c.agent_code)) AS d (dimension, code)
LEFT JOIN channel h ON d.dimension = '(channel)' AND h.code = d.code
LEFT JOIN product p ON d.dimension = '(product)' AND p.code = d.code
LEFT JOIN term w
  ON d.dimension = '(kind)' AND w.kind = 'contact' AND w.code = d.code
WHERE c.closed_at IS NULL
GROUP BY d.dimension, d.code, r.as_of;

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
