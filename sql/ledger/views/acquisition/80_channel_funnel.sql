-- Where prospects leak.  Each funnel that has a customer in the month and channel
-- is there with all its steps, also those that nobody entered.  Nobody goes on
-- from the last step, so there is nothing to say of that.  The steps of a closed month
-- are those of its closing.
CREATE VIEW channel_funnel WITH (security_invoker = true) AS
SELECT
  g.month_start, g.channel_code COLLATE "default" AS channel_code, s.funnel,
  s.position AS step_position, s.kind, s.subtype,
  coalesce(m.entered, 0) AS entered,
  CASE WHEN NOT s.is_last THEN coalesce(m.passed, 0) END AS passed,
  CASE WHEN NOT s.is_last
    THEN round(m.passed::numeric / m.entered, 6) END AS pass_rate,
  CASE WHEN NOT s.is_last
    THEN round((m.entered - m.passed)::numeric / m.entered, 6)
  END AS drop_off_rate,
  CASE WHEN NOT s.is_last THEN m.median_days END AS median_days,
  s.is_last, s.is_missing,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh, s.position::text) AS step_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 g.channel_code COLLATE "default") AS channel_name,
  (SELECT as_of FROM last_refresh) AS as_of,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, k.name_zh, s.kind)
    AS kind_name
FROM (SELECT DISTINCT month_start, funnel, channel_code FROM funnel_month) g
JOIN (
  SELECT s.*,
         s.position = max(s.position)
                        OVER (PARTITION BY s.month_start, s.funnel) AS is_last
  FROM (
    SELECT m.month_start, s.funnel, s.position, s.kind, s.subtype,
           e.position IS NULL AS is_missing
    FROM (SELECT DISTINCT month_start FROM funnel_month) m
    JOIN last_refresh r ON m.month_start >= r.open_from
    CROSS JOIN funnel_step s
    LEFT JOIN (SELECT DISTINCT funnel, position FROM funnel_month) e
      ON e.funnel = s.funnel AND e.position = s.position
    UNION ALL
    SELECT month_start, funnel, position, kind, subtype, is_missing
    FROM closed_funnel
  ) s
) s ON s.month_start = g.month_start AND s.funnel = g.funnel
LEFT JOIN funnel_step n ON n.funnel = s.funnel AND n.position = s.position
LEFT JOIN funnel_month m
  ON m.month_start = g.month_start AND m.funnel = g.funnel
     AND m.channel_code = g.channel_code AND m.position = s.position
LEFT JOIN channel h ON h.code = g.channel_code
LEFT JOIN term k ON k.kind IN ('contact', 'entry') AND k.code = s.kind;

COMMENT ON VIEW channel_funnel IS
'Customers by the month in which they entered a step of a funnel, and how many went on, as of the last refresh, one row a month, channel (and one with (all) for all of them), funnel and step.';
COMMENT ON COLUMN channel_funnel.month_start IS 'First day of the month in which the entries count.';
COMMENT ON COLUMN channel_funnel.channel_code IS 'Channel of what took the customers into the funnel, whichever step that was; (unknown) where it is not known, (all) for all of them.';
COMMENT ON COLUMN channel_funnel.funnel IS 'Funnel.';
COMMENT ON COLUMN channel_funnel.step_position IS 'Place of the step in it.';
COMMENT ON COLUMN channel_funnel.kind IS 'What takes a customer into the step: a kind of interaction, lead, acquisition or order.';
COMMENT ON COLUMN channel_funnel.subtype IS 'Subtype of the interaction; NULL for any.';
COMMENT ON COLUMN channel_funnel.entered IS 'Customers who entered the step for the first time in the month.';
COMMENT ON COLUMN channel_funnel.passed IS 'Those of them who were in a later step then or since, of a closed month by when it was closed; NULL for the last step.';
COMMENT ON COLUMN channel_funnel.pass_rate IS 'That as a part of who entered, 0..1, 6 decimals; NULL for the last step, and where nobody entered.';
COMMENT ON COLUMN channel_funnel.drop_off_rate IS 'Part of who entered that has not gone on, 0..1, 6 decimals; NULL likewise.';
COMMENT ON COLUMN channel_funnel.median_days IS 'Median of the days until they were in a later step; NULL for the last step, and where nobody was.';
COMMENT ON COLUMN channel_funnel.is_last IS 'Whether it is the last step of the funnel.';
COMMENT ON COLUMN channel_funnel.is_missing IS 'Whether nobody ever entered the step, in any month and channel; of a closed month, by when it was closed.';
COMMENT ON COLUMN channel_funnel.step_name IS 'Name of the step.';
COMMENT ON COLUMN channel_funnel.channel_name IS 'Name of the channel.';
COMMENT ON COLUMN channel_funnel.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN channel_funnel.kind_name IS 'Name of the kind.';
