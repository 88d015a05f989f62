-- Purchase summaries of 500,000 customers from 10 million purchases.

CALL bench.compare(
  'scan of 10 M purchases alone', 'min, max, count, sum(numeric), grouped', 1.0,
  $$SELECT count(customer_id), count(purchased_at), count(amount)
    FROM bench.purchase_10$$,
  $$SELECT count(*), sum(frequency), sum(monetary) FROM (
      SELECT customer_id, min(purchased_at), max(purchased_at),
             count(*) AS frequency, sum(amount) AS monetary
      FROM bench.purchase_10 GROUP BY customer_id OFFSET 0) AS summed$$, 3);

CALL bench.compare(
  'rfm, 10 M purchases of 500 k customers', 'min, max, count, sum(numeric), grouped', 1.0,
  $$SELECT count(*), sum(crmcost.frequency(summary)),
           sum(crmcost.monetary(summary))
    FROM (SELECT customer_id, crmcost.rfm(purchased_at, amount) AS summary
          FROM bench.purchase_10 GROUP BY customer_id OFFSET 0) AS summed$$,
  $$SELECT count(*), sum(frequency), sum(monetary) FROM (
      SELECT customer_id, min(purchased_at), max(purchased_at),
             count(*) AS frequency, sum(amount) AS monetary
      FROM bench.purchase_10 GROUP BY customer_id OFFSET 0) AS summed$$, 3);

CALL bench.compare(
  'rfm_group, every customer''s row delivered', 'min, max, count, sum(numeric), grouped', 0.35,
  $$SELECT count(*), sum(frequency), sum(monetary)
    FROM crmcost.unnest((
      SELECT crmcost.rfm_group(customer_id, purchased_at, amount)
      FROM bench.purchase_10))$$,
  $$SELECT count(*), sum(frequency), sum(monetary) FROM (
      SELECT customer_id, min(purchased_at), max(purchased_at),
             count(*) AS frequency, sum(amount) AS monetary
      FROM bench.purchase_10 GROUP BY customer_id OFFSET 0) AS summed$$, 3);

CALL bench.growth(
  'rfm_group',
  $$SELECT count(*), sum(frequency), sum(monetary)
    FROM crmcost.unnest((
      SELECT crmcost.rfm_group(customer_id, purchased_at, amount)
      FROM bench.purchase_%s))$$);
