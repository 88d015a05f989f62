CREATE FUNCTION crmcost._refresh_quality(run crmcost._run) RETURNS bigint
  LANGUAGE sql AS 'SELECT 0::bigint';
