/*
 * row_type.h
 *	  Rows of a composite type of ours, read and made.
 *
 * Who owns a type may alter it: a column more, or one of another type, would
 * have its bytes taken for what they are not.  So a row is read and made only
 * while its type has the columns that it was created with.
 */
#ifndef ROW_TYPE_H
#define ROW_TYPE_H

#include "access/htup_details.h"
#include "access/tupdesc.h"

typedef struct RowColumn
{
	const char *name;
	Oid			type;
} RowColumn;

typedef struct RowType
{
	const char *name;
	int			columns;
	const RowColumn *column;
} RowType;

/* an array of rows under construction: no row keeps memory of its own */
typedef struct RowArray
{
	TupleDesc	tupdesc;
	Oid			element;
	MemoryContext work;			/* a row is formed here, and copied */
	char	   *array;			/* an ArrayType, its elements as they come */
	Size		used;
	Size		room;
	int64		count;
} RowArray;

extern RowArray RowArrayBegin(FunctionCallInfo fcinfo, const RowType *type);
extern void RowArrayAdd(RowArray *rows, const Datum *values,
						const bool *nulls);
extern Datum RowArrayEnd(RowArray *rows);

extern TupleDesc RowResultType(FunctionCallInfo fcinfo, const RowType *type);
extern TupleDesc RowElementType(FunctionCallInfo fcinfo, const RowType *type,
								Oid *element);
extern Datum RowForm(TupleDesc tupdesc, const Datum *values,
					 const bool *nulls);
extern void RowRead(HeapTupleHeader row, const RowType *type, Datum *values,
					bool *nulls);

#endif							/* ROW_TYPE_H */
