-- Lifetime value models of a million customers, against lifetimes 0.11.3, whose
-- times clv.sh has measured, and against a scan of the same table.

CREATE FUNCTION pg_temp.lifetimes_ms(of_work text) RETURNS numeric
LANGUAGE sql AS $$
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY work_ms)
  FROM bench.lifetimes WHERE work = of_work
$$;

-- One of our statements, which gives the log-likelihood or a sum as well: the
-- work must be the same for its time to count.
CREATE PROCEDURE pg_temp.against_lifetimes(
  work text, of_work text, at_most numeric, ours text
)
LANGUAGE plpgsql AS $$
DECLARE
  result float8;
  their_result float8;
  their_ms numeric := pg_temp.lifetimes_ms(of_work);
  times numeric[];
  median numeric;
BEGIN
  EXECUTE ours INTO result;
  SELECT l.result INTO their_result FROM bench.lifetimes l WHERE l.work = of_work LIMIT 1;
  IF NOT abs(result - their_result) <= 1e-6 * abs(their_result) THEN
    RAISE EXCEPTION '%: ours finds %, lifetimes %', of_work, result, their_result;
  END IF;
  FOR i IN 1 .. 5 LOOP
    times := times || bench.time_of(ours);
  END LOOP;
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY t) INTO median
    FROM unnest(times) AS t;
  INSERT INTO bench.result (work, against, ours_ms, theirs_ms, at_most)
    VALUES (work, 'lifetimes: ' || of_work, median, their_ms, at_most);
  RAISE WARNING '% ms against % ms, ratio % (at most %): %; both find %',
    round(median), round(their_ms), round(median / their_ms, 4),
    round(at_most, 4), work, round(result::numeric, 2);
END;
$$;

CALL pg_temp.against_lifetimes('bgnbd_fit, 1 M customers', 'bgnbd_fit', 0.04,
  'SELECT (crmcost.bgnbd_fit(frequency, recency, age)).log_likelihood FROM bench.customer');
CALL pg_temp.against_lifetimes('bgnbd_fit, 1 M customers', 'bgnbd_fit_grouped', 0.333,
  'SELECT (crmcost.bgnbd_fit(frequency, recency, age)).log_likelihood FROM bench.customer');
CALL pg_temp.against_lifetimes('pareto_nbd_fit, 1 M customers', 'pareto_nbd_fit', 0.01,
  'SELECT (crmcost.pareto_nbd_fit(frequency, recency, age)).log_likelihood FROM bench.customer');
CALL pg_temp.against_lifetimes('pareto_nbd_fit, 1 M customers', 'pareto_nbd_fit_grouped', 0.125,
  'SELECT (crmcost.pareto_nbd_fit(frequency, recency, age)).log_likelihood FROM bench.customer');
CALL pg_temp.against_lifetimes('gamma_gamma_fit, 1 M customers', 'gamma_gamma_fit', 0.25,
  'SELECT (crmcost.gamma_gamma_fit(frequency, spend)).log_likelihood FROM bench.customer');
CALL pg_temp.against_lifetimes('expected_purchases of all, Pareto/NBD', 'expected_purchases', 1.0,
  'SELECT sum(crmcost.expected_purchases(crmcost.pareto_nbd(0.553, 10.578, 0.606, 11.669), 39, frequency, recency, age)) FROM bench.customer');

CALL bench.compare('bgnbd_fit, 1 M customers', 'scan with four built-in aggregates', 2.5,
  'SELECT crmcost.bgnbd_fit(frequency, recency, age) FROM bench.customer',
  'SELECT count(*), sum(frequency), sum(recency), sum(age) FROM bench.customer');
CALL bench.compare('pareto_nbd_fit, 1 M customers', 'scan with four built-in aggregates', 12,
  'SELECT crmcost.pareto_nbd_fit(frequency, recency, age) FROM bench.customer',
  'SELECT count(*), sum(frequency), sum(recency), sum(age) FROM bench.customer');
