-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as they
-- were.  The rows of a month, kind and model sum to its conversions, exactly.
CREATE TABLE credit_month (
  month_start date NOT NULL,
  conversion_kind text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  conversions numeric(38,12) NOT NULL,
  value numeric(38,12) NOT NULL,
  margin numeric(38,12),
  PRIMARY KEY (month_start, conversion_kind, model, channel_code, campaign_code)
);

COMMENT ON TABLE credit_month IS
'What channels and campaigns have of the conversions of a month, one row a month, kind of conversion, model, channel and campaign; as of the last refresh.';
COMMENT ON COLUMN credit_month.month_start IS 'First day of the month in which the conversions count.';
COMMENT ON COLUMN credit_month.conversion_kind IS 'acquisition or order.';
COMMENT ON COLUMN credit_month.model IS 'first, last, last_non_direct, linear, position, time_decay, markov (order 1) or shapley (sum game).';
COMMENT ON COLUMN credit_month.channel_code IS 'Channel of the touches; of conversions without a touch their own.';
COMMENT ON COLUMN credit_month.campaign_code IS 'Campaign of the touches, of conversions without a touch their own; (all) under markov and shapley.';
COMMENT ON COLUMN credit_month.conversions IS 'Conversions credited.';
COMMENT ON COLUMN credit_month.value IS 'Revenue credited, in base currency; under markov and shapley orders with more refunds than sales count 0.';
COMMENT ON COLUMN credit_month.margin IS 'Margin credited, in base currency; NULL under markov and shapley, which split revenue.';
