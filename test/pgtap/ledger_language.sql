-- Comments and names of a ledger in its language.
\set partitioned false
\ir ledger_setup.psql
SELECT no_plan();

CREATE FUNCTION pg_temp.comments(ledger text)
  RETURNS TABLE (object text, comment text) LANGUAGE sql AS $$
  SELECT concat_ws('.', c.relname, a.attname), d.description
  FROM pg_class c
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_description d ON d.classoid = 'pg_class'::regclass AND d.objoid = c.oid AND d.objsubid = a.attnum
  WHERE c.relnamespace = ledger::regnamespace AND c.relkind IN ('r', 'p', 'v')
  UNION ALL
  SELECT c.relname, obj_description(c.oid, 'pg_class')
  FROM pg_class c
  WHERE c.relnamespace = ledger::regnamespace AND c.relkind IN ('r', 'p', 'v')
$$;
CREATE TEMP TABLE english AS SELECT * FROM pg_temp.comments('crm');
SELECT cmp_ok((SELECT count(*) FROM english), '>', 3000::bigint, 'a ledger has comments on tables, views and columns');
SELECT is_empty($$SELECT * FROM english WHERE comment ~ '[^\x01-\x7f]'$$, 'English where nothing else is asked for');

CALL crmcost.install('chinese', language => 'zh');
CALL crmcost.install('months', true, 'zh');
CREATE TEMP TABLE chinese AS SELECT * FROM pg_temp.comments('chinese');
SELECT is_empty($$SELECT * FROM chinese WHERE comment !~ '[\u4e00-\u9fff]' OR comment IS NULL$$,
                'every table, view and column has a Chinese comment');
SELECT set_eq('SELECT object FROM chinese', 'SELECT object FROM english', 'on the same objects');
SELECT set_eq($$SELECT * FROM pg_temp.comments('months')$$, 'SELECT * FROM chinese', 'with partitions they are the same');
SELECT set_eq($$SELECT * FROM pg_temp.comments('crm')$$, 'SELECT * FROM english', 'those of an English ledger are what they were');
SELECT results_eq($$
  SELECT object, comment FROM chinese
  WHERE object IN ('fx_rate', 'tier.bound', 'customer_profit.loss', 'channel_cac.cac') ORDER BY object COLLATE "C"
$$, $$ VALUES
  ('channel_cac.cac', '每位获取客户的全部获取成本（获客成本），4 位小数；没有客户或成本缺汇率时为 NULL。'),
  ('customer_profit.loss', '亏损额：利润为负时取其绝对值，否则为 0。'),
  ('fx_rate', '对本位币的汇率，每个币种和起始日一行。'),
  ('tier.bound', 'cum_share 为该等级所及的累计比例，0 至 1；min_value 为净收入的下限，以本位币计；其他为 NULL。')
$$, 'each its own');

-- from the standard of the hash (FIPS 180-2, appendix B.1)
SELECT is(crmcost._comment_hash('abc'), 'ba7816bf', 'what a translation names its English comment by');
SELECT is_empty($$
  SELECT t.object FROM crmcost._translations() t
  LEFT JOIN english e USING (object)
  WHERE t.object <> 'customer_attribute.*' AND crmcost._comment_hash(e.comment) IS DISTINCT FROM t.english
$$, 'every translation is of the comment that is there');

-- names
SELECT is_empty(format('SELECT %L WHERE EXISTS (SELECT FROM chinese.%I WHERE name IS NOT NULL AND name_zh IS NULL)', t, t),
                format('every seeded name of %s has a Chinese one', t))
FROM (SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = 'chinese'::regnamespace AND c.relkind = 'r' AND a.attname = 'name_zh') AS named (t);

-- another language
COMMENT ON TABLE chinese.customer IS 'Our own.';
COMMENT ON COLUMN chinese.sale.amount IS '自己的注释。';
COMMENT ON TABLE crm.customer IS 'Our own.';
UPDATE english SET comment = 'Our own.' WHERE object = 'customer';
UPDATE chinese SET comment = 'Our own.' WHERE object = 'customer';
UPDATE chinese SET comment = '自己的注释。' WHERE object = 'sale.amount';
CALL crmcost.upgrade('crm');
SELECT set_eq($$SELECT * FROM pg_temp.comments('crm')$$, 'SELECT * FROM english', 'upgrade leaves an English ledger as it is');
CALL crmcost.upgrade('chinese');
SELECT set_eq($$SELECT * FROM pg_temp.comments('chinese')$$, 'SELECT * FROM chinese', 'and a Chinese one');
UPDATE chinese.setting SET value = 'en' WHERE key = 'language';
CALL crmcost.upgrade('chinese');
SELECT set_eq($$SELECT * FROM pg_temp.comments('chinese')$$,
              $$SELECT object, CASE object WHEN 'sale.amount' THEN '自己的注释。' ELSE comment END FROM english$$,
              'after the language was changed upgrade writes the comments in it, but those of our own');
UPDATE chinese.setting SET value = 'zh' WHERE key = 'language';
CALL crmcost.upgrade('chinese');
SELECT set_eq($$SELECT * FROM pg_temp.comments('chinese')$$, 'SELECT * FROM chinese', 'and back');

-- columns that the user names
UPDATE chinese.setting SET value = 'region, 100%s' WHERE key = 'attribute_columns';
CALL crmcost.refresh('chinese', '2024-01-01');
SELECT results_eq($$SELECT comment FROM pg_temp.comments('chinese') WHERE object LIKE 'customer\_attribute%' ORDER BY object COLLATE "C"$$,
  ARRAY['设置 attribute_columns 所列的客户属性，每位客户或潜在客户一行，每个属性一列。', '属性 100%s；客户没有则为 NULL。', '客户。',
        '属性 region；客户没有则为 NULL。'], 'attributes have Chinese comments');
UPDATE chinese.setting SET value = 'en' WHERE key = 'language';
CALL crmcost.upgrade('chinese');
SELECT results_eq($$SELECT comment FROM pg_temp.comments('chinese') WHERE object LIKE 'customer\_attribute.%' ORDER BY object COLLATE "C"$$,
  ARRAY['Attribute 100%s; NULL where the customer has none.', 'Customer.', 'Attribute region; NULL where the customer has none.'],
  'and English ones');

SELECT * FROM finish();
ROLLBACK;
