/*
 * append.c
 *	  Rows of a query into a table, many at a time.
 *
 * SQL, in file order: _append_rows.
 *
 * A full refresh writes millions of rows into tables that had none.  As COPY
 * does, pages are filled by many rows at once.  The indexes of a table that
 * had no page are built when it has all of its rows, unless these are few:
 * that takes a quarter of the time that entries take one by one.  It keeps
 * readers waiting, who have nothing to read there before.
 *
 * Foreign keys are checked by PostgreSQL's own trigger function, but of rows
 * one after the other with the same key for the first one alone: rows come in
 * the order of customers, who have many.  No other trigger is fired: the
 * caller sees to it that none has anything to do.
 */
#include "crmcost.h"

#include "access/heapam.h"
#include "access/tableam.h"
#include "catalog/catalog.h"
#include "catalog/index.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/nodeModifyTable.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "state/query_reader.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

SQL_FUNCTION(append__append_rows);

/* as many as COPY takes, and four times their bytes */
#define BATCH_ROWS 1000
#define BATCH_BYTES (256 * 1024)

/* up to which a new file for each index would cost more than it saves */
#define FEW_ROWS 10000

/* a foreign key of the table */
typedef struct Reference
{
	Trigger    *trigger;		/* which checks it */
	FmgrInfo	function;
	int			keys;
	const AttrNumber *key;
} Reference;

/* where the rows of a query go: a receiver, as the executor knows it */
typedef struct Appender
{
	DestReceiver receiver;		/* must be first */
	MemoryContext context;
	Relation	table;
	EState	   *estate;
	ResultRelInfo *target;
	int		   *source;			/* of each column that of the query, or -1 */
	ExprState **preset;			/* of each column its default, or NULL */
	TupleTableSlot *slot[BATCH_ROWS];
	TupleTableSlot *stored;		/* a row that a foreign key is checked of */
	int			rows;
	Size		bytes;
	Reference  *reference;
	int			references;
	bool		may_build;		/* the indexes, after the last row */
	bool		builds;
	int64		appended;
} Appender;

static void
RefuseTable(Relation table, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("table must be a plain one of the caller's, not \"%s\", which is %s",
					RelationGetRelationName(table), what)));
}

/* A trigger that would be fired by an INSERT in this session. */
static bool
IsFired(const Trigger *trigger)
{
	char		not_fired = TRIGGER_FIRES_ON_REPLICA;

	if (SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA)
		not_fired = TRIGGER_FIRES_ON_ORIGIN;

	return TRIGGER_FOR_INSERT(trigger->tgtype) &&
		trigger->tgenabled != TRIGGER_DISABLED &&
		trigger->tgenabled != not_fired;
}

static void
FindReferences(Appender *appender)
{
	TriggerDesc *triggers = appender->table->trigdesc;
	List	   *keys = copyObject(RelationGetFKeyList(appender->table));

	if (triggers == NULL)
		return;
	appender->reference = palloc0(triggers->numtriggers * sizeof(Reference));
	for (int i = 0; i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];
		Reference  *reference = &appender->reference[appender->references];

		if (!IsFired(trigger) ||
			RI_FKey_trigger_type(trigger->tgfoid) != RI_TRIGGER_FK)
			continue;
		reference->trigger = trigger;
		fmgr_info(trigger->tgfoid, &reference->function);
		for (int k = 0; k < list_length(keys); k++)
		{
			ForeignKeyCacheInfo *key = list_nth(keys, k);

			if (key->conoid != trigger->tgconstraint)
				continue;
			reference->keys = key->nkeys;
			reference->key = key->conkey;
		}
		appender->references++;
	}
}

/* The trigger function is called as it is after a statement. */
static void
CheckReference(Appender *appender, Reference *reference, ItemPointer tid)
{
	LOCAL_FCINFO(call, 0);
	TriggerData data = {
		.type = T_TriggerData,
		.tg_event = TRIGGER_EVENT_INSERT | TRIGGER_EVENT_ROW,
		.tg_relation = appender->table,
		.tg_trigslot = appender->stored,
		.tg_trigger = reference->trigger
	};
	MemoryContext caller =
	MemoryContextSwitchTo(GetPerTupleMemoryContext(appender->estate));

	if (!table_tuple_fetch_row_version(appender->table, tid, SnapshotAny,
									   appender->stored))
		elog(ERROR, "a row that was appended is not there");
	data.tg_trigtuple = ExecFetchSlotHeapTuple(appender->stored, false, NULL);
	InitFunctionCallInfoData(*call, &reference->function, 0, InvalidOid,
							 (Node *) &data, NULL);
	FunctionCallInvoke(call);
	ExecClearTuple(appender->stored);
	MemoryContextSwitchTo(caller);
}

/* Whether two rows have the same foreign key. */
static bool
SameKey(const Appender *appender, const Reference *reference,
		TupleTableSlot *one, TupleTableSlot *other)
{
	for (int i = 0; i < reference->keys; i++)
	{
		AttrNumber	column = reference->key[i];
		Form_pg_attribute attribute =
		TupleDescAttr(RelationGetDescr(appender->table), column - 1);
		bool		null;
		bool		other_null;
		Datum		value = slot_getattr(one, column, &null);
		Datum		other_value = slot_getattr(other, column, &other_null);

		if (null != other_null ||
			(!null && !datumIsEqual(value, other_value, attribute->attbyval,
									attribute->attlen)))
			return false;
	}
	return reference->keys > 0;
}

/* Without waiting for who reads it: then entries are made one by one. */
static bool
LockIndexes(const Appender *appender)
{
	const ResultRelInfo *target = appender->target;

	if (!ConditionalLockRelation(appender->table, ShareLock))
		return false;
	for (int i = 0; i < target->ri_NumIndices; i++)
		if (!ConditionalLockRelation(target->ri_IndexRelationDescs[i],
									 AccessExclusiveLock))
		{
			/* what is not built keeps nobody waiting */
			while (--i >= 0)
				UnlockRelation(target->ri_IndexRelationDescs[i],
							   AccessExclusiveLock);
			UnlockRelation(appender->table, ShareLock);
			return false;
		}
	return true;
}

/* Writes the rows that wait. */
static void
WriteBatch(Appender *appender)
{
	int			rows = appender->rows;

	if (rows == 0)
		return;
	table_multi_insert(appender->table, appender->slot, rows,
					   GetCurrentCommandId(true), 0, NULL);
	ResetPerTupleExprContext(appender->estate);
	if (appender->may_build && appender->appended >= FEW_ROWS)
	{
		appender->builds = LockIndexes(appender);
		appender->may_build = false;
	}
	if (appender->target->ri_NumIndices > 0 && !appender->builds)
		for (int i = 0; i < rows; i++)
		{
			if (InsertIndexTuples(appender->target, appender->slot[i],
								  appender->estate) != NIL)
				RefuseTable(appender->table, "one with deferred keys");
			ResetPerTupleExprContext(appender->estate);
		}
	for (int r = 0; r < appender->references; r++)
		for (int i = 0; i < rows; i++)
		{
			Reference  *reference = &appender->reference[r];

			if (i > 0 && SameKey(appender, reference, appender->slot[i - 1],
								 appender->slot[i]))
				continue;
			CheckReference(appender, reference, &appender->slot[i]->tts_tid);
			ResetPerTupleExprContext(appender->estate);
		}
	for (int i = 0; i < rows; i++)
		ExecClearTuple(appender->slot[i]);
	appender->appended += rows;
	appender->rows = 0;
	appender->bytes = 0;
	CHECK_FOR_INTERRUPTS();
}

static TupleTableSlot *
NextSlot(Appender *appender)
{
	TupleTableSlot **slot = &appender->slot[appender->rows];
	MemoryContext caller = MemoryContextSwitchTo(appender->context);

	if (*slot == NULL)
		*slot = table_slot_create(appender->table, NULL);
	MemoryContextSwitchTo(caller);
	return *slot;
}

/* A row of the query; its memory is the executor's, so the row is copied. */
static bool
AppendRow(TupleTableSlot *row, DestReceiver *receiver)
{
	Appender   *appender = (Appender *) receiver;
	EState	   *estate = appender->estate;
	TupleTableSlot *slot = NextSlot(appender);
	TupleDesc	columns = RelationGetDescr(appender->table);
	HeapTuple	tuple;

	slot_getallattrs(row);
	for (int i = 0; i < columns->natts; i++)
	{
		int			from = appender->source[i];

		slot->tts_values[i] = (Datum) 0;
		slot->tts_isnull[i] = true;
		if (from >= 0)
		{
			slot->tts_values[i] = row->tts_values[from];
			slot->tts_isnull[i] = row->tts_isnull[from];
		}
		else if (appender->preset[i] != NULL)
			slot->tts_values[i] =
				ExecEvalExprSwitchContext(appender->preset[i],
										  GetPerTupleExprContext(estate),
										  &slot->tts_isnull[i]);
	}
	ExecStoreVirtualTuple(slot);
	slot->tts_tableOid = RelationGetRelid(appender->table);
	if (columns->constr != NULL && columns->constr->has_generated_stored)
		ExecComputeStoredGenerated(appender->target, estate, slot, CMD_INSERT);
	if (columns->constr != NULL)
		ExecConstraints(appender->target, slot, estate);
	ExecMaterializeSlot(slot);
	tuple = ExecFetchSlotHeapTuple(slot, true, NULL);
	appender->bytes += tuple->t_len;
	appender->rows++;
	ResetPerTupleExprContext(estate);
	if (appender->rows == BATCH_ROWS || appender->bytes >= BATCH_BYTES)
		WriteBatch(appender);
	return true;
}

/*
 * Only who could drop the triggers, rules and policies of a table may go past
 * them.
 */
static void
CheckTable(Relation table)
{
	if (!OwnsRelation(RelationGetRelid(table), GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE,
					   RelationGetRelationName(table));
	if (table->rd_rel->relkind != RELKIND_RELATION ||
		table->rd_rel->relispartition)
		RefuseTable(table, "another kind of relation");
	if (IsSystemRelation(table))
		RefuseTable(table, "the system's");
	if (table->rd_rules != NULL || table->rd_rel->relrowsecurity)
		RefuseTable(table, "one with rules or policies");
	PreventCommandIfReadOnly("_append_rows");
	PreventCommandIfParallelMode("_append_rows");
}

/* Which column of the query is for which of the table; else its default. */
static void
MapColumns(Appender *appender, ArrayType *names, TupleDesc given)
{
	Relation	table = appender->table;
	TupleDesc	columns = RelationGetDescr(table);
	Datum	   *name;
	bool	   *nulls;
	int			n;

	deconstruct_array(names, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &name,
					  &nulls, &n);
	appender->source = palloc(columns->natts * sizeof(int));
	appender->preset = palloc0(columns->natts * sizeof(ExprState *));
	for (int i = 0; i < columns->natts; i++)
		appender->source[i] = -1;
	for (int i = 0; i < n; i++)
	{
		const char *wanted = nulls[i] ? "" : NameStr(*DatumGetName(name[i]));
		AttrNumber	number = get_attnum(RelationGetRelid(table), wanted);
		Form_pg_attribute attribute = NULL;
		Form_pg_attribute own = NULL;

		if (number > 0)
			attribute = TupleDescAttr(columns, number - 1);
		if (i < given->natts)
			own = TupleDescAttr(given, i);
		if (attribute == NULL || attribute->attgenerated != '\0' ||
			own == NULL || own->atttypid != attribute->atttypid ||
			(attribute->atttypmod >= 0 &&
			 own->atttypmod != attribute->atttypmod))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("names must be columns of \"%s\" with the types of those of query, not %s",
							RelationGetRelationName(table),
							wanted)));
		appender->source[number - 1] = i;
	}
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(columns, i);
		Node	   *preset;

		if (appender->source[i] >= 0 || attribute->attisdropped ||
			attribute->attgenerated != '\0')
			continue;
		preset = build_column_default(table, i + 1);
		if (preset != NULL)
			appender->preset[i] =
				ExecInitExpr(expression_planner((Expr *) preset), NULL);
	}
}

/*
 * Whether the indexes of a table can wait for its rows: it never had any, its
 * foreign keys do not look for them there, and nobody else writes to it, whom
 * a trigger would tell of.
 */
static bool
MayBuildIndexes(Relation table)
{
	TriggerDesc *triggers = table->trigdesc;
	ListCell   *cell;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (RI_FKey_trigger_type(triggers->triggers[i].tgfoid) ==
			RI_TRIGGER_NONE)
			return false;
	foreach(cell, RelationGetFKeyList(table))
	{
		ForeignKeyCacheInfo *key = lfirst(cell);

		if (key->confrelid == RelationGetRelid(table))
			return false;
	}
	return RelationGetNumberOfBlocks(table) == 0;
}

static void
BuildIndexes(Relation table)
{
	ReindexParams params = {0};
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *cell;

	CommandCounterIncrement();
	foreach(cell, indexes)
		ReindexOne(lfirst_oid(cell), table->rd_rel->relpersistence, &params);
	list_free(indexes);
}

static void
AppenderBegin(Appender *appender, Oid table)
{
	memset(appender, 0, sizeof(*appender));
	appender->context = CurrentMemoryContext;
	appender->table = table_open(table, RowExclusiveLock);
	CheckTable(appender->table);
	appender->estate = CreateExecutorState();
	appender->target = makeNode(ResultRelInfo);
	InitResultRelInfo(appender->target, appender->table, 0, NULL, 0);
	ExecOpenIndices(appender->target, false);
	appender->stored = table_slot_create(appender->table, NULL);
	FindReferences(appender);
	appender->may_build = MayBuildIndexes(appender->table);
}

static void
AppenderEnd(Appender *appender)
{
	for (int i = 0; i < BATCH_ROWS && appender->slot[i] != NULL; i++)
		ExecDropSingleTupleTableSlot(appender->slot[i]);
	ExecDropSingleTupleTableSlot(appender->stored);
	ExecCloseIndices(appender->target);
	FreeExecutorState(appender->estate);
	if (appender->builds)
		BuildIndexes(appender->table);
	table_close(appender->table, NoLock);
}

/*
 * _append_rows(target regclass, names name[], query text): inserts the rows of
 * the query, whose columns are named; returns how many.  The others get their
 * defaults.
 */
Datum
append__append_rows(PG_FUNCTION_ARGS)
{
	ArrayType  *names = PG_GETARG_ARRAYTYPE_P(1);
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(2));
	Appender   *appender = palloc(sizeof(Appender));
	SPIPlanPtr	plan;

	AppenderBegin(appender, PG_GETARG_OID(0));
	SPI_connect();
	plan = QueryPlan(query);
	MapColumns(appender, names, QueryPlanColumns(plan));
	QueryPlanRun(plan, &appender->receiver, AppendRow, false);
	WriteBatch(appender);
	SPI_finish();
	AppenderEnd(appender);
	PG_RETURN_INT64(appender->appended);
}
