/*
 * allocation.c
 *	  Splits an amount by weights so that the parts sum to it exactly.
 *
 * SQL, in file order: allocate(amount, weight, scale) as a window function,
 * allocate(amount, weights[], scale) as a scalar.
 *
 * Largest remainder (Hamilton's method): with the amount A in units of
 * 10^-scale and weights w_i of sum W, part i is floor(A w_i / W), and the
 * units still missing go one each to the largest remainders A w_i mod W, of
 * equal ones to the first.  A negative amount mirrors the positive one.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "exact_column.h"
#include "num_sort.h"
#include "utils/array.h"
#include "window.h"

#define MAX_SCALE 1000

SQL_FUNCTION(window_allocate);
SQL_FUNCTION(allocate);

static void
CheckScale(int scale)
{
	CheckIntegerRange(scale, 0, MAX_SCALE, "scale");
}

/* An amount must be a whole number of units of 10^-scale. */
static void
CheckAmount(Datum amount, int scale)
{
	CheckFiniteNumeric(amount, "amount");
	if (NumericCompare(amount, NumericRound(amount, scale)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("amount must have no digit beyond scale %d, not %s",
						scale, NumericText(amount)),
				 errhint("Round the amount, or give a larger scale.")));
}

static void
AppendWeight(ExactColumn *weights, Datum weight, bool isnull)
{
	if (isnull)
		weight = NumericFromInt64(0);
	ExactColumnAppend(weights, weight, "weight");
	if (weights->value != NULL ? weights->value[weights->count - 1] < 0 :
		NumericSign(weight) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("weight must not be negative, not %s",
						NumericText(weight))));
}

/* Gives the missing units to the largest remainders, the first of equals. */
static void
DistributeUnits(num_u128 *parts, const num_u128 *remainders, Size count,
				Size units, num_u128 *scratch)
{
	num_u128	threshold;

	if (units == 0)
		return;
	threshold = num_upper_threshold(remainders, count, NUM_COUNT, units,
									scratch, PollInterrupts);
	for (Size i = 0; i < count; i++)
		if (remainders[i] > threshold)
		{
			parts[i]++;
			units--;
		}
	for (Size i = 0; units > 0; i++)
		if (remainders[i] == threshold)
		{
			parts[i]++;
			units--;
		}
}

/*
 * Replaces integer weights, of sum total > 0, by the parts of an amount of so
 * many units.
 */
static void
AllocateIntegers(num_i128 amount, ExactColumn *weights, num_i128 total)
{
	Size		count = weights->count;
	num_u128   *parts = HugeArray(CurrentMemoryContext, 3 * count,
								  sizeof(num_u128));
	num_u128   *remainders = parts + count;
	num_u128	missing = num_u128_abs(amount);

	for (Size i = 0; i < count; i++)
	{
		num_u128_mul_div(num_u128_abs(amount), (num_u128) weights->value[i],
						 (num_u128) total, &parts[i], &remainders[i]);
		missing -= parts[i];
		if (i % NUM_POLL_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
	}
	Assert(missing < count);
	DistributeUnits(parts, remainders, count, (Size) missing,
					remainders + count);
	for (Size i = 0; i < count; i++)
	{
		num_i128	part = (num_i128) parts[i];

		weights->value[i] = amount < 0 ? -part : part;
	}
	pfree(parts);
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
static bool
Allocate(Datum amount, ExactColumn *weights, int scale)
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

/*
 * The amount of a partition, the same on all rows; NULL pointer if it is NULL
 * on all.
 */
static Datum
ReadAmount(FunctionCallInfo fcinfo, WindowObject window)
{
	bool		first_null;
	Datum		first = WinGetFuncArgCurrent(window, 0, &first_null);
	PartitionScan scan;

	first = first_null ? PointerGetDatum(NULL) : CheckedNumeric(first, "amount");
	if (get_fn_expr_arg_stable(fcinfo->flinfo, 0))
		return first;
	PartitionScanBegin(&scan, window);
	while (PartitionScanNext(&scan))
	{
		bool		isnull;
		Datum		other = PartitionScanArgument(&scan, 0, &isnull);

		if (isnull != first_null ||
			(!isnull && !NumericEqual(first, other)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("amount must be the same on every row of the partition, not %s and %s",
							first_null ? "NULL" : NumericText(first),
							isnull ? "NULL" : NumericText(other)),
					 errhint("Name the pool in PARTITION BY.")));
	}
	PartitionScanEnd(&scan);
	return first;
}

/* the parts of a partition's rows */
typedef struct Partition
{
	bool		allocated;		/* else every row is NULL */
	ExactColumn parts;
} Partition;

static Partition *
ComputeParts(FunctionCallInfo fcinfo, WindowObject window,
			 MemoryContext context)
{
	Partition  *partition = MemoryContextAllocZero(context, sizeof(Partition));
	int			scale = PartitionInteger(fcinfo, window, 2, "scale");
	Datum		amount = ReadAmount(fcinfo, window);
	PartitionScan scan;
	MemoryContext caller;

	CheckScale(scale);
	if (DatumGetPointer(amount) != NULL)
		CheckAmount(amount, scale);
	ExactColumnInit(&partition->parts, WinGetPartitionRowCount(window),
					context);
	PartitionScanBegin(&scan, window);
	while (PartitionScanNext(&scan))
	{
		bool		isnull;
		Datum		weight = PartitionScanArgument(&scan, 1, &isnull);

		AppendWeight(&partition->parts, weight, isnull);
	}
	PartitionScanEnd(&scan);
	if (DatumGetPointer(amount) == NULL)
		return partition;

	caller = MemoryContextSwitchTo(context);
	partition->allocated = Allocate(amount, &partition->parts, scale);
	MemoryContextSwitchTo(caller);
	return partition;
}

/* allocate(amount numeric, weight numeric, scale int = 2) OVER (...) */
Datum
window_allocate(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	int64		row = WinGetCurrentPosition(window);
	Partition **partition = (Partition **) PartitionCache(window);

	if (*partition == NULL)
		*partition = ComputeParts(fcinfo, window, PartitionContext(fcinfo));
	PartitionForgetRows(window, row);
	if (!(*partition)->allocated)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(ExactColumnNumeric(&(*partition)->parts, row));
}

/*
 * allocate(amount numeric, weights numeric[], scale int = 2): an array of as
 * many parts; of NULLs if all weights are zero; NULL for an empty one.
 */
Datum
allocate(PG_FUNCTION_ARGS)
{
	Datum		amount = PG_GETARG_DATUM(0);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	int			scale = PG_GETARG_INT32(2);
	ExactColumn weights;
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	bool		allocated;
	int			bound = 1;

	CheckScale(scale);
	CheckAmount(amount, scale);
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("weights must have one dimension, not %d",
						ARR_NDIM(array))));
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &count);
	if (count == 0)
		PG_RETURN_NULL();

	ExactColumnInit(&weights, count, CurrentMemoryContext);
	for (int i = 0; i < count; i++)
		AppendWeight(&weights, elements[i], nulls[i]);
	allocated = Allocate(amount, &weights, scale);
	for (int i = 0; i < count; i++)
	{
		nulls[i] = !allocated;
		if (allocated)
			elements[i] = ExactColumnNumeric(&weights, i);
	}
	array = construct_md_array(elements, nulls, 1, &count, &bound,
							   NUMERICOID, -1, false, TYPALIGN_INT);
	PG_RETURN_ARRAYTYPE_P(array);
}
