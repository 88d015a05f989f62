-- The same for a ledger that crmcost.install() has built: one row for each thing
-- in its schema that breaks a rule.  No row is a pass.
--
--   psql -X -A -t -v ledger=crm -f test/lint/ledger.sql

WITH relation AS (
    SELECT c.*, c.oid::regclass::text AS name
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = :'ledger' AND NOT c.relispartition
      AND c.relkind IN ('r', 'p', 'v', 'm')
), routine AS (
    SELECT p.*, p.oid::regprocedure::text AS name
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = :'ledger'
), breach (rule, thing) AS (
    SELECT 'relation without a comment', name
    FROM relation
    WHERE obj_description(oid, 'pg_class') IS NULL
    UNION ALL
    SELECT 'column without a comment', r.name || '.' || a.attname
    FROM relation AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
      AND col_description(r.oid, a.attnum) IS NULL
    UNION ALL
    SELECT 'view that does not check the reader''s rights (security_invoker)', name
    FROM relation
    WHERE relkind = 'v'
      AND NOT coalesce(reloptions::text ~ 'security_invoker=(true|on|1|yes)', false)
    UNION ALL
    SELECT 'table without a primary key', name
    FROM relation AS r
    WHERE relkind IN ('r', 'p')
      AND relname <> 'touched'    -- writers do not wait for each other
      AND NOT EXISTS (SELECT FROM pg_constraint AS c
                      WHERE c.conrelid = r.oid AND c.contype = 'p')
    UNION ALL
    SELECT 'customer_id is not the first column', r.name
    FROM relation AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid
    WHERE r.relkind IN ('r', 'p') AND a.attname = 'customer_id' AND a.attnum > 1
      -- version 1 had them so, and a ledger that was upgraded has: rows that are
      -- copied from one to the other by position must not change places
      AND relname NOT IN ('sale', 'cost_entry', 'interaction', 'loyalty_entry')
      AND relname <> 'touched'    -- news of a table, of a customer or of all
    UNION ALL
    SELECT 'money or floating point where amounts must be exact',
           r.name || '.' || a.attname
    FROM relation AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid
    WHERE r.relkind IN ('r', 'p') AND a.attnum > 0
      AND (a.atttypid = 'money'::regtype
           OR (a.atttypid IN ('float4'::regtype, 'float8'::regtype)
               AND a.attname ~ 'amount|cost|revenue|margin|profit|points'))
    UNION ALL
    SELECT 'personal data has no place in a ledger', r.name || '.' || a.attname
    FROM relation AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid
    WHERE a.attnum > 0
      AND a.attname ~ '^(first_name|last_name|full_name|e_?mail|phone|address)'
    UNION ALL
    SELECT 'view column that a dashboard cannot show (array or composite)',
           r.name || '.' || a.attname
    FROM relation AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid
    JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE r.relkind = 'v' AND a.attnum > 0 AND NOT a.attisdropped
      AND (t.typtype = 'c' OR t.typcategory = 'A')
    UNION ALL
    SELECT 'partition in the schema of the ledger', c.oid::regclass::text
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = :'ledger' AND c.relispartition
    UNION ALL
    SELECT 'partition or its schema without a comment', c.oid::regclass::text
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    JOIN relation AS r ON r.oid = i.inhparent
    WHERE obj_description(c.oid, 'pg_class') IS NULL
       OR obj_description(c.relnamespace, 'pg_namespace') IS NULL
    UNION ALL
    SELECT 'SECURITY DEFINER', name FROM routine WHERE prosecdef
)
SELECT rule || ': ' || thing FROM breach ORDER BY 1;
