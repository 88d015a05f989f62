/*
 * set_groups.h
 *	  The groups of the rows of a query by several sets of its columns.
 */
#ifndef SET_GROUPS_H
#define SET_GROUPS_H

#include "utils/array.h"

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
 * A group: its set, its place in the table of groups, and the number of each
 * key.  What the caller keeps of it stands behind these, aligned.
 */
typedef struct SetGroup
{
	int			set;			/* from 0 on */
	uint32		place;
	uint32		number[FLEXIBLE_ARRAY_MEMBER];
} SetGroup;

typedef struct SetGroups
{
	MemoryContext context;
	int			keys;
	int			sets;
	int		   *keys_of;		/* how many keys each set has */
	int		   *key_of;			/* which, keys places a set */
	KeyColumn  *column;
	uint32	   *number;			/* of the keys of the row */
	SetGroup  **group;			/* as they came */
	Size		count;
	Size		room;
	uint32	   *slot;			/* open addressing, of 2 * room slots */
	Size		kept;			/* where what the caller keeps begins */
	Size		size;			/* of a group with that */
	MemoryContext of_group;		/* has the groups */
} SetGroups;

extern void SetGroupsInit(SetGroups *groups, int keys, ArrayType *sets,
						  Size kept);
extern void SetGroupsNeedFirst(const SetGroups *groups);
extern void SetGroupsColumns(SetGroups *groups, TupleDesc given);
extern bool SetGroupsResultFits(const SetGroups *groups, TupleDesc given,
								TupleDesc result);
extern bool SetGroupsRow(SetGroups *groups, const Datum *values,
						 const bool *nulls);
extern void *SetGroupsFind(SetGroups *groups, int set);
extern void SetGroupsKeys(const SetGroups *groups, const SetGroup *group,
						  Datum *values, bool *nulls);
extern void SetGroupsClear(SetGroups *groups);

/* What the caller keeps of a group. */
static inline void *
SetGroupKept(const SetGroups *groups, SetGroup *group)
{
	return (char *) group + groups->kept;
}

#endif							/* SET_GROUPS_H */
