-- The name of a code, in the language of the reader: every view of a ledger asks
-- here.  language comes as a subquery over setting, which runs once a query; name
-- and name_zh come from the table of the codes, joined with LEFT JOIN, so that the
-- planner drops the join where nobody asks for the name.
CREATE FUNCTION crmcost._named(language text, name text, name_zh text,
                               code text)
  RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(CASE language WHEN 'zh' THEN coalesce(name_zh, name)
                  ELSE name END, code);

COMMENT ON FUNCTION crmcost._named(text, text, text, text) IS
  'Name in a language, en or zh: the English one where there is no other, the code where there is none.';

-- What was found, in words: the code of a sentence and what it is about, by the
-- sentence of table term.  Who changed it may have given it more places than there
-- are words for: they stay empty.
CREATE FUNCTION crmcost._told(language text, sentence text, sentence_zh text,
                              words text[])
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(
  pg_catalog.format(crmcost._named(language, sentence, sentence_zh, NULL),
                    VARIADIC words[2:]
                             || '{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL}'::text[]),
  pg_catalog.array_to_string(words, ' '::text));

COMMENT ON FUNCTION crmcost._told(text, text, text, text[]) IS
  'A finding by its sentence, in a language, en or zh: its words alone where there is no sentence.';

-- The same for what is no view; the search path is the caller's, with the ledger
-- first.
CREATE FUNCTION crmcost._say(language text, words text[]) RETURNS text
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN (SELECT crmcost._told(_say.language, t.name, t.name_zh, _say.words)
          FROM (SELECT) one
          LEFT JOIN term t
            ON t.kind = 'finding' AND t.code = _say.words[1] COLLATE "C");
END
$$;

COMMENT ON FUNCTION crmcost._say(text, text[]) IS
  'A finding by its sentence in table term of the ledger, in a language, en or zh.';

-- min() of arrays, which Citus does not compute on workers: it looks for one of
-- text[] by name, and there is none.
CREATE AGGREGATE crmcost._first_words(words text[]) (
  SFUNC = pg_catalog.array_smaller,
  STYPE = text[],
  COMBINEFUNC = pg_catalog.array_smaller,
  PARALLEL = SAFE
);

COMMENT ON AGGREGATE crmcost._first_words(text[]) IS
  'The first of findings by their words; NULL without rows.';
