-- What the customers of a month cost to win, whenever that was spent: channel_cac
-- holds the spend of a month against the customers of the same month.
--
-- The month is one of customers, and what they cost and bring grows with each later
-- one: so closing it does not fix it.  Like the value of a group, it is that of the
-- customers who are in the group on the report day.
CREATE VIEW channel_cac_aligned WITH (security_invoker = true) AS
SELECT
  k.cohort_month AS month_start,
  k.code COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 k.code COLLATE "default") AS channel_name,
  k.customers, coalesce(c.acquisition_cost, 0) AS acquisition_cost,
  round(coalesce(c.acquisition_cost, 0) / nullif(k.customers, 0), 4) AS aligned_cac,
  round(c.margin, 4) AS margin,
  round((c.margin + k.expected_margin) / nullif(k.customers, 0), 4)
    AS margin_expected_per_customer,
  round((c.margin + k.expected_margin)
        / nullif(greatest(c.acquisition_cost, 0), 0), 6) AS clv_cac,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM group_size k
LEFT JOIN (
  SELECT code, cohort_month, sum(acquisition_cost) AS acquisition_cost,
         sum(margin) AS margin
  FROM group_month
  WHERE dimension = '(acquisition)'
  GROUP BY code, cohort_month
) c ON c.code = k.code AND c.cohort_month = k.cohort_month
LEFT JOIN channel h ON h.code = k.code
WHERE k.dimension = '(acquisition)' AND k.cohort_month > '-infinity';

COMMENT ON VIEW channel_cac_aligned IS
'What the customers acquired in a month cost to win, in whatever month it was spent, one row a month of acquisition and channel as they are known now; as of the last refresh. What a closed month counted is in channel_cac.';
COMMENT ON COLUMN channel_cac_aligned.month_start IS 'First day of the month of acquisition.';
COMMENT ON COLUMN channel_cac_aligned.channel_code IS 'Channel of the acquisition; (unknown) for none.';
COMMENT ON COLUMN channel_cac_aligned.channel_name IS 'Its name.';
COMMENT ON COLUMN channel_cac_aligned.customers IS 'Customers acquired.';
COMMENT ON COLUMN channel_cac_aligned.acquisition_cost IS 'Acquisition cost that these customers bear, direct and allocated, of all months.';
COMMENT ON COLUMN channel_cac_aligned.aligned_cac IS 'The same for one customer, 4 decimals; cac of channel_cac holds the spend of a month against its customers.';
COMMENT ON COLUMN channel_cac_aligned.margin IS 'Margin of these customers so far.';
COMMENT ON COLUMN channel_cac_aligned.margin_expected_per_customer IS 'Margin so far and still expected by the models, for one customer, 4 decimals.';
COMMENT ON COLUMN channel_cac_aligned.clv_cac IS 'Margin so far and expected for a coin of acquisition cost, 6 decimals; NULL without cost.';
COMMENT ON COLUMN channel_cac_aligned.currency IS 'Base currency, which all money here is in.';
