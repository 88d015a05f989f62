-- A range of codes, so that an index of PostgreSQL's own kinds can tell whether
-- two codes are equal: code_range(c, c, '[]') overlaps code_range(d, d, '[]') if
-- c = d, and only then.  With it a constraint can say "not the same code on the
-- same day" in every database, without the extension btree_gist.  The type
-- belongs to the ledger, so that the constraints survive DROP EXTENSION.
CREATE TYPE code_range AS RANGE (SUBTYPE = text, COLLATION = "C");

COMMENT ON TYPE code_range IS
'Range of codes, for constraints by which a code may not come twice on a day.';
