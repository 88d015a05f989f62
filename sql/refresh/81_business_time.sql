-- Business time: table calendar as stretches between instants, and what of a time
-- lies in them.  The one definition of both is _open_hours().

-- A local time that clocks pass over is the instant at which they do; of one that
-- comes twice it is the second.
CREATE FUNCTION crmcost._local_instant(local timestamp, zone text)
  RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN (local AT TIME ZONE zone) AT TIME ZONE zone = local
    THEN local AT TIME ZONE zone
  ELSE (SELECT pg_catalog.min(m.at)
        FROM pg_catalog.generate_series(
               (local AT TIME ZONE zone)
                 - ((local AT TIME ZONE zone) AT TIME ZONE zone - local),
               local AT TIME ZONE zone, '00:01:00'::interval) AS m (at)
        WHERE m.at AT TIME ZONE zone >= local) END;

COMMENT ON FUNCTION crmcost._local_instant(timestamp, text) IS
  'Instant of a local time, to the minute where clocks pass over it.';

-- Days are those of the team, else of team ''; so are weekdays, all seven at once.
CREATE FUNCTION crmcost._open_hours(ledger name, zone text, teams text[],
                                    from_day date, to_day date)
  RETURNS TABLE (team text, opens_at timestamptz, closes_at timestamptz)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY EXECUTE format($query$
    WITH asked AS (
      SELECT u.team,
             CASE WHEN EXISTS (SELECT FROM %1$I.calendar k
                               WHERE k.team = u.team AND k.weekday IS NOT NULL)
               THEN u.team ELSE '' END AS weekday_team
      FROM unnest($2) AS u (team)
    ), special AS (
      SELECT DISTINCT ON (a.team, k.on_day) a.team, k.on_day,
             k.team AS day_team
      FROM asked a
      JOIN %1$I.calendar k ON k.team IN (a.team, '')
      WHERE k.on_day BETWEEN $3 AND $4
      ORDER BY a.team, k.on_day, k.team DESC
    ), stretch AS (
      SELECT s.team, s.on_day AS day, k.opens_at, k.closes_at
      FROM special s
      JOIN %1$I.calendar k ON k.team = s.day_team AND k.on_day = s.on_day
      WHERE k.opens_at IS NOT NULL
      UNION ALL
      SELECT a.team, d.day::date, k.opens_at, k.closes_at
      FROM generate_series($3::timestamp, $4::timestamp, '1 day') AS d (day)
      JOIN %1$I.calendar k ON k.weekday = extract(isodow FROM d.day)
      JOIN asked a ON a.weekday_team = k.team
      LEFT JOIN special s ON s.team = a.team AND s.on_day = d.day::date
      WHERE s.team IS NULL
    )
    SELECT i.team, i.opens_at, i.closes_at
    FROM (SELECT s.team,
                 crmcost._local_instant(s.day + s.opens_at, $1) AS opens_at,
                 crmcost._local_instant(s.day + s.closes_at, $1) AS closes_at
          FROM stretch s) i
    WHERE i.closes_at > i.opens_at
    $query$, ledger) USING zone, teams, from_day, to_day;
END
$$;

COMMENT ON FUNCTION crmcost._open_hours(name, text, text[], date, date) IS
  'Stretches in which teams work by the calendar of a ledger, on the local days from one to another.';

-- Whether calendar has hours for a team: NULL where it says nothing, and the team
-- is always open; false where it has days of its own alone, and is never.
CREATE FUNCTION crmcost._has_hours(ledger name, team text) RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result boolean;
BEGIN
  EXECUTE format('SELECT bool_or(k.opens_at IS NOT NULL) FROM %I.calendar k WHERE k.team IN ($1, %L)',
                 ledger, '')
    INTO result USING team;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._has_hours(name, text) IS
  'Whether a team ever works by table calendar of a ledger; NULL where that says nothing of it.';

CREATE FUNCTION crmcost.business_seconds(ledger name, team text,
                                         from_at timestamptz,
                                         to_at timestamptz)
  RETURNS numeric
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text;
  has_hours boolean;
BEGIN
  IF ledger IS NULL THEN
    RETURN NULL;
  END IF;
  PERFORM crmcost._ledger_path(ledger);
  IF num_nulls(team, from_at, to_at) > 0 THEN
    RETURN NULL;
  END IF;
  zone := crmcost._setting(ledger, 'timezone');
  IF NOT isfinite(from_at) OR NOT isfinite(to_at) THEN
    RAISE EXCEPTION '% must be a finite instant, not %',
                    CASE WHEN isfinite(from_at) THEN 'to_at' ELSE 'from_at' END,
                    CASE WHEN isfinite(from_at) THEN to_at ELSE from_at END
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF to_at < from_at OR to_at > from_at + interval '100 years' THEN
    RAISE EXCEPTION 'to_at must be from from_at on and at most 100 years after it, not %',
                    to_at
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  has_hours := crmcost._has_hours(ledger, team);
  IF has_hours IS NULL THEN
    RETURN extract(epoch FROM to_at - from_at);
  ELSIF NOT has_hours THEN
    RETURN NULL;
  END IF;
  RETURN (
    SELECT coalesce(sum(extract(epoch FROM least(h.closes_at, to_at)
                                           - greatest(h.opens_at, from_at))), 0)
    FROM crmcost._open_hours(ledger, zone, ARRAY[team],
                             (from_at AT TIME ZONE zone)::date - 1,
                             (to_at AT TIME ZONE zone)::date + 1) h
    WHERE h.opens_at < to_at AND h.closes_at > from_at);
END
$$;

COMMENT ON FUNCTION crmcost.business_seconds(name, text, timestamptz, timestamptz) IS
  'Seconds between two instants in which a service team works by table calendar of a ledger, in its time zone, to the microsecond; all of them where calendar says nothing, NULL where the team is never open.';

-- The open seconds before each stretch, so that a time of any length takes two
-- look-ups: those before its end less those before its beginning.
CREATE FUNCTION crmcost._find_hours(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_hours
    SELECT h.team, h.opens_at, h.closes_at,
           coalesce(sum(extract(epoch FROM h.closes_at - h.opens_at))
                      OVER (PARTITION BY h.team ORDER BY h.opens_at
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                    0)
    FROM crmcost._open_hours(
           run.ledger, run.zone,
           ARRAY(SELECT DISTINCT c.team FROM pg_temp.refresh_case c),
           (SELECT (min(c.opened_at) AT TIME ZONE run.zone)::date - 1
            FROM pg_temp.refresh_case c),
           run.day + 1) h;
  ANALYZE pg_temp.refresh_hours;
END
$$;

COMMENT ON FUNCTION crmcost._find_hours(crmcost._run) IS
  'Fills refresh_hours: when the teams of refresh_case work.';
