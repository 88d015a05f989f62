/*
 * student.c
 *	  What intervals of slopes and of differences of means are wide, for views.
 *
 * SQL: _student_quantile(df).
 */
#include "crmcost.h"

#include "num/distribution.h"

SQL_FUNCTION(student__student_quantile);

/* student_quantile(df integer) */
Datum
student__student_quantile(PG_FUNCTION_ARGS)
{
	int			df = PG_GETARG_INT32(0);

	if (df < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("df must be greater than 0, not %d", df)));
	PG_RETURN_FLOAT8(num_student_upper_quantile(0.025, df));
}
