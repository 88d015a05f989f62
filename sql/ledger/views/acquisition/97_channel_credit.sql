-- What each channel has of the conversions of a month, by every model side by side,
-- and what was spent on it in the month.
CREATE VIEW channel_credit WITH (security_invoker = true) AS
WITH credit AS (
  SELECT month_start, conversion_kind, model, channel_code,
         sum(conversions) AS conversions, sum(value) AS value,
         sum(margin) AS margin
  FROM credit_month
  GROUP BY month_start, conversion_kind, model, channel_code
),
-- a channel that cost something and has nothing is a row, too
spend AS (
  SELECT c.month_start, k.conversion_kind, m.model, c.channel_code,
         sum(c.cost) AS cost, sum(c.unrated_parts) > 0 AS lacks_rate
  FROM cost_month c
  JOIN (VALUES ('acquisition', 'acquisition'), ('order', 'acquisition'),
               ('order', 'retention'), ('order', 'churn'))
    AS k (conversion_kind, bucket) ON k.bucket = c.bucket
  CROSS JOIN (VALUES ('first'), ('last'), ('last_non_direct'), ('linear'),
                     ('position'), ('time_decay'), ('markov'), ('shapley'))
    AS m (model)
  GROUP BY c.month_start, k.conversion_kind, m.model, c.channel_code
),
told AS (
  SELECT month_start, conversion_kind, model, channel_code,
         coalesce(c.conversions, 0) AS conversions,
         coalesce(c.value, 0) AS value,
         CASE WHEN model NOT IN ('markov', 'shapley')
           THEN coalesce(c.margin, 0) END AS margin,
         coalesce(s.cost, 0) AS cost,
         CASE WHEN s.lacks_rate IS NOT TRUE THEN coalesce(s.cost, 0) END
           AS rated_cost
  FROM credit c
  FULL JOIN spend s USING (month_start, conversion_kind, model, channel_code)
)
SELECT
  t.month_start, t.conversion_kind COLLATE "default" AS conversion_kind,
  t.model COLLATE "default" AS model,
  t.channel_code COLLATE "default" AS channel_code,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 h.name, h.name_zh,
                 t.channel_code COLLATE "default") AS channel_name,
  trim_scale(t.conversions) AS conversions, trim_scale(t.value) AS value,
  trim_scale(t.margin) AS margin, t.cost,
  round(t.rated_cost / nullif(t.conversions, 0), 4) AS cost_per_conversion,
  round(t.value / nullif(greatest(t.rated_cost, 0), 0), 6)
    AS return_on_spend,
  round((t.margin - t.rated_cost) / nullif(greatest(t.rated_cost, 0), 0), 6)
    AS roi,
  t.model = (SELECT value FROM setting WHERE key = 'attribution_model')
    AS is_chosen,
  (SELECT value FROM setting WHERE key = 'base_currency') AS currency,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 w.name, w.name_zh, t.conversion_kind COLLATE "default")
    AS conversion_kind_name,
  crmcost._named((SELECT value FROM setting WHERE key = 'language'),
                 m.name, m.name_zh, t.model COLLATE "default")
    AS model_name
FROM told t
LEFT JOIN channel h ON h.code = t.channel_code
LEFT JOIN term w ON w.kind = 'conversion' AND w.code = t.conversion_kind
LEFT JOIN term m ON m.kind = 'model' AND m.code = t.model;

COMMENT ON VIEW channel_credit IS
'What channels have of conversions and what they cost, as of the last refresh, one row a month, kind of conversion, model and channel; over the channels of a model conversions and value sum to all there were.';
COMMENT ON COLUMN channel_credit.month_start IS 'First day of the month of the conversions, and of the spend.';
COMMENT ON COLUMN channel_credit.conversion_kind IS 'acquisition or order.';
COMMENT ON COLUMN channel_credit.model IS 'first, last, last_non_direct, linear, position, time_decay, markov (order 1) or shapley (sum game).';
COMMENT ON COLUMN channel_credit.channel_code IS 'Channel of the touches, of conversions without a touch their own; (unknown) for none.';
COMMENT ON COLUMN channel_credit.channel_name IS 'Its name.';
COMMENT ON COLUMN channel_credit.conversions IS 'Conversions credited.';
COMMENT ON COLUMN channel_credit.value IS 'Revenue credited: of orders, of acquisitions that of the first order.';
COMMENT ON COLUMN channel_credit.margin IS 'Margin credited; NULL under markov and shapley, which split revenue.';
COMMENT ON COLUMN channel_credit.cost IS 'Cost booked on the channel in the month: of bucket acquisition, for orders of retention and churn as well; entries without a rate are left out.';
COMMENT ON COLUMN channel_credit.cost_per_conversion IS 'Cost for one conversion credited, 4 decimals; NULL without a conversion, or with cost that has no rate.';
COMMENT ON COLUMN channel_credit.return_on_spend IS 'Revenue credited for a coin of cost, 6 decimals; NULL without cost, or with cost that has no rate.';
COMMENT ON COLUMN channel_credit.roi IS 'Margin credited less cost, for a coin of cost, 6 decimals; NULL without cost, or with cost that has no rate, and under markov and shapley.';
COMMENT ON COLUMN channel_credit.is_chosen IS 'Whether it is the model of setting attribution_model, which driver attributed follows.';
COMMENT ON COLUMN channel_credit.currency IS 'Base currency, which all money here is in.';
COMMENT ON COLUMN channel_credit.conversion_kind_name IS 'Name of the kind of conversion.';
COMMENT ON COLUMN channel_credit.model_name IS 'Name of the model.';
