-- Computed by refresh; nothing else writes it.
CREATE TABLE tag_month (
  month_start date NOT NULL,
  source text COLLATE "C" NOT NULL,
  medium text COLLATE "C" NOT NULL,
  campaign text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  interactions bigint NOT NULL,
  PRIMARY KEY (month_start, source, medium, campaign, channel_code)
);

COMMENT ON TABLE tag_month IS
'Contacts that have tags, and no channel but what these say, one row a month, combination of tags and channel, as of the last refresh.';
COMMENT ON COLUMN tag_month.month_start IS 'First day of the month in which they count.';
COMMENT ON COLUMN tag_month.source IS 'Tag utm_source; empty for none.';
COMMENT ON COLUMN tag_month.medium IS 'Tag utm_medium, likewise.';
COMMENT ON COLUMN tag_month.campaign IS 'Tag utm_campaign, likewise.';
COMMENT ON COLUMN tag_month.channel_code IS 'Channel by the rules of channel_rule; (unknown) where none matches.';
COMMENT ON COLUMN tag_month.interactions IS 'Interactions, those behind a count included.';
