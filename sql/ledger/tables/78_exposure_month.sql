-- Computed by refresh; nothing else writes it.
CREATE TABLE exposure_month (
  month_start date NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  impressions bigint NOT NULL,
  clicks bigint NOT NULL,
  follows bigint NOT NULL,
  claims bigint NOT NULL,
  redemptions bigint NOT NULL,
  PRIMARY KEY (month_start, channel_code, campaign_code)
);

COMMENT ON TABLE exposure_month IS
'What was shown to people and what they did with it, one row a month, channel and campaign with any of it, as of the last refresh.';
COMMENT ON COLUMN exposure_month.month_start IS 'First day of the month in which it counts.';
COMMENT ON COLUMN exposure_month.channel_code IS 'Channel, else that of the campaign; (unknown) where neither tells.';
COMMENT ON COLUMN exposure_month.campaign_code IS 'Campaign; (unknown) for none.';
COMMENT ON COLUMN exposure_month.impressions IS 'Touches and behavior of subtype impression, those behind a count included.';
COMMENT ON COLUMN exposure_month.clicks IS 'Likewise of subtype click.';
COMMENT ON COLUMN exposure_month.follows IS 'Likewise of subtype follow.';
COMMENT ON COLUMN exposure_month.claims IS 'Likewise of subtype claim: customers that the platform says it won.';
COMMENT ON COLUMN exposure_month.redemptions IS 'Coupons redeemed: likewise of subtype redeemed or coupon_redemption.';
