-- What members do beyond others: members of a programme beside all other customers,
-- members of a loyalty campaign beside its control group.  A programme has no
-- control group: who buys more joins more, so its uplift is no effect.
CREATE VIEW member_uplift WITH (security_invoker = true) AS
WITH side AS (
  SELECT 'program' AS kind, m.program_code AS code, 'active' AS response,
         m.customers AS members, m.active_customers AS member_responses,
         m.revenue AS member_revenue, o.customers - m.customers AS others,
         o.active_customers - m.active_customers AS other_responses,
         o.revenue - m.revenue AS other_revenue
  FROM loyalty_member m
  JOIN loyalty_member o ON o.program_code = '(all)'
  WHERE m.program_code <> '(all)'
  UNION ALL
  SELECT 'campaign', r.campaign_code, 'order',
         coalesce(sum(r.members) FILTER (WHERE r.role = 'target'), 0),
         coalesce(sum(r.ordered) FILTER (WHERE r.role = 'target'), 0),
         coalesce(sum(r.revenue) FILTER (WHERE r.role = 'target'), 0),
         coalesce(sum(r.members) FILTER (WHERE r.role = 'control'), 0),
         coalesce(sum(r.ordered) FILTER (WHERE r.role = 'control'), 0),
         coalesce(sum(r.revenue) FILTER (WHERE r.role = 'control'), 0)
  FROM campaign_result r
  JOIN campaign k ON k.code = r.campaign_code AND k.purpose = 'loyalty'
  GROUP BY r.campaign_code
),
rated AS (
  SELECT s.*, i.lower, i.upper
  FROM side s
  CROSS JOIN LATERAL crmcost._uplift_interval(
    s.member_responses::bigint, s.members::bigint, s.other_responses::bigint,
    s.others::bigint) AS i
)
SELECT
  r.kind, r.code COLLATE "default" AS code,
  coalesce(crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                          p.name, p.name_zh, k.name),
           r.code COLLATE "default") AS name,
  r.response, r.members::bigint AS members,
  r.member_responses::bigint AS member_responses,
  round(r.member_responses::numeric / nullif(r.members, 0), 6) AS member_rate,
  r.others::bigint AS others, r.other_responses::bigint AS other_responses,
  round(r.other_responses::numeric / nullif(r.others, 0), 6) AS other_rate,
  round(r.member_responses::numeric / nullif(r.members, 0)
        - r.other_responses::numeric / nullif(r.others, 0), 6) AS uplift,
  round(r.lower::numeric, 6) AS uplift_low,
  round(r.upper::numeric, 6) AS uplift_high,
  r.member_revenue, r.other_revenue,
  round(r.member_revenue / nullif(r.members, 0), 4) AS revenue_per_member,
  round(r.other_revenue / nullif(r.others, 0), 4) AS revenue_per_other,
  (SELECT as_of FROM last_refresh) AS as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, r.response)
    AS response_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, r.kind)
    AS kind_name
FROM rated r
LEFT JOIN loyalty_program p ON r.kind = 'program' AND p.code = r.code
LEFT JOIN campaign k ON r.kind = 'campaign' AND k.code = r.code
LEFT JOIN term w ON w.kind = 'response' AND w.code = r.response
LEFT JOIN term n ON n.kind = 'membership' AND n.code = r.kind;

COMMENT ON VIEW member_uplift IS
'What members do beyond others, as of the last refresh, one row a loyalty programme with members and one a campaign of purpose loyalty.';
COMMENT ON COLUMN member_uplift.kind IS 'program: members beside all other customers; campaign: target beside control, within response_window_days.';
COMMENT ON COLUMN member_uplift.code IS 'Loyalty programme or campaign.';
COMMENT ON COLUMN member_uplift.name IS 'Its name.';
COMMENT ON COLUMN member_uplift.response IS 'active: a last order at most churn_after_days ago; order: an order within the window.';
COMMENT ON COLUMN member_uplift.members IS 'Members.';
COMMENT ON COLUMN member_uplift.member_responses IS 'Those of them with the response.';
COMMENT ON COLUMN member_uplift.member_rate IS 'These as a part of the members, 0..1, 6 decimals; NULL without members.';
COMMENT ON COLUMN member_uplift.others IS 'Others: customers who are no members, or the control group.';
COMMENT ON COLUMN member_uplift.other_responses IS 'Those of them with the response.';
COMMENT ON COLUMN member_uplift.other_rate IS 'These as a part of the others, 0..1, 6 decimals; NULL without others.';
COMMENT ON COLUMN member_uplift.uplift IS 'member_rate less other_rate, 6 decimals; NULL where either is.';
COMMENT ON COLUMN member_uplift.uplift_low IS 'Lower end of its 95 % interval.';
COMMENT ON COLUMN member_uplift.uplift_high IS 'Upper end of its 95 % interval.';
COMMENT ON COLUMN member_uplift.member_revenue IS 'Net revenue of the members: so far, of campaigns within the window.';
COMMENT ON COLUMN member_uplift.other_revenue IS 'The same of the others.';
COMMENT ON COLUMN member_uplift.revenue_per_member IS 'Revenue for each member, 4 decimals; NULL without members.';
COMMENT ON COLUMN member_uplift.revenue_per_other IS 'Revenue for each of the others, 4 decimals; NULL without others.';
COMMENT ON COLUMN member_uplift.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN member_uplift.currency IS 'Base currency, which money is in.';
COMMENT ON COLUMN member_uplift.response_name IS 'Name of the response.';
COMMENT ON COLUMN member_uplift.kind_name IS 'Name of the kind.';
