/*
 * window.c
 *	  Window functions that look at their whole partition before the first row.
 */
#include "crmcost.h"

#include "state/decimal.h"
#include "state/window.h"

void
PartitionScanBegin(PartitionScan *scan, WindowObject window)
{
	int64		rows = WinGetPartitionRowCount(window);

	if (rows > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("window partition must have at most %d rows, not %lld",
						PG_INT32_MAX, (long long) rows)));
	scan->window = window;
	scan->work = AllocSetContextCreate(CurrentMemoryContext,
									   "crmcost partition scan",
									   ALLOCSET_DEFAULT_SIZES);
	scan->rows = rows;
	scan->row = -1;
	scan->caller = MemoryContextSwitchTo(scan->work);
}

void
PartitionScanReset(PartitionScan *scan)
{
	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(scan->work);
}

void
PartitionScanEnd(PartitionScan *scan)
{
	MemoryContextSwitchTo(scan->caller);
	MemoryContextDelete(scan->work);
}

/* The partition's own pointer, NULL at its first row. */
void	  **
PartitionCache(WindowObject window)
{
	return WinGetPartitionLocalMemory(window, sizeof(void *));
}

/*
 * A fresh context that lives as long as the partition, or rather until the
 * next one asks for its own.  To be called once a partition.
 */
MemoryContext
PartitionContext(FunctionCallInfo fcinfo)
{
	MemoryContext context = fcinfo->flinfo->fn_extra;

	if (context == NULL)
		fcinfo->flinfo->fn_extra = context =
			AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "crmcost partition",
								  ALLOCSET_SMALL_SIZES);
	else
		MemoryContextReset(context);
	return context;
}

static void
pg_attribute_noreturn()
RefuseNull(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not be NULL", name)));
}

static void
pg_attribute_noreturn()
RefuseDifferent(const char *name, const char *first, const char *other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be the same on every row of the partition, not %s and %s",
					name, first, other)));
}

/*
 * An argument that must be the same on every row of a partition.  Constants
 * are; anything else is looked at row by row.
 */
Datum
PartitionNumeric(FunctionCallInfo fcinfo, WindowObject window, int argument,
				 const char *name)
{
	bool		isnull;
	Datum		first = WinGetFuncArgCurrent(window, argument, &isnull);

	if (isnull)
		RefuseNull(name);
	first = CheckedNumeric(first, name);
	if (!get_fn_expr_arg_stable(fcinfo->flinfo, argument))
	{
		PartitionScan scan;

		PartitionScanBegin(&scan, window);
		while (PartitionScanNext(&scan))
		{
			Datum		other;

			other = PartitionScanArgument(&scan, argument, &isnull);
			if (isnull)
				RefuseNull(name);
			if (!NumericEqual(first, other))
				RefuseDifferent(name, NumericText(first), NumericText(other));
		}
		PartitionScanEnd(&scan);
	}
	return first;
}

int
PartitionInteger(FunctionCallInfo fcinfo, WindowObject window, int argument,
				 const char *name)
{
	bool		isnull;
	Datum		first = WinGetFuncArgCurrent(window, argument, &isnull);

	if (isnull)
		RefuseNull(name);
	if (!get_fn_expr_arg_stable(fcinfo->flinfo, argument))
	{
		PartitionScan scan;

		PartitionScanBegin(&scan, window);
		while (PartitionScanNext(&scan))
		{
			Datum		other;

			other = PartitionScanArgument(&scan, argument, &isnull);
			if (isnull)
				RefuseNull(name);
			if (DatumGetInt32(other) != DatumGetInt32(first))
				RefuseDifferent(name, psprintf("%d", DatumGetInt32(first)),
								psprintf("%d", DatumGetInt32(other)));
		}
		PartitionScanEnd(&scan);
	}
	return DatumGetInt32(first);
}
