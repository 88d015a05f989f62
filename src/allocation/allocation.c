/*
 * allocation.c
 *	  Splits an amount by weights so that the parts sum to it exactly.
 *
 * SQL, in file order: allocate(amount, weight, scale) as a window function,
 * allocate(amount, weights[], scale) as a scalar.
 *
 * The method is largest remainder, in largest_remainder.c.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "state/largest_remainder.h"
#include "state/window.h"
#include "utils/array.h"

SQL_FUNCTION(window_allocate);
SQL_FUNCTION(allocate);

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

	CheckAllocationScale(scale);
	if (DatumGetPointer(amount) != NULL)
		CheckAllocationAmount(amount, scale, "amount");
	ExactColumnInit(&partition->parts, WinGetPartitionRowCount(window),
					context);
	PartitionScanBegin(&scan, window);
	while (PartitionScanNext(&scan))
	{
		bool		isnull;
		Datum		weight = PartitionScanArgument(&scan, 1, &isnull);

		AppendAllocationWeight(&partition->parts, weight, isnull, "weight");
	}
	PartitionScanEnd(&scan);
	if (DatumGetPointer(amount) == NULL)
		return partition;

	caller = MemoryContextSwitchTo(context);
	partition->allocated = LargestRemainder(amount, &partition->parts, scale,
											NULL);
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

	CheckAllocationScale(scale);
	CheckAllocationAmount(amount, scale, "amount");
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
		AppendAllocationWeight(&weights, elements[i], nulls[i], "weights");
	allocated = LargestRemainder(amount, &weights, scale, NULL);
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
