INSERT INTO stage (code, position, may_begin, action, name, name_zh) VALUES
  ('lead', 1, true, 'Qualify and convert: answer fast, make a first offer', 'Lead', '潜在客户'),
  ('active', 2, true, 'Keep and grow: good service, next product', 'Active', '活跃客户'),
  ('at_risk', 3, false, 'Ask and keep: call, solve the problem, offer', 'At risk', '流失风险'),
  ('churned', 4, false, 'Learn why, and win back where it pays', 'Churned', '已流失'),
  ('won_back', 5, false, 'Hold: look after the second life closely', 'Won back', '已挽回');

INSERT INTO stage_step (from_stage, to_stage) VALUES
  ('lead', 'active'),
  ('active', 'at_risk'),
  ('at_risk', 'active'),
  ('at_risk', 'churned'),
  ('churned', 'won_back'),
  ('won_back', 'active'),
  ('won_back', 'at_risk');
