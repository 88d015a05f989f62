-- What is still to be done.
CREATE VIEW open_case WITH (security_invoker = true) AS
SELECT
  c.customer_id,
  c.source COLLATE "default" AS source,
  nullif(c.case_ref, '') COLLATE "default" AS case_ref,
  nullif(c.interaction_id, 0) AS interaction_id,
  c.kind COLLATE "default" AS kind,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, c.kind COLLATE "default") AS kind_name,
  c.subtype, c.phase COLLATE "default" AS phase,
  c.channel_code COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh, c.channel_code COLLATE "default")
    AS channel_name,
  c.product_code COLLATE "default" AS product_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 p.name, p.name_zh, c.product_code COLLATE "default")
    AS product_name,
  c.team COLLATE "default" AS team,
  c.service_level COLLATE "default" AS service_level,
  c.agent_code COLLATE "default" AS agent_code, c.cases, c.opened_at,
  round(extract(epoch FROM r.as_of_at - c.opened_at) / 86400, 6) AS age_days,
  extract(epoch FROM r.as_of_at - c.opened_at) > 86400 * l.days AS is_old,
  c.first_response_at, c.due_at, coalesce(c.due_at < r.as_of_at, false)
    AS is_overdue, c.contacts, c.reopenings,
  round(c.handle_seconds / 3600, 6) AS handle_hours, r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 f.name, f.name_zh, c.phase COLLATE "default")
    AS phase_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 vn.name, vn.name_zh, c.service_level COLLATE "default")
    AS service_level_name
FROM service_case c
CROSS JOIN last_refresh r
CROSS JOIN (SELECT value::numeric AS days FROM setting
            WHERE key = 'sla_open_days') l
LEFT JOIN channel h ON h.code = c.channel_code
LEFT JOIN product p ON p.code = c.product_code
LEFT JOIN term w ON w.kind = 'contact' AND w.code = c.kind
LEFT JOIN term f ON f.kind = 'phase' AND f.code = c.phase
LEFT JOIN term vn ON vn.kind = 'service_level' AND vn.code = c.service_level
WHERE c.closed_at IS NULL;

COMMENT ON VIEW open_case IS
'Cases that are not resolved on the report day, one row each.';
COMMENT ON COLUMN open_case.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN open_case.source IS 'System that its rows came from.';
COMMENT ON COLUMN open_case.case_ref IS 'Case in the numbers of its source; NULL for an interaction that is a case of its own.';
COMMENT ON COLUMN open_case.interaction_id IS 'That interaction; NULL where case_ref tells.';
COMMENT ON COLUMN open_case.kind IS 'Kind of its first contact: ticket, complaint, return, or care for a promise.';
COMMENT ON COLUMN open_case.kind_name IS 'Its name.';
COMMENT ON COLUMN open_case.subtype IS 'Subtype of its first contact, such as repair; NULL for none.';
COMMENT ON COLUMN open_case.phase IS 'Phase of its first contact; (unknown) for none.';
COMMENT ON COLUMN open_case.channel_code IS 'Channel of its first contact; (unknown) for none.';
COMMENT ON COLUMN open_case.channel_name IS 'Its name.';
COMMENT ON COLUMN open_case.product_code IS 'Product; (unknown) for none.';
COMMENT ON COLUMN open_case.product_name IS 'Its name.';
COMMENT ON COLUMN open_case.team IS 'Tag team; (unknown) for none.';
COMMENT ON COLUMN open_case.service_level IS 'Tag service_level; (unknown) for none.';
COMMENT ON COLUMN open_case.agent_code IS 'Agent who worked on it last; (unknown) for none.';
COMMENT ON COLUMN open_case.cases IS 'Cases that it stands for: 1, or n of the interaction.';
COMMENT ON COLUMN open_case.opened_at IS 'When the first of its contacts came.';
COMMENT ON COLUMN open_case.age_days IS 'Days since, of 24 hours, up to the last refresh, 6 decimals.';
COMMENT ON COLUMN open_case.is_old IS 'Whether these are more than sla_open_days.';
COMMENT ON COLUMN open_case.first_response_at IS 'When it was first answered; NULL while nobody has.';
COMMENT ON COLUMN open_case.due_at IS 'When it was promised to be done; NULL where nothing was promised.';
COMMENT ON COLUMN open_case.is_overdue IS 'Whether that is past.';
COMMENT ON COLUMN open_case.contacts IS 'Tickets, complaints and returns that belong to it.';
COMMENT ON COLUMN open_case.reopenings IS 'How often it was opened again.';
COMMENT ON COLUMN open_case.handle_hours IS 'Working time so far, in hours, 6 decimals.';
COMMENT ON COLUMN open_case.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN open_case.phase_name IS 'Name of the phase.';
COMMENT ON COLUMN open_case.service_level_name IS 'Name of the level of service.';
