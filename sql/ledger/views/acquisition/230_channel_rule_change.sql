-- What the channel rules of a scenario would change, before they hold.
CREATE VIEW channel_rule_change WITH (security_invoker = true) AS
WITH matched AS (
  SELECT DISTINCT ON (r.scenario, t.month_start, t.source, t.medium,
                      t.campaign, t.channel_code)
         r.scenario, t.month_start, t.source, t.medium, t.campaign,
         t.channel_code, r.channel_code AS proposed_channel_code
  FROM tag_month t
  JOIN channel_rule r
    ON r.scenario IS NOT NULL
       AND crmcost._tags_match(r.source, r.medium, r.campaign, t.source,
                               t.medium, t.campaign)
  ORDER BY r.scenario, t.month_start, t.source, t.medium, t.campaign,
           t.channel_code, r.priority
),
proposed AS (
  SELECT s.scenario, t.*,
         coalesce(m.proposed_channel_code, '(unknown)')
           AS proposed_channel_code
  FROM (SELECT DISTINCT scenario FROM channel_rule
        WHERE scenario IS NOT NULL) s
  CROSS JOIN tag_month t
  LEFT JOIN matched m
    ON m.scenario = s.scenario AND m.month_start = t.month_start
       AND m.source = t.source AND m.medium = t.medium
       AND m.campaign = t.campaign AND m.channel_code = t.channel_code
)
SELECT
  p.scenario, p.month_start,
  nullif(p.source COLLATE "default", '') AS source,
  nullif(p.medium COLLATE "default", '') AS medium,
  nullif(p.campaign COLLATE "default", '') AS campaign, p.interactions,
  p.channel_code COLLATE "default" AS channel_code,
  crmcost._named(l.value, h.name, h.name_zh,
                 p.channel_code COLLATE "default") AS channel_name,
  p.proposed_channel_code COLLATE "default" AS proposed_channel_code,
  crmcost._named(l.value, n.name, n.name_zh,
                 p.proposed_channel_code COLLATE "default")
    AS proposed_channel_name,
  (SELECT as_of FROM last_refresh) AS as_of
FROM proposed p
CROSS JOIN (SELECT value FROM setting WHERE key = 'language') l
LEFT JOIN channel h ON h.code = p.channel_code
LEFT JOIN channel n ON n.code = p.proposed_channel_code
WHERE p.proposed_channel_code <> p.channel_code;

COMMENT ON VIEW channel_rule_change IS
'Contacts that would count for another channel by the channel rules of a scenario, as of the last refresh, one row a scenario, month, combination of tags and channel; of closed months, too, which a change would leave as they are.';
COMMENT ON COLUMN channel_rule_change.scenario IS 'Scenario of the rules; all its rules take the place of those that hold.';
COMMENT ON COLUMN channel_rule_change.month_start IS 'First day of the month in which the contacts count.';
COMMENT ON COLUMN channel_rule_change.source IS 'Tag utm_source; NULL for none.';
COMMENT ON COLUMN channel_rule_change.medium IS 'Tag utm_medium; NULL for none.';
COMMENT ON COLUMN channel_rule_change.campaign IS 'Tag utm_campaign; NULL for none.';
COMMENT ON COLUMN channel_rule_change.interactions IS 'Interactions, those behind a count included.';
COMMENT ON COLUMN channel_rule_change.channel_code IS 'Channel now; (unknown) for none.';
COMMENT ON COLUMN channel_rule_change.channel_name IS 'Its name.';
COMMENT ON COLUMN channel_rule_change.proposed_channel_code IS 'Channel by the rules of the scenario; (unknown) for none.';
COMMENT ON COLUMN channel_rule_change.proposed_channel_name IS 'Its name.';
COMMENT ON COLUMN channel_rule_change.as_of IS 'Report day of the last refresh.';
