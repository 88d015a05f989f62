-- Step voice: what customers were asked and answered, and what they complain of.
--
-- survey_answer and customer_survey follow the customers whose contacts changed.
-- survey_day and voice_month are sums of survey_answer, and follow what of it goes and
-- comes; voice_month is summed up anew for the months whose tiers were found anew.
CREATE FUNCTION crmcost._customers_voice(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  news_months CONSTANT text := CASE WHEN run.whole
    THEN format('month_start >= %L', run.open_month)
    ELSE 'month_start IN (SELECT r.month_start FROM pg_temp.refresh_month r)'
    END;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_answers(run);
  PERFORM crmcost._note_answers(run);
  PERFORM crmcost._note_due(run, -1);
  changed := crmcost._write_difference(run.ledger, 'survey_answer',
               'SELECT * FROM pg_temp.refresh_answer',
               crmcost._rows_of_contacts(run));
  RETURN changed
         + crmcost._write_difference(run.ledger, 'customer_survey',
             crmcost._customer_survey_query(), crmcost._rows_of_contacts(run))
         + crmcost._write_due(run)
         + crmcost._write_survey_day(run)
         + crmcost._write_voice_month(run)
         + crmcost._write_difference(run.ledger, 'reason_month',
             crmcost._reason_month_query(news_months), 'old.' || news_months);
END
$$;

COMMENT ON FUNCTION crmcost._customers_voice(crmcost._run) IS
  'Writes survey_answer, customer_survey, survey_due, survey_day, voice_month and reason_month; returns the rows changed.';

CREATE FUNCTION crmcost._groups_voice(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  months CONSTANT text := CASE WHEN run.whole
    THEN format('month_start >= %L', run.open_month)
    ELSE 'month_start IN (SELECT r.month_start FROM pg_temp.refresh_month r)'
    END;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_findings(run,
    '{answer_outside_scale,answer_without_survey}',
    crmcost._sum_of_parts(run, 'quality_finding',
                          crmcost._answer_findings(months)),
    'old.' || months);
END
$$;

COMMENT ON FUNCTION crmcost._groups_voice(crmcost._run) IS
  'Writes the findings about answers; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_voice(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_voice(run) + crmcost._groups_voice(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_voice(crmcost._run) IS
  'Step of refresh: survey_answer, customer_survey, survey_due, survey_day, voice_month and reason_month; returns the rows changed.';

-- The one place that says what an answer is.  Of a customer, survey and day the
-- last one counts, before those who were asked and did not answer.  What is outside
-- of the scale of its survey is none.
CREATE FUNCTION crmcost._find_replies() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_reply
    SELECT DISTINCT ON (customer_id, survey, occurred_on, own_id)
           customer_id, survey, occurred_on, own_id, month_start, occurred_at,
           channel_code, campaign_code, product_code, agent_code, reason_code,
           n, score,
           CASE WHEN score >= s.satisfied_from THEN 'good'
             WHEN score <= coalesce(s.dissatisfied_to,
                                    CASE s.metric WHEN 'nps' THEN 6 END)
               THEN 'bad'
             WHEN score IS NOT NULL AND s.code IS NOT NULL THEN 'neutral' END,
           score IS NOT NULL AND s.code = 'csat' AND s.metric = 'csat',
           s.answer_within_days
    FROM (SELECT c.*, coalesce(c.subtype, 'csat') AS survey,
                 CASE WHEN c.is_technical THEN c.interaction_id ELSE 0 END
                   AS own_id
          FROM pg_temp.refresh_contact c WHERE c.kind = 'survey') c
    LEFT JOIN survey s ON s.code = c.survey
    WHERE crmcost._is_answer(s.metric, s.scale_from, s.scale_to, score)
    ORDER BY customer_id, survey, occurred_on, own_id, score IS NULL,
             occurred_at DESC, interaction_id DESC;
END
$$;

COMMENT ON FUNCTION crmcost._find_replies() IS
  'Fills refresh_reply: answers to surveys in refresh_contact, one a customer, survey and day; without a score those who were asked and did not answer that day.';

-- Of the customers whose contacts changed.  Who answers within the days of the survey was asked
-- once; what he complains of after it is laid to the answer.
CREATE FUNCTION crmcost._find_answers(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
  followup CONSTANT integer := crmcost._setting(run.ledger, 'followup_days');
BEGIN
  INSERT INTO pg_temp.refresh_answer
    WITH answer AS (
      SELECT a.*,
             min(a.occurred_on) FILTER (WHERE a.score IS NOT NULL)
               OVER later - a.occurred_on <= a.answer_within
               AS answered_later
      FROM pg_temp.refresh_reply a
      JOIN pg_temp.refresh_customer n
        ON n.customer_id = a.customer_id AND n.of_contacts
      WINDOW later AS (PARTITION BY a.customer_id, a.survey, a.own_id
                       ORDER BY a.occurred_on
                       ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
    ),
    complained AS (
      SELECT a.customer_id, a.survey, a.occurred_on, sum(c.n) AS complaints,
             min(c.occurred_on) AS complained_on
      FROM answer a
      JOIN pg_temp.refresh_contact c
        ON c.kind = 'complaint' AND c.customer_id = a.customer_id
           AND c.occurred_at > a.occurred_at
           AND c.occurred_on <= a.occurred_on + followup
      WHERE a.own_id = 0 AND a.score IS NOT NULL
      GROUP BY a.customer_id, a.survey, a.occurred_on
    )
    SELECT customer_id, survey, occurred_on, a.own_id, a.month_start,
           a.occurred_at, a.channel_code, a.campaign_code,
           coalesce(a.product_code, '(unknown)'),
           coalesce(a.agent_code, '(unknown)'),
           coalesce(a.reason_code, '(unknown)'), a.n, a.score, a.verdict,
           coalesce(c.complaints, 0), c.complained_on
    FROM answer a
    LEFT JOIN complained c USING (customer_id, survey, occurred_on)
    WHERE a.score IS NOT NULL OR NOT coalesce(a.answered_later, false);
  ANALYZE pg_temp.refresh_answer;
END
$$;

COMMENT ON FUNCTION crmcost._find_answers(crmcost._run) IS
  'Fills refresh_answer: what the customers whose contacts changed were asked and answered.';

CREATE FUNCTION crmcost._customer_survey_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT customer_id, survey, max(day) AS last_asked_on,
         max(day) FILTER (WHERE score IS NOT NULL) AS last_answered_on,
         (array_agg(score ORDER BY day DESC)
            FILTER (WHERE score IS NOT NULL))[1] AS last_score,
         (array_agg(verdict ORDER BY day DESC)
            FILTER (WHERE score IS NOT NULL))[1] AS last_verdict
  FROM pg_temp.refresh_answer
  WHERE own_id = 0
  GROUP BY customer_id, survey
$query$;

COMMENT ON FUNCTION crmcost._customer_survey_query() IS
  'Query of customer_survey for the customers whose contacts changed.';

-- Before survey_answer is written: rows that go, of sign -1, and those that come.
CREATE FUNCTION crmcost._note_answers(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  names CONSTANT text := crmcost._column_list('survey_answer');
  before CONSTANT text :=
    format('SELECT %s FROM survey_answer old WHERE ', names)
    || crmcost._rows_of_contacts(run);
  now CONSTANT text := format('SELECT %s FROM pg_temp.refresh_answer', names);
BEGIN
  IF run.whole THEN
    RETURN;
  END IF;
  EXECUTE format('INSERT INTO pg_temp.refresh_answer_change (%s, sign) SELECT c.*, -1 FROM (%s EXCEPT %s) c WHERE c.month_start >= $1',
                 names, before, now) USING run.open_month;
  EXECUTE format('INSERT INTO pg_temp.refresh_answer_change (%s, sign) SELECT c.*, 1 FROM (%s EXCEPT %s) c WHERE c.month_start >= $1',
                 names, now, before) USING run.open_month;
  ANALYZE pg_temp.refresh_answer_change;
END
$$;

COMMENT ON FUNCTION crmcost._note_answers(crmcost._run) IS
  'Fills refresh_answer_change: what of survey_answer goes and comes in the open months; not where everything is computed.';

-- Answers with their sign: all from a month on, and before it those that go or come.
CREATE FUNCTION crmcost._signed_answers(run crmcost._run, from_month date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT customer_id, %2$s, 1 AS sign FROM survey_answer
  WHERE month_start >= %1$L
  UNION ALL
  SELECT customer_id, %2$s, sign FROM pg_temp.refresh_answer_change
  WHERE month_start < %1$L
$query$, CASE WHEN run.whole THEN run.open_month ELSE from_month END,
  'month_start, day, survey, channel_code, campaign_code, product_code, answers, score, verdict, complaints');

COMMENT ON FUNCTION crmcost._signed_answers(crmcost._run, date) IS
  'Query of the answers from a month on, and before it of what goes and comes; all there are where everything is computed.';

-- Sums of what goes and comes, and of what there is under the same keys.  Nothing is
-- left where nobody was asked.
CREATE FUNCTION crmcost._write_answer_sums(run crmcost._run, target name,
                                           keys text, measures text,
                                           anew text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  noted CONSTANT text := format('(%s) IN (SELECT %s FROM pg_temp.refresh_%s)',
    regexp_replace(keys, '(\w+)', 'old.\1', 'g'), keys, target);
BEGIN
  RETURN crmcost._write_difference(run.ledger, target, format(
      'SELECT %1$s, %2$s FROM (SELECT %1$s, %3$s FROM pg_temp.refresh_%4$s %5$s) part
         GROUP BY %1$s HAVING sum(asked) <> 0', keys,
      regexp_replace(measures, '(\w+)', 'sum(\1) AS \1', 'g'), measures, target,
      CASE WHEN run.whole THEN '' ELSE format(
        'UNION ALL SELECT %s, %s FROM %I old WHERE NOT (%s) AND %s', keys,
        measures, target, anew, noted) END),
    CASE WHEN run.whole THEN anew ELSE format('%s OR %s', anew, noted) END);
END
$$;

COMMENT ON FUNCTION crmcost._write_answer_sums(crmcost._run, name, text, text, text) IS
  'Brings a table of sums of answers to its work table, where a condition on old says that it is made anew, and elsewhere by what that adds; returns the rows changed.';

CREATE FUNCTION crmcost._write_survey_day(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    INSERT INTO pg_temp.refresh_survey_day
        (day, survey, channel_code, campaign_code, asked, answers, score,
         satisfied, promoters, detractors)
      SELECT greatest(a.day, a.month_start), a.survey, a.channel_code,
             a.campaign_code, sum(a.sign * a.answers),
             coalesce(sum(a.sign * a.answers)
                        FILTER (WHERE a.score IS NOT NULL), 0),
             coalesce(sum(a.sign * a.score * a.answers), 0),
             coalesce(sum(a.sign * a.answers)
                        FILTER (WHERE a.verdict = 'good'
                                      AND s.metric <> 'nps'), 0),
             coalesce(sum(a.sign * a.answers)
                        FILTER (WHERE a.verdict = 'good'
                                      AND s.metric = 'nps'), 0),
             coalesce(sum(a.sign * a.answers)
                        FILTER (WHERE a.verdict = 'bad'
                                      AND s.metric = 'nps'), 0)
      FROM (%s) a
      LEFT JOIN survey s ON s.code = a.survey
      GROUP BY 1, 2, 3, 4
    $query$, crmcost._signed_answers(run, 'infinity'));
  RETURN crmcost._write_answer_sums(run, 'survey_day',
    'day, survey, channel_code, campaign_code',
    'asked, answers, score, satisfied, promoters, detractors',
    CASE WHEN run.whole THEN format('old.day >= %L', run.open_month)
      ELSE 'false' END);
END
$$;

COMMENT ON FUNCTION crmcost._write_survey_day(crmcost._run) IS
  'Writes survey_day; returns the rows changed.';

-- A month counts for the tier that held at its end, the running one for that of the
-- report day, as in tier_month: refresh_held has it.  From the month on whose tiers
-- were found anew (the first row of refresh_tier_month is of the one before) all
-- answers count anew.
CREATE FUNCTION crmcost._write_voice_month(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  tiers_from CONSTANT date := CASE WHEN run.whole THEN run.open_month
    ELSE crmcost._first_held_month(run) END;
BEGIN
  PERFORM crmcost._find_held_of(run,
    'SELECT customer_id, month_start FROM pg_temp.refresh_answer_change');
  EXECUTE 'INSERT INTO pg_temp.refresh_voice_month
             (month_start, survey, scheme, tier, channel_code, product_code,
              asked, answers, score, good, bad, complained) '
          || crmcost._voice_month_query(run, tiers_from);
  RETURN crmcost._write_answer_sums(run, 'voice_month',
    'month_start, survey, scheme, tier, channel_code, product_code',
    'asked, answers, score, good, bad, complained',
    format('old.month_start >= %L', tiers_from));
END
$$;

COMMENT ON FUNCTION crmcost._write_voice_month(crmcost._run) IS
  'Writes voice_month; returns the rows changed.';

-- One pass over the answers, for all schemes and totals at once: four sets of keys a
-- scheme, each with all of its answers, and by channel, by product and by both.
CREATE FUNCTION crmcost._voice_month_query(run crmcost._run, from_month date)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL UNSAFE
RETURN (
  SELECT pg_catalog.format($query$
    SELECT s.month_start, s.survey,
           (%1$L::text[])[(s.set + 3) / 4] AS scheme,
           CASE (s.set + 3) / 4 WHEN 1 THEN '(all)' %2$s END AS tier,
           coalesce(s.channel_code, '(all)') AS channel_code,
           coalesce(s.product_code, '(all)') AS product_code,
           s.asked, s.answers, s.score, s.good, s.bad, s.complained
    FROM crmcost._sum_sets(%3$L, %4$s, %5$L)
      AS s (set integer, month_start date, survey text COLLATE "C",
            channel_code text COLLATE "C", product_code text COLLATE "C" %6$s,
            asked bigint, answers bigint, score numeric, good bigint,
            bad bigint, complained bigint)
  $query$,
    '{(all)}'::text[] || d.schemes, t.codes,
    pg_catalog.format($rows$
      SELECT a.month_start, a.survey, a.channel_code, a.product_code %s,
             a.n, CASE WHEN a.score IS NOT NULL THEN a.n ELSE 0 END,
             coalesce(a.score * a.n, 0),
             CASE WHEN a.verdict = 'good' THEN a.n ELSE 0 END,
             CASE WHEN a.verdict = 'bad' THEN a.n ELSE 0 END,
             CASE WHEN a.verdict = 'bad' AND a.complaints > 0
               THEN a.n ELSE 0 END
      FROM (SELECT a.*, a.sign * a.answers AS n FROM (%s) a) a %s
    $rows$, t.keys, crmcost._signed_answers(run, from_month),
      crmcost._held_joins(d.schemes, 'a') || t.joins),
    4 + pg_catalog.cardinality(d.schemes), t.sets, t.columns)
  FROM (SELECT crmcost._tier_schemes(run.ledger) AS schemes) d
  CROSS JOIN LATERAL (
    SELECT pg_catalog.string_agg(
             pg_catalog.format(' WHEN %s THEN coalesce(s.tier%s, ''(unknown)'')',
                               i + 1, i), ''::text ORDER BY i) AS codes,
           pg_catalog.string_agg(pg_catalog.format(', t%s.code', i), ''::text
                                 ORDER BY i) AS keys,
           pg_catalog.string_agg(
             pg_catalog.format(
               ' LEFT JOIN tier t%1$s ON t%1$s.scheme = %2$L AND t%1$s.code = h%1$s.tier COLLATE "C"',
               i, d.schemes[i]), ''::text ORDER BY i) AS joins,
           pg_catalog.string_agg(
             pg_catalog.format(', tier%s text COLLATE "C"', i), ''::text
             ORDER BY i) AS columns,
           ('{1,2,0,1,2,3,0,1,2,4,0,1,2,3,4' || coalesce(pg_catalog.string_agg(
              pg_catalog.format(
                ',0,1,2,%1$s,0,1,2,3,%1$s,0,1,2,4,%1$s,0,1,2,3,4,%1$s', 4 + i),
              ''::text ORDER BY i), ''::text) || '}')::integer[] AS sets
    FROM pg_catalog.generate_subscripts(d.schemes, 1) AS i) t);

COMMENT ON FUNCTION crmcost._voice_month_query(crmcost._run, date) IS
  'Query of what goes into refresh_voice_month: sums of all answers from a month on, and before it of what goes and comes.';

CREATE FUNCTION crmcost._reason_month_query(months text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT month_start, kind, coalesce(product_code, '(unknown)') AS product_code,
         coalesce(reason_code, '(unknown)') AS reason_code,
         sum(n)::bigint AS interactions
  FROM (SELECT month_start, kind, product_code, reason_code, n
        FROM pg_temp.refresh_contact
        WHERE kind IN ('complaint', 'return')
        UNION ALL
        SELECT month_start, 'survey', product_code, reason_code, answers
        FROM survey_answer
        WHERE verdict = 'bad') said
  WHERE %s
  GROUP BY 1, 2, 3, 4
$query$, months);

COMMENT ON FUNCTION crmcost._reason_month_query(text) IS
  'Query of reason_month for the months that a condition names.';

-- A survey whose scale was changed, or that has none.
CREATE FUNCTION crmcost._answer_findings(months text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT f.check_name, c.month_start, f.severity, count(*) AS rows,
         NULL::numeric AS amount, crmcost._first_words(f.words) AS words
  FROM (SELECT a.*, coalesce(a.subtype, 'csat') AS survey
        FROM pg_temp.refresh_contact a
        WHERE a.kind = 'survey' AND a.score IS NOT NULL) c
  LEFT JOIN survey s ON s.code = c.survey
  CROSS JOIN LATERAL (VALUES
    ('answer_outside_scale', 'error',
     ARRAY['answer_outside_scale', s.code, trim_scale(c.score)::text,
           c.customer_id::text, trim_scale(s.scale_from)::text,
           trim_scale(s.scale_to)::text],
     NOT crmcost._is_answer(s.metric, s.scale_from, s.scale_to, c.score)),
    ('answer_without_survey', 'warning', ARRAY['survey', c.survey],
     s.code IS NULL)
  ) AS f (check_name, severity, words, found)
  WHERE f.found AND %s
  GROUP BY f.check_name, c.month_start, f.severity
$query$, months);

COMMENT ON FUNCTION crmcost._answer_findings(text) IS
  'Query of the answers that count nowhere, for the months that a condition names.';
