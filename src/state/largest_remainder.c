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
AllocateIntegers(num_i128 amount, ExactColumn *weights, num_i128 total,
				 const num_cut *cut)
{
	Size		size = NUM_ALLOCATE_SCRATCH(weights->count);
	num_u128   *scratch = HugeArray(CurrentMemoryContext, size,
									sizeof(num_u128));

	num_allocate(amount, weights->value, weights->count, total, cut, scratch,
				 PollInterrupts);
	pfree(scratch);
}

/* Replaces numeric weights by whole units; returns the units missing. */
static Datum
NumericFloors(Datum units, ExactColumn *weights, Datum total,
			  ExactColumn *remainders)
{
	Datum		missing = units;

	*remainders = *weights;
	remainders->numeric = HugeArray(weights->context, weights->count,
									sizeof(Datum));
	for (Size i = 0; i < weights->count; i++)
	{
		Datum		share = NumericMultiply(units, weights->numeric[i]);
		Datum		part = NumericFloorDivide(share, total);
		Datum		given = NumericMultiply(part, total);

		CHECK_FOR_INTERRUPTS();
		missing = NumericSubtract(missing, part);
		remainders->numeric[i] = NumericSubtract(share, given);
		weights->numeric[i] = part;
	}
	return missing;
}

/* The missing units go to the largest remainders, the first of equals. */
static AllocationCut
FindCut(const ExactColumn *remainders, Datum total, int64 missing)
{
	AllocationCut cut = {total, missing > 0, (Datum) 0, 0};

	if (cut.any)
	{
		Size	   *order = ExactColumnOrder(remainders, remainders->context);
		Size		last;

		Assert((Size) missing < remainders->count);
		last = order[missing - 1];
		cut.remainder = remainders->numeric[last];
		cut.first = last + 1;
	}
	return cut;
}

static bool
IsAboveCut(const AllocationCut *cut, Datum remainder, Size i)
{
	int			order;

	if (!cut->any)
		return false;
	order = NumericCompare(remainder, cut->remainder);
	return order > 0 || (order == 0 && i < cut->first);
}

static Datum
WholeUnits(Datum amount, int scale)
{
	return NumericMultiply(NumericAbsolute(amount), NumericPower10(scale));
}

/* The same in numeric: the parts are then amounts, not units. */
static void
AllocateNumerics(Datum amount, int scale, ExactColumn *weights, Datum total,
				 const AllocationCut *cut)
{
	Datum		one = NumericFromInt64(1);
	Datum		unit = DecimalNumeric(NumericSign(amount) < 0 ? -1 : 1, scale);
	ExactColumn remainders;
	Datum		missing = NumericFloors(WholeUnits(amount, scale), weights,
										total, &remainders);
	AllocationCut found;

	if (cut == NULL)
	{
		found = FindCut(&remainders, total, NumericToInt64(missing));
		cut = &found;
	}
	for (Size i = 0; i < weights->count; i++)
	{
		Datum		part = weights->numeric[i];

		if (IsAboveCut(cut, remainders.numeric[i], i))
			part = NumericAdd(part, one);
		weights->numeric[i] = NumericMultiply(part, unit);
		CHECK_FOR_INTERRUPTS();
	}
}

/* The total of all as an integer, to whose scale those here are brought. */
static bool
ReadTotal(ExactColumn *weights, Datum total, num_i128 *value)
{
	int			scale = Max(weights->scale, NumericScale(total));

	return weights->value != NULL && ExactColumnRaise(weights, scale) &&
		DecimalReadAtScale(total, scale, value);
}

static bool
ReadCut(const AllocationCut *cut, int scale, num_cut *value)
{
	num_cut		none = NUM_CUT_NONE;
	num_i128	remainder;

	*value = none;
	if (!cut->any)
		return true;
	value->first = cut->first;
	if (!DecimalReadAtScale(cut->remainder, scale, &remainder))
		return false;
	value->remainder = (num_u128) remainder;
	return true;
}

/*
 * Replaces weights by the parts of the amount; false if all weights are zero.
 * The amount has been checked.  cut is NULL if all participants are here.
 */
bool
LargestRemainder(Datum amount, ExactColumn *weights, int scale,
				 const AllocationCut *cut)
{
	num_i128	units;
	num_i128	total;
	num_cut		narrow_cut;
	Datum		wide_total;

	if (cut != NULL ? ReadTotal(weights, cut->total, &total) :
		weights->value != NULL && ExactColumnSum(weights, &total))
	{
		if (total == 0)
			return false;
		if (DecimalReadAtScale(amount, scale, &units) &&
			(cut == NULL || ReadCut(cut, weights->scale, &narrow_cut)))
		{
			AllocateIntegers(units, weights, total,
							 cut == NULL ? NULL : &narrow_cut);
			weights->scale = scale;
			return true;
		}
	}
	ExactColumnWiden(weights);
	wide_total = cut != NULL ? cut->total : ExactColumnNumericSum(weights);
	if (NumericSign(wide_total) == 0)
		return false;
	AllocateNumerics(amount, scale, weights, wide_total, cut);
	return true;
}

/*
 * Replaces weights, of sum total > 0 with those that are elsewhere, by what
 * whole units leave of them; returns these units, without a sign.
 */
Datum
AllocationRemainders(Datum amount, ExactColumn *weights, int scale,
					 Datum total)
{
	Datum		units = WholeUnits(amount, scale);
	num_i128	narrow_units;
	num_i128	narrow_total;
	ExactColumn remainders;
	Datum		missing;

	if (ReadTotal(weights, total, &narrow_total) &&
		DecimalReadAtScale(amount, scale, &narrow_units))
	{
		Size		count = weights->count;
		num_u128   *part = HugeArray(CurrentMemoryContext, 2 * count,
									 sizeof(num_u128));
		num_u128   *remainder = part + count;
		num_u128	given = num_u128_abs(narrow_units);

		given -= num_allocate_floors(given, weights->value, count,
									 narrow_total, part, remainder,
									 PollInterrupts);
		for (Size i = 0; i < count; i++)
		{
			weights->value[i] = (num_i128) remainder[i];
			POLL_AT(i);
		}
		pfree(part);
		/* of a magnitude that only the lowest integer has, without its sign */
		return given > (num_u128) NUM_I128_MAX ? units :
			DecimalNumeric((num_i128) given, 0);
	}
	ExactColumnWiden(weights);
	missing = NumericFloors(units, weights, total, &remainders);
	*weights = remainders;
	return NumericSubtract(units, missing);
}
