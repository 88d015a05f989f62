-- What changed since the last refresh: the triggers of facts and configuration
-- write here (sql/refresh/10_capture.sql), refresh takes from here.  A row says
-- that something of a relation changed: of a customer from a day on, or of all
-- customers (customer_id NULL) from a day up to another.
--
-- Rows are told by epoch, the number of refreshes begun: a single customer that is
-- there already, of this epoch, is not written again, so that many small
-- transactions leave few rows.  Loaders neither wait for each other nor for
-- refresh: nothing here is unique.
CREATE TABLE touched (
  relation text NOT NULL,
  customer_id bigint,
  from_on date NOT NULL,
  before_on date NOT NULL,
  epoch bigint NOT NULL,
  written_by xid8 NOT NULL DEFAULT pg_current_xact_id()
);

CREATE INDEX touched_customer_id ON touched (customer_id, from_on);

COMMENT ON TABLE touched IS
'What changed since the last refresh, one row a relation, customer and stretch of days; written by triggers, taken by refresh.';
COMMENT ON COLUMN touched.relation IS 'Table that changed; order where a sale line went or became another.';
COMMENT ON COLUMN touched.customer_id IS 'Customer whose facts changed; NULL for all customers with facts in the days.';
COMMENT ON COLUMN touched.from_on IS 'First day concerned; -infinity for all days.';
COMMENT ON COLUMN touched.before_on IS 'Day before which the days concerned end; infinity for all days.';
COMMENT ON COLUMN touched.epoch IS 'Refreshes begun when it was written.';
COMMENT ON COLUMN touched.written_by IS 'Transaction that wrote it.';

-- Facts for a month that was closed already.  They count in the first month that
-- is open: month_start is NULL until that month is closed too.  Facts without a
-- rate when their month was closed are here as well, for the day they have one.
CREATE TABLE late_fact (
  relation text NOT NULL
    CONSTRAINT relation_is_known
      CHECK (relation IN ('sale', 'order', 'cost_entry', 'interaction', 'lead',
                         'customer')),
  fact_id bigint NOT NULL,
  booked_on date NOT NULL,
  month_start date,
  placed_in date,
  PRIMARY KEY (relation, fact_id, booked_on)
);

COMMENT ON TABLE late_fact IS
'Facts that came after their month was closed, one row each; they count in the first open month.';
COMMENT ON COLUMN late_fact.relation IS 'Table of the fact: sale, cost_entry, interaction, customer (its acquisition) or lead (when it was first seen); order for a sale line as a part of an order that counts in another month.';
COMMENT ON COLUMN late_fact.fact_id IS 'Number of the fact.';
COMMENT ON COLUMN late_fact.booked_on IS 'Day of the fact, in a closed month.';
COMMENT ON COLUMN late_fact.placed_in IS 'Closed month in which a sale line without a rate counted as bought, though not with its money, or for relation order, that of the order, infinity where that was of none when the month of the line was closed; NULL otherwise.';
COMMENT ON COLUMN late_fact.month_start IS 'Closed month in which it counted; NULL while it counts in the first open month.';
