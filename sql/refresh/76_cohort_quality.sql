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

-- A row of classification dated midnight is of the evening before.  What held on the
-- evening of the acquisition is the last row up to then; what came after it counts by
-- its own day.  Days become instants once a customer, not once a row.
CREATE FUNCTION crmcost._best_query(run crmcost._run, anew boolean)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT customer_id, scheme,
         CASE WHEN best_then = last_then THEN best_then ELSE best_later END
           AS reached_at
  FROM (
    SELECT c.customer_id, t.scheme,
           max(k.entered_at) FILTER (WHERE k.entered_at <= c.acquired_by)
             AS last_then,
           max(k.entered_at) FILTER (WHERE k.entered_at <= c.acquired_by
                                           AND k.code = t.code) AS best_then,
           min(k.entered_at) FILTER (WHERE k.entered_at > c.acquired_by
                                           AND k.code = t.code) AS best_later
    FROM (
      SELECT b.customer_id AS known_as, v.customer_id,
             crmcost._midnight(v.acquired_on + 1, %1$L) AS acquired_by,
             crmcost._midnight((v.acquired_on + %3$L::interval)::date, %1$L)
               AS until_at
      FROM pg_temp.refresh_best_customer b
      JOIN customer_value v ON v.customer_id = b.party_id
      WHERE v.acquired_on IS NOT NULL
      OFFSET 0) c
    JOIN classification k
      ON k.customer_id = c.known_as
         AND k.entered_at <= least(c.until_at, %2$L)%4$s
    JOIN (SELECT DISTINCT ON (scheme) scheme, code
          FROM tier ORDER BY scheme, rank) t ON t.scheme = k.dimension
    GROUP BY c.customer_id, t.scheme
  ) h
  WHERE best_then = last_then OR best_later IS NOT NULL
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
BEGIN
  IF NOT run.whole AND run.upto = run.upto_before
     AND NOT EXISTS (SELECT FROM touched WHERE relation = 'customer') THEN
    RETURN 0;
  END IF;
  IF crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._follow_referral_parts(run);
  ELSE
    PERFORM crmcost._follow_referrals(run);
  END IF;
  RETURN crmcost._write_findings(run, '{referral_cycle}', format($query$
    SELECT 'referral_cycle' AS check_name, '-infinity'::date AS month_start,
           'warning' AS severity, sum(p.n)::bigint AS rows,
           NULL::numeric AS amount, crmcost._first_words(p.words) AS words
    FROM %s p
    HAVING sum(p.n) > 0
  $query$, crmcost._of_parts(run, 'refresh_part_circle', $query$
    SELECT count(*) AS n,
           crmcost._first_words(ARRAY['referral_cycle', r.customer_id::text,
                     r.referrer_id::text]) AS words
    FROM pg_temp.refresh_referral r
    $query$)), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_referral_cycles(crmcost._run) IS
  'Writes the finding of customers who recommended each other in a circle; returns the rows changed.';

CREATE FUNCTION crmcost._find_referrals(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  found_rows bigint;
BEGIN
  TRUNCATE pg_temp.refresh_referral;
  INSERT INTO pg_temp.refresh_referral
    SELECT c.customer_id, coalesce(p.party_id, c.referred_by), 0
    FROM customer c
    LEFT JOIN pg_temp.refresh_party p ON p.customer_id = c.referred_by
    WHERE c.referred_by IS NOT NULL AND c.merged_into IS NULL
          AND c.first_seen_at < run.upto
          AND coalesce(p.party_id, c.referred_by) <> c.customer_id;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  RETURN found_rows;
END
$$;

COMMENT ON FUNCTION crmcost._find_referrals(crmcost._run) IS
  'Fills refresh_referral with who was recommended by whom; returns how many.';

CREATE FUNCTION crmcost._follow_referrals(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  found_rows CONSTANT bigint := crmcost._find_referrals(run);
  stride bigint := 1;
  n integer := 0;
BEGIN
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
  DELETE FROM pg_temp.refresh_referral r
    WHERE r.round > 0
          OR r.customer_id NOT IN (SELECT e.referrer_id
                                   FROM pg_temp.refresh_referral e
                                   WHERE e.round = n);
END
$$;

COMMENT ON FUNCTION crmcost._follow_referrals(crmcost._run) IS
  'Leaves in refresh_referral who is in a circle, and who recommended him.';

-- The same on workers: each asks the worker of a referrer who recommended him.
CREATE FUNCTION crmcost._follow_referral_parts(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET citus.enable_ddl_propagation = on     -- a session may have it off
AS $$
DECLARE
  spread CONSTANT name := run.ledger || '_spread';
  found_rows CONSTANT bigint :=
    crmcost._call_parts(run, 'SELECT crmcost._find_referrals($1)');
  left_rows bigint := found_rows;
  stride bigint := 1;
  n integer := 0;
BEGIN
  EXECUTE format('INSERT INTO %I.referral (customer_id, referrer_id, round) ', spread)
          || crmcost._parts_query(run.ledger,
               'SELECT r.customer_id, r.referrer_id, 0 FROM pg_temp.refresh_referral r',
               'customer_id bigint, referrer_id bigint, round integer');
  WHILE stride < 2 * found_rows AND left_rows > 0 LOOP
    EXECUTE format('INSERT INTO %1$I.asked (customer_id, asked_by)
        SELECT r.referrer_id, r.customer_id FROM %1$I.referral r WHERE r.round = %2$s',
                   spread, n);
    EXECUTE format('INSERT INTO %1$I.referral (customer_id, referrer_id, round)
        SELECT a.asked_by, up.referrer_id, %3$s FROM %1$I.asked a
        JOIN %1$I.referral up ON up.customer_id = a.customer_id AND up.round = %2$s',
                   spread, n, n + 1);
    GET DIAGNOSTICS left_rows = ROW_COUNT;
    EXECUTE format('TRUNCATE %I.asked', spread);
    EXECUTE format('DELETE FROM %I.referral r WHERE r.round = %s', spread, n);
    n := n + 1;
    stride := 2 * stride;
  END LOOP;
  EXECUTE format('INSERT INTO %1$I.asked (customer_id) SELECT r.referrer_id FROM %1$I.referral r WHERE r.round = %2$s',
                 spread, n);
  PERFORM crmcost._call_parts(run, 'SELECT crmcost._keep_circles()');
  EXECUTE format('TRUNCATE %1$I.asked, %1$I.referral', spread);
END
$$;

COMMENT ON FUNCTION crmcost._follow_referral_parts(crmcost._run) IS
  'Leaves in refresh_referral of each worker who is in a circle, and who recommended him.';

CREATE FUNCTION crmcost._keep_circles() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  DELETE FROM pg_temp.refresh_referral r
    WHERE r.customer_id NOT IN (SELECT a.customer_id FROM asked a);
END
$$;

COMMENT ON FUNCTION crmcost._keep_circles() IS
  'Leaves in refresh_referral of a worker those who are asked for.';
