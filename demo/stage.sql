-- The tables that the source files are copied into, as they come.
DROP SCHEMA IF EXISTS demo CASCADE;
CREATE SCHEMA demo;
COMMENT ON SCHEMA demo IS 'Source files of the demo as they came, and its assumptions.';

-- One row a line of a receipt.  Times are UTC; the stores keep New York time.
CREATE TABLE demo.transactions (
  household_id text NOT NULL,
  store_id text NOT NULL,
  basket_id text NOT NULL,
  product_id text NOT NULL,
  quantity numeric NOT NULL,
  sales_value numeric NOT NULL,
  retail_disc numeric NOT NULL,
  coupon_disc numeric NOT NULL,
  coupon_match_disc numeric NOT NULL,
  week int NOT NULL,
  transaction_timestamp timestamp NOT NULL
);

CREATE TABLE demo.products (
  product_id text PRIMARY KEY,
  manufacturer_id text,
  department text,
  brand text,
  product_category text,
  product_type text,
  package_size text
);

CREATE TABLE demo.campaigns (
  campaign_id text NOT NULL,
  household_id text NOT NULL
);

CREATE TABLE demo.campaign_descriptions (
  campaign_id text PRIMARY KEY,
  campaign_type text NOT NULL,
  start_date date NOT NULL,
  end_date date NOT NULL
);

CREATE TABLE demo.coupon_redemptions (
  household_id text NOT NULL,
  coupon_upc text NOT NULL,
  campaign_id text NOT NULL,
  redemption_date date NOT NULL
);

CREATE TABLE demo.demographics (
  household_id text PRIMARY KEY,
  age text,
  income text,
  home_ownership text,
  marital_status text,
  household_size text,
  household_comp text,
  kids_count text
);

-- CDNOW: one row a purchase.
CREATE TABLE demo.cdnow (
  customer_id bigint NOT NULL,
  purchased_on date NOT NULL,
  cds int NOT NULL,
  amount numeric NOT NULL
);

-- Where the rows come from, in words, for the reports.
CREATE TABLE demo.origin (
  chapter text PRIMARY KEY,
  words text NOT NULL
);

-- Totals of the source files, computed outside the database by demo/totals.py.
CREATE TABLE demo.source_total (
  measure text NOT NULL,
  key text NOT NULL,
  value numeric NOT NULL,
  PRIMARY KEY (measure, key)
);
