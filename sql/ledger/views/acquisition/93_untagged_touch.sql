-- What no rule of channel_rule matches, so that it counts for no channel.
CREATE VIEW untagged_touch WITH (security_invoker = true) AS
SELECT
  month_start, nullif(source COLLATE "default", '') AS source,
  nullif(medium COLLATE "default", '') AS medium,
  nullif(campaign COLLATE "default", '') AS campaign, interactions,
  (SELECT as_of FROM last_refresh) AS as_of
FROM tag_month
WHERE channel_code = '(unknown)';

COMMENT ON VIEW untagged_touch IS
'Contacts with tags that no channel rule matches, and without a channel or a campaign with one, as of the last refresh, one row a month and combination of tags.';
COMMENT ON COLUMN untagged_touch.month_start IS 'First day of the month in which they count.';
COMMENT ON COLUMN untagged_touch.source IS 'Tag utm_source; NULL for none.';
COMMENT ON COLUMN untagged_touch.medium IS 'Tag utm_medium; NULL for none.';
COMMENT ON COLUMN untagged_touch.campaign IS 'Tag utm_campaign; NULL for none.';
COMMENT ON COLUMN untagged_touch.interactions IS 'Interactions, those behind a count included.';
COMMENT ON COLUMN untagged_touch.as_of IS 'Report day of the last refresh.';
