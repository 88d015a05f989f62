-- Attribution: Markov chains over 1 M path rows against ChannelAttribution, which
-- attribution.sh has run; many channels; rules over 5 M touches against plain SQL.

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY work_ms) AS order_1 FROM bench.peer WHERE markov_order = 1 \gset
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY work_ms) AS order_2 FROM bench.peer WHERE markov_order = 2 \gset
CALL bench.against(
  'markov_attribution, 1 M path rows', 'ChannelAttribution 2.2.5, simulated', :order_1, 0.25,
  $$SELECT crmcost.markov_attribution(path, conversions, value, lost) FROM bench.path$$);
CALL bench.against(
  'markov_attribution of order 2, 1 M path rows', 'the same', :order_2, 0.5,
  $$SELECT crmcost.markov_attribution(path, conversions, value, lost, 2) FROM bench.path$$);

CREATE UNLOGGED TABLE bench.wide AS
SELECT i, (SELECT array_agg(i::bigint * 31 * k + i::bigint * i % 977 * k * k ORDER BY k)
           FROM generate_series(1, 1 + i % 8) AS k) AS touch
FROM generate_series(1, 200000) AS i;
CREATE UNLOGGED TABLE bench.many AS
SELECT i, (SELECT array_agg('channel ' || t % 200) FROM unnest(touch) AS t) AS path_200,
  (SELECT array_agg('channel ' || t % 16) FROM unnest(touch) AS t) AS path_16
FROM bench.wide;
VACUUM ANALYZE bench.many;
CALL bench.against(
  'markov_attribution, 200 channels', '1 s', 1000, 1,
  $$SELECT crmcost.markov_attribution(path_200, i % 3, i % 3, i % 5) FROM bench.many$$);
CALL bench.against(
  'shapley_attribution of rates, 16 channels', '1 s', 1000, 1,
  $$SELECT crmcost.shapley_attribution(path_16, i % 3, i % 3, i % 5) FROM bench.many$$);

CREATE UNLOGGED TABLE bench.touch AS
SELECT i / 5 AS conversion,
  timestamptz '2025-01-01' + make_interval(mins => i % 5 * 1777 + (i::bigint * 7919 % 1000)::int) AS touched_at,
  timestamptz '2025-01-20' AS converted_at,
  (ARRAY['direct', 'search', 'email', 'tv', 'social'])[1 + i::bigint * 31 % 7 % 5] AS channel
FROM generate_series(0, 4999999) AS i
ORDER BY i::bigint * 7368787 % 4999999;
VACUUM ANALYZE bench.touch;
CALL bench.compare(
  'attribution_weight, six rules, 5 M touches', 'window functions in float8', 0.333,
  $$SELECT sum(a), sum(b), sum(c), sum(d), sum(e), sum(f) FROM (
      SELECT crmcost.attribution_weight('first', touched_at, converted_at) OVER w AS a,
        crmcost.attribution_weight('last', touched_at, converted_at) OVER w AS b,
        crmcost.attribution_weight('last_non_direct', touched_at, converted_at, '7 days', channel) OVER w AS c,
        crmcost.attribution_weight('linear', touched_at, converted_at) OVER w AS d,
        crmcost.attribution_weight('position', touched_at, converted_at) OVER w AS e,
        crmcost.attribution_weight('time_decay', touched_at, converted_at) OVER w AS f
      FROM bench.touch WINDOW w AS (PARTITION BY conversion ORDER BY touched_at)) AS s$$,
  $$SELECT sum((n = 1)::int::float8), sum((n = total)::int::float8), sum((n = chosen)::int::float8),
      sum(1::float8 / total), sum(CASE WHEN total = 1 THEN 1 WHEN total = 2 THEN 0.5
        WHEN n IN (1, total) THEN 0.4 ELSE 0.2::float8 / (total - 2) END), sum(p / all_p)
    FROM (SELECT *, coalesce(max(n) FILTER (WHERE channel <> 'direct') OVER w, total) AS chosen, sum(p) OVER w AS all_p
      FROM (SELECT *, row_number() OVER (w ORDER BY touched_at) AS n, count(*) OVER w AS total,
          power(2::float8, -extract(epoch FROM converted_at - touched_at)::float8 / 604800) AS p
        FROM bench.touch WHERE touched_at <= converted_at WINDOW w AS (PARTITION BY conversion)) AS numbered
      WINDOW w AS (PARTITION BY conversion)) AS s$$, 3);
