-- What is to be done now, with all that who does it needs to know.
CREATE VIEW worklist_open WITH (security_invoker = true) AS
SELECT
  row_number() OVER (ORDER BY w.priority, w.expected_value DESC, w.due_on,
                              w.worklist_id) AS place,
  w.worklist_id, w.customer_id, w.reason COLLATE "default" AS reason, w.due_on,
  w.told_on, w.told_on = r.as_of AS is_new, r.as_of - w.due_on AS days_overdue,
  w.action, w.channel_code COLLATE "default" AS channel_code,
  w.product_code COLLATE "default" AS product_code, w.priority, w.value,
  w.expected_value, w.evidence::text AS evidence,
  s.segment COLLATE "default" AS segment,
  g.code COLLATE "default" AS stage, o.code COLLATE "default" AS owner,
  crmcost._named(l.language, n.name, n.name_zh,
                 w.reason COLLATE "default") AS reason_name,
  crmcost._named(l.language, h.name, h.name_zh,
                 w.channel_code COLLATE "default") AS channel_name,
  crmcost._named(l.language, p.name, p.name_zh,
                 w.product_code COLLATE "default") AS product_name,
  crmcost._named(l.language, f.name, f.name_zh,
                 g.code COLLATE "default") AS stage_name,
  r.as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named(l.language,
                 t.name, t.name_zh, s.segment COLLATE "default")
    AS segment_name
FROM worklist w
CROSS JOIN last_refresh r
CROSS JOIN (SELECT value AS language FROM setting WHERE key = 'language') l
LEFT JOIN worklist_reason n ON n.code = w.reason
LEFT JOIN channel h ON h.code = w.channel_code
LEFT JOIN product p ON p.code = w.product_code
LEFT JOIN customer_score s ON s.customer_id = w.customer_id
LEFT JOIN customer_class g
  ON g.customer_id = w.customer_id AND g.dimension = 'stage'
LEFT JOIN customer_class o
  ON o.customer_id = w.customer_id AND o.dimension = 'owner'
LEFT JOIN stage f ON f.code = g.code
LEFT JOIN term t ON t.kind = 'segment' AND t.code = s.segment
WHERE w.status = 'open' AND w.told_on <= r.as_of;

COMMENT ON VIEW worklist_open IS
'Rows of the worklist that are open, as of the last refresh, one row a customer, reason and due day.';
COMMENT ON COLUMN worklist_open.place IS 'Place on the list, 1 the first: by priority, then by expected value.';
COMMENT ON COLUMN worklist_open.worklist_id IS 'Number of the row, for worklist_done and worklist_snooze.';
COMMENT ON COLUMN worklist_open.customer_id IS 'Customer or lead.';
COMMENT ON COLUMN worklist_open.reason IS 'Why, a code of worklist_reason.';
COMMENT ON COLUMN worklist_open.due_on IS 'Day on which it is due.';
COMMENT ON COLUMN worklist_open.told_on IS 'Report day on which it came onto the list.';
COMMENT ON COLUMN worklist_open.is_new IS 'Whether that is the report day of the last refresh: what is not new was told before.';
COMMENT ON COLUMN worklist_open.days_overdue IS 'Days since the due day, below 0 before it.';
COMMENT ON COLUMN worklist_open.action IS 'What to do.';
COMMENT ON COLUMN worklist_open.channel_code IS 'Channel to do it by; (unknown) where there was no contact yet.';
COMMENT ON COLUMN worklist_open.product_code IS 'Product to offer; NULL for none.';
COMMENT ON COLUMN worklist_open.priority IS 'How urgent it is, 1 to 9.';
COMMENT ON COLUMN worklist_open.value IS 'Value at stake.';
COMMENT ON COLUMN worklist_open.expected_value IS 'What the action is expected to bring, its cost taken off.';
COMMENT ON COLUMN worklist_open.evidence IS 'The facts behind it, as a JSON object in text.';
COMMENT ON COLUMN worklist_open.segment IS 'RFM segment; NULL without an order.';
COMMENT ON COLUMN worklist_open.stage IS 'Stage of life; NULL for none.';
COMMENT ON COLUMN worklist_open.owner IS 'Owner of the customer; NULL for none.';
COMMENT ON COLUMN worklist_open.reason_name IS 'Name of the reason.';
COMMENT ON COLUMN worklist_open.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN worklist_open.product_name IS 'Name of the product; its code where it has none, NULL for none.';
COMMENT ON COLUMN worklist_open.stage_name IS 'Name of the stage.';
COMMENT ON COLUMN worklist_open.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN worklist_open.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN worklist_open.segment_name IS 'Name of the segment.';
