-- What install() builds, and what it refuses.
\ir ledger_setup.psql
SELECT no_plan();

-- the contract: tables, and views with the columns that others rely on
SELECT has_table('crm', t, format('table %s', t))
FROM unnest('{setting,reason,cost_category,channel,campaign,tier,
              loyalty_program,allocation_rule,allocation_share,activity_time,
              capacity,fx_rate,plan,customer,sale,cost_entry,interaction,
              loyalty_entry,classification,customer_month,customer_value,
              cost_month,customer_order,cost_pool,tier_threshold,clv_model,
              refresh_run}'::text[]) AS t;

SELECT is_empty(format($$
  SELECT unnest(%L::text[])
  EXCEPT SELECT attname FROM pg_attribute WHERE attrelid = 'crm.%I'::regclass AND attnum > 0
$$, '{' || v.columns || '}', v.name), format('view %s has the columns of the contract', v.name))
FROM (VALUES
  ('cost',
    'cost_id,incurred_on,category_code,bucket,resource,channel_code,campaign_code,customer_id,amount,currency,base_amount'),
  ('cost_by_month', 'month_start,bucket,category_code,channel_code,resource,cost'),
  ('channel_cac',
    'month_start,channel_code,channel_name,media_cost,acquisition_cost,leads,customers,cost_per_lead,media_cac,cac,conversion_rate'),
  ('customer_cost', 'customer_id,month_start,bucket,direct_cost,allocated_cost,total_cost'),
  ('customer_profit', 'customer_id,revenue,margin,total_cost,profit,contribution_share,profit_rank,orders,products'),
  ('whale_curve', 'profit_rank,customer_id,profit,cumulative_profit,cumulative_share'),
  ('customer_rfm', 'customer_id,as_of,recency_days,frequency,monetary,rfm_score,segment'),
  ('customer_clv',
    'customer_id,as_of,historic,clv_formula,clv_predictive,potential,total_value,p_alive,expected_purchases,expected_value'),
  ('customer_tier', 'customer_id,scheme,tier,since,gap_to_next'),
  ('acquisition_balance', 'channel_code,customers,cac,ltv,ltv_cac,payback_months,loses_money'),
  ('data_quality', 'check_name,severity,rows,example')
) AS v (name, columns);
SELECT has_column('crm', 'sale_base', c, format('sale_base.%s', c))
FROM unnest('{sale_id,sold_at,customer_id,base_amount,base_margin}'::text[]) AS c;
SELECT has_view('crm', v, format('view %s', v))
FROM unnest('{customer_360,customer_classification,clv_by_stage,last_refresh}'::text[]) AS v;

SELECT is_empty($$
  SELECT c.oid::regclass
  FROM pg_class c
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'v'
        AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)
$$, 'every view is security_invoker');
SELECT is_empty($$
  SELECT c.oid::regclass, a.attname
  FROM pg_class c
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                              AND NOT a.attisdropped
  WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        AND NOT c.relispartition
        AND (obj_description(c.oid, 'pg_class') IS NULL
             OR col_description(c.oid, a.attnum) IS NULL)
$$, 'every table, view and column has a comment');
SELECT is_empty($$
  SELECT v.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod)
  FROM pg_class v JOIN pg_attribute a ON a.attrelid = v.oid AND a.attnum > 0
  JOIN pg_type t ON t.oid = a.atttypid
  WHERE v.relnamespace = 'crm'::regnamespace AND v.relkind = 'v'
        AND (t.typtype IN ('c', 'r', 'm') OR t.typelem <> 0 AND t.typlen = -1)
$$, 'views have flat scalar columns');
SELECT is_empty($$
  SELECT conrelid::regclass, conname FROM pg_constraint
  WHERE connamespace = 'crm'::regnamespace AND contype = 'f'
        AND confrelid NOT IN (SELECT oid FROM pg_class
                              WHERE relnamespace = 'crm'::regnamespace)
$$, 'no foreign key leaves the schema');
SELECT is((SELECT nspowner::regrole::text FROM pg_namespace
           WHERE nspname = 'crm'), current_user::text,
          'the ledger belongs to the caller');
SELECT is_empty($$
  SELECT objid FROM pg_depend d
  WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
        AND classid = 'pg_class'::regclass
        AND objid IN (SELECT oid FROM pg_class
                      WHERE relnamespace = 'crm'::regnamespace)
$$, 'nothing of the ledger is a member of the extension');

-- seed rows
SELECT results_eq($$
  SELECT bucket FROM cost_category c
  WHERE NOT EXISTS (SELECT FROM cost_category k WHERE k.parent_code = c.code)
  GROUP BY bucket ORDER BY bucket
$$, $$
  VALUES ('acquisition'), ('churn'), ('data'), ('program'), ('retention'),
         ('service'), ('training')
$$, 'A4: each of seven buckets has a seeded leaf');
SELECT throws_ok($$
  INSERT INTO cost_category (code, bucket, resource, name)
  VALUES ('x', 'marketing', 'human', 'x')
$$, '23514', NULL, 'A4: an unknown bucket is rejected');
SELECT is_empty($$
  SELECT c.code FROM cost_category c JOIN cost_category p ON p.code = c.parent_code
  WHERE p.bucket <> c.bucket
$$, 'a seeded category is in the bucket of its parent');
SELECT is_empty($$
  SELECT wanted.code
  FROM unnest('{acq.ads.tv,acq.ads.radio,acq.ads.web,acq.ads.social,
    acq.event.expo,acq.event.promo,acq.event.launch,acq.sales.salary,
    acq.sales.commission,acq.sales.travel,acq.sales.tools,acq.sales.support,
    acq.research,ret.care.salary,ret.care.training,ret.care.tools,
    svc.aftersales,svc.repair,svc.support,svc.order.delivery,
    svc.order.payment,svc.order.marketplace,ret.contact,ret.loyalty.redemption,
    ret.loyalty.discount,ret.loyalty.event,ret.survey.design,
    ret.survey.analysis,ret.survey.staff,chn.analysis.collect,
    chn.analysis.analyse,chn.analysis.interview,chn.offer.discount,
    chn.offer.gift,chn.offer.free_service,chn.reactivate.marketing,
    chn.reactivate.service,data.collect.questionnaire,data.collect.tools,
    data.collect.staff,data.storage.devices,data.storage.service,
    data.analysis.tools,data.analysis.staff,data.maintain,trn.course.service,
    trn.course.communication,trn.course.analysis,trn.material.book,
    trn.material.video,trn.material.online,trn.trainer,prg.tech.hw,
    prg.tech.sw,prg.people.education,prg.people.training,prg.process.change,
    prg.process.knowledge}'::text[]) AS wanted (code)
  LEFT JOIN cost_category c USING (code)
  WHERE c.code IS NULL OR c.name_zh IS NULL
$$, 'A5 to A23, and what orders cost: every leaf of the taxonomy is seeded, with a Chinese name');
SELECT results_eq($$
  SELECT code, service_level FROM tier WHERE scheme = 'abc' ORDER BY rank
$$, $$ VALUES ('A', 'vip'), ('B', 'standard'), ('C', 'basic') $$,
  'C5: A is served as vip, B as standard, C as basic');
SELECT results_eq($$
  SELECT code, bound FROM tier WHERE scheme = 'loyalty' ORDER BY rank
$$, $$ VALUES ('gold', 10000.0), ('silver', 1000.0), ('regular', 0.0) $$,
  'C6: gold, silver and regular customers');
SELECT is_empty($$
  SELECT r, f, m
  FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m
  WHERE NOT EXISTS (SELECT FROM tier t
                    WHERE t.scheme = 'value' AND t.r @> r AND t.f @> f
                          AND t.m @> m)
$$, 'C4: every one of the 125 scores has a value group');
SELECT is((SELECT count(DISTINCT domain) FROM reason), 7::bigint,
          'there are reasons of every domain');
-- whatever the session and the database take strings for
SELECT is_empty($$SELECT part FROM unnest('{tables,seed,views}'::text[]) part
                  WHERE crmcost._ledger_source(part) ~ '[^[:ascii:]]'$$,
                'the script is plain ASCII');
SAVEPOINT strings;
SET LOCAL standard_conforming_strings = off;
SET LOCAL escape_string_warning = off;
CALL crmcost.install('plain', false);
SELECT lives_ok($$UPDATE plain.setting SET value = '0.15' WHERE key = 'discount_rate'$$,
                'strings with backslashes do not change what is built');
SELECT throws_ok($$UPDATE plain.setting SET value = 'x15' WHERE key = 'discount_rate'$$,
                 '23514', NULL, 'nor what is refused');
SELECT is((SELECT count(*) FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
           WHERE c.relnamespace = 'plain'::regnamespace), 0::bigint, 'nor the plain ledger');
SELECT throws_ok($$CALL crmcost.install('pg_mine')$$, '42939', NULL, 'nor the names that are reserved');
SELECT lives_ok($$SELECT crmcost.grant_read('plain', 'pg_read_all_stats')$$, 'nor who may read');
ROLLBACK TO strings;
SELECT results_eq('SELECT check_name, severity, example FROM data_quality WHERE rows <> 0',
  $$ VALUES ('not_refreshed', 'error', 'not refreshed yet: CALL crmcost.refresh(''crm'')') $$,
  'a new ledger has one thing to complain about');

-- what is refused
SELECT throws_ok(format('CALL crmcost.install(%L)', name), code, message, why)
FROM (VALUES
  ('crm', '42P06', 'ledger "crm" is already installed', 'a second install'),
  ('public', '42P06', 'schema "public" already exists', 'a schema that is somebody else''s'),
  ('pg_ledger', '42939', 'ledger must be the name of a new schema, not the reserved "pg_ledger"', 'a system name'),
  ('crmcost', '42939', 'ledger must be the name of a new schema, not the reserved "crmcost"',
    'the schema of the extension'),
  ('information_schema', '42939', NULL, 'the information schema'),
  ('', '42939', NULL, 'an empty name'),
  (NULL, '22004', 'ledger must not be null', 'a null name')
) AS v (name, code, message, why);
SELECT throws_ok($$CALL crmcost.install('other', NULL)$$, '22004',
                 'partitioned must not be null', 'a null flag');
SELECT hasnt_schema('other', 'nothing stays of a refused install');
SELECT throws_ok(call, code, message, call)
FROM (VALUES
  ($$CALL crmcost.ensure_partitions('public', '2024-01-01', '2024-01-01')$$, '3F000',
   'ledger must name a schema made by crmcost.install, not "public"'),
  ($$CALL crmcost.upgrade('nowhere')$$, '3F000',
   'ledger must name a schema made by crmcost.install, not "nowhere"'),
  ($$CALL crmcost.refresh('nowhere')$$, '3F000',
   'ledger must name a schema made by crmcost.install, not "nowhere"'),
  ($$CALL crmcost.refresh(NULL)$$, '22004', 'ledger must not be null'),
  ($$CALL crmcost.refresh('crm', NULL)$$, '22023',
   'as_of must be a finite instant, not null'),
  ($$CALL crmcost.refresh('crm', 'infinity')$$, '22023',
   'as_of must be a finite instant, not infinity')
) AS v (call, code, message);

-- two ledgers in one session, one with a name that needs quotes
CALL crmcost.install('Zweites Buch', false);
SELECT is((SELECT example FROM "Zweites Buch".data_quality WHERE check_name = 'not_refreshed'),
          'not refreshed yet: CALL crmcost.refresh(''Zweites Buch'')', 'it knows its own name');
INSERT INTO customer (source_key, first_seen_at) VALUES ('c', '2024-01-01');
INSERT INTO sale (customer_id, sold_at, amount, currency) SELECT customer_id, '2024-01-05', 3, 'EUR' FROM customer;
INSERT INTO "Zweites Buch".customer (customer_id, source_key, first_seen_at)
VALUES (1, 'z', '2024-01-01');
INSERT INTO "Zweites Buch".sale (customer_id, sold_at, amount, currency)
VALUES (1, '2024-01-05', 7, 'EUR');
CALL crmcost.refresh('crm', '2024-02-01');
CALL crmcost.refresh('Zweites Buch', '2024-02-01');
CALL crmcost.refresh('crm', '2024-02-01');
SELECT is((SELECT rows FROM data_quality WHERE check_name = 'not_refreshed'), 0::bigint,
  'refreshed, it does not complain');
SELECT is((SELECT sum(revenue) FROM crm.customer_profit), 3.0,
          'the first ledger has its own figures');
SELECT is((SELECT sum(revenue) FROM "Zweites Buch".customer_profit), 7.0,
          'and so has the second');
SELECT is_empty($$SELECT FROM pg_inherits WHERE inhparent = '"Zweites Buch".sale'::regclass$$,
                'which has no partitions');
SELECT lives_ok($$CALL crmcost.ensure_partitions('Zweites Buch', '2024-01-01', '2024-01-01')$$,
                'and ensure_partitions has nothing to do there');

-- one rule a category and day, in a database without btree_gist too
SELECT is_empty($$SELECT FROM pg_extension WHERE extname = 'btree_gist'$$, 'btree_gist is not there');
SELECT throws_ok($$
  INSERT INTO allocation_rule (category_code, driver, valid)
  VALUES ('acq', 'orders', '[2024-01-01,2024-06-30]'), ('acq', 'revenue', '[2024-06-30,)')
$$, '23P01', 'conflicting key value violates exclusion constraint "one_rule_a_pool_and_day"',
  'overlapping rules are refused');
SELECT lives_ok($$
  INSERT INTO allocation_rule (category_code, driver, valid)
  VALUES ('acq', 'orders', '[2024-01-01,2024-06-30]'), ('acq', 'revenue', '[2024-07-01,)')
$$, 'and rules one after the other are not');

SELECT throws_ok($$CALL crmcost.install('french', false, 'fr')$$, '22023', 'language must be en or zh, not fr',
  'a language that has no names');
CALL crmcost.install('chinese', false, language => 'zh');
SELECT is((SELECT value FROM chinese.setting WHERE key = 'language'), 'zh', 'a ledger with Chinese names');
SELECT * FROM finish();
ROLLBACK;
