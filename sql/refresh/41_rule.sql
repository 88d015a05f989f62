-- Rules: parts without a customer get the allocation rule of their category, or of
-- the nearest one above that has a rule for the day.  Few combinations of category,
-- day and limits stand for many parts, so the rules are looked up for those.
CREATE FUNCTION crmcost._find_rules(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  INSERT INTO pg_temp.refresh_post
    WITH part AS (
      SELECT p.*, CASE WHEN p.booked_month < p.month_start
                    THEN p.month_start ELSE p.cost_on END AS rule_on,
             CASE WHEN p.channel_code IN (SELECT r.channel_code
                                          FROM allocation_rule r)
               THEN p.channel_code ELSE '' END AS of_channel,
             CASE WHEN p.campaign_code IN (SELECT r.campaign_code
                                           FROM allocation_rule r)
               THEN p.campaign_code ELSE '' END AS of_campaign,
             CASE WHEN p.product_code IN (SELECT r.product_code
                                          FROM allocation_rule r)
               THEN p.product_code ELSE '' END AS of_product
      FROM pg_temp.refresh_part p
      WHERE p.customer_id IS NULL AND p.amount <> 0
    ),
    wanted AS (
      SELECT DISTINCT category_code, rule_on, of_channel, of_campaign,
             of_product
      FROM part
    ),
    -- by category first: there are many rules of a day
    rule AS MATERIALIZED (
      SELECT l.code, l.distance, r.*
      FROM category_lineage l
      JOIN allocation_rule r ON r.category_code = l.ancestor
      WHERE coalesce(r.scenario = run.scenario,
                     r.scenario IS NULL AND run.scenario IS NULL)
    ),
    found AS MATERIALIZED (
      SELECT DISTINCT ON (w.category_code, w.rule_on, w.of_channel,
                          w.of_campaign, w.of_product)
             w.category_code, w.rule_on, w.of_channel, w.of_campaign,
             w.of_product, r.rule_id
      FROM wanted w
      JOIN rule r
        ON r.code = w.category_code AND r.valid @> w.rule_on
           AND (r.scope = '' OR r.channel_code = w.of_channel
                OR r.campaign_code = w.of_campaign
                OR r.product_code = w.of_product)
      ORDER BY w.category_code, w.rule_on, w.of_channel, w.of_campaign,
               w.of_product, r.distance, r.campaign_code, r.product_code,
               r.channel_code
    )
    SELECT p.month_start, p.cost_id, p.incurred_on, p.booked_month,
           p.category_code, p.bucket, coalesce(f.rule_id, 0), '', p.amount
    FROM part p
    LEFT JOIN found f USING (category_code, rule_on, of_channel, of_campaign,
                             of_product);
  ANALYZE pg_temp.refresh_post;
END
$$;

COMMENT ON FUNCTION crmcost._find_rules(crmcost._run) IS
  'Fills refresh_post from refresh_part, with the allocation rule of each part.';
