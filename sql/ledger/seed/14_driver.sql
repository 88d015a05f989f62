INSERT INTO driver (code, kind, unit, name, name_zh, unit_zh)
VALUES
  ('new_customers', 'ledger', 'customer', 'Customers acquired', '新获客户', '客户'),
  ('attributed', 'ledger', 'customer', 'Credits of the touches that led to customers', '触点归因', '客户'),
  ('active_customers', 'ledger', 'customer', 'Customers who bought', '活跃客户', '客户'),
  ('revenue', 'ledger', 'base currency', 'Revenue', '收入', '本位币'),
  ('margin', 'ledger', 'base currency', 'Margin', '毛利', '本位币'),
  ('orders', 'ledger', 'order', 'Orders', '订单数', '订单'),
  ('interactions', 'ledger', 'interaction', 'Interactions', '互动次数', '次'),
  ('handle_time', 'ledger', 'second', 'Handling time', '处理时长', '秒'),
  ('tier_weight', 'ledger', 'weight', 'Weight of the tier', '等级权重', '权重'),
  ('equal', 'ledger', 'customer', 'All customers alike', '平均分摊', '客户');
