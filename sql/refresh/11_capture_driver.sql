-- Changes of drivers, of what they are made of, and of their quantities: refresh is
-- told of them, and what the ledger would not count is refused.
CREATE FUNCTION crmcost._capture_driver() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  refused record;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    SELECT u.code, u.kind, u.use, u.must INTO refused
      FROM (
        SELECT r.code, r.kind, 'has parts' AS use, 'blend' AS must
          FROM new_row r
          JOIN driver_blend b ON b.driver = r.code
          WHERE r.kind <> 'blend'
        UNION ALL
        SELECT r.code, r.kind, 'is a part of "' || b.driver || '"',
               'own or ledger'
          FROM new_row r
          JOIN driver_blend b ON b.part = r.code
          WHERE r.kind = 'blend'
        UNION ALL
        SELECT r.code, r.kind, 'has quantities', 'own'
          FROM new_row r
          JOIN old_row o ON o.code = r.code AND o.kind <> r.kind
          WHERE r.kind <> 'own'
                AND EXISTS (SELECT FROM driver_entry e WHERE e.driver = r.code)
      ) u
      ORDER BY u.code, u.use LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'kind of driver "%", which %, must be %, not %',
                      refused.code, refused.use, refused.must, refused.kind
        USING ERRCODE = 'check_violation',
              HINT = 'Make another driver, or delete these rows first.';
    END IF;
  END IF;
  INSERT INTO touched (relation, customer_id, from_on, before_on, epoch)
    SELECT 'driver', NULL, '-infinity', 'infinity', s.epoch
    FROM refresh_state s;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_driver() IS
  'Statement trigger of driver: notes that it changed, and refuses a kind that the parts or quantities of a driver do not agree with.';

CREATE FUNCTION crmcost._capture_driver_entry() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  refused record;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    SELECT d.code, d.kind INTO refused
      FROM driver d
      WHERE d.kind <> 'own' AND d.code IN (SELECT r.driver FROM new_row r)
      ORDER BY d.code LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'driver must be one of kind own, not "%", of kind %',
                      refused.code, refused.kind
        USING ERRCODE = 'check_violation',
              HINT = 'The ledger counts those of kind ledger itself, and makes blends of their parts.';
    END IF;
  END IF;
  IF TG_OP <> 'INSERT' THEN
    PERFORM crmcost._touch('driver_entry', true, array_agg(NULL::bigint),
                           array_agg(r.f), array_agg(r.f))
      FROM (SELECT DISTINCT crmcost._month_of(measured_on)
            FROM old_row) AS r (f)
      HAVING count(*) > 0;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    PERFORM crmcost._touch('driver_entry', true, array_agg(NULL::bigint),
                           array_agg(r.f), array_agg(r.f))
      FROM (SELECT DISTINCT crmcost._month_of(measured_on)
            FROM new_row) AS r (f)
      HAVING count(*) > 0;
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_driver_entry() IS
  'Statement trigger of driver_entry: notes the months whose quantities changed, and refuses drivers that are not loaded.';

CREATE FUNCTION crmcost._capture_driver_blend() RETURNS trigger
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  refused record;
BEGIN
  IF NOT crmcost._enter_ledger(TG_RELID) THEN
    RETURN NULL;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    SELECT r.driver, r.part, w.kind, p.kind = 'blend' AS of_blend INTO refused
      FROM new_row r
      JOIN driver w ON w.code = r.driver
      JOIN driver p ON p.code = r.part
      WHERE w.kind <> 'blend' OR p.kind = 'blend'
      ORDER BY r.driver, r.part LIMIT 1;
    IF refused.kind <> 'blend' THEN
      RAISE EXCEPTION 'driver must be one of kind blend, not "%", of kind %',
                      refused.driver, refused.kind
        USING ERRCODE = 'check_violation';
    ELSIF refused.of_blend THEN
      RAISE EXCEPTION 'part must be no blend itself, not "%"', refused.part
        USING ERRCODE = 'check_violation',
              HINT = 'Make the blend of the parts of that one.';
    END IF;
  END IF;
  INSERT INTO touched (relation, customer_id, from_on, before_on, epoch)
    SELECT 'driver_blend', NULL, '-infinity', 'infinity', s.epoch
    FROM refresh_state s;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION crmcost._capture_driver_blend() IS
  'Statement trigger of driver_blend: notes that it changed, and refuses blends of blends.';
