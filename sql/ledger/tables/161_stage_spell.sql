-- Computed by refresh; nothing else writes it.  It is what classification has
-- of stages, rows of the same stage joined, from the first to the report day.
CREATE TABLE stage_spell (
  customer_id bigint NOT NULL,
  entered_at timestamptz NOT NULL,
  month_start date NOT NULL,
  entered_on date NOT NULL,
  left_on date,
  stage text COLLATE "C" NOT NULL,
  stage_before text COLLATE "C" NOT NULL,
  days_before integer,
  by_rule boolean NOT NULL,
  reason_code text COLLATE "C",
  reason_inferred boolean,
  channel_code text COLLATE "C" NOT NULL,
  PRIMARY KEY (customer_id, entered_at)
);

CREATE INDEX stage_spell_month_start ON stage_spell (month_start);

COMMENT ON TABLE stage_spell IS
'Time that a customer spent in a stage, one row each, technical customers left out; as of the last refresh.';
COMMENT ON COLUMN stage_spell.customer_id IS 'Customer; of merged customers the one that stays.';
COMMENT ON COLUMN stage_spell.entered_at IS 'When it began.';
COMMENT ON COLUMN stage_spell.month_start IS 'First day of the month in which it began.';
COMMENT ON COLUMN stage_spell.entered_on IS 'Day on which it began.';
COMMENT ON COLUMN stage_spell.left_on IS 'Day on which the next one began; NULL while it lasts.';
COMMENT ON COLUMN stage_spell.stage IS 'Stage.';
COMMENT ON COLUMN stage_spell.stage_before IS 'Stage before; (new) for the first.';
COMMENT ON COLUMN stage_spell.days_before IS 'Days in the stage before; NULL for the first.';
COMMENT ON COLUMN stage_spell.by_rule IS 'true when refresh decided, false when a person did.';
COMMENT ON COLUMN stage_spell.reason_code IS 'Reason that a person gave, else that of the last complaint within churn_reason_days before; NULL where neither says, and for stages other than churned that nobody gave one for.';
COMMENT ON COLUMN stage_spell.reason_inferred IS 'Whether the reason is that of a complaint; NULL without a reason.';
COMMENT ON COLUMN stage_spell.channel_code IS 'Channel that won the customer; (unknown) where it is not known.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE stage_day (
  as_of date NOT NULL,
  stage text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  entered bigint NOT NULL,
  left_customers bigint NOT NULL,
  median_days numeric(38,6),
  mean_age_days numeric(38,6),
  PRIMARY KEY (as_of, stage)
);

COMMENT ON TABLE stage_day IS
'Customers by stage on the report day, the month ends before it and the days of kept_snapshot, one row a day and stage; as of the last refresh.';
COMMENT ON COLUMN stage_day.as_of IS 'Day, at whose end they are counted.';
COMMENT ON COLUMN stage_day.stage IS 'Stage.';
COMMENT ON COLUMN stage_day.customers IS 'Customers in it.';
COMMENT ON COLUMN stage_day.entered IS 'Times that one came into it, from the first of the month to the day.';
COMMENT ON COLUMN stage_day.left_customers IS 'Times that one left it in these days.';
COMMENT ON COLUMN stage_day.median_days IS 'Median of the days that those had spent in it who left; NULL for none.';
COMMENT ON COLUMN stage_day.mean_age_days IS 'Mean of the days that those in it have been there; NULL for none.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE stage_flow_month (
  month_start date NOT NULL,
  stage_from text COLLATE "C" NOT NULL,
  stage_to text COLLATE "C" NOT NULL,
  transitions bigint NOT NULL,
  median_days numeric(38,6),
  PRIMARY KEY (month_start, stage_from, stage_to)
);

COMMENT ON TABLE stage_flow_month IS
'Steps from stage to stage, one row a month and pair of stages; as of the last refresh.';
COMMENT ON COLUMN stage_flow_month.month_start IS 'First day of the month of the step.';
COMMENT ON COLUMN stage_flow_month.stage_from IS 'Stage before; (new) for the first.';
COMMENT ON COLUMN stage_flow_month.stage_to IS 'Stage after.';
COMMENT ON COLUMN stage_flow_month.transitions IS 'Steps.';
COMMENT ON COLUMN stage_flow_month.median_days IS 'Median of the days in the stage before; NULL for (new).';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE churn_month (
  month_start date NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  start_customers bigint NOT NULL,
  new_customers bigint NOT NULL,
  returned bigint NOT NULL,
  went bigint NOT NULL,
  end_customers bigint NOT NULL,
  retained bigint NOT NULL,
  PRIMARY KEY (month_start, channel_code)
);

COMMENT ON TABLE churn_month IS
'Customers who came, stayed and went, one row a month and channel; as of the last refresh.';
COMMENT ON COLUMN churn_month.month_start IS 'First day of the month.';
COMMENT ON COLUMN churn_month.channel_code IS 'Channel that won them; (unknown) where it is not known.';
COMMENT ON COLUMN churn_month.start_customers IS 'Customers when it began: in stage active, at_risk or won_back.';
COMMENT ON COLUMN churn_month.new_customers IS 'Customers who became one for the first time, or out of a lead.';
COMMENT ON COLUMN churn_month.returned IS 'Times that one who had churned came back.';
COMMENT ON COLUMN churn_month.went IS 'Times that one went: into churned, or back to lead.';
COMMENT ON COLUMN churn_month.end_customers IS 'Customers at its end, for the running month on the report day.';
COMMENT ON COLUMN churn_month.retained IS 'Those of the start who are customers at the end.';

-- Computed by refresh; nothing else writes it.  Rows of a closed month stay as
-- they were.
CREATE TABLE churn_reason_month (
  month_start date NOT NULL,
  reason_code text COLLATE "C" NOT NULL,
  inferred boolean NOT NULL,
  customers bigint NOT NULL,
  PRIMARY KEY (month_start, reason_code, inferred)
);

COMMENT ON TABLE churn_reason_month IS
'Why customers churned, one row a month and reason; as of the last refresh.';
COMMENT ON COLUMN churn_reason_month.month_start IS 'First day of the month in which they churned.';
COMMENT ON COLUMN churn_reason_month.reason_code IS 'Reason; (unknown) where nobody gave one and no complaint tells.';
COMMENT ON COLUMN churn_reason_month.inferred IS 'Whether it is that of the last complaint; false for (unknown).';
COMMENT ON COLUMN churn_reason_month.customers IS 'Times that a customer churned for it.';
