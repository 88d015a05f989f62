INSERT INTO loyalty_program (code, currency, earn_per_unit, point_cost,
                             expires_after, breakage, name, name_zh)
VALUES
  ('points', 'EUR', 1, 0.01, '12 months', 0.2, 'Points', '积分');
