-- The steps of a refresh, one by one, in full and after 1 % of news: of contacts,
-- answers, points and touches that lead to orders, beside the lines of the shop.
-- CRMCOST_BENCH_CONTACTS is how many contacts a customer has of these, 3 unless it is
-- set; with 18, and CRMCOST_BENCH_CUSTOMERS=100000, there are two million.
\ir shop.sql
\set contacts 3
\getenv contacts CRMCOST_BENCH_CONTACTS

-- Contacts of a stretch of time: of ten, six are touches, two tickets (every other
-- one with a case of two), two answers.
CREATE OR REPLACE PROCEDURE bench.add_contacts(tag text, contacts int,
                                               customers int,
                                               from_at timestamptz,
                                               span interval)
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO interaction (customer_id, occurred_at, kind, subtype, channel_code,
                           case_ref, resolved_at, score, source, source_ref)
    SELECT 1 + floor(customers * i.r2 ^ 1.3)::bigint, i.at,
           CASE WHEN i.n % 10 < 6 THEN 'touch' WHEN i.n % 10 < 8 THEN 'ticket'
             ELSE 'survey' END,
           CASE i.n % 10 WHEN 8 THEN 'nps' WHEN 9 THEN 'csat' END,
           (ARRAY['search', 'social', 'email', 'display', 'chat'])[1 + floor(i.r * 5)::int],
           CASE WHEN i.n % 20 IN (6, 7) THEN tag || i.n / 2 END,
           CASE WHEN i.n % 10 IN (6, 7) AND i.r < 0.95
             THEN i.at + i.r * interval '5 days' END,
           CASE i.n % 10 WHEN 8 THEN floor(i.r * 11) WHEN 9
             THEN 1 + floor(i.r * 5) END, 'crm', tag || i.n
    FROM (SELECT n, random() AS r, random() AS r2, from_at + random() * span AS at
          FROM generate_series(1, contacts) AS n OFFSET 0) AS i;
  INSERT INTO loyalty_entry (customer_id, program_code, occurred_at, kind,
                             points, expires_at, source, source_ref)
    SELECT 1 + floor(customers * random() ^ 1.3)::bigint, 'points', i.at,
           CASE WHEN i.r < 0.8 THEN 'earn' ELSE 'redeem' END,
           CASE WHEN i.r < 0.8 THEN 1 + floor(i.r * 200) ELSE -10 END,
           CASE WHEN i.r < 0.8 THEN i.at + interval '1 year' END, 'crm',
           tag || i.n
    FROM (SELECT n, random() AS r, from_at + random() * span AS at
          FROM generate_series(1, contacts / 2) AS n OFFSET 0) AS i;
END;
$$;
CALL bench.add_contacts('A', :customers * :contacts, :customers, '2024-01-01',
                        '730 days');
VACUUM (ANALYZE) interaction, loyalty_entry;

\ir step_time.sql
\ir store_floor.sql
SELECT bench.empty_tables() AS computed \gset
CALL crmcost.refresh('bench_ledger', '2026-01-01');
SELECT bench.copy_time(:'computed') AS floor \gset
CALL bench.add_facts('B', :customers / 20, :customers, '2025-12-01',
                     '30 days');
CALL bench.add_contacts('B', :customers * :contacts / 100, :customers, '2025-12-01',
                        '30 days');
CALL crmcost.refresh('bench_ledger', '2026-01-02');

SELECT step, round(full_ms) AS "full, ms", round(news_ms) AS "news, ms",
       round(news_ms / nullif(full_ms, 0), 3) AS ratio
  FROM bench.step ORDER BY full_ms DESC;
SELECT round(sum(full_ms)) AS "all steps, full, ms",
       round(sum(news_ms)) AS "news, ms",
       round(:floor) AS "the rows of the store written, nothing computed, ms"
  FROM bench.step;
SELECT full_ms AS cost, news_ms FROM bench.step WHERE step = 'cost' \gset
SELECT format('CALL bench.note(%L, %s, %s, %L, %s)',
              'step ' || step || ' after 1 % of news', 0.03, news_ms,
              'its full run', full_ms)
  FROM bench.step
  WHERE step IN ('case', 'service', 'voice', 'loyalty', 'member', 'journey')
  ORDER BY step \gexec
SELECT format('CALL bench.note(%L, 1, %s, %L, %s)', 'step journey', full_ms,
              'step cost', :cost)
  FROM bench.step WHERE step = 'journey' \gexec
SELECT format('CALL bench.note(%L, 1, %s, %L, 5000)',
              'step worklist after 1 % of news, of ' || :customers || ' customers',
              news_ms, '5 s')
  FROM bench.step WHERE step = 'worklist' \gexec

DROP VIEW bench.step;
DROP TABLE bench.step_time;
DROP SCHEMA bench_ledger CASCADE;
