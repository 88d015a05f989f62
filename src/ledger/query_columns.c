/*
 * query_columns.c
 *	  What a query would return.
 *
 * SQL, in file order: _query_columns.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "state/query_reader.h"
#include "utils/array.h"

SQL_FUNCTION(query_columns__query_columns);

/*
 * _query_columns(query text): the names of its columns, as name[].  The query
 * is parsed with the caller's search path, and neither planned nor run.
 */
Datum
query_columns__query_columns(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	MemoryContext caller = CurrentMemoryContext;
	TupleDesc	columns;
	Datum	   *names;
	ArrayType  *result;

	SPI_connect();
	columns = QueryPlanColumns(QueryPlan(query));
	MemoryContextSwitchTo(caller);
	names = palloc(sizeof(Datum) * Max(columns->natts, 1));
	for (int i = 0; i < columns->natts; i++)
		names[i] = NameGetDatum(&TupleDescAttr(columns, i)->attname);
	result = construct_array(names, columns->natts, NAMEOID, NAMEDATALEN,
							 false, TYPALIGN_CHAR);
	SPI_finish();
	PG_RETURN_ARRAYTYPE_P(result);
}
