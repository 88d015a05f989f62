/*
 * sql_array.c
 *	  Arrays of SQL from elements that lie one behind the other.
 */
#include "crmcost.h"

#include "state/sql_array.h"
#include "utils/array.h"
#include "utils/memutils.h"

/* The elements lie as an array has them; an error says what they are. */
Datum
SqlArray(Oid element, const void *data, Size size, int count, const char *what)
{
	Size		total = ARR_OVERHEAD_NONULLS(1) + size;
	ArrayType  *array;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(element));
	if (!AllocSizeIsValid(total))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s must fill at most %zu bytes, not %zu", what,
						(Size) MaxAllocSize, total)));
	array = palloc(total);
	SET_VARSIZE(array, total);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = element;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), data, size);
	return PointerGetDatum(array);
}
