-- Price elasticity, for refresh.

CREATE FUNCTION crmcost._price_fit(prices double precision[],
                                   quantities double precision[])
  RETURNS double precision[]
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'price_fit__price_fit';

COMMENT ON FUNCTION crmcost._price_fit(double precision[], double precision[]) IS
  'Of quantities sold at prices, all positive: the number of different prices, the slope of the logarithm of quantity over that of price, and the share of variation it explains (R squared), both NULL with a single price; NULL for NULL.';

CREATE AGGREGATE crmcost._concat(part double precision[]) (
  SFUNC = pg_catalog.array_cat,
  STYPE = double precision[],
  COMBINEFUNC = pg_catalog.array_cat,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE crmcost._concat(double precision[]) IS
  'All elements of arrays, those of one after those of the other; NULL without rows.';
