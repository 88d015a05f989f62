/*
 * memory.c
 *	  Gives memory that a refresh has freed back to the system.
 *
 * SQL, in file order: _trim_memory.
 *
 * The C library keeps most of it, in pieces, for a next time, which in a pool
 * of connections may be the next day.
 */
#include "crmcost.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

SQL_FUNCTION(memory__trim_memory);

/* _trim_memory(): does nothing where the C library cannot. */
Datum
memory__trim_memory(PG_FUNCTION_ARGS)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	PG_RETURN_VOID();
}
