-- Care before, during and after the purchase: what it costs and what follows.
CREATE VIEW care_phase WITH (security_invoker = true) AS
SELECT
  m.month_start, m.phase COLLATE "default" AS phase,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, m.phase COLLATE "default") AS phase_name,
  m.customers, m.contacts, round(m.handle_seconds / 3600, 6) AS handle_hours,
  m.cost, round(m.cost / nullif(m.contacts, 0), 4) AS cost_per_contact,
  m.converted,
  round(m.converted::numeric / nullif(m.contacts, 0), 6) AS conversion_rate,
  m.repeated,
  round(m.repeated::numeric / nullif(m.contacts, 0), 6) AS repeat_rate,
  round(m.cost / nullif(m.converted + m.repeated, 0), 4) AS cost_per_order,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM care_month m
LEFT JOIN term w ON w.kind = 'phase' AND w.code = m.phase;

COMMENT ON VIEW care_phase IS
'Contacts of kind care by the phase of the purchase, as of the last refresh, one row a month and phase.';
COMMENT ON COLUMN care_phase.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN care_phase.phase IS 'pre, during or post; (unknown) for none.';
COMMENT ON COLUMN care_phase.phase_name IS 'Its name.';
COMMENT ON COLUMN care_phase.customers IS 'Customers who were cared for.';
COMMENT ON COLUMN care_phase.contacts IS 'Contacts of kind care, those behind a count included.';
COMMENT ON COLUMN care_phase.handle_hours IS 'Working time as measured, else by standard times, in hours, 6 decimals.';
COMMENT ON COLUMN care_phase.cost IS 'Cost of regular communication (ret.contact and below), shared by contacts.';
COMMENT ON COLUMN care_phase.cost_per_contact IS 'That for one contact, 4 decimals; NULL without any.';
COMMENT ON COLUMN care_phase.converted IS 'Contacts after which the customer placed his first order within response_window_days.';
COMMENT ON COLUMN care_phase.conversion_rate IS 'Their share, 0..1, 6 decimals; NULL without contacts.';
COMMENT ON COLUMN care_phase.repeated IS 'Contacts after which the customer ordered once more within response_window_days.';
COMMENT ON COLUMN care_phase.repeat_rate IS 'Their share, 0..1, 6 decimals; NULL without contacts.';
COMMENT ON COLUMN care_phase.cost_per_order IS 'Cost for one contact that an order followed, 4 decimals; NULL without any.';
COMMENT ON COLUMN care_phase.currency IS 'Base currency, which all money here is in.';
