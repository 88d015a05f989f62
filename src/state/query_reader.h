/*
 * query_reader.h
 *	  The rows of a query, one after the other: asked for, or handed over as
 *	  the executor makes them.
 */
#ifndef QUERY_READER_H
#define QUERY_READER_H

#include "executor/spi.h"

/* a column that a query must have */
typedef struct QueryColumn
{
	const char *name;
	Oid			type;
} QueryColumn;

/* a query that is read; values and nulls are those of the current row */
typedef struct QueryReader
{
	const char *name;			/* the argument that it is */
	Portal		portal;
	SPITupleTable *rows;
	uint64		row;			/* the next one of rows */
	uint64		fetched;
	Datum	   *values;
	bool	   *nulls;
} QueryReader;

extern void CheckQueryColumns(const char *name, TupleDesc given, int count,
							  const QueryColumn *columns);
extern void QueryReaderBegin(QueryReader *reader, const char *name,
							 const char *query, int count,
							 const QueryColumn *columns);
extern bool QueryReaderNext(QueryReader *reader);
extern void QueryRefuseNulls(const char *name, const bool *nulls, int count,
							 const QueryColumn *columns);
extern TupleDesc QueryReaderColumns(const QueryReader *reader);
extern void QueryReaderEnd(QueryReader *reader);

extern SPIPlanPtr QueryPlan(const char *query);
extern TupleDesc QueryPlanColumns(SPIPlanPtr plan);
extern void QueryPlanRun(SPIPlanPtr plan, DestReceiver *receiver,
						 bool (*receive) (TupleTableSlot *row,
										  DestReceiver *receiver),
						 bool read_only);

#endif							/* QUERY_READER_H */
