/*
 * crmcost.h
 *	  What every domain file needs: PostgreSQL's headers, argument checks.
 *
 * Every test of PG_VERSION_NUM of the project lives in this file.
 */
#ifndef CRMCOST_H
#define CRMCOST_H

/* the library hides its symbols; SQL_FUNCTION() shows the ones SQL calls */
#define PGDLLEXPORT __attribute__((visibility("default")))

#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "num/poll.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 has pg_noreturn instead, which stands before a declaration only */
#ifndef pg_attribute_noreturn
#define pg_attribute_noreturn() __attribute__((noreturn))
#endif

#if PG_VERSION_NUM < 150000
#error "crmcost needs PostgreSQL 15 or later"
#endif

/* before 16 each kind of object had a function of its own for privileges */
#if PG_VERSION_NUM >= 160000
#define ExecuteAclCheck(routine, role) \
	object_aclcheck(ProcedureRelationId, routine, role, ACL_EXECUTE)
#else
#define ExecuteAclCheck(routine, role) \
	pg_proc_aclcheck(routine, role, ACL_EXECUTE)
#endif

#if PG_VERSION_NUM >= 160000
#define OwnsRelation(relation, role) \
	object_ownercheck(RelationRelationId, relation, role)
#else
#define OwnsRelation(relation, role) pg_class_ownercheck(relation, role)
#endif

/* from 16 on an update may leave all indexes alone but those that summarize */
#if PG_VERSION_NUM >= 160000
#define InsertIndexTuples(target, slot, estate) \
	ExecInsertIndexTuples(target, slot, estate, false, false, NULL, NIL, false)
#else
#define InsertIndexTuples(target, slot, estate) \
	ExecInsertIndexTuples(target, slot, estate, false, false, NULL, NIL)
#endif

/* from 17 on event triggers are told of the statement, of which is none */
#if PG_VERSION_NUM >= 170000
#define ReindexOne(index, persistence, params) \
	reindex_index(NULL, index, false, persistence, params)
#else
#define ReindexOne(index, persistence, params) \
	reindex_index(index, false, persistence, params)
#endif

/* intervals have no infinity before 17 */
#if PG_VERSION_NUM >= 170000
#define IntervalIsFinite(interval) (!INTERVAL_NOT_FINITE(interval))
#else
#define IntervalIsFinite(interval) true
#endif

/* ranges are made with a place for errors from 16 on */
#if PG_VERSION_NUM >= 160000
#define MakeRange(typcache, lower, upper) \
	make_range(typcache, lower, upper, false, NULL)
#else
#define MakeRange(typcache, lower, upper) \
	make_range(typcache, lower, upper, false)
#endif

/* declares and registers one SQL-visible function; its definition follows */
#define SQL_FUNCTION(name) \
	PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

/* The poll function handed to the num_* files: answers a cancel. */
static inline void
PollInterrupts(void)
{
	CHECK_FOR_INTERRUPTS();
}

/* The same at the i-th element of a loop of ours. */
#define POLL_AT(i) \
	do { \
		if ((i) % NUM_POLL_EVERY == 0) \
			CHECK_FOR_INTERRUPTS(); \
	} while (0)

/*
 * Argument checks.  Each names the argument, the rule and the value; ranges
 * are written so that NaN cannot slip through.
 */
static inline void
CheckFinite(double value, const char *argument)
{
	if (unlikely(!isfinite(value)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite, not %g", argument, value)));
}

static inline void
CheckNotNegative(double value, const char *argument)
{
	CheckFinite(value, argument);
	if (unlikely(!(value >= 0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative, not %g", argument, value)));
}

static inline void
CheckFiniteTimestamp(TimestampTz value, const char *argument)
{
	if (unlikely(TIMESTAMP_NOT_FINITE(value)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite, not %s", argument,
						TIMESTAMP_IS_NOBEGIN(value) ? "-infinity" : "infinity")));
}

static inline void
CheckIntegerRange(int64 value, int64 low, int64 high, const char *argument)
{
	if (unlikely(value < low || value > high))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be between %lld and %lld, not %lld", argument,
						(long long) low, (long long) high,
						(long long) value)));
}

#endif							/* CRMCOST_H */
