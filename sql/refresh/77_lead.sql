-- Step lead: how likely the open leads are to be acquired.
--
-- Learnt from the parties that were still open 14 days after they were first seen
-- and of whom the 90 days after that are known: which were acquired in them, given
-- what was known on the fourteenth day.  One in five, by a hash of the number, is
-- kept out, to tell what the model is worth for leads that it has not seen.
--
-- In a distributed ledger the rows stay on their workers: these sum up what they say of
-- the coefficients that the search has come to, without any rounding, so that the model
-- is that of one node.
--
-- Peduzzi and others (J Clin Epidemiol 49, 1996, 1373) want ten conversions for each
-- feature.  A ridge of 1 holds features that are the same for all.
CREATE FUNCTION crmcost._customers_lead(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_difference(run.ledger, 'lead_feature',
           crmcost._lead_query(run),
           CASE WHEN run.whole THEN 'true'
             ELSE 'old.customer_id IN (' || crmcost._young_leads(run) || ')'
           END);
END
$$;

COMMENT ON FUNCTION crmcost._customers_lead(crmcost._run) IS
  'Writes lead_feature; returns the rows changed.';

CREATE FUNCTION crmcost._groups_lead(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  IF NOT run.whole AND run.upto = run.upto_before
     AND NOT crmcost._was_written(run, '{lead_feature}')
     AND NOT EXISTS (SELECT FROM touched WHERE relation = 'channel') THEN
    RETURN 0;
  END IF;
  PERFORM crmcost._fit_leads(run);
  RETURN crmcost._write_difference(run.ledger, 'lead_model',
        'SELECT one, status, message, leads, conversions, holdout_leads, holdout_conversions, holdout_auc FROM pg_temp.refresh_lead_model',
        'true')
    + crmcost._write_difference(run.ledger, 'lead_coefficient', format($query$
        SELECT u.position::integer - 1 AS position,
               CASE u.position WHEN 1 THEN 'intercept'
                 ELSE (crmcost._lead_features(%L))[u.position - 1] END
                 AS feature,
               round(u.coefficient::numeric, 9) AS coefficient,
               round(u.std_error::numeric, 9) AS std_error
        FROM pg_temp.refresh_lead_model m
        CROSS JOIN LATERAL unnest((m.model).coefficient, (m.model).std_error)
          WITH ORDINALITY AS u (coefficient, std_error, position)
        WHERE m.status = 'fitted'
      $query$, run.ledger), 'true')
    + crmcost._write_on_workers(run, 'lead_chance',
                                'SELECT crmcost._write_lead_chances($1)');
END
$$;

COMMENT ON FUNCTION crmcost._groups_lead(crmcost._run) IS
  'Writes lead_model, lead_coefficient and lead_chance; returns the rows changed.';

CREATE FUNCTION crmcost._write_lead_chances(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_difference(run.ledger, 'lead_chance', format($query$
    SELECT f.customer_id,
           round(crmcost.logit_score(m.model, crmcost._lead_vector(
                   f.touches, f.sales_contacts, f.other_contacts,
                   f.contact_days, f.referred, f.is_org,
                   h.kind) || f.attribute_values)::numeric, 6) AS score
    FROM lead_feature f
    CROSS JOIN pg_temp.refresh_lead_model m
    LEFT JOIN channel h ON h.code = f.channel_code
    WHERE m.status = 'fitted' AND f.acquired_at IS NULL
          AND f.seen_at + 104 * interval '24 hours' > %L
  $query$, run.upto), 'true');
END
$$;

COMMENT ON FUNCTION crmcost._write_lead_chances(crmcost._run) IS
  'Writes lead_chance; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_lead(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_lead(run) + crmcost._groups_lead(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_lead(crmcost._run) IS
  'Step of refresh: lead_feature, lead_model, lead_coefficient and lead_chance; returns the rows changed.';

CREATE FUNCTION crmcost._lead_attributes(ledger name) RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN crmcost._listed_names(crmcost._setting(ledger, 'lead_attributes'));

COMMENT ON FUNCTION crmcost._lead_attributes(name) IS
  'Attributes of customers by which leads are scored.';

-- The features in their order, and a party as a vector of them, to which the
-- attributes are appended.
CREATE FUNCTION crmcost._lead_features(ledger name) RETURNS text[]
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN '{ln_touches,ln_sales_contacts,ln_other_contacts,contact_days,referred,is_org,paid,owned,earned,offline}'::text[]
  || ARRAY(SELECT 'attributes.'::text || a.name
           FROM unnest(crmcost._lead_attributes(ledger)) WITH ORDINALITY
             AS a (name, place)
           ORDER BY a.place);

COMMENT ON FUNCTION crmcost._lead_features(name) IS
  'Names of the features by which leads are scored, in their order.';

-- A number that a double does not hold must not stop a refresh.
CREATE FUNCTION crmcost._attribute_number(value jsonb) RETURNS float8
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN pg_catalog.jsonb_typeof(value) <> 'number'::text THEN 0
    WHEN abs(value::numeric) < 10::numeric ^ 15::numeric
      THEN round(value::numeric, 9)
    ELSE 0 END::float8;

COMMENT ON FUNCTION crmcost._attribute_number(jsonb) IS
  'An attribute as a feature: 0 for none, and where it is no number below 10^15.';

CREATE FUNCTION crmcost._lead_vector(touches bigint, sales_contacts bigint,
                                     other_contacts bigint,
                                     contact_days bigint, referred boolean,
                                     is_org boolean, channel_kind text)
  RETURNS float8[]
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[
  pg_catalog.ln((1::bigint + touches)::float8),
  pg_catalog.ln((1::bigint + sales_contacts)::float8),
  pg_catalog.ln((1::bigint + other_contacts)::float8), contact_days::float8,
  referred::integer::float8, is_org::integer::float8,
  coalesce(channel_kind = 'paid'::text, false)::integer::float8,
  coalesce(channel_kind = 'owned'::text, false)::integer::float8,
  coalesce(channel_kind = 'earned'::text, false)::integer::float8,
  coalesce(channel_kind = 'offline'::text, false)::integer::float8];

COMMENT ON FUNCTION crmcost._lead_vector(bigint, bigint, bigint, bigint, boolean, boolean, text) IS
  'What is known of a lead as the vector of features that the model takes.';

-- Of the others nothing can differ that the model learns from: what was known on the
-- fourteenth day, and when they were won.
CREATE FUNCTION crmcost._young_leads(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT r.customer_id
  FROM pg_temp.refresh_customer r
  JOIN customer c USING (customer_id)
  WHERE r.since <= (greatest(c.first_seen_at + 14 * interval '24 hours',
                             c.acquired_at) AT TIME ZONE %L)::date
$query$, run.zone);

COMMENT ON FUNCTION crmcost._young_leads(crmcost._run) IS
  'Query of the customers with news since their first 14 days, or since they were won.';

CREATE FUNCTION crmcost._lead_query(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT c.customer_id, c.first_seen_at AS seen_at,
         CASE WHEN c.acquired_at < %1$L THEN c.acquired_at END AS acquired_at,
         coalesce(i.touches, 0) AS touches,
         coalesce(i.sales_contacts, 0) AS sales_contacts,
         coalesce(i.other_contacts, 0) AS other_contacts,
         coalesce(i.contact_days, 0) AS contact_days,
         coalesce(coalesce(p.party_id, c.referred_by) <> c.customer_id, false)
           AS referred,
         c.kind = 'org' AS is_org,
         coalesce(c.acquisition_channel, k.channel_code, '(unknown)')
           AS channel_code,
         ARRAY(SELECT crmcost._attribute_number(
                        coalesce(c.attributes -> a.name, 'null'))
               FROM unnest(%2$L::text[]) WITH ORDINALITY AS a (name, place)
               ORDER BY a.place) AS attribute_values
  FROM (%3$s) r
  JOIN customer c USING (customer_id)
  LEFT JOIN pg_temp.refresh_party p ON p.customer_id = c.referred_by
  LEFT JOIN campaign k ON k.code = c.acquisition_campaign
  LEFT JOIN (
    SELECT i.customer_id,
           coalesce(sum(i.n) FILTER (WHERE i.kind IN ('touch', 'behavior')), 0)
             ::bigint AS touches,
           coalesce(sum(i.n) FILTER (WHERE i.kind = 'sales'), 0)::bigint
             AS sales_contacts,
           coalesce(sum(i.n) FILTER (WHERE i.kind NOT IN
             ('touch', 'behavior', 'sales')), 0)::bigint AS other_contacts,
           count(DISTINCT i.occurred_on) AS contact_days
    FROM pg_temp.refresh_contact i
    JOIN (%3$s) r USING (customer_id)
    JOIN customer c USING (customer_id)
    WHERE i.occurred_at >= c.first_seen_at
          AND i.occurred_at < c.first_seen_at + 14 * interval '24 hours'
    GROUP BY i.customer_id
  ) i ON i.customer_id = c.customer_id
  WHERE c.first_seen_at < %1$L AND c.source <> 'anon'
        AND c.merged_into IS NULL
$query$, run.upto, crmcost._lead_attributes(run.ledger),
         crmcost._young_leads(run));

COMMENT ON FUNCTION crmcost._lead_query(crmcost._run) IS
  'Query of lead_feature for the customers of _young_leads.';

-- Of whom the model learns, and by whom it is judged.
CREATE FUNCTION crmcost._find_leads(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_lead
    SELECT f.customer_id,
           coalesce(f.acquired_at < f.seen_at + 104 * interval '24 hours',
                    false),
           ('x' || left(md5(f.customer_id::text), 4))::bit(16)::integer % 5 = 0,
           crmcost._lead_vector(f.touches, f.sales_contacts, f.other_contacts,
                                f.contact_days, f.referred, f.is_org, h.kind)
           || f.attribute_values
    FROM lead_feature f
    LEFT JOIN channel h ON h.code = f.channel_code
    WHERE f.seen_at + 104 * interval '24 hours' <= run.upto
          AND (f.acquired_at IS NULL
               OR f.acquired_at >= f.seen_at + 14 * interval '24 hours');
END
$$;

COMMENT ON FUNCTION crmcost._find_leads(crmcost._run) IS
  'Fills refresh_lead from lead_feature.';

CREATE FUNCTION crmcost._fit_leads(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  needed CONSTANT integer :=
    10 * cardinality(crmcost._lead_features(run.ledger));
BEGIN
  PERFORM crmcost._do_parts(run, 'SELECT crmcost._find_leads($1)');
  EXECUTE 'INSERT INTO pg_temp.refresh_lead_model
      (one, leads, conversions, holdout_leads, holdout_conversions)
    SELECT true, sum(n.leads), sum(n.conversions), sum(n.holdout_leads),
           sum(n.holdout_conversions)
    FROM ' || crmcost._of_parts(run, 'refresh_part_lead', $query$
      SELECT count(*) FILTER (WHERE NOT l.held_out) AS leads,
             count(*) FILTER (WHERE NOT l.held_out AND l.won) AS conversions,
             count(*) FILTER (WHERE l.held_out) AS holdout_leads,
             count(*) FILTER (WHERE l.held_out AND l.won)
               AS holdout_conversions
      FROM pg_temp.refresh_lead l
      $query$) || ' n';
  UPDATE pg_temp.refresh_lead_model SET
    status = 'not_fitted',
    message = crmcost._say(
      crmcost._setting(run.ledger, 'language'),
      ARRAY['lead_model_of_few', conversions::text,
            (leads - conversions)::text, needed::text]);
  UPDATE pg_temp.refresh_lead_model SET
    status = 'fitted', message = NULL, model = crmcost._lead_model(run, leads)
    WHERE least(conversions, leads - conversions) >= needed;
  IF crmcost._is_distributed(run.ledger) THEN
    PERFORM crmcost._tell_table(run.ledger, 'refresh_lead_model');
  END IF;
  -- by ranks (Mann and Whitney), equal ones sharing theirs
  UPDATE pg_temp.refresh_lead_model SET holdout_auc = round(
      (crmcost._lead_ranks(run)
       - holdout_conversions * (holdout_conversions + 1) / 2.0)
      / nullif(holdout_conversions
               * (holdout_leads - holdout_conversions), 0), 6)
    WHERE status = 'fitted';
END
$$;

COMMENT ON FUNCTION crmcost._fit_leads(crmcost._run) IS
  'Fills refresh_lead_model: the model that scores leads, or why there is none.';

-- A double in a text has its shortest digits only where the session says so.
CREATE FUNCTION crmcost._lead_model(run crmcost._run, leads bigint)
  RETURNS crmcost.logit
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET extra_float_digits = 1
AS $$
BEGIN
  IF NOT crmcost._is_distributed(run.ledger) THEN
    RETURN (SELECT crmcost.logit_fit(l.won, l.features, 1.0::float8)
            FROM pg_temp.refresh_lead l WHERE NOT l.held_out);
  END IF;
  RETURN crmcost._logit_fit_of(format(
    'SELECT r.answer FROM %I.site s CROSS JOIN LATERAL crmcost._part_rows(%L, format(%L, $1), s.customer_id) AS r (answer float8[])',
    run.ledger || '_spread', run.ledger,
    'SELECT crmcost._logit_answer(crmcost.logit_fit_partial(l.won, l.features, 1.0::float8), %L) FROM pg_temp.refresh_lead l WHERE NOT l.held_out'),
    leads, cardinality(crmcost._lead_features(run.ledger)), 1.0);
END
$$;

COMMENT ON FUNCTION crmcost._lead_model(crmcost._run, bigint) IS
  'The model of so many leads in refresh_lead that are not held out, wherever they are.';

-- Among all who are held out: those of workers go by the way of ranks by profit, for
-- which a score is a number of as many digits as it has.
CREATE FUNCTION crmcost._lead_ranks(run crmcost._run) RETURNS numeric
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET extra_float_digits = 1
AS $$
DECLARE
  scored CONSTANT text := 'SELECT l.customer_id, crmcost.logit_score(m.model, l.features) AS profit, l.won AS is_won FROM pg_temp.refresh_lead l CROSS JOIN pg_temp.refresh_lead_model m WHERE l.held_out';
  result numeric;
BEGIN
  IF NOT crmcost._is_distributed(run.ledger) THEN
    EXECUTE format('SELECT sum(r.twice_rank) / 2 FROM (SELECT s.is_won, %s AS twice_rank FROM (%s) s) r WHERE r.is_won',
                   crmcost._ranks_of_all(crmcost._twice_rank('true')), scored)
      INTO result;
    RETURN result;
  END IF;
  PERFORM crmcost._rank_parts(run, 'twice_rank_of_leads',
    crmcost._twice_rank('is_in'), crmcost._parts_query(run.ledger, format(
      'SELECT s.customer_id, s.profit::text::numeric, true FROM (%s) s', scored),
      'customer_id bigint, profit numeric, is_in boolean'));
  EXECUTE 'SELECT sum(r.ranks) / 2 FROM '
          || crmcost._of_parts(run, 'refresh_part_lead_rank', $query$
               SELECT sum(k.twice_rank_of_leads) AS ranks
               FROM pg_temp.refresh_ranking k
               JOIN pg_temp.refresh_lead l USING (customer_id)
               WHERE l.won
               $query$) || ' r' INTO result;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._lead_ranks(crmcost._run) IS
  'Sum of the ranks by score of the leads held out that were won.';
