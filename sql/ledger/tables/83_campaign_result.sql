-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_response (
  customer_id bigint NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  assigned_on date NOT NULL,
  acted boolean NOT NULL,
  ordered boolean NOT NULL,
  acquired boolean NOT NULL,
  revenue numeric(38,4) NOT NULL,
  PRIMARY KEY (customer_id, campaign_code)
);

COMMENT ON TABLE customer_response IS
'What a member of a campaign did within response_window_days of being assigned, one row a customer and campaign, as of the last refresh.';
COMMENT ON COLUMN customer_response.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN customer_response.campaign_code IS 'Campaign.';
COMMENT ON COLUMN customer_response.role IS 'target or control; both for merged customers of whom one was target and one control.';
COMMENT ON COLUMN customer_response.assigned_on IS 'Day of the assignment; of merged customers the first.';
COMMENT ON COLUMN customer_response.acted IS 'Whether there is an interaction of kind behavior.';
COMMENT ON COLUMN customer_response.ordered IS 'Whether there is an order.';
COMMENT ON COLUMN customer_response.acquired IS 'Whether the customer was acquired.';
COMMENT ON COLUMN customer_response.revenue IS 'Net revenue of the orders, refunds and corrections taken off, in base currency.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE campaign_result (
  campaign_code text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  assigned_on date NOT NULL,
  members bigint NOT NULL,
  acted bigint NOT NULL,
  ordered bigint NOT NULL,
  acquired bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  PRIMARY KEY (campaign_code, role, assigned_on)
);

COMMENT ON TABLE campaign_result IS
'customer_response summed up, one row a campaign, role and day of assignment, as of the last refresh.';
COMMENT ON COLUMN campaign_result.campaign_code IS 'Campaign.';
COMMENT ON COLUMN campaign_result.role IS 'target, control or both, as there.';
COMMENT ON COLUMN campaign_result.assigned_on IS 'Day of the assignment.';
COMMENT ON COLUMN campaign_result.members IS 'Customers assigned.';
COMMENT ON COLUMN campaign_result.acted IS 'Those with an interaction of kind behavior within the window.';
COMMENT ON COLUMN campaign_result.ordered IS 'Those with an order within it.';
COMMENT ON COLUMN campaign_result.acquired IS 'Those who were acquired within it.';
COMMENT ON COLUMN campaign_result.revenue IS 'Net revenue of the orders within it, in base currency.';
