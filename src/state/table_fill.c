/*
 * table_fill.c
 *	  Rows into a work table, many at a time.
 *
 * What a step makes of its rows in one pass goes to several work tables,
 * without being put together in a result first.  These are temporary, or on
 * the workers of a cluster unlogged.
 */
#include "crmcost.h"

#include "access/tableam.h"
#include "state/table_fill.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

static void
CheckTable(Relation table, int columns, const Oid *types)
{
	TupleDesc	given = RelationGetDescr(table);
	AclResult	allowed = pg_class_aclcheck(RelationGetRelid(table),
											GetUserId(), ACL_INSERT);
	bool		right = table->rd_rel->relkind == RELKIND_RELATION &&
	table->rd_rel->relpersistence != RELPERSISTENCE_PERMANENT &&
	!RELATION_IS_OTHER_TEMP(table) && !table->rd_rel->relispartition &&
	!table->rd_rel->relhasindex &&
	table->trigdesc == NULL && table->rd_rules == NULL &&
	!table->rd_rel->relrowsecurity && given->constr == NULL &&
	given->natts == columns;

	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_TABLE, RelationGetRelationName(table));
	for (int i = 0; right && i < columns; i++)
		right = TupleDescAttr(given, i)->atttypid == types[i] &&
			TupleDescAttr(given, i)->atttypmod < 0;
	if (!right)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" must be a plain temporary or unlogged table of the columns that are written to it",
						RelationGetRelationName(table))));
}

void
TableFillBegin(TableFill *fill, Oid table, int columns, const Oid *types)
{
	memset(fill, 0, sizeof(*fill));
	fill->table = table_open(table, RowExclusiveLock);
	CheckTable(fill->table, columns, types);
	fill->state = GetBulkInsertState();
	for (int i = 0; i < TABLE_FILL_ROWS; i++)
		fill->slot[i] = table_slot_create(fill->table, NULL);
}

/* Pages that a large row left room in are passed over: rows stay in order. */
static void
WriteRows(TableFill *fill)
{
	if (fill->rows == 0)
		return;
	table_multi_insert(fill->table, fill->slot, fill->rows,
					   GetCurrentCommandId(true), TABLE_INSERT_SKIP_FSM,
					   fill->state);
	for (int i = 0; i < fill->rows; i++)
		ExecClearTuple(fill->slot[i]);
	fill->rows = 0;
	CHECK_FOR_INTERRUPTS();
}

/* The values are copied. */
void
TableFillPut(TableFill *fill, const Datum *values, const bool *nulls)
{
	TupleTableSlot *slot = fill->slot[fill->rows++];
	int			columns = RelationGetDescr(fill->table)->natts;

	memcpy(slot->tts_values, values, columns * sizeof(Datum));
	memcpy(slot->tts_isnull, nulls, columns * sizeof(bool));
	ExecStoreVirtualTuple(slot);
	ExecMaterializeSlot(slot);
	if (fill->rows == TABLE_FILL_ROWS)
		WriteRows(fill);
}

void
TableFillEnd(TableFill *fill)
{
	WriteRows(fill);
	for (int i = 0; i < TABLE_FILL_ROWS; i++)
		ExecDropSingleTupleTableSlot(fill->slot[i]);
	FreeBulkInsertState(fill->state);
	table_close(fill->table, NoLock);
}
