/*
 * cash_flow.c
 *	  Investment appraisal: present values, rates of return, payback.
 *
 * SQL, in file order: the final functions of the aggregates npv, xnpv, irr,
 * xirr, irr_roots, mirr, payback, discounted_payback; what leads there is in
 * flows.c.
 *
 * Money is decimal, discounted by factors of as many decimals as make the
 * result exact to its own; rates of return are double precision, and found by
 * num/irr.c.
 */
#include "crmcost.h"

#include "cash_flow/flows.h"
#include "catalog/pg_type.h"
#include "num/irr.h"
#include "state/huge_array.h"
#include "utils/array.h"

#define RESULT_SCALE 16
#define DAYS_A_YEAR 365

/* further decimals for the rounding errors of 2^31 periods and many flows */
#define GUARD_SCALE 30

/* factors beyond ten to this power are refused */
#define MAX_EXPONENT 1000

SQL_FUNCTION(npv_final);
SQL_FUNCTION(xnpv_final);
SQL_FUNCTION(irr_final);
SQL_FUNCTION(xirr_final);
SQL_FUNCTION(irr_roots_final);
SQL_FUNCTION(mirr_final);
SQL_FUNCTION(payback_final);
SQL_FUNCTION(discounted_payback_final);

static int
ResultScale(const Flows *flows)
{
	return Max(RESULT_SCALE, flows->scale);
}

/*
 * Decimals of the factors 1 / growth^periods: those of the result, and as many
 * as the largest amount and the largest factor have digits before the point.
 */
static int
WorkScale(const Flows *flows, Datum growth, double periods)
{
	double		factor_digits = -periods * log10(NumericToDouble(growth));
	double		amount_digits = 0;

	if (factor_digits > MAX_EXPONENT)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value at rate %s over %g periods is out of range",
						NumericText(FlowsExactRate(flows)), periods)));
	for (int64 i = 0; i < flows->count; i++)
	{
		const FlowEntry *entry = &flows->entry[i];
		double		units = fabs(num_i256_to_double(&entry->amount));

		/* of nothing it is -infinity */
		amount_digits = Max(amount_digits, log10(units) - entry->scale);
		POLL_AT(i);
	}
	return ResultScale(flows) + GUARD_SCALE + (int) amount_digits +
		(int) Max(0, factor_digits);
}

/* The flows' amounts discounted to period 0, in their order. */
static Datum *
DiscountedFlows(const Flows *flows)
{
	Datum		growth = NumericAdd(NumericFromInt64(1),
									FlowsExactRate(flows));
	int			scale = WorkScale(flows, growth,
								  flows->entry[flows->count - 1].at);
	Datum		one = NumericRound(NumericFromInt64(1), scale);
	Datum		unit = NumericRound(NumericDivide(one, growth), scale);
	Datum		factor = one;
	Datum	   *result = HugeArray(CurrentMemoryContext, flows->count,
								   sizeof(Datum));
	int64		before = 0;

	for (int64 i = 0; i < flows->count; i++)
	{
		Datum		step = NumericIntegerPower(unit,
											   flows->entry[i].at - before,
											   scale);

		factor = NumericRound(NumericMultiply(factor, step), scale);
		before = flows->entry[i].at;
		result[i] = NumericMultiply(FlowsAmount(flows, i), factor);
		CHECK_FOR_INTERRUPTS();
	}
	return result;
}

/* sum of amount / (1 + rate)^period */
Datum
npv_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	Datum	   *discounted;
	Datum		sum = NumericFromInt64(0);

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = FlowsRead(PG_GETARG_DATUM(0));
	discounted = DiscountedFlows(&flows);
	for (int64 i = 0; i < flows.count; i++)
	{
		sum = NumericAdd(sum, discounted[i]);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(NumericRound(sum, ResultScale(&flows)));
}

/* sum of amount / (1 + rate)^(days / 365), days from the earliest flow */
Datum
xnpv_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	Datum		growth;
	Datum		year;
	Datum		sum = NumericFromInt64(0);
	int			scale;
	int64		days;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = FlowsRead(PG_GETARG_DATUM(0));
	growth = NumericAdd(NumericFromInt64(1), FlowsExactRate(&flows));
	days = flows.entry[flows.count - 1].at - flows.entry[0].at;
	scale = WorkScale(&flows, growth, (double) days / DAYS_A_YEAR);
	/* power() gives as many decimals as its arguments have */
	growth = NumericRound(growth, scale);
	year = NumericRound(NumericFromInt64(DAYS_A_YEAR), scale);
	for (int64 i = 0; i < flows.count; i++)
	{
		Datum		years;
		Datum		factor;

		days = flows.entry[0].at - flows.entry[i].at;
		years = NumericDivide(NumericFromInt64(days), year);
		factor = NumericPower(growth, NumericRound(years, scale));
		sum = NumericAdd(sum, NumericMultiply(FlowsAmount(&flows, i), factor));
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(NumericRound(sum, ResultScale(&flows)));
}

/*
 * Flows that sum to nothing have rate 0, which the search may have found a
 * rounding error away: as a negative one it would not be the first choice.
 */
static void
SetZeroRate(const Flows *flows, double *rate, Size count)
{
	double	   *nearest = NULL;

	for (Size i = 0; i < count; i++)
		if (nearest == NULL || fabs(rate[i]) < fabs(*nearest))
			nearest = &rate[i];
	if (nearest != NULL && fabs(*nearest) < 1e-3 && FlowsAreBalanced(flows))
		*nearest = 0;
}

/* All rates of return of a state's flows, ascending; their number. */
static Size
FindRates(Datum datum, double unit, double **rate)
{
	Flows		flows = FlowsRead(datum);
	num_double2 *amount = HugeArray(CurrentMemoryContext, flows.count,
									sizeof(num_double2));
	double	   *when = HugeArray(CurrentMemoryContext, flows.count,
								 sizeof(double));
	num_flows	some = {0, amount, when, unit};
	bool		costs = false;
	bool		returns = false;
	double	   *work;
	Size		count;

	for (int64 i = 0; i < flows.count; i++)
	{
		POLL_AT(i);
		amount[some.count] = FlowsDouble2(&flows, i);
		if (amount[some.count].high == 0)
			continue;
		costs |= amount[some.count].high < 0;
		returns |= amount[some.count].high > 0;
		when[some.count++] = flows.entry[i].at - flows.entry[0].at;
	}
	if (!costs || !returns)
		return 0;
	work = HugeArray(CurrentMemoryContext, NUM_IRR_WORK(some.count),
					 sizeof(double));
	*rate = HugeArray(CurrentMemoryContext, some.count, sizeof(double));
	count = num_irr_roots(&some, *rate, work, PollInterrupts);
	SetZeroRate(&flows, *rate, count);
	return count;
}

/*
 * The smallest rate that is not negative, else the largest negative one: what
 * spreadsheets settle on.
 */
static Datum
ReturnRate(FunctionCallInfo fcinfo, double unit)
{
	double	   *rate;
	Size		count;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	count = FindRates(PG_GETARG_DATUM(0), unit, &rate);
	if (count == 0)
		PG_RETURN_NULL();
	for (Size i = 0; i < count; i++)
		if (rate[i] >= 0)
			PG_RETURN_FLOAT8(rate[i]);
	PG_RETURN_FLOAT8(rate[count - 1]);
}

Datum
irr_final(PG_FUNCTION_ARGS)
{
	return ReturnRate(fcinfo, 1);
}

Datum
xirr_final(PG_FUNCTION_ARGS)
{
	return ReturnRate(fcinfo, DAYS_A_YEAR);
}

Datum
irr_roots_final(PG_FUNCTION_ARGS)
{
	double	   *rate;
	Size		count;
	Datum	   *element;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	count = FindRates(PG_GETARG_DATUM(0), 1, &rate);
	element = palloc(Max(count, 1) * sizeof(Datum));
	for (Size i = 0; i < count; i++)
		element[i] = Float8GetDatum(rate[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(element, count, FLOAT8OID,
										  sizeof(float8), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}

/*
 * ln of the sum of the flows of one sign, each grown to a period at a rate;
 * -infinity without any.  The largest is taken out of the sum, so that no
 * number of periods is too many.
 */
static double
LogWorth(const Flows *flows, bool costs, double rate, int64 period)
{
	double		largest = -INFINITY;
	double		sum = 0;

	for (int64 i = 0; i < flows->count; i++)
	{
		double		amount = FlowsDouble(flows, i);
		double		worth;

		POLL_AT(i);
		if (amount == 0 || (amount < 0) != costs)
			continue;
		worth = log(fabs(amount)) +
			log1p(rate) * (double) (period - flows->entry[i].at);
		if (worth > largest)
		{
			sum *= exp(largest - worth);
			largest = worth;
		}
		sum += exp(worth - largest);
	}
	return sum > 0 ? largest + log(sum) : -INFINITY;
}

/*
 * Modified internal rate of return: negative flows discounted to period 0 at
 * the finance rate, positive ones grown to the last period at the reinvestment
 * rate; NULL without both.
 */
Datum
mirr_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	double		rate[2];
	double		spent;
	double		earned;
	double		result;
	int64		last;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = FlowsRead(PG_GETARG_DATUM(0));
	FlowsTwoRates(&flows, rate);
	last = flows.entry[flows.count - 1].at;
	spent = LogWorth(&flows, true, rate[0], 0);
	earned = LogWorth(&flows, false, rate[1], last);
	if (isinf(spent) || isinf(earned) || last == 0)
		PG_RETURN_NULL();
	result = expm1((earned - spent) / last);
	if (isinf(result))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("modified rate of return is out of range")));
	PG_RETURN_FLOAT8(result);
}

/*
 * The time at which the running sum of flows first is no longer negative,
 * linear inside the period that brings it about: 0 when the first flow is not
 * negative, NULL when it never is.  A flow of 0 is as good as none.
 */
static Datum
Payback(FunctionCallInfo fcinfo, const Flows *flows, const Datum *amount)
{
	Datum		sum = NumericFromInt64(0);
	Datum		time = NumericFromInt64(0);

	for (int64 i = 0; i < flows->count; i++)
	{
		Datum		before = sum;

		sum = NumericAdd(sum, amount[i]);
		if (NumericSign(before) < 0 && NumericSign(sum) >= 0)
			/* what was still missing, as a part of this period's flow */
			time = NumericAdd(NumericFromInt64(flows->entry[i].at - 1),
							  NumericDivide(NumericAbsolute(before),
											amount[i]));
		if (NumericSign(amount[i]) != 0 && NumericSign(sum) >= 0)
			break;
		CHECK_FOR_INTERRUPTS();
	}
	if (NumericSign(sum) < 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(NumericRound(time, RESULT_SCALE));
}

Datum
payback_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	Datum	   *amount;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = FlowsRead(PG_GETARG_DATUM(0));
	amount = HugeArray(CurrentMemoryContext, flows.count, sizeof(Datum));
	for (int64 i = 0; i < flows.count; i++)
	{
		amount[i] = FlowsAmount(&flows, i);
		CHECK_FOR_INTERRUPTS();
	}
	return Payback(fcinfo, &flows, amount);
}

Datum
discounted_payback_final(PG_FUNCTION_ARGS)
{
	Flows		flows;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = FlowsRead(PG_GETARG_DATUM(0));
	return Payback(fcinfo, &flows, DiscountedFlows(&flows));
}
