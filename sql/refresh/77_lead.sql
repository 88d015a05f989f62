-- Step lead: how likely the open leads are to be acquired.
--
-- Learnt from the parties that were still open 14 days after they were first seen
-- and of whom the 90 days after that are known: which were acquired in them, given
-- what was known on the fourteenth day.  One in five, by a hash of the number, is
-- kept out, to tell what the model is worth for leads that it has not seen.
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
    + crmcost._write_difference(run.ledger, 'lead_chance', format($query$
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

COMMENT ON FUNCTION crmcost._groups_lead(crmcost._run) IS
  'Writes lead_model, lead_coefficient and lead_chance; returns the rows changed.';

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

CREATE FUNCTION crmcost._fit_leads(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  needed CONSTANT integer :=
    10 * cardinality(crmcost._lead_features(run.ledger));
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
  INSERT INTO pg_temp.refresh_lead_model
      (one, leads, conversions, holdout_leads, holdout_conversions, model)
    SELECT true, count(*) FILTER (WHERE NOT l.held_out),
           count(*) FILTER (WHERE NOT l.held_out AND l.won),
           count(*) FILTER (WHERE l.held_out),
           count(*) FILTER (WHERE l.held_out AND l.won), NULL
    FROM pg_temp.refresh_lead l;
  UPDATE pg_temp.refresh_lead_model SET
    status = 'not_fitted',
    message = crmcost._say(
      crmcost._setting(run.ledger, 'language'),
      ARRAY['lead_model_of_few', conversions::text,
            (leads - conversions)::text, needed::text]);
  UPDATE pg_temp.refresh_lead_model SET
    status = 'fitted', message = NULL,
    model = (SELECT crmcost.logit_fit(l.won, l.features, 1.0::float8)
             FROM pg_temp.refresh_lead l WHERE NOT l.held_out)
    WHERE least(conversions, leads - conversions) >= needed;
  -- by ranks (Mann and Whitney), equal ones sharing theirs
  UPDATE pg_temp.refresh_lead_model SET holdout_auc = (
    SELECT round(((sum(r.place) FILTER (WHERE r.won)
                   - count(*) FILTER (WHERE r.won)
                     * (count(*) FILTER (WHERE r.won) + 1) / 2.0)
                  / nullif(count(*) FILTER (WHERE r.won)
                           * count(*) FILTER (WHERE NOT r.won), 0))::numeric, 6)
    FROM (
      SELECT s.won, rank() OVER (ORDER BY s.score)
               + (count(*) OVER (PARTITION BY s.score) - 1) / 2.0 AS place
      FROM (SELECT l.won, crmcost.logit_score(m.model, l.features) AS score
            FROM pg_temp.refresh_lead l
            CROSS JOIN pg_temp.refresh_lead_model m
            WHERE l.held_out) s
    ) r)
    WHERE status = 'fitted';
END
$$;

COMMENT ON FUNCTION crmcost._fit_leads(crmcost._run) IS
  'Fills refresh_lead_model: the model that scores leads, or why there is none.';
