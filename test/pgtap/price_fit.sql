-- The fit of quantity over price against regr_slope and regr_r2, which PostgreSQL
-- has, over quantities added up by price.
\ir setup.psql
SELECT no_plan();

CREATE TEMPORARY TABLE sold AS
  SELECT 1 + i * 7 % 23 AS price, 1 + i * i % 31 AS quantity
  FROM generate_series(1, 200) AS i;

SELECT is(
  (SELECT crmcost._price_fit(array_agg(price::float8 ORDER BY price DESC, quantity),
                             array_agg(quantity::float8 ORDER BY price DESC, quantity)) FROM sold),
  (SELECT crmcost._price_fit(array_agg(price::float8 ORDER BY quantity, price),
                             array_agg(quantity::float8 ORDER BY quantity, price)) FROM sold),
  'the order of the rows does not matter, to the last bit');
SELECT is(
  (SELECT ARRAY[fit[1]::numeric, round(fit[2]::numeric, 9), round(fit[3]::numeric, 9)]
   FROM (SELECT crmcost._price_fit(array_agg(price::float8), array_agg(quantity::float8))
                  AS fit FROM sold) f),
  (SELECT ARRAY[count(*)::numeric, round(regr_slope(ln(quantity::float8), ln(price::float8))::numeric, 9),
                round(regr_r2(ln(quantity::float8), ln(price::float8))::numeric, 9)]
   FROM (SELECT price, sum(quantity) AS quantity FROM sold GROUP BY price) s),
  'prices, slope and R squared are those of the built-in regression');
SELECT is(crmcost._price_fit('{2,2}', '{1,5}'), '{1,NULL,NULL}'::float8[], 'a single price says nothing');
SELECT is(crmcost._price_fit('{}', '{}'), '{0,NULL,NULL}'::float8[], 'no price');
SELECT is(crmcost._price_fit('{1,2}', '{8,2}'), '{2,-2,1}'::float8[], 'a quarter at twice the price: -2');
SELECT throws_ok($$SELECT crmcost._price_fit('{0}', '{1}')$$, '22023', 'prices must be positive, not 0',
  'a price of 0 has no logarithm');
SELECT throws_ok($$SELECT crmcost._price_fit('{1,2,2}', '{1,1e308,1e308}')$$, '22023',
  'quantities of a price must be finite, not Infinity',
  'quantities that sum to infinity have none either');
SELECT is(round(fit[2]::numeric, 6), round((ln(1.6e308::numeric) / ln(2::numeric)), 6),
  'as long as they are finite they have one')
  FROM crmcost._price_fit('{1,2,2}', '{1,8e307,8e307}') f (fit);

\ir finish.psql
