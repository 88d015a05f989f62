-- A limited effort towards customers, with a purpose and a period.
CREATE TABLE campaign (
  code text PRIMARY KEY CONSTRAINT code_not_empty CHECK (code <> '')
    -- what reports call no campaign, and all of them
    CONSTRAINT code_not_reserved CHECK (code NOT IN ('(unknown)', '(all)')),
  channel_code text
    CONSTRAINT channel_is_known REFERENCES channel (code),
  purpose text NOT NULL CONSTRAINT purpose_is_known
    CHECK (purpose IN ('acquisition', 'conversion', 'retention', 'winback',
                       'loyalty', 'service')),
  period daterange NOT NULL
    CONSTRAINT period_not_empty CHECK (NOT isempty(period)),
  name text NOT NULL
);

CREATE INDEX campaign_channel_code ON campaign (channel_code);

COMMENT ON TABLE campaign IS
'Campaigns, one row each.';
COMMENT ON COLUMN campaign.code IS
'Code that facts refer to.';
COMMENT ON COLUMN campaign.channel_code IS
'Channel it runs on; cost booked on the campaign alone counts there. NULL when it runs on several.';
COMMENT ON COLUMN campaign.purpose IS
'What it is for: acquisition, conversion, retention, winback, loyalty or service.';
COMMENT ON COLUMN campaign.period IS
'Days it runs; an open end is allowed, an empty range is not.';
COMMENT ON COLUMN campaign.name IS
'Name for people.';
