-- What service costs, who causes it, and what machines save.  A contact that a
-- machine handled saves what one by a person costs in the month, over all, less
-- what it cost itself.
CREATE VIEW service_cost WITH (security_invoker = true) AS
SELECT
  c.month_start, c.dimension COLLATE "default" AS dimension,
  c.code COLLATE "default" AS code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 coalesce(h.name, p.name, t.name, w.name),
                 coalesce(h.name_zh, p.name_zh, t.name_zh, w.name_zh),
                 c.code COLLATE "default") AS code_name,
  c.contacts, coalesce(m.opened, 0) AS cases,
  round(c.contacts::numeric / nullif(a.contacts, 0), 6) AS contact_share,
  c.automated_contacts,
  round(c.automated_contacts::numeric / nullif(c.contacts, 0), 6)
    AS automated_share,
  round(c.handle_seconds / 3600, 6) AS handle_hours,
  round(c.handle_seconds / 60 / nullif(c.contacts, 0), 6)
    AS minutes_per_contact,
  c.cost, round(c.cost / nullif(c.contacts, 0), 4) AS cost_per_contact,
  round(c.cost / nullif(m.opened, 0), 4) AS cost_per_case,
  c.automated_cost, c.idle_cost,
  c.cost - c.automated_cost - c.idle_cost AS human_cost,
  round((c.cost - c.automated_cost - c.idle_cost)
        / nullif(c.contacts - c.automated_contacts, 0), 4)
    AS human_cost_per_contact,
  s.saved,
  CASE WHEN c.cost + s.saved > 0
    THEN round(s.saved / (c.cost + s.saved), 6) END AS saved_share,
  CASE WHEN a.cost > 0 THEN round(c.cost / a.cost, 6) END AS cost_share,
  g.profit,
  CASE WHEN b.profit > 0 THEN round(g.profit / b.profit, 6) END
    AS profit_share,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 d.name, d.name_zh, c.dimension COLLATE "default")
    AS dimension_name
FROM service_cost_month c
JOIN service_cost_month a
  ON a.month_start = c.month_start AND a.dimension = '(all)'
LEFT JOIN service_month m
  ON m.month_start = c.month_start AND m.dimension = c.dimension
     AND m.code = c.code
LEFT JOIN tier_month g
  ON g.month_start = c.month_start AND g.scheme = c.dimension
     AND g.tier = c.code
LEFT JOIN tier_month b
  ON b.month_start = c.month_start AND b.scheme = '(all)'
LEFT JOIN channel h ON c.dimension = '(channel)' AND h.code = c.code
LEFT JOIN product p ON c.dimension = '(product)' AND p.code = c.code
LEFT JOIN tier t ON t.scheme = c.dimension AND t.code = c.code
LEFT JOIN term w
  ON w.code = c.code
     AND (c.dimension, w.kind) IN (('(kind)', 'contact'),
                                   ('(service_level)', 'service_level'))
CROSS JOIN LATERAL (
  VALUES (round(c.automated_contacts
                * (a.cost - a.automated_cost - a.idle_cost)
                / nullif(a.contacts - a.automated_contacts, 0)
                - c.automated_cost, 4))) AS s (saved)
LEFT JOIN term d ON d.kind = 'dimension' AND d.code = c.dimension;

COMMENT ON VIEW service_cost IS
'What work on cases costs and what machines save, as of the last refresh, one row a month, dimension and code.';
COMMENT ON COLUMN service_cost.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN service_cost.dimension IS '(all), (channel), (product), (team), (service_level), (kind), (agent), or a tier scheme, for which the tier at the end of the month counts.';
COMMENT ON COLUMN service_cost.code IS 'Channel, product and so on of the contact; (all) for dimension (all), (unknown) for none.';
COMMENT ON COLUMN service_cost.code_name IS 'Its name.';
COMMENT ON COLUMN service_cost.contacts IS 'Tickets, complaints and returns, those behind a count included.';
COMMENT ON COLUMN service_cost.cases IS 'Cases opened.';
COMMENT ON COLUMN service_cost.contact_share IS 'Share of the contacts of the month, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN service_cost.automated_contacts IS 'Contacts that a machine handled.';
COMMENT ON COLUMN service_cost.automated_share IS 'Their share, 0..1, 6 decimals; NULL without contacts.';
COMMENT ON COLUMN service_cost.handle_hours IS 'Working time as measured, else by standard times, in hours, 6 decimals.';
COMMENT ON COLUMN service_cost.minutes_per_contact IS 'Working time for one contact, in minutes, 6 decimals; NULL without contacts.';
COMMENT ON COLUMN service_cost.cost IS 'Cost of service (bucket service without svc.order, and ret.care): what was booked with a channel or product borne by the work there, the rest by all work, by its time.';
COMMENT ON COLUMN service_cost.cost_per_contact IS 'Cost for one contact, 4 decimals; NULL without contacts.';
COMMENT ON COLUMN service_cost.cost_per_case IS 'Cost for one case opened, 4 decimals; NULL without any.';
COMMENT ON COLUMN service_cost.automated_cost IS 'Cost of what machines handled.';
COMMENT ON COLUMN service_cost.idle_cost IS 'Cost that no contact bears: nobody came by the channel or with the product that it was booked with.';
COMMENT ON COLUMN service_cost.human_cost IS 'Cost of what persons handled.';
COMMENT ON COLUMN service_cost.human_cost_per_contact IS 'That for one contact that a person handled, 4 decimals; NULL without any.';
COMMENT ON COLUMN service_cost.saved IS 'What persons would have cost for the contacts of machines, by human_cost_per_contact of the month over all, less automated_cost; NULL where persons handled none.';
COMMENT ON COLUMN service_cost.saved_share IS 'That as a share of what service had cost without machines, 6 decimals; NULL where that is not above 0.';
COMMENT ON COLUMN service_cost.cost_share IS 'Share of the cost of the month, 6 decimals; NULL where that is not above 0.';
COMMENT ON COLUMN service_cost.profit IS 'Profit that the customers of the tier brought in the month; NULL but for tiers.';
COMMENT ON COLUMN service_cost.profit_share IS 'Its share of the profit of all customers, 6 decimals; NULL but for tiers, and where that is not above 0.';
COMMENT ON COLUMN service_cost.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN service_cost.dimension_name IS 'Name of the dimension.';
