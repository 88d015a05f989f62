-- A ledger on a Citus cluster: keys and triggers that it cannot keep.  They are noted in
-- table distribution_change of the ledger, as statements that bring them back and,
-- for keys, as queries for a row that breaks them, which every refresh asks.

-- What Citus cannot keep of a ledger: the table is there while it is distributed.  One of
-- before gets the columns that came since.
CREATE FUNCTION crmcost._make_distribution_change(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format($query$
    CREATE TABLE IF NOT EXISTS %1$I.distribution_change (
      place integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      what text NOT NULL,
      relation text NOT NULL,
      name text NOT NULL,
      restore text NOT NULL,
      probe text
    );
    ALTER TABLE %1$I.distribution_change
      ADD COLUMN IF NOT EXISTS checked text,
      ADD COLUMN IF NOT EXISTS checked_upto timestamptz;
    COMMENT ON TABLE %1$I.distribution_change IS
      'What crmcost.distribute took from the tables of this ledger, one row a rule; crmcost.undistribute brings it back.';
    COMMENT ON COLUMN %1$I.distribution_change.place IS
      'Order in which undistribute brings it back.';
    COMMENT ON COLUMN %1$I.distribution_change.what IS
      'foreign key, key or trigger.';
    COMMENT ON COLUMN %1$I.distribution_change.relation IS
      'Table it was taken from.';
    COMMENT ON COLUMN %1$I.distribution_change.name IS
      'Name of the constraint or trigger.';
    COMMENT ON COLUMN %1$I.distribution_change.restore IS
      'Statement that makes it again.';
    COMMENT ON COLUMN %1$I.distribution_change.probe IS
      'Query for a row that breaks the rule, which refresh asks; NULL where Citus keeps it, and for triggers.';
    COMMENT ON COLUMN %1$I.distribution_change.checked IS
      'Number of the keys that the last refresh found whole, and sums of their hashes, of a table that only workers read; NULL for others.';
    COMMENT ON COLUMN %1$I.distribution_change.checked_upto IS
      'When the last row with one of these was loaded.'
    $query$, ledger);
END
$$;

COMMENT ON FUNCTION crmcost._make_distribution_change(name) IS
  'Makes the table in which a distributed ledger notes what was taken from it.';

-- Queries for a row that breaks a foreign key, or a unique one, whose columns are
-- all there: the values, as text.
CREATE FUNCTION crmcost._key_probe(key oid) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE k.contype
    WHEN 'f' THEN pg_catalog.format(
      'SELECT ROW(%1$s)::text FROM (SELECT DISTINCT %1$s FROM %2$I r
       WHERE (%1$s) IS NOT NULL) r LEFT JOIN (SELECT DISTINCT %3$s, true AS is_known
       FROM %4$I f) f ON %5$s WHERE f.is_known IS NULL ORDER BY 1 LIMIT 1',
      n.own, c.relname, n.other, f.relname, n.pairs)
    ELSE pg_catalog.format(
      'SELECT ROW(%1$s)::text FROM %2$I r WHERE (%1$s) IS NOT NULL GROUP BY %1$s HAVING count(*) > 1 ORDER BY 1 LIMIT 1',
      n.own, c.relname)
    END
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
  CROSS JOIN LATERAL (
    SELECT pg_catalog.string_agg(pg_catalog.format('r.%I', a.attname), ', '
                                 ORDER BY u.i) AS own,
           pg_catalog.string_agg('f.' || pg_catalog.quote_ident(b.attname), ', '
                                 ORDER BY u.i) AS other,
           pg_catalog.string_agg('f.' || pg_catalog.quote_ident(b.attname)
                                 || ' = r.' || pg_catalog.quote_ident(a.attname),
                                 ' AND ' ORDER BY u.i) AS pairs
    FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (attnum, i)
    JOIN pg_catalog.pg_attribute a
      ON a.attrelid = k.conrelid AND a.attnum = u.attnum
    LEFT JOIN pg_catalog.pg_attribute b
      ON b.attrelid = k.confrelid AND b.attnum = k.confkey[u.i]
  ) n
  WHERE k.oid = _key_probe.key;
END;

COMMENT ON FUNCTION crmcost._key_probe(oid) IS
  'Query for a row that breaks a key of a ledger, with the ledger in the search path.';

-- Foreign keys first: they stand on the keys below.
CREATE FUNCTION crmcost._take_keys(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
BEGIN
  FOR rule IN
    SELECT k.conname AS name, c.relname AS relation, k.contype AS kind,
           k.conrelid::regclass AS place, pg_get_constraintdef(k.oid) AS definition,
           crmcost._key_probe(k.oid) AS probe
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    LEFT JOIN crmcost._placement(ledger) p ON p.relation = k.conrelid
    LEFT JOIN crmcost._placement(ledger) q ON q.relation = k.confrelid
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
          AND k.conparentid = 0
          AND (k.contype = 'f' AND (p.relation IS NOT NULL OR q.relation IS NOT NULL)
               OR k.contype IN ('p', 'u') AND p.placement = 'distributed'
                  AND NOT (SELECT a.attnum FROM pg_attribute a
                           WHERE a.attrelid = k.conrelid
                                 AND a.attname = crmcost._customer_column(k.conrelid))
                           = ANY (k.conkey))
    ORDER BY k.contype = 'f' DESC, k.oid
  LOOP
    EXECUTE format('INSERT INTO %I.distribution_change (what, relation, name, restore, probe) VALUES ($1, $2, $3, $4, $5)',
                   ledger)
      USING CASE rule.kind WHEN 'f' THEN 'foreign key' ELSE 'key' END,
            rule.relation, rule.name,
            format('ALTER TABLE %s ADD CONSTRAINT %I %s', rule.place, rule.name,
                   rule.definition), rule.probe;
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.place, rule.name);
    -- the same with the customer is one that Citus keeps, and finds rows by
    IF rule.kind <> 'f' THEN
      EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', rule.place, rule.name,
                     regexp_replace(rule.definition, '[)]$', format(
                       ', %s)', crmcost._customer_column(rule.place))));
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._take_keys(name) IS
  'Takes the foreign keys and keys that Citus refuses from the tables of a ledger, and notes them.';

CREATE FUNCTION crmcost._take_triggers(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
BEGIN
  FOR rule IN
    SELECT g.tgname AS name, g.tgrelid::regclass AS place,
           pg_get_triggerdef(g.oid) AS definition,
           g.tgenabled = 'A' AS always
    FROM pg_class c
    LEFT JOIN crmcost._placement(ledger) p ON p.relation = c.oid
    JOIN pg_trigger g
      ON g.tgrelid = c.oid
         OR g.tgrelid IN (SELECT i.inhrelid FROM pg_inherits i
                          WHERE i.inhparent = c.oid)
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND NOT g.tgisinternal
          AND g.tgparentid = 0
          -- this one joins what was loaded with a table of the cluster
          AND (p.relation IS NOT NULL
               OR g.tgname = 'erased_customer_takes_no_facts')
    ORDER BY g.oid
  LOOP
    EXECUTE format('INSERT INTO %I.distribution_change (what, relation, name, restore) VALUES ($1, $2, $3, $4)',
                   ledger)
      USING 'trigger', split_part(rule.place::text, '.', 2), rule.name,
            rule.definition || CASE WHEN rule.always THEN
              format('; ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', rule.place,
                     rule.name) ELSE '' END;
    EXECUTE format('DROP TRIGGER %I ON %s', rule.name, rule.place);
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._take_triggers(name) IS
  'Takes the triggers that Citus refuses from the tables of a ledger, and notes them.';

-- A key from a table that stays would draw that table in.
CREATE FUNCTION crmcost._give_keys_back(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
BEGIN
  FOR rule IN EXECUTE format(
    $query$
      SELECT d.place, d.restore, p.relation IS NOT NULL AS is_placed
      FROM %1$I.distribution_change d
      LEFT JOIN crmcost._placement(%1$L) p
        ON p.relation = format('%%I.%%I', %1$L, d.relation)::regclass
      WHERE d.what = 'foreign key' ORDER BY d.place
    $query$, ledger)
  LOOP
    CONTINUE WHEN NOT rule.is_placed;
    BEGIN
      EXECUTE rule.restore;
      EXECUTE format('UPDATE %I.distribution_change SET probe = NULL WHERE place = $1',
                     ledger) USING rule.place;
    EXCEPTION WHEN feature_not_supported OR invalid_foreign_key
                   OR invalid_table_definition THEN
      NULL;
    END;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._give_keys_back(name) IS
  'Makes the foreign keys of a distributed ledger again that Citus takes.';

CREATE FUNCTION crmcost._give_rules_back(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  rule record;
BEGIN
  FOR rule IN EXECUTE format(
    'SELECT d.* FROM %I.distribution_change d ORDER BY d.what = ''key'' DESC, d.place',
    ledger)
  LOOP
    IF rule.what = 'key' THEN
      EXECUTE format('ALTER TABLE %I.%I DROP CONSTRAINT %I', ledger,
                     rule.relation, rule.name);
    END IF;
    EXECUTE rule.restore;
  END LOOP;
  EXECUTE format('DROP TABLE %I.distribution_change', ledger);
  EXECUTE (SELECT string_agg(format('ALTER TABLE %I.%I DROP COLUMN loaded_at',
                                    ledger, fact), '; ')
           FROM unnest('{customer,sale,interaction,cost_entry}'::name[]) fact);
END
$$;

COMMENT ON FUNCTION crmcost._give_rules_back(name) IS
  'Gives the tables of a ledger the keys and triggers again that distributing took.';

-- From then on a row says when it came; those that are there came before.
CREATE FUNCTION crmcost._note_loading(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  fact name;
BEGIN
  FOREACH fact IN ARRAY '{customer,sale,interaction,cost_entry}'::name[] LOOP
    EXECUTE format('ALTER TABLE %I.%I ADD COLUMN loaded_at timestamptz NOT NULL DEFAULT %L',
                   ledger, fact, '-infinity');
    EXECUTE format('ALTER TABLE %I.%I ALTER COLUMN loaded_at SET DEFAULT clock_timestamp()',
                   ledger, fact);
    EXECUTE format('COMMENT ON COLUMN %I.%I.loaded_at IS %L', ledger, fact,
                   'When the row was loaded into the distributed ledger, by the clock of the node; -infinity before it was distributed.');
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._note_loading(name) IS
  'Gives the facts of a ledger that is being distributed the column by which late ones are told.';

-- Citus made the key have the customer.
CREATE FUNCTION crmcost._key_columns(relation regclass, key name)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', '::text
                               ORDER BY k.i)
  FROM pg_catalog.pg_constraint c
  CROSS JOIN pg_catalog.unnest(c.conkey) WITH ORDINALITY AS k (attnum, i)
  JOIN pg_catalog.pg_attribute a
    ON a.attrelid = c.conrelid AND a.attnum = k.attnum
  WHERE c.conrelid = relation AND c.conname = key
        AND a.attname <> 'customer_id';
END;

COMMENT ON FUNCTION crmcost._key_columns(regclass, name) IS
  'Columns of a key of a distributed table but for the customer.';

-- Of some tables nobody notes when a row came.
CREATE FUNCTION crmcost._loaded_at(relation regclass) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_attribute a
                           WHERE a.attrelid = relation
                                 AND a.attname = 'loaded_at')
           THEN 'loaded_at' ELSE 'NULL::timestamptz' END;
END;

COMMENT ON FUNCTION crmcost._loaded_at(regclass) IS
  'Expression of when a row of a distributed table was loaded.';

-- Whether a key may be there twice in a table that lies on the workers: equal ones have a
-- hash by which they go to one worker.  Where no key was there twice before, only
-- those go that rows have which came since.
CREATE FUNCTION crmcost._may_repeat(ledger name, relation name, key name,
                                    since timestamptz)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET citus.enable_ddl_propagation = on     -- a session may have it off
AS $$
DECLARE
  origin CONSTANT regclass := format('%I.%I', ledger, relation);
  asked CONSTANT text := format('%I.asked', ledger || '_spread');
  hashes CONSTANT text := format(
    'SELECT r.hash FROM (SELECT %3$s AS loaded_at, hash_record_extended(ROW(%1$s), 0) AS hash FROM %2$s WHERE (%1$s) IS NOT NULL) r',
    crmcost._key_columns(origin, key), origin, crmcost._loaded_at(origin));
  wanted bigint[];
  result boolean;
BEGIN
  IF since IS NOT NULL THEN
    EXECUTE format('SELECT array_agg(r.hash) FROM (%s WHERE r.loaded_at > $1) r',
                   hashes) INTO wanted USING since;
    IF wanted IS NULL THEN
      RETURN false;
    END IF;
  END IF;
  EXECUTE format('INSERT INTO %s (customer_id) %s%s', asked, hashes,
                 CASE WHEN since IS NOT NULL THEN
                   format(' WHERE r.hash = ANY (%L::bigint[])', wanted) END);
  EXECUTE format('SELECT EXISTS (SELECT FROM (SELECT a.customer_id FROM %s a GROUP BY a.customer_id HAVING count(*) > 1 LIMIT 1) a)',
                 asked) INTO result;
  EXECUTE format('TRUNCATE %s', asked);
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._may_repeat(name, name, name, timestamptz) IS
  'Whether two rows of a distributed table have the same key but for the customer, or at least its hash: one loaded after an instant and any other, or any two where that is NULL.';

-- By two seeds, and exact: they stay as they are while the keys do.
CREATE FUNCTION crmcost._sum_keys(ledger name, relation name,
                                  upto timestamptz, OUT before text,
                                  OUT now text, OUT now_upto timestamptz)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  origin CONSTANT regclass := format('%I.%I', ledger, relation);
  columns text;
BEGIN
  EXECUTE format('SELECT string_agg(crmcost._key_columns($1, d.name), '', '')
      FROM %I.distribution_change d WHERE d.what = ''key'' AND d.relation = $2',
                 ledger) INTO columns USING origin, relation;
  EXECUTE format($query$
    SELECT max(concat_ws(' ', k.n, k.one, k.other)) FILTER (WHERE k.is_old),
           concat_ws(' ', sum(k.n), sum(k.one), sum(k.other)), max(k.upto)
    FROM (SELECT coalesce(%3$s <= $1, false) AS is_old, count(*) AS n,
                 sum(hash_record_extended(ROW(%1$s), 0)) AS one,
                 sum(hash_record_extended(ROW(%1$s), 1)) AS other,
                 max(%3$s) AS upto
          FROM %2$s GROUP BY 1 OFFSET 0) k
    $query$, columns, origin, crmcost._loaded_at(origin)) INTO before, now, now_upto USING upto;
END
$$;

COMMENT ON FUNCTION crmcost._sum_keys(name, name, timestamptz) IS
  'Number of the keys of a distributed table and sums of their hashes: of the rows loaded up to an instant, and of all, with when the last one was.';

-- A number that is referred to goes to the worker that has the customer, if there is one.
CREATE FUNCTION crmcost._lost_customer(ledger name, relation name,
                                       referring text)
  RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET citus.enable_ddl_propagation = on     -- a session may have it off
AS $$
DECLARE
  asked CONSTANT text := format('%I.asked', ledger || '_spread');
  lost bigint;
BEGIN
  EXECUTE format('INSERT INTO %s (customer_id) SELECT r.%s FROM %I.%I r WHERE r.%2$s IS NOT NULL',
                 asked, referring, ledger, relation);
  EXECUTE format('SELECT min(a.customer_id) FROM %s a LEFT JOIN %I.customer c ON c.customer_id = a.customer_id WHERE c.customer_id IS NULL',
                 asked, ledger) INTO lost;
  EXECUTE format('TRUNCATE %s', asked);
  RETURN '(' || lost || ')';
END
$$;

COMMENT ON FUNCTION crmcost._lost_customer(name, name, text) IS
  'A number by which a column of a table of a distributed ledger refers to a customer who is not there, in brackets; NULL for none.';

-- What a key of PostgreSQL would have refused.  Of some tables there is no copy: those of
-- their keys that were whole when they were looked at last, and stayed as they are, are so.
CREATE FUNCTION crmcost._check_keys(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  left_tables CONSTANT text[] := crmcost._left_tables(ledger);
  rule record;
  summed text := '';
  sums record;
  broken text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOR rule IN
    EXECUTE $query$
      SELECT d.*, substring(d.restore
               FROM 'FOREIGN KEY \(([^,]+)\) REFERENCES \S+\.customer\(customer_id\)')
               AS referring
      FROM distribution_change d WHERE d.probe IS NOT NULL ORDER BY d.place
      $query$
  LOOP
    IF rule.what = 'key' AND rule.relation = ANY (left_tables) THEN
      IF summed <> rule.relation THEN
        summed := rule.relation;
        sums := crmcost._sum_keys(ledger, summed, rule.checked_upto);
      END IF;
      CONTINUE WHEN sums.now = rule.checked;
      EXECUTE format('UPDATE %I.distribution_change SET checked = $1, checked_upto = $2 WHERE place = $3',
                     ledger) USING sums.now, sums.now_upto, rule.place;
      CONTINUE WHEN NOT crmcost._may_repeat(ledger, summed, rule.name,
        CASE WHEN sums.before = rule.checked THEN rule.checked_upto END);
    END IF;
    IF rule.referring IS NOT NULL THEN
      broken := crmcost._lost_customer(ledger, rule.relation, rule.referring);
    ELSE
      PERFORM set_config('search_path', CASE
                           WHEN rule.relation = ANY (left_tables)
                             THEN format('%I, pg_temp', ledger)
                           ELSE crmcost._ledger_path(ledger) END, true);
      EXECUTE rule.probe INTO broken;
    END IF;
    IF broken IS NOT NULL THEN
      RAISE EXCEPTION '% of ledger "%" has a row that breaks % "%": %',
                      rule.relation, ledger, rule.what, rule.name, broken
        USING ERRCODE = CASE rule.what WHEN 'key' THEN 'unique_violation'
                          ELSE 'foreign_key_violation' END,
              SCHEMA = ledger, TABLE = rule.relation, CONSTRAINT = rule.name,
              DETAIL = rule.restore,
              HINT = 'A distributed ledger cannot refuse it at once: correct the row, and refresh again.';
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._check_keys(name) IS
  'Raises an error where a row breaks a key that a distributed ledger cannot hold.';

-- What the triggers of the facts note elsewhere: loaded after its month was closed.
-- A customer is late, too, who was acquired in a closed month by a later change, but
-- not who was merged until now: the last refresh had another day for him, or none.
CREATE FUNCTION crmcost._find_late_facts(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone CONSTANT text := crmcost._setting(ledger, 'timezone');
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF NOT EXISTS (SELECT FROM closed_period) THEN
    RETURN;
  END IF;
  PERFORM crmcost._find_late_of(ledger, zone, f.relation, f.fact, f.number,
                                f.instant)
    FROM (VALUES ('sale', 'sale', 'sale_id', 'sold_at'),
                 ('interaction', 'interaction', 'interaction_id', 'occurred_at'),
                 ('lead', 'customer', 'customer_id', 'first_seen_at'),
                 ('customer', 'customer', 'customer_id', 'acquired_at'))
           AS f (fact, relation, number, instant);
  EXECUTE format($query$
    INSERT INTO late_fact (relation, fact_id, booked_on)
      SELECT f.relation, f.fact_id, f.booked_on
      FROM (
        SELECT 'cost_entry', c.cost_id, c.incurred_on,
               least(lower(c.covers), c.incurred_on), c.loaded_at
        FROM cost_entry c
        UNION ALL
        SELECT 'customer', c.customer_id, c.acquired_on, c.acquired_on, 'infinity'
        FROM (SELECT c.customer_id,
                     (c.acquired_at AT TIME ZONE %2$L)::date AS acquired_on
              FROM %1$I.customer c
              JOIN %1$I.customer_value v ON v.customer_id = c.customer_id
              LEFT JOIN %1$I.customer_month m
                ON m.customer_id = c.customer_id AND m.acquired
                   AND m.month_start = crmcost._month_of((c.acquired_at AT TIME ZONE %2$L)::date)
              WHERE c.merged_into IS NULL AND c.source <> 'anon'
                    AND v.acquired_on IS DISTINCT FROM (c.acquired_at AT TIME ZONE %2$L)::date
                    AND m.customer_id IS NULL
              OFFSET 0) c
      ) AS f (relation, fact_id, booked_on, counts_from, loaded_at)
      JOIN closed_period p ON p.month_start = crmcost._month_of(f.counts_from)
      WHERE f.loaded_at > p.closed_at
      ON CONFLICT (relation, fact_id, booked_on) DO NOTHING
    $query$, ledger, zone);
END
$$;

COMMENT ON FUNCTION crmcost._find_late_facts(name) IS
  'Notes the facts of a distributed ledger that were loaded after their month was closed.';

-- The workers tell which rows are late: closed months have no gap, so that an array
-- says when each was closed.
CREATE FUNCTION crmcost._find_late_of(ledger name, zone text, relation name,
                                      fact text, number name, instant name)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  first_month date;
  closed timestamptz[];
BEGIN
  SELECT min(p.month_start), array_agg(p.closed_at ORDER BY p.month_start)
    INTO first_month, closed FROM closed_period p;
  EXECUTE format($query$
    INSERT INTO late_fact (relation, fact_id, booked_on)
      SELECT %6$L, f.number, f.booked_on
      FROM (SELECT l.number, l.booked_on
            FROM (SELECT s.%7$I AS number, s.loaded_at,
                         (s.%8$I AT TIME ZONE %2$L)::date AS booked_on
                  FROM %1$I.%9$I s) l
            WHERE l.loaded_at > (%3$L::timestamptz[])[
                    1 + (12 * (extract(year FROM l.booked_on) - %4$s)
                         + extract(month FROM l.booked_on) - %5$s)::integer]
            OFFSET 0) f
      ON CONFLICT (relation, fact_id, booked_on) DO NOTHING
    $query$, ledger, zone, closed, extract(year FROM first_month),
    extract(month FROM first_month), fact, number, instant, relation);
END
$$;

COMMENT ON FUNCTION crmcost._find_late_of(name, text, name, text, name, name) IS
  'Notes the rows of a table of a distributed ledger, as late facts of a kind, that were loaded after the month of an instant was closed.';
