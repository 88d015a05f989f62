-- Below which price is a product sold at a loss?  Cost of goods a unit, what
-- was spent on the product, and its part, by revenue, of the cost that names
-- none: the cost to serve, which is every kind but acquisition and programme.
-- Sales that name no product have their part of that, too.
-- Cost of goods is that of the units whose cost is known; a product of which
-- none is known has no floor.
CREATE VIEW price_floor WITH (security_invoker = true) AS
WITH sold AS (
  SELECT product_code, quantity, revenue, costed_quantity, costed_cogs AS cogs
  FROM product_total
),
spent AS (
  SELECT product_code, sum(cost) AS cost
  FROM cost_month
  WHERE bucket NOT IN ('acquisition', 'program')
  GROUP BY product_code
),
unit AS (
  SELECT s.product_code, s.quantity, s.revenue,
         CASE WHEN s.costed_quantity > 0 THEN s.cogs / s.costed_quantity END
           AS unit_cogs,
         least(greatest(s.costed_quantity / nullif(s.quantity, 0), 0), 1)
           AS costed_share,
         coalesce(c.cost, 0)
         + coalesce((SELECT cost FROM spent
                     WHERE product_code = '(unknown)')
                    * greatest(s.revenue, 0)
                    / nullif(sum(greatest(s.revenue, 0)) OVER (), 0), 0)
           AS cost
  FROM sold s LEFT JOIN spent c USING (product_code)
),
priced AS (
  SELECT product_code, quantity, costed_share, revenue / quantity AS price,
         unit_cogs, cost / quantity AS unit_cost,
         unit_cogs + cost / quantity AS floor_price
  FROM unit
  WHERE quantity > 0 AND product_code <> '(unknown)'
)
SELECT
  p.product_code COLLATE "default" AS product_code, p.quantity,
  round(p.price, 4) AS mean_price,
  round(p.unit_cogs, 4) AS unit_cogs,
  round(p.costed_share, 6) AS costed_share,
  round(p.unit_cost, 4) AS unit_cost_to_serve,
  round(p.floor_price, 4) AS floor_price,
  CASE WHEN p.price > 0
    THEN round((p.price - p.floor_price) / p.price, 6) END AS headroom_rate,
  p.price < p.floor_price AS below_floor,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 p.product_code COLLATE "default") AS product_name
FROM priced p
LEFT JOIN product n ON n.code = p.product_code;

COMMENT ON VIEW price_floor IS
'Lowest price that covers the cost of a product, up to the last refresh, one row a product with a net quantity sold.';
COMMENT ON COLUMN price_floor.product_code IS
'Product.';
COMMENT ON COLUMN price_floor.quantity IS
'Quantity sold, less what came back.';
COMMENT ON COLUMN price_floor.mean_price IS
'Net revenue a unit, in base currency.';
COMMENT ON COLUMN price_floor.unit_cogs IS
'Cost of goods a unit, of the units whose cost is known, in base currency; NULL when that is none.';
COMMENT ON COLUMN price_floor.costed_share IS
'Share of the quantity whose cost of goods is known, 0..1.';
COMMENT ON COLUMN price_floor.unit_cost_to_serve IS
'Cost to serve a unit, all but acquisition and program: what names the product, and of what names none its part by the revenue of all sales, also those without a product, in base currency.';
COMMENT ON COLUMN price_floor.floor_price IS
'Cost of goods and cost to serve a unit, in base currency; NULL when the cost of goods is not known.';
COMMENT ON COLUMN price_floor.headroom_rate IS
'Part of the price above the floor, negative below it; NULL without a price or a floor.';
COMMENT ON COLUMN price_floor.below_floor IS
'Whether the mean price is below the floor; NULL without a floor.';
COMMENT ON COLUMN price_floor.currency IS
'Base currency.';
COMMENT ON COLUMN price_floor.product_name IS
'Name of the product; its code where it has none.';
