-- A small sample in the shape of the real files, for a machine without PyPI.
-- Every row is MADE UP by this script; no person and no shop is behind it.
-- The same rows come out each time: "random" numbers are hashes of their names.

\set ON_ERROR_STOP on
BEGIN;

UPDATE demo.origin SET words =
  'MADE-UP SAMPLE, not real data: 200 invented households and 1,000 invented '
  'buyers of records, from demo/sample.sql.';

-- A number from 0 to below 1 that depends on the words only.
CREATE FUNCTION demo.dice(VARIADIC words text[]) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashtextextended(array_to_string(words, ' '), 2017) & 4294967295) / 4294967296.0;

INSERT INTO demo.products (product_id, manufacturer_id, department, brand, product_category)
SELECT 'P' || n, 'M' || n % 9, department,
       CASE WHEN n % 4 = 0 THEN 'Private' ELSE 'National' END, department || ' ' || n % 5
FROM generate_series(1, 80) AS n
CROSS JOIN LATERAL (SELECT (ARRAY['GROCERY', 'GROCERY', 'GROCERY', 'DRUG GM', 'PRODUCE',
                                  'MEAT', 'DELI', 'PASTRY'])[1 + n % 8]) AS d (department);

-- How a household shops: visits a week, items a visit, how much it hunts for
-- discounts, and the week after which it comes no more.
CREATE TEMPORARY TABLE habit AS
SELECT h::text AS household_id,
       0.1 + 2.2 * power(demo.dice('visits', h::text), 3) AS visits,
       2 + 8 * power(demo.dice('items', h::text), 2) AS items,
       power(demo.dice('hunt', h::text), 2) AS hunt,
       CASE WHEN demo.dice('leaves', h::text) < 0.15
            THEN 8 + 40 * demo.dice('when', h::text) ELSE 60 END AS last_week
FROM generate_series(1, 200) AS h;

INSERT INTO demo.transactions
SELECT household_id, (1 + floor(9 * demo.dice('store', household_id)))::int,
       'B' || lpad(household_id, 3, '0') || lpad(week::text, 2, '0') || visit,
       product_id, quantity,
       round(shelf_price - retail_disc - match, 2), retail_disc,
       CASE WHEN match > 0 THEN match ELSE 0 END, match, week,
       timestamp '2017-01-01 14:00' + make_interval(weeks => week - 1)
       + make_interval(secs => floor(6.2 * 86400 * demo.dice('at', household_id, week::text, visit::text)))
FROM habit
CROSS JOIN generate_series(1, 52) AS week
CROSS JOIN generate_series(1, 3) AS visit
CROSS JOIN LATERAL (
  -- the same product comes up twice now and then; one line a product
  SELECT DISTINCT ON (product_id) product_id, item
  FROM generate_series(1, ceil(items)::int) AS item
  CROSS JOIN LATERAL (SELECT 'P' || 1 + floor(80 * power(demo.dice(
      'product', household_id, week::text, visit::text, item::text), 1.5))) AS p (product_id)
  ORDER BY product_id, item) AS i
CROSS JOIN LATERAL (
  SELECT 1 + floor(2.2 * power(demo.dice('quantity', household_id, week::text, product_id), 4)) AS quantity) AS q
CROSS JOIN LATERAL (
  SELECT round((quantity * (1.2 + 21 * power(demo.dice('price', product_id), 2)))::numeric, 2) AS shelf_price) AS s
CROSS JOIN LATERAL (
  SELECT CASE WHEN demo.dice('deal', household_id, week::text, product_id) < 0.2 + 0.7 * hunt
              THEN round((shelf_price::float8 * (0.1 + 0.35 * demo.dice('deep', product_id, week::text)))::numeric, 2)
              ELSE 0 END AS retail_disc,
         CASE WHEN demo.dice('coupon', household_id, week::text, product_id) < 0.01
              THEN least(0.50, round(shelf_price / 4, 2)) ELSE 0 END AS match) AS d
WHERE week <= last_week
  AND demo.dice('visit', household_id, week::text, visit::text) < visits / 3;

INSERT INTO demo.campaign_descriptions
SELECT c::text, 'Type ' || (ARRAY['A', 'B', 'C'])[1 + c % 3],
       date '2017-01-30' + 45 * (c - 1), date '2017-01-30' + 45 * (c - 1) + 35
FROM generate_series(1, 7) AS c;

INSERT INTO demo.campaigns
SELECT campaign_id, household_id
FROM demo.campaign_descriptions CROSS JOIN habit
WHERE demo.dice('mailed', campaign_id, household_id) < 0.15 + 0.2 * visits;

INSERT INTO demo.coupon_redemptions
SELECT household_id, 'C' || campaign_id || n, campaign_id,
       start_date + floor(30 * demo.dice('day', campaign_id, household_id, n::text))::int
FROM demo.campaigns
JOIN demo.campaign_descriptions USING (campaign_id)
JOIN habit USING (household_id)
CROSS JOIN generate_series(1, 2) AS n
WHERE demo.dice('redeems', campaign_id, household_id, n::text) < 0.05 + 0.25 * hunt;

INSERT INTO demo.demographics (household_id, age, household_size)
SELECT household_id, (ARRAY['19-24', '25-34', '35-44', '45-54', '55-64', '65+'])
         [1 + floor(6 * demo.dice('age', household_id))::int],
       (ARRAY['1', '2', '3', '4', '5+'])[1 + floor(5 * demo.dice('size', household_id))::int]
FROM habit
WHERE demo.dice('known', household_id) < 0.4;

-- Buyers of records: each begins in the first quarter, has a pace and a basket of
-- its own, and after some purchase comes no more.
WITH buyer AS (
  SELECT n, floor(84 * demo.dice('begins', n::text)) AS begins,
         100 / -ln(demo.dice('pace', n::text)) AS pause,
         40 / -ln(demo.dice('basket', n::text) * demo.dice('taste', n::text)
                  * demo.dice('purse', n::text)) AS basket,
         1 - power(demo.dice('leaves', n::text), 0.4) AS leaves
  FROM generate_series(1, 1000) AS n
), purchase AS (
  SELECT n, nth, basket, begins,
         sum(CASE WHEN nth > 1 THEN -pause * ln(1 - demo.dice('waits', n::text, nth::text)) ELSE 0 END)
           OVER (PARTITION BY n ORDER BY nth) AS waited
  FROM buyer, generate_series(1, 60) AS nth
  WHERE nth <= 1 + ln(1 - demo.dice('last', n::text)) / ln(1 - leaves)
)
INSERT INTO demo.cdnow
SELECT n, '2017-01-01'::date + floor(begins + waited)::int,
       1 + floor(3 * demo.dice('records', n::text, nth::text)),
       round((1 + basket * (0.2 - 0.8 * ln(demo.dice('spends', n::text, nth::text))))::numeric, 2)
FROM purchase
WHERE begins + waited < 546;

COMMIT;
