-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_funnel (
  customer_id bigint NOT NULL,
  funnel text COLLATE "C" NOT NULL,
  position integer NOT NULL,
  month_start date NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  entered_at timestamptz NOT NULL,
  passed_days numeric(38,6),
  PRIMARY KEY (customer_id, funnel, position)
);

CREATE INDEX customer_funnel_month_start ON customer_funnel (month_start);

COMMENT ON TABLE customer_funnel IS
'When a customer entered a step of a funnel, one row a customer, funnel and step entered, as of the last refresh; technical customers have none.';
COMMENT ON COLUMN customer_funnel.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_funnel.funnel IS 'Funnel.';
COMMENT ON COLUMN customer_funnel.position IS 'Place of the step in it.';
COMMENT ON COLUMN customer_funnel.month_start IS 'First day of the month in which the entry counts.';
COMMENT ON COLUMN customer_funnel.channel_code IS 'Channel of what took the customer into the funnel, whichever step that was; (unknown) where it is not known.';
COMMENT ON COLUMN customer_funnel.entered_at IS 'When the customer entered the step first.';
COMMENT ON COLUMN customer_funnel.passed_days IS 'Days until the customer was in a later step; NULL for who was not.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE funnel_month (
  month_start date NOT NULL,
  funnel text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  position integer NOT NULL,
  entered bigint NOT NULL,
  passed bigint NOT NULL,
  median_days numeric(38,6),
  PRIMARY KEY (month_start, funnel, channel_code, position)
);

COMMENT ON TABLE funnel_month IS
'Customers who entered a step of a funnel in a month, and what became of them, one row a month, funnel, channel (and (all)) and step entered, as of the last refresh.';
COMMENT ON COLUMN funnel_month.month_start IS 'First day of the month in which the entries count.';
COMMENT ON COLUMN funnel_month.funnel IS 'Funnel.';
COMMENT ON COLUMN funnel_month.channel_code IS 'Channel that took them into the funnel, as in customer_funnel; (all) for all of them.';
COMMENT ON COLUMN funnel_month.position IS 'Place of the step in the funnel.';
COMMENT ON COLUMN funnel_month.entered IS 'Customers who entered the step for the first time.';
COMMENT ON COLUMN funnel_month.passed IS 'Those of them who were in a later step then or since; of a closed month, by when it was closed.';
COMMENT ON COLUMN funnel_month.median_days IS 'Median of the days until then; NULL where nobody was.';
