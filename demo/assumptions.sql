-- What the purchases do not say, and the demo needs: change a figure here, run
-- "make demo" again, and every table follows.  All are made up for the demo;
-- none comes from the data set.  They are printed with the result.

CREATE TABLE demo.assumption (
  name text PRIMARY KEY,
  value numeric NOT NULL,
  meaning text NOT NULL
);

INSERT INTO demo.assumption (name, value, meaning) VALUES
  ('gross_margin', 0.33,
   'of the shelf price, before discounts, where no department is listed below'),
  ('mailing_cost', 0.85,
   'USD: print and postage for a household that a campaign was mailed to'),
  ('loyalty_team', 2.40,
   'USD a month for each household: programme staff, shared by the active ones'),
  ('store_service', 7.20,
   'USD a month for each household: checkout and service, shared by baskets'),
  ('customer_data', 1.00,
   'USD a month for each household: card database, shared by the active ones'),
  ('cd_margin', 0.30,
   'gross margin of a purchase of CDNOW, in the chapter on lifetime value');

-- Gross margin before discounts, as a part of the shelf price.
CREATE TABLE demo.department_margin (
  department text PRIMARY KEY,
  margin numeric NOT NULL
);

INSERT INTO demo.department_margin (department, margin) VALUES
  ('GROCERY', 0.33), ('DRUG GM', 0.36), ('FUEL', 0.08), ('PRODUCE', 0.42),
  ('MEAT', 0.36), ('MEAT-PCKGD', 0.36), ('DELI', 0.50), ('PASTRY', 0.52),
  ('NUTRITION', 0.35), ('SEAFOOD', 0.34), ('SEAFOOD-PCKGD', 0.34),
  ('FLORAL', 0.45), ('COSMETICS', 0.38), ('SALAD BAR', 0.55),
  ('SPIRITS', 0.25), ('MISCELLANEOUS', 0.10), ('COUPON', 0.00);
