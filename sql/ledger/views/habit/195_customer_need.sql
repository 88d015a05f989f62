-- What customers said they need.
CREATE VIEW customer_need WITH (security_invoker = true) AS
SELECT
  n.customer_id, n.need COLLATE "default" AS need, n.in_attributes,
  n.mentions, n.last_mentioned_on,
  (SELECT as_of FROM last_refresh) AS as_of
FROM need_tag n;

COMMENT ON VIEW customer_need IS
'Needs that customers named, in their attributes or in answers and other interactions (key needs), as of the last refresh, one row a customer and need.';
COMMENT ON COLUMN customer_need.customer_id IS 'Customer or lead.';
COMMENT ON COLUMN customer_need.need IS 'Need, as it is written there.';
COMMENT ON COLUMN customer_need.in_attributes IS 'Whether the attributes of the customer name it.';
COMMENT ON COLUMN customer_need.mentions IS 'Interactions that name it, those behind a count included.';
COMMENT ON COLUMN customer_need.last_mentioned_on IS 'Day of the last of them; NULL for none.';
COMMENT ON COLUMN customer_need.as_of IS 'Report day of the last refresh.';
