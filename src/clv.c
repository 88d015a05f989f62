/*
 * clv.c
 *	  Customer lifetime value in closed form.
 *
 * SQL: clv(margin, retention, discount, periods).
 *
 * With q = retention / (1 + discount), the value of the margins of periods 1
 * to n is margin (q + q^2 + ... + q^n) = margin q (1 - q^n) / (1 - q), and
 * margin q / (1 - q) without an end (Berger and Nasr 1998, case 1, less the
 * margin of period 0).  Worked out in decimal with 60 places, so that neither
 * a q near 1 nor thousands of periods cost a digit of the result.
 */
#include "crmcost.h"

#include "decimal.h"

#define WORK_SCALE 60
#define RESULT_SCALE 16

/* q^n beyond ten to this power is refused */
#define MAX_EXPONENT 1000

SQL_FUNCTION(clv);

/* q^n, rounded to the work scale at each step */
static Datum
Power(Datum q, int n)
{
	Datum		result = NumericFromInt64(1);

	for (; n > 0; n /= 2)
	{
		if (n % 2 == 1)
			result = NumericRound(NumericMultiply(result, q), WORK_SCALE);
		if (n > 1)
			q = NumericRound(NumericMultiply(q, q), WORK_SCALE);
		CHECK_FOR_INTERRUPTS();
	}
	return result;
}

static void
CheckRates(Datum margin, Datum retention, Datum discount)
{
	CheckFiniteNumeric(margin, "margin");
	CheckFiniteNumeric(retention, "retention");
	CheckFiniteNumeric(discount, "discount");
	if (NumericSign(retention) < 0 ||
		NumericCompare(retention, NumericFromInt64(1)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("retention must be between 0 and 1, not %s",
						NumericText(retention))));
	if (NumericCompare(discount, NumericFromInt64(-1)) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("discount must be greater than -1, not %s",
						NumericText(discount))));
}

/* The sum of q^t for t = 1 to periods. */
static Datum
GeometricSum(Datum retention, Datum growth, int periods)
{
	Datum		one = NumericFromInt64(1);
	Datum		q = NumericDivide(NumericRound(retention, WORK_SCALE), growth);
	Datum		rest;
	Datum		used;

	q = NumericRound(q, WORK_SCALE);
	rest = NumericSubtract(one, q);
	if (NumericSign(rest) == 0)
		return NumericFromInt64(periods);
	if (NumericSign(rest) < 0 &&
		periods * NumericToDouble(NumericLogarithm(q)) > MAX_EXPONENT * M_LN10)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value of %d periods is out of range", periods)));
	used = NumericSubtract(one, Power(q, periods));
	return NumericDivide(NumericMultiply(q, used), rest);
}

/*
 * clv(margin numeric, retention numeric, discount numeric, periods int):
 * NULL periods is the limit; any other NULL gives NULL.
 */
Datum
clv(PG_FUNCTION_ARGS)
{
	Datum		margin = PG_GETARG_DATUM(0);
	Datum		retention = PG_GETARG_DATUM(1);
	Datum		discount = PG_GETARG_DATUM(2);
	Datum		growth;
	Datum		value;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	CheckRates(margin, retention, discount);
	growth = NumericAdd(NumericFromInt64(1), discount);

	if (PG_ARGISNULL(3))
	{
		if (NumericCompare(retention, growth) >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("retention must be below 1 + discount for a value without end, not %s with discount %s",
							NumericText(retention), NumericText(discount)),
					 errhint("Give a number of periods.")));
		value = NumericRound(NumericMultiply(margin, retention), WORK_SCALE);
		value = NumericDivide(value, NumericSubtract(growth, retention));
	}
	else
	{
		int			periods = PG_GETARG_INT32(3);

		CheckIntegerRange(periods, 0, PG_INT32_MAX, "periods");
		value = NumericMultiply(margin,
								GeometricSum(retention, growth, periods));
	}
	PG_RETURN_DATUM(NumericRound(value, Max(RESULT_SCALE,
											NumericScale(margin))));
}
