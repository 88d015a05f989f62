-- All allocations of a month at once, for refresh.

CREATE FUNCTION crmcost._allocate_groups(
  quantities numeric[], group_driver integer[], group_bucket integer[],
  group_cost numeric[], group_scale integer[], group_left numeric[],
  group_total numeric[] DEFAULT NULL, group_remainder numeric[] DEFAULT NULL,
  group_first integer[] DEFAULT NULL
) RETURNS TABLE ("position" integer, parts numeric[], unused numeric)
  LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 10000
  AS 'MODULE_PATHNAME', 'allocate_groups__allocate_groups';
COMMENT ON FUNCTION crmcost._allocate_groups(numeric[], integer[], integer[], numeric[], integer[], numeric[], numeric[], numeric[], integer[]) IS
  'Splits the cost of each group g by row group_driver[g] of quantities (drivers by customers; NULL is 0) and, unless it is NULL, group_left[g] as one more participant, as allocate() does to group_scale[g] (0 to 4). Rows: first position -g with what that participant got in unused (0 without one, NULL if all quantities are 0 and nothing was allocated); then position i with parts[bucket], of scale 4, for customer i who got anything. Where group_total[g] is given, there are more customers elsewhere, all quantities sum to it, and a unit more goes to remainders above group_remainder[g], and at just that to the first group_first[g] customers; to nobody if it is NULL.';

-- What such a remainder is, is found round after round, of customers in several places.
CREATE FUNCTION crmcost._remainder_blocks(
  quantities numeric[], group_driver integer[], group_cost numeric[],
  group_scale integer[], group_total numeric[], after_remainder numeric[],
  after_first integer[], upto_remainder numeric[], upto_first integer[],
  blocks integer
) RETURNS TABLE (group_number integer, given numeric, ahead bigint,
                 slack integer, "position" integer, remainder numeric,
                 participants integer)
  LANGUAGE c IMMUTABLE PARALLEL SAFE ROWS 1000
  AS 'MODULE_PATHNAME', 'remainder_blocks__remainder_blocks';
COMMENT ON FUNCTION crmcost._remainder_blocks(numeric[], integer[], numeric[], integer[], numeric[], numeric[], integer[], numeric[], integer[], integer) IS
  'Of customers who take part in splits whose quantities, with others elsewhere, sum to group_total[g]: in order of their remainders, the largest first, then of their positions, those after one mark (a remainder, of whose equals the first customers are before) up to another, NULL being the ends. Rows of group g: first the units given to all, how many are up to the first mark, and by how many the end of a block may be off; then one a block, at most so many: position and remainder of its last customer, and how many it has.';
