/*
 * percentile_sets.c
 *	  Values at shares of the rows of a query, by several sets of its columns
 *	  at once.
 *
 * SQL, in file order: _percentile_sets.
 *
 * What percentile_disc says, of GROUPING SETS and of values that count more
 * than once.  Rows come in the order of the first key, and of these in that
 * of the value: so a value is sorted once, whatever the number of sets, and
 * what is kept are the rows of one first key.
 */
#include "crmcost.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "funcapi.h"
#include "ledger/set_groups.h"
#include "num/fixed.h"
#include "state/query_reader.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

SQL_FUNCTION(percentile_sets__percentile_sets);

/* what is kept of a group */
typedef struct GroupRanks
{
	int64		times;			/* of its rows in all */
	int64		upto;			/* of those gone through */
	int			found;			/* how many of the percentiles */
	Datum		value[FLEXIBLE_ARRAY_MEMBER];
} GroupRanks;

/* the receiver of the rows, as the executor knows it */
typedef struct SetRanks
{
	DestReceiver receiver;		/* must be first */
	SetGroups	groups;
	int			percents;
	int		   *percent;
	MemoryContext of_rows;		/* has the values of the rows */
	Datum	   *value;			/* of each row of the first key */
	int64	   *times;
	GroupRanks **group;			/* of each row and set */
	Size		rows;
	Size		room;
	ReturnSetInfo *result;
	Datum	   *values;			/* of a group that is put out */
	bool	   *nulls;
} SetRanks;

/* The values up to which at least so many in a hundred of all lie. */
static void
PassRow(const SetRanks *ranks, GroupRanks *group, Datum value, int64 times)
{
	group->upto += times;
	while (group->found < ranks->percents &&
		   (num_i128) group->upto * 100 >=
		   (num_i128) group->times * ranks->percent[group->found])
		group->value[group->found++] = value;
}

static void
PutGroups(SetRanks *ranks)
{
	SetGroups  *groups = &ranks->groups;
	int			last = 1 + groups->keys;

	for (Size i = 0; i < ranks->rows; i++)
	{
		POLL_AT(i);
		for (int s = 0; s < groups->sets; s++)
			PassRow(ranks, ranks->group[i * groups->sets + s],
					ranks->value[i], ranks->times[i]);
	}
	for (Size i = 0; i < groups->count; i++)
	{
		GroupRanks *kept = SetGroupKept(groups, groups->group[i]);
		ArrayType  *found = construct_array(kept->value, ranks->percents,
											NUMERICOID, -1, false,
											TYPALIGN_INT);

		SetGroupsKeys(groups, groups->group[i], ranks->values, ranks->nulls);
		ranks->values[last] = PointerGetDatum(found);
		ranks->nulls[last] = false;
		tuplestore_putvalues(ranks->result->setResult,
							 ranks->result->setDesc, ranks->values,
							 ranks->nulls);
		pfree(found);
		CHECK_FOR_INTERRUPTS();
	}
	SetGroupsClear(groups);
	ranks->rows = 0;
	MemoryContextReset(ranks->of_rows);
}

static void
MakeRoom(SetRanks *ranks)
{
	if (ranks->rows < ranks->room)
		return;
	ranks->room *= 2;
	ranks->value = repalloc_huge(ranks->value, ranks->room * sizeof(Datum));
	ranks->times = repalloc_huge(ranks->times, ranks->room * sizeof(int64));
	ranks->group = repalloc_huge(ranks->group,
								 ranks->room * ranks->groups.sets *
								 sizeof(GroupRanks *));
}

static void
AddToGroups(SetRanks *ranks, int64 times)
{
	SetGroups  *groups = &ranks->groups;

	for (int s = 0; s < groups->sets; s++)
	{
		GroupRanks *group = SetGroupsFind(groups, s);

		if (pg_add_s64_overflow(group->times, times, &group->times))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("times of query must not sum to more than a bigint")));
		ranks->group[ranks->rows * groups->sets + s] = group;
	}
}

static void
CheckRow(const SetRanks *ranks, Datum value, int64 times)
{
	if (times < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("times of query must be positive, not " INT64_FORMAT,
						times)));
	if (ranks->rows > 0 &&
		DatumGetInt32(DirectFunctionCall2(numeric_cmp, value,
										  ranks->value[ranks->rows - 1])) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("query must be ordered by its first key and then by its value")));
}

/* A row without a value is passed over. */
static bool
AddRow(TupleTableSlot *row, DestReceiver *receiver)
{
	SetRanks   *ranks = (SetRanks *) receiver;
	int			keys = ranks->groups.keys;
	int64		times;
	MemoryContext caller;

	slot_getallattrs(row);
	if (row->tts_isnull[keys + 1])
		return true;
	times = row->tts_isnull[keys] ? 0 : DatumGetInt64(row->tts_values[keys]);
	if (SetGroupsRow(&ranks->groups, row->tts_values, row->tts_isnull))
		PutGroups(ranks);
	CheckRow(ranks, row->tts_values[keys + 1], times);
	MakeRoom(ranks);
	AddToGroups(ranks, times);
	caller = MemoryContextSwitchTo(ranks->of_rows);
	ranks->value[ranks->rows] = datumCopy(row->tts_values[keys + 1], false,
										  -1);
	MemoryContextSwitchTo(caller);
	ranks->times[ranks->rows++] = times;
	return true;
}

static void
CheckColumns(const SetGroups *groups, TupleDesc given, TupleDesc result)
{
	int			keys = groups->keys;

	if (SetGroupsResultFits(groups, given, result) &&
		given->natts == keys + 2 && result->natts == keys + 2 &&
		TupleDescAttr(given, keys)->atttypid == INT8OID &&
		TupleDescAttr(given, keys + 1)->atttypid == NUMERICOID &&
		TupleDescAttr(result, keys + 1)->atttypid == NUMERICARRAYOID)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the columns of query must be %d keys, times (bigint) and a value (numeric), and those of the result an integer, these keys and numeric[]",
					keys)));
}

/* Percents must ascend: a group is gone through once. */
static void
ReadPercents(SetRanks *ranks, ArrayType *percents)
{
	Datum	   *percent;
	bool	   *nulls;

	deconstruct_array(percents, INT4OID, sizeof(int32), true, TYPALIGN_INT,
					  &percent, &nulls, &ranks->percents);
	ranks->percent = palloc(Max(ranks->percents, 1) * sizeof(int));
	for (int i = 0; i < ranks->percents; i++)
	{
		ranks->percent[i] = nulls[i] ? 0 : DatumGetInt32(percent[i]);
		CheckIntegerRange(ranks->percent[i],
						  i == 0 ? 1 : ranks->percent[i - 1], 100,
						  "each of percents, in order,");
	}
}

static void
InitRows(SetRanks *ranks)
{
	ranks->of_rows = AllocSetContextCreate(CurrentMemoryContext, "values",
										   ALLOCSET_DEFAULT_SIZES);
	ranks->room = 1024;
	ranks->value = palloc(ranks->room * sizeof(Datum));
	ranks->times = palloc(ranks->room * sizeof(int64));
	ranks->group = MemoryContextAllocHuge(CurrentMemoryContext,
										  ranks->room * ranks->groups.sets *
										  sizeof(GroupRanks *));
	ranks->values = palloc((ranks->groups.keys + 2) * sizeof(Datum));
	ranks->nulls = palloc((ranks->groups.keys + 2) * sizeof(bool));
}

/*
 * _percentile_sets(query text, keys integer, sets integer[],
 * percents integer[]): of the query, whose first columns are keys, and the
 * last two how often a value counts and the value, the number of a set, the
 * keys, NULL for those not in it, and the first values up to which so many in
 * a hundred lie.  Its rows are ordered by the first key, which each set has,
 * and then by the value.
 */
Datum
percentile_sets__percentile_sets(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	SetRanks   *ranks = palloc0(sizeof(SetRanks));
	SPIPlanPtr	plan;
	TupleDesc	given;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	ranks->result = (ReturnSetInfo *) fcinfo->resultinfo;
	ReadPercents(ranks, PG_GETARG_ARRAYTYPE_P(3));
	SPI_connect();
	plan = QueryPlan(query);
	given = QueryPlanColumns(plan);
	SetGroupsInit(&ranks->groups, PG_GETARG_INT32(1),
				  PG_GETARG_ARRAYTYPE_P(2),
				  offsetof(GroupRanks, value) +
				  ranks->percents * sizeof(Datum));
	SetGroupsNeedFirst(&ranks->groups);
	CheckColumns(&ranks->groups, given, ranks->result->setDesc);
	SetGroupsColumns(&ranks->groups, given);
	InitRows(ranks);
	QueryPlanRun(plan, &ranks->receiver, AddRow, true);
	PutGroups(ranks);
	SPI_finish();
	return (Datum) 0;
}
