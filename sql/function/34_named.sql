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
