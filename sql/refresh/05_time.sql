-- Time in a ledger: months, report days and what lies in them.

-- The local midnights around a month are its ends, unless clocks are changed
-- near one of them: there a day may have its last hour twice, the first hour of
-- the next day between them, so that the local day of each fact must be asked.
CREATE FUNCTION crmcost._month_instants(
  month date, zone text, OUT from_at timestamptz, OUT before_at timestamptz,
  OUT exact boolean)
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.min(steady.at - steady.slack),
         pg_catalog.max(steady.at + steady.slack),
         pg_catalog.bool_and(steady.slack = interval '0')
  FROM (SELECT midnight.at,
               CASE WHEN (midnight.at + interval '24 hours') AT TIME ZONE zone
                         - (midnight.at - interval '24 hours') AT TIME ZONE zone
                         = interval '48 hours'
                 THEN interval '0' ELSE interval '24 hours' END AS slack
        FROM (VALUES (month::timestamp AT TIME ZONE zone),
                     ((month + interval '1 month') AT TIME ZONE zone))
               AS midnight (at)) AS steady;
END;

COMMENT ON FUNCTION crmcost._month_instants(date, text) IS
  'Instants from which and before which all facts of a month in a time zone lie; exact where all between them are of that month.';

CREATE FUNCTION crmcost._month_of(day date) RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.date_trunc('month'::text,
                             day::timestamp without time zone)::date;

COMMENT ON FUNCTION crmcost._month_of(date) IS
  'First day of the month of a day.';

-- The first instant that can have the local day, and an hour more for clocks that
-- go back.
CREATE FUNCTION crmcost._midnight(day date, zone text) RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN pg_catalog.isfinite(day)
         THEN (day::timestamp without time zone AT TIME ZONE zone)
         ELSE day::timestamp without time zone::timestamp with time zone END;

COMMENT ON FUNCTION crmcost._midnight(date, text) IS
  'Instant at which a local day begins; infinite for an infinite day.';

-- STABLE, as what it calls is: so the planner copies it into the query.
CREATE FUNCTION crmcost._report_day(upto timestamptz, zone text) RETURNS date
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN ((upto - '00:00:00.000001'::interval) AT TIME ZONE zone)::date;

COMMENT ON FUNCTION crmcost._report_day(timestamptz, text) IS
  'Local day of the last moment before an instant: the day that a refresh up to it reports.';

-- A month whose last day is the report day is complete.
CREATE FUNCTION crmcost._last_complete_month(day date) RETURNS date
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (crmcost._month_of(day + 1) - '1 mon'::interval)::date;

COMMENT ON FUNCTION crmcost._last_complete_month(date) IS
  'First day of the last month that is over on the evening of a day.';

-- A day on a line on which all months are equally long.
CREATE FUNCTION crmcost._month_number(day date) RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 12 * pg_catalog.extract('year'::text, day)
       + pg_catalog.extract('month'::text, day)
       + (pg_catalog.extract('day'::text, day) - 1)
         / ((crmcost._month_of(day) + '1 mon'::interval)::date
            - crmcost._month_of(day));

COMMENT ON FUNCTION crmcost._month_number(date) IS
  'Months from the year 0 to the beginning of a day, days as parts of their month.';
