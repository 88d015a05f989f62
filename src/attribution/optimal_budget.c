/*
 * optimal_budget.c
 *	  The best split of a budget over channels whose response saturates.
 *
 * SQL: optimal_budget(total, capacity[], half_saturation[], minimum[],
 * maximum[], scale).  The mathematics is in budget.c.
 *
 * Parts are whole units of 10^-scale: rounded down, and what is then missing
 * goes to the largest remainders, within the bounds.
 */
#include "crmcost.h"

#include <float.h>

#include "catalog/pg_type.h"
#include "num/budget.h"
#include "num/double2.h"
#include "state/decimal.h"
#include "state/huge_array.h"
#include "state/largest_remainder.h"
#include "utils/array.h"

SQL_FUNCTION(optimal_budget);

/* a total must have fewer digits, so that no sum overflows */
#define MOST_DIGITS 37

/* one channel's part, in units */
typedef struct Part
{
	num_i128	low;
	num_i128	high;
	num_i128	units;
	double		remainder;		/* beyond the units */
	int			channel;
} Part;

typedef struct Budget
{
	Datum		amount;
	num_i128	total;			/* in units */
	int			scale;
	int			count;
	num_channel *channel;
	Part	   *part;
} Budget;

static ArrayType *
ArrayArgument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argument);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have one dimension, not %d", name,
						ARR_NDIM(array))));
	return array;
}

static void
CheckCount(const char *name, int have, int want)
{
	if (have != want)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have as many elements as capacity, %d, not %d",
						name, want, have)));
}

/* An array of positive doubles. */
static double *
ReadPositive(FunctionCallInfo fcinfo, int argument, const char *name,
			 int *count)
{
	ArrayType  *array = ArrayArgument(fcinfo, argument, name);
	double	   *value;
	Datum	   *element;
	bool	   *isnull;

	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &element, &isnull, count);
	value = HugeArray(CurrentMemoryContext, Max(*count, 1), sizeof(double));
	for (int i = 0; i < *count; i++)
	{
		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not contain NULL", name)));
		value[i] = DatumGetFloat8(element[i]);
		CheckFinite(value[i], name);
		if (!(value[i] > 0))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be positive, not %g", name, value[i])));
		POLL_AT(i);
	}
	return value;
}

/* An amount of money in units; above the total is as good as the total. */
static num_i128
ReadUnits(const Budget *budget, Datum amount, const char *name)
{
	num_i128	units;

	CheckAllocationAmount(amount, budget->scale, name);
	if (NumericSign(amount) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative, not %s", name,
						NumericText(amount))));
	if (NumericCompare(amount, budget->amount) > 0)
		return budget->total + 1;
	if (!DecimalReadAtScale(amount, budget->scale, &units))
		elog(ERROR, "amount does not fit");
	return units;
}

static void
ReadTotal(FunctionCallInfo fcinfo, Budget *budget)
{
	budget->amount = PG_GETARG_DATUM(0);
	budget->scale = PG_GETARG_INT32(5);
	CheckIntegerRange(budget->scale, 0, DBL_MAX_10_EXP, "scale");
	CheckAllocationAmount(budget->amount, budget->scale, "total");
	if (NumericSign(budget->amount) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("total must not be negative, not %s",
						NumericText(budget->amount))));
	if (!DecimalReadAtScale(budget->amount, budget->scale, &budget->total) ||
		num_u128_abs(budget->total) >= num_pow10_128(MOST_DIGITS))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("total must have at most %d digits at scale %d, not %s",
						MOST_DIGITS, budget->scale,
						NumericText(budget->amount))));
}

/* Bounds that are given; NULL, or a NULL among them, is none. */
static void
ReadBounds(FunctionCallInfo fcinfo, int argument, const char *name,
		   Budget *budget, bool upper)
{
	Datum	   *element;
	bool	   *isnull;
	int			count;

	if (PG_ARGISNULL(argument))
		return;
	deconstruct_array(ArrayArgument(fcinfo, argument, name), NUMERICOID, -1,
					  false, TYPALIGN_INT, &element, &isnull, &count);
	CheckCount(name, count, budget->count);
	for (int i = 0; i < count; i++)
	{
		num_i128	units;

		CHECK_FOR_INTERRUPTS();
		if (isnull[i])
			continue;
		units = ReadUnits(budget, element[i], name);
		if (!upper)
			budget->part[i].low = units;
		else if (units < budget->part[i].low)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("maximum[%d] must not be less than minimum[%d], not %s",
							i + 1, i + 1, NumericText(element[i]))));
		else
			budget->part[i].high = Min(units, budget->total);
	}
}

/* What the minimums sum to: in units they end above the total. */
static Datum
SumOfMinimums(FunctionCallInfo fcinfo)
{
	Datum		sum = NumericFromText("0");
	Datum	   *element;
	bool	   *isnull;
	int			count;

	deconstruct_array(ArrayArgument(fcinfo, 3, "minimum"), NUMERICOID, -1,
					  false, TYPALIGN_INT, &element, &isnull, &count);
	for (int i = 0; i < count; i++)
	{
		if (!isnull[i])
			sum = NumericAdd(sum, element[i]);
		POLL_AT(i);
	}
	return sum;
}

/* Refuses bounds that no split of the total meets. */
static void
CheckBounds(FunctionCallInfo fcinfo, const Budget *budget)
{
	num_i128	low = 0;
	num_i128	high = 0;

	for (int i = 0; i < budget->count; i++)
	{
		low = Min(low + budget->part[i].low, budget->total + 1);
		high = Min(high + budget->part[i].high, budget->total);
		POLL_AT(i);
	}
	if (low > budget->total)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("minimum must sum to at most total, %s, not %s",
						NumericText(budget->amount),
						NumericText(SumOfMinimums(fcinfo))),
				 errhint("Raise the total, or lower a minimum.")));
	if (high < budget->total)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("maximum must sum to at least total, %s, not %s",
						NumericText(budget->amount),
						NumericText(DecimalNumeric(high, budget->scale))),
				 errhint("Lower the total, or raise a maximum.")));
}

static double
Double(num_double2 value)
{
	return value.high + value.low;
}

/* 10^scale, which may be beyond what doubles hold exactly */
static num_double2
UnitsOfOne(int scale)
{
	num_double2 power = {1, 0};

	for (; scale > 0; scale--)
		power = num_double2_multiply(power, num_double2_of(10));
	return power;
}

static double
Money(num_i128 units, num_double2 power)
{
	return Double(num_double2_divide(num_double2_from_i128(units), power));
}

static int
CompareRemainders(const void *a, const void *b, void *arg)
{
	const Part *left = a;
	const Part *right = b;

	if (left->remainder != right->remainder)
		return left->remainder > right->remainder ? -1 : 1;
	return left->channel - right->channel;
}

/*
 * Adds what is missing from the total, a negative number too: a unit a channel
 * in order of remainders, or equal numbers where the total has more digits
 * than doubles.
 */
static void
AddMissing(Part *part, int count, num_i128 missing)
{
	bool		less = missing < 0;

	while (missing != 0)
	{
		num_i128	share = missing / count;

		if (share == 0)
			share = less ? -1 : 1;
		for (int i = 0; i < count && missing != 0; i++)
		{
			Part	   *own = &part[less ? count - 1 - i : i];
			num_i128	room = (less ? own->low : own->high) - own->units;
			num_i128	step = less ? Max(share, room) : Min(share, room);

			own->units += step;
			missing -= step;
			POLL_AT(i);
		}
	}
}

/* Rounds the split to whole units within the bounds that sum to the total. */
static void
RoundSplit(Budget *budget, const double *spend, num_double2 power)
{
	num_i128	missing = budget->total;

	for (int i = 0; i < budget->count; i++)
	{
		Part	   *part = &budget->part[i];
		num_double2 exact = num_double2_multiply(num_double2_of(spend[i]),
												 power);

		part->channel = i;
		part->units = num_double2_floor(exact, &part->remainder);
		if (part->units < part->low || part->units >= part->high)
		{
			part->units = part->units < part->low ? part->low : part->high;
			part->remainder = 0;
		}
		missing -= part->units;
		POLL_AT(i);
	}
	qsort_interruptible(budget->part, budget->count, sizeof(Part),
						CompareRemainders, NULL);
	AddMissing(budget->part, budget->count, missing);
}

static void
ReadChannels(FunctionCallInfo fcinfo, Budget *budget)
{
	double	   *capacity = ReadPositive(fcinfo, 1, "capacity", &budget->count);
	int			count;
	double	   *half = ReadPositive(fcinfo, 2, "half_saturation", &count);

	CheckCount("half_saturation", count, budget->count);
	budget->channel = HugeArray(CurrentMemoryContext, Max(count, 1),
								sizeof(num_channel));
	budget->part = HugeArray(CurrentMemoryContext, Max(count, 1),
							 sizeof(Part));
	for (int i = 0; i < count; i++)
	{
		budget->channel[i] = (num_channel)
		{
			capacity[i], half[i], 0, 0
		};
		budget->part[i].low = 0;
		budget->part[i].high = budget->total;
	}
	ReadBounds(fcinfo, 3, "minimum", budget, false);
	ReadBounds(fcinfo, 4, "maximum", budget, true);
}

/*
 * optimal_budget(total numeric, capacity float8[], half_saturation float8[],
 * minimum numeric[] = NULL, maximum numeric[] = NULL, scale int = 2): the
 * parts of the total, by channel; NULL without channels.
 */
Datum
optimal_budget(PG_FUNCTION_ARGS)
{
	Budget		budget;
	num_double2 power;
	double	   *spend;
	Datum	   *result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		PG_ARGISNULL(5))
		PG_RETURN_NULL();
	ReadTotal(fcinfo, &budget);
	ReadChannels(fcinfo, &budget);
	if (budget.count == 0)
		PG_RETURN_NULL();
	CheckBounds(fcinfo, &budget);
	power = UnitsOfOne(budget.scale);
	for (int i = 0; i < budget.count; i++)
	{
		budget.channel[i].low = Money(budget.part[i].low, power);
		budget.channel[i].high = Money(budget.part[i].high, power);
		POLL_AT(i);
	}
	spend = HugeArray(CurrentMemoryContext, budget.count, sizeof(double));
	num_budget(budget.channel, budget.count, Money(budget.total, power),
			   spend, PollInterrupts);
	RoundSplit(&budget, spend, power);
	result = HugeArray(CurrentMemoryContext, budget.count, sizeof(Datum));
	for (int i = 0; i < budget.count; i++)
	{
		const Part *part = &budget.part[i];

		result[part->channel] = DecimalNumeric(part->units, budget.scale);
		POLL_AT(i);
	}
	PG_RETURN_POINTER(construct_array(result, budget.count, NUMERICOID, -1,
									  false, TYPALIGN_INT));
}
