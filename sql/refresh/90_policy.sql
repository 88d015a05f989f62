-- Step policy: what became of the rules by tier: who moves from tier to tier, and
-- in which tiers the value still to come is.
CREATE FUNCTION crmcost._refresh_policy(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  changed := crmcost._write_tier_move(run);
  IF crmcost._was_written(run, '{customer_score,customer_value,customer_class}')
     OR EXISTS (SELECT FROM touched WHERE relation = 'tier') THEN
    PERFORM crmcost._find_figures(run);
    changed := changed
      + crmcost._write_difference(run.ledger, 'potential_cell',
          crmcost._potential_query(), 'true');
  END IF;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._refresh_policy(crmcost._run) IS
  'Step of refresh: tier_move and potential_cell; returns the rows changed.';

-- Step tier_month has noted in refresh_held who came from another tier, or left for none.
-- Who stayed is the rest of those who are in the tier at the month's end.
CREATE FUNCTION crmcost._tier_change_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT h.from_month AS month_start, h.scheme,
         CASE h.tier_before WHEN 'none' THEN '(none)' ELSE h.tier_before END
           AS tier_from,
         CASE h.tier WHEN 'none' THEN '(none)' ELSE h.tier END AS tier_to,
         count(*) AS customers
  FROM pg_temp.refresh_held h
  WHERE h.tier_before <> h.tier
  GROUP BY h.from_month, h.scheme, h.tier_before, h.tier
$query$;

COMMENT ON FUNCTION crmcost._tier_change_query() IS
  'Query of how many customers went from tier to tier in each month that refresh_held has.';

CREATE FUNCTION crmcost._write_tier_move(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  first_month CONSTANT date := crmcost._first_held_month(run);
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'tier_move', format($query$
    WITH moved AS (
      SELECT month_start, scheme, tier_from, tier_to,
             sum(customers)::bigint AS customers
      FROM %2$s moved
      GROUP BY month_start, scheme, tier_from, tier_to
    )
    SELECT month_start, scheme, tier_from, tier_to, customers FROM moved
    UNION ALL
    SELECT m.month_start, m.scheme, m.tier, m.tier,
           (m.customers - coalesce(sum(w.customers), 0))::bigint
    FROM tier_month m
    LEFT JOIN moved w
      ON w.month_start = m.month_start AND w.scheme = m.scheme COLLATE "C"
         AND w.tier_to = m.tier COLLATE "C"
    WHERE m.month_start >= %1$L AND m.scheme <> '(all)'
    GROUP BY m.month_start, m.scheme, m.tier, m.customers
    HAVING m.customers > coalesce(sum(w.customers), 0)
  $query$, first_month, crmcost._of_parts(run, 'refresh_part_tier',
                          crmcost._tier_change_query())),
  format('old.month_start >= %L', first_month));
END
$$;

COMMENT ON FUNCTION crmcost._write_tier_move(crmcost._run) IS
  'Writes tier_move of the months whose tiers were found anew; returns the rows changed.';

-- Who is in no tier of a scheme is the rest.
CREATE FUNCTION crmcost._potential_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT f.dimension AS scheme, coalesce(t.code, '(unknown)') AS tier,
         f.high_potential, f.threshold, sum(f.persons)::bigint AS customers,
         sum(f.margin) AS margin, sum(f.profit) AS profit,
         sum(f.potential) AS potential
  FROM pg_temp.refresh_figure f
  LEFT JOIN tier t ON t.scheme = f.dimension AND t.code = f.code
  WHERE f.high_potential IS NOT NULL
  GROUP BY f.dimension, coalesce(t.code, '(unknown)'), f.high_potential,
           f.threshold
  HAVING sum(f.persons) > 0
$query$;

COMMENT ON FUNCTION crmcost._potential_query() IS
  'Query of potential_cell.';

-- A migration between any two evenings, from the history that tier_move counts by
-- the month.  It may run beside parallel workers: names are qualified.
CREATE FUNCTION crmcost.tier_migration(ledger name, from_day date, to_day date)
  RETURNS TABLE (scheme text, tier_from text, tier_to text, direction text,
                 customers bigint)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  last_day date;
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  EXECUTE format('SELECT r.as_of FROM %I.last_refresh r', ledger)
    INTO last_day;
  IF (from_day < to_day AND to_day <= last_day AND isfinite(from_day))
     IS NOT TRUE THEN
    RAISE EXCEPTION 'from_day must be a finite date before to_day, and that not after the last refresh, as of %, not % and %',
                    coalesce(last_day::text, 'never'),
                    coalesce(from_day::text, 'null'),
                    coalesce(to_day::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN QUERY EXECUTE format($query$
    SELECT dimension, coalesce(f.code, '(none)'), coalesce(t.code, '(none)'),
           crmcost._tier_direction(a.rank, b.rank), count(*)
    FROM (%2$s) f
    FULL JOIN (%3$s) t USING (customer_id, dimension)
    LEFT JOIN %1$I.tier a ON a.scheme = dimension AND a.code = f.code
    LEFT JOIN %1$I.tier b ON b.scheme = dimension AND b.code = t.code
    GROUP BY dimension, a.rank, b.rank, f.code, t.code
    ORDER BY dimension, a.rank, b.rank
  $query$, ledger,
  crmcost._tiers_at_query(ledger, crmcost._midnight(from_day + 1, zone)),
  crmcost._tiers_at_query(ledger, crmcost._midnight(to_day + 1, zone)));
END
$$;

COMMENT ON FUNCTION crmcost.tier_migration(name, date, date) IS
  'Customers by scheme, tier on the evening of one day and tier on that of a later one, with the direction: up, down, stay, new or left; days not after the last refresh.';

-- For each merged customer the one who stays at the end of the chain.  The recursion is
-- over arrays: of the customers of a distributed ledger Citus refuses it.
CREATE FUNCTION crmcost._mergers(ledger name)
  RETURNS TABLE (customer_id bigint, party_id bigint)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  merged bigint[];
  survivors bigint[];
BEGIN
  EXECUTE format('SELECT array_agg(c.customer_id), array_agg(c.merged_into)
      FROM (SELECT m.customer_id, m.merged_into FROM %I.customer m
      WHERE m.merged_into IS NOT NULL OFFSET 0) c',
                 ledger)
    INTO merged, survivors;
  RETURN QUERY
    WITH RECURSIVE merger AS (
      SELECT u.customer_id, u.merged_into
      FROM unnest(merged, survivors) AS u (customer_id, merged_into)
    ),
    chain AS (
      SELECT m.customer_id, m.merged_into AS party_id FROM merger m
      UNION ALL
      SELECT p.customer_id, m.merged_into
      FROM chain p JOIN merger m ON m.customer_id = p.party_id
    )
    SELECT p.customer_id, p.party_id
    FROM chain p LEFT JOIN merger m ON m.customer_id = p.party_id
    WHERE m.customer_id IS NULL;
END
$$;

COMMENT ON FUNCTION crmcost._mergers(name) IS
  'Merged customers of a ledger, with the customer for whom their facts count.';

-- Of merged customers the facts of all count for the one who stays.
CREATE FUNCTION crmcost._tiers_at_query(ledger name, at timestamptz)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT l.customer_id, l.dimension, l.code
  FROM (
    SELECT DISTINCT ON (coalesce(p.party_id, k.customer_id), k.dimension)
           coalesce(p.party_id, k.customer_id) AS customer_id, k.dimension,
           k.code
    FROM %1$I.classification k
    LEFT JOIN crmcost._mergers(%1$L) p ON p.customer_id = k.customer_id
    WHERE k.dimension IN (SELECT t.scheme FROM %1$I.tier t)
          AND k.entered_at <= %2$L
    ORDER BY coalesce(p.party_id, k.customer_id), k.dimension,
             k.entered_at DESC, k.code
  ) l
  WHERE l.code <> 'none'
$query$, ledger, at);

COMMENT ON FUNCTION crmcost._tiers_at_query(name, timestamptz) IS
  'Query of the tier of each customer in each scheme at an instant, as the last refresh knows.';

CREATE FUNCTION crmcost._tier_direction(rank_from integer, rank_to integer)
  RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN rank_from IS NULL THEN 'new' WHEN rank_to IS NULL THEN 'left'
         WHEN rank_to < rank_from THEN 'up'
         WHEN rank_to > rank_from THEN 'down' ELSE 'stay' END;

COMMENT ON FUNCTION crmcost._tier_direction(integer, integer) IS
  'What a move from a rank to another is: up, down, stay, new (from no tier) or left (to none).';
