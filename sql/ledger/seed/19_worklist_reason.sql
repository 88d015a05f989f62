INSERT INTO worklist_reason (code, priority, action, effect, days_after,
                             again_after_days, name, name_zh)
VALUES
  ('abandoned_cart', 1, 'Ask what kept the customer from buying', 0.10, 30, 7,
   'Abandoned cart', '放弃的购物车'),
  ('at_risk', 2, 'Call, and offer what the customer likes', 0.10, NULL, 30,
   'At risk', '流失风险'),
  ('lead_to_call', 2, 'Call the lead', 0.10, 30, 30,
   'Lead to call', '待联系的潜在客户'),
  ('month_day', 2, 'Congratulate', 0.02, 3, 300,
   'Day of the customer', '客户纪念日'),
  ('next_product', 3, 'Offer the product that goes with the last ones', 0.10,
   14, 60, 'Next product', '下一个产品'),
  ('overdue_contact', 2, 'Contact, as the tier promises', 0.05, NULL, 14,
   'Contact overdue', '逾期回访'),
  ('win_back', 2, 'Win back with an offer of what the customer liked', 0.05,
   365, 90, 'Win back', '客户挽回');
