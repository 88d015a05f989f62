/*
 * window.h
 *	  Window functions that look at their whole partition before the first row.
 *
 * Each reads the partition's arguments once, at its first row, keeps what it
 * needs in the partition's context, and answers every row from there:
 *
 *	  cache = PartitionCache(window);
 *	  if (*cache == NULL)
 *		  *cache = Compute(fcinfo, window, PartitionContext(fcinfo));
 */
#ifndef WINDOW_H
#define WINDOW_H

#include "windowapi.h"

#include "utils/memutils.h"

/* a pass over the rows of a partition, from the first to the last */
typedef struct PartitionScan
{
	WindowObject window;
	MemoryContext caller;
	MemoryContext work;			/* the arguments' memory, reset now and then */
	int			rows;
	int			row;			/* the current one, from 0 */
} PartitionScan;

/* arguments are computed in memory that is given back every so many rows */
#define PARTITION_RESET_ROWS 1024

extern void PartitionScanBegin(PartitionScan *scan, WindowObject window);
extern void PartitionScanReset(PartitionScan *scan);
extern void PartitionScanEnd(PartitionScan *scan);

extern void **PartitionCache(WindowObject window);
extern MemoryContext PartitionContext(FunctionCallInfo fcinfo);

extern Datum PartitionNumeric(FunctionCallInfo fcinfo, WindowObject window,
							  int argument, const char *name);
extern int	PartitionInteger(FunctionCallInfo fcinfo, WindowObject window,
							 int argument, const char *name);

/* Steps to the next row; false after the last. */
static inline bool
PartitionScanNext(PartitionScan *scan)
{
	if (++scan->row >= scan->rows)
		return false;
	if (scan->row % PARTITION_RESET_ROWS == 0)
		PartitionScanReset(scan);
	return true;
}

/*
 * The current row's argument.  Between begin and end, allocations by the
 * caller are as short-lived as the argument.
 */
static inline Datum
PartitionScanArgument(PartitionScan *scan, int argument, bool *isnull)
{
	bool		isout;

	return WinGetFuncArgInPartition(scan->window, argument, scan->row,
									WINDOW_SEEK_HEAD, false, isnull, &isout);
}

/*
 * Lets the executor forget the rows behind the current one: every so many
 * rows, since that costs as much for one as for many.
 */
static inline void
PartitionForgetRows(WindowObject window, int64 row)
{
	if (row % PARTITION_RESET_ROWS == 0)
		WinSetMarkPosition(window, row);
}

#endif							/* WINDOW_H */
