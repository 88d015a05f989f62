-- Which channel the raw tags of a contact mean, where neither the contact nor its
-- campaign names one.  A pattern is one of LIKE, whatever the case; of the rules
-- whose patterns all match the first by priority holds.
CREATE TABLE channel_rule (
  priority integer PRIMARY KEY,
  source text CONSTRAINT source_not_empty CHECK (source <> ''),
  medium text CONSTRAINT medium_not_empty CHECK (medium <> ''),
  campaign text CONSTRAINT campaign_not_empty CHECK (campaign <> ''),
  channel_code text NOT NULL
    CONSTRAINT channel_is_known REFERENCES channel (code),
  CONSTRAINT rule_has_a_pattern
    CHECK (num_nonnulls(source, medium, campaign) > 0),
  CONSTRAINT patterns_do_not_end_with_an_escape
    CHECK (source !~ '(^|[^\\])(\\\\)*\\$'
           AND medium !~ '(^|[^\\])(\\\\)*\\$'
           AND campaign !~ '(^|[^\\])(\\\\)*\\$')
);

COMMENT ON TABLE channel_rule IS
'Which channel the tags of a contact mean, one row a rule.';
COMMENT ON COLUMN channel_rule.priority IS
'Place of the rule: of those that match the one with the smallest number holds.';
COMMENT ON COLUMN channel_rule.source IS
'Pattern (of LIKE, in any case) that utm_source of the attributes has to match; NULL for any, and none.';
COMMENT ON COLUMN channel_rule.medium IS
'Pattern for utm_medium, likewise.';
COMMENT ON COLUMN channel_rule.campaign IS
'Pattern for utm_campaign, likewise.';
COMMENT ON COLUMN channel_rule.channel_code IS
'Channel that the contact counts for.';
