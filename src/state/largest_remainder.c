/*
 * largest_remainder.c
 *	  The one way in which amounts are split here.
 *
 * Largest remainder (Hamilton's method): with the amount A in units of
 * 10^-scale and weights w_i of sum W, part i is floor(A w_i / W), and the
 * units still missing go one each to the largest remainders A w_i mod W, of
 * equal ones to the first.  A negative amount mirrors the positive one.
 */
#include "crmcost.h"

#include "num/allocate.h"
#include "state/huge_array.h"
#include "state/largest_remainder.h"

#define MAX_SCALE 1000

void
CheckAllocationScale(int scale)
{
	CheckIntegerRange(scale, 0, MAX_SCALE, "scale");
}

void
AppendNotNegative(ExactColumn *weights, Datum weight, const char *name)
{
	ExactColumnAppend(weights, weight, name);
	if (ExactColumnSign(weights, weights->count - 1) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative, not %s", name,
						NumericText(weight))));
}

/* An amount must be a whole number of units of 10^-scale. */
void
CheckAllocationAmount(Datum amount, int scale, const char *name)
{
	CheckFiniteNumeric(amount, name);
	if (NumericCompare(amount, NumericRound(amount, scale)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must have no digit beyond scale %d, not %s",
						name, scale, NumericText(amount)),
				 errhint("Round the amount, or give a larger scale.")));
}

void
AppendAllocationWeight(ExactColumn *weights, Datum weight, bool isnull,
					   const char *name)
{
	AppendNotNegative(weights, isnull ? NumericFromInt64(0) : weight, name);
}

/*
 * Replaces integer weights, of sum total > 0, by the parts of an amount of so
 * many units.
 */
static void
AllocateIntegers(num_i128 amount, ExactColumn *weights, num_i128 total)
{
	Size		size = NUM_ALLOCATE_SCRATCH(weights->count);
	num_u128   *scratch = HugeArray(CurrentMemoryContext, size,
									sizeof(num_u128));

	num_allocate(amount, weights->value, weights->count, total, scratch,
				 PollInterrupts);
	pfree(scratch);
}

/* The same in numeric: the parts are then amounts, not units. */
static void
AllocateNumerics(Datum amount, int scale, ExactColumn *weights, Datum total)
{
	bool		negative = NumericSign(amount) < 0;
	Datum		units = NumericMultiply(NumericAbsolute(amount),
										NumericPower10(scale));
	Datum		missing = units;
	Datum		one = NumericFromInt64(1);
	Datum		unit = DecimalNumeric(negative ? -1 : 1, scale);
	ExactColumn remainders = *weights;
	Size	   *order;
	int64		extra;

	remainders.numeric = HugeArray(weights->context, weights->count,
								   sizeof(Datum));
	for (Size i = 0; i < weights->count; i++)
	{
		Datum		share = NumericMultiply(units, weights->numeric[i]);
		Datum		part = NumericFloorDivide(share, total);
		Datum		given = NumericMultiply(part, total);

		CHECK_FOR_INTERRUPTS();
		missing = NumericSubtract(missing, part);
		remainders.numeric[i] = NumericSubtract(share, given);
		weights->numeric[i] = part;
	}
	order = ExactColumnOrder(&remainders, weights->context);
	extra = NumericToInt64(missing);
	Assert(extra >= 0 && (Size) extra < weights->count);
	for (int64 i = 0; i < extra; i++)
	{
		Datum	   *part = &weights->numeric[order[i]];

		*part = NumericAdd(*part, one);
	}
	for (Size i = 0; i < weights->count; i++)
	{
		weights->numeric[i] = NumericMultiply(weights->numeric[i], unit);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Replaces weights by the parts of the amount; false if all weights are zero.
 * The amount has been checked.
 */
bool
LargestRemainder(Datum amount, ExactColumn *weights, int scale)
{
	num_i128	units;
	num_i128	total;
	Datum		wide_total;

	if (weights->value != NULL && ExactColumnSum(weights, &total))
	{
		if (total == 0)
			return false;
		if (DecimalReadAtScale(amount, scale, &units))
		{
			AllocateIntegers(units, weights, total);
			weights->scale = scale;
			return true;
		}
	}
	ExactColumnWiden(weights);
	wide_total = ExactColumnNumericSum(weights);
	if (NumericSign(wide_total) == 0)
		return false;
	AllocateNumerics(amount, scale, weights, wide_total);
	return true;
}
