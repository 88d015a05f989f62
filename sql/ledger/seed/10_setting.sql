-- schema_version is written by install().
INSERT INTO setting (key, value, note) VALUES
  ('base_currency', 'EUR', 'Currency of all reports, three capital letters; set it before the first load.'),
  ('timezone', 'UTC', 'Time zone in which days and months are cut, such as Europe/Berlin; set it before the first refresh.'),
  ('money_scale', '2', 'Decimals of the smallest coin, 0 to 4; allocation rounds to it.'),
  ('rfm_bins', '5', 'Scores a measure of RFM, 2 to 9; the named segments need 5.'),
  ('abc_measure', 'profit', 'What ABC tiers are cut by: revenue, margin or profit.'),
  ('at_risk_after_days', '90', 'Days without an order after which a customer is at risk.'),
  ('churn_after_days', '180', 'Days without an order after which a customer has churned.'),
  ('invalid_window_days', '365', 'Days looked back for customers not worth the effort.'),
  ('invalid_max_orders', '1', 'Such a customer has at most this many orders in the window,'),
  ('invalid_max_amount', '100', 'and less revenue than this, in base currency,'),
  ('invalid_max_products', '1', 'and at most this many different products.'),
  ('discount_rate', '0.10', 'Yearly rate at which future money is discounted, 0 to below 1.'),
  ('clv_horizon', '36', 'Months looked ahead for customer lifetime value.'),
  ('attribution_model', 'linear', 'How touches share a conversion: first, last, last_non_direct, linear, position or time_decay.'),
  ('touch_window_days', '90', 'Days before a conversion in which touches count.'),
  ('decay_half_life', '7', 'Days in which a touch loses half its weight under time_decay.');
