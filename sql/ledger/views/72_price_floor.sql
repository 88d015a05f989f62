-- Below which price is a product sold at a loss?  Cost of goods a unit, what
-- was spent on the product, and its part, by revenue, of the cost that names
-- none.
CREATE VIEW price_floor WITH (security_invoker = true) AS
WITH product AS (
  SELECT product_code, quantity, revenue, cogs, total_cost,
         sum(total_cost) FILTER (WHERE product_code IS NULL) OVER ()
         * greatest(revenue, 0)
         / nullif(sum(greatest(revenue, 0))
                    FILTER (WHERE product_code IS NOT NULL) OVER (), 0)
           AS shared_cost
  FROM profit_by_product
)
SELECT
  product_code, quantity, revenue / quantity AS mean_price,
  cogs / quantity AS unit_cogs,
  (total_cost + coalesce(shared_cost, 0)) / quantity AS unit_cost_to_serve,
  (cogs + total_cost + coalesce(shared_cost, 0)) / quantity AS floor_price,
  (revenue - cogs - total_cost - coalesce(shared_cost, 0))
    / nullif(revenue, 0) AS headroom_rate,
  revenue < cogs + total_cost + coalesce(shared_cost, 0) AS below_floor
FROM product
WHERE product_code IS NOT NULL AND quantity > 0;

COMMENT ON VIEW price_floor IS
'Lowest price that covers the cost of a product, up to the last refresh, one row a product with a net quantity sold.';
COMMENT ON COLUMN price_floor.product_code IS
'Product.';
COMMENT ON COLUMN price_floor.quantity IS
'Quantity sold, less what came back.';
COMMENT ON COLUMN price_floor.mean_price IS
'Net revenue a unit, in base currency.';
COMMENT ON COLUMN price_floor.unit_cogs IS
'Cost of goods a unit, in base currency.';
COMMENT ON COLUMN price_floor.unit_cost_to_serve IS
'Customer cost a unit: what names the product, and its part by revenue of what names none, in base currency.';
COMMENT ON COLUMN price_floor.floor_price IS
'Cost of goods and cost to serve a unit, in base currency.';
COMMENT ON COLUMN price_floor.headroom_rate IS
'Part of the price above the floor, negative below it; NULL without revenue.';
COMMENT ON COLUMN price_floor.below_floor IS
'Whether the mean price is below the floor.';
