-- Computed by refresh; nothing else writes it.
CREATE TABLE lead_feature (
  customer_id bigint NOT NULL PRIMARY KEY,
  seen_at timestamptz NOT NULL,
  acquired_at timestamptz,
  touches bigint NOT NULL,
  sales_contacts bigint NOT NULL,
  other_contacts bigint NOT NULL,
  contact_days bigint NOT NULL,
  referred boolean NOT NULL,
  is_org boolean NOT NULL,
  channel_code text COLLATE "C" NOT NULL,
  attribute_values float8[] NOT NULL
);

COMMENT ON TABLE lead_feature IS
'What was known of a party 14 days after it was first seen, one row a party, as of the last refresh; technical customers have none.';
COMMENT ON COLUMN lead_feature.customer_id IS 'Customer or lead.';
COMMENT ON COLUMN lead_feature.seen_at IS 'When the party was first seen.';
COMMENT ON COLUMN lead_feature.acquired_at IS 'When it was acquired; NULL for who has not been by the report day.';
COMMENT ON COLUMN lead_feature.touches IS 'Interactions of kind touch and behavior in these days, those behind a count included.';
COMMENT ON COLUMN lead_feature.sales_contacts IS 'Interactions of kind sales, likewise.';
COMMENT ON COLUMN lead_feature.other_contacts IS 'Interactions of any other kind, likewise.';
COMMENT ON COLUMN lead_feature.contact_days IS 'Different days with an interaction.';
COMMENT ON COLUMN lead_feature.referred IS 'Whether another customer recommended us.';
COMMENT ON COLUMN lead_feature.is_org IS 'Whether it is an organisation.';
COMMENT ON COLUMN lead_feature.channel_code IS 'Channel that brought the party, else that of its campaign; (unknown) where neither tells.';
COMMENT ON COLUMN lead_feature.attribute_values IS 'Attributes that setting lead_attributes names, 9 decimals; 0 where there is none, or no number below 10^15.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE lead_model (
  one boolean NOT NULL PRIMARY KEY CONSTRAINT one_model CHECK (one),
  status text COLLATE "C" NOT NULL,
  message text,
  leads bigint NOT NULL,
  conversions bigint NOT NULL,
  holdout_leads bigint NOT NULL,
  holdout_conversions bigint NOT NULL,
  holdout_auc numeric(7,6)
);

COMMENT ON TABLE lead_model IS
'The model that scores leads, one row, as of the last refresh.';
COMMENT ON COLUMN lead_model.one IS 'true.';
COMMENT ON COLUMN lead_model.status IS 'fitted or not_fitted.';
COMMENT ON COLUMN lead_model.message IS 'Why there is no model; NULL where there is one.';
COMMENT ON COLUMN lead_model.leads IS 'Leads that it was fitted on: parties still open 14 days after they were first seen, of whom the next 90 days are known.';
COMMENT ON COLUMN lead_model.conversions IS 'Those of them who were acquired in these 90 days.';
COMMENT ON COLUMN lead_model.holdout_leads IS 'Such leads that it has not seen, about one in five.';
COMMENT ON COLUMN lead_model.holdout_conversions IS 'Those of them who were acquired.';
COMMENT ON COLUMN lead_model.holdout_auc IS 'How often, among these, one who was acquired has a higher score than one who was not, ties by half; 6 decimals, NULL without a model or one of the two.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE lead_coefficient (
  position integer NOT NULL PRIMARY KEY,
  feature text COLLATE "C" NOT NULL,
  coefficient numeric(38,9) NOT NULL,
  std_error numeric(38,9) NOT NULL
);

COMMENT ON TABLE lead_coefficient IS
'Coefficients of the model that scores leads, one row a feature, as of the last refresh; none without a model.';
COMMENT ON COLUMN lead_coefficient.position IS 'Place of the feature, 0 for the intercept.';
COMMENT ON COLUMN lead_coefficient.feature IS 'Feature, by its column in lead_feature; ln_ for the logarithm of 1 more than it, attributes. before the name of an attribute.';
COMMENT ON COLUMN lead_coefficient.coefficient IS 'Change of the log odds by one more of it.';
COMMENT ON COLUMN lead_coefficient.std_error IS 'Its standard error.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE lead_chance (
  customer_id bigint NOT NULL PRIMARY KEY,
  score numeric(7,6) NOT NULL
);

COMMENT ON TABLE lead_chance IS
'How likely open leads are to be acquired, one row a lead, as of the last refresh; none without a model.';
COMMENT ON COLUMN lead_chance.customer_id IS 'Lead.';
COMMENT ON COLUMN lead_chance.score IS 'Probability, 6 decimals.';
