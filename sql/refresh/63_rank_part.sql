-- Ranks of all customers by profit in a distributed ledger.
--
-- How two lists lie in one another no sum tells: of n customers on two workers there
-- are about 2^n ways.  So something of each customer has to go from worker to worker, and
-- none of it over the coordinator: it counts by ranges of profit, and tells which
-- ranges are whose.  Each customer goes to the worker of the range; there places are
-- counted on from those of the ranges above, and go back.

-- Amounts below zero have ranges of their own, as those above have.
CREATE FUNCTION crmcost._amount_place(amount numeric) RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN amount < 0::numeric
         THEN -2 - crmcost._amount_range(-amount)
         ELSE crmcost._amount_range(amount) END;

COMMENT ON FUNCTION crmcost._amount_place(numeric) IS
  'Number of the range an amount is in, in the order of amounts, of 32 an octave.';

CREATE FUNCTION crmcost._shard_keys(relation regclass)
  RETURNS TABLE (key bigint, shard bigint, node integer)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY EXECUTE $query$
    SELECT min(k.i), p.shardid, min(p.groupid)
    FROM generate_series(1, 40 * (SELECT count(*) FROM pg_dist_shard s
                                  WHERE s.logicalrelid = $1)) AS k (i)
    JOIN pg_dist_placement p
      ON p.shardid = get_shard_id_for_distribution_column($1, k.i)
    GROUP BY p.shardid
  $query$ USING relation;
END
$$;

COMMENT ON FUNCTION crmcost._shard_keys(regclass) IS
  'A number whose row lies there, for each shard of a distributed table, and the node that has it.';

-- By a format of window functions over profit, customer_id and has_points, in which %1$s is
-- what they are within, and the others are what is added for the ranges above and below: %2$s
-- customers above, %3$s their profit, %4$s customers below, %5$s those of them with
-- points.
CREATE FUNCTION crmcost._ranks_of_all(terms text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.format(terms, '', '', '', '', '');

COMMENT ON FUNCTION crmcost._ranks_of_all(text) IS
  'Window functions that tell ranks by profit of rows that are all there.';

CREATE FUNCTION crmcost._rank_parts(run crmcost._run, names text, terms text,
                                    source text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET citus.enable_ddl_propagation = on     -- a session may have it off
AS $$
DECLARE
  spread CONSTANT name := run.ledger || '_spread';
  keys CONSTANT bigint[] := ARRAY(
    SELECT k.key FROM crmcost._shard_keys(format('%I.ranked', spread)) k
    ORDER BY k.shard);
  part record;
BEGIN
  EXECUTE format('TRUNCATE %1$I.ranked, %1$I.ranking', spread);
  EXECUTE format($query$
    WITH part AS (
      SELECT p.part, min(p.place) AS lowest, sum(p.n) AS n,
             sum(p.profit) AS profit, sum(p.with_points) AS with_points
      FROM (SELECT p.*, div((sum(p.n) OVER upward - p.n) * %2$s,
                            sum(p.n) OVER ()) AS part
            FROM (SELECT crmcost._amount_place(s.profit) AS place,
                         count(*) AS n, sum(s.profit) AS profit,
                         count(*) FILTER (WHERE s.has_points) AS with_points
                  FROM (%1$s) s GROUP BY 1) p
            WINDOW upward AS (ORDER BY p.place)) p
      GROUP BY p.part
    )
    SELECT coalesce(array_agg(p.lowest ORDER BY p.part), '{}') AS lowest,
           array_agg(p.above ORDER BY p.part) AS above,
           array_agg(p.profit_above ORDER BY p.part) AS profit_above,
           array_agg(p.below ORDER BY p.part) AS below,
           array_agg(p.points_below ORDER BY p.part) AS points_below
    FROM (SELECT p.*, sum(p.n) OVER all_parts - sum(p.n) OVER upward AS above,
                 sum(p.profit) OVER all_parts - sum(p.profit) OVER upward
                   AS profit_above,
                 sum(p.n) OVER upward - p.n AS below,
                 sum(p.with_points) OVER upward - p.with_points
                   AS points_below
          FROM part p
          WINDOW upward AS (ORDER BY p.part), all_parts AS ()) p
    $query$, source, cardinality(keys)) INTO part;
  IF part.lowest = '{}' THEN
    RETURN;
  END IF;
  EXECUTE format($query$
    INSERT INTO %1$I.ranked (part, place, customer_id, profit, has_points)
      SELECT (%2$L::bigint[])[width_bucket(crmcost._amount_place(s.profit), %3$L::integer[])],
             width_bucket(crmcost._amount_place(s.profit), %3$L::integer[]),
             s.customer_id, s.profit, s.has_points
      FROM (%4$s) s
    $query$, spread, keys, part.lowest, source);
  EXECUTE format('INSERT INTO %1$I.ranking (customer_id, %2$s) SELECT customer_id, %3$s FROM %1$I.ranked r',
    spread, names, format(terms, 'PARTITION BY part',
      format(' + (%L::bigint[])[place]', part.above),
      format(' + (%L::numeric[])[place]', part.profit_above),
      format(' + (%L::bigint[])[place]', part.below),
      format(' + (%L::bigint[])[place]', part.points_below)));
  EXECUTE format('TRUNCATE %I.ranked', spread);
END
$$;

COMMENT ON FUNCTION crmcost._rank_parts(crmcost._run, text, text, text) IS
  'Fills refresh_ranking of the workers of a distributed ledger: columns, by a format of window functions, of the rows that a query has of customer_id, profit and has_points.';
