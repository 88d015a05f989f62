-- Step acquisition, too: which channels bring good customers, and who recommended
-- whom in a circle.
--
-- A customer is looked at again when he is known or acquired since, and when a tier may
-- have become another.
CREATE FUNCTION crmcost._write_cohort_quality(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  anew CONSTANT boolean := crmcost._sums_anew(run);
  changed bigint;
BEGIN
  TRUNCATE pg_temp.refresh_best_customer;
  INSERT INTO pg_temp.refresh_best_customer
    SELECT c.customer_id, coalesce(p.party_id, c.customer_id)
    FROM customer c
    LEFT JOIN pg_temp.refresh_party p USING (customer_id)
    WHERE anew
          OR coalesce(p.party_id, c.customer_id) IN (
               SELECT r.customer_id
               FROM pg_temp.refresh_customer r
               LEFT JOIN pg_temp.refresh_value_before b USING (customer_id)
               LEFT JOIN customer_value v USING (customer_id)
               WHERE b.acquired_on IS DISTINCT FROM v.acquired_on
                     OR (b.customer_id IS NULL) <> (v.customer_id IS NULL)
               UNION
               SELECT k.customer_id FROM pg_temp.refresh_class_customer k
               WHERE k.dimension IN (SELECT t.scheme FROM tier t));
  ANALYZE pg_temp.refresh_best_customer;
  changed := crmcost._write_difference(run.ledger, 'customer_quality',
    crmcost._best_query(run, anew), CASE WHEN anew THEN 'true'
      ELSE 'old.customer_id IN (SELECT b.customer_id FROM pg_temp.refresh_best_customer b)'
      END);
  IF anew OR crmcost._was_written(run, '{customer_quality,customer_value}') THEN
    changed := changed
      + crmcost._write_difference(run.ledger, 'cohort_quality', $query$
          -- days first: they are fewer than customers
          SELECT s.scheme, c.channel_code,
                 crmcost._month_of(c.acquired_on) AS cohort_month,
                 sum(c.customers)::bigint AS customers,
                 coalesce(sum(r.customers), 0)::bigint AS reached
          FROM (SELECT v.channel_code, v.acquired_on, count(*) AS customers
                FROM customer_value v
                WHERE v.acquired_on IS NOT NULL
                GROUP BY v.channel_code, v.acquired_on) c
          CROSS JOIN (SELECT DISTINCT scheme FROM tier) s
          LEFT JOIN (SELECT q.scheme, v.channel_code, v.acquired_on,
                            count(*) AS customers
                     FROM customer_quality q
                     JOIN customer_value v USING (customer_id)
                     GROUP BY q.scheme, v.channel_code, v.acquired_on) r
            ON r.scheme = s.scheme AND r.channel_code = c.channel_code
               AND r.acquired_on = c.acquired_on
          GROUP BY 1, 2, 3
        $query$, 'true');
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_cohort_quality(crmcost._run) IS
  'Writes customer_quality and cohort_quality; returns the rows changed.';

-- A row of classification dated midnight is of the evening before.
CREATE FUNCTION crmcost._best_query(run crmcost._run, anew boolean)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT h.customer_id, h.scheme, min(h.entered_at) AS reached_at
  FROM (
    SELECT b.party_id AS customer_id, t.scheme, k.entered_at,
           k.code = t.code AS is_best,
           crmcost._report_day(k.entered_at, %1$L) AS from_on,
           crmcost._report_day(lead(k.entered_at) OVER (
             PARTITION BY b.party_id, t.scheme ORDER BY k.entered_at), %1$L)
             AS before_on
    FROM pg_temp.refresh_best_customer b
    JOIN classification k USING (customer_id)
    JOIN (SELECT DISTINCT ON (scheme) scheme, code
          FROM tier ORDER BY scheme, rank) t ON t.scheme = k.dimension
    WHERE k.entered_at <= %2$L%4$s
  ) h
  JOIN customer_value v ON v.customer_id = h.customer_id
  WHERE h.is_best
        AND h.from_on < (v.acquired_on + %3$L::interval)::date
        AND coalesce(h.before_on, 'infinity') > v.acquired_on
  GROUP BY h.customer_id, h.scheme
$query$, run.zone, run.upto,
  crmcost._setting(run.ledger, 'quality_months') || ' months',
  -- by an array, histories are looked up; a join would read all
  CASE WHEN NOT anew THEN ' AND k.customer_id = ANY (ARRAY(SELECT r.customer_id
      FROM pg_temp.refresh_best_customer r))' END);

COMMENT ON FUNCTION crmcost._best_query(crmcost._run, boolean) IS
  'Query of customer_quality for the customers of refresh_best_customer.';

-- Who is in a circle is found by going up the chains in strides that double: who
-- can still go further after as many steps as there are rows goes round, and where
-- he is then is in a circle.
CREATE FUNCTION crmcost._write_referral_cycles(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  stride bigint := 1;
  n integer := 0;
  found_rows bigint;
BEGIN
  IF NOT run.whole AND run.upto = run.upto_before
     AND NOT EXISTS (SELECT FROM touched WHERE relation = 'customer') THEN
    RETURN 0;
  END IF;
  TRUNCATE pg_temp.refresh_referral;
  INSERT INTO pg_temp.refresh_referral
    SELECT c.customer_id, coalesce(p.party_id, c.referred_by), 0
    FROM customer c
    LEFT JOIN pg_temp.refresh_party p ON p.customer_id = c.referred_by
    WHERE c.referred_by IS NOT NULL AND c.merged_into IS NULL
          AND c.first_seen_at < run.upto
          AND coalesce(p.party_id, c.referred_by) <> c.customer_id;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  WHILE stride < 2 * found_rows LOOP
    ANALYZE pg_temp.refresh_referral;
    INSERT INTO pg_temp.refresh_referral
      SELECT r.customer_id, up.referrer_id, n + 1
      FROM pg_temp.refresh_referral r
      JOIN pg_temp.refresh_referral up
        ON up.customer_id = r.referrer_id AND up.round = r.round
      WHERE r.round = n;
    DELETE FROM pg_temp.refresh_referral r
      WHERE r.round = n AND n > 0;
    n := n + 1;
    stride := 2 * stride;
  END LOOP;
  RETURN crmcost._write_findings(run, '{referral_cycle}', format($query$
    SELECT 'referral_cycle' AS check_name, '-infinity'::date AS month_start,
           'warning' AS severity, count(*) AS rows, NULL::numeric AS amount,
           crmcost._first_words(ARRAY['referral_cycle', r.customer_id::text,
                     r.referrer_id::text]) AS words
    FROM pg_temp.refresh_referral r
    WHERE r.round = 0
          AND r.customer_id IN (SELECT e.referrer_id
                                FROM pg_temp.refresh_referral e
                                WHERE e.round = %s AND e.round > 0)
    HAVING count(*) > 0
  $query$, n), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_referral_cycles(crmcost._run) IS
  'Writes the finding of customers who recommended each other in a circle; returns the rows changed.';
