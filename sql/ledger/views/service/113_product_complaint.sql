-- Which products cause complaints and returns, and what that costs.
CREATE VIEW product_complaint WITH (security_invoker = true) AS
WITH total AS (
  SELECT product_code, coalesce(s.sold, 0) AS sold,
         coalesce(s.refund, 0) AS refund,
         coalesce(c.complaints, 0) AS complaints,
         coalesce(c.returns, 0) AS returns,
         coalesce(c.complaint_cost, 0) AS complaint_cost,
         coalesce(c.return_cost, 0) AS return_cost
  FROM (SELECT product_code, sum(quantity) AS sold, sum(refund) AS refund
        FROM product_sold_month GROUP BY product_code) s
  FULL JOIN (SELECT product_code, sum(complaints)::bigint AS complaints,
                    sum(returns)::bigint AS returns,
                    sum(complaint_cost) AS complaint_cost,
                    sum(return_cost) AS return_cost
             FROM product_case_month GROUP BY product_code) c
    USING (product_code)
)
SELECT
  t.product_code COLLATE "default" AS product_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 p.name, p.name_zh, t.product_code COLLATE "default")
    AS product_name,
  t.sold, t.complaints,
  CASE WHEN t.sold > 0 THEN round(100 * t.complaints / t.sold, 6) END
    AS complaints_per_100,
  rank() OVER (ORDER BY t.complaints DESC) AS complaint_rank,
  round(t.complaints / nullif(sum(t.complaints) OVER (), 0), 6)
    AS complaint_share,
  round(sum(t.complaints) OVER (ORDER BY t.complaints DESC)
        / nullif(sum(t.complaints) OVER (), 0), 6) AS cumulative_share,
  t.returns,
  CASE WHEN t.sold > 0 THEN round(100 * t.returns / t.sold, 6) END
    AS returns_per_100,
  t.refund, t.complaint_cost, t.return_cost,
  t.complaint_cost + t.return_cost AS poor_quality_cost,
  CASE WHEN t.sold > 0
    THEN round((t.complaint_cost + t.return_cost) / t.sold, 4) END
    AS poor_quality_cost_per_sold,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM total t
LEFT JOIN product p ON p.code = t.product_code;

COMMENT ON VIEW product_complaint IS
'Complaints about products and returns of them up to the last refresh, one row a product that was sold or spoken of.';
COMMENT ON COLUMN product_complaint.product_code IS 'Product; (unknown) for none.';
COMMENT ON COLUMN product_complaint.product_name IS 'Its name.';
COMMENT ON COLUMN product_complaint.sold IS 'Quantity sold, corrections taken off, refunds not.';
COMMENT ON COLUMN product_complaint.complaints IS 'Complaints, those behind a count included.';
COMMENT ON COLUMN product_complaint.complaints_per_100 IS 'Complaints for 100 sold, 6 decimals; NULL where nothing was sold.';
COMMENT ON COLUMN product_complaint.complaint_rank IS 'Place by complaints, 1 for the most; equal ones share theirs.';
COMMENT ON COLUMN product_complaint.complaint_share IS 'Share of all complaints, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN product_complaint.cumulative_share IS 'Share of this product and those with more, and as many, complaints, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN product_complaint.returns IS 'Returns, those behind a count included.';
COMMENT ON COLUMN product_complaint.returns_per_100 IS 'Returns for 100 sold, 6 decimals; NULL where nothing was sold.';
COMMENT ON COLUMN product_complaint.refund IS 'Refunds, zero or negative; no part of the cost, since goods came back for them.';
COMMENT ON COLUMN product_complaint.complaint_cost IS 'Cost of service borne by the complaints, as in service_cost: what was booked with the product, and a share of the rest.';
COMMENT ON COLUMN product_complaint.return_cost IS 'Cost of service borne by the returns.';
COMMENT ON COLUMN product_complaint.poor_quality_cost IS 'Both together: the cost of poor quality.';
COMMENT ON COLUMN product_complaint.poor_quality_cost_per_sold IS 'That for one sold, 4 decimals; NULL where nothing was sold.';
COMMENT ON COLUMN product_complaint.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN product_complaint.currency IS 'Base currency, which all money here is in.';
