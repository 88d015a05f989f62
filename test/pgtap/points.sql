-- points_balance and points_expiry: worked cases, a loop in PL/pgSQL over random
-- accounts, and what must hold for every aggregate.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

ALTER TABLE purchase ADD expires_at timestamptz, ADD available_at timestamptz, ADD lot text, ADD as_of timestamptz,
  ADD burn text;
UPDATE purchase SET expires_at = CASE WHEN id % 4 > 0
  THEN purchased_at + id % 90 * interval '1 day' + interval '1 hour' END, available_at = CASE WHEN id % 3 > 0
  THEN purchased_at + interval '30 min' END,
  lot = CASE WHEN id % 5 > 0 THEN 'o' || id % 9 END, as_of = '2024-09-01', burn = 'first_earned';
ANALYZE purchase;
SELECT pg_temp.aggregate_holds('points_balance', '{value,purchased_at,expires_at,as_of}', '{1,2,4}');
SELECT pg_temp.aggregate_holds('points_balance', '{value,purchased_at,expires_at,as_of,burn}', '{1,2,4,5}');
SELECT pg_temp.aggregate_holds('points_balance', '{value,purchased_at,expires_at,available_at,lot,as_of}', '{1,2,6}');
SELECT pg_temp.aggregate_holds('points_balance', '{value,purchased_at,expires_at,available_at,lot,as_of,burn}',
  '{1,2,6,7}');
SELECT pg_temp.aggregate_holds('points_expiry', '{value,purchased_at,expires_at,available_at,lot,as_of}', '{1,2,6}');

-- earn 100 that expire and 50 that do not, redeem 70
CREATE TABLE f1 AS SELECT * FROM (VALUES (100, timestamptz '2024-01-01', timestamptz '2024-01-31'),
  (50, '2024-01-02', NULL), (-70, '2024-01-10', NULL)) v (points, booked_at, expires_at);
SELECT is((SELECT points_balance(points, booked_at, expires_at, as_of)::text FROM f1), want, 'on ' || as_of::date)
  FROM (VALUES (timestamptz '2024-02-01', '(50,70,30,,,0,0)'), ('2024-01-31', '(50,70,30,,,0,0)'),
  ('2024-01-30 23:59:59.999999', '(80,70,0,"2024-01-31 00:00:00+00",30,0,0)'),
  ('2024-01-10', '(150,0,0,"2024-01-31 00:00:00+00",100,0,0)'), ('2024-01-01', '(0,0,0,,,0,0)')) v (as_of, want);
SELECT is((SELECT points_balance(points, booked_at, expires_at, '2024-01-20', burn)::text
  FROM (SELECT points, booked_at, expires_at FROM f1 UNION ALL
  VALUES (5, timestamptz '2023-12-01', NULL::timestamptz)) s), want, burn || ' is spent first')
  FROM (VALUES ('first_expiring', '(85,70,0,"2024-01-31 00:00:00+00",30,0,0)'),
    ('first_earned', '(85,70,0,"2024-01-31 00:00:00+00",35,0,0)')) v (burn, want);
SELECT is((SELECT points_expiry(points, booked_at, expires_at, '2024-01-05')::text
  FROM (SELECT * FROM f1 UNION ALL VALUES (7, timestamptz '2024-01-03', timestamptz '2024-03-01'),
  (3.50, '2024-01-04', '2024-01-31'), (2, '2024-01-04', '2024-01-05')) s),
  '{"(\"2024-01-31 00:00:00+00\",103.50)","(\"2024-03-01 00:00:00+00\",7.00)"}', 'what expires when');
SELECT is((SELECT points_expiry(5, '2024-01-01', NULL, '2024-06-01'))::text, '{}',
  'what never expires is in no schedule');

-- lots: pending, reversed, spent before they were reversed
CREATE FUNCTION pg_temp.lots(VARIADIC entries text[]) RETURNS text LANGUAGE sql AS $$
  -- points day [expires|-] [available|-] [lot]
  SELECT points_balance(e[1]::numeric, timestamptz '2024-01-01' + e[2]::int * interval '1 day',
    timestamptz '2024-01-01' + nullif(e[3], '-')::int * interval '1 day',
    timestamptz '2024-01-01' + nullif(e[4], '-')::int * interval '1 day', e[5], '2024-02-01')::text
  FROM unnest(entries) text, string_to_array(text, ' ') e
$$;
SELECT is(have, want, what) FROM (VALUES
  (pg_temp.lots('100 1 - 40 a'), '(0,0,0,,,100,0)', 'points are pending until they are available'),
    (pg_temp.lots('100 1 - 31 a'), '(100,0,0,,,0,0)', 'and are available at that instant'),
  (pg_temp.lots('100 1 60 40 a', '50 1'), '(50,0,0,"2024-03-01 00:00:00+00",100,100,0)',
    'the next expiry is of pending ones, too'),
    (pg_temp.lots('100 1 - 40 a', '-100 5 - - a'), '(0,0,0,,,0,0)', 'a reversal takes pending points'),
  (pg_temp.lots('100 1 - - a', '50 2 - - b', '-30 5 - - a'), '(120,0,0,,,0,0)', 'a part of a lot is reversed'),
    (pg_temp.lots('100 1 - - a', '50 2 - - b', '-80 4', '-100 5 - - a'), '(50,80,0,,,0,80)',
    'what was spent of a lot is owed, the rest is taken'),
  (pg_temp.lots('100 1 - - a', '50 2 - - b', '-80 4', '-60 5 - - a', '-40 6 - - a'), '(50,80,0,,,0,80)',
    'in parts, too'), (pg_temp.lots('100 1 10 - a', '-30 4', '-100 15 - - a'), '(0,30,0,,,0,30)',
    'what expired of a lot is reversed and has not expired'),
  (pg_temp.lots('100 1 10 - a', '-30 4', '-60 15 - - a'), '(0,30,10,,,0,0)', 'what is left of it first'),
    (pg_temp.lots('40 1 - - a', '60 1 20 - a', '-70 2 - - a', '-20 3'), '(10,20,0,,,0,0)',
    'one name for two lots: the one that expires first'),
  (pg_temp.lots('10 5', '-10 5'), '(0,10,0,,,0,0)', 'of one instant, what is earned counts first'),
    (pg_temp.lots('10 5 - - a', '-10 5', '-10 5 - - a'), '(0,10,0,,,0,10)',
    'and what is spent before what is reversed'),
  (pg_temp.lots('10 5 - 2 a', '-10 5'), '(0,10,0,,,0,0)', 'available before it was booked is at once'),
    (pg_temp.lots('10 5', '0 6', '-99 31', '-99 40', '99 50'), '(10,0,0,,,0,0)',
    'what comes at as_of or later does not count'),
  (pg_temp.lots('10 5 - - a', '7 5', '-7 6', '-3 7 - - a'), '(7,7,0,,,0,0)',
    'among equals, points without a lot are spent first'),
  (pg_temp.lots('0.10 1', '0.2 1', '-0.125 2'), '(0.175,0.125,0.000,,,0.000,0.000)',
    'as many decimals as the points have')) v (have, want, what);

-- random accounts, some of which ask for too much, against a loop
SELECT setseed(0.25);
CREATE TABLE entry AS
  SELECT c, n, CASE WHEN kind < 6 THEN 1 + floor(random() * 400) / 4 WHEN kind < 9 THEN -1 - floor(random() * 120) / 2
    ELSE -floor(random() * 60) END::numeric(10, 2) AS points,
    timestamptz '2024-01-01' + floor(random() * 200) * interval '1 hour' * 24 + n * interval '1 min' AS booked_at,
      kind, random() AS r, random() AS q, random() AS s
  FROM generate_series(1, 240) c, LATERAL (SELECT n, CASE WHEN n <= 5 THEN 0 ELSE floor(random() * 10)::int END AS kind
    FROM generate_series(1, 5 + c % 20) n) g;
ALTER TABLE entry ADD expires_at timestamptz, ADD available_at timestamptz, ADD lot text;
UPDATE entry SET booked_at = CASE WHEN n <= 5 THEN timestamptz '2024-01-01' + n * interval '1 hour' ELSE booked_at END;
UPDATE entry SET expires_at = CASE WHEN points > 0 AND r < 0.7
  THEN booked_at + (30 + floor(q * 30) * 5) * interval '1 day' END,
  available_at = CASE WHEN points > 0 AND q < 0.4 THEN booked_at + floor(s * 20) * interval '1 day' END,
  lot = CASE WHEN kind >= 9 OR points > 0 AND s < 0.8 THEN 'o' || n % 6 END;
DELETE FROM entry WHERE points = 0;
ANALYZE entry;

CREATE TABLE lot (c int, n int, points numeric, left_over numeric, spent numeric, booked_at timestamptz,
  live_from timestamptz, expires_at timestamptz, name text);
CREATE FUNCTION pg_temp.take(l lot, most numeric, from_spent boolean) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  taken numeric := least(most, CASE WHEN from_spent THEN l.spent ELSE l.left_over END);
BEGIN
  UPDATE lot SET left_over = left_over - CASE WHEN from_spent THEN 0 ELSE taken END, spent = spent - CASE
    WHEN from_spent THEN taken ELSE 0 END WHERE (lot.c, lot.n) = (l.c, l.n);
  RETURN taken;
END $$;
CREATE FUNCTION pg_temp.plain_balance(of_customer int, with_lots boolean, as_of timestamptz, burn text) RETURNS text
  LANGUAGE plpgsql AS $$
DECLARE
  e entry; l lot; missing numeric; taken numeric; redeemed numeric := 0; owed numeric := 0;
BEGIN
  DELETE FROM lot;
  INSERT INTO lot SELECT c, n, points, points, 0, booked_at, CASE WHEN with_lots THEN greatest(booked_at, available_at)
    ELSE booked_at END, coalesce(expires_at, 'infinity'), CASE WHEN with_lots THEN entry.lot END
    FROM entry WHERE c = of_customer AND points > 0 AND booked_at < as_of;
  FOR e IN SELECT * FROM entry WHERE c = of_customer AND points < 0 AND booked_at < as_of ORDER BY booked_at LOOP
    missing := -e.points;
    IF with_lots AND e.lot IS NOT NULL THEN
      FOR i IN 0 .. 1 LOOP
        FOR l IN SELECT * FROM lot WHERE name = e.lot AND booked_at < e.booked_at
          ORDER BY CASE WHEN burn = 'first_expiring' THEN expires_at END, booked_at LOOP
          taken := pg_temp.take(l, missing, i = 1);
          missing := missing - taken;
          owed := owed + CASE WHEN i = 1 THEN taken ELSE 0 END;
        END LOOP;
      END LOOP;
    ELSE
      redeemed := redeemed + missing;
      FOR l IN SELECT * FROM lot WHERE live_from <= e.booked_at AND expires_at > e.booked_at
        ORDER BY CASE WHEN burn = 'first_expiring' THEN expires_at END, booked_at LOOP
        taken := pg_temp.take(l, missing, false);
        UPDATE lot SET spent = spent + taken WHERE (lot.c, lot.n) = (l.c, l.n);
        missing := missing - taken;
      END LOOP;
    END IF;
    IF missing > 0 THEN
      RETURN '22000';
    END IF;
  END LOOP;
  RETURN (SELECT row(coalesce(sum(left_over) FILTER (WHERE expires_at > as_of AND live_from <= as_of), 0)::numeric(10,
    2), redeemed::numeric(10, 2), coalesce(sum(left_over) FILTER (WHERE expires_at <= as_of), 0)::numeric(10, 2),
      (SELECT min(expires_at) FROM lot WHERE expires_at > as_of AND expires_at < 'infinity' AND left_over > 0),
      (SELECT sum(left_over) FROM lot WHERE expires_at > as_of AND expires_at < 'infinity' AND left_over > 0
        GROUP BY expires_at ORDER BY expires_at LIMIT 1)::numeric(10, 2),
      coalesce(sum(left_over) FILTER (WHERE expires_at > as_of AND live_from > as_of), 0)::numeric(10, 2),
        owed::numeric(10, 2))::text FROM lot);
END $$;
CREATE FUNCTION pg_temp.balance(of_customer int, with_lots boolean, as_of timestamptz, burn text) RETURNS text
  LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE WHEN with_lots THEN (SELECT points_balance(points, booked_at, expires_at, available_at, lot, as_of,
    burn)::text FROM (SELECT * FROM entry WHERE c = of_customer ORDER BY r OFFSET 0) s)
    ELSE (SELECT points_balance(points, booked_at, expires_at, as_of, burn)::text
      FROM (SELECT * FROM entry WHERE c = of_customer ORDER BY q OFFSET 0) s) END;
EXCEPTION WHEN data_exception THEN
  RETURN '22000';
END $$;
CREATE TABLE compared AS SELECT c, with_lots, as_of, burn, pg_temp.balance(c, with_lots, as_of, burn) AS have,
  pg_temp.plain_balance(c, with_lots, as_of, burn) AS want
  FROM generate_series(1, 240) c, (VALUES (true), (false)) v (with_lots),
    LATERAL (SELECT (ARRAY['first_expiring', 'first_earned'])[1 + c % 2] AS burn,
    timestamptz '2024-04-01' + c % 120 * interval '1 day' AS as_of) s;
SELECT is((SELECT string_agg(format('%s: %s, not %s', c, have, want), E'\n' ORDER BY c)
  FROM (SELECT * FROM compared WHERE with_lots = l AND have IS DISTINCT FROM want LIMIT 3) s), NULL, CASE WHEN l
  THEN 'with lots' ELSE 'without lots' END || ', as the loop has it')
  FROM (VALUES (true), (false)) v (l);
SELECT ok(count(*) FILTER (WHERE have = '22000') > 5 AND count(*) FILTER (WHERE have <> '22000') > 100,
  format('%s accounts asked for too much, %s did not', count(*) FILTER (WHERE have = '22000'),
  count(*) FILTER (WHERE have <> '22000'))) FROM compared GROUP BY with_lots;
-- what was earned is somewhere, and the schedule is what is left and expires
CREATE TABLE fine AS SELECT c, as_of, burn FROM compared WHERE with_lots AND have <> '22000';
ANALYZE fine;
CREATE VIEW found AS SELECT c, points_balance(points, booked_at, expires_at, available_at, lot, as_of) AS b,
  points_expiry(points, booked_at, expires_at, available_at, lot, as_of) AS x,
    sum(points) FILTER (WHERE points > 0 AND booked_at < as_of) AS earned, -sum(points)
      FILTER (WHERE points < 0 AND lot IS NOT NULL AND booked_at < as_of) AS reversed
  FROM fine JOIN entry USING (c) WHERE burn = 'first_expiring' GROUP BY c;
SELECT is((SELECT count(*)::int FROM found
  WHERE earned <> (b).balance + (b).pending + (b).redeemed + (b).expired + coalesce(reversed, 0) - (b).owed), 0,
  'earned = balance + pending + redeemed + expired + reversed - owed');
SELECT is((SELECT count(*)::int FROM found WHERE (b).next_expiry_at IS DISTINCT
  FROM (x[1]).expires_at OR (b).next_expiry_points IS DISTINCT
  FROM (x[1]).points OR (SELECT coalesce(sum(points), 0) FROM pg_catalog.unnest(x)) > (b).balance + (b).pending), 0,
  'the schedule begins with the next expiry, and has no more than is left');
SELECT pg_temp.parallel_on();
SELECT matches(pg_temp.plan_of('SELECT * FROM found'), 'Partial (Hash|Group)Aggregate', 'in parallel');
CREATE TABLE parallel AS SELECT c, b::text AS b, x::text AS x FROM found;
SELECT pg_temp.parallel_off();
SELECT pg_temp.is_same('SELECT * FROM parallel', 'SELECT c, b::text, x::text FROM found', 'gives the same');
-- one large account, in little time
SELECT pg_temp.is_same($$SELECT (b).balance, (b).redeemed, (b).expired
  FROM (SELECT points_balance(CASE WHEN i % 2 = 0 THEN 3 ELSE -1 END, timestamptz '2024-01-01' + i * interval '1 min',
  CASE WHEN i % 2 = 0 THEN timestamptz '2034-01-01' + hashint4(i) * interval '1 s' / 100 END, '2024-12-01') AS b
  FROM generate_series(0, 199999) i) s$$,
  'VALUES (200000::numeric, 100000::numeric, 0::numeric)', '200,000 entries of one account');
SELECT is((SELECT (points_balance(1e37, '2024-01-01', NULL, '2024-06-01')).balance FROM generate_series(1, 9)), 9e37,
  'points of 38 digits');

SELECT pg_temp.errors('SELECT ' || call, code, message) FROM (VALUES
  ('points_balance(''NaN'', now(), NULL, now())', '22023', 'points must be finite, not NaN'),
    ('points_balance(''-Infinity'', now(), NULL, now())', '22023', 'points must be finite, not -Infinity'),
    ('points_balance(2e38, now(), NULL, now())', '22003', 'points must have, and sum to, at most 38 digits'),
  ('points_balance(1e-39, now(), NULL, now())', '22003', 'points must have, and sum to, at most 38 digits'),
    ('points_balance(1.7e38, timestamptz ''2024-01-01'', NULL, ''2025-01-01'') FROM generate_series(1, 2)', '22003',
    'points must have, and sum to, at most 38 digits'),
  ('points_balance(p, timestamptz ''2024-01-01'', NULL, ''2025-01-01'') FROM (VALUES (1e37), (0.01)) v (p)', '22003',
    'points must have, and sum to, at most 38 digits'),
  ('points_balance(1, ''infinity'', NULL, now())', '22023', 'booked_at must be finite, not infinity'),
    ('points_balance(1, now(), ''infinity'', now())', '22023', 'expires_at must be finite, not infinity'),
    ('points_balance(1, now(), NULL, ''-infinity'')', '22023', 'as_of must be finite, not -infinity'),
  ('points_balance(1, now(), NULL, ''infinity'', ''a'', now())', '22023', 'available_at must be finite, not infinity'),
  ('points_balance(1, timestamptz ''2024-01-02'', ''2024-01-02'', ''2024-06-01'')', '22023',
    'expires_at must be after booked_at, 2024-01-02 00:00:00+00, not 2024-01-02 00:00:00+00'),
    ('points_balance(1, timestamptz ''2024-01-02'', ''2024-01-01'', ''2024-06-01'')', '22023',
    'expires_at must be after booked_at, 2024-01-02 00:00:00+00, not 2024-01-01 00:00:00+00'),
  ('points_balance(1, timestamptz ''2024-01-02'', ''2024-03-01'', ''2024-03-01'', NULL, ''2024-06-01'')', '22023',
    'expires_at must be after available_at, 2024-03-01 00:00:00+00, not 2024-03-01 00:00:00+00'),
  ('points_balance(1, now(), NULL, now(), ''first'')', '22023',
    'burn must be first_expiring or first_earned, not "first"'),
    ('points_balance(1, now(), NULL, now(), b) FROM (VALUES (''first_earned''), (''first_expiring'')) v (b)', '22023',
    'burn must be the same for all rows, not first_earned and first_expiring'),
  ('points_balance(1, timestamptz ''2024-01-02'', NULL, a) FROM (VALUES (timestamptz ''2024-06-01''), (''2024-05-01'')) v (a)',
    '22023', 'as_of must be the same for all rows, not 2024-05-01 00:00:00+00 and 2024-06-01 00:00:00+00'),
  ('points_balance(points, booked_at - CASE WHEN points < 0 THEN interval ''10 days'' ELSE ''0'' END, expires_at, ''2024-06-01'') FROM f1',
    '22000', 'points redeemed must be at most 0, what is live at 2023-12-31 00:00:00+00, not 70') ,
  ('points_balance(points * CASE WHEN points < 0 THEN 3 ELSE 1 END, booked_at, expires_at, ''2024-06-01'') FROM f1',
    '22000', 'points redeemed must be at most 150, what is live at 2024-01-10 00:00:00+00, not 210'),
  ('points_expiry(points, booked_at + CASE WHEN points < 0 THEN interval ''30 days'' ELSE ''0'' END, expires_at, ''2024-06-01'') FROM f1',
    '22000', 'points redeemed must be at most 50, what is live at 2024-02-09 00:00:00+00, not 70'),
  ('pg_temp.lots(''10 1 - 9 a'', ''-10 5'')', '22000',
    'points redeemed must be at most 0, what is live at 2024-01-06 00:00:00+00, not 10'),
    ('pg_temp.lots(''10 1 - - a'', ''-11 5 - - a'')', '22000',
    'points reversed of lot "a" must be at most 10, those earned and not yet reversed, not 11'),
  ('pg_temp.lots(''10 1 - - a'', ''-8 2'', ''-9 5 - - a'', ''-2 6 - - a'')', '22000',
    'points reversed of lot "a" must be at most 1, those earned and not yet reversed, not 2'),
  ('pg_temp.lots(''10 5 - - a'', ''-1 4 - - a'')', '22000',
    'lot "a" must be earned before it is reversed, at 2024-01-05 00:00:00+00'),
    ('pg_temp.lots(''10 1 - - a'', ''-1 4 - - A'')', '22000',
    'lot "A" must be earned before it is reversed, at 2024-01-05 00:00:00+00'),
  ('points_balance(-170141183460469231731687303715884105728, now() - interval ''1 day'', NULL, now())', '22003',
    'points must have, and sum to, at most 38 digits')) v (call, code, message);
\ir finish.psql
