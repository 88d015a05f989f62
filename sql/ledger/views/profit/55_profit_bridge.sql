-- The profit and loss as a chart of steps takes it: what was sold, what goes
-- off, and what is left in between.  Changes between two totals sum to their
-- difference.
CREATE VIEW profit_bridge WITH (security_invoker = true) AS
SELECT
  p.month_start, s.step_order, s.step,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh,
                 s.step COLLATE "default") AS step_name,
  s.kind,
  CASE s.step
    WHEN 'gross_sales' THEN p.revenue + p.discount - p.refund
    WHEN 'discount' THEN -p.discount
    WHEN 'refund' THEN p.refund
    WHEN 'revenue' THEN p.revenue
    WHEN 'cogs' THEN -p.cogs
    WHEN 'margin' THEN p.margin
    WHEN 'acquisition' THEN -p.acquisition_cost
    WHEN 'retention' THEN -p.retention_cost
    WHEN 'service' THEN -p.service_cost
    WHEN 'churn' THEN -p.churn_cost
    WHEN 'data' THEN -p.data_cost
    WHEN 'training' THEN -p.training_cost
    WHEN 'program' THEN -p.program_cost
    WHEN 'profit' THEN p.profit
    WHEN 'unused' THEN -p.unused_capacity_cost
    WHEN 'unallocated' THEN -p.unallocated_cost
    WHEN 'ledger_profit' THEN p.ledger_profit
  END AS amount,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh, s.kind)
    AS kind_name
FROM profit_by_month p
CROSS JOIN (
  VALUES (1, 'gross_sales', 'start'),
         (2, 'discount', 'change'),
         (3, 'refund', 'change'),
         (4, 'revenue', 'subtotal'),
         (5, 'cogs', 'change'),
         (6, 'margin', 'subtotal'),
         (7, 'acquisition', 'change'),
         (8, 'retention', 'change'),
         (9, 'service', 'change'),
         (10, 'churn', 'change'),
         (11, 'data', 'change'),
         (12, 'training', 'change'),
         (13, 'program', 'change'),
         (14, 'profit', 'subtotal'),
         (15, 'unused', 'change'),
         (16, 'unallocated', 'change'),
         (17, 'ledger_profit', 'total')
) AS s (step_order, step, kind)
LEFT JOIN term w ON w.kind = 'step' AND w.code = s.step
LEFT JOIN term k ON k.kind = 'bridge' AND k.code = s.kind;

COMMENT ON VIEW profit_bridge IS
'Profit and loss in steps from gross sales to the profit after all cost, one row a month and step.';
COMMENT ON COLUMN profit_bridge.month_start IS 'First day of the month.';
COMMENT ON COLUMN profit_bridge.step_order IS 'Place of the step, from 1.';
COMMENT ON COLUMN profit_bridge.step IS 'Step.';
COMMENT ON COLUMN profit_bridge.step_name IS 'Its name.';
COMMENT ON COLUMN profit_bridge.kind IS 'start, change, subtotal or total.';
COMMENT ON COLUMN profit_bridge.amount IS 'Money of the step, as it is added up: what goes off is negative.';
COMMENT ON COLUMN profit_bridge.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN profit_bridge.kind_name IS 'Name of the kind.';
