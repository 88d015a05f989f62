-- The ends of past months as they are seen today: who was in which tier, and the
-- snapshot of each, as if refresh had run on that evening.
CREATE FUNCTION crmcost._backfill(ledger name, from_month date, to_month date)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
  last record;
  closed CONSTANT date :=
    (crmcost._open_month(ledger) - interval '1 month')::date;
  month date;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF from_month IS NULL OR to_month IS NULL OR NOT isfinite(from_month)
     OR NOT isfinite(to_month) OR from_month > to_month THEN
    RAISE EXCEPTION 'from_month must be a finite date not after to_month, not % and %',
                    coalesce(from_month::text, 'null'),
                    coalesce(to_month::text, 'null')
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT r.as_of, r.as_of_at INTO last FROM last_refresh r;
  IF last.as_of IS NULL
     OR crmcost._month_of(to_month) > crmcost._last_complete_month(last.as_of)
  THEN
    RAISE EXCEPTION 'to_month must have ended by the last refresh, as of %, not %',
                    coalesce(last.as_of::text, 'never'),
                    to_char(to_month, 'YYYY-MM')
      USING ERRCODE = 'invalid_parameter_value',
            HINT = format('CALL crmcost.refresh(%L) first.', ledger);
  END IF;
  -- its end was the as_of of its closing, which stands
  IF crmcost._month_of(from_month) < closed THEN
    RAISE EXCEPTION 'from_month must not be before the last closed month, %, not %',
                    to_char(closed, 'YYYY-MM'), to_char(from_month, 'YYYY-MM')
      USING ERRCODE = 'invalid_parameter_value',
            HINT = 'crmcost.reopen_period opens a month again, and all after it.';
  END IF;
  FOR month IN
    SELECT m::date
    FROM generate_series(crmcost._month_of(from_month)::timestamp,
                         to_month::timestamp, '1 month') AS m
  LOOP
    PERFORM crmcost._compute(ledger,
      crmcost._midnight((month + interval '1 month')::date, zone), false);
    PERFORM crmcost._clear_work_tables();
  END LOOP;
  PERFORM crmcost._refresh(ledger, last.as_of_at, false);
END
$$;

COMMENT ON FUNCTION crmcost._backfill(name, date, date) IS
  'Computes the ends of past months one after the other, and then that of the last refresh again.';

CREATE PROCEDURE crmcost.backfill(ledger name, from_month date, to_month date)
  LANGUAGE plpgsql
AS $$
BEGIN
  CALL crmcost._take_ledger(ledger);
  IF crmcost._run_as_owner(
       ledger, 'crmcost._make_work_tables(pg_catalog.name)',
       'crmcost._backfill(pg_catalog.name,pg_catalog.date,pg_catalog.date)',
       ledger, from_month, to_month) THEN
    RETURN;
  END IF;
  PERFORM crmcost._make_work_tables(ledger);
  PERFORM crmcost._backfill(ledger, from_month, to_month);
END
$$;

COMMENT ON PROCEDURE crmcost.backfill(name, date, date) IS
  'Writes the snapshots of past month ends, from the facts before each; the reports stay as of the last refresh.';
