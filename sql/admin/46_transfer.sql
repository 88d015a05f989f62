-- Points go from one customer to another, and keep the time at which they expire:
-- an adjustment that takes them, in the order in which they are spent, and one for
-- each expiry that gives them.
CREATE FUNCTION crmcost.transfer_points(ledger name, program_code text,
                                        from_customer bigint,
                                        to_customer bigint, points numeric,
                                        at timestamptz DEFAULT now())
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_variable
DECLARE
  given bigint;
BEGIN
  given := crmcost._run_as_owner(
             ledger, NULL,
             'crmcost.transfer_points(name,text,bigint,bigint,numeric,timestamptz)',
             ledger, program_code, from_customer, to_customer, points, at);
  IF given IS NOT NULL THEN
    RETURN given;
  END IF;
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._check_owner(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._check_customer(ledger, 'from_customer', from_customer);
  PERFORM crmcost._check_customer(ledger, 'to_customer', to_customer);
  PERFORM crmcost._check_transfer(from_customer, to_customer, points, at);
  -- one transfer from a customer after the other
  PERFORM FROM customer c WHERE c.customer_id = from_customer FOR UPDATE;
  RETURN crmcost._move_points(
    program_code, from_customer, to_customer, points, at,
    crmcost._points_that_go(program_code, from_customer, points, at));
END
$$;

COMMENT ON FUNCTION crmcost.transfer_points(name, text, bigint, bigint, numeric, timestamptz) IS
  'Moves points of a programme from one customer to another, those that would be spent first, with the time at which they expire; returns the entries that gives.';

CREATE FUNCTION crmcost._check_transfer(from_customer bigint,
                                        to_customer bigint, points numeric,
                                        at timestamptz)
  RETURNS void
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF from_customer = to_customer THEN
    RAISE EXCEPTION 'to_customer must be another customer than from_customer, not %',
                    to_customer
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF points IS NULL OR NOT (points > 0 AND points < 'Infinity')
     OR scale(points) > 4 THEN
    RAISE EXCEPTION 'points must be a positive number of at most 4 decimals, not %',
                    coalesce(points::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF at IS NULL OR NOT isfinite(at) THEN
    RAISE EXCEPTION 'at must be a finite instant, not %',
                    coalesce(at::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_transfer(bigint, bigint, numeric, timestamptz) IS
  'Raises an error for a transfer of points that cannot be.';

-- What the schedule has lost when the points are spent.  The search path is the
-- caller's, with the ledger first.
CREATE FUNCTION crmcost._points_that_go(program_code text, customer_id bigint,
                                        points numeric, at timestamptz)
  RETURNS crmcost.points_expiry[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  after CONSTANT timestamptz := at + interval '1 microsecond';
  burn CONSTANT text := (SELECT p.burn FROM loyalty_program p
                         WHERE p.code = program_code);
  live numeric;
  kept crmcost.points_expiry[];
  left_over crmcost.points_expiry[];
BEGIN
  IF burn IS NULL THEN
    RAISE EXCEPTION 'program_code must be a loyalty programme, not "%"',
                    coalesce(program_code, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM crmcost._drop_temporary('{refresh_loyalty_customer,refresh_points,refresh_account}');
  PERFORM crmcost._make_loyalty_tables();
  INSERT INTO pg_temp.refresh_points
    SELECT e.customer_id, e.program_code, e.occurred_at, e.kind, e.points,
           nullif(e.expires_at, 'infinity'), e.available_at, e.lot,
           e.order_ref, false
    FROM loyalty_entry e
    WHERE e.customer_id = customer_id AND e.program_code = program_code
          AND e.occurred_at < after;
  PERFORM crmcost._name_lots();
  SELECT (crmcost._points_account(s.points, s.occurred_at, s.expires_at,
                                  s.available_at, s.name, after, burn)).balance,
         crmcost._points_schedule(s.points, s.occurred_at, s.expires_at,
                                  s.available_at, s.name, after, burn)
    INTO live, kept
    FROM pg_temp.refresh_points s;
  IF coalesce(live, 0) < points THEN
    RAISE EXCEPTION 'points must be at most %, what customer % can spend at %, not %',
                    trim_scale(coalesce(live, 0)), customer_id, at, points
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  INSERT INTO pg_temp.refresh_points
    VALUES (customer_id, program_code, at, 'adjust', -points);
  SELECT crmcost._points_schedule(s.points, s.occurred_at, s.expires_at,
                                  s.available_at, s.name, after, burn)
    INTO left_over
    FROM pg_temp.refresh_points s;
  PERFORM crmcost._drop_temporary('{refresh_loyalty_customer,refresh_points,refresh_account}');
  RETURN ARRAY(
    SELECT ROW(k.expires_at, k.points - coalesce(l.points, 0))
           ::crmcost.points_expiry
    FROM unnest(kept) k
    LEFT JOIN unnest(left_over) l USING (expires_at)
    WHERE k.points > coalesce(l.points, 0)
    ORDER BY k.expires_at);
END
$$;

COMMENT ON FUNCTION crmcost._points_that_go(text, bigint, numeric, timestamptz) IS
  'Of points that a customer spends at an instant, those that expire, by when they do.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._move_points(program_code text, from_customer bigint,
                                     to_customer bigint, points numeric,
                                     at timestamptz,
                                     expiring crmcost.points_expiry[])
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  number CONSTANT text := gen_random_uuid()::text;
  given bigint;
BEGIN
  INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind,
                             points, source, source_ref)
    VALUES (from_customer, program_code, at, 'adjust', -points, 'transfer',
            number || ' out');
  INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind,
                             points, expires_at, source, source_ref)
    SELECT to_customer, program_code, at, 'adjust', x.points, x.expires_at,
           'transfer', number || ' in ' || row_number() OVER ()
    FROM (SELECT x.points, x.expires_at FROM unnest(expiring) x
          UNION ALL
          SELECT points - coalesce(sum(x.points), 0), NULL
          FROM unnest(expiring) x
          HAVING points > coalesce(sum(x.points), 0)) x;
  GET DIAGNOSTICS given = ROW_COUNT;
  RETURN given;
END
$$;

COMMENT ON FUNCTION crmcost._move_points(text, bigint, bigint, numeric, timestamptz, crmcost.points_expiry[]) IS
  'Writes the entries of a transfer of points; returns the number of those that give.';
