-- What a campaign made of its members that would not have come anyway, as the
-- control group shows.
CREATE VIEW campaign_response WITH (security_invoker = true) AS
WITH result AS (
  SELECT r.campaign_code, k.response, k.counts_revenue,
         coalesce(sum(r.members) FILTER (WHERE r.role = 'target'), 0)::bigint
           AS targeted,
         coalesce(sum(r.members) FILTER (WHERE r.role = 'control'), 0)::bigint
           AS control,
         coalesce(sum(k.responses) FILTER (WHERE r.role = 'target'), 0)
           ::bigint AS target_responses,
         coalesce(sum(k.responses) FILTER (WHERE r.role = 'control'), 0)
           ::bigint AS control_responses,
         coalesce(sum(r.revenue) FILTER (WHERE r.role = 'target'), 0)
           AS target_revenue,
         coalesce(sum(r.revenue) FILTER (WHERE r.role = 'control'), 0)
           AS control_revenue,
         max(r.assigned_on) AS last_assigned_on
  FROM campaign_result r
  CROSS JOIN LATERAL (VALUES ('behavior', r.acted, false),
                             ('order', r.ordered, true),
                             ('acquisition', r.acquired, false))
    AS k (response, responses, counts_revenue)
  WHERE r.role <> 'both'
  GROUP BY r.campaign_code, k.response, k.counts_revenue
),
valued AS (
  SELECT b.*, i.lower, i.upper, s.value::integer AS window_days, coalesce(c.cost, 0) AS cost,
         coalesce(c.unrated_parts, 0) AS unrated_entries,
         b.target_responses - b.control_responses * g.targeted / g.control
           AS incremental,
         b.target_revenue - b.control_revenue * g.targeted / g.control
           AS incremental_revenue
  FROM result b
  CROSS JOIN LATERAL crmcost._uplift_interval(
    b.target_responses, b.targeted, b.control_responses, b.control) AS i
  CROSS JOIN LATERAL (
    VALUES (nullif(b.targeted, 0)::numeric, nullif(b.control, 0))
  ) AS g (targeted, control)
  JOIN setting s ON s.key = 'response_window_days'
  LEFT JOIN (SELECT campaign_code, sum(cost) AS cost,
                    (sum(unrated_parts)
                       FILTER (WHERE month_start >= r.open_from))::bigint
                      AS unrated_parts
             FROM cost_month
             CROSS JOIN last_refresh r
             GROUP BY campaign_code) c USING (campaign_code)
)
SELECT
  v.campaign_code COLLATE "default" AS campaign_code, v.response,
  v.window_days, v.targeted, v.control, v.target_responses,
  v.control_responses,
  round(v.target_responses::numeric / nullif(v.targeted, 0), 6)
    AS target_rate,
  round(v.control_responses::numeric / nullif(v.control, 0), 6)
    AS control_rate,
  round(v.incremental / nullif(v.targeted, 0), 6) AS uplift,
  round(v.lower::numeric, 6) AS uplift_low,
  round(v.upper::numeric, 6) AS uplift_high,
  round(v.incremental, 4) AS incremental_responses,
  CASE WHEN v.counts_revenue THEN v.target_revenue END AS target_revenue,
  CASE WHEN v.counts_revenue THEN v.control_revenue END AS control_revenue,
  CASE WHEN v.counts_revenue THEN round(v.incremental_revenue, 4) END
    AS incremental_revenue,
  v.cost,
  CASE WHEN v.unrated_entries = 0 AND v.incremental > 0
    THEN round(v.cost / v.incremental, 4) END
    AS cost_per_incremental_response,
  v.last_assigned_on + v.window_days <= (SELECT as_of FROM last_refresh)
    AS complete,
  coalesce(k.name, v.campaign_code COLLATE "default") AS campaign_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, v.response)
    AS response_name
FROM valued v
LEFT JOIN campaign k ON k.code = v.campaign_code
LEFT JOIN term w ON w.kind = 'response' AND w.code = v.response;

COMMENT ON VIEW campaign_response IS
'What the members of a campaign did within response_window_days, against its control group, as of the last refresh, one row a campaign with members and kind of response.';
COMMENT ON COLUMN campaign_response.campaign_code IS 'Campaign.';
COMMENT ON COLUMN campaign_response.response IS 'What counts: behavior (an interaction of that kind), order or acquisition.';
COMMENT ON COLUMN campaign_response.window_days IS 'Setting response_window_days: days of 24 hours from the assignment on.';
COMMENT ON COLUMN campaign_response.targeted IS 'Members who got the campaign.';
COMMENT ON COLUMN campaign_response.control IS 'Members who were held out of it.';
COMMENT ON COLUMN campaign_response.target_responses IS 'Members who got it and responded.';
COMMENT ON COLUMN campaign_response.control_responses IS 'Members who were held out and did the same.';
COMMENT ON COLUMN campaign_response.target_rate IS 'Response rate of who got it, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN campaign_response.control_rate IS 'Response rate of who was held out, likewise.';
COMMENT ON COLUMN campaign_response.uplift IS 'Difference of the two rates, 6 decimals; NULL without one of the groups.';
COMMENT ON COLUMN campaign_response.uplift_low IS 'Lower end of its 95 % confidence interval (Newcombe 1998, method 10), 6 decimals; NULL likewise.';
COMMENT ON COLUMN campaign_response.uplift_high IS 'Upper end likewise.';
COMMENT ON COLUMN campaign_response.incremental_responses IS 'Responses that would not have come without the campaign: uplift times members who got it, 4 decimals; NULL likewise.';
COMMENT ON COLUMN campaign_response.target_revenue IS 'Net revenue of orders within the window of who got it; NULL but for response order.';
COMMENT ON COLUMN campaign_response.control_revenue IS 'Likewise of who was held out.';
COMMENT ON COLUMN campaign_response.incremental_revenue IS 'Revenue of who got it less what as many of the control group would have brought, 4 decimals; NULL but for response order, and without one of the groups.';
COMMENT ON COLUMN campaign_response.cost IS 'All cost booked on the campaign.';
COMMENT ON COLUMN campaign_response.cost_per_incremental_response IS 'Cost for one incremental response, 4 decimals; NULL where there is none, or with cost that has no rate.';
COMMENT ON COLUMN campaign_response.complete IS 'Whether the window of every member is over.';
COMMENT ON COLUMN campaign_response.campaign_name IS 'Name of the campaign.';
COMMENT ON COLUMN campaign_response.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN campaign_response.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN campaign_response.response_name IS 'Name of the response.';
