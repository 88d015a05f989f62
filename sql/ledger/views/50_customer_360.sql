-- One flat row a customer for a customer page or an export.  The tiers are those
-- of the seeded schemes; customer_tier has every scheme.  Loyalty points are
-- not here: a balance is no plain sum once points expire.
CREATE VIEW customer_360 WITH (security_invoker = true) AS
SELECT
  c.customer_id, c.source, c.source_key, c.kind, c.account_id,
  c.first_seen_at, c.acquired_at, c.acquisition_channel,
  c.acquisition_campaign, c.referred_by, c.erased_at IS NOT NULL AS erased,
  k.stage, k.stage_since, k.owner, k.abc_tier, k.loyalty_tier, k.value_tier,
  s.as_of, s.first_order_on, s.last_order_on, s.recency_days, s.orders,
  s.products, s.rfm_score, s.segment,
  s.revenue, s.margin, s.total_cost, s.profit,
  t.occurred_at AS last_touch_at, t.kind AS last_touch_kind,
  t.channel_code AS last_touch_channel,
  coalesce(i.interactions, 0) AS interactions,
  coalesce(i.open_cases, 0) AS open_cases,
  i.csat, coalesce(i.survey_answers, 0) AS survey_answers
FROM customer c
LEFT JOIN customer_snapshot s
  ON s.customer_id = c.customer_id
     AND s.as_of = (SELECT as_of FROM last_refresh)
LEFT JOIN (
  SELECT customer_id,
         max(code) FILTER (WHERE dimension = 'stage') AS stage,
         max(since) FILTER (WHERE dimension = 'stage') AS stage_since,
         max(code) FILTER (WHERE dimension = 'owner') AS owner,
         nullif(max(code) FILTER (WHERE dimension = 'abc'), 'none')
           AS abc_tier,
         nullif(max(code) FILTER (WHERE dimension = 'loyalty'), 'none')
           AS loyalty_tier,
         nullif(max(code) FILTER (WHERE dimension = 'value'), 'none')
           AS value_tier
  FROM customer_classification
  GROUP BY customer_id
) k ON k.customer_id = c.customer_id
LEFT JOIN (
  SELECT customer_id, sum(n) AS interactions,
         sum(n) FILTER (WHERE kind IN ('ticket', 'complaint', 'return')
                              AND resolved_at IS NULL) AS open_cases,
         sum(score * n) FILTER (WHERE kind = 'survey'
                                      AND subtype IS DISTINCT FROM 'nps')
         / sum(n) FILTER (WHERE kind = 'survey'
                                AND subtype IS DISTINCT FROM 'nps'
                                AND score IS NOT NULL) AS csat,
         sum(n) FILTER (WHERE kind = 'survey' AND score IS NOT NULL)
           AS survey_answers
  FROM interaction
  GROUP BY customer_id
) i ON i.customer_id = c.customer_id
LEFT JOIN (
  SELECT DISTINCT ON (customer_id)
    customer_id, occurred_at, kind, channel_code
  FROM interaction
  ORDER BY customer_id, occurred_at DESC, interaction_id DESC
) t ON t.customer_id = c.customer_id;

COMMENT ON VIEW customer_360 IS
'All about a customer at a glance, one row a customer or lead; value and cost as of the last refresh.';
COMMENT ON COLUMN customer_360.customer_id IS
'Customer.';
COMMENT ON COLUMN customer_360.source IS
'System that the customer came from.';
COMMENT ON COLUMN customer_360.source_key IS
'Key of the customer in that system; NULL once erased.';
COMMENT ON COLUMN customer_360.kind IS
'person or org.';
COMMENT ON COLUMN customer_360.account_id IS
'Customer that this one belongs to; NULL for none.';
COMMENT ON COLUMN customer_360.first_seen_at IS
'When the party became known.';
COMMENT ON COLUMN customer_360.acquired_at IS
'When it became a customer; NULL for a lead.';
COMMENT ON COLUMN customer_360.acquisition_channel IS
'Channel that brought it; NULL when not known.';
COMMENT ON COLUMN customer_360.acquisition_campaign IS
'Campaign that brought it; NULL when not known.';
COMMENT ON COLUMN customer_360.referred_by IS
'Customer that recommended us; NULL for none.';
COMMENT ON COLUMN customer_360.erased IS
'Whether the key and attributes were erased.';
COMMENT ON COLUMN customer_360.stage IS
'lead, active, at_risk, churned or won_back; NULL before the first refresh.';
COMMENT ON COLUMN customer_360.stage_since IS
'Since when the customer is in that stage.';
COMMENT ON COLUMN customer_360.owner IS
'Who looks after the customer; NULL for nobody.';
COMMENT ON COLUMN customer_360.abc_tier IS
'Tier in scheme abc; NULL for none.';
COMMENT ON COLUMN customer_360.loyalty_tier IS
'Tier in scheme loyalty; NULL for none.';
COMMENT ON COLUMN customer_360.value_tier IS
'Tier in scheme value; NULL for none.';
COMMENT ON COLUMN customer_360.as_of IS
'Day that value and cost are for; NULL for a lead.';
COMMENT ON COLUMN customer_360.first_order_on IS
'Day of the first order; NULL without one.';
COMMENT ON COLUMN customer_360.last_order_on IS
'Day of the last order; NULL without one.';
COMMENT ON COLUMN customer_360.recency_days IS
'Calendar days from the last order to as_of; NULL without one.';
COMMENT ON COLUMN customer_360.orders IS
'Number of orders.';
COMMENT ON COLUMN customer_360.products IS
'Number of different products bought.';
COMMENT ON COLUMN customer_360.rfm_score IS
'Digits R, F and M; NULL without an order.';
COMMENT ON COLUMN customer_360.segment IS
'Name of the RFM segment; NULL without an order.';
COMMENT ON COLUMN customer_360.revenue IS
'Net revenue in base currency.';
COMMENT ON COLUMN customer_360.margin IS
'Revenue less cost of goods, in base currency.';
COMMENT ON COLUMN customer_360.total_cost IS
'Direct and allocated cost, in base currency.';
COMMENT ON COLUMN customer_360.profit IS
'Margin less total cost, in base currency.';
COMMENT ON COLUMN customer_360.last_touch_at IS
'When the last interaction was; NULL for none.';
COMMENT ON COLUMN customer_360.last_touch_kind IS
'Kind of the last interaction; NULL for none.';
COMMENT ON COLUMN customer_360.last_touch_channel IS
'Channel of the last interaction; NULL when not known.';
COMMENT ON COLUMN customer_360.interactions IS
'Number of interactions.';
COMMENT ON COLUMN customer_360.open_cases IS
'Tickets, complaints and returns not yet resolved.';
COMMENT ON COLUMN customer_360.csat IS
'Mean score of survey answers other than subtype nps, in the scale of the surveys; NULL without answers.';
COMMENT ON COLUMN customer_360.survey_answers IS
'Number of survey answers, nps included.';
