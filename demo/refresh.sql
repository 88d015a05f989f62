-- Computes the reports as of the first day after the last month of purchases.

\set ON_ERROR_STOP on
SELECT date_trunc('month', max(sold_at) AT TIME ZONE 'America/New_York') + interval '1 month'
         AS last_day FROM crm.sale \gset
CALL crmcost.refresh('crm', :'last_day'::timestamp AT TIME ZONE 'America/New_York');
ANALYZE;
