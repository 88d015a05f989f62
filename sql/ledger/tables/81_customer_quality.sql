-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_quality (
  customer_id bigint NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  reached_at timestamptz NOT NULL,
  PRIMARY KEY (customer_id, scheme)
);

COMMENT ON TABLE customer_quality IS
'Customers who were in the best tier of a scheme within quality_months of their acquisition, one row a customer and scheme, as of the last refresh.';
COMMENT ON COLUMN customer_quality.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_quality.scheme IS 'Tier scheme.';
COMMENT ON COLUMN customer_quality.reached_at IS 'When the tier held first of that time, as in classification; it may have held before.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE cohort_quality (
  scheme text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  cohort_month date NOT NULL,
  customers bigint NOT NULL,
  reached bigint NOT NULL,
  PRIMARY KEY (scheme, channel_code, cohort_month)
);

COMMENT ON TABLE cohort_quality IS
'Customers by channel and month of their acquisition, and how many were in the best tier soon, one row a scheme, channel and month, as of the last refresh.';
COMMENT ON COLUMN cohort_quality.scheme IS 'Tier scheme.';
COMMENT ON COLUMN cohort_quality.channel_code IS 'Channel that won them; (unknown) where it is not known.';
COMMENT ON COLUMN cohort_quality.cohort_month IS 'First day of the month of the acquisition.';
COMMENT ON COLUMN cohort_quality.customers IS 'Customers acquired.';
COMMENT ON COLUMN cohort_quality.reached IS 'Those of them in customer_quality.';
