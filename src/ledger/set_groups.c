/*
 * set_groups.c
 *	  The groups of the rows of a query by several sets of its columns.
 *
 * Values of the key columns are numbered as they come, and are the same if
 * they are stored so; a group is its set and the numbers of the columns of
 * that, 0 for the others.  So a value is hashed once, whatever the number of
 * sets, and a group is found by numbers.
 */
#include "crmcost.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "ledger/set_groups.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* the first room for values of a key, and for groups: powers of two */
#define VALUES_FIRST 64
#define GROUPS_FIRST 1024

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
	column->room = VALUES_FIRST;
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

/* Keys of a set by number, from 1 on; a 0 stands between two sets. */
static void
ReadSets(SetGroups *groups, ArrayType *sets)
{
	Datum	   *key;
	bool	   *nulls;
	int			count;
	int			set = 0;

	deconstruct_array(sets, INT4OID, sizeof(int32), true, TYPALIGN_INT, &key,
					  &nulls, &count);
	groups->sets = 1;
	for (int i = 0; i < count; i++)
	{
		CheckIntegerRange(nulls[i] ? -1 : DatumGetInt32(key[i]), 0,
						  groups->keys, "each of sets");
		groups->sets += DatumGetInt32(key[i]) == 0;
	}
	groups->keys_of = palloc0((Size) groups->sets * sizeof(int));
	groups->key_of = palloc0((Size) groups->sets * groups->keys * sizeof(int));
	for (int i = 0; i < count; i++)
	{
		int			wanted = DatumGetInt32(key[i]) - 1;
		int		   *key_of = groups->key_of + (Size) set * groups->keys;
		int			n = 0;

		if (wanted < 0)
		{
			set++;
			continue;
		}
		while (n < groups->keys_of[set] && key_of[n] != wanted)
			n++;
		if (n == groups->keys_of[set])
			key_of[groups->keys_of[set]++] = wanted;
	}
}

/* For groups of which the caller keeps so much, 0 at first. */
void
SetGroupsInit(SetGroups *groups, int keys, ArrayType *sets, Size kept)
{
	CheckIntegerRange(keys, 1, MaxTupleAttributeNumber, "keys");
	groups->keys = keys;
	ReadSets(groups, sets);
	groups->context = CurrentMemoryContext;
	groups->of_group = AllocSetContextCreate(groups->context, "groups",
											 ALLOCSET_DEFAULT_SIZES);
	groups->kept = MAXALIGN(offsetof(SetGroup, number) +
							keys * sizeof(uint32));
	groups->size = groups->kept + kept;
	groups->number = palloc(keys * sizeof(uint32));
	groups->count = 0;
	groups->room = GROUPS_FIRST;
	groups->group = palloc(groups->room * sizeof(SetGroup *));
	groups->slot = palloc0(2 * groups->room * sizeof(uint32));
}

/* Each set must have the first key, by which the rows are ordered. */
void
SetGroupsNeedFirst(const SetGroups *groups)
{
	for (int set = 0; set < groups->sets; set++)
	{
		bool		has = false;

		for (int i = 0; i < groups->keys_of[set]; i++)
			has |= groups->key_of[(Size) set * groups->keys + i] == 0;
		if (!has)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("each of sets must have key 1, by which query is ordered, as set %d has not",
							set + 1)));
	}
}

void
SetGroupsColumns(SetGroups *groups, TupleDesc given)
{
	groups->column = MemoryContextAlloc(groups->context,
										groups->keys * sizeof(KeyColumn));
	for (int i = 0; i < groups->keys; i++)
		KeyColumnInit(&groups->column[i], TupleDescAttr(given, i)->atttypid,
					  groups->context);
}

/* Whether a result begins with the number of a set and the keys. */
bool
SetGroupsResultFits(const SetGroups *groups, TupleDesc given, TupleDesc result)
{
	if (given->natts < groups->keys || result->natts <= groups->keys ||
		TupleDescAttr(result, 0)->atttypid != INT4OID)
		return false;
	for (int i = 0; i < groups->keys; i++)
		if (TupleDescAttr(result, i + 1)->atttypid !=
			TupleDescAttr(given, i)->atttypid)
			return false;
	return true;
}

/* Takes a row, of which the first columns are keys; whether key 1 changed. */
bool
SetGroupsRow(SetGroups *groups, const Datum *values, const bool *nulls)
{
	uint32		before = groups->column[0].last;

	for (int i = 0; i < groups->keys; i++)
		groups->number[i] = KeyNumber(&groups->column[i], values[i], nulls[i],
									  groups->context);
	return groups->number[0] != before;
}

static uint32
GroupPlace(const SetGroups *groups, int set, const uint32 *number)
{
	const int  *key_of = groups->key_of + (Size) set * groups->keys;
	uint64		hash = set;

	for (int i = 0; i < groups->keys_of[set]; i++)
		hash = (hash ^ number[key_of[i]]) * UINT64CONST(0x9E3779B97F4A7C15);
	return (hash >> 32) & (2 * groups->room - 1);
}

static bool
IsGroup(const SetGroups *groups, const SetGroup *group, int set)
{
	const int  *key_of = groups->key_of + (Size) set * groups->keys;

	if (group->set != set)
		return false;
	for (int i = 0; i < groups->keys_of[set]; i++)
		if (group->number[key_of[i]] != groups->number[key_of[i]])
			return false;
	return true;
}

static void
PlaceGroup(SetGroups *groups, uint32 number)
{
	SetGroup   *group = groups->group[number];
	uint32		place = GroupPlace(groups, group->set, group->number);

	while (groups->slot[place] != 0)
		place = (place + 1) & (2 * groups->room - 1);
	groups->slot[place] = number + 1;
	group->place = place;
}

static void
SetGroupsGrow(SetGroups *groups)
{
	if (groups->room > PG_UINT32_MAX / 4)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("query must have at most %zu groups", groups->room)));
	groups->room *= 2;
	groups->group = repalloc_huge(groups->group,
								  groups->room * sizeof(SetGroup *));
	pfree(groups->slot);
	groups->slot =
		MemoryContextAllocExtended(groups->context,
								   2 * groups->room * sizeof(uint32),
								   MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (Size i = 0; i < groups->count; i++)
		PlaceGroup(groups, i);
}

/* What is kept of the group of the row in a set. */
void *
SetGroupsFind(SetGroups *groups, int set)
{
	const int  *key_of = groups->key_of + (Size) set * groups->keys;
	uint32		place = GroupPlace(groups, set, groups->number);
	SetGroup   *group;

	for (; groups->slot[place] != 0;
		 place = (place + 1) & (2 * groups->room - 1))
	{
		group = groups->group[groups->slot[place] - 1];
		if (IsGroup(groups, group, set))
			return SetGroupKept(groups, group);
	}
	if (groups->count == groups->room)
		SetGroupsGrow(groups);
	group = MemoryContextAllocZero(groups->of_group, groups->size);
	group->set = set;
	for (int i = 0; i < groups->keys_of[set]; i++)
		group->number[key_of[i]] = groups->number[key_of[i]];
	groups->group[groups->count] = group;
	PlaceGroup(groups, groups->count++);
	return SetGroupKept(groups, group);
}

/* The number of the set of a group and its keys, as columns of a row. */
void
SetGroupsKeys(const SetGroups *groups, const SetGroup *group, Datum *values,
			  bool *nulls)
{
	values[0] = Int32GetDatum(group->set + 1);
	nulls[0] = false;
	for (int i = 0; i < groups->keys; i++)
	{
		uint32		number = group->number[i];

		nulls[1 + i] = number == 0 || groups->column[i].null[number];
		values[1 + i] = nulls[1 + i] ? (Datum) 0 :
			groups->column[i].value[number];
	}
}

/* Takes all groups away; the numbers of values stay. */
void
SetGroupsClear(SetGroups *groups)
{
	for (Size i = 0; i < groups->count; i++)
		groups->slot[groups->group[i]->place] = 0;
	groups->count = 0;
	MemoryContextReset(groups->of_group);
}
