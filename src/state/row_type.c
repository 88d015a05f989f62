/*
 * row_type.c
 *	  Rows of a composite type of ours, read and made.
 *
 * Columns that were added and dropped again leave a hole in a type, which is
 * skipped.
 */
#include "crmcost.h"

#include "executor/executor.h"
#include "funcapi.h"
#include "state/huge_array.h"
#include "state/row_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

static void
RefuseColumns(const RowType *type, int column, const char *found)
{
	bool		beyond = column >= type->columns;

	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 beyond ?
			 errmsg("type %s must have %d columns, not also %s", type->name,
					type->columns, found) :
			 errmsg("column %d of type %s must be %s %s, not %s", column + 1,
					type->name, type->column[column].name,
					format_type_be(type->column[column].type), found),
			 errhint("The type has been altered since CREATE EXTENSION: alter it back.")));
}

/* Refuses a type with other columns than those it was created with. */
static void
CheckColumns(TupleDesc tupdesc, const RowType *type)
{
	int			column = 0;

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute own = TupleDescAttr(tupdesc, i);
		const RowColumn *wanted = &type->column[column];

		if (own->attisdropped)
			continue;
		if (column >= type->columns || own->atttypid != wanted->type ||
			strcmp(NameStr(own->attname), wanted->name) != 0)
			RefuseColumns(type, column,
						  psprintf("%s %s", NameStr(own->attname),
								   format_type_be(own->atttypid)));
		column++;
	}
	if (column < type->columns)
		RefuseColumns(type, column, "absent");
}

/* The row type that a function of ours returns. */
TupleDesc
RowResultType(FunctionCallInfo fcinfo, const RowType *type)
{
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("function must return a row of type %s", type->name)));
	CheckColumns(tupdesc, type);
	return BlessTupleDesc(tupdesc);
}

/* The row type of which a function of ours returns an array. */
TupleDesc
RowElementType(FunctionCallInfo fcinfo, const RowType *type, Oid *element)
{
	TupleDesc	tupdesc;

	*element = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	if (!type_is_rowtype(*element))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("function must return an array of type %s",
						type->name)));
	tupdesc = lookup_rowtype_tupdesc_copy(*element, -1);
	CheckColumns(tupdesc, type);
	return tupdesc;
}

/* A row of a type that one of the two above gave. */
Datum
RowForm(TupleDesc tupdesc, const Datum *values, const bool *nulls)
{
	Datum	   *all = palloc0(tupdesc->natts * sizeof(Datum));
	bool	   *all_nulls = palloc(tupdesc->natts * sizeof(bool));
	int			column = 0;

	for (int i = 0; i < tupdesc->natts; i++)
	{
		all_nulls[i] = TupleDescAttr(tupdesc, i)->attisdropped ||
			nulls[column];
		if (!TupleDescAttr(tupdesc, i)->attisdropped)
			all[i] = values[column++];
	}
	return HeapTupleGetDatum(heap_form_tuple(tupdesc, all, all_nulls));
}

/* The columns of a row; what they point to lives as long as the row. */
void
RowRead(HeapTupleHeader row, const RowType *type, Datum *values, bool *nulls)
{
	Oid			row_type = HeapTupleHeaderGetTypeId(row);
	int32		typmod = HeapTupleHeaderGetTypMod(row);
	TupleDesc	tupdesc = lookup_rowtype_tupdesc(row_type, typmod);
	HeapTupleData tuple;
	Datum	   *all = palloc(tupdesc->natts * sizeof(Datum));
	bool	   *all_nulls = palloc(tupdesc->natts * sizeof(bool));
	int			column = 0;

	CheckColumns(tupdesc, type);
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, tupdesc, all, all_nulls);
	for (int i = 0; i < tupdesc->natts; i++)
	{
		if (TupleDescAttr(tupdesc, i)->attisdropped)
			continue;
		values[column] = all[i];
		nulls[column++] = all_nulls[i];
	}
	ReleaseTupleDesc(tupdesc);
	pfree(all);
	pfree(all_nulls);
}

/* rows of an array that are formed before their memory is given back */
#define ROWS_AT_ONCE 1024

/*
 * An array of rows, for the result of a function of ours.  construct_array()
 * would want them all at once, and answer no cancel while it copies them.
 */
RowArray
RowArrayBegin(FunctionCallInfo fcinfo, const RowType *type)
{
	RowArray	rows = {.used = ARR_OVERHEAD_NONULLS(1),.room = 1024};

	rows.tupdesc = RowElementType(fcinfo, type, &rows.element);
	rows.work = AllocSetContextCreate(CurrentMemoryContext, "crmcost row",
									  ALLOCSET_DEFAULT_SIZES);
	rows.array = HugeAlloc(CurrentMemoryContext, rows.room);
	return rows;
}

void
RowArrayAdd(RowArray *rows, const Datum *values, const bool *nulls)
{
	MemoryContext caller = MemoryContextSwitchTo(rows->work);
	Datum		row = RowForm(rows->tupdesc, values, nulls);
	Size		size = VARSIZE(DatumGetPointer(row));

	MemoryContextSwitchTo(caller);
	if (rows->used + MAXALIGN(size) > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("array of the result must be at most %zu MB",
						(Size) MaxAllocSize / (1024 * 1024))));
	if (rows->used + MAXALIGN(size) > rows->room)
	{
		rows->room = Max(2 * rows->room, rows->used + MAXALIGN(size));
		rows->array = HugeResize(rows->array, rows->room);
	}
	memcpy(rows->array + rows->used, DatumGetPointer(row), size);
	memset(rows->array + rows->used + size, 0, MAXALIGN(size) - size);
	rows->used += MAXALIGN(size);
	if (++rows->count % ROWS_AT_ONCE == 0)
	{
		MemoryContextReset(rows->work);
		CHECK_FOR_INTERRUPTS();
	}
}

Datum
RowArrayEnd(RowArray *rows)
{
	ArrayType  *array = (ArrayType *) rows->array;

	MemoryContextDelete(rows->work);
	if (rows->count == 0)
		return PointerGetDatum(construct_empty_array(rows->element));
	SET_VARSIZE(array, rows->used);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = rows->element;
	ARR_DIMS(array)[0] = (int) rows->count;
	ARR_LBOUND(array)[0] = 1;
	return PointerGetDatum(array);
}
