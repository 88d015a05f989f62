-- Computed by refresh; nothing else writes it.
CREATE TABLE contact_month (
  month_start date NOT NULL,
  kind text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  automated boolean NOT NULL,
  interactions bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  standard_minutes numeric(38,4) NOT NULL,
  PRIMARY KEY (month_start, kind, channel_code, automated)
);

COMMENT ON TABLE contact_month IS
'Interactions, one row a month, kind and channel, and whether a machine did them, as of the last refresh.';
COMMENT ON COLUMN contact_month.month_start IS 'First day of the month in which they count.';
COMMENT ON COLUMN contact_month.kind IS 'Kind of interaction.';
COMMENT ON COLUMN contact_month.channel_code IS 'Channel, else that of the campaign; (unknown) where neither tells.';
COMMENT ON COLUMN contact_month.automated IS 'Whether a machine did it.';
COMMENT ON COLUMN contact_month.interactions IS 'Interactions, those behind a count included.';
COMMENT ON COLUMN contact_month.handle_seconds IS 'Working time as measured, in seconds.';
COMMENT ON COLUMN contact_month.standard_minutes IS 'Standard time of those that were not measured, in minutes.';
