-- Computed by refresh from complete months; nothing else writes it.  Customers of a
-- month = capacity * spend / (half_saturation + spend).
CREATE TABLE response_curve (
  channel_code text COLLATE "C" NOT NULL PRIMARY KEY,
  months integer NOT NULL,
  spend_from numeric(38,4) NOT NULL,
  spend_to numeric(38,4) NOT NULL,
  capacity numeric(38,6),
  half_saturation numeric(38,6),
  r_squared numeric(20,6),
  experiments integer NOT NULL,
  not_fitted_because text
);

COMMENT ON TABLE response_curve IS
'How the customers that a channel brings in a month, as setting attribution_model credits them, saturate with its acquisition cost, one row a channel with such cost, fitted to the complete months up to the last refresh.';
COMMENT ON COLUMN response_curve.channel_code IS 'Channel.';
COMMENT ON COLUMN response_curve.months IS 'Complete months with acquisition cost of the channel.';
COMMENT ON COLUMN response_curve.spend_from IS 'Smallest cost of such a month, in base currency.';
COMMENT ON COLUMN response_curve.spend_to IS 'Largest cost of such a month, in base currency.';
COMMENT ON COLUMN response_curve.capacity IS 'Customers a month that no spend exceeds; NULL where not fitted.';
COMMENT ON COLUMN response_curve.half_saturation IS 'Monthly spend that brings half of them, in base currency, at least 0.00075 of spend_to, which it comes to where customers do not follow the spend; NULL where not fitted.';
COMMENT ON COLUMN response_curve.r_squared IS 'Part of the variance of the customers that the curve explains, below 0 where a constant explains more; NULL where not fitted.';
COMMENT ON COLUMN response_curve.experiments IS 'Campaigns of the channel whose uplift, measured against a control group, is a point of the curve beside the months.';
COMMENT ON COLUMN response_curve.not_fitted_because IS 'fewer than 6 months, the same spend in all months, no customers, or no saturation (the response is a line or convex); NULL where fitted.';
