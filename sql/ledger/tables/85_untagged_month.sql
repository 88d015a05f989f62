-- Computed by refresh; nothing else writes it.
CREATE TABLE untagged_month (
  month_start date NOT NULL,
  source text COLLATE "C" NOT NULL,
  medium text COLLATE "C" NOT NULL,
  campaign text COLLATE "C" NOT NULL,
  interactions bigint NOT NULL,
  PRIMARY KEY (month_start, source, medium, campaign)
);

COMMENT ON TABLE untagged_month IS
'Contacts that have tags and no channel, one row a month and combination of tags, as of the last refresh.';
COMMENT ON COLUMN untagged_month.month_start IS 'First day of the month in which they count.';
COMMENT ON COLUMN untagged_month.source IS 'Tag utm_source; empty for none.';
COMMENT ON COLUMN untagged_month.medium IS 'Tag utm_medium, likewise.';
COMMENT ON COLUMN untagged_month.campaign IS 'Tag utm_campaign, likewise.';
COMMENT ON COLUMN untagged_month.interactions IS 'Interactions, those behind a count included.';
