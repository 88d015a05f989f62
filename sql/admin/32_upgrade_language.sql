-- What a ledger says in its language besides names: a ledger of before gains the
-- columns and rows for it.  What its owner changed stays: words in Chinese go only
-- beside words in English that are still those of the seed.
CREATE FUNCTION crmcost._add_translations(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part record;
  seeded text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOR part IN
    SELECT w.relation, w.english, w.english || '_zh' AS chinese, w.keys
    FROM (VALUES ('setting', 'note', '{key}'::text[]),
                 ('tier', 'action', '{scheme,code}'),
                 ('stage', 'action', '{code}'),
                 ('worklist_reason', 'action', '{code}'),
                 ('driver', 'unit', '{code}'))
      AS w (relation, english, keys)
    WHERE crmcost._lacks_column(w.relation, w.english || '_zh')
  LOOP
    PERFORM crmcost._add_text(part.relation, part.chinese);
    seeded := crmcost._make_seeded(part.relation);
    EXECUTE format(
      'UPDATE %I old SET %I = new.%2$I FROM %I new WHERE %s', part.relation,
      part.chinese, seeded,
      (SELECT string_agg(format('old.%I = new.%1$I', k.name), ' AND ')
       FROM unnest(part.keys || part.english) AS k (name)));
    EXECUTE format('DROP TABLE %I', seeded);
  END LOOP;
  IF crmcost._lacks_kinds() THEN
    PERFORM crmcost._renew_terms();
  END IF;
  IF crmcost._lacks_column('quality_finding', 'words') THEN
    PERFORM crmcost._upgrade_findings('example');
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._add_translations(name) IS
  'Gives the tables of a ledger of before what they say in its language.';

-- What was found in closed months is not found again: it stays as it was told.
CREATE FUNCTION crmcost._upgrade_findings(told text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  PERFORM crmcost._add_text('quality_finding', 'words', 'text[]');
  EXECUTE format('UPDATE quality_finding SET words = ARRAY[%L, %I] WHERE %2$I IS NOT NULL',
                 'as_it_is', told);
END
$$;

COMMENT ON FUNCTION crmcost._upgrade_findings(text) IS
  'Gives quality_finding the words of findings, in place of the column that told them.';

CREATE FUNCTION crmcost._drop_replaced(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  IF NOT crmcost._lacks_column('quality_finding', 'example') THEN
    ALTER TABLE quality_finding DROP COLUMN example;
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._drop_replaced(name) IS
  'Takes away the column whose place another one took, when our views read that.';

-- A table that is not there yet is made with all its columns.  The search path is
-- the caller's, here and below, with the ledger first.
CREATE FUNCTION crmcost._lacks_column(relation text, name text)
  RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN to_regclass(relation) IS NOT NULL
         AND NOT EXISTS (SELECT FROM pg_attribute a
                         WHERE a.attrelid = to_regclass(relation)
                               AND a.attname = _lacks_column.name);
END
$$;

COMMENT ON FUNCTION crmcost._lacks_column(text, text) IS
  'Whether a table of a ledger is there without a column.';

CREATE FUNCTION crmcost._add_text(relation text, name text,
                                  type regtype DEFAULT 'text')
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ADD COLUMN %I %s', relation, name, type);
  EXECUTE (SELECT s.statement FROM crmcost._statements('tables') s
           WHERE s.statement ~ format('^COMMENT ON COLUMN %s[.]%s IS',
                                      _add_text.relation, name));
END
$$;

COMMENT ON FUNCTION crmcost._add_text(text, text, regtype) IS
  'Gives a table of a ledger a column of words, with its comment.';

-- No temporary table, which may not be made as the owner of somebody else's ledger.
CREATE FUNCTION crmcost._make_seeded(relation text) RETURNS text
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  seeded CONSTANT text := 'crmcost_' || relation;
  statement text;
BEGIN
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', seeded,
                 relation);
  FOR statement IN
    SELECT replace(s.statement, 'INSERT INTO ', 'INSERT INTO crmcost_')
    FROM crmcost._statements('seed') s
    WHERE s.relation = _make_seeded.relation
  LOOP
    EXECUTE statement;
  END LOOP;
  RETURN seeded;
END
$$;

COMMENT ON FUNCTION crmcost._make_seeded(text) IS
  'Makes a table with the columns of another one and the rows of the seed; returns its name.';

-- The check of its kinds tells how old a table is: it is ours, the rows are the
-- owner's.
CREATE FUNCTION crmcost._lacks_kinds() RETURNS boolean
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN to_regclass('term') IS NOT NULL
         AND NOT EXISTS (SELECT FROM pg_constraint c
                         WHERE c.conrelid = to_regclass('term')
                               AND c.conname = 'kind_is_known'
                               AND strpos(pg_get_constraintdef(c.oid),
                                          '''via''') > 0);
END
$$;

COMMENT ON FUNCTION crmcost._lacks_kinds() IS
  'Whether table term of a ledger is from before it had all kinds.';

CREATE FUNCTION crmcost._renew_terms() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  seeded text;
BEGIN
  IF crmcost._lacks_column('term', 'definition') THEN
    PERFORM crmcost._add_text('term', 'definition');
    PERFORM crmcost._add_text('term', 'definition_zh');
  END IF;
  ALTER TABLE term DROP CONSTRAINT kind_is_known;
  PERFORM crmcost._add_checks('term');
  seeded := crmcost._make_seeded('term');
  EXECUTE format($query$
    INSERT INTO term (kind, code, name, name_zh, definition, definition_zh)
      SELECT kind, code, name, name_zh, definition, definition_zh
      FROM %I new
      WHERE NOT EXISTS (SELECT FROM term old WHERE old.kind = new.kind)
            OR (kind, code) IN (
                 ('contact', 'touch'), ('contact', 'behavior'),
                 ('contact', 'sales'), ('contact', 'referral'),
                 ('measure', 'cost'), ('measure', 'cost_saving'),
                 ('measure', 'customers'), ('measure', 'hours'),
                 ('measure', 'margin'), ('measure', 'piece'),
                 ('measure', 'profit'), ('measure', 'quantity'),
                 ('measure', 'revenue'), ('measure', 'revenue_gain'),
                 ('measure', 'score'), ('metric', 'ces'), ('metric', 'csat'))
      ON CONFLICT (kind, code) DO NOTHING
  $query$, seeded);
  EXECUTE format($query$
    UPDATE term old
      SET definition = new.definition, definition_zh = new.definition_zh
      FROM %I new
      WHERE new.kind = old.kind AND new.code = old.code
            AND old.definition IS NULL AND old.definition_zh IS NULL
  $query$, seeded);
  EXECUTE format('DROP TABLE %I', seeded);
END
$$;

COMMENT ON FUNCTION crmcost._renew_terms() IS
  'Gives table term of a ledger of before the sentences of findings, and the other kinds of terms that it lacks.';
