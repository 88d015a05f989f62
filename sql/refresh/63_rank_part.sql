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

-- By a format of window functions over profit and customer_id, in which %1$s is what they
-- are within, and the others are what is added for the ranges above and below: %2$s
-- customers above, %3$s their profit, %4$s those below who are in.
CREATE FUNCTION crmcost._ranks_of_all(terms text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format(terms, '', '', '', '');

COMMENT ON FUNCTION crmcost._ranks_of_all(text) IS
  'Window functions that tell ranks by profit of rows that are all there.';

-- Upward, equal ones with the mean of theirs: twice as much is an integer.
CREATE FUNCTION crmcost._twice_rank(is_in text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.replace(
  '2 * (count(*) FILTER (WHERE is_in) OVER (%1$s ORDER BY profit)%4$s)
   - count(*) FILTER (WHERE is_in) OVER (%1$s ORDER BY profit RANGE CURRENT ROW) + 1',
  'is_in'::text, is_in);

COMMENT ON FUNCTION crmcost._twice_rank(text) IS
  'Format, for _ranks_of_all and _rank_parts, of twice the rank by profit among those for whom a condition holds.';

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
  EXECUTE format($query$
    WITH part AS (
      SELECT p.part, min(p.place) AS lowest, sum(p.n) AS n,
             sum(p.profit) AS profit, sum(p.n_in) AS n_in
      FROM (SELECT p.*, div((sum(p.n) OVER upward - p.n) * %2$s,
                            sum(p.n) OVER ()) AS part
            FROM (SELECT crmcost._amount_place(s.profit) AS place,
                         count(*) AS n, sum(s.profit) AS profit,
                         count(*) FILTER (WHERE s.is_in) AS n_in
                  FROM (%1$s) s GROUP BY 1) p
            WINDOW upward AS (ORDER BY p.place)) p
      GROUP BY p.part
    )
    SELECT coalesce(array_agg(p.lowest ORDER BY p.part), '{}') AS lowest,
           array_agg(p.above ORDER BY p.part) AS above,
           array_agg(p.profit_above ORDER BY p.part) AS profit_above,
           array_agg(p.below ORDER BY p.part) AS below
    FROM (SELECT p.*, sum(p.n) OVER all_parts - sum(p.n) OVER upward AS above,
                 sum(p.profit) OVER all_parts - sum(p.profit) OVER upward
                   AS profit_above,
                 sum(p.n_in) OVER upward - p.n_in AS below
          FROM part p
          WINDOW upward AS (ORDER BY p.part), all_parts AS ()) p
    $query$, source, cardinality(keys)) INTO part;
  IF part.lowest = '{}' THEN
    RETURN;
  END IF;
  EXECUTE format($query$
    INSERT INTO %1$I.ranked (part, place, customer_id, profit, is_in)
      SELECT (%2$L::bigint[])[width_bucket(crmcost._amount_place(s.profit), %3$L::integer[])],
             width_bucket(crmcost._amount_place(s.profit), %3$L::integer[]),
             s.customer_id, s.profit, s.is_in
      FROM (%4$s) s
    $query$, spread, keys, part.lowest, source);
  EXECUTE format('INSERT INTO %1$I.ranking (customer_id, %2$s) SELECT customer_id, %3$s FROM %1$I.ranked r',
    spread, names, format(terms, 'PARTITION BY part',
      format(' + (%L::bigint[])[place]', part.above),
      format(' + (%L::numeric[])[place]', part.profit_above),
      format(' + (%L::bigint[])[place]', part.below)));
  EXECUTE format('TRUNCATE %I.ranked', spread);
END
$$;

COMMENT ON FUNCTION crmcost._rank_parts(crmcost._run, text, text, text) IS
  'Adds to refresh_ranking of the workers of a distributed ledger: columns, by a format of window functions, of the rows that a query has of customer_id, profit and is_in.';
