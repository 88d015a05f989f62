-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_acquisition (
  customer_id bigint NOT NULL PRIMARY KEY,
  month_start date NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  agent_code text COLLATE "C" NOT NULL,
  cycle_days numeric(38,6) NOT NULL,
  referred boolean NOT NULL
);

CREATE INDEX customer_acquisition_month_start
  ON customer_acquisition (month_start);

COMMENT ON TABLE customer_acquisition IS
'How a customer was won, one row a customer acquired, as of the last refresh; technical customers have none.';
COMMENT ON COLUMN customer_acquisition.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_acquisition.month_start IS 'First day of the month in which the acquisition counts.';
COMMENT ON COLUMN customer_acquisition.channel_code IS 'Channel that brought the customer, else that of the campaign; (unknown) where neither tells.';
COMMENT ON COLUMN customer_acquisition.agent_code IS 'Agent of the last interaction of kind sales up to the day of the acquisition; (unknown) where there is none, or it names nobody.';
COMMENT ON COLUMN customer_acquisition.cycle_days IS 'Days from the first sight to the acquisition.';
COMMENT ON COLUMN customer_acquisition.referred IS 'Whether another customer recommended us (referred_by).';

-- Computed by refresh; nothing else writes it.
CREATE TABLE acquisition_month (
  month_start date NOT NULL,
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  referred bigint NOT NULL,
  median_cycle_days numeric(38,6) NOT NULL,
  PRIMARY KEY (month_start, dimension, code)
);

COMMENT ON TABLE acquisition_month IS
'Customers acquired in a month, one row a month, dimension and channel or agent, and one a month for all; as of the last refresh.';
COMMENT ON COLUMN acquisition_month.month_start IS 'First day of the month in which the acquisitions count.';
COMMENT ON COLUMN acquisition_month.dimension IS '(channel), (agent) or (all).';
COMMENT ON COLUMN acquisition_month.code IS 'Channel or agent, as in customer_acquisition; (all) in dimension (all).';
COMMENT ON COLUMN acquisition_month.customers IS 'Customers acquired.';
COMMENT ON COLUMN acquisition_month.referred IS 'Those of them whom another customer brought.';
COMMENT ON COLUMN acquisition_month.median_cycle_days IS 'Median of the days from the first sight to the acquisition.';
