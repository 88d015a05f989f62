-- The schema is made here, and not by the control file: one that is there already
-- would be taken as it is, with whatever its owner has planted in it, and one that
-- CREATE EXTENSION makes belongs to the user who calls it, who could plant later.
-- Made here it fails where there is one, it belongs to the superuser as whom the
-- script runs, and it is a member that DROP EXTENSION takes along.  The control
-- file says pg_catalog because nothing but CREATE SCHEMA is left to go anywhere.
CREATE SCHEMA crmcost;

COMMENT ON SCHEMA crmcost IS
  'Customer cost management: the functions of extension crmcost.';

-- Functions are open to everyone who can reach them.
GRANT USAGE ON SCHEMA crmcost TO PUBLIC;
