-- Whether it pays to win customers back: what it cost, and the margin of the
-- second life in second_life_days.  Who was held out shows how many come back
-- anyway.
CREATE VIEW winback_campaign WITH (security_invoker = true) AS
WITH result AS (
  SELECT campaign_code,
         coalesce(sum(customers) FILTER (WHERE role = 'target'), 0)::bigint
           AS targeted,
         coalesce(sum(won) FILTER (WHERE role = 'target'), 0)::bigint AS won,
         coalesce(sum(customers) FILTER (WHERE role = 'control'), 0)::bigint
           AS control,
         coalesce(sum(won) FILTER (WHERE role = 'control'), 0)::bigint
           AS control_won,
         coalesce(sum(second_revenue) FILTER (WHERE role = 'target'), 0)
           AS second_revenue,
         coalesce(sum(second_margin) FILTER (WHERE role = 'target'), 0)
           AS second_margin,
         max(last_assigned_on) AS last_assigned_on,
         max(last_won_on) AS last_won_on
  FROM winback_total
  GROUP BY campaign_code
),
spent AS (
  SELECT campaign_code, sum(cost) AS cost,
         coalesce(sum(unrated_parts)
                    FILTER (WHERE month_start >= r.open_from), 0)::bigint
           AS unrated_entries
  FROM cost_month
  CROSS JOIN last_refresh r
  GROUP BY campaign_code
)
SELECT
  k.code AS campaign_code, k.name AS campaign_name,
  coalesce(r.targeted, 0) AS targeted, coalesce(r.won, 0) AS won,
  round(r.won::numeric / nullif(r.targeted, 0), 6) AS win_rate,
  coalesce(r.control, 0) AS control, coalesce(r.control_won, 0) AS control_won,
  round(r.control_won::numeric / nullif(r.control, 0), 6)
    AS control_win_rate,
  coalesce(c.cost, 0) AS cost,
  CASE WHEN coalesce(c.unrated_entries, 0) = 0
    THEN round(coalesce(c.cost, 0) / nullif(r.won, 0), 4) END AS cost_per_win,
  coalesce(r.second_revenue, 0) AS second_revenue,
  coalesce(r.second_margin, 0) AS second_margin,
  -- whom nobody listed is not known to have stayed away
  CASE WHEN c.cost > 0 AND c.unrated_entries = 0
            AND EXISTS (SELECT 1 FROM campaign_result m
                        WHERE m.campaign_code = k.code)
    THEN round((coalesce(r.second_margin, 0) - c.cost) / c.cost, 6)
  END AS roi,
  w.value::integer AS winback_days, s.value::integer AS second_life_days,
  (r.last_assigned_on + w.value::integer <= l.as_of)
    AND coalesce(r.last_won_on + s.value::integer <= l.as_of + 1, true)
    AS is_complete,
  coalesce(c.unrated_entries, 0) AS unrated_entries, l.as_of,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency
FROM campaign k
CROSS JOIN last_refresh l
JOIN setting w ON w.key = 'winback_days'
JOIN setting s ON s.key = 'second_life_days'
LEFT JOIN result r ON r.campaign_code = k.code
LEFT JOIN spent c ON c.campaign_code = k.code
WHERE k.purpose = 'winback';

COMMENT ON VIEW winback_campaign IS
'What campaigns of purpose winback brought and cost, one row a campaign; members (campaign_member) count who had churned when they were assigned.';
COMMENT ON COLUMN winback_campaign.campaign_code IS
'Campaign.';
COMMENT ON COLUMN winback_campaign.campaign_name IS
'Its name.';
COMMENT ON COLUMN winback_campaign.targeted IS
'Members who had churned.';
COMMENT ON COLUMN winback_campaign.won IS
'Those who came back within winback_days of the assignment.';
COMMENT ON COLUMN winback_campaign.win_rate IS
'Part of the targeted who came back; NULL without any.';
COMMENT ON COLUMN winback_campaign.control IS
'Customers held out who had churned.';
COMMENT ON COLUMN winback_campaign.control_won IS
'Those of them who came back in the same time.';
COMMENT ON COLUMN winback_campaign.control_win_rate IS
'Part of them; NULL without any.';
COMMENT ON COLUMN winback_campaign.cost IS
'All cost of the campaign, in base currency.';
COMMENT ON COLUMN winback_campaign.cost_per_win IS
'Cost by customers won; NULL without any, or with cost that has no rate.';
COMMENT ON COLUMN winback_campaign.second_revenue IS
'Net revenue of those won within second_life_days from the return on.';
COMMENT ON COLUMN winback_campaign.second_margin IS
'Margin of it.';
COMMENT ON COLUMN winback_campaign.roi IS
'Second margin less cost, by cost; NULL without cost, without a member of the campaign, or with cost that has no rate.';
COMMENT ON COLUMN winback_campaign.winback_days IS
'Setting of that name: days after the assignment in which a return counts.';
COMMENT ON COLUMN winback_campaign.second_life_days IS
'Setting of that name: days from the return on whose margin counts.';
COMMENT ON COLUMN winback_campaign.is_complete IS
'Whether both windows are over for all who count; NULL without a member.';
COMMENT ON COLUMN winback_campaign.unrated_entries IS
'Cost entries without a rate, which are in no figure.';
COMMENT ON COLUMN winback_campaign.as_of IS
'Report day.';
COMMENT ON COLUMN winback_campaign.currency IS
'Base currency, in which all amounts are.';
