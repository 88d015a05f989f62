-- The state types as stored values: text and binary forms, frozen layouts,
-- forged values.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

\ir state_values.psql

CREATE TABLE plain AS SELECT type, value, pg_temp.read_again(type, value) AS text, pg_temp.wire(type, value) AS wire
  FROM state;
SELECT is((SELECT count(*)::int FROM plain WHERE type IN ('rfm', 'rfm_group', 'repeat_purchases', 'cac_sums')
  AND text <> value), 0, 'what an aggregate writes reads as itself');
SELECT is((SELECT count(*)::int FROM plain WHERE pg_temp.read_again(type, text) <> text), 0,
  'text read and written again is the same text');
SELECT is((SELECT count(*)::int FROM plain WHERE pg_temp.wire(type, text) <> wire), 0, 'and the same bytes');
SELECT is((SELECT count(*)::int
  FROM (SELECT *, row_number() OVER (PARTITION BY type ORDER BY length(text) DESC, text) AS n FROM plain) s
             WHERE n <= 25 AND pg_temp.receive(type, wire) <> text), 0,
               'bytes received are the same text, of the longest of each type');
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
SELECT is((SELECT count(*)::int FROM (SELECT wire FROM plain WHERE type = 'value_bag' AND value LIKE '%e60%') s
  WHERE pg_temp.receive('value_bag', wire) IS NULL), 0, 'a bag of wide values is received');
SELECT lives_ok(format('SELECT (%L::value_bag)::text::value_bag', '(1,-,1e' || digits || ')'),
  format('a value_bag with a number of %s digits reads its own text', digits + 1))
  FROM (VALUES (100), (250), (1000)) v (digits);
SELECT lives_ok(format('SELECT pg_temp.receive(%L, value_bag_send(%L))', 'value_bag', '(1,-,1e' || digits || ')'),
  format('a value_bag with a number of %s digits is received', digits + 1))
  FROM (VALUES (100), (250)) v (digits);

-- The wire format is read by other servers and by files of COPY BINARY, the
-- format on disk by pg_upgrade: both are frozen.  Decoded by hand: version,
-- scale, instants in microseconds since 2000, 256-bit words from the least.
CREATE TABLE frozen_wire (type text, value text, wire bytea);
INSERT INTO frozen_wire VALUES
  ('rfm', '(1,2024-02-29T10:00:00.000001+00:00,2025-01-01T00:00:00+00:00,3,-1234567890123456789012345678901234567890.25)',
   '\x0100020002b5811750c8010002cd987ed480000000000000000003866aa9176f5fc5df316f5200aa14cbdcfffffffffffffe95ffffffffffffffff'),
  ('rfm_group',
    '(1,{-2,2024-02-29T10:00:00+00:00,2024-03-01T00:00:00+00:00,4,-1.50},{7,1999-12-31T23:59:59.999999+00:00,2024-03-01T00:00:00+00:00,1,18446744073709551616.00})',
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
  ('channel_paths',
    '(1,markov2,"a","b\"",{000000000001fde9,2},{000000000001fdeb,2},{000000010001fdea,1.5},{000000010001fdeb,0.25},{000000010001fdec,3.25},{0000000200010001,1.75},{000000020001fde9,1.75})',
   '\x01020000000261006222000000000000000007000000000001fde900000000000000000002000000000000000000000000000000000000000000000000000000000001fdeb00000000000000000002000000000000000000000000000000000000000000000000000000010001fdea0001000000000000000f000000000000000000000000000000000000000000000000000000010001fdeb00020000000000000019000000000000000000000000000000000000000000000000000000010001fdec000200000000000001450000000000000000000000000000000000000000000000000000000200010001000200000000000000af000000000000000000000000000000000000000000000000000000020001fde9000200000000000000af000000000000000000000000000000000000000000000000'),
  ('channel_paths',
    '(1,sum,"x","y",{000100000002fdea,1},{000100000002fdec,-3.50},{000200000001fdea,2},{000200000001fdec,2},{000200000002fdea,1},{000200000002fdec,-3.50})',
   '\x010400000002780079000000000000000006000100000002fdea00000000000000000001000000000000000000000000000000000000000000000000000100000002fdec0002fffffffffffffea2ffffffffffffffffffffffffffffffffffffffffffffffff000200000001fdea00000000000000000002000000000000000000000000000000000000000000000000000200000001fdec00000000000000000002000000000000000000000000000000000000000000000000000200000002fdea00000000000000000001000000000000000000000000000000000000000000000000000200000002fdec0002fffffffffffffea2ffffffffffffffffffffffffffffffffffffffffffffffff'),
  ('channel_paths',
    '(1,rate,"x","y",{000000000002fdea,2},{000000000003fdea,1},{000000000003fdeb,1},{000000000003fdec,3.50})',
   '\x010500000002780079000000000000000004000000000002fdea00000000000000000002000000000000000000000000000000000000000000000000000000000003fdea00000000000000000001000000000000000000000000000000000000000000000000000000000003fdeb00000000000000000001000000000000000000000000000000000000000000000000000000000003fdec0002000000000000015e000000000000000000000000000000000000000000000000'),
  ('logit_sample', '(1,0.5,2,{-1,2.5,0},{0,1e+300,1})',
   '\x013fe00000000000000002bff00000000000004004000000000000000000000000000000000000000000007e37e43c8800759c3ff0000000000000'),
  ('survival_counts', '(1,{0,3,1},{2.5,1,0})',
   '\x01000000000000000000000000000000030000000000000001400400000000000000000000000000010000000000000000'),
  ('logrank_sample', '(1,"a","b\"",{0,2,0},{2.5,1,1})',
   '\x010002610062220000000000000000000002004004000000000000000101'),
  ('answer_counts', '(1,0.95,9223372036854775807,5,4)',
   '\x013fee6666666666667fffffffffffffff00000000000000050000000000000004'),
  ('points_entries',
    '(1,first_expiring,2025-01-01T00:00:00+00:00,{100.50,2024-02-29T10:00:00.000001+00:00,2024-03-01T00:00:00+00:00},{-18446744073709551616.00,2024-03-01T00:00:00+00:00,-})',
   '\x010000020002cd987ed480000000000000000002000000000000274200000000000000000002b5811750c8010002b58cd363c0000000000000000000ffffffffffffff9c0002b58cd363c0007fffffffffffffff'),
  ('points_entries',
    '(1,first_earned,lots,2000-01-01T00:00:00+00:00,{7,1999-12-31T23:59:59.999999+00:00,-,2000-01-01T00:00:00+00:00,"o-1"},{-2,2000-01-01T00:00:00+00:00,-,-})',
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
  FOREACH t IN ARRAY array['rfm', 'rfm_group', 'repeat_purchases', 'rfm_population', 'clv_sample', 'value_bag',
    'cac_sums', 'cash_flows', 'channel_paths', 'logit_sample', 'survival_counts', 'logrank_sample', 'answer_counts',
    'points_entries'] LOOP
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
  ('rfm_group',
    '(1,{-2,2024-02-29T10:00:00+00:00,2024-03-01T00:00:00+00:00,4,-1.50},{7,1999-12-31T23:59:59.999999+00:00,2024-03-01T00:00:00+00:00,1,18446744073709551616.00})',
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
  ('channel_paths',
    '(1,markov2,"a","b\"",{000000000001fde9,2},{000000000001fdeb,2},{000000010001fdea,1.5},{000000010001fdeb,0.25},{000000010001fdec,3.25},{0000000200010001,1.75},{000000020001fde9,1.75})',
   '\x01020000a801000000000000070000000000000007000000000000000200000002000000030000000000000008000000000000000000000000000000e9fd01000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000ebfd01000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000eafd0100010000000f000000000000000000000000000000000000000000000000000000000000000100000000000000ebfd01000100000019000000000000000000000000000000000000000000000000000000000000000200000000000000ecfd010001000000450100000000000000000000000000000000000000000000000000000000000002000000000000000100010002000000af000000000000000000000000000000000000000000000000000000000000000200000000000000e9fd010002000000af000000000000000000000000000000000000000000000000000000000000000200000000000000000000000100000001000000020000006162220000000000'),
  ('channel_paths',
    '(1,sum,"x","y",{000100000002fdea,1},{000100000002fdec,-3.50},{000200000001fdea,2},{000200000001fdec,2},{000200000002fdea,1},{000200000002fdec,-3.50})',
   '\x010400007801000000000000060000000000000006000000000000000200000002000000020000000000000008000000000000000000000000000000eafd02000000010001000000000000000000000000000000000000000000000000000000000000000000000000000000ecfd020000000100a2feffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0200000000000000eafd01000000020002000000000000000000000000000000000000000000000000000000000000000000000000000000ecfd01000000020002000000000000000000000000000000000000000000000000000000000000000000000000000000eafd02000000020001000000000000000000000000000000000000000000000000000000000000000000000000000000ecfd020000000200a2feffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff0200000000000000000000000100000001000000010000007879000000000000'),
  ('channel_paths',
    '(1,rate,"x","y",{000000000002fdea,2},{000000000003fdea,1},{000000000003fdeb,1},{000000000003fdec,3.50})',
   '\x010500001801000000000000040000000000000004000000000000000200000002000000020000000000000008000000000000000000000000000000eafd02000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000eafd03000000000001000000000000000000000000000000000000000000000000000000000000000000000000000000ebfd03000000000001000000000000000000000000000000000000000000000000000000000000000000000000000000ecfd0300000000005e010000000000000000000000000000000000000000000000000000000000000200000000000000000000000100000001000000010000007879000000000000'),
  ('logit_sample', '(1,0.5,2,{-1,2.5,0},{0,1e+300,1})',
   '\x0100000058000000000000000200000000000000000000000000e03f0200000000000000000000000000f0bf0000000000000440000000000000000000000000000000009c7500883ce4377e000000000000f03f'),
  ('survival_counts', '(1,{0,3,1},{2.5,1,0})',
   '\x010000007000000000000000020000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003000000000000000100000000000000000000000000044001000000000000000000000000000000'),
  ('logrank_sample', '(1,"a","b\"",{0,2,0},{2.5,1,1})',
   '\x010000007000000000000000020000000000000002000000020000000300000008000000000000000100000000000000000000000100000002000000010000000000000061622200000000000000000000000000020000000000000000000000000004400100000000000000'),
  ('answer_counts', '(1,0.95,9223372036854775807,5,4)',
   '\x01000000ffffffffffffff7f05000000000000000400000000000000666666666666ee3f'),
  ('points_entries',
    '(1,first_expiring,2025-01-01T00:00:00+00:00,{100.50,2024-02-29T10:00:00.000001+00:00,2024-03-01T00:00:00+00:00},{-18446744073709551616.00,2024-03-01T00:00:00+00:00,-})',
   '\x01000200600000000000000002000000000000000080d47e98cd02004227000000000000000000000000000001c8501781b5020000c063d38cb5020000000000000000009cffffffffffffff00c063d38cb50200ffffffffffffff7f'),
  ('points_entries',
    '(1,first_earned,lots,2000-01-01T00:00:00+00:00,{7,1999-12-31T23:59:59.999999+00:00,-,2000-01-01T00:00:00+00:00,"o-1"},{-2,2000-01-01T00:00:00+00:00,-,-})',
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
  ('rfm', '(1,2024-01-02T00:00:00+00:00,@,1,1)', '22P02',
    'invalid value for type rfm: first_at must not be after last_at'),
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
  ('rfm', '(1,2024-01-01T00:00:00+01:00,@,1,1)', '22P02',
    'invalid value for type rfm: "2024-01-01T00:00:00+01:00" is not an instant'),
  ('rfm', '(1,2024-01-01T00:00:00 Europe/Berlin,@,1,1)', '22P02',
    'invalid value for type rfm: "2024-01-01T00:00:00 Europe/Berlin" is not an instant'),
  ('rfm', '(1,2024-13-01T00:00:00+00:00,@,1,1)', '22008',
    'date/time field value out of range: "2024-13-01T00:00:00+00:00"'),
  ('rfm', '(1,@,294277-01-01T00:00:00+00:00,1,1)', '22008', 'timestamp out of range: "294277-01-01T00:00:00+00:00"'),
  ('rfm', '(' || repeat('1', 300) || ',)', '22003', 'value "' || repeat('1', 300)
    || '" is out of range for type bigint'),
  ('rfm_group', '()', '22P02', 'invalid value for type rfm_group: number of customers out of range'),
  ('rfm_group', '(1)', '22P02', 'invalid value for type rfm_group: number of customers out of range'),
  ('rfm_group', '(1,{})', '22P02', 'invalid value for type rfm_group: field expected at "})"'),
  ('rfm_group', '(2,{1,@,@,1,1})', '22P02', 'invalid value for type rfm_group: version must be 1, not 2'),
  ('rfm_group', '(1,{1,@,@,0,1})', '22P02', 'invalid value for type rfm_group: frequency must be at least 1'),
  ('rfm_group', '(1,{1,2024-01-02T00:00:00+00:00,@,1,1})', '22P02',
    'invalid value for type rfm_group: first_at must not be after last_at'),
  ('rfm_group', '(1,{2,@,@,1,1},{1,@,@,1,1})', '22P02',
    'invalid value for type rfm_group: customers must be in order of customer_id'),
  ('rfm_group', '(1,{2,@,@,1,1},{2,@,@,1,1})', '22P02',
    'invalid value for type rfm_group: customers must be in order of customer_id'),
  ('rfm_group', '(1,{2,@,@,1,1},{3,@,@,1,1.0})', '22P02',
    'invalid value for type rfm_group: sums must have the same number of decimals'),
  ('rfm_group', '(1,{9223372036854775808,@,@,1,1})', '22003',
    'value "9223372036854775808" is out of range for type bigint'),
  ('rfm_group', '(1,{2,@,now,1,1})', '22P02', 'invalid value for type rfm_group: "now" is not an instant'),
  ('rfm_group', '(1,{2,@,@,1,1})x', '22P02', 'invalid value for type rfm_group: text after the closing parenthesis'),
  ('rfm_group', '(1,{2,@,@,1,1}', '22P02', 'invalid value for type rfm_group: ")" expected at ""'),
  ('rfm_group', '(1,{2,@,@,1,1},)', '22P02', 'invalid value for type rfm_group: ")" expected at ",)"'),
  ('rfm_group', repeat('{', 100000), '22P02',
    'invalid value for type rfm_group: "(" expected at "{{{{{{{{{{{{{{{{{{{{"'),
  ('repeat_purchases', '(1,1,1)', '22P02', 'invalid value for type repeat_purchases: field expected at "1)"'),
  ('repeat_purchases', '(1,1,1,)', '22P02', 'invalid value for type repeat_purchases: field expected at ")"'),
  ('repeat_purchases', '(2,1,1,2024-01-01)', '22P02',
    'invalid value for type repeat_purchases: version must be 1, not 2'),
  ('repeat_purchases', '(1,1,1,2024-01-02,2024-01-01)', '22P02',
    'invalid value for type repeat_purchases: days must be dates in ascending order'),
  ('repeat_purchases', '(1,1,1,2024-01-01,2024-01-01)', '22P02',
    'invalid value for type repeat_purchases: days must be dates in ascending order'),
  ('repeat_purchases', '(1,1,1.0,2024-01-01)', '22P02',
    'invalid value for type repeat_purchases: sums must have the same number of decimals'),
  ('repeat_purchases', '(1,NaN,1,2024-01-01)', '22023', 'amount must be finite, not NaN'),
  ('repeat_purchases', '(1,1,1,today)', '22P02', 'invalid value for type repeat_purchases: "today" is not a date'),
  ('repeat_purchases', '(1,1,1,infinity)', '22P02',
    'invalid value for type repeat_purchases: "infinity" is not a date'),
  ('repeat_purchases', '(1,1,1,2024-02-30)', '22008', 'date/time field value out of range: "2024-02-30"'),
  ('repeat_purchases', '(1,1,1,5874898-01-01)', '22008', 'date out of range: "5874898-01-01"'),
  ('repeat_purchases', '(1,1,1,2024-01-01', '22P02',
    'invalid value for type repeat_purchases: field expected at "2024-01-01"'),
  ('repeat_purchases', '(1,1,1,2024-01-01)x', '22P02',
    'invalid value for type repeat_purchases: text after the closing parenthesis'),
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
  ('clv_sample', '(1,{0,0,4.5,Infinity})', '22P02',
    'invalid value for type clv_sample: weight must be finite and positive'),
  ('clv_sample', '(1,{0,0,-4.5,1})', '22P02',
    'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', '(1,{0,-0,4.5,1})', '22P02',
    'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', '(1,{0,NaN,4.5,1})', '22P02',
    'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', '(1,{Infinity,0,4.5,1})', '22P02',
    'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', '(1,{1e400,0,4.5,1})', '22003', '"1e400" is out of range for type double precision'),
  ('clv_sample', '(1,{1,0,4.5,1},{0,3,5,1})', '22P02',
    'invalid value for type clv_sample: customers must be in order of their values'),
  ('clv_sample', '(1,{1,0,4.5,1},{1,0,4.5,2})', '22P02',
    'invalid value for type clv_sample: customers must be in order of their values'),
  ('clv_sample', '(1,{0,0,4.5,1})x', '22P02', 'invalid value for type clv_sample: text after the closing parenthesis'),
  ('clv_sample', '(1,{0,0,4.5,1}', '22P02', 'invalid value for type clv_sample: ")" expected at ""'),
  ('clv_sample', repeat('{', 100000), '22P02',
    'invalid value for type clv_sample: "(" expected at "{{{{{{{{{{{{{{{{{{{{"'),
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
  ('cash_flows', '(1,-,{-2147483649,1},{0,1})', '22P02',
    'invalid value for type cash_flows: period or day out of range'),
  ('cash_flows', '(1,NaN,{0,1})', '22023', 'rate must be finite, not NaN'),
  ('cash_flows', '(1,0.1/NaN,{0,1})', '22023', 'reinvest_rate must be finite, not NaN'),
  ('cash_flows', '(1,-1/0,{0,1})', '22023', 'finance_rate must be greater than -1, not -1'),
  ('cash_flows', '(1,0/0/0,{0,1})', '22P02', 'invalid input syntax for type double precision: "0/0"'),
  ('cash_flows', '(1,-,{0,1})x', '22P02', 'invalid value for type cash_flows: text after the closing parenthesis'),
  ('cash_flows', '(1,-,{0,1}', '22P02', 'invalid value for type cash_flows: ")" expected at ""'),
  ('channel_paths', '(1)', '22P02', 'invalid value for type channel_paths: "," expected at ")"'),
  ('channel_paths', '(2,sum,"a")', '22P02', 'invalid value for type channel_paths: version must be 1, not 2'),
  ('channel_paths', '(1,gold,"a")', '22P02',
    'invalid value for type channel_paths: kind must be markov1, markov2, markov3, sum or rate'),
  ('channel_paths', '(1,sum)', '22P02', 'invalid value for type channel_paths: number of channels out of range'),
  ('channel_paths', '(1,sum,"b","a")', '22P02',
    'invalid value for type channel_paths: channels must be in order of their names'),
  ('channel_paths', '(1,sum,"a","a")', '22P02',
    'invalid value for type channel_paths: channels must be in order of their names'),
  ('channel_paths', '(1,sum,"a)', '22P02', 'invalid value for type channel_paths: name without an end'),
  ('channel_paths', '(1,sum,"a",{1,2})', '22P02',
    'invalid value for type channel_paths: key must have 16 hexadecimal digits'),
  ('channel_paths', '(1,sum,"a",{000200000001fdea,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,sum,"a",{000100000000fdea,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,sum,"a",{000100000001fdeb,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,rate,"a",{000000000002fdea,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,rate,"a",{000000000000fdea,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov1,"a",{000000010001fdea,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov2,"a",{000000000001fded,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov1,"a",{0000000000010001,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov2,"a","b",{0000000000010002,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,markov3,"a",{000100000001fde9,1})', '22P02',
    'invalid value for type channel_paths: key out of range'),
  ('channel_paths', '(1,sum,"a","b",{000100000002fdea,1})', '22P02',
    'invalid value for type channel_paths: sums must be those of whole paths'),
  ('channel_paths', '(1,sum,"a",{000100000001fdea,-1})', '22P02',
    'invalid value for type channel_paths: sums must not be negative'),
  ('channel_paths', '(1,sum,"a",{000100000001fdea,1},{000100000001fdea,1})', '22P02',
    'invalid value for type channel_paths: sums must be in order of their keys'),
  ('channel_paths', '(1,markov1,"a",{000000000001fde9,1})', '22P02',
    'invalid value for type channel_paths: as many paths must leave channels as come to them'),
  ('channel_paths', '(1,markov1,"a","b",{0000000000010002,1},{000000000001fde9,1})', '22P02',
    'invalid value for type channel_paths: a step must lead to channels of a path'),
  ('channel_paths', '(1,markov1,"a",{000000000001fde9,1},{000000000001fdeb,1},{000000000001fdec,5})', '22P02',
    'invalid value for type channel_paths: value must come with conversions'),
  ('channel_paths', '(1,markov1,"a",{000000000001fde9,0})', '22P02',
    'invalid value for type channel_paths: sums of steps must be positive'),
  ('channel_paths', '(1,sum,"a")x', '22P02',
    'invalid value for type channel_paths: text after the closing parenthesis'),
  ('channel_paths', '(1,sum,"a"', '22P02', 'invalid value for type channel_paths: ")" expected at ""'),
  ('channel_paths', '(1,sum,"a",{000100000001fdea,NaN})', '22023', 'conversions must be finite, not NaN'),
  ('logit_sample', '(1,0)', '22P02', 'invalid value for type logit_sample: field expected at "0)"'),
  ('logit_sample', '(1,0,1)', '22P02', 'invalid value for type logit_sample: number of rows out of range'),
  ('logit_sample', '(1,-1,1,{0,1})', '22P02',
    'invalid value for type logit_sample: ridge must be finite and not negative'),
  ('logit_sample', '(1,NaN,1,{0,1})', '22P02',
    'invalid value for type logit_sample: ridge must be finite and not negative'),
  ('logit_sample', '(1,0,0,{1})', '22P02', 'invalid value for type logit_sample: number of features out of range'),
  ('logit_sample', '(1,0,257,{1})', '22P02', 'invalid value for type logit_sample: number of features out of range'),
  ('logit_sample', '(1,0,1,{NaN,1})', '22P02', 'invalid value for type logit_sample: features must be finite'),
  ('logit_sample', '(1,0,1,{Infinity,1})', '22P02', 'invalid value for type logit_sample: features must be finite'),
  ('logit_sample', '(1,0,1,{0,2})', '22P02', 'invalid value for type logit_sample: label must be 0 or 1'),
  ('logit_sample', '(1,0,1,{0,NaN})', '22P02', 'invalid value for type logit_sample: label must be 0 or 1'),
  ('logit_sample', '(1,0,1,{0})', '22P02', 'invalid value for type logit_sample: field expected at "0})"'),
  ('logit_sample', '(1,0,1,{0,1})x', '22P02',
    'invalid value for type logit_sample: text after the closing parenthesis'),
  ('logit_sample', '(1,0,1,{0,1}', '22P02', 'invalid value for type logit_sample: ")" expected at ""'),
  ('survival_counts', '(1)', '22P02', 'invalid value for type survival_counts: number of durations out of range'),
  ('survival_counts', '(2,{1,1,1})', '22P02', 'invalid value for type survival_counts: version must be 1, not 2'),
  ('survival_counts', '(1,{-1,1,1})', '22P02',
    'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', '(1,{-0,1,1})', '22P02',
    'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', '(1,{NaN,1,1})', '22P02',
    'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', '(1,{Infinity,1,1})', '22P02',
    'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', '(1,{1,1,2})', '22P02',
    'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', '(1,{1,0,0})', '22P02',
    'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', '(1,{1,1,-1})', '22P02',
    'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', '(1,{2,1,1},{1,1,1})', '22P02',
    'invalid value for type survival_counts: durations must be in ascending order'),
  ('survival_counts', '(1,{1,1,1},{1,1,1})', '22P02',
    'invalid value for type survival_counts: durations must be in ascending order'),
  ('survival_counts', '(1,{1,1,1})x', '22P02',
    'invalid value for type survival_counts: text after the closing parenthesis'),
  ('survival_counts', '(1,{1,1,1}', '22P02', 'invalid value for type survival_counts: ")" expected at ""'),
  ('logrank_sample', '(1)', '22P02', 'invalid value for type logrank_sample: number of groups out of range'),
  ('logrank_sample', '(1,"a")', '22P02', 'invalid value for type logrank_sample: number of rows out of range'),
  ('logrank_sample', '(2,"a",{1,1,1})', '22P02', 'invalid value for type logrank_sample: version must be 1, not 2'),
  ('logrank_sample', '(1,{1,1,1})', '22P02', 'invalid value for type logrank_sample: number of groups out of range'),
  ('logrank_sample', '(1,"b","a",{1,1,1},{1,2,1})', '22P02',
    'invalid value for type logrank_sample: groups must be in order of their names'),
  ('logrank_sample', '(1,"a","a",{1,1,1},{1,2,1})', '22P02',
    'invalid value for type logrank_sample: groups must be in order of their names'),
  ('logrank_sample', '(1,"a,{1,1,1})', '22P02', 'invalid value for type logrank_sample: name without an end'),
  ('logrank_sample', '(1,"a","b",{1,1,1},{2,1,1})', '22P02',
    'invalid value for type logrank_sample: each group must have a row'),
  ('logrank_sample', '(1,"a",{-1,1,1})', '22P02',
    'invalid value for type logrank_sample: durations must be finite and not negative'),
  ('logrank_sample', '(1,"a",{NaN,1,1})', '22P02',
    'invalid value for type logrank_sample: durations must be finite and not negative'),
  ('logrank_sample', '(1,"a",{1,2,1})', '22P02',
    'invalid value for type logrank_sample: number of a group out of range'),
  ('logrank_sample', '(1,"a",{1,0,1})', '22P02',
    'invalid value for type logrank_sample: number of a group out of range'),
  ('logrank_sample', '(1,"a",{1,4294967297,1})', '22P02',
    'invalid value for type logrank_sample: number of a group out of range'),
  ('logrank_sample', '(1,"a",{1,1,2})', '22P02', 'invalid value for type logrank_sample: event must be 0 or 1'),
  ('logrank_sample', '(1,"a",{2,1,1},{1,1,1})', '22P02',
    'invalid value for type logrank_sample: rows must be in order of their values'),
  ('logrank_sample', '(1,"a",{1,1,1},{1,1,0})', '22P02',
    'invalid value for type logrank_sample: rows must be in order of their values'),
  ('logrank_sample', '(1,"a",{1,1,1})x', '22P02',
    'invalid value for type logrank_sample: text after the closing parenthesis'),
  ('answer_counts', '(1,0,1)', '22P02', 'invalid value for type answer_counts: field expected at "1)"'),
  ('answer_counts', '(2,0,1,1,0)', '22P02', 'invalid value for type answer_counts: version must be 1, not 2'),
  ('answer_counts', '(1,1,1,1,0)', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', '(1,NaN,1,1,0)', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', '(1,-0.5,1,1,0)', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', '(1,0,0,0,0)', '22P02',
    'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', '(1,0,1,1,1)', '22P02',
    'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', '(1,0,1,-1,0)', '22P02',
    'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', '(1,0,9223372036854775807,9223372036854775807,9223372036854775807)', '22P02',
    'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', '(1,0,1,1,0)x', '22P02',
    'invalid value for type answer_counts: text after the closing parenthesis'),
  ('points_entries', '(1,first_earned,@)', '22P02', 'invalid value for type points_entries: at least one row expected'),
  ('points_entries', '(2,first_earned,@,{1,@,-})', '22P02',
    'invalid value for type points_entries: version must be 1, not 2'),
  ('points_entries', '(1,lifo,@,{1,@,-})', '22P02',
    'invalid value for type points_entries: burn must be first_expiring or first_earned'),
  ('points_entries', '(1,first_earned,-,{1,@,-})', '22P02',
    'invalid value for type points_entries: "-" is not an instant'),
  ('points_entries', '(1,first_earned,now,{1,@,-})', '22P02',
    'invalid value for type points_entries: "now" is not an instant'),
  ('points_entries', '(1,first_earned,@,{1,infinity,-})', '22P02',
    'invalid value for type points_entries: "infinity" is not an instant'),
  ('points_entries', '(1,first_earned,@,{NaN,@,-})', '22P02',
    'invalid value for type points_entries: points must be finite, of at most 38 digits'),
  ('points_entries', '(1,first_earned,@,{1e39,@,-})', '22P02',
    'invalid value for type points_entries: points must be finite, of at most 38 digits'),
  ('points_entries', '(1,first_earned,@,{1,@,@})', '22P02',
    'invalid value for type points_entries: points must expire after they are earned and available'),
  ('points_entries', '(1,first_earned,@,{1e-39,@,-})', '22P02',
    'invalid value for type points_entries: scale out of range'),
  ('points_entries', '(1,first_earned,lots,@,{1,2023-01-01T00:00:00+00:00,@,@})', '22P02',
    'invalid value for type points_entries: points must expire after they are earned and available'),
  ('points_entries', '(1,first_earned,@,{-1,2023-01-01T00:00:00+00:00,@})', '22P02',
    'invalid value for type points_entries: only points earned expire or wait'),
  ('points_entries', '(1,first_earned,lots,@,{0,@,-,@})', '22P02',
    'invalid value for type points_entries: only points earned expire or wait'),
  ('points_entries', '(1,first_earned,@,{1,@,-,"a"})', '22P02',
    'invalid value for type points_entries: "}" expected at ","a"})"'),
  ('points_entries', '(1,first_earned,lots,@,{1,@,-})', '22P02',
    'invalid value for type points_entries: "," expected at "})"'),
  ('points_entries', '(1,first_earned,@,{2,@,-},{1,@,-})', '22P02',
    'invalid value for type points_entries: rows must be in order of their values'),
  ('points_entries', '(1,first_earned,@,{1,@,-},{2.0,@,-})', '22P02',
    'invalid value for type points_entries: points must have the same number of decimals'),
  ('points_entries', '(1,first_earned,@,{1,@,-})x', '22P02',
    'invalid value for type points_entries: text after the closing parenthesis')
) v (type, short, code, message), replace(short, '@', '2024-01-01T00:00:00+00:00') value;
-- input functions are IMMUTABLE: what depends on DateStyle is no instant or date
SELECT throws_ok(format('SELECT %L::%s', value, type), '22P02', NULL,
  'a literal that depends on DateStyle is refused: ' || value) FROM (VALUES
  ('rfm', '(1,01-02-2003 00:00:00+00,01-02-2003 00:00:00+00,1,1)'),
    ('repeat_purchases', '(1,1,1,01-02-2003)')) v (type, value);
SELECT throws_ok(format('SELECT %L::%s', value, type), '22P02', NULL, 'no aggregate makes this: ' || value) FROM (VALUES
  ('repeat_purchases', '(1,5,1,2024-01-01)'), ('rfm_population', '(1,5,{1,1,1})'),
    ('rfm_population', '(1,5,{-1,-1,1})')) v (type, value);
-- the message cites the text by characters, not by bytes
CREATE FUNCTION pg_temp.message_of(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE query;
  RETURN NULL;
EXCEPTION WHEN OTHERS THEN
  RETURN encode(sqlerrm::bytea, 'escape');
END $$;
SELECT lives_ok(format('SELECT convert_from(pg_temp.message_of(%L)::bytea, ''UTF8'')',
  format('SELECT %L::rfm', '(1,x' || repeat('é', 20) || ')')),
  'the message about a text of other letters is valid text');

-- forged bytes: every truncation, a byte too many, versions, counts, infinities
SELECT throws_ok(format('SELECT pg_temp.receive(%L, %L)', type, substr(wire, 1, length)), NULL, NULL,
  format('%s: the first %s of %s bytes are refused', type, length, length(wire)))
  FROM (SELECT DISTINCT ON (type) * FROM frozen_wire WHERE type <> 'value_bag' ORDER BY type, length(wire)) f,
    generate_series(0, length(wire) - 1) length WHERE length < 20 OR length % 7 = 3 OR length = length(wire) - 1;
SELECT throws_ok(format('SELECT pg_temp.receive(%L, %L)', type, wire || '\x00'), NULL, NULL,
  type || ': a byte too many is refused')
  FROM (SELECT DISTINCT ON (type) * FROM frozen_wire ORDER BY type, length(wire)) f;
SELECT pg_temp.errors(format('SELECT pg_temp.receive(%L, %L)', type, set_byte(wire, 0, version)), '22P03',
  format('version of type %s must be 1, not %s', type, version))
  FROM (SELECT DISTINCT ON (type) * FROM frozen_wire ORDER BY type, length(wire)) f,
    (VALUES (0), (2), (255)) v (version);
SELECT pg_temp.errors(format('SELECT pg_temp.receive(%L, %L)', type, overlay(wire placing bytes from at)), code,
  message)
  FROM (SELECT DISTINCT ON (type) * FROM frozen_wire ORDER BY type, length(wire)) f JOIN (VALUES
  ('rfm', 2, '\x004d'::bytea, '22P02', 'invalid value for type rfm: scale out of range'),
  ('rfm', 2, '\xffff', '22P02', 'invalid value for type rfm: scale out of range'),
  ('rfm', 4, '\x7fffffffffffffff', '22P02', 'invalid value for type rfm: first_at must not be after last_at'),
  ('rfm', 4, '\x8000000000000000', '22P02', 'invalid value for type rfm: first_at must not be after last_at'),
  ('rfm', 12, '\x7fffffffffffffff', '22P02', 'invalid value for type rfm: first_at must not be after last_at'),
  ('rfm', 12, '\x0000000000000000', '22P02', 'invalid value for type rfm: first_at must not be after last_at'),
  ('rfm', 20, '\x0000000000000000', '22P02', 'invalid value for type rfm: frequency must be at least 1'),
  ('rfm', 20, '\xffffffffffffffff', '22P02', 'invalid value for type rfm: frequency must be at least 1'),
  ('rfm', 28, '\x0000000000000000000000000000000000000000000000008000000000000000', '22P03',
    'a sum must be above -2^255'),
  ('rfm_group', 2, '\xffff', '22P02', 'invalid value for type rfm_group: scale out of range'),
  ('rfm_group', 4, '\x0000000000000000', '22P02',
    'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 4, '\x0000000000000001', '22P02',
    'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 4, '\x7fffffffffffffff', '22P02',
    'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 4, '\x0400000000000002', '22P02',
    'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 4, '\xffffffffffffffff', '22P02',
    'invalid value for type rfm_group: number of customers does not fit the message'),
  ('rfm_group', 12, '\x7fffffffffffffff', '22P02',
    'invalid value for type rfm_group: customers must be in order of customer_id'),
  ('rfm_group', 20, '\x7fffffffffffffff', '22P02',
    'invalid value for type rfm_group: first_at must not be after last_at'),
  ('rfm_group', 36, '\x0000000000000000', '22P02', 'invalid value for type rfm_group: frequency must be at least 1'),
  ('repeat_purchases', 2, '\x8000', '22P02', 'invalid value for type repeat_purchases: scale out of range'),
  ('repeat_purchases', 68, '\x7fffffff', '22P02',
    'invalid value for type repeat_purchases: days must be dates in ascending order'),
  ('repeat_purchases', 72, '\xffffffff', '22P02',
    'invalid value for type repeat_purchases: days must be dates in ascending order'),
  ('rfm_population', 2, '\x01', '22P02', 'invalid value for type rfm_population: bins out of range'),
  ('rfm_population', 2, '\xff', '22P02', 'invalid value for type rfm_population: bins out of range'),
  ('rfm_population', 3, '\x7ff8000000000000', '22023', 'recency_days must be finite, not NaN'),
  ('rfm_population', 11, '\x7ff0000000000000', '22023', 'frequency must be finite, not Infinity'),
  ('rfm_population', 19, '\xfff0000000000000', '22023', 'monetary must be finite, not -Infinity'),
  ('clv_sample', 2, '\x8000000000000000', '22P02',
    'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', 10, '\x7ff8000000000000', '22P02',
    'invalid value for type clv_sample: values must be finite and not negative'),
  ('clv_sample', 26, '\x0000000000000000', '22P02',
    'invalid value for type clv_sample: weight must be finite and positive'),
  ('clv_sample', 26, '\x7ff0000000000000', '22P02',
    'invalid value for type clv_sample: weight must be finite and positive'),
  ('clv_sample', 34, '\x000000000000000000000000000000000000000000000000', '22P02',
    'invalid value for type clv_sample: customers must be in order of their values'),
  ('value_bag', 2, '\xff', '22021', 'invalid byte sequence for encoding "UTF8": 0xff'),
  ('value_bag', 2, '\x00', '22021', 'invalid byte sequence for encoding "UTF8": 0x00'),
  ('cac_sums', 2, '\x004d', '22P02', 'invalid value for type cac_sums: scale out of range'),
  ('cac_sums', 4, '\xffffffffffffffff', '22P02', 'invalid value for type cac_sums: customers must not be negative'),
  ('cac_sums', 12, '\x0000000000000000000000000000000000000000000000008000000000000000', '22P03',
    'a sum must be above -2^255'),
  ('cash_flows', 2, '\x2d39', '22023', 'rate must be greater than -1, not -910'),
  ('cash_flows', 15, '\x4000', '22P02', 'invalid value for type cash_flows: scale out of range'),
  ('cash_flows', 7, '\x7fffffffffffffff', '22P02', 'invalid value for type cash_flows: period or day out of range'),
  ('cash_flows', 7, '\xffffffff7fffffff', '22P02', 'invalid value for type cash_flows: period or day out of range'),
  ('cash_flows', 7, '\x0000000000000005', '22P02', 'invalid value for type cash_flows: flows must be in order of time'),
  ('channel_paths', 2, '\x00', '22P02', 'invalid value for type channel_paths: kind out of range'),
    ('channel_paths', 2, '\x06', '22P02', 'invalid value for type channel_paths: kind out of range'),
  ('channel_paths', 3, '\x00000000', '22P02', 'invalid value for type channel_paths: number of channels out of range'),
    ('channel_paths', 3, '\x0000fde9', '22P02',
    'invalid value for type channel_paths: number of channels out of range'),
  ('channel_paths', 7, '\x7a', '22P02',
    'invalid value for type channel_paths: channels must be in order of their names'),
    ('channel_paths', 11, '\x8000000000000000', '22P02',
    'invalid value for type channel_paths: number of sums out of range'),
  ('channel_paths', 27, '\x4000', '22P02', 'invalid value for type channel_paths: scale out of range'),
  ('logit_sample', 2, '\xbff0000000000000', '22P02',
    'invalid value for type logit_sample: ridge must be finite and not negative'),
    ('logit_sample', 10, '\x0000', '22P02', 'invalid value for type logit_sample: number of features out of range'),
  ('logit_sample', 12, '\x7ff8000000000000', '22P02', 'invalid value for type logit_sample: features must be finite'),
    ('logit_sample', 28, '\x4000000000000000', '22P02', 'invalid value for type logit_sample: label must be 0 or 1'),
  ('survival_counts', 2, '\x8000000000000000', '22P02',
    'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', 2, '\x7ff8000000000000', '22P02',
    'invalid value for type survival_counts: durations must be finite and not negative'),
  ('survival_counts', 10, '\x0000000000000000', '22P02',
    'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', 18, '\x0000000000000004', '22P02',
    'invalid value for type survival_counts: events must be at most as many as customers'),
  ('survival_counts', 26, '\x0000000000000000', '22P02',
    'invalid value for type survival_counts: durations must be in ascending order'),
  ('logrank_sample', 2, '\x0000', '22P02', 'invalid value for type logrank_sample: number of groups out of range'),
  ('logrank_sample', 4, '\x63', '22P02',
    'invalid value for type logrank_sample: groups must be in order of their names'),
  ('logrank_sample', 9, '\x7ff8000000000000', '22P02',
    'invalid value for type logrank_sample: durations must be finite and not negative'),
  ('logrank_sample', 17, '\x0000', '22P02', 'invalid value for type logrank_sample: number of a group out of range'),
  ('logrank_sample', 17, '\x0001', '22P02', 'invalid value for type logrank_sample: each group must have a row'),
  ('logrank_sample', 19, '\x02', '22P02', 'invalid value for type logrank_sample: event must be 0 or 1'),
  ('logrank_sample', 20, '\x0000000000000000', '22P02',
    'invalid value for type logrank_sample: rows must be in order of their values'),
  ('answer_counts', 2, '\x3ff0000000000000', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', 2, '\x7ff8000000000000', '22P02', 'invalid value for type answer_counts: confidence out of range'),
  ('answer_counts', 10, '\x0000000000000008', '22P02',
    'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('answer_counts', 18, '\xffffffffffffffff', '22P02',
    'invalid value for type answer_counts: good and bad must be parts of the answers'),
  ('points_entries', 2, '\x04', '22P02', 'invalid value for type points_entries: flags out of range'),
  ('points_entries', 3, '\x0027', '22P02', 'invalid value for type points_entries: scale out of range'),
  ('points_entries', 5, '\x7fffffffffffffff', '22P02',
    'invalid value for type points_entries: instants must be finite'),
  ('points_entries', 13, '\x0000000000000000', '22P02',
    'invalid value for type points_entries: at least one row expected'),
  ('points_entries', 37, '\x7fffffffffffffff', '22P02',
    'invalid value for type points_entries: instants must be finite'),
  ('points_entries', 45, '\x0000000000000000', '22P02',
    'invalid value for type points_entries: points must expire after they are earned and available'),
  ('points_entries', 29, '\xffffffffffffffff', '22P02',
    'invalid value for type points_entries: only points earned expire or wait'),
  ('points_entries', 69, '\x0000000000000000', '22P02',
    'invalid value for type points_entries: rows must be in order of their values'),
  ('points_entries', 13, '\x7fffffffffffffff', '08P01', 'insufficient data left in message')
) v (type, at, bytes, code, message) USING (type);
-- any bytes are a value that reads itself again, or an error, never a crash
SELECT setseed(0.5);
CREATE TABLE fuzz AS
  SELECT type, set_byte(set_byte(wire, 1 + floor(random() * (length(wire) - 1))::int, floor(random() * 256)::int),
    1 + floor(random() * (length(wire) - 1))::int, floor(random() * 256)::int) AS wire
  FROM frozen_wire, generate_series(1, 40);
CREATE FUNCTION pg_temp.survives(type text, wire bytea) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  text text;
BEGIN
  text := pg_temp.receive(type, wire);
  -- the wire form of value_bag is a text, which may be written in many ways
  RETURN pg_temp.read_again(type, text) = text AND (pg_temp.wire(type, text) = wire OR type = 'value_bag');
EXCEPTION WHEN SQLSTATE '22P02' OR SQLSTATE '22P03' OR SQLSTATE '22023' OR SQLSTATE '22003' OR SQLSTATE '22008'
  OR SQLSTATE '22007' OR SQLSTATE '22021' OR SQLSTATE '08P01' THEN
  RETURN true;
END $$;
SELECT is((SELECT count(*)::int FROM fuzz f WHERE f.type = t.type AND NOT pg_temp.survives(f.type, f.wire)), 0,
  t.type || ': changed bytes are refused or are a value that reads itself') FROM (SELECT DISTINCT type FROM fuzz) t;
\ir finish.psql
