-- A shop of journey.sql, with a hundred touches a customer of a channel and often a
-- campaign, in full and after 1 % of news in one month.
\ir shop.sql
INSERT INTO campaign (code, channel_code, name, purpose, period)
  SELECT 'K' || i, (ARRAY['search', 'social', 'email', 'display', 'chat'])[1 + i % 5],
         'Campaign ' || i, 'acquisition', '[2024-01-01,2025-12-31]'
  FROM generate_series(1, 40) AS i;
CREATE OR REPLACE PROCEDURE bench.add_touches(tag text, touches int,
                                              customers int,
                                              from_at timestamptz,
                                              span interval)
LANGUAGE sql AS $$
  INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code,
                           campaign_code, source, source_ref)
    SELECT 1 + floor(customers * random() ^ 1.3)::bigint,
           from_at + random() * span, 'touch', 'click', k.channel_code,
           CASE WHEN i.r < 0.7 THEN k.code END, 'web', tag || i.n
    FROM (SELECT n, random() AS r, 1 + floor(40 * random() ^ 2)::int AS k
          FROM generate_series(1, touches) AS n OFFSET 0) AS i
    JOIN campaign k ON k.code = 'K' || i.k;
$$;
CALL bench.add_touches('T', :customers * 100, :customers, '2024-01-01',
                       '730 days');
VACUUM (ANALYZE) interaction;
\ir step_time.sql
CALL crmcost.refresh('bench_ledger', '2026-01-01');
CALL bench.add_facts('B', :customers / 20, :customers, '2025-12-01',
                     '30 days');
CALL bench.add_touches('N', :customers, :customers, '2025-12-01', '30 days');
CALL crmcost.refresh('bench_ledger', '2026-01-02');
SELECT count(*) AS touches,
       (SELECT count(*) FROM conversion) AS conversions,
       (SELECT count(*) FROM touch_credit) AS credits
  FROM interaction WHERE kind = 'touch';
SELECT full_ms, news_ms, (SELECT c.full_ms FROM bench.step AS c
                          WHERE c.step = 'cost') AS cost_ms
  FROM bench.step WHERE step = 'journey' \gset
