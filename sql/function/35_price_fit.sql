-- Price elasticity, for refresh.

CREATE FUNCTION crmcost._price_fits(cells text, schemes text[])
  RETURNS TABLE (product_code text, scheme text, tier text, prices bigint,
                 quantity numeric, amount numeric, lowest_price numeric,
                 highest_price numeric, elasticity double precision,
                 fit double precision)
  LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'price_fit__price_fits';

COMMENT ON FUNCTION crmcost._price_fits(text, text[]) IS
  'Of the rows of a query as _price_cells returns them, those of a product together, for each product and the tiers of each of the schemes (of all NULL): the number of different prices, sums, the slope of the logarithm of quantity over that of price, and the share of variation it explains (R squared), both NULL with a single price.';
