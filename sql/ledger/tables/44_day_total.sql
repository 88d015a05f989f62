-- Computed by refresh; nothing else writes it.  Days of a closed month stay as they were; what
-- came late counts on the first day of the first open month.
CREATE TABLE day_total (
  day date NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  campaign_code text COLLATE "C" NOT NULL,
  revenue numeric(38,4) NOT NULL,
  margin numeric(38,4) NOT NULL,
  discount numeric(38,4) NOT NULL,
  refund numeric(38,4) NOT NULL,
  orders bigint NOT NULL,
  leads bigint NOT NULL,
  converted_leads bigint NOT NULL,
  acquired bigint NOT NULL,
  interactions bigint NOT NULL,
  handle_seconds bigint NOT NULL,
  PRIMARY KEY (day, channel_code, campaign_code)
);

COMMENT ON TABLE day_total IS
'What happened on a day, one row a day, channel and campaign, as of the last refresh.';
COMMENT ON COLUMN day_total.day IS 'Day in the time zone of the ledger.';
COMMENT ON COLUMN day_total.channel_code IS 'Channel of the sale, contact, lead or acquisition, else that of its campaign; (unknown) where neither tells.';
COMMENT ON COLUMN day_total.campaign_code IS 'Campaign; (unknown) for none.';
COMMENT ON COLUMN day_total.revenue IS 'Net revenue in base currency.';
COMMENT ON COLUMN day_total.margin IS 'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN day_total.discount IS 'Discounts given, in base currency.';
COMMENT ON COLUMN day_total.refund IS 'Refunds, zero or negative, in base currency.';
COMMENT ON COLUMN day_total.orders IS 'Orders placed on the day; what became since of those of closed months is in customer_month alone, in the first open month.';
COMMENT ON COLUMN day_total.leads IS 'Parties first seen on the day, technical ones left out.';
COMMENT ON COLUMN day_total.converted_leads IS 'Those of them who have been acquired by the report day.';
COMMENT ON COLUMN day_total.acquired IS 'Customers acquired.';
COMMENT ON COLUMN day_total.interactions IS 'Interactions, those behind a count included.';
COMMENT ON COLUMN day_total.handle_seconds IS 'Working time of the interactions as measured, in seconds.';
