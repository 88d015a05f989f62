/*
 * sum_sets.c
 *	  Sums of the rows of a query by several sets of its columns at once.
 *
 * SQL, in file order: _sum_sets.
 *
 * What GROUPING SETS say, for many exact sums and few groups: each value is
 * taken apart once, whatever the number of sets, and added as an integer.
 * Values of the key columns are numbered as they come, and are the same if
 * they are stored so; a group is its set and the numbers of the columns of
 * that, 0 for the others.
 *
 * Of rows in the order of the first key the groups with another value of it
 * are over, and are put out: so no more are kept than one value has, and
 * these are together.
 */
#include "crmcost.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "state/decimal.h"
#include "state/query_reader.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

SQL_FUNCTION(sum_sets__sum_sets);

/* the values of a key column, by number; number 0 is none */
typedef struct KeyColumn
{
	bool		by_value;
	int16		length;
	Datum	   *value;
	bool	   *null;
	uint32	   *hash;
	uint32		count;
	uint32		room;
	uint32	   *slot;			/* open addressing, of 2 * room slots */
	uint32		last;			/* number of the row before */
} KeyColumn;

/*
 * A group: its set, the number of each key, and behind these, aligned, its
 * sums.
 */
typedef uint32 SetGroup;

/* the receiver of the rows, as the executor knows it */
typedef struct SetSums
{
	DestReceiver receiver;		/* must be first */
	MemoryContext context;
	int			keys;
	int			measures;
	int			sets;
	bool	   *in_set;			/* of each set and key */
	KeyColumn  *column;
	bool	   *is_numeric;		/* of each measure, else a bigint */
	bool		ordered;		/* by the first key */
	uint32		first;			/* number of that in the row before, or 0 */
	HTAB	   *group;
	SetGroup  **open;			/* those of group, as they came */
	Size		opened;
	Size		room;
	MemoryContext of_group;		/* has their sums */
	MemoryContext work;
	ReturnSetInfo *result;
	Datum	   *values;			/* of a group that is put out */
	bool	   *nulls;
	SetGroup   *wanted;			/* a group that is looked for */
	uint32	   *number;			/* of the keys of the row */
	PartialSum **sum;			/* of the row, in each set */
} SetSums;

static void
KeyColumnGrow(KeyColumn *column, MemoryContext context)
{
	Size		room = 2 * (Size) column->room;

	if (room > MaxAllocSize / sizeof(Datum))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a key of query must have at most %zu values",
						(Size) MaxAllocSize / sizeof(Datum) / 2)));
	column->value = repalloc(column->value, room * sizeof(Datum));
	column->null = repalloc(column->null, room * sizeof(bool));
	column->hash = repalloc(column->hash, room * sizeof(uint32));
	pfree(column->slot);
	column->slot = MemoryContextAllocZero(context, 2 * room * sizeof(uint32));
	column->room = room;
	for (uint32 number = 1; number < column->count; number++)
	{
		uint32		place = column->hash[number] & (2 * room - 1);

		while (column->slot[place] != 0)
			place = (place + 1) & (2 * room - 1);
		column->slot[place] = number;
	}
}

static void
KeyColumnInit(KeyColumn *column, Oid type, MemoryContext context)
{
	get_typlenbyval(type, &column->length, &column->by_value);
	column->room = 64;
	column->count = 1;
	column->last = 0;
	column->value = MemoryContextAlloc(context, column->room * sizeof(Datum));
	column->null = MemoryContextAlloc(context, column->room * sizeof(bool));
	column->hash = MemoryContextAlloc(context, column->room * sizeof(uint32));
	column->slot = MemoryContextAllocZero(context,
										  2 * column->room * sizeof(uint32));
}

static bool
IsValue(const KeyColumn *column, uint32 number, Datum value, bool null)
{
	return column->null[number] == null &&
		(null || datum_image_eq(column->value[number], value,
								column->by_value, column->length));
}

/* The number of a value; rows that follow each other mostly have the same. */
static uint32
KeyNumber(KeyColumn *column, Datum value, bool null, MemoryContext context)
{
	uint32		hash;
	uint32		place;
	MemoryContext caller;

	if (column->last != 0 && IsValue(column, column->last, value, null))
		return column->last;
	hash = null ? 0 : datum_image_hash(value, column->by_value,
									   column->length);
	place = hash & (2 * column->room - 1);
	for (; column->slot[place] != 0;
		 place = (place + 1) & (2 * column->room - 1))
	{
		column->last = column->slot[place];
		if (column->hash[column->last] == hash &&
			IsValue(column, column->last, value, null))
			return column->last;
	}
	column->last = column->count;
	column->slot[place] = column->last;
	caller = MemoryContextSwitchTo(context);
	column->value[column->last] = null ? (Datum) 0 :
		datumCopy(value, column->by_value, column->length);
	MemoryContextSwitchTo(caller);
	column->null[column->last] = null;
	column->hash[column->last] = hash;
	if (++column->count == column->room)
		KeyColumnGrow(column, context);
	return column->last;
}

static PartialSum **
SumsOf(const SetSums *sums, SetGroup *group)
{
	return (PartialSum **) ((char *) group +
							MAXALIGN((1 + sums->keys) * sizeof(SetGroup)));
}

static PartialSum *
FindSums(SetSums *sums, int set)
{
	SetGroup   *group;
	bool		found;

	sums->wanted[0] = set;
	for (int i = 0; i < sums->keys; i++)
		sums->wanted[1 + i] =
			sums->in_set[set * sums->keys + i] ? sums->number[i] : 0;
	group = hash_search(sums->group, sums->wanted, HASH_ENTER, &found);
	if (found)
		return *SumsOf(sums, group);
	if (sums->opened == sums->room)
	{
		sums->room *= 2;
		sums->open = repalloc_huge(sums->open,
								   sums->room * sizeof(SetGroup *));
	}
	sums->open[sums->opened++] = group;
	*SumsOf(sums, group) =
		MemoryContextAllocZero(sums->of_group,
							   sums->measures * sizeof(PartialSum));
	return *SumsOf(sums, group);
}

static void
PutGroup(const SetSums *sums, SetGroup *group)
{
	MemoryContext caller = MemoryContextSwitchTo(sums->work);
	Datum	   *values = sums->values;
	bool	   *nulls = sums->nulls;
	const PartialSum *sum = *SumsOf(sums, group);

	values[0] = Int32GetDatum((int32) group[0] + 1);
	nulls[0] = false;
	for (int i = 0; i < sums->keys; i++)
	{
		uint32		number = group[1 + i];

		nulls[1 + i] = number == 0 || sums->column[i].null[number];
		values[1 + i] = nulls[1 + i] ? (Datum) 0 :
			sums->column[i].value[number];
	}
	for (int m = 0; m < sums->measures; m++)
	{
		int			column = 1 + sums->keys + m;

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
	for (Size i = 0; i < sums->opened; i++)
	{
		PutGroup(sums, sums->open[i]);
		hash_search(sums->group, sums->open[i], HASH_REMOVE, NULL);
		CHECK_FOR_INTERRUPTS();
	}
	sums->opened = 0;
	MemoryContextReset(sums->of_group);
}

static bool
AddRow(TupleTableSlot *row, DestReceiver *receiver)
{
	SetSums    *sums = (SetSums *) receiver;

	slot_getallattrs(row);
	for (int i = 0; i < sums->keys; i++)
		sums->number[i] = KeyNumber(&sums->column[i], row->tts_values[i],
									row->tts_isnull[i], sums->context);
	if (sums->ordered && sums->first != sums->number[0])
		PutGroups(sums);
	sums->first = sums->number[0];
	for (int s = 0; s < sums->sets; s++)
		sums->sum[s] = FindSums(sums, s);
	for (int m = 0; m < sums->measures; m++)
	{
		Datum		value = row->tts_values[sums->keys + m];
		ExactSum	addend;

		if (row->tts_isnull[sums->keys + m])
			continue;
		ExactSumReadColumn(&addend, value, sums->is_numeric[m], "query");
		for (int s = 0; s < sums->sets; s++)
			PartialSumAdd(&sums->sum[s][m], &addend, "query");
	}
	return true;
}

static void
CheckColumns(const SetSums *sums, TupleDesc given, TupleDesc result)
{
	bool		right = given->natts >= sums->keys &&
	result->natts == given->natts + 1 &&
	TupleDescAttr(result, 0)->atttypid == INT4OID;

	for (int i = 0; right && i < given->natts; i++)
	{
		Oid			type = TupleDescAttr(given, i)->atttypid;

		right = TupleDescAttr(result, i + 1)->atttypid == type &&
			(i < sums->keys || type == INT8OID || type == NUMERICOID);
	}
	if (!right)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the columns of the result must be an integer and those of query, of which all but the first %d are bigint or numeric",
						sums->keys)));
}

/* Keys of a set by number, from 1 on; a 0 stands between two sets. */
static void
ReadSets(SetSums *sums, ArrayType *sets)
{
	Datum	   *key;
	bool	   *nulls;
	int			count;
	int			set = 0;

	deconstruct_array(sets, INT4OID, sizeof(int32), true, TYPALIGN_INT, &key,
					  &nulls, &count);
	sums->sets = 1;
	for (int i = 0; i < count; i++)
	{
		CheckIntegerRange(nulls[i] ? -1 : DatumGetInt32(key[i]), 0, sums->keys,
						  "each of sets");
		sums->sets += DatumGetInt32(key[i]) == 0;
	}
	sums->in_set = palloc0((Size) sums->sets * sums->keys * sizeof(bool));
	for (int i = 0; i < count; i++)
		if (DatumGetInt32(key[i]) == 0)
			set++;
		else
			sums->in_set[set * sums->keys + DatumGetInt32(key[i]) - 1] = true;
	for (set = 0; sums->ordered && set < sums->sets; set++)
		if (!sums->in_set[set * sums->keys])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("each of sets must have key 1, by which query is ordered, as set %d has not",
							set + 1)));
}

static void
InitGroups(SetSums *sums)
{
	HASHCTL		control = {0};

	sums->context = CurrentMemoryContext;
	sums->of_group = AllocSetContextCreate(sums->context, "sums of groups",
										   ALLOCSET_DEFAULT_SIZES);
	sums->work = AllocSetContextCreate(sums->context, "sums of a group",
									   ALLOCSET_DEFAULT_SIZES);
	control.hcxt = sums->context;
	control.keysize = (1 + sums->keys) * sizeof(SetGroup);
	control.entrysize = MAXALIGN(control.keysize) + sizeof(PartialSum *);
	sums->group = hash_create("groups", 1024, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	sums->room = 1024;
	sums->open = palloc(sums->room * sizeof(SetGroup *));
	sums->wanted = palloc(control.keysize);
	sums->number = palloc(sums->keys * sizeof(uint32));
	sums->sum = palloc(sums->sets * sizeof(PartialSum *));
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
	SetSums    *sums = palloc0(sizeof(SetSums));
	SPIPlanPtr	plan;
	TupleDesc	given;

	sums->keys = PG_GETARG_INT32(1);
	CheckIntegerRange(sums->keys, 1, MaxTupleAttributeNumber, "keys");
	sums->ordered = PG_GETARG_BOOL(3);
	ReadSets(sums, PG_GETARG_ARRAYTYPE_P(2));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	sums->result = (ReturnSetInfo *) fcinfo->resultinfo;
	InitGroups(sums);
	SPI_connect();
	plan = QueryPlan(query);
	given = QueryPlanColumns(plan);
	sums->measures = Max(given->natts - sums->keys, 0);
	CheckColumns(sums, given, sums->result->setDesc);
	sums->column = palloc(sums->keys * sizeof(KeyColumn));
	for (int i = 0; i < sums->keys; i++)
		KeyColumnInit(&sums->column[i], TupleDescAttr(given, i)->atttypid,
					  sums->context);
	sums->values = palloc((1 + given->natts) * sizeof(Datum));
	sums->nulls = palloc((1 + given->natts) * sizeof(bool));
	sums->is_numeric = palloc(Max(sums->measures, 1) * sizeof(bool));
	for (int m = 0; m < sums->measures; m++)
		sums->is_numeric[m] =
			TupleDescAttr(given, sums->keys + m)->atttypid == NUMERICOID;
	QueryPlanRun(plan, &sums->receiver, AddRow, true);
	PutGroups(sums);
	SPI_finish();
	return (Datum) 0;
}
