/*
 * transaction.c
 *	  What a procedure may do about the transaction that it runs in.
 *
 * SQL, in file order: _may_commit.
 */
#include "crmcost.h"

#include "executor/spi.h"

SQL_FUNCTION(transaction__may_commit);

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
