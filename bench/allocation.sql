-- A million rows of 100 pools: largest remainder in plain SQL is the floor of
-- each quota, and a unit for those whose remainder ranks high enough.  Once
-- with ties left to chance, once with ties to the lower id on both sides: then
-- PostgreSQL's sort of the window is the larger part of ours.

CALL bench.compare(
  'allocate, 1 M rows in 100 pools', 'floor and row_number() over remainders', 0.30,
  $$SELECT count(*), sum(part) FROM (
      SELECT crmcost.allocate(amount, weight) OVER (PARTITION BY pool) AS part
      FROM bench.pool_member_1 OFFSET 0) AS allocated$$,
  $$SELECT count(*), sum(part) FROM (
      SELECT (base + CASE WHEN row_number() OVER (
                                 PARTITION BY pool ORDER BY remainder DESC)
                               <= units - sum(base) OVER (PARTITION BY pool)
                          THEN 1 ELSE 0 END) / 100 AS part
      FROM (SELECT pool, units, div(units * weight, total) AS base,
                   mod(units * weight, total) AS remainder
            FROM (SELECT pool, amount * 100 AS units, weight,
                         sum(weight) OVER (PARTITION BY pool) AS total
                  FROM bench.pool_member_1) AS pooled) AS quota
      OFFSET 0) AS allocated$$);

CALL bench.compare(
  'allocate, ties to the lower id', 'the same, ties to the lower id', 0.45,
  $$SELECT count(*), sum(part) FROM (
      SELECT crmcost.allocate(amount, weight)
               OVER (PARTITION BY pool ORDER BY id) AS part
      FROM bench.pool_member_1 OFFSET 0) AS allocated$$,
  $$SELECT count(*), sum(part) FROM (
      SELECT (base + CASE WHEN row_number() OVER (
                                 PARTITION BY pool ORDER BY remainder DESC, id)
                               <= units - sum(base) OVER (PARTITION BY pool)
                          THEN 1 ELSE 0 END) / 100 AS part
      FROM (SELECT id, pool, units, div(units * weight, total) AS base,
                   mod(units * weight, total) AS remainder
            FROM (SELECT id, pool, amount * 100 AS units, weight,
                         sum(weight) OVER (PARTITION BY pool) AS total
                  FROM bench.pool_member_1) AS pooled) AS quota
      OFFSET 0) AS allocated$$);

CALL bench.growth(
  'allocate',
  $$SELECT count(*), sum(part) FROM (
      SELECT crmcost.allocate(amount, weight) OVER (PARTITION BY pool) AS part
      FROM bench.pool_member_%s OFFSET 0) AS allocated$$);
