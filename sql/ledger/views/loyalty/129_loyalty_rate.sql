-- How loyal customers are, all and the members of each programme.  NPS is asked of
-- all: answers are not kept by programme.
CREATE VIEW loyalty_rate WITH (security_invoker = true) AS
SELECT
  m.program_code COLLATE "default" AS program_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 p.name, p.name_zh,
                 m.program_code COLLATE "default") AS program_name,
  m.customers, m.active_customers,
  round(m.active_customers::numeric / m.customers, 6) AS active_share,
  m.buyers, m.repeat_buyers,
  round(m.repeat_buyers::numeric / nullif(m.buyers, 0), 6) AS repeat_rate,
  m.orders,
  round(m.orders::numeric / nullif(m.buyers, 0), 6) AS orders_per_customer,
  round(m.order_days::numeric / nullif(m.days, 0), 6) AS order_day_rate,
  m.acquired, m.referred,
  round(m.referred::numeric / nullif(m.acquired, 0), 6) AS referral_rate,
  n.answers AS nps_answers,
  round(100.0 * (n.promoters - n.detractors) / nullif(n.answers, 0), 6) AS nps,
  (SELECT as_of FROM last_refresh) AS as_of
FROM loyalty_member m
LEFT JOIN loyalty_program p ON p.code = m.program_code
LEFT JOIN (
  SELECT sum(answers)::bigint AS answers, sum(promoters) AS promoters,
         sum(detractors) AS detractors
  FROM survey_day WHERE survey = 'nps'
) n ON m.program_code = '(all)';

COMMENT ON VIEW loyalty_rate IS
'How loyal customers are, to date and as of the last refresh, one row a loyalty programme with members, and one of all customers with programme (all).';
COMMENT ON COLUMN loyalty_rate.program_code IS 'Loyalty programme; (all) for all customers, members or not.';
COMMENT ON COLUMN loyalty_rate.program_name IS 'Its name.';
COMMENT ON COLUMN loyalty_rate.customers IS 'Customers, without leads and technical ones.';
COMMENT ON COLUMN loyalty_rate.active_customers IS 'Those whose last order is at most churn_after_days ago.';
COMMENT ON COLUMN loyalty_rate.active_share IS 'These as a part of the customers, 0..1, 6 decimals.';
COMMENT ON COLUMN loyalty_rate.buyers IS 'Customers with an order.';
COMMENT ON COLUMN loyalty_rate.repeat_buyers IS 'Customers with two orders or more.';
COMMENT ON COLUMN loyalty_rate.repeat_rate IS 'These as a part of the buyers, 0..1, 6 decimals; NULL without buyers.';
COMMENT ON COLUMN loyalty_rate.orders IS 'Orders.';
COMMENT ON COLUMN loyalty_rate.orders_per_customer IS 'Orders of a buyer in the mean, 6 decimals; NULL without buyers.';
COMMENT ON COLUMN loyalty_rate.order_day_rate IS 'Stickiness: days with an order as a part of the days since the first one, of all buyers together, 6 decimals; NULL without buyers.';
COMMENT ON COLUMN loyalty_rate.acquired IS 'Customers who were acquired.';
COMMENT ON COLUMN loyalty_rate.referred IS 'Those of them whom another customer brought.';
COMMENT ON COLUMN loyalty_rate.referral_rate IS 'These as a part of the acquired, 0..1, 6 decimals; NULL where none was.';
COMMENT ON COLUMN loyalty_rate.nps_answers IS 'Answers to the survey nps, of all customers; NULL by programme.';
COMMENT ON COLUMN loyalty_rate.nps IS 'Net promoter score, -100 to 100, 6 decimals; NULL by programme and without answers.';
COMMENT ON COLUMN loyalty_rate.as_of IS 'Report day of the last refresh.';
