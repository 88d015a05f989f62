-- Intervals of slopes and of differences of means, for views.

CREATE FUNCTION crmcost._student_quantile(df integer) RETURNS double precision
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'student__student_quantile';

COMMENT ON FUNCTION crmcost._student_quantile(integer) IS
  'What a variate of Student''s distribution with that many degrees of freedom, 1 or more, is above with a chance of 2.5 %; NULL for NULL.';
