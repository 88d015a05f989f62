/*
 * window.c
 *	  Window functions that look at their whole partition before the first row.
 */
#include "crmcost.h"

#include "window.h"

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

/* An array for the time of one call, of any size. */
void *
PartitionAlloc(Size count, Size size)
{
	return palloc_extended(Max(mul_size(count, size), 1), MCXT_ALLOC_HUGE);
}

/* The partition's memory, zeroed at first: a head and an array a row. */
void *
PartitionMemory(WindowObject window, Size head, Size count, Size size)
{
	if (count > (MaxAllocSize - head) / size)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("window partition must have at most %zu rows, not %zu",
						(MaxAllocSize - head) / size, count)));
	return WinGetPartitionLocalMemory(window, head + count * size);
}
