-- The fit of quantity over price against regr_slope and regr_r2, which PostgreSQL
-- has, over quantities added up by price.
\ir setup.psql
SELECT no_plan();
-- number of prices, slope and R squared of one product
CREATE FUNCTION pg_temp.fit(prices float8[], quantities float8[]) RETURNS float8[] LANGUAGE sql
RETURN (SELECT ARRAY[f.prices, f.elasticity, f.fit]
  FROM crmcost._price_fits(format(
    'SELECT ''p''::text, NULL::text[], 1::numeric, 1::numeric, 1::numeric, 1::numeric, %L::float8[], %L::float8[]',
    $1, $2), '{}') f);

CREATE TEMPORARY TABLE sold AS
  SELECT 1 + i * 7 % 23 AS price, 1 + i * i % 31 AS quantity
  FROM generate_series(1, 200) AS i;

SELECT is(
  (SELECT pg_temp.fit(array_agg(price::float8 ORDER BY price DESC, quantity),
                             array_agg(quantity::float8 ORDER BY price DESC, quantity)) FROM sold),
  (SELECT pg_temp.fit(array_agg(price::float8 ORDER BY quantity, price),
                             array_agg(quantity::float8 ORDER BY quantity, price)) FROM sold),
  'the order of the rows does not matter, to the last bit');
SELECT is(
  (SELECT ARRAY[fit[1]::numeric, round(fit[2]::numeric, 9), round(fit[3]::numeric, 9)]
   FROM (SELECT pg_temp.fit(array_agg(price::float8), array_agg(quantity::float8))
                  AS fit FROM sold) f),
  (SELECT ARRAY[count(*)::numeric, round(regr_slope(ln(quantity::float8), ln(price::float8))::numeric, 9),
                round(regr_r2(ln(quantity::float8), ln(price::float8))::numeric, 9)]
   FROM (SELECT price, sum(quantity) AS quantity FROM sold GROUP BY price) s),
  'prices, slope and R squared are those of the built-in regression');
SELECT is(pg_temp.fit('{2,2}', '{1,5}'), '{1,NULL,NULL}'::float8[], 'a single price says nothing');
SELECT is(pg_temp.fit('{}', '{}'), '{0,NULL,NULL}'::float8[], 'no price');
SELECT is(pg_temp.fit('{1,2}', '{8,2}'), '{2,-2,1}'::float8[], 'a quarter at twice the price: -2');
SELECT throws_ok($$SELECT pg_temp.fit('{0}', '{1}')$$, '22023', 'prices must be positive, not 0',
  'a price of 0 has no logarithm');
SELECT throws_ok($$SELECT pg_temp.fit('{1,2,2}', '{1,1e308,1e308}')$$, '22023',
  'quantities of a price must be finite, not Infinity',
  'quantities that sum to infinity have none either');
SELECT is(round(fit[2]::numeric, 6), round((ln(1.6e308::numeric) / ln(2::numeric)), 6),
  'as long as they are finite they have one')
  FROM pg_temp.fit('{1,2,2}', '{1,8e307,8e307}') f (fit);

-- The cells of prices against plain SQL, amounts and quantities of any size.
CREATE TEMPORARY TABLE ordered AS
  SELECT i::bigint AS customer, ARRAY['a', 'p' || i % 7, 'q']::text[] AS product_codes,
         ARRAY[1 + i % 5, (i % 11)::numeric / 7, CASE WHEN i % 4 > 0 THEN 10 ^ (i % 12 - 6) END]::numeric[]
           AS quantities,
         ARRAY[i * 1.37, i * 10 ^ (i % 30) / 3, i % 3]::numeric[] AS amounts,
         CASE i % 3 WHEN 0 THEN '{A,NULL}' WHEN 1 THEN '{B,x}' END::text[] AS tiers
  FROM generate_series(1, 200) AS i;
CREATE TEMPORARY TABLE tier AS
  SELECT o.customer, scheme, tier FROM ordered o
  CROSS JOIN LATERAL (VALUES ('one', tiers[1]), ('other', 'A'), ('two', tiers[2])) t (scheme, tier)
  WHERE tier IS NOT NULL AND o.tiers IS NOT NULL ORDER BY md5(o.customer || scheme);
CREATE FUNCTION pg_temp.cells(orders text, held text DEFAULT 'SELECT * FROM tier') RETURNS text LANGUAGE sql
RETURN format('SELECT c.* FROM crmcost._price_cells(%L, %L, ''{one,two}'') c ORDER BY product_code',
              'SELECT ' || orders || ' FROM ordered', held);
CREATE FUNCTION pg_temp.cell_rows(orders text DEFAULT 'customer, product_codes, quantities, amounts',
  held text DEFAULT 'SELECT * FROM tier')
  RETURNS TABLE (product_code text, tiers text[], quantity numeric, amount numeric, lowest_price numeric,
    highest_price numeric, prices float8[], quantities float8[]) LANGUAGE plpgsql AS
$$BEGIN RETURN QUERY EXECUTE pg_temp.cells(orders, held); END$$;
PREPARE plain AS
  SELECT product_code, tiers, sum(quantity) AS quantity, sum(amount) AS amount, min(price), max(price),
         array_agg(price::float8 ORDER BY price::float8) AS prices,
         array_agg(quantity::float8 ORDER BY quantity::float8) AS quantities
  FROM (SELECT u.*, round(u.amount / u.quantity, 4) AS price
        FROM (SELECT unnest(product_codes) AS product_code, unnest(quantities) AS quantity,
                     unnest(amounts) AS amount, tiers FROM ordered) u
        WHERE u.quantity > 0 OFFSET 0) l
  WHERE price > 0
  GROUP BY product_code, tiers;
PREPARE cells AS
  SELECT product_code, tiers, quantity, amount, lowest_price, highest_price,
         ARRAY(SELECT u FROM unnest(prices) u ORDER BY u) AS prices,
         ARRAY(SELECT u FROM unnest(quantities) u ORDER BY u) AS quantities
  FROM pg_temp.cell_rows();
SELECT bag_eq('cells', 'plain', 'prices by product and tiers are those of plain SQL, to the last digit');
SELECT isnt_empty('plain', 'and there are some');
-- groups of cells against plain SQL: all, and the tiers of two schemes
PREPARE plain_fits AS
  SELECT product_code, scheme, tier, count(*) AS prices, sum(quantity) AS quantity, sum(amount) AS amount,
         min(price) AS lowest_price, max(price) AS highest_price,
         round(CASE WHEN count(*) > 1 THEN regr_slope(ln(quantity::float8), ln(price::float8)) END::numeric, 9)
           AS elasticity,
         round(CASE WHEN count(*) > 1 THEN regr_r2(ln(quantity::float8), ln(price::float8)) END::numeric, 9) AS fit
  FROM (SELECT product_code, scheme, tier, price, sum(quantity) AS quantity, sum(amount) AS amount
        FROM (SELECT u.*, round(u.amount / u.quantity, 4) AS price
              FROM (SELECT unnest(product_codes) AS product_code, unnest(quantities) AS quantity,
                           unnest(amounts) AS amount, tiers FROM ordered) u
              WHERE u.quantity > 0 OFFSET 0) l
        CROSS JOIN LATERAL (VALUES (NULL, NULL), ('one', tiers[1]), ('two', tiers[2])) t (scheme, tier)
        WHERE price > 0 AND (scheme IS NULL OR tier IS NOT NULL)
        GROUP BY product_code, scheme, tier, price) p
  GROUP BY product_code, scheme, tier;
PREPARE fits AS
  SELECT product_code, scheme, tier, prices, quantity, amount, lowest_price, highest_price,
         round(elasticity::numeric, 9) AS elasticity, round(fit::numeric, 9) AS fit
  FROM crmcost._price_fits(pg_temp.cells('customer, product_codes, quantities, amounts'), '{one,two}');
SELECT bag_eq('fits', 'plain_fits', 'fits of all and of tiers are those of plain SQL');
SELECT isnt_empty('fits', 'and there are some');
SELECT is_empty($$SELECT * FROM crmcost._price_fits(pg_temp.cells('customer, product_codes, quantities, amounts')
  || ' LIMIT 0', '{one,two}')$$, 'no cells, no fits');
SELECT throws_ok($$SELECT * FROM crmcost._price_fits('SELECT 1', '{one,NULL}')$$, '22004',
  'schemes must not contain NULL', 'a scheme without a name');
SELECT throws_ok($$SELECT * FROM crmcost._price_fits('SELECT NULL::text, NULL::text[], 1.0, 1.0, 1.0, 1.0, ''{1}''::float8[], ''{1}''::float8[]', '{}')$$,
  '22004', 'cells must have no NULL as the product', 'a cell without a product');
SELECT throws_ok($$SELECT * FROM crmcost._price_fits('SELECT ''p''::text, NULL::text[], 1.0, 1.0, 1.0, 1.0, ''{1}''::float8[], ''{1,2}''::float8[]', '{}')$$,
  '2202E', 'quantities must have as many elements as prices, 1', 'a price without a quantity');
SELECT is_empty($$SELECT * FROM crmcost._price_cells('SELECT 1::bigint, ''{}''::text[], ''{}''::numeric[], ''{}''::numeric[] WHERE false',
  'SELECT * FROM tier', '{one}')$$, 'no orders, no prices');
SELECT throws_ok($$SELECT pg_temp.cell_rows('1')$$, '42804',
  'column 1 of orders must be the customer, of type bigint', 'another query');
SELECT throws_ok($$SELECT pg_temp.cell_rows('customer, product_codes, quantities, NULL::numeric[]')$$,
  '22004', 'orders must have no NULL as the amounts', 'orders without amounts');
SELECT throws_ok($$SELECT pg_temp.cell_rows('customer, product_codes, ''{1,2}''::numeric[], amounts')$$,
  '2202E', 'orders must have a quantity and an amount for each of 3 products, not 2', 'a quantity is missing');
SELECT throws_ok($$SELECT pg_temp.cell_rows(held => 'SELECT 1::bigint, NULL::text, ''A''::text')$$,
  '22004', 'tiers must have no NULL as the scheme', 'a tier of no scheme');
SELECT throws_ok($$SELECT pg_temp.cell_rows('customer, ''{a}''::text[], ''{1e-40}''::numeric[], ''{1}''::numeric[]')$$,
  '22003', 'prices must be less than 10^34, not 1' || repeat('0', 40) || '.0000', 'a price beyond what is stored');

\ir finish.psql
