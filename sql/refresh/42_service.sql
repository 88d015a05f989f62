-- Service pools pass their cost on.
--
-- A category with a share in allocation_share is a service pool: what is booked
-- on it, and on categories below it that are no service pool themselves, serves
-- the categories named there.  What its shares leave of 1 stays, and follows the
-- rules of the cost itself; what arrives elsewhere follows the rule of the
-- category it arrives in.  Where a unit of a pool's cost ends is what
-- crmcost.reciprocal or crmcost.step_down say; cost is split in these
-- proportions to the coin, one pool, bucket and rule after the other, so that it
-- keeps its bucket and no pool's cost mixes with another's.
CREATE FUNCTION crmcost._pass_service_cost(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  method CONSTANT text := crmcost._setting(run.ledger, 'service_pool_method');
  of_month date;
BEGIN
  IF NOT EXISTS (SELECT FROM allocation_share) THEN
    RETURN;
  END IF;
  FOR of_month IN
    SELECT DISTINCT l.month_start FROM pg_temp.refresh_post l ORDER BY 1
  LOOP
    PERFORM crmcost._find_service_pools(of_month);
    PERFORM crmcost._solve_service_pools(of_month, method);
    TRUNCATE pg_temp.refresh_share;
  END LOOP;
  PERFORM crmcost._split_service_lines(run);
  PERFORM crmcost._replace_service_lines();
END
$$;

COMMENT ON FUNCTION crmcost._pass_service_cost(crmcost._run) IS
  'Replaces cost of service pools in refresh_post by its parts in the pools where it ends.';

-- The service pools of a month, which category belongs to which, and the shares
-- between pools.  What serves a category inside of a service pool serves that
-- pool, unless it is the same one.
CREATE FUNCTION crmcost._find_service_pools(of_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  beyond record;
BEGIN
  SELECT from_category, sum(share) AS share INTO beyond
    FROM allocation_share
    WHERE valid @> of_month
    GROUP BY from_category
    HAVING sum(share) > 1.000001
    ORDER BY from_category LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'shares of % in % must sum to 1 at most, not %',
                    beyond.from_category, to_char(of_month, 'YYYY-MM'),
                    beyond.share
      USING ERRCODE = 'data_exception',
            HINT = 'Correct table allocation_share.';
  END IF;

  INSERT INTO pg_temp.refresh_home
    SELECT DISTINCT ON (l.code) of_month, l.code, l.ancestor
    FROM category_lineage l
    WHERE EXISTS (SELECT FROM allocation_share s
                  WHERE s.from_category = l.ancestor AND s.valid @> of_month)
    ORDER BY l.code, l.distance;
  INSERT INTO pg_temp.refresh_share
    SELECT s.from_category,
           CASE WHEN h.service_category <> s.from_category
             THEN h.service_category ELSE s.to_category END AS to_category,
           coalesce(h.service_category <> s.from_category, false) AS to_service,
           sum(s.share) AS share
    FROM allocation_share s
    LEFT JOIN pg_temp.refresh_home h
      ON h.month_start = of_month AND h.category_code = s.to_category
    WHERE s.valid @> of_month
    GROUP BY 1, 2, 3;
  -- thirds are no decimals: within a millionth of 1 nothing stays
  INSERT INTO pg_temp.refresh_share
    SELECT from_category, from_category, false, 1 - sum(share)
    FROM pg_temp.refresh_share
    GROUP BY from_category
    HAVING sum(share) < 0.999999;
END
$$;

COMMENT ON FUNCTION crmcost._find_service_pools(date) IS
  'Fills refresh_home and makes refresh_share for a month.';

-- Rows and columns of the matrix are the service pools, then the categories in
-- which cost ends; one of these may be the service pool itself, for what stays.
CREATE FUNCTION crmcost._share_matrix(services text[], finals text[])
  RETURNS numeric[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT array_agg(line.shares ORDER BY line.i)
    FROM (
      SELECT r.i, array_agg(coalesce(s.share, 0) ORDER BY c.j) AS shares
      FROM unnest(services || finals) WITH ORDINALITY AS r (code, i)
      CROSS JOIN unnest(services || finals) WITH ORDINALITY AS c (code, j)
      LEFT JOIN pg_temp.refresh_share s
        ON s.from_category = r.code AND r.i <= cardinality(services)
           AND s.to_category = c.code
           AND s.to_service = (c.j <= cardinality(services))
      GROUP BY r.i
    ) line);
END
$$;

COMMENT ON FUNCTION crmcost._share_matrix(text[], text[]) IS
  'Shares between service pools, and from them to the categories in which cost ends, from refresh_share.';

-- Service pools are in the order in which step_down closes them: who serves most
-- others first.
CREATE FUNCTION crmcost._solve_service_pools(of_month date, method text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  services text[];
  finals text[];
  shares numeric[];
  unit numeric[];
  reached numeric[];
  size integer;
BEGIN
  SELECT array_agg(s.from_category ORDER BY s.others DESC, s.from_category)
    INTO services
    FROM (SELECT from_category, count(*) FILTER (WHERE to_service) AS others
          FROM pg_temp.refresh_share GROUP BY from_category) s;
  IF services IS NULL THEN
    RETURN;
  END IF;
  SELECT array_agg(DISTINCT s.to_category ORDER BY s.to_category) INTO finals
    FROM pg_temp.refresh_share s WHERE NOT s.to_service;
  finals := coalesce(finals, '{}');
  size := cardinality(services) + cardinality(finals);
  shares := crmcost._share_matrix(services, finals);

  FOR i IN 1 .. cardinality(services) LOOP
    unit := array_fill(0::numeric, ARRAY[size]);
    unit[i] := 1;
    BEGIN
      IF method = 'step_down' THEN
        reached := crmcost.step_down(unit, shares, 18);
      ELSE
        reached := crmcost.reciprocal(unit, shares, 18);
      END IF;
    EXCEPTION WHEN invalid_parameter_value THEN
      RAISE EXCEPTION 'service pools of % cannot be solved: %',
                      to_char(of_month, 'YYYY-MM'), SQLERRM
        USING ERRCODE = 'data_exception',
              DETAIL = (SELECT string_agg(format('Row %s is %s.', n, code),
                                          ' ' ORDER BY n)
                        FROM unnest(services)
                          WITH ORDINALITY AS row (code, n)),
              HINT = 'Correct table allocation_share.';
    END;
    INSERT INTO pg_temp.refresh_service
      SELECT of_month, services[i], f.code, reached[cardinality(services) + f.n]
      FROM unnest(finals) WITH ORDINALITY AS f (code, n)
      WHERE reached[cardinality(services) + f.n] <> 0;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._solve_service_pools(date, text) IS
  'Fills refresh_service for a month from refresh_share.';

-- What arrives in a category follows its rule, or has none, 0.
CREATE FUNCTION crmcost._service_receivers(run crmcost._run)
  RETURNS TABLE (month_start date, service text, categories text[],
                 proportions numeric[], rules bigint[])
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    WITH arrival AS (
      SELECT DISTINCT ON (a.month_start, a.to_category)
             a.month_start, a.to_category, r.rule_id
      FROM (SELECT DISTINCT month_start, to_category
            FROM pg_temp.refresh_service) a
      JOIN category_lineage l ON l.code = a.to_category
      JOIN allocation_rule r
        ON r.category_code = l.ancestor AND r.valid @> a.month_start
           AND r.scope = '' AND r.scenario IS NOT DISTINCT FROM run.scenario
      ORDER BY a.month_start, a.to_category, l.distance
    )
    SELECT month_start, s.service_category,
           array_agg(to_category ORDER BY to_category),
           array_agg(s.proportion ORDER BY to_category),
           array_agg(coalesce(a.rule_id, 0) ORDER BY to_category)
    FROM pg_temp.refresh_service s
    LEFT JOIN arrival a USING (month_start, to_category)
    GROUP BY month_start, s.service_category;
END
$$;

COMMENT ON FUNCTION crmcost._service_receivers(crmcost._run) IS
  'Where the cost of each service pool of a month goes, and by which rules, from refresh_service.';

-- All cost of a month, bucket, service pool and rule is split at once, and over
-- its entries as _flow_part says.
CREATE FUNCTION crmcost._split_service_lines(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
  coin_scale CONSTANT integer := crmcost._setting(run.ledger, 'money_scale');
BEGIN
  INSERT INTO pg_temp.refresh_served
    WITH line AS (
      SELECT l.*, h.service_category AS service,
             sum(l.amount) OVER along - l.amount AS r0,
             sum(l.amount) OVER along AS r1,
             row_number() OVER largest = 1 AS is_largest
      FROM pg_temp.refresh_post l
      JOIN pg_temp.refresh_home h USING (month_start, category_code)
      WINDOW
        along AS (
          PARTITION BY l.month_start, l.bucket, h.service_category, l.rule_id
          ORDER BY l.incurred_on, l.cost_id, l.booked_month),
        largest AS (
          PARTITION BY l.month_start, l.bucket, h.service_category, l.rule_id
          ORDER BY abs(l.amount) DESC, l.incurred_on, l.cost_id,
                   l.booked_month)
    ),
    pool AS (
      SELECT month_start, bucket, service, rule_id, sum(amount) AS cost
      FROM line
      GROUP BY month_start, bucket, service, rule_id
    ),
    split AS (
      SELECT p.month_start, p.bucket, p.service, p.rule_id, p.cost,
             u.to_category, u.rule_id AS to_rule, u.part,
             sum(u.proportion) OVER along - u.proportion AS q0,
             sum(u.proportion) OVER along AS q1
      FROM pool p
      JOIN crmcost._service_receivers(run) r USING (month_start, service)
      CROSS JOIN LATERAL unnest(
        r.categories, r.proportions, r.rules,
        crmcost.allocate(p.cost, r.proportions,
                         greatest(coin_scale, min_scale(p.cost))))
        AS u (to_category, proportion, rule_id, part)
      WINDOW along AS (
        PARTITION BY p.month_start, p.bucket, p.service, p.rule_id
        ORDER BY u.to_category)
    )
    SELECT l.month_start, l.cost_id, l.incurred_on, l.booked_month,
           l.category_code, l.bucket,
           CASE WHEN s.to_category = l.service THEN l.rule_id
             ELSE s.to_rule END AS rule_id,
           CASE WHEN s.to_category = l.service THEN ''
             ELSE l.service END AS service_category,
           sum(crmcost._flow_part(l.r0, l.r1, s.q0, s.q1, 1,
                                  CASE WHEN l.is_largest THEN s.part END,
                                  s.cost)) AS amount
    FROM line l
    JOIN split s USING (month_start, bucket, service, rule_id)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
END
$$;

COMMENT ON FUNCTION crmcost._split_service_lines(crmcost._run) IS
  'Fills refresh_served: the lines of service pools in refresh_post, split by refresh_service.';

CREATE FUNCTION crmcost._replace_service_lines() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  DELETE FROM pg_temp.refresh_post l
    USING pg_temp.refresh_home h
    WHERE h.month_start = l.month_start
          AND h.category_code = l.category_code;
  INSERT INTO pg_temp.refresh_post
    SELECT month_start, cost_id, incurred_on, booked_month, category_code,
           bucket, rule_id, service_category, amount
    FROM pg_temp.refresh_served
    WHERE amount <> 0;
  TRUNCATE pg_temp.refresh_served;
END
$$;

COMMENT ON FUNCTION crmcost._replace_service_lines() IS
  'Puts refresh_served in place of the lines of service pools in refresh_post.';

-- Service pools that serve themselves by way of others.  crmcost.reciprocal solves
-- that as long as some cost leaves the circle (closed is false); crmcost.step_down
-- lets nothing flow back.  Shares change on the first day of one of them.  A view
-- asks, so the ledger is not in the search path, and each name is qualified.
CREATE FUNCTION crmcost._share_loops(ledger name)
  RETURNS TABLE (category_code text, through text, closed boolean)
  LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY EXECUTE format($query$
    WITH RECURSIVE share AS (
      SELECT m.month_start, s.from_category, s.to_category, s.share
      FROM %1$I.allocation_share s
      JOIN (SELECT DISTINCT coalesce(lower(valid), '-infinity') AS month_start
            FROM %1$I.allocation_share) m ON s.valid @> m.month_start
    ),
    -- what serves a category inside of a pool serves the pool
    edge AS (
      SELECT s.month_start, s.from_category,
             CASE WHEN h.pool <> s.from_category THEN h.pool
               ELSE s.to_category END AS to_category,
             coalesce(h.pool <> s.from_category, false) AS to_pool
      FROM share s
      LEFT JOIN LATERAL (
        SELECT o.from_category AS pool
        FROM share o
        LEFT JOIN %1$I.category_lineage l
          ON l.code = s.to_category AND l.ancestor = o.from_category
        WHERE o.month_start = s.month_start
              AND (l.code IS NOT NULL OR o.from_category = s.to_category)
        ORDER BY coalesce(l.distance, 0) LIMIT 1
      ) h ON true
    ),
    leaving AS (
      SELECT month_start, from_category FROM edge WHERE NOT to_pool
      UNION
      SELECT month_start, from_category FROM share
      GROUP BY month_start, from_category HAVING sum(share) < 0.999999
    ),
    reach AS (
      SELECT month_start, from_category AS pool, to_category AS through,
             to_category AS at
      FROM edge WHERE to_pool
      UNION
      SELECT r.month_start, r.pool, r.through, e.to_category
      FROM reach r
      JOIN edge e ON e.month_start = r.month_start AND e.from_category = r.at
      WHERE e.to_pool
    )
    SELECT r.pool, min(r.through), bool_or(NOT EXISTS (
             SELECT FROM reach o
             JOIN leaving l ON l.month_start = o.month_start
                               AND l.from_category = o.at
             WHERE o.month_start = r.month_start AND o.pool = r.pool))
    FROM reach r WHERE r.at = r.pool
    GROUP BY r.pool
    $query$, ledger);
END
$$;

COMMENT ON FUNCTION crmcost._share_loops(name) IS
  'Service pools of a ledger that serve themselves by way of others, and whether no cost ever leaves the circle.';
