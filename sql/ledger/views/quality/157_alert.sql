-- What needs a look today: thresholds that were crossed, and since when.
CREATE VIEW alert WITH (security_invoker = true) AS
SELECT
  a.alert COLLATE "default" AS alert, a.subject COLLATE "default" AS subject,
  a.value, a.threshold, w.status, a.since_on,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh,
                 a.alert COLLATE "default") AS alert_name,
  CASE a.alert
    WHEN 'complaint_rate'
      THEN crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                          p.name, p.name_zh, a.subject COLLATE "default")
    WHEN 'cost_rise'
      THEN crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                          b.name, b.name_zh, a.subject COLLATE "default")
    ELSE crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                        s.name, s.name_zh, a.subject COLLATE "default")
  END AS subject_name,
  'alert_' || a.alert COLLATE "default" AS setting, r.as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, w.status) AS status_name
FROM alert_state a
CROSS JOIN last_refresh r
CROSS JOIN LATERAL (
  VALUES (CASE WHEN NOT a.crossed THEN 'over'
            WHEN a.since_run = r.run_id THEN 'new'
            ELSE 'standing' END)
) AS w (status)
LEFT JOIN term n ON n.kind = 'status' AND n.code = w.status
LEFT JOIN term t ON t.kind = 'alert' AND t.code = a.alert
LEFT JOIN term b ON b.kind = 'bucket' AND b.code = a.subject
LEFT JOIN product p ON p.code = a.subject
LEFT JOIN survey s ON s.code = a.subject;

COMMENT ON VIEW alert IS
'Thresholds of settings that are crossed, as of the last refresh, one row an alert and subject; also those that were until this day.';
COMMENT ON COLUMN alert.alert IS 'What is watched: complaint_rate, csat_rate, nps, response_rate or cost_rise.';
COMMENT ON COLUMN alert.subject IS 'Of what: the product, survey or bucket; (all) for all products.';
COMMENT ON COLUMN alert.value IS 'Value: complaints for a unit sold, share of good answers, net promoter score, answers for an asking (each of the running month and the one before), or by what share the cost of the last complete month is above the mean of up to twelve before.';
COMMENT ON COLUMN alert.threshold IS 'Threshold: complaints and cost are told above it, the others below it.';
COMMENT ON COLUMN alert.status IS 'new (crossed since the refresh before), standing, or over (no longer crossed, since this day).';
COMMENT ON COLUMN alert.since_on IS 'Report day of the refresh since which it is so.';
COMMENT ON COLUMN alert.alert_name IS 'Name of the alert.';
COMMENT ON COLUMN alert.subject_name IS 'Name of the subject.';
COMMENT ON COLUMN alert.setting IS 'Setting that has the threshold.';
COMMENT ON COLUMN alert.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN alert.status_name IS 'Name of the status.';
