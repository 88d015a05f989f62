-- Two levels of every aggregate, for rows that lie in several places without a
-- distributed engine, such as foreign tables: NAME_partial takes the rows of one
-- place to a state, NAME_merge takes the states to what NAME gives of all rows.
-- Aggregates whose result is such a state have a NAME_merge of their own, and need no
-- NAME_partial.  All are made here, of the functions that the aggregate is made of.
CREATE FUNCTION crmcost._make_two_levels(
  name text, arguments text, state text, transition text, combine text,
  final text, space int
) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  parts CONSTANT text := format(
    'STYPE = %s, SSPACE = %s, COMBINEFUNC = %s, PARALLEL = SAFE', state, space,
    combine);
  -- of the two games of Shapley each has its own end
  merge CONSTANT text := CASE WHEN final = 'crmcost.shapley_rate_final'
    THEN 'shapley_attribution_rate_merge' ELSE name || '_merge' END;
  signature text;
BEGIN
  EXECUTE format('CREATE AGGREGATE crmcost.%I(%s) (SFUNC = %s, %s)',
                 name || '_partial', arguments, transition, parts);
  SELECT p.oid::regprocedure::text INTO signature FROM pg_proc p
    WHERE p.pronamespace = 'crmcost'::regnamespace
          AND p.proname = _make_two_levels.name || '_partial'
          AND pg_get_function_arguments(p.oid) = arguments;
  EXECUTE format('COMMENT ON AGGREGATE %s IS %L', signature,
                 format('State of %s over the rows of one place, for %s.', name,
                        merge));
  IF NOT EXISTS (SELECT FROM pg_proc p
                 WHERE p.pronamespace = 'crmcost'::regnamespace
                       AND p.proname = merge) THEN
    EXECUTE format('CREATE AGGREGATE crmcost.%I(state %s) (SFUNC = %s, FINALFUNC = %s, %s)',
                   merge, state, combine, final, parts);
    EXECUTE format('COMMENT ON AGGREGATE crmcost.%I(%s) IS %L', merge, state,
                   format('What %s gives of all rows, of the states of several places; NULLs are skipped.',
                          name));
  END IF;
END
$$;

CREATE FUNCTION crmcost._make_all_levels() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM crmcost._make_two_levels(
            p.proname, pg_get_function_arguments(p.oid),
            format_type(a.aggtranstype, NULL), a.aggtransfn::text,
            a.aggcombinefn::text, a.aggfinalfn::text, a.aggtransspace)
    FROM pg_aggregate a
    JOIN pg_proc p ON p.oid = a.aggfnoid
    WHERE p.pronamespace = 'crmcost'::regnamespace
          AND a.aggfinalfn <> 0 AND p.proname !~ '^_'
          AND p.proname !~ '_merge$'
          AND NOT EXISTS (SELECT FROM pg_proc m
                          WHERE m.pronamespace = p.pronamespace
                                AND m.proname = p.proname || '_merge')
    ORDER BY p.oid;
END
$$;

SELECT crmcost._make_all_levels();

DROP FUNCTION crmcost._make_all_levels();
DROP FUNCTION crmcost._make_two_levels(text, text, text, text, text, text, int);
