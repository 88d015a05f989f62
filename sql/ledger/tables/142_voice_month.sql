-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE voice_month (
  month_start date NOT NULL,
  survey text COLLATE "C" NOT NULL,
  scheme text COLLATE "C" NOT NULL,
  tier text COLLATE "C" NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  asked bigint NOT NULL,
  answers bigint NOT NULL,
  score numeric(38,4) NOT NULL,
  good bigint NOT NULL,
  bad bigint NOT NULL,
  complained bigint NOT NULL,
  PRIMARY KEY (month_start, survey, scheme, tier, channel_code, product_code)
);

COMMENT ON TABLE voice_month IS
'Answers to surveys summed up, one row a month, survey, scheme, tier, channel and product, each of the last four also as (all); as of the last refresh.';
COMMENT ON COLUMN voice_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN voice_month.survey IS 'Survey.';
COMMENT ON COLUMN voice_month.scheme IS 'Tier scheme; (all) for all customers.';
COMMENT ON COLUMN voice_month.tier IS 'Tier that held at the end of the month, or on the report day; (unknown) for none, (all) for all customers.';
COMMENT ON COLUMN voice_month.channel_code IS 'Channel of the answer; (unknown) where it is not known, (all) for all.';
COMMENT ON COLUMN voice_month.product_code IS 'Product that it was about; (unknown) for none, (all) for all.';
COMMENT ON COLUMN voice_month.asked IS 'Askings, answered or not.';
COMMENT ON COLUMN voice_month.answers IS 'Answers.';
COMMENT ON COLUMN voice_month.score IS 'Sum of the answers.';
COMMENT ON COLUMN voice_month.good IS 'Good ones: satisfied, promoters.';
COMMENT ON COLUMN voice_month.bad IS 'Bad ones: dissatisfied, detractors.';
COMMENT ON COLUMN voice_month.complained IS 'Bad ones after which the customer complained within setting followup_days.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE reason_month (
  month_start date NOT NULL,
  kind text COLLATE "C" NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  reason_code text COLLATE "C" NOT NULL,
  interactions bigint NOT NULL,
  PRIMARY KEY (month_start, kind, product_code, reason_code)
);

COMMENT ON TABLE reason_month IS
'What customers complain of, one row a month, kind, product and reason, as of the last refresh.';
COMMENT ON COLUMN reason_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN reason_month.kind IS 'complaint, return, or survey for bad answers.';
COMMENT ON COLUMN reason_month.product_code IS 'Product; (unknown) for none.';
COMMENT ON COLUMN reason_month.reason_code IS 'Reason; (unknown) for none.';
COMMENT ON COLUMN reason_month.interactions IS 'How often.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE verdict_total (
  survey text COLLATE "C" NOT NULL,
  verdict text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  churned bigint NOT NULL,
  at_risk bigint NOT NULL,
  orders bigint NOT NULL,
  revenue numeric(38,4) NOT NULL,
  cost numeric(38,4) NOT NULL,
  profit numeric(38,4) NOT NULL,
  PRIMARY KEY (survey, verdict)
);

COMMENT ON TABLE verdict_total IS
'Customers by what they answered last, one row a survey and verdict, as of the last refresh.';
COMMENT ON COLUMN verdict_total.survey IS 'Survey.';
COMMENT ON COLUMN verdict_total.verdict IS 'good, neutral or bad: the last answer of the customer.';
COMMENT ON COLUMN verdict_total.customers IS 'Customers.';
COMMENT ON COLUMN verdict_total.churned IS 'Those who have churned.';
COMMENT ON COLUMN verdict_total.at_risk IS 'Those who are at risk.';
COMMENT ON COLUMN verdict_total.orders IS 'Their orders so far.';
COMMENT ON COLUMN verdict_total.revenue IS 'Their revenue so far, in base currency.';
COMMENT ON COLUMN verdict_total.cost IS 'What they cost so far, all of it, in base currency.';
COMMENT ON COLUMN verdict_total.profit IS 'Margin less cost so far, in base currency.';
