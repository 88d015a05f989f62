-- How long cases took, by percentiles as the step service finds them: two million
-- events of a month, a dimension and a code each, of which the peer has no counts.

CREATE TABLE bench.event AS
  SELECT date '2024-01-01' + 31 * (i % 24) AS month_start,
         '(team)' COLLATE "C" AS dimension, ('T' || i % 10) COLLATE "C" AS code,
         CASE WHEN i % 2 = 0 THEN 'responded' ELSE 'closed' END AS what,
         1::bigint AS cases, round((random() * 1e6)::numeric, 6) AS seconds,
         round((random() * 1e6)::numeric, 6) AS open_seconds
  FROM generate_series(1, 2000000) AS i;
VACUUM ANALYZE bench.event;
SET search_path = bench, public;

SELECT format($query$
  SELECT count(*), sum(responded_all_50), sum(responded_all_90),
         sum(closed_open_95)
  FROM (%s) AS p
$query$, crmcost._service_percentiles(false)) AS ours \gset
SELECT format($query$
  SELECT count(*), sum(a[1]), sum(a[2]), sum(d[3])
  FROM (SELECT month_start, dimension, code, %s
        FROM bench.event GROUP BY 1, 2, 3) AS p
$query$, string_agg(format(
  'percentile_disc(''{0.5,0.9,0.95}''::float8[]) WITHIN GROUP (ORDER BY %I) FILTER (WHERE what = %L) AS %I',
  measure, what, name), ', ')) AS theirs
  FROM (VALUES ('responded', 'seconds', 'a'), ('responded', 'open_seconds', 'b'),
               ('closed', 'seconds', 'c'), ('closed', 'open_seconds', 'd'))
    AS m (what, measure, name) \gset
SELECT EXISTS (:ours EXCEPT :theirs) AS differ \gset
\if :differ
DO $$ BEGIN RAISE EXCEPTION 'the percentiles are others than those of percentile_disc'; END $$;
\endif
CALL bench.compare('percentiles of 2 M cases', 'percentile_disc', 1, :'ours',
                   :'theirs', 3);
DROP TABLE bench.event;
