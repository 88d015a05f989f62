/*
 * cash_flow.c
 *	  Investment appraisal: present values, rates of return, payback.
 *
 * SQL, in file order: the final functions of the aggregates npv, xnpv, irr,
 * xirr, irr_roots, mirr, payback, discounted_payback; what leads there is in
 * cash_flow_state.c.
 *
 * Money is decimal, discounted by factors of 60 decimals; rates of return are
 * double precision, and found by num_cash_flow.c.
 */
#include "crmcost.h"

#include "cash_flow_state.h"
#include "catalog/pg_type.h"
#include "num_cash_flow.h"
#include "utils/array.h"
#include "window.h"

#define WORK_SCALE 60
#define RESULT_SCALE 16
#define DAYS_A_YEAR 365

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

static void
CheckFactor(double rate, double periods)
{
	if (rate < 0 && -periods * log10(1 + rate) > MAX_EXPONENT)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value at rate %g over %g periods is out of range",
						rate, periods)));
}

/* The flows' amounts discounted to period 0, in their order. */
static Datum *
DiscountedFlows(const Flows *flows)
{
	Datum		rate = FlowsExactRate(flows);
	Datum		growth = NumericAdd(NumericFromInt64(1), rate);
	Datum		one = NumericRound(NumericFromInt64(1), WORK_SCALE);
	Datum		unit = NumericRound(NumericDivide(one, growth), WORK_SCALE);
	Datum		factor = one;
	Datum	   *result = HugeArray(CurrentMemoryContext, flows->count,
								   sizeof(Datum));
	int64		before = 0;

	CheckFactor(NumericToDouble(rate), flows->entry[flows->count - 1].at);
	for (int64 i = 0; i < flows->count; i++)
	{
		Datum		step = NumericIntegerPower(unit,
											   flows->entry[i].at - before,
											   WORK_SCALE);

		factor = NumericRound(NumericMultiply(factor, step), WORK_SCALE);
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
		sum = NumericAdd(sum, discounted[i]);
	PG_RETURN_DATUM(NumericRound(sum, ResultScale(&flows)));
}

/* sum of amount / (1 + rate)^(days / 365), days from the earliest flow */
Datum
xnpv_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	Datum		rate;
	Datum		growth;
	Datum		year;
	Datum		sum = NumericFromInt64(0);
	int64		days;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = FlowsRead(PG_GETARG_DATUM(0));
	rate = FlowsExactRate(&flows);
	days = flows.entry[flows.count - 1].at - flows.entry[0].at;
	CheckFactor(NumericToDouble(rate), (double) days / DAYS_A_YEAR);
	/* power() gives as many decimals as its arguments have */
	growth = NumericRound(NumericAdd(NumericFromInt64(1), rate), WORK_SCALE);
	year = NumericRound(NumericFromInt64(DAYS_A_YEAR), WORK_SCALE);
	for (int64 i = 0; i < flows.count; i++)
	{
		Datum		years;
		Datum		factor;

		days = flows.entry[0].at - flows.entry[i].at;
		years = NumericDivide(NumericFromInt64(days), year);
		factor = NumericPower(growth, NumericRound(years, WORK_SCALE));
		sum = NumericAdd(sum, NumericMultiply(FlowsAmount(&flows, i), factor));
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(NumericRound(sum, ResultScale(&flows)));
}

/* All rates of return of a state's flows, ascending; their number. */
static Size
FindRates(Datum datum, double unit, double **rate)
{
	Flows		flows = FlowsRead(datum);
	double	   *amount = HugeArray(CurrentMemoryContext, flows.count,
								   sizeof(double));
	double	   *when = HugeArray(CurrentMemoryContext, flows.count,
								 sizeof(double));
	double	   *work;
	Size		count = 0;

	for (int64 i = 0; i < flows.count; i++)
	{
		if (num_i256_is_zero(&flows.entry[i].amount))
			continue;
		amount[count] = num_i256_to_double(&flows.entry[i].amount);
		when[count++] = (flows.entry[i].at - flows.entry[0].at) / unit;
	}
	if (num_sign_changes(amount, count) == 0)
		return 0;
	work = HugeArray(CurrentMemoryContext, NUM_IRR_WORK(count),
					 sizeof(double));
	*rate = HugeArray(CurrentMemoryContext, count, sizeof(double));
	return num_irr_roots(amount, when, count, *rate, work, PollInterrupts);
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
 * Modified internal rate of return: negative flows discounted to period 0 at
 * the finance rate, positive ones grown to the last period at the reinvestment
 * rate; NULL without both.
 */
Datum
mirr_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	double		rate[2];
	double		spent = 0;
	double		earned = 0;
	int64		last;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = FlowsRead(PG_GETARG_DATUM(0));
	FlowsTwoRates(&flows, rate);
	last = flows.entry[flows.count - 1].at;
	for (int64 i = 0; i < flows.count; i++)
	{
		double		amount = num_i256_to_double(&flows.entry[i].amount);
		int64		at = flows.entry[i].at;

		if (amount < 0)
			spent -= amount * pow(1 + rate[0], -(double) at);
		else
			earned += amount * pow(1 + rate[1], (double) (last - at));
	}
	if (!(spent > 0 && earned > 0) || last == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(expm1((log(earned) - log(spent)) / last));
}

/*
 * The time at which the running sum of flows first is no longer negative,
 * linear inside the period that brings it about; NULL when it never is.
 */
static Datum
Payback(FunctionCallInfo fcinfo, const Flows *flows, const Datum *amount)
{
	Datum		sum = NumericFromInt64(0);

	for (int64 i = 0; i < flows->count; i++)
	{
		Datum		before = sum;

		sum = NumericAdd(sum, amount[i]);
		if (NumericSign(sum) >= 0)
		{
			int64		at = i == 0 ? 0 : flows->entry[i].at;
			Datum		time = NumericFromInt64(at);

			/* what was still missing, as a part of this period's flow */
			if (NumericSign(before) < 0)
			{
				time = NumericAdd(NumericFromInt64(at - 1),
								  NumericDivide(NumericAbsolute(before),
												amount[i]));
			}
			PG_RETURN_DATUM(NumericRound(time, RESULT_SCALE));
		}
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_NULL();
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
		amount[i] = FlowsAmount(&flows, i);
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
