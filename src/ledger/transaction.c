/*
 * transaction.c
 *	  What a procedure may do about the transaction that it runs in, and what
 *	  is known beside its snapshot.
 *
 * SQL, in file order: _may_commit, _newest_day.
 */
#include "crmcost.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

SQL_FUNCTION(transaction__may_commit);
SQL_FUNCTION(transaction__newest_day);

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
 * _newest_day(query text): the date that a query returns, with all that is
 * committed by now: in a transaction of REPEATABLE READ too, as the checks of
 * foreign keys see it.
 */
Datum
transaction__newest_day(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool		isnull = true;
	Datum		day = (Datum) 0;

	SPI_connect();
	PushActiveSnapshot(GetLatestSnapshot());
	if (SPI_execute(query, true, 1) == SPI_OK_SELECT && SPI_processed == 1)
		day = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
							&isnull);
	PopActiveSnapshot();
	SPI_finish();				/* a date is no pointer */
	if (isnull)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(day);
}
