-- Which channels bring good customers: those who were ever in the best tier within
-- quality_months of their acquisition.  Of young customers that is not known yet;
-- the columns mature_ leave out months whose customers still have time.
CREATE VIEW channel_quality WITH (security_invoker = true) AS
SELECT
  q.channel_code COLLATE "default" AS channel_code,
  q.scheme COLLATE "default" AS scheme, t.code AS tier, q.months AS within_months,
  q.customers, q.reached,
  round(q.reached::numeric / q.customers, 6) AS quality_rate,
  q.mature_customers, q.mature_reached,
  round(q.mature_reached::numeric / nullif(q.mature_customers, 0), 6)
    AS mature_quality_rate,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 q.channel_code COLLATE "default") AS channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh, t.code) AS tier_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 sn.name, sn.name_zh, q.scheme COLLATE "default")
    AS scheme_name
FROM (
  SELECT c.scheme, coalesce(c.channel_code, '(all)') AS channel_code,
         s.value::integer AS months, sum(c.customers)::bigint AS customers,
         sum(c.reached)::bigint AS reached,
         coalesce(sum(c.customers) FILTER (WHERE m.mature), 0)::bigint
           AS mature_customers,
         coalesce(sum(c.reached) FILTER (WHERE m.mature), 0)::bigint
           AS mature_reached
  FROM cohort_quality c
  JOIN setting s ON s.key = 'quality_months'
  CROSS JOIN last_refresh r
  CROSS JOIN LATERAL (
    VALUES ((c.cohort_month + make_interval(months => s.value::integer + 1))
              ::date <= r.as_of + 1)
  ) AS m (mature)
  GROUP BY GROUPING SETS ((c.scheme, c.channel_code, s.value),
                          (c.scheme, s.value))
) q
JOIN (SELECT DISTINCT ON (scheme) scheme, code, name, name_zh
      FROM tier ORDER BY scheme, rank) t ON t.scheme = q.scheme
LEFT JOIN channel h ON h.code = q.channel_code
LEFT JOIN term sn ON sn.kind = 'dimension' AND sn.code = q.scheme;

COMMENT ON VIEW channel_quality IS
'How many new customers were ever in the best tier within quality_months of their acquisition, as of the last refresh, one row a channel (and one with (all) for all of them) and tier scheme.';
COMMENT ON COLUMN channel_quality.channel_code IS 'Channel that won them; (unknown) where it is not known, (all) for all of them.';
COMMENT ON COLUMN channel_quality.scheme IS 'Tier scheme.';
COMMENT ON COLUMN channel_quality.tier IS 'Its best tier: the first by rank.';
COMMENT ON COLUMN channel_quality.within_months IS 'Setting quality_months.';
COMMENT ON COLUMN channel_quality.customers IS 'Customers acquired.';
COMMENT ON COLUMN channel_quality.reached IS 'Those of them who were in the tier within the months, so far.';
COMMENT ON COLUMN channel_quality.quality_rate IS 'That as a part of the customers, 0..1, 6 decimals.';
COMMENT ON COLUMN channel_quality.mature_customers IS 'Customers of the months of acquisition of whom nobody has time left.';
COMMENT ON COLUMN channel_quality.mature_reached IS 'Those of them who were in the tier within the months.';
COMMENT ON COLUMN channel_quality.mature_quality_rate IS 'That as a part of these customers, 0..1, 6 decimals; NULL without any.';
COMMENT ON COLUMN channel_quality.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN channel_quality.tier_name IS 'Name of the tier.';
COMMENT ON COLUMN channel_quality.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN channel_quality.scheme_name IS 'Name of the scheme.';
