/*
 * quantities.h
 *	  How much customers have of drivers, and groups of cost that follow them:
 *	  arrays that the SQL functions of allocation read.
 */
#ifndef QUANTITIES_H
#define QUANTITIES_H

#include "state/largest_remainder.h"
#include "utils/arrayaccess.h"

#define BUCKETS 7
#define MONEY_SCALE 4

/* an array argument, read from its first element to its last */
typedef struct ArrayReader
{
	const char *name;
	AnyArrayType *array;
	array_iter	iterator;
	int			next;
} ArrayReader;

/* the quantities above zero, and whose they are, counted from 0 */
typedef struct DriverColumn
{
	ExactColumn quantities;
	int32	   *customer;
} DriverColumn;

typedef struct Quantities
{
	MemoryContext context;		/* of the call */
	MemoryContext work;			/* of a group, or of a row */
	int			drivers;
	int			customers;
	DriverColumn *driver;		/* NULL without customers */
} Quantities;

extern ArrayReader ReadArgument(FunctionCallInfo fcinfo, int argument,
								const char *name);
extern void RefuseNullArgument(FunctionCallInfo fcinfo, int argument,
							   const char *name);
extern Datum NextNotNull(ArrayReader *reader);
extern int	NextInteger(ArrayReader *reader, int low, int high);
extern int	NextPlace(ArrayReader *reader);
extern int	CountGroups(const ArrayReader *argument, int arguments);
extern void ReadQuantities(Quantities *all, ArrayReader *quantities);

static inline Datum
NextNumeric(ArrayReader *reader, bool *isnull)
{
	return array_iter_next(&reader->iterator, isnull, reader->next++, -1,
						   false, TYPALIGN_INT);
}

#endif							/* QUANTITIES_H */
