/*
 * memory.c
 *	  Gives memory that a refresh has freed back to the system, and plans that
 *	  nothing will use.
 *
 * SQL, in file order: _trim_memory, _forget_plans.
 *
 * The C library keeps most of it, in pieces, for a next time, which in a pool
 * of connections may be the next day.  What is given back has to be cleared by
 * the system when it is asked for again, a tenth of the time of a refresh of a
 * small ledger: so it is kept while it is little.
 */
#include "crmcost.h"

#include "utils/plancache.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

SQL_FUNCTION(memory__trim_memory);
SQL_FUNCTION(memory__forget_plans);

#ifdef __GLIBC__
/* What is kept, in bytes. */
#define KEPT_MEMORY (16 * 1024 * 1024)

/* Whether more is free than is kept, as far as the C library says. */
static bool
IsMuchFree(void)
{
#if __GLIBC_PREREQ(2, 33)
	return mallinfo2().fordblks > KEPT_MEMORY;
#else
	return true;
#endif
}
#endif

/* _trim_memory(): does nothing where the C library cannot. */
Datum
memory__trim_memory(PG_FUNCTION_ARGS)
{
#ifdef __GLIBC__
	if (IsMuchFree())
		malloc_trim(0);
#endif
	PG_RETURN_VOID();
}

/*
 * _forget_plans(): what DISCARD PLANS does, also where an operation is
 * restricted, in which that is refused.
 */
Datum
memory__forget_plans(PG_FUNCTION_ARGS)
{
	ResetPlanCache();
	PG_RETURN_VOID();
}
