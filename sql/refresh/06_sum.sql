-- Sums for the steps of a refresh.

CREATE FUNCTION crmcost._sum_sets(query text, keys integer, sets integer[],
                                  ordered boolean DEFAULT false)
  RETURNS SETOF record
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'sum_sets__sum_sets';

COMMENT ON FUNCTION crmcost._sum_sets(text, integer, integer[], boolean) IS
  'Sums of the columns of a query after the first ones, its keys, by several sets of these: the number of the set, the keys, NULL for those not in it, and the sums. Sets are numbers of keys, with a 0 between two sets; of rows in the order of the first key, which takes less memory, each must have 1.';

CREATE FUNCTION crmcost._percentile_sets(query text, keys integer,
                                         sets integer[], percents integer[])
  RETURNS SETOF record
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'percentile_sets__percentile_sets';

COMMENT ON FUNCTION crmcost._percentile_sets(text, integer, integer[], integer[]) IS
  'By several sets of the first columns of a query, its keys, the first values of its last column up to which so many in a hundred lie, each counted as often as the column before says: the number of the set, the keys, NULL for those not in it, and the values. Sets are those of _sum_sets, each with key 1; rows are in the order of that and then of the value.';

CREATE FUNCTION crmcost._sums_before(query text, keys integer, groups integer)
  RETURNS SETOF record
  LANGUAGE c STABLE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'sums_before__sums_before';

COMMENT ON FUNCTION crmcost._sums_before(text, integer, integer) IS
  'Of each row of a query its first columns, the keys, and of each other one the sum of the rows before; sums begin anew where any of the last keys, as many as groups, does.';

-- sum(numeric) makes a state for each group, which costs as much as ten rows.  Of
-- groups with one row or two this takes half as long; of large ones twice.
CREATE AGGREGATE crmcost._sum_few(amount numeric) (
  SFUNC = pg_catalog.numeric_add,
  STYPE = numeric,
  SSPACE = 32,
  COMBINEFUNC = pg_catalog.numeric_add,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE crmcost._sum_few(numeric) IS
  'What sum says, faster where most groups have few rows; NULLs are skipped, no rows give NULL.';
