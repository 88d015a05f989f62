-- One flat row a customer for a customer page or an export.  The tiers are
-- those of the seeded schemes; customer_tier has every scheme,
-- customer_attribute the tags.
CREATE VIEW customer_360 WITH (security_invoker = true) AS
SELECT
  c.customer_id, c.source, c.source_key, c.kind, c.account_id,
  c.first_seen_at, c.acquired_at,
  v.channel_code COLLATE "default" AS acquisition_channel,
  c.acquisition_campaign, c.referred_by, c.erased_at IS NOT NULL AS erased,
  stage.code COLLATE "default" AS stage, stage.since AS stage_since,
  owner.code COLLATE "default" AS owner,
  nullif(abc.code, 'none') COLLATE "default" AS abc_tier,
  nullif(loyalty.code, 'none') COLLATE "default" AS loyalty_tier,
  nullif(value.code, 'none') COLLATE "default" AS value_tier, r.as_of,
  v.first_ordered_on AS first_order_on, v.last_ordered_on AS last_order_on,
  r.as_of - v.last_ordered_on AS recency_days, v.orders, v.products,
  100 * s.r + 10 * s.f + s.m AS rfm_score,
  s.segment COLLATE "default" AS segment, v.revenue, v.margin, v.total_cost,
  v.profit, v.last_contact_at AS last_touch_at,
  v.last_contact_kind COLLATE "default" AS last_touch_kind,
  v.last_contact_channel COLLATE "default" AS last_touch_channel,
  v.interactions, v.open_cases,
  round(v.survey_score / nullif(v.survey_answers, 0), 4) AS csat_mean,
  round(v.survey_satisfied::numeric / nullif(v.survey_answers, 0), 6)
    AS csat_rate,
  v.survey_answers, s.profit_rank, s.p_alive,
  coalesce(s.clv_predictive, s.clv_formula) AS potential,
  v.margin + coalesce(s.clv_predictive, s.clv_formula) AS total_value,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 v.channel_code COLLATE "default")
    AS acquisition_channel_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.name, n.name_zh,
                 stage.code COLLATE "default") AS stage_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 g.name, g.name_zh,
                 s.segment COLLATE "default") AS segment_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 ta.name, ta.name_zh,
                 nullif(abc.code, 'none') COLLATE "default")
    AS abc_tier_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 tl.name, tl.name_zh,
                 nullif(loyalty.code, 'none') COLLATE "default")
    AS loyalty_tier_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 tv.name, tv.name_zh,
                 nullif(value.code, 'none') COLLATE "default")
    AS value_tier_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 t.name, t.name_zh,
                 v.last_contact_channel COLLATE "default")
    AS last_touch_channel_name,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  wish.needs,
  sat.last_asked_on AS csat_asked_on, sat.last_answered_on AS csat_answered_on,
  sat.last_score AS csat_last_score, rec.last_score AS nps_last_score,
  cov.purchase_month IS NOT NULL AND cov.behavior_month IS NOT NULL
    AND cov.feedback_month IS NOT NULL AS data_complete,
  pts.points,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 n.action, n.action_zh, NULL) AS stage_action,
  w.reason COLLATE "default" AS next_reason, w.action AS next_action,
  w.due_on AS next_action_due_on,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 k.name, NULL, c.acquisition_campaign)
    AS acquisition_campaign_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 wr.name, wr.name_zh, w.reason COLLATE "default")
    AS next_reason_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 party.name, party.name_zh, c.kind)
    AS kind_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 lk.name, lk.name_zh, v.last_contact_kind COLLATE "default")
    AS last_touch_kind_name
FROM customer_value v
JOIN customer c ON c.customer_id = v.customer_id
CROSS JOIN last_refresh r
LEFT JOIN customer_score s ON s.customer_id = c.customer_id
LEFT JOIN customer_class stage
  ON stage.customer_id = c.customer_id AND stage.dimension = 'stage'
LEFT JOIN customer_class owner
  ON owner.customer_id = c.customer_id AND owner.dimension = 'owner'
LEFT JOIN customer_class abc
  ON abc.customer_id = c.customer_id AND abc.dimension = 'abc'
LEFT JOIN customer_class loyalty
  ON loyalty.customer_id = c.customer_id AND loyalty.dimension = 'loyalty'
LEFT JOIN customer_class value
  ON value.customer_id = c.customer_id AND value.dimension = 'value'
LEFT JOIN (SELECT customer_id, sum(balance) AS points FROM loyalty_account
           GROUP BY customer_id) pts
  ON pts.customer_id = v.customer_id
LEFT JOIN (SELECT customer_id,
                  string_agg(need, ', ' ORDER BY need COLLATE "C")
                    COLLATE "default" AS needs
           FROM need_tag
           GROUP BY customer_id) wish
  ON wish.customer_id = v.customer_id
LEFT JOIN (SELECT DISTINCT ON (customer_id) customer_id, reason, action, due_on
           FROM worklist
           WHERE status = 'open'
                 AND told_on <= (SELECT as_of FROM last_refresh)
           ORDER BY customer_id, priority, expected_value DESC, due_on,
                    worklist_id) w
  ON w.customer_id = v.customer_id
LEFT JOIN customer_survey sat
  ON sat.customer_id = c.customer_id AND sat.survey = 'csat'
LEFT JOIN customer_survey rec
  ON rec.customer_id = c.customer_id AND rec.survey = 'nps'
LEFT JOIN customer_coverage cov ON cov.customer_id = c.customer_id
LEFT JOIN channel h ON h.code = v.channel_code
LEFT JOIN channel t ON t.code = v.last_contact_channel
LEFT JOIN stage n ON n.code = stage.code
LEFT JOIN term g ON g.kind = 'segment' AND g.code = s.segment
LEFT JOIN tier ta ON ta.scheme = 'abc' AND ta.code = abc.code
LEFT JOIN tier tl ON tl.scheme = 'loyalty' AND tl.code = loyalty.code
LEFT JOIN tier tv ON tv.scheme = 'value' AND tv.code = value.code
LEFT JOIN campaign k ON k.code = c.acquisition_campaign
LEFT JOIN worklist_reason wr ON wr.code = w.reason
LEFT JOIN term party ON party.kind = 'party' AND party.code = c.kind
LEFT JOIN term lk ON lk.kind = 'contact' AND lk.code = v.last_contact_kind;

COMMENT ON VIEW customer_360 IS
'All about a customer at a glance, as of the last refresh, one row a customer or lead; of merged customers the one that stays.';
COMMENT ON COLUMN customer_360.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_360.source IS 'System that the customer came from.';
COMMENT ON COLUMN customer_360.source_key IS 'Key of the customer in that system; NULL once erased.';
COMMENT ON COLUMN customer_360.kind IS 'person or org.';
COMMENT ON COLUMN customer_360.account_id IS 'Customer that this one belongs to; NULL for none.';
COMMENT ON COLUMN customer_360.first_seen_at IS 'When the party became known.';
COMMENT ON COLUMN customer_360.acquired_at IS 'When it became a customer; NULL for a lead.';
COMMENT ON COLUMN customer_360.acquisition_channel IS 'Channel that brought it, else that of its campaign; (unknown) where neither is known.';
COMMENT ON COLUMN customer_360.acquisition_campaign IS 'Campaign that brought it; NULL when not known.';
COMMENT ON COLUMN customer_360.referred_by IS 'Customer that recommended us; NULL for none.';
COMMENT ON COLUMN customer_360.erased IS 'Whether the key and attributes were erased.';
COMMENT ON COLUMN customer_360.stage IS 'lead, active, at_risk, churned or won_back; NULL for anonymous traffic.';
COMMENT ON COLUMN customer_360.stage_since IS 'Since when the customer is in that stage.';
COMMENT ON COLUMN customer_360.owner IS 'Who looks after the customer; NULL for nobody.';
COMMENT ON COLUMN customer_360.abc_tier IS 'Tier in scheme abc; NULL for none.';
COMMENT ON COLUMN customer_360.loyalty_tier IS 'Tier in scheme loyalty; NULL for none.';
COMMENT ON COLUMN customer_360.value_tier IS 'Tier in scheme value; NULL for none.';
COMMENT ON COLUMN customer_360.as_of IS 'Report day of the last refresh.';
COMMENT ON COLUMN customer_360.first_order_on IS 'Day of the first order; NULL without one.';
COMMENT ON COLUMN customer_360.last_order_on IS 'Day of the last order; NULL without one.';
COMMENT ON COLUMN customer_360.recency_days IS 'Calendar days from the last order to the report day; NULL without one.';
COMMENT ON COLUMN customer_360.orders IS 'Number of orders.';
COMMENT ON COLUMN customer_360.products IS 'Number of different products bought.';
COMMENT ON COLUMN customer_360.rfm_score IS 'Digits R, F and M; NULL without an order.';
COMMENT ON COLUMN customer_360.segment IS 'RFM segment; NULL without an order.';
COMMENT ON COLUMN customer_360.revenue IS 'Net revenue.';
COMMENT ON COLUMN customer_360.margin IS 'Revenue less cost of goods.';
COMMENT ON COLUMN customer_360.total_cost IS 'Direct and allocated cost.';
COMMENT ON COLUMN customer_360.profit IS 'Margin less total cost.';
COMMENT ON COLUMN customer_360.last_touch_at IS 'When we last were in touch (touch, sales, care), by the report day; NULL for never.';
COMMENT ON COLUMN customer_360.last_touch_kind IS 'Kind of that contact; NULL for none.';
COMMENT ON COLUMN customer_360.last_touch_channel IS 'Channel of that contact; NULL for none.';
COMMENT ON COLUMN customer_360.interactions IS 'Number of interactions.';
COMMENT ON COLUMN customer_360.open_cases IS 'Cases (tickets, complaints, returns, promises) not resolved by the report day.';
COMMENT ON COLUMN customer_360.csat_mean IS 'Mean score of the answers to survey csat, in its scale, 4 decimals; NULL without answers.';
COMMENT ON COLUMN customer_360.csat_rate IS 'Share of satisfied ones among them, 0..1, 6 decimals; NULL without answers.';
COMMENT ON COLUMN customer_360.survey_answers IS 'Number of these answers.';
COMMENT ON COLUMN customer_360.profit_rank IS 'Place by profit, 1 the most profitable; NULL for a lead.';
COMMENT ON COLUMN customer_360.p_alive IS 'Probability that the customer is still a customer, 0..1; NULL without an order or a fitted model.';
COMMENT ON COLUMN customer_360.potential IS 'Value still to come; NULL where it is not known.';
COMMENT ON COLUMN customer_360.total_value IS 'Margin so far and value still to come; NULL where that is not known.';
COMMENT ON COLUMN customer_360.acquisition_channel_name IS 'Name of the channel.';
COMMENT ON COLUMN customer_360.stage_name IS 'Name of the stage.';
COMMENT ON COLUMN customer_360.segment_name IS 'Name of the segment.';
COMMENT ON COLUMN customer_360.abc_tier_name IS 'Name of the tier.';
COMMENT ON COLUMN customer_360.loyalty_tier_name IS 'Name of the tier.';
COMMENT ON COLUMN customer_360.value_tier_name IS 'Name of the tier.';
COMMENT ON COLUMN customer_360.last_touch_channel_name IS 'Name of the channel.';
COMMENT ON COLUMN customer_360.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN customer_360.needs IS 'What the customer needs, as customer_need has it: sorted and separated by commas; NULL for none.';
COMMENT ON COLUMN customer_360.csat_asked_on IS 'Day on which the customer was last asked in survey csat, or answered; NULL for never.';
COMMENT ON COLUMN customer_360.csat_answered_on IS 'Day of the last answer to it; NULL for none.';
COMMENT ON COLUMN customer_360.csat_last_score IS 'That answer, in its scale.';
COMMENT ON COLUMN customer_360.nps_last_score IS 'Last answer to survey nps, 0..10; NULL for none.';
COMMENT ON COLUMN customer_360.data_complete IS 'Whether there are purchases, behaviour and feedback of the customer, as view coverage counts them.';
COMMENT ON COLUMN customer_360.points IS
'Points that can be spent on the report day, over all loyalty programmes; NULL without an account.';
COMMENT ON COLUMN customer_360.stage_action IS
'What is done for customers of that stage.';
COMMENT ON COLUMN customer_360.next_reason IS
'Reason of the most urgent open row of the worklist; NULL where nothing is to be done.';
COMMENT ON COLUMN customer_360.next_action IS
'What is to be done then.';
COMMENT ON COLUMN customer_360.next_action_due_on IS
'Day on which that was due.';
COMMENT ON COLUMN customer_360.acquisition_campaign_name IS 'Name of the campaign that won him.';
COMMENT ON COLUMN customer_360.next_reason_name IS 'Name of the reason of the next action.';
COMMENT ON COLUMN customer_360.kind_name IS 'Name of the kind.';
COMMENT ON COLUMN customer_360.last_touch_kind_name IS 'Name of the kind of the last contact.';
