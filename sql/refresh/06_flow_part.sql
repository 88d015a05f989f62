-- One cell of a table whose rows (entries of a pool) and columns (customers)
-- both have given sums.  Entries and customers stand in a fixed order; with r0,
-- r1 the running sum of cost before and after the entry, q0, q1 that of the
-- driver before and after the customer, and q all of the driver, the cell is
--
--   F(r1, q1) - F(r0, q1) - F(r1, q0) + F(r0, q0),  F(r, q') = round(r q'/q, 4)
--
-- Added up over the customers it telescopes to r1 - r0, the cost of the entry,
-- exactly.  Added up over the entries it gives the customer's share of the cost,
-- rounded to 4 decimals; what the customer bears (part) is rounded to coins.  The
-- differences sum to 0 over the customers, so one entry can take them all: it is
-- the largest, the only one for which part is given.
CREATE FUNCTION crmcost._flow_part(r0 numeric, r1 numeric, q0 numeric,
                                   q1 numeric, q numeric, part numeric,
                                   cost numeric)
  RETURNS numeric
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN pg_catalog.round(r1 * q1 / q, 4) - pg_catalog.round(r0 * q1 / q, 4)
       - pg_catalog.round(r1 * q0 / q, 4) + pg_catalog.round(r0 * q0 / q, 4)
       + CASE WHEN part IS NULL THEN 0
           ELSE part - pg_catalog.round(cost * q1 / q, 4)
                + pg_catalog.round(cost * q0 / q, 4)
         END;

COMMENT ON FUNCTION crmcost._flow_part(numeric, numeric, numeric, numeric, numeric, numeric, numeric) IS
  'Part of a cost entry that a customer bears, so that the parts sum exactly over customers and over entries.';
