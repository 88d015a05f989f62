-- What a driver must find, one line each, for the role bi:
--   relation|schema|name|kind    tables and views that it may read, no partition
--   rows|schema|view|count
--   value|query|text             sums, to the last digit
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset fieldsep '|'
SELECT 'relation', n.nspname, c.relname, CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('crm', 'months', 'empty') AND c.relkind IN ('r', 'p', 'v')
ORDER BY n.nspname, c.relname;
SELECT format('SELECT %L, %L, %L, count(*) FROM %I.%I', 'rows', n.nspname, c.relname, n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('crm', 'months', 'empty') AND c.relkind = 'v'
ORDER BY n.nspname, c.relname
\gexec
SELECT format('SELECT %L, %L, (%s)::text', 'value', query, query)
FROM (VALUES ('SELECT sum(profit) FROM crm.customer_profit'), ('SELECT sum(total_cost) FROM crm.customer_cost'),
             ('SELECT sum(cumulative_profit) FROM crm.whale_curve_point'),
             ('SELECT 12345678901234567890123456789012.123456')) v (query)
\gexec
