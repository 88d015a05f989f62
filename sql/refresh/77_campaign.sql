-- Step campaign: what members of campaigns, and of their control groups, did within
-- response_window_days of being assigned.
--
-- The sums follow the change: what the customers with news gave before goes (sign
-- -1), what they give now comes.
CREATE FUNCTION crmcost._customers_campaign(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT EXISTS (SELECT FROM campaign_member)
     AND NOT EXISTS (SELECT FROM customer_response) THEN
    RETURN 0;
  END IF;
  PERFORM crmcost._find_members_of_campaigns(run);
  IF NOT run.whole THEN
    PERFORM crmcost._note_responses(run, -1);
  END IF;
  changed := crmcost._write_difference(run.ledger, 'customer_response',
               crmcost._response_query(run), crmcost._rows_of_news(run));
  PERFORM crmcost._note_responses(run, 1);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._customers_campaign(crmcost._run) IS
  'Writes customer_response, and notes its sums; returns the rows changed.';

CREATE FUNCTION crmcost._groups_campaign(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_campaign_result(run);
END
$$;

COMMENT ON FUNCTION crmcost._groups_campaign(crmcost._run) IS
  'Writes campaign_result; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_campaign(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_campaign(run) + crmcost._groups_campaign(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_campaign(crmcost._run) IS
  'Step of refresh: customer_response and campaign_result; returns the rows changed.';

-- Merged customers are one member, from the first assignment on.
CREATE FUNCTION crmcost._find_members_of_campaigns(run crmcost._run)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  stretch CONSTANT interval :=
    crmcost._setting(run.ledger, 'response_window_days')::integer
    * interval '24 hours';
BEGIN
  INSERT INTO pg_temp.refresh_campaign_member
    SELECT coalesce(p.party_id, m.customer_id), m.campaign_code,
           CASE WHEN min(m.role) = max(m.role) THEN min(m.role)
             ELSE 'both' END,
           min(m.assigned_at), min(m.assigned_at) + stretch
    FROM campaign_member m
    JOIN customer c USING (customer_id)
    LEFT JOIN pg_temp.refresh_party p USING (customer_id)
    JOIN pg_temp.refresh_customer r
      ON r.customer_id = coalesce(p.party_id, m.customer_id)
    WHERE m.assigned_at < run.upto AND c.source <> 'anon'
    GROUP BY 1, 2;
  ANALYZE pg_temp.refresh_campaign_member;
END
$$;

COMMENT ON FUNCTION crmcost._find_members_of_campaigns(crmcost._run) IS
  'Fills refresh_campaign_member: the campaigns of the customers with news, and the time in which a response counts.';

CREATE FUNCTION crmcost._response_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT m.customer_id, m.campaign_code, m.role,
         (m.assigned_at AT TIME ZONE %1$L)::date AS assigned_on,
         a.customer_id IS NOT NULL AS acted,
         o.customer_id IS NOT NULL AS ordered,
         coalesce(c.acquired_at >= m.assigned_at
                  AND c.acquired_at < least(m.before_at, %2$L), false)
           AS acquired,
         coalesce(o.revenue, 0) AS revenue
  FROM pg_temp.refresh_campaign_member m
  JOIN customer c USING (customer_id)
  LEFT JOIN (
    SELECT DISTINCT m.customer_id, m.campaign_code
    FROM pg_temp.refresh_campaign_member m
    JOIN pg_temp.refresh_contact i
      ON i.customer_id = m.customer_id AND i.kind = 'behavior'
         AND i.occurred_at >= m.assigned_at AND i.occurred_at < m.before_at
  ) a USING (customer_id, campaign_code)
  LEFT JOIN (
    SELECT m.customer_id, m.campaign_code, sum(b.revenue) AS revenue
    FROM pg_temp.refresh_campaign_member m
    JOIN customer_order b
      ON b.customer_id = m.customer_id AND b.is_order
         AND b.ordered_at >= m.assigned_at AND b.ordered_at < m.before_at
    GROUP BY m.customer_id, m.campaign_code
  ) o USING (customer_id, campaign_code)
$query$, run.zone, run.upto);

COMMENT ON FUNCTION crmcost._response_query(crmcost._run) IS
  'Query of customer_response for the members in refresh_campaign_member.';

-- Before and after customer_response is written.
CREATE FUNCTION crmcost._note_responses(run crmcost._run, sign integer)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_campaign_sum
      SELECT campaign_code, role, assigned_on, $1 * count(*),
             $1 * count(*) FILTER (WHERE acted),
             $1 * count(*) FILTER (WHERE ordered),
             $1 * count(*) FILTER (WHERE acquired), $1 * sum(revenue)
      FROM customer_response old
      WHERE %s
      GROUP BY campaign_code, role, assigned_on
    $query$, crmcost._rows_of_news(run)) USING sign;
END
$$;

COMMENT ON FUNCTION crmcost._note_responses(crmcost._run, integer) IS
  'Notes what the customers with news give to campaign_result, before (-1) or now (1).';

CREATE FUNCTION crmcost._write_campaign_result(run crmcost._run)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  noted CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE '(old.campaign_code, old.role, old.assigned_on) IN (SELECT s.campaign_code, s.role, s.assigned_on FROM pg_temp.refresh_campaign_sum s)'
    END;
BEGIN
  RETURN crmcost._write_difference(run.ledger, 'campaign_result',
    format($query$
      SELECT campaign_code, role, assigned_on, sum(members)::bigint AS members,
             sum(acted)::bigint AS acted, sum(ordered)::bigint AS ordered,
             sum(acquired)::bigint AS acquired, sum(revenue) AS revenue
      FROM (
        SELECT campaign_code, role, assigned_on, members, acted, ordered,
               acquired, revenue
        FROM pg_temp.refresh_campaign_sum
        UNION ALL
        SELECT campaign_code, role, assigned_on, members, acted, ordered,
               acquired, revenue
        FROM campaign_result old
        WHERE NOT %L AND %s
      ) part
      GROUP BY campaign_code, role, assigned_on
      HAVING sum(members) > 0
    $query$, run.whole, noted), noted);
END
$$;

COMMENT ON FUNCTION crmcost._write_campaign_result(crmcost._run) IS
  'Writes campaign_result; returns the rows changed.';
