INSERT INTO stage (code, position, may_begin, action, name, name_zh, action_zh)
VALUES
  ('lead', 1, true, 'Qualify and convert: answer fast, make a first offer',
   'Lead', '潜在客户', '甄别并转化：快速响应，给出首次优惠'),
  ('active', 2, true, 'Keep and grow: good service, next product',
   'Active', '活跃客户', '维护并提升：优质服务，推荐下一个产品'),
  ('at_risk', 3, false, 'Ask and keep: call, solve the problem, offer',
   'At risk', '流失风险', '询问并挽留：致电，解决问题，给出优惠'),
  ('churned', 4, false, 'Learn why, and win back where it pays',
   'Churned', '已流失', '查明流失原因，值得时予以挽回'),
  ('won_back', 5, false, 'Hold: look after the second life closely',
   'Won back', '已挽回', '稳住：密切关注挽回之后的客户');

INSERT INTO stage_step (from_stage, to_stage) VALUES
  ('lead', 'active'),
  ('active', 'at_risk'),
  ('at_risk', 'active'),
  ('at_risk', 'churned'),
  ('churned', 'won_back'),
  ('won_back', 'active'),
  ('won_back', 'at_risk');
