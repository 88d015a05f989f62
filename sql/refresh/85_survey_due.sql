-- Step voice, too: for how long customers were not asked, by the tier that they are
-- in.  The sums follow the change, as those of 69_tier_agent.sql do: what the
-- customers with news, and those whose tier is another one, gave before goes (sign
-- -1), what they give now comes.  When tiers change, all is summed up anew.
CREATE FUNCTION crmcost._note_due(run crmcost._run, at integer) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  anew CONSTANT boolean := crmcost._sums_anew(run);
BEGIN
  IF anew AND at < 0
     OR NOT EXISTS (SELECT FROM survey WHERE ask_every_days IS NOT NULL) THEN
    RETURN;
  END IF;
  INSERT INTO pg_temp.refresh_due
    WITH party AS (
      SELECT v.customer_id, v.acquired_on, v.first_ordered_on, v.is_technical
      FROM customer_value v
      WHERE anew
            OR v.customer_id IN (SELECT m.customer_id
                                 FROM pg_temp.refresh_member_customer m)
               AND (at > 0
                    OR v.customer_id NOT IN (SELECT c.customer_id
                                             FROM pg_temp.refresh_customer c))
      UNION ALL
      SELECT b.customer_id, b.acquired_on, b.first_ordered_on, b.is_technical
      FROM pg_temp.refresh_value_before b
      WHERE at < 0
    ),
    due AS (
      SELECT p.customer_id, s.code AS survey,
             coalesce(c.last_asked_on,
                      least(p.acquired_on, p.first_ordered_on)) AS since_on
      FROM party p
      CROSS JOIN survey s
      LEFT JOIN customer_survey c
        ON c.customer_id = p.customer_id AND c.survey = s.code
      WHERE s.ask_every_days IS NOT NULL AND NOT p.is_technical
            AND num_nonnulls(p.acquired_on, p.first_ordered_on) > 0
    )
    SELECT survey, '(all)', '(all)', since_on, at * count(*)
    FROM due GROUP BY survey, since_on
    UNION ALL
    SELECT d.survey, m.scheme, m.tier, d.since_on, at * count(*)
    FROM due d
    JOIN pg_temp.refresh_member m
      ON m.customer_id = d.customer_id AND m.sign = at
    GROUP BY d.survey, m.scheme, m.tier, d.since_on;
END
$$;

COMMENT ON FUNCTION crmcost._note_due(crmcost._run, integer) IS
  'Adds to refresh_due for how long customers were not asked, with a sign.';

CREATE FUNCTION crmcost._write_due(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  anew CONSTANT boolean := crmcost._sums_anew(run);
BEGIN
  PERFORM crmcost._note_due(run, 1);
  RETURN crmcost._write_difference(run.ledger, 'survey_due',
    CASE WHEN anew
      THEN 'SELECT survey, scheme, tier, since_on, customers FROM pg_temp.refresh_due'
      ELSE $query$
        SELECT survey, scheme, tier, since_on,
               sum(customers)::bigint AS customers
        FROM (SELECT survey, scheme, tier, since_on, customers
              FROM pg_temp.refresh_due
              UNION ALL
              SELECT survey, scheme, tier, since_on, s.customers
              FROM survey_due s
              JOIN (SELECT DISTINCT survey, scheme, tier, since_on
                    FROM pg_temp.refresh_due) d
                USING (survey, scheme, tier, since_on)) part
        GROUP BY survey, scheme, tier, since_on
        HAVING sum(customers) <> 0
      $query$ END,
    CASE WHEN anew THEN 'true'
      ELSE '(old.survey, old.scheme, old.tier, old.since_on) IN (SELECT d.survey, d.scheme, d.tier, d.since_on FROM pg_temp.refresh_due d)'
    END);
END
$$;

COMMENT ON FUNCTION crmcost._write_due(crmcost._run) IS
  'Writes survey_due; returns the rows changed.';
