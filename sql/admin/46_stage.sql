-- A person's word on where a customer stands: a row of classification by hand,
-- as refresh would write none: of a legal step, and of what has happened.
CREATE PROCEDURE crmcost.set_stage(ledger name, customer_id bigint, stage text,
                                   reason_code text DEFAULT NULL,
                                   at timestamptz DEFAULT now())
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._run_as_owner(
       ledger, NULL,
       'crmcost._set_stage(name,bigint,text,text,timestamptz)', ledger,
       customer_id, stage, reason_code, at) THEN
    RETURN;
  END IF;
  PERFORM crmcost._set_stage(ledger, customer_id, stage, reason_code, at);
END
$$;

COMMENT ON PROCEDURE crmcost.set_stage(name, bigint, text, text, timestamptz) IS
  'Sets the stage of a customer by hand, from an instant that is over; a step that stage_step does not have is refused, with those it has. Reports follow with the next refresh. reason_code NULL for none; the same stage again gives or changes its reason.';

CREATE FUNCTION crmcost._set_stage(ledger name, customer_id bigint, stage text,
                                   reason_code text, at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM crmcost._check_version(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._check_customer(ledger, 'customer_id',
                                  _set_stage.customer_id);
  PERFORM crmcost._check_stage(ledger, _set_stage.customer_id,
                               _set_stage.stage, _set_stage.reason_code,
                               _set_stage.at);
  -- one person after the other, each sees what the one before has set
  PERFORM pg_advisory_xact_lock(hashtextextended(
    format('crmcost.stage %s %s', ledger, _set_stage.customer_id), 0));
  PERFORM crmcost._check_step(ledger, _set_stage.customer_id,
                              _set_stage.stage, _set_stage.at);
  INSERT INTO classification AS k
      (customer_id, dimension, entered_at, code, reason_code, by_rule)
    VALUES (_set_stage.customer_id, 'stage', _set_stage.at, _set_stage.stage,
            _set_stage.reason_code, false)
    ON CONFLICT (customer_id, dimension, entered_at) DO UPDATE
      SET code = excluded.code, reason_code = excluded.reason_code,
          evidence = NULL, by_rule = false
      WHERE k.by_rule;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'at must be an instant at which nobody has set the stage of customer % yet, not %',
                    _set_stage.customer_id, _set_stage.at
      USING ERRCODE = 'unique_violation';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._set_stage(name, bigint, text, text, timestamptz) IS
  'What set_stage does, as the owner of the ledger where that is another.';

-- Everything but the step.
CREATE FUNCTION crmcost._check_stage(ledger name, customer_id bigint,
                                     stage text, reason_code text,
                                     at timestamptz)
  RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  -- of which domain a reason is, where a stage asks for one
  wanted CONSTANT text := CASE _check_stage.stage
    WHEN 'churned' THEN 'churn' WHEN 'won_back' THEN 'winback' END;
  party record;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT c.source, c.merged_into INTO party FROM customer c
    WHERE c.customer_id = _check_stage.customer_id;
  IF party.source = 'anon' OR party.merged_into IS NOT NULL THEN
    RAISE EXCEPTION 'customer_id must be a party with a life of its own, not %',
                    _check_stage.customer_id
      USING ERRCODE = 'invalid_parameter_value',
            HINT = CASE WHEN party.merged_into IS NULL
                     THEN 'Source anon stands for anonymous traffic.'
                     ELSE format('It was merged into customer %s.',
                                 party.merged_into) END;
  END IF;
  IF NOT EXISTS (SELECT FROM stage s WHERE s.code = _check_stage.stage) THEN
    RAISE EXCEPTION 'stage must be one of table stage, not %',
                    coalesce(_check_stage.stage, 'null')
      USING ERRCODE = 'invalid_parameter_value',
            HINT = (SELECT 'Stages are ' || string_agg(s.code, ', '
                                             ORDER BY s.position) || '.'
                    FROM stage s);
  END IF;
  IF _check_stage.reason_code IS NOT NULL
     AND NOT EXISTS (SELECT FROM reason r
                     WHERE r.code = _check_stage.reason_code
                           AND r.domain = coalesce(wanted, r.domain)) THEN
    RAISE EXCEPTION 'reason_code must be one of table reason%, not %',
                    coalesce(', domain ' || wanted, ''),
                    _check_stage.reason_code
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF (_check_stage.at <= now() AND isfinite(_check_stage.at)) IS NOT TRUE THEN
    RAISE EXCEPTION 'at must be a finite instant that is over, not %',
                    coalesce(_check_stage.at::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_stage(name, bigint, text, text, timestamptz) IS
  'Raises an error unless set_stage can take these arguments, whatever the stage was before.';

-- Rows by rule that come after are found anew by refresh; those by hand stand.
CREATE FUNCTION crmcost._check_step(ledger name, customer_id bigint,
                                    stage text, at timestamptz)
  RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  before text;
  after record;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT k.code INTO before FROM classification k
    WHERE k.customer_id = _check_step.customer_id AND k.dimension = 'stage'
          AND (k.entered_at < _check_step.at
               OR k.entered_at = _check_step.at AND NOT k.by_rule)
    ORDER BY k.entered_at DESC LIMIT 1;
  SELECT k.code, k.entered_at INTO after FROM classification k
    WHERE k.customer_id = _check_step.customer_id AND k.dimension = 'stage'
          AND k.entered_at > _check_step.at AND NOT k.by_rule
    ORDER BY k.entered_at LIMIT 1;
  IF NOT crmcost._is_step(ledger, before, _check_step.stage) THEN
    RAISE EXCEPTION 'stage must be a legal step from %, not %',
                    coalesce(before, 'nothing'), _check_step.stage
      USING ERRCODE = 'invalid_parameter_value',
            HINT = crmcost._step_hint(ledger, before);
  ELSIF after.code IS NOT NULL
        AND NOT crmcost._is_step(ledger, _check_step.stage, after.code) THEN
    RAISE EXCEPTION 'stage must be one that % of % may follow, not %',
                    after.code, after.entered_at, _check_step.stage
      USING ERRCODE = 'invalid_parameter_value',
            HINT = crmcost._step_hint(ledger, _check_step.stage);
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_step(name, bigint, text, timestamptz) IS
  'Raises an error unless a stage may follow what a customer is in at an instant, and what a person set later may follow it.';

CREATE FUNCTION crmcost._is_step(ledger name, before text, after text)
  RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  RETURN after = before
    OR EXISTS (SELECT FROM stage s
               WHERE before IS NULL AND s.code = after AND s.may_begin)
    OR EXISTS (SELECT FROM stage_step s
               WHERE s.from_stage = before AND s.to_stage = after);
END
$$;

COMMENT ON FUNCTION crmcost._is_step(name, text, text) IS
  'Whether a stage may follow another, or begin a life where before is NULL; a stage may follow itself.';

CREATE FUNCTION crmcost._step_hint(ledger name, before text) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  RETURN format(CASE WHEN before IS NULL THEN 'A life may begin with %2$s.'
                  ELSE 'From %s the legal steps are to %s.' END, before,
    coalesce((SELECT string_agg(s.code, ', ' ORDER BY s.position)
              FROM stage s
              WHERE before IS NULL AND s.may_begin
                    OR EXISTS (SELECT FROM stage_step p
                               WHERE p.from_stage = before
                                     AND p.to_stage = s.code)), 'nothing'));
END
$$;

COMMENT ON FUNCTION crmcost._step_hint(name, text) IS
  'Says which stages may follow one, or begin a life.';
