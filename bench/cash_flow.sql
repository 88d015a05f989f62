-- Rates of return of 20,000 series of 25 flows against numpy-financial, which
-- cash_flow.sh has run, and a reciprocal allocation over 200 pools.

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY work_ms) AS numpy_ms
FROM bench.numpy_time \gset
CALL bench.against(
  'irr of 20,000 series of 25 flows', 'numpy-financial 1.0.0', :numpy_ms, 0.10,
  $$SELECT count(rate), sum(rate) FROM (
      SELECT crmcost.irr(amount, period) AS rate
      FROM bench.flow GROUP BY series OFFSET 0) AS found$$);

\t on
\a
-- where there are several rates, the two may choose differently
SELECT format('the same rate to 1e-9 in %s of %s series; %s found by irr alone, %s by numpy-financial alone',
              count(*) FILTER (WHERE abs(o.rate - n.rate) < 1e-9), count(*),
              count(*) FILTER (WHERE n.rate IS NULL AND o.rate IS NOT NULL),
              count(*) FILTER (WHERE o.rate IS NULL AND n.rate IS NOT NULL))
FROM (SELECT series, crmcost.irr(amount, period) AS rate
      FROM bench.flow GROUP BY series) AS o
JOIN bench.numpy_irr n USING (series);
\a
\t off

CREATE TABLE bench.pools AS
SELECT array_fill(1234.56, '{200}') AS own, array_agg(row ORDER BY i) AS share
FROM (SELECT i, array_agg(CASE WHEN i > 150 OR i = j THEN 0 ELSE 1 / 199.0 END
                          ORDER BY j) AS row
      FROM generate_series(1, 200) AS i, generate_series(1, 200) AS j
      GROUP BY i) AS line;

CALL bench.against(
  'reciprocal over 200 pools, 150 of which serve each other', '50 ms', 50, 1,
  $$SELECT crmcost.reciprocal(own, share)
    FROM bench.pools, generate_series(1, 10)$$, 10);
