/*
 * ledger.c
 *	  Whose a ledger is, whose code is in it, and work done as its owner.
 *
 * SQL, in file order: _ledger_path, _check_triggers, _run_as_owner and
 * _ask_as_owner.
 *
 * The SQL of a ledger's routines names tables without a schema, so the schema
 * of the ledger is in the search path while it is parsed, and a function or
 * operator there may match a call of ours better than the one that is meant.
 * So nobody else may create in it, and it holds no function or operator.
 *
 * The code of an owner has the owner's rights and no others: a superuser who
 * maintains somebody's ledger works as its owner, with the means that are
 * there for VACUUM, REINDEX and materialized views.
 *
 * All is read from the caches and with the catalogs' own snapshot.  A query
 * would use that of the transaction, which may be older than what was planted.
 */
#include "crmcost.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/syscache.h"

SQL_FUNCTION(ledger__ledger_path);
SQL_FUNCTION(ledger__check_triggers);
SQL_FUNCTION(ledger__run_as_owner);
SQL_FUNCTION(ledger__ask_as_owner);

typedef struct Ledger
{
	char	   *name;
	Oid			schema;
	Oid			owner;			/* of table setting */
} Ledger;

/* what is done with each object that depends on another */
typedef void (*VisitObject) (const Ledger *ledger,
							 const ObjectAddress *object);

/*
 * Whether what a role has made may run with the rights of the ledger's owner:
 * a superuser, the owner, or a role that may act as the owner anyway.
 */
static bool
IsTrusted(const Ledger *ledger, Oid role)
{
	return role != ACL_ID_PUBLIC && is_member_of_role(role, ledger->owner);
}

static char *
RoleName(Oid role)
{
	return role == ACL_ID_PUBLIC ? "PUBLIC" : GetUserNameFromId(role, false);
}

/* The owner of an object, InvalidOid of what has none. */
static Oid
OwnerOf(Oid class, Oid object)
{
	AttrNumber	column = get_object_attnum_owner(class);
	int			cache = get_object_catcache_oid(class);
	HeapTuple	tuple;
	bool		isnull;
	Oid			owner;

	if (column == InvalidAttrNumber || cache < 0)
		return InvalidOid;
	tuple = SearchSysCache1(cache, ObjectIdGetDatum(object));
	if (!HeapTupleIsValid(tuple))	/* dropped by somebody else meanwhile */
		return InvalidOid;
	owner = DatumGetObjectId(SysCacheGetAttr(cache, tuple, column, &isnull));
	ReleaseSysCache(tuple);
	return owner;
}

/* The first untrusted role with a privilege, InvalidOid if there is none. */
static bool
FindUntrustedGrantee(const Ledger *ledger, int cache, Oid object,
					 AttrNumber column, AclMode privilege, Oid *grantee)
{
	HeapTuple	tuple = SearchSysCache1(cache, ObjectIdGetDatum(object));
	bool		found = false;
	bool		isnull;
	Datum		datum;

	if (!HeapTupleIsValid(tuple))
		return false;
	datum = SysCacheGetAttr(cache, tuple, column, &isnull);
	if (!isnull)				/* else nobody has it but the owner */
	{
		Acl		   *acl = DatumGetAclPCopy(datum);

		for (int i = 0; i < ACL_NUM(acl) && !found; i++)
		{
			AclItem    *item = &ACL_DAT(acl)[i];

			found = (ACLITEM_GET_PRIVS(*item) & privilege) != 0 &&
				!IsTrusted(ledger, item->ai_grantee);
			*grantee = item->ai_grantee;
		}
		pfree(acl);
	}
	ReleaseSysCache(tuple);
	return found;
}

/*
 * Visits what depends on an object, or what the object depends on.
 */
static void
VisitDependencies(const Ledger *ledger, Oid class, Oid object, bool forward,
				  VisitObject visit)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key[0],
				forward ? Anum_pg_depend_classid : Anum_pg_depend_refclassid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(class));
	ScanKeyInit(&key[1],
				forward ? Anum_pg_depend_objid : Anum_pg_depend_refobjid,
				BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(object));
	scan = systable_beginscan(depend, forward ? DependDependerIndexId :
							  DependReferenceIndexId, true, NULL, 2, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);
		ObjectAddress other;

		if (forward)
			ObjectAddressSet(other, row->refclassid, row->refobjid);
		else
			ObjectAddressSet(other, row->classid, row->objid);
		visit(ledger, &other);
		CHECK_FOR_INTERRUPTS();
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
}

/*
 * Whether a function is one that a call of ours cannot mean: of triggers, or
 * built in, as the constructors of a range type are.
 */
static bool
IsHarmlessFunction(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	bool		harmless;

	if (!HeapTupleIsValid(tuple))
		return true;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	harmless = form->prorettype == TRIGGEROID ||
		(form->prolang == INTERNALlanguageId &&
		 form->prokind == PROKIND_FUNCTION);	/* aggregates are "internal" */
	ReleaseSysCache(tuple);
	return harmless;
}

/* An object in the schema of a ledger. */
static void
CheckSchemaObject(const Ledger *ledger, const ObjectAddress *object)
{
	Oid			owner;

	if (object->classId == OperatorRelationId ||
		(object->classId == ProcedureRelationId &&
		 !IsHarmlessFunction(object->objectId)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("schema of ledger \"%s\" must hold no function or operator, not %s",
						ledger->name, getObjectDescription(object, false)),
				 errdetail("It may match a call in the ledger's own statements."),
				 errhint("ALTER ... SET SCHEMA moves it to another schema.")));
	if (object->classId != RelationRelationId &&
		object->classId != TypeRelationId &&
		object->classId != ProcedureRelationId)
		return;
	owner = OwnerOf(object->classId, object->objectId);
	if (OidIsValid(owner) && !IsTrusted(ledger, owner))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("what is in the schema of ledger \"%s\" must belong to its owner \"%s\", not %s to \"%s\"",
						ledger->name, RoleName(ledger->owner),
						getObjectDescription(object, false), RoleName(owner)),
				 errhint("ALTER ... SET SCHEMA moves it to another schema, ALTER ... OWNER TO \"%s\" takes it over.",
						 RoleName(ledger->owner))));
}

/*
 * The schema that was found sound last, for a refresh asks some hundred times.
 * It is forgotten with the statement of the client, when a routine begins its
 * work, and when a function, operator, schema, role or membership has changed.
 */
typedef struct SoundSchema
{
	Oid			schema;
	Oid			owner;
	TimestampTz statement;
} SoundSchema;

static SoundSchema sound;

static void
ForgetSoundSchema(Datum arg, int cache, uint32 hash)
{
	sound.schema = InvalidOid;
}

/* With the first use of a backend begins what it has to be told. */
static void
ListenForChanges(void)
{
	static const int caches[] = {
		AUTHMEMMEMROLE, AUTHOID, NAMESPACEOID, OPEROID, PROCOID
	};
	static bool listening = false;

	if (listening)
		return;
	for (int i = 0; i < (int) lengthof(caches); i++)
		CacheRegisterSyscacheCallback(caches[i], ForgetSoundSchema, (Datum) 0);
	listening = true;
}

/* What the owner of a ledger answers for, and nobody else has a hand in. */
static void
CheckSchema(const Ledger *ledger)
{
	Oid			grantee;

	AcceptInvalidationMessages();
	if (sound.schema == ledger->schema && sound.owner == ledger->owner &&
		sound.statement == GetCurrentStatementStartTimestamp())
		return;
	ListenForChanges();
	grantee = OwnerOf(NamespaceRelationId, ledger->schema);
	if (!IsTrusted(ledger, grantee) ||
		FindUntrustedGrantee(ledger, NAMESPACEOID, ledger->schema,
							 Anum_pg_namespace_nspacl, ACL_CREATE, &grantee))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("only the owner \"%s\" of ledger \"%s\" must be able to create in its schema, not \"%s\"",
						RoleName(ledger->owner), ledger->name,
						RoleName(grantee)),
				 errhint("REVOKE CREATE ON SCHEMA %s, and give such roles a schema of their own.",
						 quote_identifier(ledger->name))));
	VisitDependencies(ledger, NamespaceRelationId, ledger->schema, false,
					  CheckSchemaObject);
	sound.schema = ledger->schema;
	sound.owner = ledger->owner;
	sound.statement = GetCurrentStatementStartTimestamp();
}

/* The ledger of that name; setting and refresh_run make it one. */
static Ledger
FindLedger(FunctionCallInfo fcinfo)
{
	Ledger		ledger;
	Oid			setting = InvalidOid;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("ledger must not be null")));
	ledger.name = pstrdup(NameStr(*PG_GETARG_NAME(0)));
	ledger.schema = LookupExplicitNamespace(ledger.name, true);
	if (OidIsValid(ledger.schema) &&
		OidIsValid(get_relname_relid("refresh_run", ledger.schema)))
		setting = get_relname_relid("setting", ledger.schema);
	ledger.owner = OwnerOf(RelationRelationId, setting);
	if (!OidIsValid(ledger.owner))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_SCHEMA_NAME),
				 errmsg("ledger must name a schema made by crmcost.install, not \"%s\"",
						ledger.name),
				 errhint("CALL crmcost.install(%s) makes one.",
						 quote_literal_cstr(ledger.name))));
	CheckSchema(&ledger);
	return ledger;
}

/*
 * The copies in which a distributed ledger is computed (crmcost._gather), in a
 * schema that is checked as the ledger's own is.  Empty unless setting
 * crmcost.gather asks for them.
 */
static char *
GatherPath(const Ledger *ledger)
{
	const char *wanted = GetConfigOption("crmcost.gather", true, false);
	Ledger		gather = *ledger;

	if (wanted == NULL || strcmp(wanted, "on") != 0)
		return "";
	gather.name = psprintf("%s_gather", ledger->name);
	gather.schema = LookupExplicitNamespace(gather.name, true);
	if (!OidIsValid(gather.schema))
		return "";
	CheckSchema(&gather);
	return psprintf("%s, ", quote_identifier(gather.name));
}

/* _ledger_path(ledger name): search path for work in a ledger. */
Datum
ledger__ledger_path(PG_FUNCTION_ARGS)
{
	Ledger		ledger = FindLedger(fcinfo);

	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s%s, pg_temp",
											  GatherPath(&ledger),
											  quote_identifier(ledger.name))));
}

/* A function, operator or type that a trigger calls. */
static void
CheckTriggerCode(const Ledger *ledger, const ObjectAddress *object)
{
	Oid			owner;

	if (object->classId == OperatorRelationId)
	{
		ObjectAddress function;

		ObjectAddressSet(function, ProcedureRelationId,
						 get_opcode(object->objectId));
		CheckTriggerCode(ledger, &function);
	}
	else if (object->classId != ProcedureRelationId &&
			 object->classId != TypeRelationId)
		return;
	owner = OwnerOf(object->classId, object->objectId);
	if (OidIsValid(owner) && !IsTrusted(ledger, owner))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("triggers of ledger \"%s\" must run code of its owner \"%s\", not %s of \"%s\"",
						ledger->name, RoleName(ledger->owner),
						getObjectDescription(object, false), RoleName(owner)),
				 errhint("DROP TRIGGER, or ALTER ... OWNER TO \"%s\" after reading what it does.",
						 RoleName(ledger->owner))));
}

/* Whether a relation has or had triggers; false of one that is gone. */
static bool
MayHaveTriggers(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	bool		may;

	if (!HeapTupleIsValid(tuple))
		return false;
	may = ((Form_pg_class) GETSTRUCT(tuple))->relhastriggers;
	ReleaseSysCache(tuple);
	return may;
}

/*
 * The triggers of a table or view.  Where somebody else may make one, nobody
 * makes one until the transaction ends.
 */
static void
CheckTriggersOf(const Ledger *ledger, Oid table)
{
	LOCKMODE	lock = AccessShareLock;
	TriggerDesc *triggers;
	Relation	relation;
	Oid			grantee;

	if (FindUntrustedGrantee(ledger, RELOID, table, Anum_pg_class_relacl,
							 ACL_TRIGGER, &grantee))
		lock = RowExclusiveLock;
	LockRelationOid(table, lock);
	/* most have none, and are not opened */
	if (!MayHaveTriggers(table))
	{
		if (lock == AccessShareLock)
			UnlockRelationOid(table, lock);
		return;
	}
	relation = try_relation_open(table, NoLock);
	if (relation == NULL)
		return;
	triggers = CopyTriggerDesc(relation->trigdesc);
	relation_close(relation, lock == AccessShareLock ? lock : NoLock);
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (!triggers->triggers[i].tgisinternal)
			VisitDependencies(ledger, TriggerRelationId,
							  triggers->triggers[i].tgoid, true,
							  CheckTriggerCode);
	FreeTriggerDesc(triggers);
}

/* The same for what is in the schema, with partitions wherever they are. */
static void
CheckTriggersOfObject(const Ledger *ledger, const ObjectAddress *object)
{
	List	   *tables = NIL;
	char		kind;

	if (object->classId != RelationRelationId)
		return;
	kind = get_rel_relkind(object->objectId);
	if (kind == RELKIND_PARTITIONED_TABLE)
		tables = find_all_inheritors(object->objectId, NoLock, NULL);
	else if (kind == RELKIND_RELATION || kind == RELKIND_VIEW ||
			 kind == RELKIND_FOREIGN_TABLE)
		tables = list_make1_oid(object->objectId);
	for (int i = 0; i < list_length(tables); i++)
		CheckTriggersOf(ledger, list_nth_oid(tables, i));
	list_free(tables);
}

static void
CheckTriggers(const Ledger *ledger)
{
	VisitDependencies(ledger, NamespaceRelationId, ledger->schema, false,
					  CheckTriggersOfObject);
}

/*
 * _check_triggers(ledger name): for who writes in a ledger without working as
 * its owner.
 */
Datum
ledger__check_triggers(PG_FUNCTION_ARGS)
{
	Ledger		ledger = FindLedger(fcinfo);

	CheckTriggers(&ledger);
	PG_RETURN_VOID();
}

/*
 * An error unless the caller and the one whom it works as may call a routine
 * with such arguments, which returns what is wanted.
 */
static void
CheckRoutine(Oid user, Oid routine, int n, const Oid *given, Oid wanted_type)
{
	Oid		   *types;
	int			wanted;
	Oid			result = get_func_signature(routine, &types, &wanted);
	char		kind = get_func_prokind(routine);
	AclResult	may = ExecuteAclCheck(routine, GetUserId());

	if (may != ACLCHECK_OK)
		aclcheck_error(may, OBJECT_ROUTINE, get_func_name(routine));
	if (wanted != n || (n > 0 && memcmp(types, given, n * sizeof(Oid)) != 0) ||
		(kind != PROKIND_FUNCTION && kind != PROKIND_PROCEDURE) ||
		(result != wanted_type &&
		 (result != VOIDOID || wanted_type != BOOLOID)) ||
		get_func_retset(routine) || func_strict(routine))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("routine must be one of the %d arguments given that returns %s and is not strict, not %s",
						n, wanted_type == BOOLOID ? "boolean or nothing" :
						format_type_be(wanted_type),
						format_procedure(routine))));
	if (ExecuteAclCheck(routine, user) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for %s to the owner \"%s\" of the ledger",
						format_procedure(routine), RoleName(user)),
				 errhint("The work is done as the owner: GRANT EXECUTE ON ALL ROUTINES IN SCHEMA crmcost TO %s.",
						 quote_identifier(RoleName(user)))));
}

/*
 * Calls a routine as another user, and one before it that makes temporary
 * tables for a ledger.  As in VACUUM, what is called can neither become
 * somebody else nor leave anything in the session: settings, temporary
 * objects, prepared statements, cursors, events of deferred triggers.  The
 * first call can do the latter: it must touch no relation of the ledger.
 *
 * On an error the end of the (sub)transaction restores user and settings.
 */
static Datum
CallAsUser(Oid user, Oid prepare, Datum ledger, FunctionCallInfo call)
{
	Oid			saved_user;
	int			saved_context;
	int			nest_level = NewGUCNestLevel();
	Datum		result;

	GetUserIdAndSecContext(&saved_user, &saved_context);
	SetUserIdAndSecContext(user, saved_context | SECURITY_LOCAL_USERID_CHANGE);
	/* those that this transaction uses may be closed to the owner */
	set_config_option("temp_tablespaces", "", PGC_USERSET, PGC_S_SESSION,
					  GUC_ACTION_SAVE, true, 0, false);
	if (OidIsValid(prepare))
		OidFunctionCall1(prepare, ledger);
	SetUserIdAndSecContext(user, saved_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
	result = FunctionCallInvoke(call);
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(saved_user, saved_context);
	return result;
}

/*
 * Whom the caller works on a ledger as: its owner where that is within the
 * caller's rights.  InvalidOid if that is who is connected, or if it is so
 * already.
 */
static Oid
WorksAs(const Ledger *ledger)
{
	Oid			user;
	int			context;

	GetUserIdAndSecContext(&user, &context);
	if (user != ledger->owner && has_privs_of_role(user, ledger->owner))
		return ledger->owner;
	if (user == GetAuthenticatedUserId() ||
		(context & SECURITY_RESTRICTED_OPERATION) != 0)
		return InvalidOid;
	return user;				/* nobody gets behind SET ROLE */
}

/*
 * _run_as_owner(ledger name, prepare regprocedure, routine regprocedure,
 * VARIADIC arguments "any"): checks the triggers; then NULL if the caller can
 * go on, else what the routine returned, true if that is nothing.
 */
Datum
ledger__run_as_owner(PG_FUNCTION_ARGS)
{
	LOCAL_FCINFO(call, FUNC_MAX_ARGS);
	Ledger		ledger;
	Oid			user;
	Oid			prepare = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);
	Oid			name_type = NAMEOID;
	Oid			wanted_type = get_fn_expr_rettype(fcinfo->flinfo);
	Oid			types[FUNC_MAX_ARGS];
	int			n = 0;
	FmgrInfo	routine;
	Datum		result;

	ForgetSoundSchema((Datum) 0, 0, 0);
	ledger = FindLedger(fcinfo);
	user = WorksAs(&ledger);
	CheckTriggers(&ledger);
	if (!OidIsValid(user))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("routine must not be null")));
	for (int i = 3; i < PG_NARGS(); i++)
	{
		types[n] = get_fn_expr_argtype(fcinfo->flinfo, i);
		call->args[n++] = fcinfo->args[i];
	}
	if (OidIsValid(prepare))
		CheckRoutine(user, prepare, 1, &name_type, BOOLOID);
	CheckRoutine(user, PG_GETARG_OID(2), n, types, wanted_type);
	fmgr_info(PG_GETARG_OID(2), &routine);
	InitFunctionCallInfoData(*call, &routine, n, PG_GET_COLLATION(), NULL,
							 NULL);
	result = CallAsUser(user, prepare, PG_GETARG_DATUM(0), call);
	if (get_func_rettype(PG_GETARG_OID(2)) == VOIDOID)
		PG_RETURN_BOOL(true);
	if (!call->isnull)
		return result;
	if (wanted_type != BOOLOID) /* NULL would let the caller go on */
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s returned null",
						format_procedure(PG_GETARG_OID(2)))));
	PG_RETURN_BOOL(false);
}

/*
 * _ask_as_owner: the same of a routine that returns jsonb.  What the owner had
 * a hand in, a temporary table too, is not for the caller to read.
 */
Datum
ledger__ask_as_owner(PG_FUNCTION_ARGS)
{
	return ledger__run_as_owner(fcinfo);
}
