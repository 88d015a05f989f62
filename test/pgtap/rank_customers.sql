-- How refresh ranks and scores all customers: what windows would say.
\ir setup.psql
SELECT no_plan();

CREATE TEMPORARY TABLE buyer AS
  SELECT i::bigint AS id, round((random() * 2000 - 600)::numeric, (random() * 4)::int) AS profit,
    CASE WHEN random() < 0.9 THEN (random() * 400)::int END AS days, (1 + random() * 9)::bigint AS orders,
    round((random() * 900 - 100)::numeric, 2) AS revenue, random() AS place
  FROM generate_series(1, 5000) AS i;
UPDATE buyer SET profit = round(profit, -2) WHERE id % 3 = 0;    -- equal ones
CREATE FUNCTION pg_temp.by_windows(bins integer) RETURNS TABLE (customer_id bigint, profit_rank bigint,
  cumulative_profit numeric, contribution_share numeric, cumulative_share numeric, r integer, f integer, m integer)
LANGUAGE sql AS $$
  SELECT k.id, k.place, k.cumulative, CASE WHEN k.total > 0 THEN round(k.profit / k.total, 6) END,
    CASE WHEN k.total > 0 THEN round(k.cumulative / k.total, 6) END, s.score / 100, s.score / 10 % 10, s.score % 10
  FROM (SELECT id, profit, row_number() OVER (ORDER BY profit DESC, id) AS place,
          sum(profit) OVER (ORDER BY profit DESC) AS cumulative, sum(profit) OVER () AS total FROM buyer) k
  LEFT JOIN (SELECT id, crmcost.rfm_score(days::float8, orders::float8, revenue::float8, bins) OVER () AS score
             FROM buyer WHERE days IS NOT NULL) s USING (id)
$$;
CREATE FUNCTION pg_temp.ranked(bins integer, by text DEFAULT 'id') RETURNS TABLE (customer_id bigint,
  profit_rank bigint, cumulative_profit numeric, contribution_share numeric, cumulative_share numeric, r integer,
  f integer, m integer)
LANGUAGE sql AS $$
  SELECT * FROM crmcost._rank_customers(format('SELECT id, profit, days, orders, revenue FROM buyer ORDER BY %s', by),
    bins)
$$;
SELECT set_eq(format('SELECT * FROM pg_temp.ranked(%s)', bins), format('SELECT * FROM pg_temp.by_windows(%s)', bins),
  format('windows say the same, of %s bins', bins)) FROM generate_series(2, 9) AS bins;
SELECT results_eq('SELECT * FROM pg_temp.ranked(5, $$place$$)', 'SELECT * FROM pg_temp.by_windows(5) ORDER BY 1',
  'and in whatever order they come, they are put out in that of their numbers');
SELECT results_eq('SELECT DISTINCT scale(contribution_share), scale(cumulative_share) FROM pg_temp.ranked(5)',
  'VALUES (6, 6)', 'shares have six decimals');
UPDATE buyer SET profit = profit - 2000;
SELECT set_eq('SELECT * FROM pg_temp.ranked(5)', 'SELECT * FROM pg_temp.by_windows(5)',
  'of what all together lose nobody has a share');
UPDATE buyer SET profit = profit * 1e15 + 3e18;
SELECT set_eq('SELECT * FROM pg_temp.ranked(5, $$place$$)', 'SELECT * FROM pg_temp.by_windows(5)',
  'what 64 bits do not hold is compared and summed as well');
UPDATE buyer SET profit = profit - 1e40, revenue = revenue * 1e20;
SELECT set_eq('SELECT * FROM pg_temp.ranked(5, $$place$$)', 'SELECT * FROM pg_temp.by_windows(5)',
  'nor what 128 bits do not hold');
UPDATE buyer SET profit = id % 7 + 1, revenue = revenue / 1e20;
SELECT set_eq('SELECT * FROM pg_temp.ranked(5)', 'SELECT * FROM pg_temp.by_windows(5)', 'of many equal ones');
UPDATE buyer SET profit = CASE id WHEN 1 THEN 2000000 ELSE (id % 5 - 2) * 2 + 1 END;
UPDATE buyer SET profit = profit + 2000000 - (SELECT sum(profit) FROM buyer) WHERE id = 1;
SELECT set_eq('SELECT * FROM pg_temp.ranked(5)', 'SELECT * FROM pg_temp.by_windows(5)', 'where shares end in a half');
UPDATE buyer SET profit = CASE id WHEN 1 THEN 1 - (SELECT sum(profit) FROM buyer WHERE id <> 1) ELSE profit * 1e6 END
  WHERE id = 1 OR id < 40;
UPDATE buyer SET profit = profit + 0.0001 - (SELECT sum(profit) FROM buyer) WHERE id = 1;
SELECT set_eq('SELECT * FROM pg_temp.ranked(5)', 'SELECT * FROM pg_temp.by_windows(5)',
  'where all together earn next to nothing');

SELECT is_empty($$SELECT * FROM crmcost._rank_customers('SELECT id, profit, days, orders, revenue FROM buyer
  WHERE false', 5)$$, 'of nobody there is nothing');
SELECT results_eq($$SELECT profit_rank, cumulative_profit, contribution_share, r
  FROM crmcost._rank_customers('SELECT 7::bigint, 0.5, NULL::int, NULL::bigint, NULL::numeric', 5)$$,
  'VALUES (1::bigint, 0.5, 1.000000, NULL::int)', 'of one who did not buy, no score');
SELECT throws_ok(format('SELECT * FROM crmcost._rank_customers(%L, %s)', query, bins), code, NULL::text, query)
  FROM (VALUES ('SELECT id, profit, days, orders, revenue FROM buyer', 1, '22023'),
    ('SELECT id, profit, days, orders, revenue FROM buyer', 10, '22023'), ('SELECT id, profit FROM buyer', 5, '42804'),
    ('SELECT id, profit, days, orders, revenue::float8 FROM buyer', 5, '42804'), ('DELETE FROM buyer', 5, '42601'),
    ('SELECT NULL::bigint, profit, days, orders, revenue FROM buyer', 5, '22004'),
    ('SELECT id, NULL::numeric, days, orders, revenue FROM buyer', 5, '22004'),
    ('SELECT id, ''NaN''::numeric, days, orders, revenue FROM buyer', 5, '22023'),
    ('SELECT id, profit, -1, orders, revenue FROM buyer', 5, '22023'),
    ('SELECT id, profit, 1, orders, ''Infinity''::numeric FROM buyer', 5, '22023')) v (query, bins, code);
\ir finish.psql
