-- Whom to call first: open leads by how likely they are to be acquired.
CREATE VIEW lead_score WITH (security_invoker = true) AS
SELECT
  s.customer_id, s.score,
  rank() OVER (ORDER BY s.score DESC) AS score_rank, f.seen_at AS first_seen_at,
  v.channel_code COLLATE "default" AS channel_code, f.touches,
  f.sales_contacts, f.other_contacts, f.contact_days,
  f.seen_at + 14 * interval '24 hours' <= r.as_of_at AS observed,
  m.holdout_auc,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 v.channel_code COLLATE "default") AS channel_name,
  r.as_of
FROM lead_chance s
JOIN lead_feature f USING (customer_id)
CROSS JOIN lead_model m
CROSS JOIN last_refresh r
LEFT JOIN customer_value v ON v.customer_id = s.customer_id
LEFT JOIN channel h ON h.code = v.channel_code;

COMMENT ON VIEW lead_score IS
'Open leads by how likely they are to be acquired, as of the last refresh, one row a lead first seen less than 104 days before; none without a model (lead_model says why).';
COMMENT ON COLUMN lead_score.customer_id IS 'Lead.';
COMMENT ON COLUMN lead_score.score IS 'Probability that a lead who is open after 14 days is acquired in the 90 days after, 6 decimals.';
COMMENT ON COLUMN lead_score.score_rank IS 'Place by score, 1 the most likely; equal ones share it.';
COMMENT ON COLUMN lead_score.first_seen_at IS 'When the lead was first seen.';
COMMENT ON COLUMN lead_score.channel_code IS 'Channel that brought it; (unknown) where it is not known.';
COMMENT ON COLUMN lead_score.touches IS 'Touches and behavior in the first 14 days, those behind a count included.';
COMMENT ON COLUMN lead_score.sales_contacts IS 'Sales contacts in them, likewise.';
COMMENT ON COLUMN lead_score.other_contacts IS 'Other interactions in them, likewise.';
COMMENT ON COLUMN lead_score.contact_days IS 'Different days with an interaction in them.';
COMMENT ON COLUMN lead_score.observed IS 'Whether these 14 days are over; if not, the score will change.';
COMMENT ON COLUMN lead_score.holdout_auc IS 'What the model is worth: how often, among leads that it has not seen, one who was acquired scores above one who was not.';
COMMENT ON COLUMN lead_score.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN lead_score.as_of IS 'Report day of the last refresh.';
