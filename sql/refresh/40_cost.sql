-- Step cost: each cost to a customer, by booking or by rule, or to nobody.  Nothing
-- is lost on the way: at every stage the parts of a cost sum to it, to the last
-- digit.
--
-- 1. Parts (here).  An entry is cut into the months that it is for; what came
--    after its month was closed counts in the first open one.  Of a month that
--    is not over, an accrual counts by the days that are.
-- 2. Rules (41_rule.sql).  A part without a customer takes the rule of its
--    category, or of the nearest one above that has a rule for the day.
-- 3. Service pools pass their cost on (42_service.sql).
-- 4. What follows touches takes those of its channel or campaign (43_claim.sql).
-- 5. Pools (43_pool.sql).  All cost of a month, bucket, rule and service pool is
--    a pool.  Pools of a month and bucket that follow the same driver are a
--    group, which is allocated at once: so there is one rounding to coins,
--    however many rules there are.
-- 6. Drivers (44_driver.sql), and customers, month by month (45_month.sql).
CREATE FUNCTION crmcost._refresh_cost(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole
     AND NOT EXISTS (SELECT FROM pg_temp.refresh_cost_month) THEN
    RETURN 0;
  END IF;
  IF NOT run.whole AND crmcost._weighs_tiers() THEN
    INSERT INTO pg_temp.refresh_cost_month
      SELECT DISTINCT m.month_start
      FROM (SELECT c.month_start FROM customer_month c
            UNION ALL SELECT c.month_start FROM cost_month c) m
      WHERE m.month_start >= (SELECT min(c.month_start)
                              FROM pg_temp.refresh_cost_month c)
      ON CONFLICT (month_start) DO NOTHING;
  END IF;
  PERFORM crmcost._find_parts(run);
  PERFORM crmcost._find_rules(run);
  PERFORM crmcost._pass_service_cost(run);
  PERFORM crmcost._find_spend_scopes(run);
  PERFORM crmcost._form_pools(run);
  changed := crmcost._write_months(run);
  RETURN changed + crmcost._write_pools(run) + crmcost._write_cost(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_cost(crmcost._run) IS
  'Step of refresh: customer_month, customer_driver, cost_pool, posted_cost, cost_month and cost_day; returns the rows changed.';

CREATE FUNCTION crmcost._find_parts(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  month date;
BEGIN
  IF run.plan IS NOT NULL THEN
    PERFORM crmcost._add_planned_parts(run);
  ELSIF run.whole THEN
    PERFORM crmcost._add_parts(run, 'true', NULL, NULL);
  ELSE
    FOR month IN
      SELECT m.month_start FROM pg_temp.refresh_cost_month m ORDER BY 1
    LOOP
      PERFORM crmcost._add_parts(run,
        'NOT e.accrued AND e.incurred_on >= $3 AND e.incurred_on < $4 AND e.month_start = $3',
        month, (month + interval '1 month')::date);
    END LOOP;
    PERFORM crmcost._add_parts(run,
      'e.accrued AND e.booked_month = e.month_start AND e.month_start IN (SELECT month_start FROM pg_temp.refresh_cost_month)',
      NULL, NULL);
    PERFORM crmcost._add_parts(run,
      'e.cost_id = ANY (ARRAY(SELECT fact_id FROM late_fact
       WHERE relation = ''cost_entry'')) AND e.booked_month < e.month_start
       AND e.month_start IN (SELECT month_start FROM pg_temp.refresh_cost_month)',
      NULL, NULL);
  END IF;
  IF run.whole THEN
    INSERT INTO pg_temp.refresh_cost_month
      SELECT DISTINCT p.month_start FROM pg_temp.refresh_part p
      ON CONFLICT (month_start) DO NOTHING;
  END IF;
  PERFORM crmcost._analyze_table('pg_temp.refresh_part'::regclass);
END
$$;

COMMENT ON FUNCTION crmcost._find_parts(crmcost._run) IS
  'Fills refresh_part: what each entry costs in each month of refresh_cost_month.';

CREATE FUNCTION crmcost._add_parts(run crmcost._run, condition text,
                                   from_on date, before_on date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_part
      SELECT e.month_start, e.cost_id, e.incurred_on, e.booked_month,
             e.cost_on, least(e.until_on, $1), e.category_code, e.bucket,
             e.resource, coalesce(e.channel_code, k.channel_code, '(unknown)'),
             coalesce(e.campaign_code, '(unknown)'),
             coalesce(e.product_code, '(unknown)'),
             CASE WHEN e.quantity IS NULL THEN ''
               ELSE coalesce(e.unit, 'piece') END,
             coalesce(p.party_id, e.customer_id),
             coalesce(crmcost._to_date(e.quantity, e.cost_on, e.until_on, $1,
                                       6), 0),
             crmcost._to_date(e.base_amount, e.cost_on, e.until_on, $1,
                              greatest($2, min_scale(e.base_amount))),
             e.is_first, e.agent_code
      FROM accrued_cost e
      LEFT JOIN campaign k ON k.code = e.campaign_code
      LEFT JOIN pg_temp.refresh_party p ON p.customer_id = e.customer_id
      WHERE e.incurred_on <= $1 AND e.cost_on <= $1
            AND e.month_start >= $5 AND (%s)
    $query$, condition)
    USING run.day, crmcost._setting(run.ledger, 'money_scale')::integer,
          from_on, before_on, run.open_month;
END
$$;

COMMENT ON FUNCTION crmcost._add_parts(crmcost._run, text, date, date) IS
  'Adds the parts of entries that a condition on e names to refresh_part.';

-- Of an amount for several days, what is for those that are over.
CREATE FUNCTION crmcost._to_date(amount numeric, from_on date, until_on date,
                                 day date, scale integer)
  RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN day >= until_on OR amount IS NULL THEN amount
         ELSE pg_catalog.round(amount * (day - from_on + 1)::numeric
                               / (until_on - from_on + 1)::numeric, scale)
       END;

COMMENT ON FUNCTION crmcost._to_date(numeric, date, date, date, integer) IS
  'Of an amount for the days from one to another, the part for those up to a day, rounded.';
