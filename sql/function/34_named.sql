-- The seed rows write Chinese names by it: the bytes of UTF8 would be something
-- else, or refused, where the script is read in the encoding of another database.
CREATE FUNCTION crmcost._from_utf8(hex text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN getdatabaseencoding() IN ('UTF8', 'EUC_CN', 'SQL_ASCII')
         THEN convert_from(decode(hex, 'hex'), 'UTF8') END;

COMMENT ON FUNCTION crmcost._from_utf8(text) IS
  'Chinese text whose bytes in UTF8 are given in hexadecimal; NULL where the database encoding cannot hold it.';

-- What stands for no code or for all of them has no table of codes: (all),
-- (unknown), (none) and (new).
CREATE FUNCTION crmcost._named_marker(code text) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(crmcost._from_utf8(CASE code WHEN '(all)' THEN 'e585a8e983a8'
                                     WHEN '(unknown)' THEN 'e69caae79fa5'
                                     WHEN '(none)' THEN 'e697a0'
                                     WHEN '(new)' THEN 'e696b0e5a29e' END),
                code);

COMMENT ON FUNCTION crmcost._named_marker(text) IS
  'Chinese for (all), (unknown), (none) and (new); any other code, and where the database encoding cannot hold it, as it is.';

-- The name of a code, in the language of the reader: every view of a ledger asks
-- here.  language comes as a subquery over setting, which runs once a query, and
-- stands here once, or the planner would not inline this; name and name_zh come
-- from the table of the codes, joined with LEFT JOIN, so that the planner drops
-- the join where nobody asks for the name.
CREATE FUNCTION crmcost._named(language text, name text, name_zh text,
                               code text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE language
         WHEN 'zh' THEN coalesce(name_zh, name, crmcost._named_marker(code))
         ELSE coalesce(name, code) END;

COMMENT ON FUNCTION crmcost._named(text, text, text, text) IS
  'Name in a language, en or zh: the English one where there is no other, the code where there is none, in Chinese if it is (all), (unknown), (none) or (new).';

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
