-- All allocations of a month at once, for refresh.

CREATE FUNCTION crmcost._allocate_groups(
  quantities numeric[], group_driver integer[], group_bucket integer[],
  group_cost numeric[], group_scale integer[], group_left numeric[]
) RETURNS TABLE ("position" integer, parts numeric[], unused numeric)
  LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10000
  AS 'MODULE_PATHNAME', 'allocate_groups__allocate_groups';
COMMENT ON FUNCTION crmcost._allocate_groups(numeric[], integer[], integer[], numeric[], integer[], numeric[]) IS
  'Splits the cost of each group g by row group_driver[g] of quantities (drivers by customers; NULL is 0) and, unless it is NULL, group_left[g] as one more participant, as allocate() does to group_scale[g] (0 to 4). Rows: first position -g with what that participant got in unused (0 without one, NULL if all quantities are 0 and nothing was allocated); then position i with parts[bucket], of scale 4, for customer i who got anything.';
