-- Whom a campaign was for, and whom it was withheld from to see what difference it
-- makes.  The key says that nobody is both.
CREATE TABLE campaign_member (
  customer_id bigint NOT NULL
    CONSTRAINT customer_is_known REFERENCES customer (customer_id),
  campaign_code text NOT NULL
    CONSTRAINT campaign_is_known REFERENCES campaign (code),
  role text NOT NULL CONSTRAINT role_is_known
    CHECK (role IN ('target', 'control')),
  assigned_at timestamptz NOT NULL
    CONSTRAINT assigned_at_is_finite CHECK (isfinite(assigned_at))
    CONSTRAINT assigned_at_not_before_1900
      CHECK (assigned_at >= '1900-01-01 00:00Z'),
  CONSTRAINT one_role_a_customer_and_campaign
    PRIMARY KEY (customer_id, campaign_code)
);

CREATE INDEX campaign_member_campaign_code ON campaign_member (campaign_code);
CREATE INDEX campaign_member_assigned_at
  ON campaign_member USING brin (assigned_at);

COMMENT ON TABLE campaign_member IS
'Members of campaigns and of their control groups, one row a customer and campaign; campaign_response and winback_campaign count nobody else.';
COMMENT ON COLUMN campaign_member.customer_id IS
'Customer.';
COMMENT ON COLUMN campaign_member.campaign_code IS
'Campaign.';
COMMENT ON COLUMN campaign_member.role IS
'target for who gets the campaign, control for who is held out of it.';
COMMENT ON COLUMN campaign_member.assigned_at IS
'When the customer was assigned; from then on what he does is a response.';
