-- The state types as stored values: text and binary forms, frozen layouts,
-- forged values, storage, many groups.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

-- values of every type: ordinary ones and ones at every edge
CREATE TABLE state (type text, value text);
INSERT INTO state
  SELECT 'rfm', rfm(purchased_at, amount)::text FROM purchase GROUP BY customer_id
  UNION ALL SELECT 'rfm_group', rfm_group(customer_id, purchased_at, amount)::text FROM purchase GROUP BY g
  UNION ALL SELECT 'repeat_purchases', repeat_purchases(purchased_on, amount)::text FROM purchase GROUP BY customer_id
  UNION ALL SELECT 'rfm', rfm(at, amount)::text FROM (VALUES (timestamptz '4714-11-24 00:00:00+00 BC', 5e76), ('294276-12-31 23:59:59.999999+00', -1)) v (at, amount)
  UNION ALL SELECT 'rfm', rfm(at, amount)::text FROM (VALUES (timestamptz '0044-03-15 12:00:00+00 BC', -5.7e76), ('1999-12-31 23:59:59.999999+00', 0)) v (at, amount)
  UNION ALL SELECT 'rfm', rfm('2000-01-01 00:00:00+00', 1e-76)::text
  UNION ALL SELECT 'rfm_group', rfm_group(c, at, amount)::text FROM (VALUES (-9223372036854775808, timestamptz '4714-11-24 00:00:00+00 BC', 1e40), (9223372036854775807, '294276-12-31 23:59:59.999999+00', -1e-30)) v (c, at, amount)
  UNION ALL SELECT 'repeat_purchases', repeat_purchases(d, amount)::text FROM (VALUES (date '4713-01-01 BC', 1e40), ('5874897-12-31', -1e-30), ('0001-01-01', 1), ('0001-12-31 BC', 1)) v (d, amount)
  UNION ALL VALUES ('rfm_population', '(1,2,{-0,0,-0})'), ('rfm_population', '(1,9,{-1.7976931348623157e+308,5e-324,0.1},{-0.30000000000000004,1e+22,-1e-05})'),
    ('value_bag', '(1,-,1,2.50,-3)'), ('value_bag', '(1,0.2,1e60,0.000000000000000000000000000001)'), ('value_bag', '(1,1.0,170141183460469231731687303715884105727)'),
    ('clv_sample', '(1,{0,0,0,5e-324})'), ('clv_sample', '(1,{0,0,4.5,1},{0,0,5,0.1},{2,3.25,10,2.5},{1e+308,0.30000000000000004,1.7976931348623157e+308,1e+22})'),
    ('cac_sums', '(1,0,0)'), ('cac_sums', '(1,-0.01,9223372036854775807)'), ('cac_sums', '(1,57896044618658097711785492504343953926634992332820282019728792003956564819967,1)'),
    ('channel_paths', '(1,markov2,"a","b\"",{000000000001fde9,2},{000000000001fdeb,2},{000000010001fdea,1.5},{000000010001fdeb,0.25},{000000010001fdec,3.25},{0000000200010001,1.75},{000000020001fde9,1.75})'), ('channel_paths', '(1,sum,"x","y",{000100000002fdea,1},{000100000002fdec,-3.50},{000200000001fdea,2},{000200000001fdec,2},{000200000002fdea,1},{000200000002fdec,-3.50})'), ('channel_paths', '(1,rate,"x","y",{000000000002fdea,2},{000000000003fdea,1},{000000000003fdeb,1},{000000000003fdec,3.50})'), ('logit_sample', '(1,0.5,2,{-1,2.5,0},{0,1e+300,1})'),
    ('channel_paths', '(1,markov3,"","\\\\é,{}(")'), ('channel_paths', '(1,sum,"a",{000100000001fdea,57896044618658097711785492504343953926634992332820282019728792003956564819967})'), ('logit_sample', '(1,1e+300,1,{-1.7976931348623157e+308,1},{5e-324,0})'),
    ('survival_counts', '(1,{0,3,1},{2.5,1,0})'), ('survival_counts', '(1,{5e-324,9223372036854775807,0})'), ('survival_counts', '(1,{0.1,1,1},{0.30000000000000004,5,4},{1.7976931348623157e+308,1,1})'),
    ('logrank_sample', '(1,"a","b\"",{0,2,0},{2.5,1,1})'), ('logrank_sample', '(1,"",{0.30000000000000004,1,1})'), ('logrank_sample', '(1,"","\\\\é,{}(",{0,1,0},{0,1,1},{1e+300,2,1},{1e+300,2,1})'),
    ('answer_counts', '(1,0,1,0,0)'), ('answer_counts', '(1,0.30000000000000004,9223372036854775807,5,4)'),
    ('points_entries', '(1,first_expiring,2025-01-01T00:00:00+00:00,{100.50,2024-02-29T10:00:00.000001+00:00,2024-03-01T00:00:00+00:00},{-18446744073709551616.00,2024-03-01T00:00:00+00:00,-})'),
    ('points_entries', '(1,first_earned,lots,0044-03-15T12:00:00+00:00 BC,{0.00,4714-11-24T00:00:00+00:00 BC,-,-,""},{170141183460469231731687303715884105.00,2000-01-01T00:00:00+00:00,294276-12-31T23:59:59.999999+00:00,2000-01-01T00:00:00+00:00,"\\\\é,{}("})'),
    ('cash_flows', '(1,-,{-2451545,-1},{2147483647,5e76})'), ('cash_flows', '(1,-0.9,{0,1.50},{1,-0.75})'), ('cash_flows', '(1,5e-324/1e+300,{3,-57896044618658097711785492504343953926634992332820282019728792003956564819967})');

CREATE FUNCTION pg_temp.read_again(type text, value text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT %L::crmcost.%I::text', value, type) INTO result;
  RETURN result;
END $$;
CREATE FUNCTION pg_temp.wire(type text, value text) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
  result bytea;
BEGIN
  EXECUTE format('SELECT crmcost.%I(%L::crmcost.%I)', type || '_send', value, type) INTO result;
  RETURN result;
END $$;

CREATE TABLE plain AS SELECT type, value, pg_temp.read_again(type, value) AS text, pg_temp.wire(type, value) AS wire FROM state;
SELECT is((SELECT count(*)::int FROM plain WHERE type IN ('rfm', 'rfm_group', 'repeat_purchases', 'cac_sums') AND text <> value), 0, 'what an aggregate writes reads as itself');
SELECT is((SELECT count(*)::int FROM plain WHERE pg_temp.read_again(type, text) <> text), 0, 'text read and written again is the same text');
SELECT is((SELECT count(*)::int FROM plain WHERE pg_temp.wire(type, text) <> wire), 0, 'and the same bytes');
SELECT is((SELECT count(*)::int FROM (SELECT *, row_number() OVER (PARTITION BY type ORDER BY length(text) DESC, text) AS n FROM plain) s
             WHERE n <= 25 AND pg_temp.receive(type, wire) <> text), 0, 'bytes received are the same text, of the longest of each type');
CREATE FUNCTION pg_temp.under(setting text, to_value text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  before text := current_setting(setting);
  wrong int;
BEGIN
  PERFORM set_config(setting, to_value, true);
  SELECT count(*) INTO wrong FROM plain p
    WHERE pg_temp.read_again(type, p.text) <> p.text OR pg_temp.wire(type, p.text) <> p.wire;
  PERFORM set_config(setting, before, true);
  RETURN is(wrong, 0, format('%s = %s changes neither text nor bytes', setting, to_value));
END $$;
SELECT pg_temp.under(setting, value) FROM (VALUES
  ('DateStyle', 'SQL, DMY'), ('DateStyle', 'German'), ('DateStyle', 'Postgres, MDY'), ('DateStyle', 'ISO, YMD'),
  ('TimeZone', 'America/New_York'), ('TimeZone', 'Asia/Kathmandu'), ('TimeZone', 'Etc/GMT+12'),
  ('extra_float_digits', '-15'), ('extra_float_digits', '3'), ('IntervalStyle', 'iso_8601'), ('bytea_output', 'escape'),
  ('timezone_abbreviations', 'India')) v (setting, value);
SELECT is((SELECT count(*)::int FROM (SELECT wire FROM plain WHERE type = 'value_bag' AND value LIKE '%e60%') s WHERE pg_temp.receive('value_bag', wire) IS NULL), 0, 'a bag of wide values is received');
SELECT lives_ok(format('SELECT (%L::value_bag)::text::value_bag', '(1,-,1e' || digits || ')'), format('a value_bag with a number of %s digits reads its own text', digits + 1))
  FROM (VALUES (100), (250), (1000)) v (digits);
SELECT lives_ok(format('SELECT pg_temp.receive(%L, value_bag_send(%L))', 'value_bag', '(1,-,1e' || digits || ')'), format('a value_bag with a number of %s digits is received', digits + 1))
  FROM (VALUES (100), (250)) v (digits);

-- The wire format is read by other servers and by files of COPY BINARY, the
-- format on disk by pg_upgrade: both are frozen.  Decoded by hand: version,
-- scale, instants in microseconds since 2000, 256-bit words from the least.
CREATE TABLE frozen_wire (type text, value text, wire bytea);
INSERT INTO frozen_wire VALUES
  ('rfm', '(1,2024-02-29T10:00:00.000001+00:00,2025-01-01T00:00:00+00:00,3,-1234567890123456789012345678901234567890.25)',
   '\x0100020002b5811750c8010002cd987ed480000000000000000003866aa9176f5fc5df316f5200aa14cbdcfffffffffffffe95ffffffffffffffff'),
  ('rfm_group', '(1,{-2,2024-02-29T10:00:00+00:00,2024-03-01T00:00:00+00:00,4,-1.50},{7,1999-12-31T23:59:59.999999+00:00,2024-03-01T00:00:00+00:00,1,18446744073709551616.00})',
   '\x0100020000000000000002fffffffffffffffe0002b5811750c8000002b58cd363c0000000000000000004ffffffffffffff6affffffffffffffffffffffffffffffffffffffffffffffff0000000000000007ffffffffffffffff0002b58cd363c00000000000000000010000000000000000000000000000006400000000000000000000000000000000'),
  ('repeat_purchases', '(1,10.50,-3.25,1999-12-31,2000-01-01,2024-02-29)',
   '\x010002000000000000041a000000000000000000000000000000000000000000000000fffffffffffffebbffffffffffffffffffffffffffffffffffffffffffffffffffffffff0000000000002279'),
  ('rfm_population', '(1,5,{-30.25,4,99.99},{-0,0,-1e+308})',
   '\x0105c03e40000000000040100000000000004058ff5c28f5c28f80000000000000000000000000000000ffe1ccf385ebc8a0'),
  ('clv_sample', '(1,{0,0,4.5,1},{2,3.25,10,2.5})',
   '\x010000000000000000000000000000000040120000000000003ff00000000000004000000000000000400a00000000000040240000000000004004000000000000'),
  ('value_bag', '(1,0.20,5.25,-1.00,18446744073709551616.00)',
   '\x0128312c302e32302c352e32352c2d312e30302c31383434363734343037333730393535313631362e303029'),
  ('value_bag', '(1,-,5.25,-1000000000000000000000000000000000000000000000000000000000000)',
   '\x0128312c2d2c352e32352c2d3130303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303030303029'),
  ('cac_sums', '(1,-1234.56,9223372036854775807)',
   '\x0100027ffffffffffffffffffffffffffe1dc0ffffffffffffffffffffffffffffffffffffffffffffffff'),
  ('cash_flows', '(1,0.10,{-1,-12.50},{5,18446744073709551616.00})',
   '\x01302e313000ffffffffffffffff0002fffffffffffffb1effffffffffffffffffffffffffffffffffffffffffffffff000000000000000500020000000000000000000000000000006400000000000000000000000000000000'),
  ('cash_flows', '(1,0.1/0.25,{0,-100},{2147483647,144})',
   '\x01302e312f302e32350000000000000000000000ffffffffffffff9cffffffffffffffffffffffffffffffffffffffffffffffff000000007fffffff00000000000000000090000000000000000000000000000000000000000000000000'),
  ('channel_paths', '(1,markov2,"a","b\"",{000000000001fde9,2},{000000000001fdeb,2},{000000010001fdea,1.5},{000000010001fdeb,0.25},{000000010001fdec,3.25},{0000000200010001,1.75},{000000020001fde9,1.75})',
   '\x01020000000261006222000000000000000007000000000001fde900000000000000000002000000000000000000000000000000000000000000000000000000000001fdeb00000000000000000002000000000000000000000000000000000000000000000000000000010001fdea0001000000000000000f000000000000000000000000000000000000000000000000000000010001fdeb00020000000000000019000000000000000000000000000000000000000000000000000000010001fdec000200000000000001450000000000000000000000000000000000000000000000000000000200010001000200000000000000af000000000000000000000000000000000000000000000000000000020001fde9000200000000000000af000000000000000000000000000000000000000000000000'),
  ('channel_paths', '(1,sum,"x","y",{000100000002fdea,1},{000100000002fdec,-3.50},{000200000001fdea,2},{000200000001fdec,2},{000200000002fdea,1},{000200000002fdec,-3.50})',
   '\x010400000002780079000000000000000006000100000002fdea00000000000000000001000000000000000000000000000000000000000000000000000100000002fdec0002fffffffffffffea2ffffffffffffffffffffffffffffffffffffffffffffffff000200000001fdea00000000000000000002000000000000000000000000000000000000000000000000000200000001fdec00000000000000000002000000000000000000000000000000000000000000000000000200000002fdea00000000000000000001000000000000000000000000000000000000000000000000000200000002fdec0002fffffffffffffea2ffffffffffffffffffffffffffffffffffffffffffffffff'),
  ('channel_paths', '(1,rate,"x","y",{000000000002fdea,2},{000000000003fdea,1},{000000000003fdeb,1},{000000000003fdec,3.50})',
   '\x010500000002780079000000000000000004000000000002fdea00000000000000000002000000000000000000000000000000000000000000000000000000000003fdea00000000000000000001000000000000000000000000000000000000000000000000000000000003fdeb00000000000000000001000000000000000000000000000000000000000000000000000000000003fdec0002000000000000015e000000000000000000000000000000000000000000000000'),
  ('logit_sample', '(1,0.5,2,{-1,2.5,0},{0,1e+300,1})',
   '\x013fe00000000000000002bff00000000000004004000000000000000000000000000000000000000000007e37e43c8800759c3ff0000000000000'),
  ('survival_counts', '(1,{0,3,1},{2.5,1,0})',
   '\x01000000000000000000000000000000030000000000000001400400000000000000000000000000010000000000000000'),
  ('logrank_sample', '(1,"a","b\"",{0,2,0},{2.5,1,1})',
   '\x010002610062220000000000000000000002004004000000000000000101'),
  ('answer_counts', '(1,0.95,9223372036854775807,5,4)',
   '\x013fee6666666666667fffffffffffffff00000000000000050000000000000004'),
  ('points_entries', '(1,first_expiring,2025-01-01T00:00:00+00:00,{100.50,2024-02-29T10:00:00.000001+00:00,2024-03-01T00:00:00+00:00},{-18446744073709551616.00,2024-03-01T00:00:00+00:00,-})',
   '\x010000020002cd987ed480000000000000000002000000000000274200000000000000000002b5811750c8010002b58cd363c0000000000000000000ffffffffffffff9c0002b58cd363c0007fffffffffffffff'),
  ('points_entries', '(1,first_earned,lots,2000-01-01T00:00:00+00:00,{7,1999-12-31T23:59:59.999999+00:00,-,2000-01-01T00:00:00+00:00,"o-1"},{-2,2000-01-01T00:00:00+00:00,-,-})',
   '\x010300000000000000000000000000000000000200000000000000070000000000000000ffffffffffffffff7fffffffffffffff0000000000000000016f2d3100fffffffffffffffeffffffffffffffff00000000000000007fffffffffffffff800000000000000000');
SELECT is(pg_temp.receive(type, wire), value, type || ': frozen bytes are received') FROM frozen_wire;
SELECT is(pg_temp.wire(type, value), wire, type || ': frozen bytes are sent') FROM frozen_wire;

-- on disk, after the length: a type of the same shape shows and takes bytes
CREATE TYPE raw;
CREATE FUNCTION raw_in(cstring) RETURNS raw LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION raw_out(raw) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE raw (INPUT = raw_in, OUTPUT = raw_out, INTERNALLENGTH = VARIABLE, ALIGNMENT = double, STORAGE = extended);
DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY array['rfm', 'rfm_group', 'repeat_purchases', 'rfm_population', 'clv_sample', 'value_bag', 'cac_sums', 'cash_flows', 'channel_paths', 'logit_sample', 'survival_counts', 'logrank_sample', 'answer_counts', 'points_entries'] LOOP
    EXECUTE format('CREATE CAST (%s AS raw) WITHOUT FUNCTION', t);
    EXECUTE format('CREATE CAST (raw AS %s) WITHOUT FUNCTION', t);
  END LOOP;
END $$;
CREATE FUNCTION pg_temp.from_disk(type text, bytes text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT (%L::raw)::%s::text', bytes, type) INTO result;
  RETURN result;
END $$;
CREATE FUNCTION pg_temp.to_disk(type text, value text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE format('SELECT (%L::%s)::raw::text', value, type) INTO result;
  RETURN result;
END $$;
CREATE TABLE frozen_disk (type text, value text, disk text);
INSERT INTO frozen_disk VALUES
  ('rfm', '(1,2024-02-29T10:00:00.000001+00:00,2025-01-01T00:00:00+00:00,3,-1234567890123456789012345678901234567890.25)',
   '\x0100020001c8501781b502000080d47e98cd02000300000000000000dfc55f6f17a96a86dccb14aa00526f3195feffffffffffffffffffffffffffff'),
  ('rfm_group', '(1,{-2,2024-02-29T10:00:00+00:00,2024-03-01T00:00:00+00:00,4,-1.50},{7,1999-12-31T23:59:59.999999+00:00,2024-03-01T00:00:00+00:00,1,18446744073709551616.00})',
   '\x01000200c000000000000000020000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000feffffffffffffff00c8501781b5020000c063d38cb5020004000000000000006affffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0700000000000000ffffffffffffffff00c063d38cb5020001000000000000000000000000000000640000000000000000000000000000000000000000000000'),
  ('repeat_purchases', '(1,10.50,-3.25,1999-12-31,2000-01-01,2024-02-29)',
   '\x010002006c0000000000000003000000030000001a04000000000000000000000000000000000000000000000000000000000000bbfeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff79220000ffffffff0000000079220000'),
  ('rfm_population', '(1,5,{-30.25,4,99.99},{-0,0,-1e+308})',
   '\x010000005000000000000000020000000000000005000000000000000000000000403ec000000000000010408fc2f5285cff584000000000000000800000000000000000a0c8eb85f3cce1ff'),
  ('clv_sample', '(1,{0,0,4.5,1},{2,3.25,10,2.5})',
   '\x010000008000000000000000020000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001240000000000000f03f00000000000000400000000000000a4000000000000024400000000000000440'),
  ('value_bag', '(1,0.20,5.25,-1.00,18446744073709551616.00)',
   '\x01020200600000000000000003000000000000001400000000000000000000000000000002000000000000000d0200000000000000000000000000009cffffffffffffffffffffffffffffff000000000000000064000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'),
  ('value_bag', '(1,-,5.25,-1000000000000000000000000000000000000000000000000000000000000)',
   '\x01010200440000000000000002000000000000000000000000000000000000000000000000000000000000002800000000810500c4090000200000000fa00100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'),
  ('cac_sums', '(1,-1234.56,9223372036854775807)',
   '\x01000200ffffffffffffff7fc01dfeffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'),
  ('cash_flows', '(1,0.10,{-1,-12.50},{5,18446744073709551616.00})',
   '\x01010000a0000000000000000200000000000000000000000000000000000000000000000a0000000000000000000000000000000200000000000000ffffffffffffffff1efbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0200000000000000050000000000000000000000000000006400000000000000000000000000000000000000000000000200000000000000'),
  ('cash_flows', '(1,0.1/0.25,{0,-100},{2147483647,144})',
   '\x01020000a0000000000000000200000000000000000000000000000000000000000000009a9999999999b93f000000000000d03f000000000000000000000000000000009cffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0000000000000000ffffff7f0000000090000000000000000000000000000000000000000000000000000000000000000000000000000000'),
  ('channel_paths', '(1,markov2,"a","b\"",{000000000001fde9,2},{000000000001fdeb,2},{000000010001fdea,1.5},{000000010001fdeb,0.25},{000000010001fdec,3.25},{0000000200010001,1.75},{000000020001fde9,1.75})',
   '\x01020000a801000000000000070000000000000007000000000000000200000002000000030000000000000008000000000000000000000000000000e9fd01000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000ebfd01000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000eafd0100010000000f000000000000000000000000000000000000000000000000000000000000000100000000000000ebfd01000100000019000000000000000000000000000000000000000000000000000000000000000200000000000000ecfd010001000000450100000000000000000000000000000000000000000000000000000000000002000000000000000100010002000000af000000000000000000000000000000000000000000000000000000000000000200000000000000e9fd010002000000af000000000000000000000000000000000000000000000000000000000000000200000000000000000000000100000001000000020000006162220000000000'),
  ('channel_paths', '(1,sum,"x","y",{000100000002fdea,1},{000100000002fdec,-3.50},{000200000001fdea,2},{000200000001fdec,2},{000200000002fdea,1},{000200000002fdec,-3.50})',
   '\x010400007801000000000000060000000000000006000000000000000200000002000000020000000000000008000000000000000000000000000000eafd02000000010001000000000000000000000000000000000000000000000000000000000000000000000000000000ecfd020000000100a2feffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0200000000000000eafd01000000020002000000000000000000000000000000000000000000000000000000000000000000000000000000ecfd01000000020002000000000000000000000000000000000000000000000000000000000000000000000000000000eafd02000000020001000000000000000000000000000000000000000000000000000000000000000000000000000000ecfd020000000200a2feffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0200000000000000000000000100000001000000010000007879000000000000'),
  ('channel_paths', '(1,rate,"x","y",{000000000002fdea,2},{000000000003fdea,1},{000000000003fdeb,1},{000000000003fdec,3.50})',
   '\x010500001801000000000000040000000000000004000000000000000200000002000000020000000000000008000000000000000000000000000000eafd02000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000eafd03000000000001000000000000000000000000000000000000000000000000000000000000000000000000000000ebfd03000000000001000000000000000000000000000000000000000000000000000000000000000000000000000000ecfd0300000000005e010000000000000000000000000000000000000000000000000000000000000200000000000000000000000100000001000000010000007879000000000000'),
  ('logit_sample', '(1,0.5,2,{-1,2.5,0},{0,1e+300,1})',
   '\x0100000058000000000000000200000000000000000000000000e03f0200000000000000000000000000f0bf0000000000000440000000000000000000000000000000009c7500883ce4377e000000000000f03f'),
  ('survival_counts', '(1,{0,3,1},{2.5,1,0})',
   '\x010000007000000000000000020000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003000000000000000100000000000000000000000000044001000000000000000000000000000000'),
  ('logrank_sample', '(1,"a","b\"",{0,2,0},{2.5,1,1})',
   '\x010000007000000000000000020000000000000002000000020000000300000008000000000000000100000000000000000000000100000002000000010000000000000061622200000000000000000000000000020000000000000000000000000004400100000000000000'),
  ('answer_counts', '(1,0.95,9223372036854775807,5,4)',
   '\x01000000ffffffffffffff7f05000000000000000400000000000000666666666666ee3f'),
  ('points_entries', '(1,first_expiring,2025-01-01T00:00:00+00:00,{100.50,2024-02-29T10:00:00.000001+00:00,2024-03-01T00:00:00+00:00},{-18446744073709551616.00,2024-03-01T00:00:00+00:00,-})',
   '\x01000200600000000000000002000000000000000080d47e98cd02004227000000000000000000000000000001c8501781b5020000c063d38cb5020000000000000000009cffffffffffffff00c063d38cb50200ffffffffffffff7f'),
  ('points_entries', '(1,first_earned,lots,2000-01-01T00:00:00+00:00,{7,1999-12-31T23:59:59.999999+00:00,-,2000-01-01T00:00:00+00:00,"o-1"},{-2,2000-01-01T00:00:00+00:00,-,-})',
   '\x0103000088000000000000000200000000000000000000000000000007000000000000000000000000000000ffffffffffffffffffffffffffffff7f000000000000000003000000000000006f2d310000000000feffffffffffffffffffffffffffffff0000000000000000ffffffffffffff7f0000000000000080ffffffff00000000');
SELECT CASE WHEN little_endian THEN is(pg_temp.from_disk(type, disk), value, type || ': a frozen value on disk is read')
    ELSE skip(type || ': the frozen values are of a little-endian machine') END
  FROM frozen_disk, (SELECT pg_temp.to_disk('cac_sums', '(1,1.00,1)') LIKE '\\x01000200%' AS little_endian) e;
SELECT CASE WHEN little_endian THEN is(pg_temp.to_disk(type, value), disk, type || ': and written the same')
    ELSE skip(type || ': the frozen values are of a little-endian machine') END
  FROM frozen_disk, (SELECT pg_temp.to_disk('cac_sums', '(1,1.00,1)') LIKE '\\x01000200%' AS little_endian) e;

-- forged text
SELECT pg_temp.errors(format('SELECT %L::%s', value, type), code, message) FROM (VALUES
  ('rfm', '', '22P02', 'invalid value for type rfm: "(" expected at ""'),
  ('rfm', 'x', '22P02', 'invalid value for type rfm: "(" expected at "x"'),
  ('rfm', '(', '22P02', 'invalid value for type rfm: field expected at ""'),
  ('rfm', '(1', '22P02', 'invalid value for type rfm: field expected at "1"'),
  ('rfm', '(2,@,@,1,1)', '22P02', 'invalid value for type rfm: version must be 1, not 2'),
  ('rfm', '(0,@,@,1,1)', '22P02', 'invalid value for type rfm: version must be 1, not 0'),
  ('rfm', '(257,@,@,1,1)', '22P02', 'invalid value for type rfm: version must be 1, not 257'),
  ('rfm', '(1,@,@,0,1)', '22P02', 'invalid value for type rfm: frequency must be at least 1'),
  ('rfm', '(1,@,@,-1,1)', '22P02', 'invalid value for type rfm: frequency must be at least 1'),
  ('rfm', '(1,@,@,1.5,1)', '22P02', 'invalid input syntax for type bigint: "1.5"'),
  ('rfm', '(1,@,@,9223372036854775808,1)', '22003', 'value "9223372036854775808" is out of range for type bigint'),
  ('rfm', '(1,2024-01-02T00:00:00+00:00,@,1,1)', '22P02', 'invalid value for type rfm: first_at must not be after last_at'),
  ('rfm', '(1,@,@,1,1) ', '22P02', 'invalid value for type rfm: text after the closing parenthesis'),
  ('rfm', '(1,@,@,1,1)x', '22P02', 'invalid value for type rfm: text after the closing parenthesis'),
  ('rfm', '(1,@,@,1,1', '22P02', 'invalid value for type rfm: field expected at "1"'),
  ('rfm', '(1,@,@,1)', '22P02', 'invalid value for type rfm: field expected at "1)"'),
  ('rfm', '(1,@,@,1,1,1)', '22P02', 'invalid input syntax for type numeric: "1,1"'),
  ('rfm', '(1,@,@,1,)', '22P02', 'invalid value for type rfm: field expected at ")"'),
  ('rfm', '(1,@,@,1,NaN)', '22023', 'monetary must be finite, not NaN'),
  ('rfm', '(1,@,@,1,-Infinity)', '22023', 'monetary must be finite, not -Infinity'),
  ('rfm', '(1,@,@,1,1e77)', '22003', 'monetary must sum to at most 76 digits'),
  ('rfm', '(1,now,@,1,1)', '22P02', 'invalid value for type rfm: "now" is not an instant'),
  ('rfm', '(1,@,tomorrow,1,1)', '22P02', 'invalid value for type rfm: "tomorrow" is not an instant'),
  ('rfm', '(1,epoch,@,1,1)', '22P02', 'invalid value for type rfm: "epoch" is not an instant'),
  ('rfm', '(1,@,infinity,1,1)', '22P02', 'invalid value for type rfm: "infinity" is not an instant'),
  ('rfm', '(1,-infinity,@,1,1)', '22P02', 'invalid value for type rfm: "-infinity" is not an instant'),
  ('rfm', '(1,2024-01-01,@,1,1)', '22P02', 'invalid value for type rfm: "2024-01-01" is not an instant'),
  ('rfm', '(1,2024-01-01T00:00:00+01:00,@,1,1)', '22P02', 'invalid value for type rfm: "2024-01-01T00:00:00+01:00" is not an instant'),
  ('rfm', '(1,2024-01-01T00:00:00 Europe/Berlin,@,1,1)', '22P02', 'invalid value for type rfm: "2024-01-01T00:00:00 Europe/Berlin" is not an instant'),
  ('rfm', '(1,2024-13-01T00:00:00+00:00,@,1,1)', '22008', 'date/time field value out of range: "2024-13-01T00:00:00+00:00"'),
  ('rfm', '(1,@,294277-01-01T00:00:00+00:00,1,1)', '22008', 'timestamp out of range: "294277-01-01T00:00:00+00:00"'),
  ('rfm', '(' || repeat('1', 300) || ',)', '22003', 'value "' || repeat('1', 300) || '" is out of range for type bigint'),
  ('rfm_group', '()', '22P02', 'invalid value for type rfm_group: number of customers out of range'),
  ('rfm_group', '(1)', '22P02', 'invalid value for type rfm_group: number of customers out of range'),
  ('rfm_group', '(1,{})', '22P02', 'invalid value for type rfm_group: field expected at "})"'),
  ('rfm_group', '(2,{1,@,@,1,1})', '22P02', 'invalid value for type rfm_group: version must be 1, not 2'),
  ('rfm_group', '(1,{1,@,@,0,1})', '22P02', 'invalid value for type rfm_group: frequency must be at least 1'),
  ('rfm_group', '(1,{1,2024-01-02T00:00:00+00:00,@,1,1})', '22P02', 'invalid value for type rfm_group: first_at must not be after last_at'),
  ('rfm_group', '(1,{2,@,@,1,1},{1,@,@,1,1})', '22P02', 'invalid value for type rfm_group: customers must be in order of customer_id'),
  ('rfm_group', '(1,{2,@,@,1,1},{2,@,@,1,1})', '22P02', 'invalid value for type rfm_group: customers must be in order of customer_id'),
  ('rfm_group', '(1,{2,@,@,1,1},{3,@,@,1,1.0})', '22P02', 'invalid value for type rfm_group: sums must have the same number of decimals'),
  ('rfm_group', '(1,{9223372036854775808,@,@,1,1})', '22003', 'value "9223372036854775808" is out of range for type bigint'),
  ('rfm_group', '(1,{2,@,now,1,1})', '22P02', 'invalid value for type rfm_group: "now" is not an instant'),
  ('rfm_group', '(1,{2,@,@,1,1})x', '22P02', 'invalid value for type rfm_group: text after the closing parenthesis'),
  ('rfm_group', '(1,{2,@,@,1,1}', '22P02', 'invalid value for type rfm_group: ")" expected at ""'),
  ('rfm_group', '(1,{2,@,@,1,1},)', '22P02', 'invalid value for type rfm_group: ")" expected at ",)"'),
  ('rfm_group', repeat('{', 100000), '22P02', 'invalid value for type rfm_group: "(" expected at "{{{{{{{{{{{{{{{{{{{{"'),
  ('repeat_purchases', '(1,1,1)', '22P02', 'invalid value for type repeat_purchases: field expected at "1)"'),
  ('repeat_purchases', '(1,1,1,)', '22P02', 'invalid value for type repeat_purchases: field expected at ")"'),
  ('repeat_purchases', '(2,1,1,2024-01-01)', '22P02', 'invalid value for type repeat_purchases: version must be 1, not 2'),
  ('repeat_purchases', '(1,1,1,2024-01-02,2024-01-01)', '22P02', 'invalid value for type repeat_purchases: days must be dates in ascending order'),
  ('repeat_purchases', '(1,1,1,2024-01-01,2024-01-01)', '22P02', 'invalid value for type repeat_purchases: days must be dates in ascending order'),
  ('repeat_purchases', '(1,1,1.0,2024-01-01)', '22P02', 'invalid value for type repeat_purchases: sums must have the same number of decimals'),
  ('repeat_purchases', '(1,NaN,1,2024-01-01)', '22023', 'amount must be finite, not NaN'),
  ('repeat_purchases', '(1,1,1,today)', '22P02', 'invalid value for type repeat_purchases: "today" is not a date'),
  ('repeat_purchases', '(1,1,1,infinity)', '22P02', 'invalid value for type repeat_purchases: "infinity" is not a date'),
  ('repeat_purchases', '(1,1,1,2024-02-30)', '22008', 'date/time field value out of range: "2024-02-30"'),
  ('repeat_purchases', '(1,1,1,5874898-01-01)', '22008', 'date out of range: "5874898-01-01"'),
  ('repeat_purchases', '(1,1,1,2024-01-01', '22P02', 'invalid value for type repeat_purchases: field expected at "2024-01-01"'),
  ('repeat_purchases', '(1,1,1,2024-01-01)x', '22P02', 'invalid value for type repeat_purchases: text after the closing parenthesis'),
  ('rfm_population', '(1,5)', '22P02', 'invalid value for type rfm_population: number of customers out of range'),
  ('rfm_population', '(1,1,{-1,1,1})', '22P02', 'invalid value for type rfm_population: bins out of range'),
  ('rfm_population', '(1,10,{-1,1,1})', '22P02', 'invalid value for type rfm_population: bins out of range'),
  ('rfm_population', '(1,4294967301,{-1,1,1})', '22P02', 'invalid value for type rfm_population: bins out of range'),
  ('rfm_population', '(1,-4294967291,{-1,1,1})', '22P02', 'invalid value for type rfm_population: bins out of range'),
  ('rfm_population', '(2,5,{-1,1,1})', '22P02', 'invalid value for type rfm_population: version must be 1, not 2'),
  ('rfm_population', '(1,5,{NaN,1,1})', '22023', 'recency_days must be finite, not NaN'),
  ('rfm_population', '(1,5,{-1,Infinity,1})', '22023', 'frequency must be finite, not Infinity'),
  ('rfm_population', '(1,5,{-1,1})', '22P02', 'invalid value for type rfm_population: field expected at "1})"'),
  ('rfm_population', '(1,5,{-1,1e400,1})', '22003', '"1e400" is out of range for type double precision'),
  ('rfm_population', '(1,5,{{{', '22P02', 'invalid value for type rfm_population: field expected at "{{"'),
  ('clv_sample', '(1)', '22P02', 'invalid value for type clv_sample: number of rows out of range'),
  ('clv_sample', '(2,{0,0,4.5,1})', '22P02', 'invalid value for type clv_sample: version must be 1, not 2'),
  ('clv_sample', '(1,{0,0,4.5})', '22P02', 'invalid value for type clv_sample: field expected at "4.5})"'),
  ('clv_sample', '(1,{0,0,4.5,1,1})', '22P02', 'invalid input syntax for type double precision: "1,1"'),
  ('clv_sample', '(1,{0,0,4.5,0})', '22P02', 'invalid value for type clv_sample: weight must be finite and positive'),
  ('clv_sample', '(1,{0,0,4.5,NaN})', '22P02', 'invalid value for type clv_sample: weight must be finite and positive'),
  ('clv_sample', '(1,{0,0,4.5,Infinity})', '22P02', 'invalid value for type clv_sample: weight must be finite and positive'),
  ('clv_sample', '(1,{0,0,-4.5,1})', '22P02', 'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', '(1,{0,-0,4.5,1})', '22P02', 'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', '(1,{0,NaN,4.5,1})', '22P02', 'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', '(1,{Infinity,0,4.5,1})', '22P02', 'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', '(1,{1e400,0,4.5,1})', '22003', '"1e400" is out of range for type double precision'),
  ('clv_sample', '(1,{1,0,4.5,1},{0,3,5,1})', '22P02', 'invalid value for type clv_sample: customers must be in order of their values'),
  ('clv_sample', '(1,{1,0,4.5,1},{1,0,4.5,2})', '22P02', 'invalid value for type clv_sample: customers must be in order of their values'),
  ('clv_sample', '(1,{0,0,4.5,1})x', '22P02', 'invalid value for type clv_sample: text after the closing parenthesis'),
  ('clv_sample', '(1,{0,0,4.5,1}', '22P02', 'invalid value for type clv_sample: ")" expected at ""'),
  ('clv_sample', repeat('{', 100000), '22P02', 'invalid value for type clv_sample: "(" expected at "{{{{{{{{{{{{{{{{{{{{"'),
  ('value_bag', '(1,-)', '22P02', 'invalid value for type value_bag: at least one value expected'),
  ('value_bag', '(1,-,)', '22P02', 'invalid value for type value_bag: field expected at ")"'),
  ('value_bag', '(2,-,1)', '22P02', 'invalid value for type value_bag: version must be 1, not 2'),
  ('value_bag', '(1,NaN,1)', '22023', 'fraction must be finite, not NaN'),
  ('value_bag', '(1,2,1)', '22023', 'fraction must be between 0 and 1 with at most 37 decimals, not 2'),
  ('value_bag', '(1,-,NaN)', '22023', 'value must be finite, not NaN'),
  ('value_bag', '(1,-,1)x', '22P02', 'invalid value for type value_bag: text after the closing parenthesis'),
  ('cac_sums', '(1,1)', '22P02', 'invalid value for type cac_sums: field expected at "1)"'),
  ('cac_sums', '(1,1,-1)', '22P02', 'invalid value for type cac_sums: customers must not be negative'),
  ('cac_sums', '(1,NaN,1)', '22023', 'cost must be finite, not NaN'),
  ('cac_sums', '(2,1,1)', '22P02', 'invalid value for type cac_sums: version must be 1, not 2'),
  ('cac_sums', '(1,1,1)x', '22P02', 'invalid value for type cac_sums: text after the closing parenthesis'),
  ('cac_sums', '(1,1,9223372036854775808)', '22003', 'value "9223372036854775808" is out of range for type bigint'),
  ('cash_flows', '(1,-)', '22P02', 'invalid value for type cash_flows: number of flows out of range'),
  ('cash_flows', '(2,-,{0,1})', '22P02', 'invalid value for type cash_flows: version must be 1, not 2'),
  ('cash_flows', '(1,{0,1})', '22P02', 'invalid input syntax for type numeric: "{0"'),
  ('cash_flows', '(1,-,{0})', '22P02', 'invalid value for type cash_flows: field expected at "0})"'),
  ('cash_flows', '(1,-,{2147483648,1})', '22P02', 'invalid value for type cash_flows: period or day out of range'),
  ('cash_flows', '(1,-,{-2147483649,1},{0,1})', '22P02', 'invalid value for type cash_flows: period or day out of range'),
  ('cash_flows', '(1,NaN,{0,1})', '22023', 'rate must be finite, not NaN'),
  ('cash_flows', '(1,0.1/NaN,{0,1})', '22023', 'reinvest_rate must be finite, not NaN'),
  ('cash_flows', '(1,-1/0,{0,1})', '22023', 'finance_rate must be greater than -1, not -1'),
  ('cash_flows', '(1,0/0/0,{0,1})', '22P02', 'invalid input syntax for type double precision: "0/0"'),
  ('cash_flows', '(1,-,{0,1})x', '22P02', 'invalid value for type cash_flows: text after the closing parenthesis'),
  ('cash_flows', '(1,-,{0,1}', '22P02', 'invalid value for type cash_flows: ")" expected at ""'),
  ('channel_paths', '(1)', '22P02', 'invalid value for type channel_paths: "," expected at ")"'),
  ('channel_paths', '(2,sum,"a")', '22P02', 'invalid value for type channel_paths: version must be 1, not 2'),
  ('channel_paths', '(1,gold,"a")', '22P02', 'invalid value for type channel_paths: kind must be markov1, markov2, markov3, sum or rate'),
  ('channel_paths', '(1,sum)', '22P02', 'invalid value for type channel_paths: number of channels out of range'),
  ('channel_paths', '(1,sum,"b","a")', '22P02', 'invalid value for type channel_paths: channels must be in order of their names'),
  ('channel_paths', '(1,sum,"a","a")', '22P02', 'invalid value for type channel_paths: channels must be in order of their names'),
  ('channel_paths', '(1,sum,"a)', '22P02', 'invalid value for type channel_paths: name without an end'),
  ('channel_paths', '(1,sum,"a",{1,2})', '22P02', 'invalid value for type channel_paths: key must have 16 hexadecimal digits'),
  ('channel_paths', '(1,sum,"a",{000200000001fdea,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,sum,"a",{000100000000fdea,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,sum,"a",{000100000001fdeb,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,rate,"a",{000000000002fdea,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,rate,"a",{000000000000fdea,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov1,"a",{000000010001fdea,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov2,"a",{000000000001fded,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov1,"a",{0000000000010001,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov2,"a","b",{0000000000010002,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov3,"a",{000100000001fde9,1})', '22P02', 'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,sum,"a","b",{000100000002fdea,1})', '22P02', 'invalid value for type channel_paths: sums must be those of whole paths'),
  ('channel_paths', '(1,sum,"a",{000100000001fdea,-1})', '22P02', 'invalid value for type channel_paths: sums must not be negative'),
  ('channel_paths', '(1,sum,"a",{000100000001fdea,1},{000100000001fdea,1})', '22P02', 'invalid value for type channel_paths: sums must be in order of their keys'),
  ('channel_paths', '(1,markov1,"a",{000000000001fde9,1})', '22P02', 'invalid value for type channel_paths: as many paths must leave channels as come to them'),
  ('channel_paths', '(1,markov1,"a","b",{0000000000010002,1},{000000000001fde9,1})', '22P02', 'invalid value for type channel_paths: a step must lead to channels of a path'),
  ('channel_paths', '(1,markov1,"a",{000000000001fde9,1},{000000000001fdeb,1},{000000000001fdec,5})', '22P02', 'invalid value for type channel_paths: value must come with conversions'),
  ('channel_paths', '(1,markov1,"a",{000000000001fde9,0})', '22P02', 'invalid value for type channel_paths: sums of steps must be positive'),
  ('channel_paths', '(1,sum,"a")x', '22P02', 'invalid value for type channel_paths: text after the closing parenthesis'),
  ('channel_paths', '(1,sum,"a"', '22P02', 'invalid value for type channel_paths: ")" expected at ""'),
  ('channel_paths', '(1,sum,"a",{000100000001fdea,NaN})', '22023', 'conversions must be finite, not NaN'),
  ('logit_sample', '(1,0)', '22P02', 'invalid value for type logit_sample: field expected at "0)"'),
  ('logit_sample', '(1,0,1)', '22P02', 'invalid value for type logit_sample: number of rows out of range'),
  ('logit_sample', '(1,-1,1,{0,1})', '22P02', 'invalid value for type logit_sample: ridge must be finite and not negative'),
  ('logit_sample', '(1,NaN,1,{0,1})', '22P02', 'invalid value for type logit_sample: ridge must be finite and not negative'),
  ('logit_sample', '(1,0,0,{1})', '22P02', 'invalid value for type logit_sample: number of features out of range'),
  ('logit_sample', '(1,0,257,{1})', '22P02', 'invalid value for type logit_sample: number of features out of range'),
  ('logit_sample', '(1,0,1,{NaN,1})', '22P02', 'invalid value for type logit_sample: features must be finite'),
  ('logit_sample', '(1,0,1,{Infinity,1})', '22P02', 'invalid value for type logit_sample: features must be finite'),
  ('logit_sample', '(1,0,1,{0,2})', '22P02', 'invalid value for type logit_sample: label must be 0 or 1'),
  ('logit_sample', '(1,0,1,{0,NaN})', '22P02', 'invalid value for type logit_sample: label must be 0 or 1'),
  ('logit_sample', '(1,0,1,{0})', '22P02', 'invalid value for type logit_sample: field expected at "0})"'),
  ('logit_sample', '(1,0,1,{0,1})x', '22P02', 'invalid value for type logit_sample: text after the closing parenthesis'),
  ('logit_sample', '(1,0,1,{0,1}', '22P02', 'invalid value for type logit_sample: ")" expected at ""'),
  ('survival_counts', '(1)', '22P02', 'invalid value for type survival_counts: number of durations out of range'),
  ('survival_counts', '(2,{1,1,1})', '22P02', 'invalid value for type survival_counts: version must be 1, not 2'),
  ('survival_counts', '(1,{-1,1,1})', '22P02', 'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', '(1,{-0,1,1})', '22P02', 'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', '(1,{NaN,1,1})', '22P02', 'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', '(1,{Infinity,1,1})', '22P02', 'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', '(1,{1,1,2})', '22P02', 'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', '(1,{1,0,0})', '22P02', 'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', '(1,{1,1,-1})', '22P02', 'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', '(1,{2,1,1},{1,1,1})', '22P02', 'invalid value for type survival_counts: durations must be in ascending order'),
  ('survival_counts', '(1,{1,1,1},{1,1,1})', '22P02', 'invalid value for type survival_counts: durations must be in ascending order'),
  ('survival_counts', '(1,{1,1,1})x', '22P02', 'invalid value for type survival_counts: text after the closing parenthesis'),
  ('survival_counts', '(1,{1,1,1}', '22P02', 'invalid value for type survival_counts: ")" expected at ""'),
  ('logrank_sample', '(1)', '22P02', 'invalid value for type logrank_sample: number of groups out of range'),
  ('logrank_sample', '(1,"a")', '22P02', 'invalid value for type logrank_sample: number of rows out of range'),
  ('logrank_sample', '(2,"a",{1,1,1})', '22P02', 'invalid value for type logrank_sample: version must be 1, not 2'),
  ('logrank_sample', '(1,{1,1,1})', '22P02', 'invalid value for type logrank_sample: number of groups out of range'),
  ('logrank_sample', '(1,"b","a",{1,1,1},{1,2,1})', '22P02', 'invalid value for type logrank_sample: groups must be in order of their names'),
  ('logrank_sample', '(1,"a","a",{1,1,1},{1,2,1})', '22P02', 'invalid value for type logrank_sample: groups must be in order of their names'),
  ('logrank_sample', '(1,"a,{1,1,1})', '22P02', 'invalid value for type logrank_sample: name without an end'),
  ('logrank_sample', '(1,"a","b",{1,1,1},{2,1,1})', '22P02', 'invalid value for type logrank_sample: each group must have a row'),
  ('logrank_sample', '(1,"a",{-1,1,1})', '22P02', 'invalid value for type logrank_sample: durations must be finite and not negative'),
  ('logrank_sample', '(1,"a",{NaN,1,1})', '22P02', 'invalid value for type logrank_sample: durations must be finite and not negative'),
  ('logrank_sample', '(1,"a",{1,2,1})', '22P02', 'invalid value for type logrank_sample: number of a group out of range'),
  ('logrank_sample', '(1,"a",{1,0,1})', '22P02', 'invalid value for type logrank_sample: number of a group out of range'),
  ('logrank_sample', '(1,"a",{1,4294967297,1})', '22P02', 'invalid value for type logrank_sample: number of a group out of range'),
  ('logrank_sample', '(1,"a",{1,1,2})', '22P02', 'invalid value for type logrank_sample: event must be 0 or 1'),
  ('logrank_sample', '(1,"a",{2,1,1},{1,1,1})', '22P02', 'invalid value for type logrank_sample: rows must be in order of their values'),
  ('logrank_sample', '(1,"a",{1,1,1},{1,1,0})', '22P02', 'invalid value for type logrank_sample: rows must be in order of their values'),
  ('logrank_sample', '(1,"a",{1,1,1})x', '22P02', 'invalid value for type logrank_sample: text after the closing parenthesis'),
  ('answer_counts', '(1,0,1)', '22P02', 'invalid value for type answer_counts: field expected at "1)"'),
  ('answer_counts', '(2,0,1,1,0)', '22P02', 'invalid value for type answer_counts: version must be 1, not 2'),
  ('answer_counts', '(1,1,1,1,0)', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', '(1,NaN,1,1,0)', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', '(1,-0.5,1,1,0)', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', '(1,0,0,0,0)', '22P02', 'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', '(1,0,1,1,1)', '22P02', 'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', '(1,0,1,-1,0)', '22P02', 'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', '(1,0,9223372036854775807,9223372036854775807,9223372036854775807)', '22P02', 'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', '(1,0,1,1,0)x', '22P02', 'invalid value for type answer_counts: text after the closing parenthesis'),
  ('points_entries', '(1,first_earned,@)', '22P02', 'invalid value for type points_entries: at least one row expected'),
  ('points_entries', '(2,first_earned,@,{1,@,-})', '22P02', 'invalid value for type points_entries: version must be 1, not 2'),
  ('points_entries', '(1,lifo,@,{1,@,-})', '22P02', 'invalid value for type points_entries: burn must be first_expiring or first_earned'),
  ('points_entries', '(1,first_earned,-,{1,@,-})', '22P02', 'invalid value for type points_entries: "-" is not an instant'),
  ('points_entries', '(1,first_earned,now,{1,@,-})', '22P02', 'invalid value for type points_entries: "now" is not an instant'),
  ('points_entries', '(1,first_earned,@,{1,infinity,-})', '22P02', 'invalid value for type points_entries: "infinity" is not an instant'),
  ('points_entries', '(1,first_earned,@,{NaN,@,-})', '22P02', 'invalid value for type points_entries: points must be finite, of at most 38 digits'),
  ('points_entries', '(1,first_earned,@,{1e39,@,-})', '22P02', 'invalid value for type points_entries: points must be finite, of at most 38 digits'),
  ('points_entries', '(1,first_earned,@,{1,@,@})', '22P02', 'invalid value for type points_entries: points must expire after they are earned and available'),
  ('points_entries', '(1,first_earned,@,{1e-39,@,-})', '22P02', 'invalid value for type points_entries: scale out of range'),
  ('points_entries', '(1,first_earned,lots,@,{1,2023-01-01T00:00:00+00:00,@,@})', '22P02', 'invalid value for type points_entries: points must expire after they are earned and available'),
  ('points_entries', '(1,first_earned,@,{-1,2023-01-01T00:00:00+00:00,@})', '22P02', 'invalid value for type points_entries: only points earned expire or wait'),
  ('points_entries', '(1,first_earned,lots,@,{0,@,-,@})', '22P02', 'invalid value for type points_entries: only points earned expire or wait'),
  ('points_entries', '(1,first_earned,@,{1,@,-,"a"})', '22P02', 'invalid value for type points_entries: "}" expected at ","a"})"'),
  ('points_entries', '(1,first_earned,lots,@,{1,@,-})', '22P02', 'invalid value for type points_entries: "," expected at "})"'),
  ('points_entries', '(1,first_earned,@,{2,@,-},{1,@,-})', '22P02', 'invalid value for type points_entries: rows must be in order of their values'),
  ('points_entries', '(1,first_earned,@,{1,@,-},{2.0,@,-})', '22P02', 'invalid value for type points_entries: points must have the same number of decimals'),
  ('points_entries', '(1,first_earned,@,{1,@,-})x', '22P02', 'invalid value for type points_entries: text after the closing parenthesis')
) v (type, short, code, message), replace(short, '@', '2024-01-01T00:00:00+00:00') value;
-- input functions are IMMUTABLE: what depends on DateStyle is no instant or date
SELECT throws_ok(format('SELECT %L::%s', value, type), '22P02', NULL, 'a literal that depends on DateStyle is refused: ' || value) FROM (VALUES
  ('rfm', '(1,01-02-2003 00:00:00+00,01-02-2003 00:00:00+00,1,1)'), ('repeat_purchases', '(1,1,1,01-02-2003)')) v (type, value);
SELECT throws_ok(format('SELECT %L::%s', value, type), '22P02', NULL, 'no aggregate makes this: ' || value) FROM (VALUES
  ('repeat_purchases', '(1,5,1,2024-01-01)'), ('rfm_population', '(1,5,{1,1,1})'), ('rfm_population', '(1,5,{-1,-1,1})')) v (type, value);
-- the message cites the text by characters, not by bytes
CREATE FUNCTION pg_temp.message_of(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE query;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RETURN encode(sqlerrm::bytea, 'escape');
END $$;
SELECT lives_ok(format('SELECT convert_from(pg_temp.message_of(%L)::bytea, ''UTF8'')', format('SELECT %L::rfm', '(1,x' || repeat('é', 20) || ')')), 'the message about a text of other letters is valid text');

-- forged bytes: every truncation, a byte too many, versions, counts, infinities
SELECT throws_ok(format('SELECT pg_temp.receive(%L, %L)', type, substr(wire, 1, length)), NULL, NULL, format('%s: the first %s of %s bytes are refused', type, length, length(wire)))
  FROM (SELECT DISTINCT ON (type) * FROM frozen_wire WHERE type <> 'value_bag' ORDER BY type, length(wire)) f, generate_series(0, length(wire) - 1) length WHERE length < 20 OR length % 7 = 3 OR length = length(wire) - 1;
SELECT throws_ok(format('SELECT pg_temp.receive(%L, %L)', type, wire || '\x00'), NULL, NULL, type || ': a byte too many is refused') FROM (SELECT DISTINCT ON (type) * FROM frozen_wire ORDER BY type, length(wire)) f;
SELECT pg_temp.errors(format('SELECT pg_temp.receive(%L, %L)', type, set_byte(wire, 0, version)), '22P03', format('version of type %s must be 1, not %s', type, version))
  FROM (SELECT DISTINCT ON (type) * FROM frozen_wire ORDER BY type, length(wire)) f, (VALUES (0), (2), (255)) v (version);
SELECT pg_temp.errors(format('SELECT pg_temp.receive(%L, %L)', type, overlay(wire placing bytes from at)), code, message)
  FROM (SELECT DISTINCT ON (type) * FROM frozen_wire ORDER BY type, length(wire)) f JOIN (VALUES
  ('rfm', 2, '\x004d'::bytea, '22P02', 'invalid value for type rfm: scale out of range'),
  ('rfm', 2, '\xffff', '22P02', 'invalid value for type rfm: scale out of range'),
  ('rfm', 4, '\x7fffffffffffffff', '22P02', 'invalid value for type rfm: first_at must not be after last_at'),
  ('rfm', 4, '\x8000000000000000', '22P02', 'invalid value for type rfm: first_at must not be after last_at'),
  ('rfm', 12, '\x7fffffffffffffff', '22P02', 'invalid value for type rfm: first_at must not be after last_at'),
  ('rfm', 12, '\x0000000000000000', '22P02', 'invalid value for type rfm: first_at must not be after last_at'),
  ('rfm', 20, '\x0000000000000000', '22P02', 'invalid value for type rfm: frequency must be at least 1'),
  ('rfm', 20, '\xffffffffffffffff', '22P02', 'invalid value for type rfm: frequency must be at least 1'),
  ('rfm', 28, '\x0000000000000000000000000000000000000000000000008000000000000000', '22P03', 'a sum must be above -2^255'),
  ('rfm_group', 2, '\xffff', '22P02', 'invalid value for type rfm_group: scale out of range'),
  ('rfm_group', 4, '\x0000000000000000', '22P02', 'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 4, '\x0000000000000001', '22P02', 'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 4, '\x7fffffffffffffff', '22P02', 'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 4, '\x0400000000000002', '22P02', 'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 4, '\xffffffffffffffff', '22P02', 'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 12, '\x7fffffffffffffff', '22P02', 'invalid value for type rfm_group: customers must be in order of customer_id'),
  ('rfm_group', 20, '\x7fffffffffffffff', '22P02', 'invalid value for type rfm_group: first_at must not be after last_at'),
  ('rfm_group', 36, '\x0000000000000000', '22P02', 'invalid value for type rfm_group: frequency must be at least 1'),
  ('repeat_purchases', 2, '\x8000', '22P02', 'invalid value for type repeat_purchases: scale out of range'),
  ('repeat_purchases', 68, '\x7fffffff', '22P02', 'invalid value for type repeat_purchases: days must be dates in ascending order'),
  ('repeat_purchases', 72, '\xffffffff', '22P02', 'invalid value for type repeat_purchases: days must be dates in ascending order'),
  ('rfm_population', 2, '\x01', '22P02', 'invalid value for type rfm_population: bins out of range'),
  ('rfm_population', 2, '\xff', '22P02', 'invalid value for type rfm_population: bins out of range'),
  ('rfm_population', 3, '\x7ff8000000000000', '22023', 'recency_days must be finite, not NaN'),
  ('rfm_population', 11, '\x7ff0000000000000', '22023', 'frequency must be finite, not Infinity'),
  ('rfm_population', 19, '\xfff0000000000000', '22023', 'monetary must be finite, not -Infinity'),
  ('clv_sample', 2, '\x8000000000000000', '22P02', 'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', 10, '\x7ff8000000000000', '22P02', 'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', 26, '\x0000000000000000', '22P02', 'invalid value for type clv_sample: weight must be finite and positive'),
  ('clv_sample', 26, '\x7ff0000000000000', '22P02', 'invalid value for type clv_sample: weight must be finite and positive'),
  ('clv_sample', 34, '\x000000000000000000000000000000000000000000000000', '22P02', 'invalid value for type clv_sample: customers must be in order of their values'),
  ('value_bag', 2, '\xff', '22021', 'invalid byte sequence for encoding "UTF8": 0xff'),
  ('value_bag', 2, '\x00', '22021', 'invalid byte sequence for encoding "UTF8": 0x00'),
  ('cac_sums', 2, '\x004d', '22P02', 'invalid value for type cac_sums: scale out of range'),
  ('cac_sums', 4, '\xffffffffffffffff', '22P02', 'invalid value for type cac_sums: customers must not be negative'),
  ('cac_sums', 12, '\x0000000000000000000000000000000000000000000000008000000000000000', '22P03', 'a sum must be above -2^255'),
  ('cash_flows', 2, '\x2d39', '22023', 'rate must be greater than -1, not -910'),
  ('cash_flows', 15, '\x4000', '22P02', 'invalid value for type cash_flows: scale out of range'),
  ('cash_flows', 7, '\x7fffffffffffffff', '22P02', 'invalid value for type cash_flows: period or day out of range'),
  ('cash_flows', 7, '\xffffffff7fffffff', '22P02', 'invalid value for type cash_flows: period or day out of range'),
  ('cash_flows', 7, '\x0000000000000005', '22P02', 'invalid value for type cash_flows: flows must be in order of time'),
  ('channel_paths', 2, '\x00', '22P02', 'invalid value for type channel_paths: kind out of range'), ('channel_paths', 2, '\x06', '22P02', 'invalid value for type channel_paths: kind out of range'),
  ('channel_paths', 3, '\x00000000', '22P02', 'invalid value for type channel_paths: number of channels out of range'), ('channel_paths', 3, '\x0000fde9', '22P02', 'invalid value for type channel_paths: number of channels out of range'),
  ('channel_paths', 7, '\x7a', '22P02', 'invalid value for type channel_paths: channels must be in order of their names'), ('channel_paths', 11, '\x8000000000000000', '22P02', 'invalid value for type channel_paths: number of sums out of range'),
  ('channel_paths', 27, '\x4000', '22P02', 'invalid value for type channel_paths: scale out of range'),
  ('logit_sample', 2, '\xbff0000000000000', '22P02', 'invalid value for type logit_sample: ridge must be finite and not negative'), ('logit_sample', 10, '\x0000', '22P02', 'invalid value for type logit_sample: number of features out of range'),
  ('logit_sample', 12, '\x7ff8000000000000', '22P02', 'invalid value for type logit_sample: features must be finite'), ('logit_sample', 28, '\x4000000000000000', '22P02', 'invalid value for type logit_sample: label must be 0 or 1'),
  ('survival_counts', 2, '\x8000000000000000', '22P02', 'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', 2, '\x7ff8000000000000', '22P02', 'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', 10, '\x0000000000000000', '22P02', 'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', 18, '\x0000000000000004', '22P02', 'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', 26, '\x0000000000000000', '22P02', 'invalid value for type survival_counts: durations must be in ascending order'),
  ('logrank_sample', 2, '\x0000', '22P02', 'invalid value for type logrank_sample: number of groups out of range'),
  ('logrank_sample', 4, '\x63', '22P02', 'invalid value for type logrank_sample: groups must be in order of their names'),
  ('logrank_sample', 9, '\x7ff8000000000000', '22P02', 'invalid value for type logrank_sample: durations must be finite and not negative'),
  ('logrank_sample', 17, '\x0000', '22P02', 'invalid value for type logrank_sample: number of a group out of range'),
  ('logrank_sample', 17, '\x0001', '22P02', 'invalid value for type logrank_sample: each group must have a row'),
  ('logrank_sample', 19, '\x02', '22P02', 'invalid value for type logrank_sample: event must be 0 or 1'),
  ('logrank_sample', 20, '\x0000000000000000', '22P02', 'invalid value for type logrank_sample: rows must be in order of their values'),
  ('answer_counts', 2, '\x3ff0000000000000', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', 2, '\x7ff8000000000000', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', 10, '\x0000000000000008', '22P02', 'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', 18, '\xffffffffffffffff', '22P02', 'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('points_entries', 2, '\x04', '22P02', 'invalid value for type points_entries: flags out of range'),
  ('points_entries', 3, '\x0027', '22P02', 'invalid value for type points_entries: scale out of range'),
  ('points_entries', 5, '\x7fffffffffffffff', '22P02', 'invalid value for type points_entries: instants must be finite'),
  ('points_entries', 13, '\x0000000000000000', '22P02', 'invalid value for type points_entries: at least one row expected'),
  ('points_entries', 37, '\x7fffffffffffffff', '22P02', 'invalid value for type points_entries: instants must be finite'),
  ('points_entries', 45, '\x0000000000000000', '22P02', 'invalid value for type points_entries: points must expire after they are earned and available'),
  ('points_entries', 29, '\xffffffffffffffff', '22P02', 'invalid value for type points_entries: only points earned expire or wait'),
  ('points_entries', 69, '\x0000000000000000', '22P02', 'invalid value for type points_entries: rows must be in order of their values'),
  ('points_entries', 13, '\x7fffffffffffffff', '08P01', 'insufficient data left in message')
) v (type, at, bytes, code, message) USING (type);
-- any bytes are a value that reads itself again, or an error, never a crash
SELECT setseed(0.5);
CREATE TABLE fuzz AS
  SELECT type, set_byte(set_byte(wire, 1 + floor(random() * (length(wire) - 1))::int, floor(random() * 256)::int), 1 + floor(random() * (length(wire) - 1))::int, floor(random() * 256)::int) AS wire
  FROM frozen_wire, generate_series(1, 40);
CREATE FUNCTION pg_temp.survives(type text, wire bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  text text;
BEGIN
  text := pg_temp.receive(type, wire);
  -- the wire form of value_bag is a text, which may be written in many ways
  RETURN pg_temp.read_again(type, text) = text AND (pg_temp.wire(type, text) = wire OR type = 'value_bag');
EXCEPTION WHEN SQLSTATE '22P02' OR SQLSTATE '22P03' OR SQLSTATE '22023' OR SQLSTATE '22003' OR SQLSTATE '22008' OR SQLSTATE '22007' OR SQLSTATE '22021' OR SQLSTATE '08P01' THEN
  RETURN true;
END $$;
SELECT is((SELECT count(*)::int FROM fuzz f WHERE f.type = t.type AND NOT pg_temp.survives(f.type, f.wire)), 0, t.type || ': changed bytes are refused or are a value that reads itself') FROM (SELECT DISTINCT type FROM fuzz) t;

-- storage: tables, composites, arrays, compressed and out of line, updated
CREATE TYPE pair AS (r rfm, g rfm_group, d repeat_purchases);
CREATE TABLE stored (id int PRIMARY KEY, r rfm, g rfm_group, d repeat_purchases, rs rfm[], gs rfm_group[], p pair);
INSERT INTO stored
  SELECT g, rfm(purchased_at, amount), rfm_group(customer_id, purchased_at, amount), repeat_purchases(purchased_on, amount),
    array_agg(day_rfm ORDER BY id), array_agg(day_group ORDER BY id), row(rfm(purchased_at, amount), rfm_group(customer_id, purchased_at, amount), repeat_purchases(purchased_on, amount))::pair
  FROM purchase GROUP BY g;
UPDATE stored SET id = id + 1000;
SELECT pg_temp.is_same('SELECT id - 1000, r::text, g::text, d::text, (p).r::text, (p).g::text, (p).d::text FROM stored',
  'SELECT g, rfm(purchased_at, amount)::text, rfm_group(customer_id, purchased_at, amount)::text, repeat_purchases(purchased_on, amount)::text, rfm(purchased_at, amount)::text, rfm_group(customer_id, purchased_at, amount)::text, repeat_purchases(purchased_on, amount)::text FROM purchase GROUP BY g',
  'columns and composites');
SELECT pg_temp.is_same('SELECT id - 1000, (SELECT rfm_merge(u)::text FROM pg_catalog.unnest(rs) u), (SELECT sum(m.monetary) FROM (SELECT rfm_group_merge(u) AS g FROM pg_catalog.unnest(gs) u) s, unnest(s.g) m), (SELECT sum(monetary) FROM unnest((p).g)) FROM stored',
  'SELECT g, rfm(purchased_at, amount)::text, sum(amount), sum(amount) FROM purchase GROUP BY g', 'arrays of states merge');
SELECT is((SELECT string_agg(DISTINCT pg_column_compression(g), ' ') FROM stored), 'pglz', 'large states are compressed');
SELECT pg_temp.is_same('SELECT array[r::text, g::text] FROM (SELECT r, g FROM stored ORDER BY id OFFSET 0) s', 'SELECT array[r::text, g::text] FROM stored', 'through a sort');
SET LOCAL work_mem = '64kB';
SELECT pg_temp.is_same('SELECT a.id, count(b.r), sum(frequency(b.r)) FROM stored a JOIN stored b ON a.id % 5 = b.id % 5 GROUP BY a.id', 'SELECT a.id, count(*), sum(frequency(b.r)) FROM stored a, stored b WHERE a.id % 5 = b.id % 5 GROUP BY a.id', 'through a hash join with little memory');
RESET work_mem;
DO $$
DECLARE
  r rfm; g rfm_group; d repeat_purchases;
BEGIN
  SELECT rfm(purchased_at, amount), rfm_group(customer_id, purchased_at, amount), repeat_purchases(purchased_on, amount) INTO r, g, d FROM purchase;
  FOR i IN 1 .. 3 LOOP
    SELECT rfm_merge(u), rfm_group_merge(v), repeat_purchases_merge(w) INTO r, g, d FROM (VALUES (r, g, d), (r, g, d)) x (u, v, w);
  END LOOP;
  IF frequency(r) <> 96000 OR (SELECT sum(frequency) FROM unnest(g)) <> 96000 OR frequency(d) <> 374 THEN
    RAISE 'wrong: % % %', frequency(r), (SELECT sum(frequency) FROM unnest(g)), frequency(d);
  END IF;
END $$;
SELECT pass('variables of plpgsql hold states and merge them');

-- support functions outside an aggregate
SELECT pg_temp.errors(format('SELECT %s', call), '0A000', 'aggregate support function called outside an aggregate') FROM (VALUES
  ($$rfm_trans(NULL, now(), 1)$$), ($$rfm_trans('(1,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,1,1)', now(), 1)$$), ($$rfm_combine(NULL, NULL)$$),
  ($$rfm_group_trans(NULL, 1, now(), 1)$$), ($$rfm_group_combine(NULL, NULL)$$), ($$rfm_group_final(NULL)$$),
  ($$repeat_purchases_trans(NULL, '2024-01-01', 1)$$), ($$repeat_purchases_combine(NULL, NULL)$$), ($$repeat_purchases_final('(1,1,1,2024-01-01)')$$),
  ($$rfm_cuts_trans(NULL, 1, 1, 1)$$), ($$rfm_cuts_trans(NULL, 1, 1, 1, 5)$$), ($$rfm_cuts_combine('(1,5,{-1,1,1})', '(1,5,{-1,1,1})')$$), ($$rfm_cuts_final('(1,5,{-1,1,1})')$$),
  ($$value_bag_trans(NULL, 1)$$), ($$value_bag_trans(NULL, 1, 0.5)$$), ($$value_bag_combine('(1,-,1)', '(1,-,1)')$$), ($$top_share_final('(1,0.5,1)')$$), ($$gini_final('(1,-,1)')$$), ($$gini_signed_final('(1,-,1)')$$),
  ($$purchases_fit_trans(NULL, 1, 1, 2)$$), ($$gamma_gamma_fit_trans(NULL, 1, 2)$$), ($$contractual_fit_trans(NULL, 1, true)$$), ($$clv_sample_combine('(1,{0,0,4.5,1})', NULL)$$), ($$bgnbd_fit_final('(1,{0,0,4.5,1})')$$), ($$sbg_fit_final(NULL)$$), ($$gamma_gamma_fit_final(NULL)$$),
  ($$cac_trans(NULL, 1, 1)$$), ($$cac_trans(NULL, 1, true)$$), ($$cac_combine(NULL, NULL)$$), ($$cac_final(NULL)$$),
  ($$markov_attribution_trans(NULL, '{a}', 1, 1, 1)$$), ($$markov_attribution_trans(NULL, '{a}', 1, 1, 1, 2)$$), ($$shapley_sum_trans(NULL, '{a}', 1, 1)$$), ($$shapley_rate_trans(NULL, '{a}', 1, 1, 1)$$), ($$channel_paths_combine('(1,sum,"a")', NULL)$$), ($$markov_attribution_final('(1,markov1,"a")')$$), ($$shapley_sum_final('(1,sum,"a")')$$), ($$shapley_rate_final(NULL)$$),
  ($$logit_fit_trans(NULL, true, '{1}')$$), ($$logit_fit_trans(NULL, true, '{1}', 0)$$), ($$logit_fit_combine(NULL, '(1,0,1,{0,1})')$$), ($$logit_fit_final('(1,0,1,{0,1})')$$),
  ($$kaplan_meier_trans(NULL, 1, true)$$), ($$kaplan_meier_combine(NULL, '(1,{1,1,1})')$$), ($$kaplan_meier_final('(1,{1,1,1})')$$), ($$logrank_trans(NULL, 1, true, 'a')$$), ($$logrank_combine('(1,"a",{1,1,1})', NULL)$$), ($$logrank_final(NULL)$$), ($$logrank_groups_final('(1,"a",{1,1,1})')$$),
  ($$nps_trans(NULL, 1)$$), ($$nps_interval_trans(NULL, 1)$$), ($$nps_interval_trans(NULL, 1, 0.9)$$), ($$csat_trans(NULL, 1, 1)$$), ($$csat_interval_trans(NULL, 1, 1)$$), ($$csat_interval_trans(NULL, 1, 1, 0.9)$$), ($$answer_counts_combine(NULL, NULL)$$), ($$nps_final('(1,0,1,1,0)')$$), ($$nps_interval_final('(1,0.9,1,1,0)')$$), ($$csat_final(NULL)$$), ($$csat_interval_final('(1,0.9,1,1,0)')$$),
  ($$points_balance_trans(NULL, 1, now(), NULL, now())$$), ($$points_balance_trans(NULL, 1, now(), NULL, now(), 'first_earned')$$), ($$points_balance_trans(NULL, 1, now(), NULL, NULL, 'a', now())$$), ($$points_balance_trans(NULL, 1, now(), NULL, NULL, 'a', now(), 'first_earned')$$), ($$points_balance_combine(NULL, NULL)$$), ($$points_balance_final(NULL)$$), ($$points_expiry_final(NULL)$$),
  ($$period_flows_trans(NULL, 1, 1)$$), ($$dated_flows_trans(NULL, 1, '2024-01-01')$$), ($$rate_period_flows_trans(NULL, 0.1, 1, 1)$$), ($$rate_dated_flows_trans(NULL, 0.1, 1, '2024-01-01')$$), ($$mirr_trans(NULL, 1, 1, 0.1, 0.1)$$), ($$cash_flows_combine('(1,-,{0,1})', NULL)$$),
  ($$npv_final('(1,0.1,{0,1})')$$), ($$xnpv_final('(1,0.1,{0,1})')$$), ($$irr_final(NULL)$$), ($$xirr_final('(1,-,{0,1})')$$), ($$irr_roots_final('(1,-,{0,1})')$$), ($$mirr_final('(1,0/0,{0,1})')$$), ($$payback_final('(1,-,{0,1})')$$), ($$discounted_payback_final('(1,0.1,{0,1})')$$)) v (call);
-- aggregates of a user's own, over our functions, from a given state
CREATE AGGREGATE from_state(timestamptz, numeric) (SFUNC = rfm_trans, STYPE = rfm, INITCOND = '(1,2000-01-01T00:00:00+00:00,2000-01-01T00:00:00+00:00,5,0.5)');
CREATE AGGREGATE from_group(bigint, timestamptz, numeric) (SFUNC = rfm_group_trans, STYPE = rfm_group, FINALFUNC = rfm_group_final, INITCOND = '(1,{1,2000-01-01T00:00:00+00:00,2000-01-01T00:00:00+00:00,5,0.5})');
CREATE AGGREGATE from_bag(numeric) (SFUNC = value_bag_trans, STYPE = value_bag, FINALFUNC = gini_final, INITCOND = '(1,-,1)');
CREATE AGGREGATE merge_bags(value_bag) (SFUNC = value_bag_combine, STYPE = value_bag, FINALFUNC = gini_final);
SELECT is((SELECT string_agg(r::text, ' ' ORDER BY g) FROM (SELECT g, from_state('2024-01-01 00:00:00+00', g) AS r FROM generate_series(1, 2) g GROUP BY g) s),
          '(1,2000-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,6,1.5) (1,2000-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,6,2.5)', 'the initial state of a user''s aggregate is not changed by its groups');
SELECT is((SELECT string_agg(r::text, ' ' ORDER BY g) FROM (SELECT g, from_group(g, '2024-01-01 00:00:00+00', g) AS r FROM generate_series(1, 2) g GROUP BY g) s),
          '(1,{1,2000-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,6,1.5}) (1,{1,2000-01-01T00:00:00+00:00,2000-01-01T00:00:00+00:00,5,0.5},{2,2024-01-01T00:00:00+00:00,2024-01-01T00:00:00+00:00,1,2.0})', 'nor is an initial group');
SELECT is((SELECT array_agg(r ORDER BY g) FROM (SELECT g, from_bag(3) AS r FROM generate_series(1, 2) g GROUP BY g) s), '{0.25,0.25}', 'nor is an initial bag');
CREATE AGGREGATE merge_paths(channel_paths) (SFUNC = channel_paths_combine, STYPE = channel_paths, FINALFUNC = shapley_rate_final);
SELECT pg_temp.errors('SELECT merge_paths(p) FROM (VALUES (channel_paths ''(1,sum,"a")''), (''(1,rate,"a")'')) v (p)', '22023', 'states of different games or orders cannot be combined');
SELECT pg_temp.errors('SELECT merge_paths(p) FROM (SELECT (''(1,rate,"'' || chr(96 + i) || ''")'')::channel_paths AS p FROM generate_series(1, 21) i) v', '54000', 'paths must have at most 20 different channels for a game of rates');
CREATE AGGREGATE merge_rows(logit_sample) (SFUNC = logit_fit_combine, STYPE = logit_sample, FINALFUNC = logit_fit_final);
SELECT pg_temp.errors('SELECT merge_rows(p) FROM (VALUES (logit_sample ''(1,0,1,{0,1})''), (''(1,1,1,{0,1})'')) v (p)', '22023', 'ridge must be the same for all rows, not 0 and 1');
SELECT pg_temp.errors('SELECT merge_rows(p) FROM (VALUES (logit_sample ''(1,0,2,{0,0,1})''), (''(1,0,1,{0,1})'')) v (p)', '22023', 'features must have the same number of elements on all rows, not 1 and 2');
CREATE AGGREGATE merge_counts(survival_counts) (SFUNC = kaplan_meier_combine, STYPE = survival_counts, FINALFUNC = kaplan_meier_final);
SELECT is((SELECT merge_counts(p)::text FROM (VALUES (survival_counts '(1,{1,2,1},{3,1,1})'), ('(1,{2,1,0},{3,1,0})')) v (p)), (SELECT kaplan_meier(t, e)::text FROM (VALUES (1, true), (1, false), (2, false), (3, true), (3, false)) v (t, e)), 'stored counts merge');
SELECT pg_temp.errors('SELECT merge_counts(p) FROM (VALUES (survival_counts ''(1,{1,9223372036854775807,1})''), (''(1,{1,1,1})'')) v (p)', '22003', 'number of customers out of range');
SELECT pg_temp.errors('SELECT merge_counts(p) FROM (VALUES (survival_counts ''(1,{1,9223372036854775807,1})''), (''(1,{2,1,1})'')) v (p)', '22003', 'number of customers out of range');
CREATE AGGREGATE merge_groups(logrank_sample) (SFUNC = logrank_combine, STYPE = logrank_sample, FINALFUNC = logrank_groups_final);
SELECT pg_temp.errors('SELECT merge_groups(p) FROM (SELECT (''(1,"'' || i || ''",{1,1,1})'')::logrank_sample AS p FROM generate_series(1, 1001) i) v', '54000', 'grp must have at most 1000 different values');
CREATE AGGREGATE merge_answers(answer_counts) (SFUNC = answer_counts_combine, STYPE = answer_counts, FINALFUNC = nps_interval_final);
SELECT pg_temp.errors('SELECT merge_answers(p) FROM (VALUES (answer_counts ''(1,0.9,1,1,0)''), (''(1,0.95,1,1,0)'')) v (p)', '22023', 'confidence must be the same for all rows, not 0.9 and 0.95');
SELECT pg_temp.errors('SELECT merge_answers(p) FROM (VALUES (answer_counts ''(1,0,9223372036854775807,1,0)''), (''(1,0,1,1,0)'')) v (p)', '22003', 'number of answers out of range');
SELECT pg_temp.errors('SELECT merge_answers(p) FROM (VALUES (answer_counts ''(1,0,2,1,0)'')) v (p)', '22023', 'state must be that of nps_interval, not of nps');
CREATE AGGREGATE merge_points(points_entries) (SFUNC = points_balance_combine, STYPE = points_entries, FINALFUNC = points_balance_final);
SELECT pg_temp.errors(format('SELECT merge_points(p) FROM (VALUES (points_entries ''(1,first_earned,2025-01-01T00:00:00+00:00,{1,2024-01-01T00:00:00+00:00,-})''), (%L)) v (p)', other), '22023', message) FROM (VALUES
  ('(1,first_expiring,2025-01-01T00:00:00+00:00,{1,2024-01-01T00:00:00+00:00,-})', 'burn must be the same for all rows, not first_earned and first_expiring'),
  ('(1,first_earned,lots,2025-01-01T00:00:00+00:00,{1,2024-01-01T00:00:00+00:00,-,-})', 'states with lots and states without cannot be combined'),
  ('(1,first_earned,2025-01-02T00:00:00+00:00,{1,2024-01-01T00:00:00+00:00,-})', 'as_of must be the same for all rows, not 2025-01-01 00:00:00+00 and 2025-01-02 00:00:00+00')) v (other, message);
CREATE TABLE bag (n int, b value_bag);
INSERT INTO bag SELECT 1, ('(1,-' || repeat(',1,3', 500) || ')')::value_bag UNION ALL SELECT 2, ('(1,-' || repeat(',1.50,2.50', 500) || ')')::value_bag;
SELECT ok((SELECT abs(merge_bags(b ORDER BY n) - merge_bags(b ORDER BY n DESC)) < 1e-15 FROM bag), 'stored bags of different decimals combine in either order');
SELECT is((SELECT merge_bags(b ORDER BY n) FROM bag), (SELECT gini(v) FROM generate_series(1, 500), (VALUES (1), (3), (1.50), (2.50)) w (v)), 'and give the Gini of all values');

-- the second level of one aggregate and the first of another, whose state has the same type
SELECT pg_temp.errors(format('SELECT %s_merge(s) FROM (SELECT %s AS s FROM generate_series(1, 4) i) p', merge, partial), '22023', format('state must be that of %s, not of %s', wanted, own)) FROM (VALUES
  ('shapley_attribution_rate', 'shapley_attribution_partial(''{a,b}'', 1, 1)', 'shapley_attribution with non_conversions', 'shapley_attribution'),
  ('shapley_attribution_rate', 'markov_attribution_partial(''{a,b}'', 1, 1, 1)', 'shapley_attribution with non_conversions', 'markov_attribution'),
  ('shapley_attribution', 'shapley_attribution_partial(''{a,b}'', 1, 1, 1)', 'shapley_attribution', 'shapley_attribution with non_conversions'),
  ('shapley_attribution', 'markov_attribution_partial(''{a,b}'', 1, 1, 1, 3)', 'shapley_attribution', 'markov_attribution'),
  ('markov_attribution', 'shapley_attribution_partial(''{a,b}'', 1, 1)', 'markov_attribution', 'shapley_attribution'),
  ('markov_attribution', 'shapley_attribution_partial(''{a,b}'', 1, 1, 1)', 'markov_attribution', 'shapley_attribution with non_conversions'),
  ('npv', 'irr_partial(i, i)', 'npv, xnpv or discounted_payback', 'irr or payback'), ('xnpv', 'xirr_partial(i, date ''2024-01-01'' + i)', 'npv, xnpv or discounted_payback', 'irr or payback'),
  ('discounted_payback', 'mirr_partial(i, i, 0.1, 0.2)', 'npv, xnpv or discounted_payback', 'mirr'), ('mirr', 'npv_partial(0.1, i, i)', 'mirr', 'npv, xnpv or discounted_payback'),
  ('mirr', 'payback_partial(i, i)', 'mirr', 'irr or payback'),
  ('top_share', 'gini_partial(i)', 'top_share', 'gini'), ('nps_interval', 'nps_partial(i)', 'nps_interval', 'nps'), ('csat_interval', 'csat_partial(i, 3)', 'csat_interval', 'csat'),
  ('bgnbd_fit', 'sbg_fit_partial(i, i > 2)', 'bgnbd_fit', 'the fit of another model'), ('mbgnbd_fit', 'gamma_gamma_fit_partial(i, i)', 'mbgnbd_fit', 'the fit of another model'),
  ('pareto_nbd_fit', 'bdw_fit_partial(i, true)', 'pareto_nbd_fit', 'the fit of another model'), ('gamma_gamma_fit', 'bgnbd_fit_partial(i, i, 2 * i)', 'gamma_gamma_fit', 'the fit of another model'),
  ('gamma_gamma_fit', 'sbg_fit_partial(i, i > 2)', 'gamma_gamma_fit', 'the fit of another model'), ('sbg_fit', 'bgnbd_fit_partial(i, i, 2 * i)', 'sbg_fit', 'the fit of another model'),
  ('bdw_fit', 'gamma_gamma_fit_partial(i, i)', 'bdw_fit', 'the fit of another model')) v (merge, partial, wanted, own);
-- and every second level over every value of its type: a result, or an error of the data
CREATE FUNCTION pg_temp.merged(merge regproc, type text, value text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT (%s(%L::crmcost.%I))::text', merge, value, type);
  RETURN '00000';
EXCEPTION WHEN others THEN
  RETURN sqlstate;
END $$;
CREATE TABLE merging AS
  SELECT p.oid::regproc AS merge, value, pg_temp.merged(p.oid::regproc, type, value) AS outcome
  FROM (SELECT type, value, row_number() OVER (PARTITION BY type ORDER BY length(value), value) AS n FROM state) s
    JOIN pg_proc p ON p.pronamespace = 'crmcost'::regnamespace AND p.proname LIKE '%\_merge' AND p.proargtypes[0] = format('crmcost.%I', type)::regtype
  WHERE n <= 20;
SELECT is((SELECT count(DISTINCT merge)::int FROM merging), (SELECT count(*)::int FROM pg_proc WHERE pronamespace = 'crmcost'::regnamespace AND proname LIKE '%\_merge'), 'every second level is tried');
SELECT is((SELECT string_agg(format('%s of %s: %s', merge, value, outcome), '; ') FROM merging WHERE outcome !~ '^(00|22|54)'), NULL, 'a second level says what is wrong with a state, and ends no session');

-- states without a final function, as a Citus worker sends them
CREATE AGGREGATE part(timestamptz, numeric) (SFUNC = rfm_trans, STYPE = rfm);
CREATE AGGREGATE part(bigint, timestamptz, numeric) (SFUNC = rfm_group_trans, STYPE = rfm_group);
CREATE AGGREGATE part(date, numeric) (SFUNC = repeat_purchases_trans, STYPE = repeat_purchases);
CREATE AGGREGATE part(float8, float8, float8) (SFUNC = rfm_cuts_trans, STYPE = rfm_population);
CREATE AGGREGATE part_sample(float8, float8, float8) (SFUNC = purchases_fit_trans, STYPE = clv_sample);
CREATE AGGREGATE part(numeric) (SFUNC = value_bag_trans, STYPE = value_bag);
CREATE AGGREGATE part(numeric, bigint) (SFUNC = cac_trans, STYPE = cac_sums);
CREATE AGGREGATE part(numeric, int) (SFUNC = period_flows_trans, STYPE = cash_flows);
CREATE AGGREGATE part(float8, boolean) (SFUNC = kaplan_meier_trans, STYPE = survival_counts);
CREATE AGGREGATE part(float8, boolean, text) (SFUNC = logrank_trans, STYPE = logrank_sample);
CREATE AGGREGATE part(int, float8) (SFUNC = nps_interval_trans, STYPE = answer_counts);
CREATE AGGREGATE part(numeric, timestamptz, timestamptz, timestamptz, text, timestamptz) (SFUNC = points_balance_trans, STYPE = points_entries);
CREATE TABLE parts AS
  SELECT g, part(purchased_at, amount) AS rfm, part(customer_id, purchased_at, amount) AS rfm_group, part(purchased_on, amount) AS repeat_purchases,
    part((id % 7)::float8, id % 11, id) AS rfm_population, part_sample(id % 7 + 1, id % 5 + 1, id % 11 + 6) AS clv_sample, part(amount) AS value_bag,
    part(amount, id::bigint) AS cac_sums, part(amount, id % 31) AS cash_flows,
    part(recency_days, acquired) AS survival_counts, part(recency_days, acquired, 'g' || id % 7) AS logrank_sample, part(id % 11, 0.9) AS answer_counts,
    part(amount, purchased_at, purchased_at + interval '90 days', purchased_at + interval '3 days', CASE WHEN id % 3 > 0 THEN 'o' || id % 9 END, '2025-01-01') AS points_entries
  FROM (SELECT *, purchase.id % 5 AS part FROM purchase) p GROUP BY g, part;
CREATE TABLE part_state AS SELECT 'rfm' AS type, rfm::text AS value, rfm_send(rfm) AS wire FROM parts
  UNION ALL SELECT 'rfm_group', rfm_group::text, rfm_group_send(rfm_group) FROM parts
  UNION ALL SELECT 'repeat_purchases', repeat_purchases::text, repeat_purchases_send(repeat_purchases) FROM parts
  UNION ALL SELECT 'rfm_population', rfm_population::text, rfm_population_send(rfm_population) FROM parts
  UNION ALL SELECT 'clv_sample', clv_sample::text, clv_sample_send(clv_sample) FROM parts
  UNION ALL SELECT 'value_bag', value_bag::text, value_bag_send(value_bag) FROM parts
  UNION ALL SELECT 'cac_sums', cac_sums::text, cac_sums_send(cac_sums) FROM parts
  UNION ALL SELECT 'cash_flows', cash_flows::text, cash_flows_send(cash_flows) FROM parts
  UNION ALL SELECT 'survival_counts', survival_counts::text, survival_counts_send(survival_counts) FROM parts
  UNION ALL SELECT 'logrank_sample', logrank_sample::text, logrank_sample_send(logrank_sample) FROM parts
  UNION ALL SELECT 'answer_counts', answer_counts::text, answer_counts_send(answer_counts) FROM parts
  UNION ALL SELECT 'points_entries', points_entries::text, points_entries_send(points_entries) FROM parts;
SELECT is((SELECT count(*)::int FROM part_state WHERE type = t AND pg_temp.read_again(type, value) <> value), 0, t || ': a state without final function reads its own text')
  FROM (SELECT DISTINCT type AS t FROM part_state) s;
SELECT is((SELECT count(*)::int FROM part_state WHERE type = t AND pg_temp.wire(type, value) <> wire), 0, t || ': and is sent as that text says')
  FROM (SELECT DISTINCT type AS t FROM part_state) s;
SELECT is(pg_temp.receive(type, wire), value, type || ': and is received') FROM (SELECT DISTINCT ON (type) * FROM part_state ORDER BY type, length(wire)) s;
SELECT pg_temp.is_same('SELECT g, rfm_merge(rfm::text::rfm)::text, rfm_group_merge(rfm_group::text::rfm_group)::text, repeat_purchases_merge(repeat_purchases::text::repeat_purchases)::text FROM parts GROUP BY g',
  'SELECT g, rfm(purchased_at, amount)::text, rfm_group(customer_id, purchased_at, amount)::text, repeat_purchases(purchased_on, amount)::text FROM purchase GROUP BY g', 'states sent as text merge to the whole');

-- the inverse function of a user's own aggregate puts a toasted state in the
-- place of the one that is changed in place
CREATE TABLE toasted AS SELECT part(date '2000-01-01' + (CASE WHEN i <= 10000 THEN i ELSE i * 7919 % 10000 + 1 END), 1) AS d FROM generate_series(1, 20000) i;
CREATE FUNCTION from_table(repeat_purchases, repeat_purchases) RETURNS repeat_purchases LANGUAGE sql STABLE AS 'SELECT d FROM toasted';
CREATE AGGREGATE moving(repeat_purchases) (SFUNC = repeat_purchases_combine, STYPE = repeat_purchases, FINALFUNC = repeat_purchases_final,
  MSFUNC = repeat_purchases_combine, MINVFUNC = from_table, MSTYPE = repeat_purchases, MFINALFUNC = repeat_purchases_final);
SELECT is((SELECT array_agg(frequency(m) ORDER BY i) FROM (SELECT i, moving(d) OVER (ORDER BY i ROWS 1 PRECEDING) AS m
             FROM (SELECT repeat_purchases(date '1800-01-01' + i, 1) AS d FROM generate_series(1, 60000) i) s, generate_series(1, 4) i) s),
          '{59999,59999,69999,69999}', 'and that is copied before it is changed');

-- many groups: four times as many take less than eight times as long, in CPU time
-- where the system tells (/proc/self/schedstat, in nanoseconds)
CREATE AGGREGATE clv_sample(float8, float8, float8) (SFUNC = purchases_fit_trans, STYPE = clv_sample, SSPACE = 65536, COMBINEFUNC = clv_sample_combine);
CREATE TABLE grouped AS SELECT i AS id, i % 40000 AS wide, i % 10000 AS narrow, timestamptz '2024-01-01' + make_interval(mins => i) AS at, date '2024-01-01' + i % 300 AS on_day,
    (i % 1000)::numeric / 4 AS amount, (i % 300)::float8 AS x FROM generate_series(1, 80000) i;
ANALYZE grouped;
SET LOCAL work_mem = '256MB';
SET LOCAL enable_sort = off;
CREATE FUNCTION pg_temp.seconds() RETURNS float8
LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(split_part(pg_read_file('/proc/self/schedstat', 0, 100, true), ' ', 1)::float8 / 1e9,
                  extract(epoch FROM clock_timestamp())::float8)
$$;
CREATE FUNCTION pg_temp.best_of(query text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
  best float8 := 'Infinity';
  started float8;
BEGIN
  FOR i IN 1 .. 5 LOOP
    started := pg_temp.seconds();
    EXECUTE format('SELECT count(s) FROM (%s OFFSET 0) s', query);
    best := least(best, pg_temp.seconds() - started);
  END LOOP;
  RETURN best;
END $$;
SELECT cmp_ok(pg_temp.best_of(format('SELECT wide, %s FROM grouped GROUP BY wide', call)), '<',
    8 * pg_temp.best_of(format('SELECT narrow, %s FROM grouped WHERE id <= 20000 GROUP BY narrow', call)), '40,000 groups take less than eight times as long as 10,000: ' || call)
  FROM (VALUES ('rfm(at, amount)'), ('rfm_group(id, at, amount)'), ('repeat_purchases(on_day, amount)'), ('rfm_cuts(x, x, x)'), ('top_share(amount + 1, 0.2)'), ('gini(amount + 1)'), ('cac(amount, 1)'), ('clv_sample(x, x, x)'), ('npv(0.1, amount, id % 300)'),
    ('kaplan_meier(x, id % 3 > 0)'), ('logrank(x, id % 3 > 0, (id % 2)::text)'), ('nps(id % 11)'), ('points_balance(amount, at, NULL, ''2025-01-01'')')) v (call);
\ir finish.psql
