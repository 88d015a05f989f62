/*
 * clv.c
 *	  Customer lifetime value: in closed form, and by a fitted model.
 *
 * SQL, in file order: clv(margin, retention, discount, periods), and
 * clv(model, spend, ...) for bgnbd, mbgnbd and pareto_nbd.
 *
 * In closed form:
 * With q = retention / (1 + discount), the value of the margins of periods 1
 * to n is margin S(n), S(n) = q + q^2 + ... + q^n, and margin q / (1 - q)
 * without an end (Berger and Nasr 1998, case 1, less the margin of period 0).
 * S(n) is built up by S(2m) = S(m) (1 + q^m) and S(m + 1) = q (1 + S(m)): its
 * usual form, q (1 - q^n) / (1 - q), loses what a q near 1 takes from 1 - q.
 * Worked out in decimal with 60 places, and as many more as q^n has before the
 * point, so that S(n) is right to n^2 units of the 60th.
 */
#include "crmcost.h"

#include <float.h>

#include "clv/argument.h"
#include "state/decimal.h"

#define WORK_SCALE 60
#define RESULT_SCALE 16

/*
 * Periods of a model that are summed one by one; the fewest after them that
 * are summed at once, and the nodes where these are looked at.
 */
#define SINGLE_PERIODS 4096
#define FEWEST_AT_ONCE 64
#define SUM_NODES 12

/* q^n beyond ten to this power is refused */
#define MAX_EXPONENT 1000

SQL_FUNCTION(clv);

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

/* Digits before the point of q^periods, for q > 1. */
static int
GrowthDigits(Datum q, int periods)
{
	double		log_q = NumericToDouble(NumericLogarithm(q));
	double		digits = periods * log_q / M_LN10;

	if (digits > MAX_EXPONENT)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value of %d periods is out of range", periods)));
	return (int) digits + 1;
}

/* The sum of q^t for t = 1 to periods. */
static Datum
GeometricSum(Datum retention, Datum growth, int periods)
{
	int			scale = WORK_SCALE;
	Datum		one = NumericFromInt64(1);
	Datum		q = NumericDivide(NumericRound(retention, scale), growth);
	Datum		power = one;
	Datum		sum = NumericFromInt64(0);

	if (NumericCompare(q, one) > 0)
	{
		scale += GrowthDigits(q, periods);
		q = NumericDivide(NumericRound(retention, scale), growth);
	}
	q = NumericRound(q, scale);
	for (int bit = 30; bit >= 0; bit--)
	{
		int			m = periods >> bit;

		if (m == 0)
			continue;
		/* from m / 2 to m: sum is S(m), power is q^m */
		sum = NumericMultiply(sum, NumericAdd(one, power));
		power = NumericMultiply(power, power);
		if (m % 2 == 1)
		{
			sum = NumericMultiply(q, NumericAdd(one, sum));
			power = NumericMultiply(power, q);
		}
		sum = NumericRound(sum, scale);
		power = NumericRound(power, scale);
	}
	return sum;
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
		value = NumericMultiply(margin, retention);
		value = NumericRound(value, Max(WORK_SCALE, NumericScale(value)));
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

/*
 * Nodes and weights that sum a polynomial of degree 2 SUM_NODES - 1 over the
 * integers from 1 to count exactly: Gauss's quadrature for the measure that
 * each of them has 1 of, whose polynomials are those of Gram.  Newton's method
 * finds their roots from those of Legendre's, which they are close to.
 */
static void
FindSumNodes(double count, double *node, double *weight)
{
	double		step[SUM_NODES];	/* of the recurrence, squared */

	for (int k = 1; k < SUM_NODES; k++)
		step[k] = k * k * (1 - k / count * (k / count)) / (4.0 * k * k - 1);
	for (int n = 0; n < SUM_NODES; n++)
	{
		double		x = cos(M_PI * (n + 0.75) / (SUM_NODES + 0.5));
		double		share = 0;

		for (int turn = 0; turn < 8; turn++)
		{
			double		p = 1,
						before = 0,
						slope = 0,
						slope_before = 0;
			double		norm = 1;

			share = 1;
			for (int k = 0; k < SUM_NODES; k++)
			{
				double		next = x * p - (k > 0 ? step[k] * before : 0);
				double		next_slope = p + x * slope -
				(k > 0 ? step[k] * slope_before : 0);

				if (k > 0)
				{
					norm *= step[k];
					share += p * p / norm;
				}
				before = p;
				p = next;
				slope_before = slope;
				slope = next_slope;
			}
			x -= p / slope;
		}
		node[n] = (count + 1) / 2 + x * count / 2;
		weight[n] = count / share;
	}
}

/*
 * The purchases of the periods from begin + 1 to end, each discounted from its
 * end: with G(i) those from begin to i, and d = 1 / (1 + discount),
 *
 *	  d^begin [G(end) d^(end - begin) + (1 - d) sum of G(i) d^(i - begin)],
 *
 * i from begin + 1 to end - 1.  What is summed is smooth where the periods are
 * at most as many as went before, and rate (end - begin) is at most 1.
 */
static double
PurchasesOfMany(const num_purchase_model *model, const double *parameter,
				const num_customer *customer, double before, int begin,
				int end, double length, double rate, double *purchases)
{
	double		node[SUM_NODES];
	double		weight[SUM_NODES];
	double		sum = 0;

	*purchases = model->expected(parameter, end * length, customer,
								 PollInterrupts);
	FindSumNodes(end - begin - 1, node, weight);
	for (int n = 0; n < SUM_NODES; n++)
	{
		double		until = model->expected(parameter,
											(begin + node[n]) * length,
											customer, PollInterrupts);

		sum += weight[n] * (until - before) * exp(-rate * node[n]);
	}
	return exp(-rate * begin) *
		((*purchases - before) * exp(-rate * (end - begin)) -
		 expm1(-rate) * sum);
}

/*
 * The purchases expected in each period, discounted from its end.  What is
 * still to come after some periods counts by no more than the next factor (by
 * the last one where factors grow): when that is too little to change the sum,
 * or the sum is out of range, it is done.  After SINGLE_PERIODS many are
 * summed at once.
 */
static double
DiscountedPurchases(const num_purchase_model *model, const double *parameter,
					const num_customer *customer, int periods, double length,
					double discount)
{
	double		total = model->expected(parameter, periods * length, customer,
										PollInterrupts);

	/* 1 + discount would lose the digits of a small one */
	double		rate = log1p(discount);
	double		last = exp(-rate * periods);
	double		before = 0;
	double		sum = 0;
	int			end;

	if (discount == 0)
		return total;
	for (int begin = 0; begin < periods && isfinite(sum); begin = end)
	{
		double		factor = exp(-rate * (begin + 1.0));
		double		many = Min(begin, Min(periods - begin, 1 / fabs(rate)));
		double		expected;

		if ((total - before) * Max(factor, last) <= sum * (DBL_EPSILON / 4))
			break;
		if (begin >= SINGLE_PERIODS && many >= FEWEST_AT_ONCE)
		{
			end = begin + (int) many;
			sum += PurchasesOfMany(model, parameter, customer, before, begin,
								   end, length, rate, &expected);
		}
		else
		{
			end = begin + 1;
			expected = model->expected(parameter, end * length, customer,
									   PollInterrupts);
			sum += (expected - before) * factor;
		}
		before = expected;
		CHECK_FOR_INTERRUPTS();
	}
	return sum;
}

/*
 * clv(model, spend gamma_gamma, frequency, recency, age, monetary_value,
 * periods int, discount, period_length = 1, margin = 1): the purchases
 * expected in each period, times the expected spend and the margin, discounted
 * from the end of the period.  monetary_value may be NULL where frequency is
 * 0; any other NULL gives NULL.
 */
static Datum
PredictedValue(FunctionCallInfo fcinfo, const num_purchase_model *model)
{
	ModelKind	kind = PurchaseModelKind(model);
	const double *parameter;
	num_customer customer;
	double		spend;
	int			periods;
	double		discount;
	double		length;
	double		margin;

	for (int i = 0; i < PG_NARGS(); i++)
		if (PG_ARGISNULL(i) && i != 5)
			PG_RETURN_NULL();
	customer = CustomerArgument(fcinfo, 2);
	if (PG_ARGISNULL(5) && customer.x > 0)
		PG_RETURN_NULL();
	parameter = ModelArgument(fcinfo, 0, &kind);
	spend = SpendArgument(fcinfo, 1, customer.x, 5);
	periods = PG_GETARG_INT32(6);
	discount = PG_GETARG_FLOAT8(7);
	length = PG_GETARG_FLOAT8(8);
	margin = PG_GETARG_FLOAT8(9);
	CheckIntegerRange(periods, 0, PG_INT32_MAX, "periods");
	CheckNotNegative(length, "period_length");
	CheckFinite(margin, "margin");
	CheckFinite(discount, "discount");
	if (!(discount > -1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("discount must be greater than -1, not %g",
						discount)));
	PG_RETURN_FLOAT8(Finite(DiscountedPurchases(model, parameter, &customer,
												periods, length, discount)
							* spend * margin));
}

SQL_FUNCTION(bgnbd_clv);
SQL_FUNCTION(mbgnbd_clv);
SQL_FUNCTION(pareto_nbd_clv);

Datum
bgnbd_clv(PG_FUNCTION_ARGS)
{
	return PredictedValue(fcinfo, &num_bgnbd);
}

Datum
mbgnbd_clv(PG_FUNCTION_ARGS)
{
	return PredictedValue(fcinfo, &num_mbgnbd);
}

Datum
pareto_nbd_clv(PG_FUNCTION_ARGS)
{
	return PredictedValue(fcinfo, &num_pareto_nbd);
}
