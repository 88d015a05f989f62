-- The step journey over two million touches and a hundred thousand conversions,
-- beside the step cost and after 1 % of news; and how it grows from a quarter of
-- that.  CRMCOST_BENCH_CUSTOMERS is how many customers, 20,000 unless it is set.
\set all 20000
\getenv all CRMCOST_BENCH_CUSTOMERS
SELECT :all / 4 AS quarter \gset
\setenv CRMCOST_BENCH_CUSTOMERS :quarter
\ir journey_size.sql
\set quarter_full :full_ms
\set quarter_news :news_ms
\setenv CRMCOST_BENCH_CUSTOMERS :all
\ir journey_size.sql
CALL bench.note('step journey, of ' || :all || ' customers with 100 touches', 1,
                :full_ms, 'step cost', :cost_ms);
CALL bench.note('step journey after 1 % of news', 0.03, :news_ms,
                'its full run', :full_ms);
CALL bench.note('step journey', 1.1, :full_ms, '4 times a quarter',
                4 * :quarter_full);
CALL bench.note('step journey after 1 % of news', 1.1, :news_ms,
                '4 times a quarter', 4 * :quarter_news);

DROP VIEW bench.step;
DROP TABLE bench.step_time;
DROP SCHEMA bench_ledger CASCADE;
