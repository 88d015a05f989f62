-- Where customers are met.
CREATE TABLE channel (
  code text PRIMARY KEY CONSTRAINT code_not_empty CHECK (code <> '')
    -- what reports call no channel, and all of them
    CONSTRAINT code_not_reserved CHECK (code NOT IN ('(unknown)', '(all)')),
  parent_code text
    CONSTRAINT parent_is_known REFERENCES channel (code)
    CONSTRAINT parent_is_another_channel CHECK (parent_code <> code),
  kind text NOT NULL CONSTRAINT kind_is_known
    CHECK (kind IN ('paid', 'owned', 'earned', 'offline', 'sales', 'service')),
  name text NOT NULL,
  name_zh text
);

CREATE INDEX channel_parent_code ON channel (parent_code);

COMMENT ON TABLE channel IS
'Channels of marketing, sales and service, one row a channel.';
COMMENT ON COLUMN channel.code IS
'Code that facts refer to.';
COMMENT ON COLUMN channel.parent_code IS
'Channel that this one is part of; NULL for a root.';
COMMENT ON COLUMN channel.kind IS
'Kind of channel: paid, owned, earned, offline, sales or service.';
COMMENT ON COLUMN channel.name IS
'English name.';
COMMENT ON COLUMN channel.name_zh IS
'Chinese name; NULL where there is none.';
