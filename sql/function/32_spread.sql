-- Splits an amount over the calendar months of a period, to the last digit.

CREATE FUNCTION crmcost.spread(
  amount numeric, period daterange, scale int DEFAULT 2,
  OUT month_start date, OUT part numeric
) RETURNS SETOF record
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE ROWS 12
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  from_on CONSTANT date := lower(period);
  before_on CONSTANT date := upper(period);
  whole boolean;
BEGIN
  IF isempty(period) OR from_on IS NULL OR before_on IS NULL
     OR NOT isfinite(from_on) OR NOT isfinite(before_on) THEN
    RAISE EXCEPTION 'period must have a first and a last day, not %', period
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF before_on - from_on > 36600 THEN
    RAISE EXCEPTION 'period must be at most 36600 days, not %',
                    before_on - from_on
      USING ERRCODE = 'program_limit_exceeded';
  END IF;
  whole := extract(day FROM from_on) = 1 AND extract(day FROM before_on) = 1;
  RETURN QUERY
    SELECT split.month, split.part
    FROM (
      SELECT array_agg(m.month::date ORDER BY m.month) AS months,
             array_agg(CASE
                         WHEN whole THEN 1
                         ELSE least(before_on,
                                    (m.month + interval '1 month')::date)
                              - greatest(from_on, m.month::date)
                       END::numeric ORDER BY m.month) AS weights
      FROM generate_series(date_trunc('month', from_on::timestamp),
                           before_on - interval '1 day', '1 month')
        AS m (month)
    ) list
    CROSS JOIN LATERAL unnest(list.months,
                              crmcost.allocate(amount, list.weights, scale))
      AS split (month, part);
END
$$;

COMMENT ON FUNCTION crmcost.spread(numeric, daterange, int) IS
  'The amount split over the months of a period, in multiples of 10^-scale that sum to it exactly: equal parts for whole calendar months, else by days; NULL gives no row.';
