-- Written by crmcost.close_period(); nothing else writes it.  The tree of cost
-- categories as it was when a month was closed: where a category hangs now is in
-- category_lineage.
CREATE TABLE closed_category (
  month_start date NOT NULL,
  code text COLLATE "C" NOT NULL,
  ancestor text COLLATE "C" NOT NULL,
  distance integer NOT NULL,
  bucket text NOT NULL,
  PRIMARY KEY (month_start, code, ancestor)
);

COMMENT ON TABLE closed_category IS
'Cost categories and what they were part of when a month was closed, one row a month, category and category above it, itself included.';
COMMENT ON COLUMN closed_category.month_start IS 'First day of the closed month.';
COMMENT ON COLUMN closed_category.code IS 'Cost category.';
COMMENT ON COLUMN closed_category.ancestor IS 'The same, or a category above it.';
COMMENT ON COLUMN closed_category.distance IS 'Steps up to it.';
COMMENT ON COLUMN closed_category.bucket IS 'Kind of customer cost of the category above.';
