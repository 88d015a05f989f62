/*
 * transaction.c
 *	  What a procedure may do about the transaction that it runs in, and what
 *	  is known beside its snapshot.
 *
 * SQL, in file order: _may_commit, _newest.
 */
#include "crmcost.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

SQL_FUNCTION(transaction__may_commit);
SQL_FUNCTION(transaction__newest);

/*
 * Whether a COMMIT would be allowed where this is called: in a procedure that
 * was reached by nothing but CALL and DO, outside of a transaction block, of a
 * message with other statements and of a block with an exception handler.  A C
 * function has no SPI connection of its own, so this is about its caller's.
 */
Datum
transaction__may_commit(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(SPI_inside_nonatomic_context());
}

/*
 * _newest(query text): the text that a query returns, with all that is
 * committed by now: in a transaction of REPEATABLE READ too, as the checks of
 * foreign keys see it.
 */
Datum
transaction__newest(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	MemoryContext caller = CurrentMemoryContext;
	char	   *found = NULL;

	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_execute(query, true, 1) == SPI_OK_SELECT && SPI_processed == 1)
		found = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	PopActiveSnapshot();
	if (found != NULL)
		found = MemoryContextStrdup(caller, found);
	SPI_finish();
	if (found == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(found));
}
