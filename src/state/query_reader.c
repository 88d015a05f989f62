/*
 * query_reader.c
 *	  The rows of a query, one after the other.
 *
 * The query is run as the caller, by a cursor, so that its rows are never all
 * in memory.  Between begin and end SPI is connected, and the caller's.
 */
#include "crmcost.h"

#include "access/htup_details.h"
#include "state/query_reader.h"
#include "utils/plancache.h"

#define FETCH_ROWS 1000

TupleDesc
QueryReaderColumns(const QueryReader *reader)
{
	return reader->portal->tupDesc;
}

/* The query must have these columns first, of whatever name. */
void
CheckQueryColumns(const char *name, TupleDesc given, int count,
				  const QueryColumn *columns)
{
	for (int i = 0; i < count; i++)
		if (i >= given->natts ||
			TupleDescAttr(given, i)->atttypid != columns[i].type)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %d of %s must be %s, of type %s", i + 1,
							name, columns[i].name,
							format_type_be(columns[i].type))));
}

void
QueryReaderBegin(QueryReader *reader, const char *name, const char *query,
				 int count, const QueryColumn *columns)
{
	TupleDesc	tupdesc;

	memset(reader, 0, sizeof(*reader));
	reader->name = name;
	reader->portal = SPI_cursor_open_with_args(NULL, query, 0, NULL, NULL,
											   NULL, true, 0);
	tupdesc = reader->portal->tupDesc;
	CheckQueryColumns(name, tupdesc, count, columns);
	reader->values = palloc(tupdesc->natts * sizeof(Datum));
	reader->nulls = palloc(tupdesc->natts * sizeof(bool));
}

/* Steps to the next row; false after the last. */
bool
QueryReaderNext(QueryReader *reader)
{
	if (reader->row >= reader->fetched)
	{
		CHECK_FOR_INTERRUPTS();
		if (reader->rows != NULL)
			SPI_freetuptable(reader->rows);
		SPI_cursor_fetch(reader->portal, true, FETCH_ROWS);
		reader->rows = SPI_tuptable;
		reader->fetched = SPI_processed;
		reader->row = 0;
		if (reader->fetched == 0)
			return false;
	}
	heap_deform_tuple(reader->rows->vals[reader->row++],
					  reader->rows->tupdesc, reader->values, reader->nulls);
	return true;
}

/* A row of a query must have a value in each of these columns. */
void
QueryRefuseNulls(const char *name, const bool *nulls, int count,
				 const QueryColumn *columns)
{
	for (int i = 0; i < count; i++)
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must have no NULL as %s", name,
							columns[i].name)));
}

void
QueryReaderEnd(QueryReader *reader)
{
	SPI_cursor_close(reader->portal);
}

/*
 * The plan of a query, as for a cursor: by this process alone, so that who
 * receives its rows may write.
 */
SPIPlanPtr
QueryPlan(const char *query)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(query, 0, NULL, 0);

	if (plan == NULL || list_length(SPI_plan_get_plan_sources(plan)) != 1 ||
		!SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("query must be one that returns rows")));
	return plan;
}

TupleDesc
QueryPlanColumns(SPIPlanPtr plan)
{
	return ((CachedPlanSource *)
			linitial(SPI_plan_get_plan_sources(plan)))->resultDesc;
}

static void
IgnoreStart(DestReceiver *receiver, int operation, TupleDesc columns)
{
}

static void
IgnoreEnd(DestReceiver *receiver)
{
}

/* Runs the plan; its rows are handed over without a copy. */
void
QueryPlanRun(SPIPlanPtr plan, DestReceiver *receiver,
			 bool (*receive) (TupleTableSlot *row, DestReceiver *receiver),
			 bool read_only)
{
	SPIExecuteOptions options = {.dest = receiver,.read_only = read_only};

	receiver->receiveSlot = receive;
	receiver->rStartup = IgnoreStart;
	receiver->rShutdown = IgnoreEnd;
	receiver->rDestroy = IgnoreEnd;
	receiver->mydest = DestTuplestore;
	SPI_execute_plan_extended(plan, &options);
}
