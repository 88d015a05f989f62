-- Comments in the language of a ledger.  The sources have them in English; those
-- in Chinese are in sql/ledger/zh.tsv, from which sql/ledger/wrap.sh makes
-- crmcost._chinese(): lines of the hash of an English comment, the translation
-- and the tables, views and columns that have it.
CREATE FUNCTION crmcost._translations()
  RETURNS TABLE (object text, english text, comment text)
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY
    SELECT o.name, part.word[1], crmcost._from_utf8(part.word[2])
    FROM string_to_table(crmcost._chinese(), E'\n') AS l (line),
         LATERAL string_to_array(l.line, ' ') AS part (word),
         LATERAL unnest(part.word[3:]) AS o (name)
    WHERE crmcost._from_utf8('e4b8ad') IS NOT NULL;
END
$$;

COMMENT ON FUNCTION crmcost._translations() IS
  'Tables, views and columns of a ledger with the hash of the English comment and the Chinese one; none where the database encoding cannot hold it.';

-- A comment that is not ours stays: a translation takes the place of the English
-- text that it was made of, and an English one that of its translation.
CREATE FUNCTION crmcost._translate_comments(ledger name,
                                            only_of name DEFAULT NULL)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  language CONSTANT text := crmcost._setting(ledger, 'language');
  -- taken apart once, not once for each comment
  original CONSTANT jsonb := (
    SELECT jsonb_object_agg((regexp_match(s.statement,
                                          '^COMMENT ON \w+ ([\w.]+)'))[1],
                            s.statement)
    FROM crmcost._statements('tables') s
    WHERE language <> 'zh' AND s.statement ~ '^COMMENT ON');
  statements text;
BEGIN
  IF language = 'zh' AND only_of IS NULL
     AND NOT EXISTS (SELECT FROM crmcost._translations()) THEN
    RAISE WARNING 'comments of ledger "%" stay English: database encoding % cannot hold Chinese',
                  ledger, getdatabaseencoding();
  END IF;
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  WITH commented AS (
    SELECT concat_ws('.', c.relname, a.attname) AS object, d.description,
           CASE WHEN a.attname IS NOT NULL THEN 'COLUMN'
             WHEN c.relkind = 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind
    FROM pg_class c
    JOIN pg_description d ON d.objoid = c.oid
                             AND d.classoid = 'pg_class'::regclass
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
                                AND a.attnum > 0
    WHERE c.relnamespace = format('%I', ledger)::regnamespace
          AND c.relkind IN ('r', 'p', 'v')
          AND (only_of IS NULL OR c.relname = only_of)
  )
  SELECT string_agg(
           CASE language WHEN 'zh' THEN format('COMMENT ON %s %s IS %L', kind,
                                               t.object, t.comment)
             ELSE original ->> c.object END, ';')
    INTO statements
    FROM commented c
    JOIN crmcost._translations() t ON t.object = c.object
    WHERE CASE language
            WHEN 'zh' THEN t.english = crmcost._comment_hash(c.description)
            ELSE t.comment = c.description END;
  EXECUTE coalesce(statements, '');
  PERFORM crmcost._comment_attributes(ledger);
  PERFORM crmcost._comment_schema(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._translate_comments(name, name) IS
  'Gives the tables, views and columns of a ledger, or of one relation, whose comments are ours, those of its language.';

CREATE FUNCTION crmcost._comment_hash(comment text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(
         pg_catalog.convert_to(comment, pg_catalog.getdatabaseencoding())),
         'hex'), 8);

COMMENT ON FUNCTION crmcost._comment_hash(text) IS
  'What a translation names the English comment by that it was made of.';

-- The schema has a comment too, which is in no source of tables and views.
CREATE FUNCTION crmcost._comment_schema(ledger name,
                                        anew boolean DEFAULT false)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  english CONSTANT text := 'Customer cost ledger, made by crmcost.install.';
  chinese CONSTANT text := (SELECT t.comment FROM crmcost._translations() t
                            WHERE t.object = '(schema)');
BEGIN
  EXECUTE (
    SELECT format('COMMENT ON SCHEMA %I IS %L', n.nspname, w.comment)
    FROM pg_namespace n,
         LATERAL obj_description(n.oid, 'pg_namespace') AS old (comment),
         LATERAL (VALUES (coalesce(
           CASE crmcost._setting(ledger, 'language') WHEN 'zh' THEN chinese END,
           english))) AS w (comment)
    WHERE n.nspname = ledger
          AND (anew OR old.comment IN (english, chinese)
                       AND old.comment <> w.comment
                       AND pg_has_role(n.nspowner, 'USAGE'))
    UNION ALL SELECT '' LIMIT 1);
END
$$;

COMMENT ON FUNCTION crmcost._comment_schema(name, boolean) IS
  'Gives the schema of a ledger the comment in its language, where it has ours, or anew.';

-- The columns of customer_attribute are named by the user: one comment, with a
-- place for the name, serves them all.
CREATE FUNCTION crmcost._comment_attributes(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  chinese CONSTANT text := (
    SELECT t.comment FROM crmcost._translations() t
    WHERE t.object = 'customer_attribute.*'
          AND crmcost._setting(ledger, 'language') = 'zh');
  statement text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  FOR statement IN
    SELECT format('COMMENT ON COLUMN customer_attribute.%I IS %L', a.attname,
                  format(coalesce(chinese,
                                  'Attribute %s; NULL where the customer has none.'),
                         a.attname))
    FROM pg_attribute a
    WHERE a.attrelid = to_regclass('customer_attribute') AND a.attnum > 1
          AND NOT a.attisdropped
    ORDER BY a.attnum
  LOOP
    EXECUTE statement;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._comment_attributes(name) IS
  'Gives the columns of view customer_attribute their comments, in the language of the ledger.';
