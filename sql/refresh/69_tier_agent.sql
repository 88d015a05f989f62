-- Step detail, too: contacts and discounts of customers summed up by the tier that
-- they are in.
--
-- The sums follow the change: what the customers with news, and those whose tier
-- or owner is another one, gave before goes (sign -1), what they give now comes.
-- When tiers change, all is summed up anew.
CREATE FUNCTION crmcost._sums_anew(run crmcost._run) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN run.whole OR EXISTS (SELECT FROM touched WHERE relation = 'tier');
END
$$;

COMMENT ON FUNCTION crmcost._sums_anew(crmcost._run) IS
  'Whether the sums by tier are made anew, or follow the change.';

-- Tiers and owners, as they were and as they are.
CREATE FUNCTION crmcost._find_members(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  schemes CONSTANT text[] := crmcost._tier_schemes(run.ledger);
  anew CONSTANT boolean := crmcost._sums_anew(run);
BEGIN
  IF NOT anew THEN
    INSERT INTO pg_temp.refresh_member_customer
      SELECT c.customer_id FROM pg_temp.refresh_customer c
      UNION
      SELECT customer_id
      FROM (SELECT b.customer_id, b.dimension, b.code, b.since
            FROM pg_temp.refresh_class_before b) b
      FULL JOIN (SELECT c.customer_id, c.dimension, c.code, c.since
                 FROM customer_class c
                 JOIN pg_temp.refresh_class_customer
                   USING (customer_id, dimension)
                 -- by an array, classes are looked up; a join would read all
                 WHERE c.customer_id = ANY (ARRAY(
                         SELECT r.customer_id
                         FROM pg_temp.refresh_class_customer r))
                       AND c.dimension = ANY (schemes || 'owner'::text)) n
        USING (customer_id, dimension)
      WHERE (b.code, b.since) IS DISTINCT FROM (n.code, n.since)
            AND (dimension = 'owner' OR dimension = ANY (schemes));
    ANALYZE pg_temp.refresh_member_customer;
  END IF;
  INSERT INTO pg_temp.refresh_member
    WITH class AS (
      SELECT b.customer_id, -1 AS sign, b.dimension, b.code, b.since
      FROM pg_temp.refresh_class_before b
      JOIN pg_temp.refresh_member_customer USING (customer_id)
      UNION ALL
      -- few, each by its key: OFFSET 0 keeps it from being a join
      SELECT c.customer_id, s.sign, c.dimension, c.code, c.since
      FROM pg_temp.refresh_member_customer m
      CROSS JOIN LATERAL (SELECT h.* FROM customer_class h
                          WHERE h.customer_id = m.customer_id OFFSET 0) c
      CROSS JOIN (VALUES (-1), (1)) AS s (sign)
      WHERE s.sign = 1 OR NOT EXISTS (
              SELECT FROM pg_temp.refresh_class_customer r
              WHERE r.customer_id = c.customer_id AND r.dimension = c.dimension)
      UNION ALL
      SELECT c.customer_id, 1, c.dimension, c.code, c.since
      FROM customer_class c
      WHERE anew
    )
    SELECT k.sign, k.customer_id, k.dimension, k.code,
           coalesce(k.owner, '(unknown)'), k.since
    -- of a join of this with itself the planner expects two rows, and loops over all
    FROM (SELECT c.sign, c.customer_id, c.dimension, c.code, c.since,
                 max(c.code) FILTER (WHERE c.dimension = 'owner'
                                           AND c.code <> 'none')
                   OVER (PARTITION BY c.sign, c.customer_id) AS owner
          FROM class c) k
    JOIN tier t ON t.scheme = k.dimension AND t.code = k.code;
  ANALYZE pg_temp.refresh_member;
END
$$;

COMMENT ON FUNCTION crmcost._find_members(crmcost._run) IS
  'Fills refresh_member: tier and owner of the customers whose contacts, discounts, tiers or owners may have changed.';

-- Before and after customer_agent and discount_line are written.
CREATE FUNCTION crmcost._note_details(run crmcost._run, at integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  anew CONSTANT boolean := crmcost._sums_anew(run);
BEGIN
  INSERT INTO pg_temp.refresh_tier_agent
    SELECT m.scheme, m.tier, m.owner, at * count(*), 0, 0, 0
    FROM pg_temp.refresh_member m
    WHERE m.sign = at
    GROUP BY m.scheme, m.tier, m.owner
    UNION ALL
    SELECT m.scheme, m.tier, a.agent_code, 0, at * sum(a.interactions),
           at * sum(a.automated), at * sum(a.handle_seconds)
    FROM pg_temp.refresh_member m
    JOIN customer_agent a USING (customer_id)
    WHERE m.sign = at
    GROUP BY m.scheme, m.tier, a.agent_code;
  INSERT INTO pg_temp.refresh_tier_breach
    SELECT m.scheme, m.tier, t.discount_rate,
           at * count(DISTINCT m.customer_id), at * count(*),
           at * sum(m.sale_lines)
    -- OFFSET 0: with the tiers the planner expects few, and would look each up
    FROM (SELECT m.customer_id, m.scheme, m.tier, d.discount_rate, d.sale_lines
          FROM pg_temp.refresh_member m
          JOIN discount_line d USING (customer_id)
          WHERE m.sign = at OFFSET 0) m
    JOIN tier t ON t.scheme = m.scheme AND t.code = m.tier
    WHERE m.discount_rate > t.discount_rate
    GROUP BY m.scheme, m.tier, t.discount_rate;
  PERFORM crmcost._note_contacts(run, at);
  INSERT INTO pg_temp.refresh_agent_score
    SELECT a.agent_code, at * sum(a.answers), at * sum(a.score)
    FROM customer_agent a
    WHERE anew AND at = 1
          OR NOT anew
             AND a.customer_id IN (SELECT c.customer_id
                                   FROM pg_temp.refresh_customer c)
    GROUP BY a.agent_code;
END
$$;

COMMENT ON FUNCTION crmcost._note_details(crmcost._run, integer) IS
  'Notes what the customers of refresh_member give to the sums by tier, before (-1) or now (1).';

-- Step value has written customer_value: what it had of customers with news is in
-- refresh_value_before.
CREATE FUNCTION crmcost._note_contacts(run crmcost._run, at integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_tier_contact
    SELECT m.scheme, m.tier,
           (coalesce(v.last_contact_at, m.since) AT TIME ZONE run.zone)::date,
           at * count(*)
    FROM pg_temp.refresh_member m
    JOIN (SELECT b.customer_id, b.last_contact_at
          FROM pg_temp.refresh_value_before b
          WHERE at = -1
          UNION ALL
          SELECT v.customer_id, v.last_contact_at
          FROM customer_value v
          WHERE at = 1
                OR NOT EXISTS (SELECT FROM pg_temp.refresh_customer c
                               WHERE c.customer_id = v.customer_id)) v
      USING (customer_id)
    WHERE m.sign = at
    GROUP BY 1, 2, 3;
END
$$;

COMMENT ON FUNCTION crmcost._note_contacts(crmcost._run, integer) IS
  'Notes by tier and day when the customers of refresh_member were last contacted, before (-1) or now (1).';

CREATE FUNCTION crmcost._write_tier_details(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  anew CONSTANT boolean := crmcost._sums_anew(run);
  part record;
  changed bigint := 0;
BEGIN
  FOR part IN
    SELECT t.target, t.keys, t.sums,
           format('(%s) IN (SELECT %s FROM pg_temp.refresh_%s)',
                  regexp_replace(t.keys, '(\w+)', 'old.\1', 'g'), t.keys,
                  t.target) AS noted
    FROM (VALUES
      ('tier_agent', 'scheme, tier, agent_code',
       '{customers,interactions,automated,handle_seconds}'::text[]),
      ('tier_contact', 'scheme, tier, contacted_on', '{customers}'),
      ('tier_breach', 'scheme, tier, discount_limit',
       '{customers,discounts,sale_lines}'),
      ('agent_score', 'agent_code', '{answers,score}')
    ) AS t (target, keys, sums)
  LOOP
    changed := changed + crmcost._write_difference(run.ledger, part.target, (
      SELECT format('SELECT %1$s, %2$s FROM (SELECT %1$s, %3$s FROM pg_temp.refresh_%4$s
          UNION ALL SELECT %1$s, %3$s FROM %4$I old WHERE NOT %5$L AND %6$s) part
          GROUP BY %1$s HAVING %7$s',
                    part.keys,
                    string_agg(format('sum(%1$I)%2$s AS %1$I', s.name,
                                      CASE s.name WHEN 'score' THEN ''
                                        ELSE '::bigint' END), ', '),
                    string_agg(format('%I', s.name), ', '), part.target, anew,
                    part.noted,
                    string_agg(format('sum(%I) <> 0', s.name), ' OR '))
      FROM unnest(part.sums) AS s (name)),
      CASE WHEN anew THEN 'true' ELSE part.noted END);
  END LOOP;
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_tier_details(crmcost._run) IS
  'Writes tier_agent, tier_contact, tier_breach and agent_score; returns the rows changed.';
