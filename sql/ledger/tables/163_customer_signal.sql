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

-- Computed by refresh; nothing else writes it.
CREATE TABLE winback_total (
  campaign_code text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  won bigint NOT NULL,
  second_revenue numeric(38,4) NOT NULL,
  second_margin numeric(38,4) NOT NULL,
  last_assigned_on date NOT NULL,
  last_won_on date,
  PRIMARY KEY (campaign_code, role)
);

COMMENT ON TABLE winback_total IS
'customer_winback summed up, one row a campaign and role; as of the last refresh.';
COMMENT ON COLUMN winback_total.campaign_code IS 'Campaign.';
COMMENT ON COLUMN winback_total.role IS 'target, control or both, as there.';
COMMENT ON COLUMN winback_total.customers IS 'Members who had churned.';
COMMENT ON COLUMN winback_total.won IS 'Those who came back within winback_days.';
COMMENT ON COLUMN winback_total.second_revenue IS 'Net revenue of their second lives, in base currency.';
COMMENT ON COLUMN winback_total.second_margin IS 'Its margin, in base currency.';
COMMENT ON COLUMN winback_total.last_assigned_on IS 'Day of the last assignment.';
COMMENT ON COLUMN winback_total.last_won_on IS 'Day of the last return; NULL for none.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE strategy_total (
  strategy text COLLATE "C" NOT NULL PRIMARY KEY,
  customers bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  total_cost numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL
);

COMMENT ON TABLE strategy_total IS
'All customers by what invalid_customer says of them, one row a strategy with any; as of the last refresh.';
COMMENT ON COLUMN strategy_total.strategy IS 'Strategy; none for those who are not in invalid_customer.';
COMMENT ON COLUMN strategy_total.customers IS 'Customers, technical ones left out.';
COMMENT ON COLUMN strategy_total.revenue IS 'Net revenue so far, that of technical ones too, in base currency.';
COMMENT ON COLUMN strategy_total.total_cost IS 'Cost so far, direct and allocated, that of technical ones too, in base currency.';
COMMENT ON COLUMN strategy_total.profit IS 'Profit so far, that of technical ones too, in base currency.';
