-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_signal (
  customer_id bigint NOT NULL PRIMARY KEY,
  bad_voice_on date,
  bad_score numeric(38,4),
  window_orders bigint NOT NULL,
  window_products bigint NOT NULL,
  window_revenue numeric(38,4) NOT NULL,
  oldest_on date,
  revenue_lately numeric(38,4) NOT NULL,
  revenue_before numeric(38,4) NOT NULL
);

COMMENT ON TABLE customer_signal IS
'What a customer said and did lately, one row each with anything of it; as of the last refresh.';
COMMENT ON COLUMN customer_signal.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_signal.bad_voice_on IS 'Day of the last answer to csat of at most bad_voice_score; NULL for none.';
COMMENT ON COLUMN customer_signal.bad_score IS 'Its score.';
COMMENT ON COLUMN customer_signal.window_orders IS 'Orders in the last invalid_window_days.';
COMMENT ON COLUMN customer_signal.window_products IS 'Different products in them.';
COMMENT ON COLUMN customer_signal.window_revenue IS 'Their net revenue, in base currency.';
COMMENT ON COLUMN customer_signal.oldest_on IS 'Day of the first of them; NULL for none.';
COMMENT ON COLUMN customer_signal.revenue_lately IS 'Net revenue of the last three complete months, in base currency.';
COMMENT ON COLUMN customer_signal.revenue_before IS 'Net revenue of the three months before these, in base currency.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_winback (
  customer_id bigint NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  assigned_on date NOT NULL,
  won_on date,
  second_revenue numeric(38,4) NOT NULL,
  second_margin numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, campaign_code)
);

COMMENT ON TABLE customer_winback IS
'Members of campaigns of purpose winback who had churned when they were assigned, one row a customer and campaign; as of the last refresh.';
COMMENT ON COLUMN customer_winback.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN customer_winback.campaign_code IS 'Campaign.';
COMMENT ON COLUMN customer_winback.role IS 'target or control; both for merged customers of whom one was target and one control.';
COMMENT ON COLUMN customer_winback.assigned_on IS 'Day of the assignment.';
COMMENT ON COLUMN customer_winback.won_on IS 'Day of the return within winback_days of it; NULL for none.';
COMMENT ON COLUMN customer_winback.second_revenue IS 'Net revenue of the orders within second_life_days from the return on, in base currency.';
COMMENT ON COLUMN customer_winback.second_margin IS 'Their margin, in base currency.';
