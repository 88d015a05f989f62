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

CREATE FUNCTION crmcost._need_tags(attributes jsonb) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE pg_catalog.jsonb_typeof(attributes -> 'need'::text)
         WHEN 'array' THEN (
           SELECT pg_catalog.string_agg(n.tag, ', '::text
                                        ORDER BY n.tag COLLATE pg_catalog."C")
           FROM pg_catalog.jsonb_array_elements_text(
                  attributes -> 'need'::text) AS n (tag))
         WHEN 'string' THEN attributes ->> 'need'::text
       END;

COMMENT ON FUNCTION crmcost._need_tags(jsonb) IS
  'Tags of attribute need, sorted and separated by commas; NULL where there are none.';
