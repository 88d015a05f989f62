-- ABC by the share of profit (or what abc_measure says); the customer that
-- crosses a line is inside it.
INSERT INTO tier (scheme, code, rank, basis, bound, service_level,
                  account_manager, discount_rate, contact_every,
                  resource_weight, action, name, name_zh,
                  action_zh)
VALUES
  ('abc', 'A', 1, 'cum_share', 0.80, 'vip', true, 0.15, '30 days', 5,
   'Named account manager, best staff, personal offers', 'A customers', 'A类客户',
   '专属客户经理，最好的服务人员，个性化优惠'),
  ('abc', 'B', 2, 'cum_share', 0.95, 'standard', false, 0.10, '90 days', 3,
   'Develop: regular contact, offers to grow', 'B customers', 'B类客户',
   '培育：定期联系，给出促进增长的优惠'),
  ('abc', 'C', 3, 'cum_share', 1, 'basic', false, 0.05, NULL, 1,
   'Serve by self-service and automation', 'C customers', 'C类客户',
   '以自助服务和自动化方式服务');

-- Gold, silver, regular by net revenue in base currency.
INSERT INTO tier (scheme, code, rank, basis, bound, service_level,
                  account_manager, discount_rate, contact_every,
                  resource_weight, action, name, name_zh,
                  action_zh)
VALUES
  ('loyalty', 'gold', 1, 'min_value', 10000, 'vip', true, 0.15, '30 days', 5,
   'High-quality service, personal product recommendations', 'Gold', '黄金客户',
   '高品质服务，个性化产品推荐'),
  ('loyalty', 'silver', 2, 'min_value', 1000, 'standard', false, 0.10, '30 days', 3,
   'Regular visits and offers, grow to gold', 'Silver', '白银客户',
   '定期回访和优惠，培育为黄金客户'),
  ('loyalty', 'regular', 3, 'min_value', 0, 'basic', false, 0.05, NULL, 1,
   'Find the potential, raise the spending', 'Regular', '普通客户',
   '发掘潜力，提高消费');

-- Value groups by RFM scores; the first tier by rank that matches counts.  The
-- last one matches everything, so that no customer is left without a tier.
INSERT INTO tier (scheme, code, rank, basis, r, f, m, service_level,
                  account_manager, resource_weight, action, name, name_zh,
                  action_zh)
VALUES
  ('value', 'high', 1, 'rfm', '[4,]', '[4,]', '[4,]', 'vip', true, 5,
   'Keep: reward, ask for referrals', 'High value', '高价值客户',
   '维护：回馈客户，请其推荐新客户'),
  ('value', 'mid', 2, 'rfm', '[2,]', '[2,]', '[3,]', 'standard', false, 3,
   'Grow: cross-sell, remind in time', 'Medium value', '中等价值客户',
   '提升：交叉销售，适时提醒'),
  ('value', 'low', 3, 'rfm', '[1,]', '[1,]', '[1,]', 'basic', false, 1,
   'Automate: group mailings, self-service', 'Low value', '低价值客户',
   '自动化：群发邮件，自助服务');
