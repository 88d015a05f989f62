-- Which campaign paid: what it cost, what its touches have of acquisitions and
-- orders, what a control group says would not have come anyway, and what was planned.  Cost and credits are summed up each by itself, so
-- that no cost is counted once an order.
CREATE VIEW campaign_roi WITH (security_invoker = true) AS
WITH spend AS (
  SELECT campaign_code, sum(cost) AS cost,
         sum(unrated_parts) FILTER (WHERE month_start >= r.open_from)
           AS unrated
  FROM cost_month
  CROSS JOIN last_refresh r
  WHERE campaign_code <> '(unknown)'
  GROUP BY campaign_code
),
credit AS (
  SELECT campaign_code, model,
         sum(conversions) FILTER (WHERE conversion_kind = 'acquisition')
           AS acquisitions,
         sum(conversions) FILTER (WHERE conversion_kind = 'order') AS orders,
         sum(value) FILTER (WHERE conversion_kind = 'order') AS revenue,
         sum(margin) FILTER (WHERE conversion_kind = 'order') AS margin
  FROM credit_month
  WHERE campaign_code NOT IN ('(unknown)', '(all)')
  GROUP BY campaign_code, model
),
-- what was expected of it, in the scenario of the reports
expected AS (
  SELECT p.campaign_code,
         sum(p.base_amount) FILTER (WHERE p.measure = 'revenue') AS revenue,
         sum(p.base_amount) FILTER (WHERE p.measure = 'cost') AS cost
  FROM plan_base p
  WHERE p.kind IN ('budget', 'forecast', 'target')
        AND p.scenario = (SELECT value FROM setting
                          WHERE key = 'plan_scenario')
  GROUP BY p.campaign_code
),
roi AS (
  SELECT k.code, k.name, k.purpose, k.channel_code, m.model,
         coalesce(s.cost, 0) AS cost, coalesce(c.acquisitions, 0)
           AS acquisitions,
         coalesce(c.orders, 0) AS orders, coalesce(c.revenue, 0) AS revenue,
         coalesce(c.margin, 0) AS margin, e.cost AS expected_cost,
         e.revenue AS expected_revenue,
         CASE WHEN coalesce(s.unrated, 0) = 0
           THEN (coalesce(c.margin, 0) - s.cost) / nullif(greatest(s.cost, 0),
                                                          0) END AS roi,
         CASE WHEN coalesce(s.unrated, 0) = 0
           THEN coalesce(s.cost, 0) / nullif(c.acquisitions, 0) END
           AS cost_per_acquisition,
         (e.revenue - e.cost) / nullif(greatest(e.cost, 0), 0)
           AS expected_roi, i.incremental_responses, i.incremental_revenue
  FROM campaign k
  CROSS JOIN (VALUES ('first'), ('last'), ('last_non_direct'), ('linear'),
                     ('position'), ('time_decay')) AS m (model)
  LEFT JOIN spend s ON s.campaign_code = k.code
  LEFT JOIN credit c ON c.campaign_code = k.code AND c.model = m.model
  LEFT JOIN expected e ON e.campaign_code = k.code
  LEFT JOIN campaign_response i
    ON i.campaign_code = k.code AND i.response = 'order' AND i.control > 0
)
SELECT
  r.code AS campaign_code, r.name AS campaign_name, r.purpose,
  r.channel_code, r.model, r.cost, trim_scale(r.acquisitions)
    AS acquisitions,
  trim_scale(r.orders) AS orders, trim_scale(r.revenue) AS revenue,
  trim_scale(r.margin) AS margin, round(r.roi, 6) AS roi,
  round(r.cost_per_acquisition, 4) AS cost_per_acquisition,
  r.expected_cost, r.expected_revenue,
  round(r.expected_roi, 6) AS expected_roi,
  round(r.roi - r.expected_roi, 6) AS roi_delta,
  r.incremental_responses AS incremental_buyers, r.incremental_revenue,
  r.model = (SELECT value FROM setting WHERE key = 'attribution_model')
    AS is_chosen,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, r.purpose)
    AS purpose_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh, r.channel_code)
    AS channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 m.name, m.name_zh, r.model)
    AS model_name
FROM roi r
LEFT JOIN term w ON w.kind = 'purpose' AND w.code = r.purpose
LEFT JOIN channel h ON h.code = r.channel_code
LEFT JOIN term m ON m.kind = 'model' AND m.code = r.model;

COMMENT ON VIEW campaign_roi IS
'What a campaign cost and brought, and what was expected of it, as of the last refresh, one row a campaign and model of attribution.';
COMMENT ON COLUMN campaign_roi.campaign_code IS 'Campaign.';
COMMENT ON COLUMN campaign_roi.campaign_name IS 'Its name.';
COMMENT ON COLUMN campaign_roi.purpose IS 'acquisition, conversion, retention, winback, loyalty or service.';
COMMENT ON COLUMN campaign_roi.channel_code IS 'Its channel; NULL for none.';
COMMENT ON COLUMN campaign_roi.model IS 'first, last, last_non_direct, linear, position or time_decay.';
COMMENT ON COLUMN campaign_roi.cost IS 'All cost booked on the campaign; entries without a rate are left out.';
COMMENT ON COLUMN campaign_roi.acquisitions IS 'Customers acquired that are credited to it.';
COMMENT ON COLUMN campaign_roi.orders IS 'Orders credited to it.';
COMMENT ON COLUMN campaign_roi.revenue IS 'Revenue of these orders.';
COMMENT ON COLUMN campaign_roi.margin IS 'Margin of these orders.';
COMMENT ON COLUMN campaign_roi.roi IS 'Margin less cost, for a coin of cost, 6 decimals; NULL without cost, or with cost that has no rate.';
COMMENT ON COLUMN campaign_roi.cost_per_acquisition IS 'Cost for one customer credited, 4 decimals; NULL without one, or with cost that has no rate.';
COMMENT ON COLUMN campaign_roi.expected_cost IS 'Cost planned for the campaign in the scenario of setting plan_scenario; NULL for none.';
COMMENT ON COLUMN campaign_roi.expected_revenue IS 'Revenue planned; NULL for none.';
COMMENT ON COLUMN campaign_roi.expected_roi IS 'Planned revenue less planned cost, for a coin of that cost, 6 decimals; NULL where either is missing.';
COMMENT ON COLUMN campaign_roi.roi_delta IS 'roi less expected_roi.';
COMMENT ON COLUMN campaign_roi.incremental_buyers IS 'Members who bought and would not have without the campaign, as its control group shows (campaign_response); NULL without one.';
COMMENT ON COLUMN campaign_roi.incremental_revenue IS 'Revenue that would not have come without it, likewise: beside what is credited.';
COMMENT ON COLUMN campaign_roi.is_chosen IS 'Whether it is the model of setting attribution_model.';
COMMENT ON COLUMN campaign_roi.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN campaign_roi.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN campaign_roi.purpose_name IS 'Name of the purpose.';
COMMENT ON COLUMN campaign_roi.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN campaign_roi.model_name IS 'Name of the model.';
