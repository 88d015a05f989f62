-- ABC tiers of a million exact values against running sums.  The values hardly
-- repeat, so plain SQL may leave ties aside; for them it needs RANGE, and twice
-- the work.

CALL bench.compare(
  'abc_tier, 1 M numeric values', 'running sum() window', 0.30,
  $$SELECT count(*), max(tier) FROM (
      SELECT crmcost.abc_tier(value) OVER () AS tier
      FROM bench.customer_1 OFFSET 0) AS tiered$$,
  $$SELECT count(*), max(tier) FROM (
      SELECT CASE WHEN value <= 0 THEN 'C'
                  WHEN running - value < 0.80 * total THEN 'A'
                  WHEN running - value < 0.95 * total THEN 'B'
                  ELSE 'C' END AS tier
      FROM (SELECT value,
                   sum(value) OVER (ORDER BY value DESC
                                    ROWS UNBOUNDED PRECEDING) AS running,
                   (SELECT sum(value) FROM bench.customer_1) AS total
            FROM bench.customer_1) AS summed
      OFFSET 0) AS tiered$$);

CALL bench.growth(
  'abc_tier',
  $$SELECT count(*), max(tier) FROM (
      SELECT crmcost.abc_tier(value) OVER () AS tier
      FROM bench.customer_%s OFFSET 0) AS tiered$$);
