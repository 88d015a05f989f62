/*
 * sum_sets.c
 *	  Sums of the rows of a query by several sets of its columns at once.
 *
 * SQL, in file order: _sum_sets.
 *
 * What GROUPING SETS say, for many exact sums and few groups: each value is
 * taken apart once, whatever the number of sets, and added as an integer.
 *
 * Of rows in the order of the first key the groups with another value of it
 * are over, and are put out: so no more are kept than one value has, and
 * these are together.
 */
#include "crmcost.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "ledger/set_groups.h"
#include "state/decimal.h"
#include "state/query_reader.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

SQL_FUNCTION(sum_sets__sum_sets);

/* the receiver of the rows, as the executor knows it */
typedef struct SetSums
{
	DestReceiver receiver;		/* must be first */
	SetGroups	groups;			/* each keeps the sums of the measures */
	int			measures;
	bool	   *is_numeric;		/* of each measure, else a bigint */
	bool		ordered;		/* by the first key */
	MemoryContext work;
	ReturnSetInfo *result;
	Datum	   *values;			/* of a group that is put out */
	bool	   *nulls;
	PartialSum **sum;			/* of the row, in each set */
} SetSums;

static void
PutGroup(const SetSums *sums, SetGroup *group)
{
	MemoryContext caller = MemoryContextSwitchTo(sums->work);
	Datum	   *values = sums->values;
	bool	   *nulls = sums->nulls;
	const PartialSum *sum = SetGroupKept(&sums->groups, group);

	SetGroupsKeys(&sums->groups, group, values, nulls);
	for (int m = 0; m < sums->measures; m++)
	{
		int			column = 1 + sums->groups.keys + m;

		nulls[column] = !sum[m].any;
		values[column] = nulls[column] ? (Datum) 0 :
			PartialSumDatum(&sum[m], sums->is_numeric[m]);
	}
	tuplestore_putvalues(sums->result->setResult, sums->result->setDesc,
						 values, nulls);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(sums->work);
}

/* Puts out the groups that are there, and takes them away. */
static void
PutGroups(SetSums *sums)
{
	for (Size i = 0; i < sums->groups.count; i++)
	{
		PutGroup(sums, sums->groups.group[i]);
		CHECK_FOR_INTERRUPTS();
	}
	SetGroupsClear(&sums->groups);
}

static bool
AddRow(TupleTableSlot *row, DestReceiver *receiver)
{
	SetSums    *sums = (SetSums *) receiver;
	SetGroups  *groups = &sums->groups;

	slot_getallattrs(row);
	if (SetGroupsRow(groups, row->tts_values, row->tts_isnull) &&
		sums->ordered)
		PutGroups(sums);
	for (int s = 0; s < groups->sets; s++)
		sums->sum[s] = SetGroupsFind(groups, s);
	for (int m = 0; m < sums->measures; m++)
	{
		Datum		value = row->tts_values[groups->keys + m];
		ExactSum	addend;

		if (row->tts_isnull[groups->keys + m])
			continue;
		ExactSumReadColumn(&addend, value, sums->is_numeric[m], "query");
		for (int s = 0; s < groups->sets; s++)
			PartialSumAdd(&sums->sum[s][m], &addend, "query");
	}
	return true;
}

static void
CheckColumns(const SetSums *sums, TupleDesc given, TupleDesc result)
{
	int			keys = sums->groups.keys;
	bool		right = SetGroupsResultFits(&sums->groups, given, result) &&
	result->natts == given->natts + 1;

	for (int i = keys; right && i < given->natts; i++)
	{
		Oid			type = TupleDescAttr(given, i)->atttypid;

		right = TupleDescAttr(result, i + 1)->atttypid == type &&
			(type == INT8OID || type == NUMERICOID);
	}
	if (!right)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the columns of the result must be an integer and those of query, of which all but the first %d are bigint or numeric",
						keys)));
}

/*
 * _sum_sets(query text, keys integer, sets integer[], ordered boolean): of
 * the query, whose first columns are keys and whose others are measures, the
 * number of a set, the keys, NULL for those not in it, and the sums of the
 * measures.  Where its rows are ordered by the first key, each set must have
 * that.
 */
Datum
sum_sets__sum_sets(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			keys = PG_GETARG_INT32(1);
	SetSums    *sums = palloc0(sizeof(SetSums));
	SPIPlanPtr	plan;
	TupleDesc	given;

	sums->ordered = PG_GETARG_BOOL(3);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	sums->result = (ReturnSetInfo *) fcinfo->resultinfo;
	sums->work = AllocSetContextCreate(CurrentMemoryContext, "sums of a group",
									   ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	plan = QueryPlan(query);
	given = QueryPlanColumns(plan);
	sums->measures = Max(given->natts - keys, 0);
	SetGroupsInit(&sums->groups, keys, PG_GETARG_ARRAYTYPE_P(2),
				  sums->measures * sizeof(PartialSum));
	if (sums->ordered)
		SetGroupsNeedFirst(&sums->groups);
	CheckColumns(sums, given, sums->result->setDesc);
	SetGroupsColumns(&sums->groups, given);
	sums->sum = palloc(sums->groups.sets * sizeof(PartialSum *));
	sums->values = palloc((1 + given->natts) * sizeof(Datum));
	sums->nulls = palloc((1 + given->natts) * sizeof(bool));
	sums->is_numeric = palloc(Max(sums->measures, 1) * sizeof(bool));
	for (int m = 0; m < sums->measures; m++)
		sums->is_numeric[m] =
			TupleDescAttr(given, keys + m)->atttypid == NUMERICOID;
	QueryPlanRun(plan, &sums->receiver, AddRow, true);
	PutGroups(sums);
	SPI_finish();
	return (Datum) 0;
}
