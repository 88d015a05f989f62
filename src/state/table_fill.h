/*
 * table_fill.h
 *	  Rows into a work table, many at a time.
 */
#ifndef TABLE_FILL_H
#define TABLE_FILL_H

#include "access/heapam.h"
#include "executor/tuptable.h"

#define TABLE_FILL_ROWS 500

/* a temporary table without indexes and triggers, and the rows that wait */
typedef struct TableFill
{
	Relation	table;
	BulkInsertState state;
	TupleTableSlot *slot[TABLE_FILL_ROWS];
	int			rows;
} TableFill;

extern void TableFillBegin(TableFill *fill, Oid table, int columns,
						   const Oid *types);
extern void TableFillPut(TableFill *fill, const Datum *values,
						 const bool *nulls);
extern void TableFillEnd(TableFill *fill);

#endif							/* TABLE_FILL_H */
