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
  UNION ALL
  SELECT '(schema)', obj_description(ledger::regnamespace, 'pg_namespace')
$$;
CREATE TEMP TABLE english AS SELECT * FROM pg_temp.comments('crm');
SELECT cmp_ok((SELECT count(*) FROM english), '>', 3000::bigint, 'a ledger has comments on tables, views and columns');
SELECT is_empty($$SELECT * FROM english WHERE comment ~ '[^\x01-\x7f]'$$, 'English where nothing else is asked for');

CALL crmcost.install('chinese', language => 'zh');
CALL crmcost.install('months', true, 'zh');
CREATE TEMP TABLE chinese AS SELECT * FROM pg_temp.comments('chinese');
SELECT is_empty($$SELECT * FROM chinese WHERE comment !~ '[\u4e00-\u9fff]' OR comment IS NULL$$,
                'every table, view and column, and the schema, has a Chinese comment');
SELECT set_eq('SELECT object FROM chinese', 'SELECT object FROM english', 'on the same objects');
SELECT set_eq($$SELECT * FROM pg_temp.comments('months')$$, 'SELECT * FROM chinese',
  'with partitions they are the same');
SELECT set_eq($$SELECT * FROM pg_temp.comments('crm')$$, 'SELECT * FROM english',
  'those of an English ledger are what they were');
SELECT results_eq($$
  SELECT object, comment FROM chinese
  WHERE object IN ('fx_rate', 'tier.bound', 'customer_profit.loss', 'channel_cac.cac') ORDER BY object COLLATE "C"
$$, $$ VALUES
  ('channel_cac.cac', '每位获取客户的全部获取成本（获客成本），4 位小数；没有客户，或成本（包括分摊的成本）缺汇率时为 NULL。'),
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
SELECT is_empty(format('SELECT %L WHERE EXISTS (SELECT FROM chinese.%I WHERE name IS NOT NULL AND name_zh IS NULL)', t,
  t),
                format('every seeded name of %s has a Chinese one', t))
FROM (SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = 'chinese'::regnamespace AND c.relkind = 'r' AND a.attname = 'name_zh') AS named (t);

-- a report shows the name of a code beside it; what others build on has codes alone
CREATE TEMP TABLE nameless (view, code) AS
  SELECT c.relname, a.attname FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND a.atttypid = 'text'::regtype AND a.attname !~ '_name$'
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v' AND c.relname NOT IN ('accrued_cost', 'code_below',
          'cost', 'cost_flow', 'counted_category', 'counted_group', 'driver_quantity', 'plan_base', 'plan_segment',
          'profit_part', 'refresh_progress', 'sale_base', 'touch_credit', 'touch_spend')
        AND NOT EXISTS (SELECT FROM pg_attribute n WHERE n.attrelid = c.oid
                        AND n.attname IN (regexp_replace(a.attname, '_code$', '') || '_name', a.attname || '_name'))
        -- an example is told in words, as its sentence is
        AND NOT (a.attname ~ '_because$' AND EXISTS (SELECT FROM pg_attribute n WHERE n.attrelid = c.oid
                                                     AND n.attname = 'because_name'));
SELECT is_empty($$
  SELECT view, code FROM nameless
  WHERE (view, code) NOT IN (('member_uplift', 'code'),        -- its name is the column name
      ('revenue_retention', 'cohort'), ('clv_calibration', 'frequency_class'),   -- figures
      ('channel_rule_change', 'campaign'), ('untagged_touch', 'campaign'))       -- tags of a touch as they came
    AND code NOT IN (
      -- words, which are there in the language of the ledger
      'action', 'check_title', 'definition', 'evidence', 'example', 'name', 'needs', 'next_action', 'product_names',
      'stage_action',
      -- what the owner calls something, which has no other name
      'agent_code', 'aspect', 'case_ref', 'funnel', 'need', 'order_ref', 'owner', 'scenario', 'subtype', 'team',
      'source', 'medium', 'source_key', 'account_source', 'account_key',
      -- codes of ISO 4217, and keys of table setting
      'currency', 'program_currency', 'setting')
$$, 'each column of a report with codes has one with their names beside it');
SELECT cmp_ok((SELECT count(*) FROM nameless), '>', 100::bigint, 'as far as a name could be');
SELECT is_empty($$
  SELECT DISTINCT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v' AND a.atttypid = 'numeric'::regtype
        AND a.attname ~ '(^|_)(amount|budget|cac|cost|liability|margin|monetary|price|profit|revenue|spend|value)$'
        -- what others build on, and what has an example in its words
        AND c.relname NOT IN ('counted_group', 'plan_finding', 'plan_segment', 'profit_part', 'alert', 'kpi')
        AND NOT EXISTS (SELECT FROM pg_attribute n WHERE n.attrelid = c.oid AND n.attname = 'currency')
$$, 'and money its currency');

-- what stands for no code, and for all
SELECT results_eq($$SELECT code, crmcost._named('zh', NULL, NULL, code), crmcost._named('en', NULL, NULL, code)
    FROM unnest('{(all),(unknown),(none),(new),(mine),web}'::text[]) AS code$$,
  $$VALUES ('(all)', '全部', '(all)'), ('(unknown)', '未知', '(unknown)'), ('(none)', '无', '(none)'), ('(new)', '新增', '(new)'),
    ('(mine)', '(mine)', '(mine)'), ('web', 'web', 'web')$$, 'what stands for no code has a name in Chinese, no other code');
SELECT results_eq($$SELECT crmcost._named('zh', name, name_zh, '(all)') FROM (VALUES ('All of it', '所有'), ('All of it', NULL),
    (NULL, NULL)) AS n (name, name_zh)$$, ARRAY['所有', 'All of it', '全部'], 'where no name is told');
CREATE FUNCTION pg_temp.plan_of(view regclass) RETURNS SETOF text LANGUAGE plpgsql AS
  $$BEGIN RETURN QUERY EXECUTE format('EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM %s', view); END$$;
-- but that of a status of kpi, which is worked out in place, in 16 rows
SELECT is_empty($$SELECT c.relname, line FROM pg_class c CROSS JOIN LATERAL pg_temp.plan_of(c.oid) AS line
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v' AND c.relname <> 'kpi' AND line ~ '_named\('$$,
  'a name is no call of a function');

-- sentences of findings
CREATE TEMP TABLE said AS
  SELECT DISTINCT m.word[1] AS code
  FROM (SELECT substring(crmcost._ledger_source('views')
    FROM format('CREATE VIEW %1$s .*COMMENT ON VIEW %1$s ', v.name))
        FROM (VALUES ('data_quality'), ('plan_finding')) AS v (name)
        UNION ALL
        SELECT concat(p.prosrc, pg_get_function_sqlbody(p.oid)) FROM pg_proc p
        WHERE p.pronamespace = 'crmcost'::regnamespace
              AND concat(p.prosrc, pg_get_function_sqlbody(p.oid)) ~ '\ywords\y|_say|\ywhy\y') AS s (source),
       regexp_matches(s.source, $$ARRAY\['+([a-z0-9_]+)'+(?:::text)?[],]$$, 'g') AS m (word);
SELECT cmp_ok((SELECT count(*) FROM said), '>', 50::bigint, 'checks and refresh say what they found by codes');
SELECT is_empty($$SELECT code FROM said WHERE code NOT IN (SELECT code FROM chinese.term WHERE kind = 'finding')$$,
  'each has its sentence');
CREATE FUNCTION pg_temp.places(sentence text) RETURNS text[] LANGUAGE sql AS
  $$SELECT array_agg(DISTINCT m.place[1] ORDER BY m.place[1])
    FROM regexp_matches(sentence, '%[1-9][$]s', 'g') AS m (place)$$;
SELECT is_empty($$
  SELECT code, name, name_zh FROM chinese.term
  WHERE kind = 'finding' AND code !~ '^fit_' AND pg_temp.places(name) IS DISTINCT FROM pg_temp.places(name_zh)
$$, 'which has the same words in both languages');
SELECT is(crmcost._told('zh', 'rules %1$s and %2$s of %3$s', '%3$s 的规则 %1$s 和 %2$s', '{rules_overlap,7,12,svc}'),
  'svc 的规则 7 和 12', 'in its own order');
SELECT is(crmcost._told('zh', 'rules %1$s and %2$s', NULL, '{rules_overlap,7,12,svc}'), 'rules 7 and 12',
  'in English where there is no other');
SELECT is(crmcost._told('en', '%9$s%1$s', NULL, '{one,7}'), '7', 'no wording has too many places');
SELECT is(crmcost._told('zh', NULL, NULL, '{tree,100% of it,a%sb}'), 'tree 100% of it a%sb',
  'without a sentence the words are there');
SELECT is(crmcost._told('zh', '%1$s', '%1$s', '{tree,100% of %1$s}'), '100% of %1$s',
  'and no word is taken for a place');
SELECT is(crmcost._told('zh', NULL, NULL, NULL), NULL, 'nothing is told of nothing');
SELECT throws_ok($$UPDATE chinese.term SET name = '%s changed' WHERE kind = 'finding' AND code = 'touched'$$, '23514',
  NULL, 'places are numbered');
SELECT throws_ok($$UPDATE chinese.term SET name_zh = '100 %' WHERE kind = 'finding' AND code = 'touched'$$, '23514',
  NULL, 'in Chinese, too');
SELECT lives_ok($$UPDATE chinese.term SET name = '%1$s: 100 %%' WHERE kind = 'finding' AND code = 'touched'$$,
  'a sign of percent is written twice');

-- another language
COMMENT ON SCHEMA months IS 'Our own.';
UPDATE months.setting SET value = 'en' WHERE key = 'language';
CALL crmcost.upgrade('months');
SELECT is(obj_description('months'::regnamespace, 'pg_namespace'), 'Our own.',
  'what the owner says of the schema stays');
COMMENT ON TABLE chinese.customer IS 'Our own.';
COMMENT ON COLUMN chinese.sale.amount IS '自己的注释。';
COMMENT ON TABLE crm.customer IS 'Our own.';
UPDATE english SET comment = 'Our own.' WHERE object = 'customer';
UPDATE chinese SET comment = 'Our own.' WHERE object = 'customer';
UPDATE chinese SET comment = '自己的注释。' WHERE object = 'sale.amount';
CALL crmcost.upgrade('crm');
SELECT set_eq($$SELECT * FROM pg_temp.comments('crm')$$, 'SELECT * FROM english',
  'upgrade leaves an English ledger as it is');
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
SELECT results_eq($$SELECT comment FROM pg_temp.comments('chinese') WHERE object LIKE 'customer\_attribute%'
  ORDER BY object COLLATE "C"$$,
  ARRAY['设置 attribute_columns 所列的客户属性，每位客户或潜在客户一行，每个属性一列。', '属性 100%s；客户没有则为 NULL。', '客户。',
        '属性 region；客户没有则为 NULL。'], 'attributes have Chinese comments');
UPDATE chinese.setting SET value = 'en' WHERE key = 'language';
CALL crmcost.upgrade('chinese');
SELECT results_eq($$SELECT comment FROM pg_temp.comments('chinese') WHERE object LIKE 'customer\_attribute.%'
  ORDER BY object COLLATE "C"$$,
  ARRAY['Attribute 100%s; NULL where the customer has none.', 'Customer.',
    'Attribute region; NULL where the customer has none.'],
  'and English ones');

-- what readers see of a ledger that is full: in Chinese, or a code, or what they loaded.  Two words beside each other
-- are English, if no code of table term and no words in Chinese stand for them in the same row.
CREATE FUNCTION pg_temp.english_words(ledger text) RETURNS TABLE (place text, words text) LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
  FOR c IN
    SELECT k.oid::regclass AS relation, format('%s.%s', k.relname, a.attname) AS place, a.attname AS name,
           (SELECT format('AND t.%I IS NULL', z.attname) FROM pg_attribute z
             WHERE z.attrelid = k.oid AND z.attname = a.attname || '_zh') AS untold
    FROM pg_class k JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE k.relnamespace = ledger::regnamespace AND k.relkind IN ('r', 'p', 'v')
      AND a.atttypid IN ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype)
          -- of the facts, and names that are made of codes
          AND a.attname NOT IN ('source', 'order_ref', 'driver', 'driver_key', 'scope')
  LOOP
    RETURN QUERY EXECUTE format($q$
      SELECT %1$L, t.%2$I::text FROM %3$s t
      WHERE t.%2$I::text ~ '[A-Za-z]{2} +[A-Za-z0-9]' AND t.%2$I::text !~ '[\u4e00-\u9fff]'
        AND t.%2$I::text NOT IN (SELECT code FROM %4$I.term) %5$s
    $q$, c.place, c.name, c.relation, ledger, c.untold);
  END LOOP;
END
$$;
\ir random.psql
\ir concordance_ledger.psql
CREATE PROCEDURE pg_temp.refresh_again() LANGUAGE plpgsql AS $$
DECLARE as_of CONSTANT timestamptz := (SELECT r.as_of FROM report r);
BEGIN
  CALL crmcost.refresh('crm', as_of);
END$$;
CALL pg_temp.make_ledger(5);
UPDATE setting SET value = CASE key WHEN 'language' THEN 'zh' ELSE '0' END
  WHERE key IN ('language', 'alert_complaint_rate');
INSERT INTO plan (scenario, kind, measure, channel_code, period, amount, currency) VALUES
  ('default', 'budget', 'cost', 'search', '[2025-01-01,2025-04-01)', 1, 'EUR'),
    ('default', 'budget', 'cost', 'search', '[2025-01-01,2025-04-01)', 1, 'EUR'),
  ('default', 'target', 'revenue', NULL, '[2024-01-01,2026-01-01)', 1, 'EUR'),
    ('default', 'budget', 'cost', 'web', '[2025-01-01,2025-04-01)', 1, 'ZZZ');
INSERT INTO plan (scenario, kind, measure, category_code, period, amount, currency)
  VALUES ('default', 'budget', 'revenue', 'acq', '[2025-01-01,2025-04-01)', 1, 'EUR');
CALL crmcost.upgrade('crm');
CALL pg_temp.refresh_again();
-- what was said on days before stays as it was said
DELETE FROM clv_model WHERE as_of < (SELECT as_of FROM last_refresh);
DELETE FROM worklist WHERE status = 'held';
UPDATE cost_entry SET amount = amount + 1 WHERE customer_id IS NOT NULL;
SELECT is_empty($$SELECT * FROM pg_temp.english_words('crm')$$, 'a Chinese ledger speaks no English');
-- codes of the ledger beside which no name was found
CREATE FUNCTION pg_temp.names_of_codes() RETURNS TABLE (place text, word text) LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
  FOR c IN
    SELECT k.oid::regclass AS relation, a.attname AS name
    FROM pg_class k JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum > 0 AND a.attname LIKE '%\_name'
    WHERE k.relnamespace = 'crm'::regnamespace AND k.relkind = 'v' AND a.attname NOT IN ('check_name', 'role_name')
  LOOP
    RETURN QUERY EXECUTE format('SELECT DISTINCT %L, %I FROM %s WHERE %2$I ~ %L', c.relation || '.' || c.name, c.name, c.relation,
      '^[(]|^[a-z_]+$');
  END LOOP;
END
$$;
SELECT is_empty($$SELECT * FROM pg_temp.names_of_codes()$$, 'and no code where a name belongs');
-- and figures as they are shown
CREATE FUNCTION pg_temp.decimals() RETURNS TABLE (place text, decimals integer) LANGUAGE plpgsql AS $$
DECLARE c record;
BEGIN
  FOR c IN
    SELECT k.oid::regclass AS relation, a.attname AS name, (a.attname !~ '(_rate|share)$')::integer AS is_money
    FROM pg_class k JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum > 0 AND a.atttypid = 'numeric'::regtype
    WHERE k.relnamespace = 'crm'::regnamespace AND k.relkind = 'v'
      AND a.attname ~ '_rate$|(^|_)(share|amount|budget|cac|cost|liability|margin|monetary|price|profit|revenue|spend)$'
      AND a.attname <> 'point_cost' AND k.relname <> 'plan_segment'   -- of a single point; what others build on
      -- what touches are credited sums to the whole of an order, to its last digit; and a ratio named for both sides
      AND (k.relname, a.attname) NOT IN (('campaign_roi', 'revenue'), ('campaign_roi', 'margin'), ('channel_credit', 'margin'),
        ('channel_credit', 'return_on_spend'), ('loyalty_profit', 'return_on_cost'), ('acquisition_balance', 'ltv_cac'),
        ('channel_cac_aligned', 'clv_cac'), ('tier_resource', 'profit_per_cost'))
  LOOP
    RETURN QUERY EXECUTE format('SELECT %1$L, max(scale(%2$I)) FROM %3$s HAVING max(scale(%2$I)) > %4$s', c.relation || '.' || c.name,
      c.name, c.relation, 6 - 2 * c.is_money);
  END LOOP;
END
$$;
SELECT is_empty($$SELECT * FROM pg_temp.decimals()$$, 'no rate has more than six decimals, and no money more than four');
SELECT isnt_empty($$SELECT unit_name FROM cost_driver UNION SELECT measure_name FROM unit_cost$$,
  'there is cost of units');
SELECT is_empty($$SELECT unit_name FROM cost_driver WHERE unit_name ~ '^[a-z]' UNION SELECT measure_name FROM unit_cost
  WHERE measure_name ~ '^[a-z]'$$, 'whose names are Chinese');
SELECT results_eq($$SELECT c.message, example FROM clv_model c, data_quality q
  WHERE c.model = 'closed_form' AND as_of = (SELECT as_of FROM last_refresh)
  AND check_name = 'retention_not_observed'$$,
  $$SELECT sentence, sentence
    FROM (SELECT format('留存率需要两年的订单：以复购客户的比例代替（用以代替 %s）', string_agg(model, ', ' ORDER BY model))
          FROM clv_model WHERE status = 'not_fitted' AND as_of = (SELECT as_of FROM last_refresh)) AS told (sentence)$$,
  'messages of models');
SELECT is(max(message), '有 0 个转化和 0 个其他潜在客户，两者各需至少 100 个', 'of that of leads, too') FROM lead_model;
INSERT INTO allocation_rule (category_code, driver) VALUES ('data', 'attributed');
SELECT is(min(message) FILTER (WHERE check_name = 'category_without_rule' AND category_code = 'chn'), '没有规则涵盖成本类别 chn',
  'and what validate_rules says') FROM crmcost.validate_rules('crm');
-- it would be noticed; what is told changes with the setting, what refresh keeps with the next refresh
UPDATE setting SET value = 'en' WHERE key = 'language';
SELECT set_has($$SELECT place FROM pg_temp.english_words('crm')$$,
  $$VALUES ('data_quality.example'), ('plan_finding.example'), ('readiness.example'), ('kpi.definition'),
  ('readiness.definition'), ('churn_rate.definition'), ('lifecycle_stage.action'), ('tier_gap.next_action'),
    ('customer_360.stage_action')$$, 'in English there is some, in other places, too');
SELECT is_empty($$SELECT * FROM pg_temp.english_words('crm')
  WHERE place IN ('worklist.action', 'clv_model.message', 'lead_model.message')$$,
  'what refresh wrote is still Chinese');
CALL pg_temp.refresh_again();
SELECT set_has($$SELECT place FROM pg_temp.english_words('crm')$$,
  $$VALUES ('worklist.action'), ('clv_model.message'), ('lead_model.message')$$, 'until the next refresh');

SELECT * FROM finish();
ROLLBACK;
