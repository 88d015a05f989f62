/*
 * sums_before.c
 *	  Running sums along the rows of a query.
 *
 * SQL, in file order: _sums_before.
 *
 * What sum() OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) says, for
 * many exact sums: no row is kept, and each value is taken apart once.
 */
#include "crmcost.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "state/decimal.h"
#include "state/query_reader.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

SQL_FUNCTION(sums_before__sums_before);

/* the receiver of the rows, as the executor knows it */
typedef struct RunningSums
{
	DestReceiver receiver;		/* must be first */
	ReturnSetInfo *result;
	MemoryContext work;
	int			keys;
	int			columns;
	int			first_group;	/* the first key that begins sums anew */
	bool		any;
	Datum	   *key;			/* of the row before, by value */
	bool	   *key_null;
	bool	   *is_numeric;		/* of each column, else a bigint */
	PartialSum *sum;			/* of each column */
	Datum	   *values;
	bool	   *nulls;
} RunningSums;

/* Begins anew where a key does. */
static void
FindGroup(RunningSums *sums, const TupleTableSlot *row)
{
	bool		same = sums->any;

	for (int i = sums->first_group; i < sums->keys; i++)
	{
		same = same && sums->key_null[i] == row->tts_isnull[i] &&
			(sums->key_null[i] || sums->key[i] == row->tts_values[i]);
		sums->key[i] = row->tts_values[i];
		sums->key_null[i] = row->tts_isnull[i];
	}
	sums->any = true;
	if (!same)
		memset(sums->sum, 0, sums->columns * sizeof(PartialSum));
}

static bool
PutRow(TupleTableSlot *row, DestReceiver *receiver)
{
	RunningSums *sums = (RunningSums *) receiver;
	MemoryContext caller = MemoryContextSwitchTo(sums->work);

	slot_getallattrs(row);
	FindGroup(sums, row);
	for (int i = 0; i < sums->keys; i++)
	{
		sums->values[i] = row->tts_values[i];
		sums->nulls[i] = row->tts_isnull[i];
	}
	for (int i = sums->keys; i < sums->columns; i++)
	{
		ExactSum	addend;

		sums->values[i] = PartialSumDatum(&sums->sum[i], sums->is_numeric[i]);
		if (row->tts_isnull[i])
			continue;
		ExactSumReadColumn(&addend, row->tts_values[i], sums->is_numeric[i],
						   "query");
		PartialSumAdd(&sums->sum[i], &addend, "query");
	}
	tuplestore_putvalues(sums->result->setResult, sums->result->setDesc,
						 sums->values, sums->nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(sums->work);
	return true;
}

static void
CheckColumns(const RunningSums *sums, TupleDesc given)
{
	TupleDesc	result = sums->result->setDesc;
	bool		right = given->natts >= sums->keys &&
	result->natts == given->natts;

	for (int i = 0; right && i < given->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(given, i);

		right = TupleDescAttr(result, i)->atttypid == column->atttypid &&
			(i < sums->keys || column->atttypid == INT8OID ||
			 column->atttypid == NUMERICOID) &&
			(i < sums->first_group || i >= sums->keys || column->attbyval);
	}
	if (!right)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the columns of the result must be those of query, of which all but the first %d are bigint or numeric, and key %d and those after it passed by value",
						sums->keys, sums->first_group + 1)));
}

/*
 * _sums_before(query text, keys integer, groups integer): of each row of the
 * query the first columns, its keys, and of each other one the sum of the rows
 * before, from the last one on in which any of the last keys, as many as
 * groups, was another.
 */
Datum
sums_before__sums_before(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	RunningSums *sums = palloc0(sizeof(RunningSums));
	SPIPlanPtr	plan;
	TupleDesc	given;

	sums->keys = PG_GETARG_INT32(1);
	CheckIntegerRange(sums->keys, 0, MaxTupleAttributeNumber, "keys");
	CheckIntegerRange(PG_GETARG_INT32(2), 0, sums->keys, "groups");
	sums->first_group = sums->keys - PG_GETARG_INT32(2);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	sums->result = (ReturnSetInfo *) fcinfo->resultinfo;
	sums->work = AllocSetContextCreate(CurrentMemoryContext, "running sums",
									   ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	plan = QueryPlan(query);
	given = QueryPlanColumns(plan);
	CheckColumns(sums, given);
	sums->columns = given->natts;
	sums->key = palloc0(sums->columns * sizeof(Datum));
	sums->key_null = palloc0(sums->columns * sizeof(bool));
	sums->is_numeric = palloc0(sums->columns * sizeof(bool));
	sums->sum = palloc0(sums->columns * sizeof(PartialSum));
	sums->values = palloc0(sums->columns * sizeof(Datum));
	sums->nulls = palloc0(sums->columns * sizeof(bool));
	for (int i = 0; i < sums->columns; i++)
		sums->is_numeric[i] = TupleDescAttr(given, i)->atttypid == NUMERICOID;
	QueryPlanRun(plan, &sums->receiver, PutRow, true);
	SPI_finish();
	return (Datum) 0;
}
