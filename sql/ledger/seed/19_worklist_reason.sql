INSERT INTO worklist_reason (code, priority, action, effect, days_after,
                             again_after_days, name, name_zh, action_zh)
VALUES
  ('abandoned_cart', 1, 'Ask what kept the customer from buying', 0.10, 30, 7,
   'Abandoned cart', '放弃的购物车',
   '询问客户为何没有下单'),
  ('at_risk', 2, 'Call, and offer what the customer likes', 0.10, NULL, 30,
   'At risk', '流失风险',
   '致电客户，推荐其喜欢的产品'),
  ('lead_to_call', 2, 'Call the lead', 0.10, 30, 30,
   'Lead to call', '待联系的潜在客户',
   '致电该潜在客户'),
  ('month_day', 2, 'Congratulate', 0.02, 3, 300,
   'Day of the customer', '客户纪念日',
   '致以祝贺'),
  ('next_product', 3, 'Offer the product that goes with the last ones', 0.10,
   14, 60, 'Next product', '下一个产品',
   '推荐与近期所购产品相配的产品'),
  ('open_case', 1, 'Close the case, and say when', 0.05, NULL, 7,
   'Case overdue', '逾期工单',
   '尽快结案，并告知客户完成时间'),
  ('overdue_contact', 2, 'Contact, as the tier promises', 0.05, NULL, 14,
   'Contact overdue', '逾期回访',
   '按等级承诺联系客户'),
  ('tier_gap', 3, 'Say how little is missing to the next tier', 0.05, NULL, 90,
   'Close to the next tier', '接近升级',
   '告知客户距升级仅差多少'),
  ('win_back', 2, 'Win back with an offer of what the customer liked', 0.05,
   365, 90, 'Win back', '客户挽回',
   '以客户喜欢的产品给出优惠，予以挽回');

-- told four weeks before
INSERT INTO worklist_reason (code, priority, action, effect, days_ahead,
                             days_after, again_after_days, name, name_zh, action_zh)
VALUES
  ('points_expiring', 3, 'Say what the points buy until they expire', 0.05, 28,
   0, 30, 'Points expiring', '积分即将到期',
   '告知客户积分到期前可以兑换什么');
