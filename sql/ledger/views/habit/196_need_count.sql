-- How many want what.
CREATE VIEW need_count WITH (security_invoker = true) AS
SELECT
  n.need COLLATE "default" AS need, n.customers, n.in_attributes, n.mentions,
  n.last_mentioned_on,
  (SELECT as_of FROM last_refresh) AS as_of
FROM need_total n;

COMMENT ON VIEW need_count IS
'How many customers named a need, as of the last refresh, one row a need.';
COMMENT ON COLUMN need_count.need IS 'Need.';
COMMENT ON COLUMN need_count.customers IS 'Customers and leads who named it.';
COMMENT ON COLUMN need_count.in_attributes IS 'Those of them whose attributes name it.';
COMMENT ON COLUMN need_count.mentions IS 'Interactions that name it, those behind a count included.';
COMMENT ON COLUMN need_count.last_mentioned_on IS 'Day of the last of them; NULL for none.';
COMMENT ON COLUMN need_count.as_of IS 'Report day of the last refresh.';
