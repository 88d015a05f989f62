-- Points go from one customer to another, and keep the time at which they expire:
-- an adjustment that takes them, in the order in which they are spent, and one for
-- each expiry that gives them.
CREATE FUNCTION crmcost.transfer_points(ledger name, program_code text,
                                        from_customer bigint,
                                        to_customer bigint, points numeric,
                                        at timestamptz DEFAULT now())
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF crmcost._run_as_owner(
       ledger, NULL,
       'crmcost._transfer_points(name,text,bigint,bigint,numeric,timestamptz)',
       ledger, program_code, from_customer, to_customer, points, at) THEN
    RETURN;
  END IF;
  PERFORM crmcost._transfer_points(ledger, program_code, from_customer,
                                   to_customer, points, at);
END
$$;

COMMENT ON FUNCTION crmcost.transfer_points(name, text, bigint, bigint, numeric, timestamptz) IS
  'Moves points of a programme from one customer to another, those that would be spent first, with the time at which they expire.';

CREATE FUNCTION crmcost._transfer_points(ledger name, program_code text,
                                         from_customer bigint,
                                         to_customer bigint, points numeric,
                                         at timestamptz)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._check_owner(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._check_customer(ledger, 'from_customer', from_customer);
  PERFORM crmcost._check_customer(ledger, 'to_customer', to_customer);
  PERFORM crmcost._check_transfer(from_customer, to_customer, points, at);
  -- one transfer from a customer after the other
  PERFORM FROM customer c WHERE c.customer_id = from_customer FOR UPDATE;
  PERFORM crmcost._move_points(
    program_code, from_customer, to_customer, points, at,
    crmcost._points_that_go(program_code, from_customer, points, at));
END
$$;

COMMENT ON FUNCTION crmcost._transfer_points(name, text, bigint, bigint, numeric, timestamptz) IS
  'What transfer_points does, as the owner of the ledger where that is another.';

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
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  burn CONSTANT text := (SELECT p.burn FROM loyalty_program p
                         WHERE p.code = program_code);
  account record;
BEGIN
  IF burn IS NULL THEN
    RAISE EXCEPTION 'program_code must be a loyalty programme, not "%"',
                    coalesce(program_code, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  account := crmcost._account_when_spent(program_code, burn, customer_id,
                                         points, at);
  IF coalesce(account.live, 0) < points THEN
    RAISE EXCEPTION 'points must be at most %, what customer % can spend at %, not %',
                    trim_scale(coalesce(account.live, 0)), customer_id, at,
                    points
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN ARRAY(
    SELECT ROW(k.expires_at, k.points - coalesce(l.points, 0))
           ::crmcost.points_expiry
    FROM unnest(account.kept) k
    LEFT JOIN unnest(account.left_over) l USING (expires_at)
    WHERE k.points > coalesce(l.points, 0)
    ORDER BY k.expires_at);
END
$$;

COMMENT ON FUNCTION crmcost._points_that_go(text, bigint, numeric, timestamptz) IS
  'Of points that a customer spends at an instant, those that expire, by when they do.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._account_when_spent(
  program_code text, burn text, customer_id bigint, points numeric,
  at timestamptz, OUT live numeric, OUT kept crmcost.points_expiry[],
  OUT left_over crmcost.points_expiry[])
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format($query$
    WITH entry AS (
      SELECT e.customer_id, e.program_code, e.occurred_at, e.kind, e.points,
             nullif(e.expires_at, 'infinity') AS expires_at, e.available_at,
             e.lot, e.order_ref
      FROM loyalty_entry e
      WHERE e.customer_id = $1 AND e.program_code = $2 AND e.occurred_at <= $3
    ), named AS (
      SELECT e.points, e.occurred_at, e.expires_at, e.available_at,
             crmcost._lot_name(e.kind, e.lot, e.order_ref, l.lot_order) AS name
      FROM entry e
      LEFT JOIN (%s) l
        ON (l.customer_id, l.program_code, l.lot)
           = (e.customer_id, e.program_code, e.lot)
           AND crmcost._goes_by_order(e.kind, e.order_ref, l.lot_order,
                                      l.is_alone)
    ), now_and_then AS (
      SELECT spent.is_spent, n.points, n.occurred_at, n.expires_at,
             n.available_at, n.name
      FROM named n
      CROSS JOIN (VALUES (false), (true)) spent (is_spent)
      UNION ALL
      SELECT true, -$4, $3, NULL, NULL, NULL
    )
    SELECT (crmcost._points_account(e.points, e.occurred_at, e.expires_at,
                                    e.available_at, e.name, $5, $6)
              FILTER (WHERE NOT e.is_spent)).balance,
           crmcost._points_schedule(e.points, e.occurred_at, e.expires_at,
                                    e.available_at, e.name, $5, $6)
             FILTER (WHERE NOT e.is_spent),
           crmcost._points_schedule(e.points, e.occurred_at, e.expires_at,
                                    e.available_at, e.name, $5, $6)
             FILTER (WHERE e.is_spent)
    FROM now_and_then e
    $query$, crmcost._lots_of_orders('entry'))
    INTO live, kept, left_over
    USING customer_id, program_code, at, points,
          at + interval '1 microsecond', burn;
END
$$;

COMMENT ON FUNCTION crmcost._account_when_spent(text, text, bigint, numeric, timestamptz) IS
  'What a customer can spend at an instant, when it expires, and when what is left expires once points of it are spent.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._move_points(program_code text, from_customer bigint,
                                     to_customer bigint, points numeric,
                                     at timestamptz,
                                     expiring crmcost.points_expiry[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
DECLARE
  number CONSTANT text := gen_random_uuid()::text;
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
END
$$;

COMMENT ON FUNCTION crmcost._move_points(text, bigint, bigint, numeric, timestamptz, crmcost.points_expiry[]) IS
  'Writes the entries of a transfer of points.';
