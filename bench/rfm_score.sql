-- RFM scores of a million customers against three ntile(5) windows.

CALL bench.compare(
  'rfm_score window, 1 M customers', 'three ntile(5) windows', 0.25,
  $$SELECT count(*), sum(score) FROM (
      SELECT crmcost.rfm_score(recency_days, frequency, monetary) OVER () AS score
      FROM bench.customer_1 OFFSET 0) AS scored$$,
  $$SELECT count(*), sum(score) FROM (
      SELECT ntile(5) OVER (ORDER BY recency_days DESC) * 100
             + ntile(5) OVER (ORDER BY frequency) * 10
             + ntile(5) OVER (ORDER BY monetary) AS score
      FROM bench.customer_1 OFFSET 0) AS scored$$);

CALL bench.compare(
  'rfm_cuts and rfm_score, 1 M customers', 'three ntile(5) windows', 0.15,
  $$SELECT count(*), sum(score) FROM (
      SELECT crmcost.rfm_score(recency_days, frequency, monetary, cuts) AS score
      FROM bench.customer_1,
           (SELECT crmcost.rfm_cuts(recency_days, frequency, monetary) AS cuts
            FROM bench.customer_1) AS population
      OFFSET 0) AS scored$$,
  $$SELECT count(*), sum(score) FROM (
      SELECT ntile(5) OVER (ORDER BY recency_days DESC) * 100
             + ntile(5) OVER (ORDER BY frequency) * 10
             + ntile(5) OVER (ORDER BY monetary) AS score
      FROM bench.customer_1 OFFSET 0) AS scored$$);

CALL bench.growth(
  'rfm_score window',
  $$SELECT count(*), sum(score) FROM (
      SELECT crmcost.rfm_score(recency_days, frequency, monetary) OVER () AS score
      FROM bench.customer_%s OFFSET 0) AS scored$$);
