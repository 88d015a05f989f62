/*
 * cac.c
 *	  Customer acquisition cost: a ratio of sums, never a mean of ratios.
 *
 * SQL, in file order: type cac_sums (cac_sums_in, _out, _recv, _send),
 * aggregates cac(cost, customers) and cac(cost, acquired).
 */
#include "crmcost.h"

#include "common/int.h"
#include "state/decimal.h"
#include "state/state.h"

#define TYPE_NAME "cac_sums"

typedef struct CacState
{
	StateHeader head;
	int64		customers;
	num_i256	cost;			/* times 10^head.scale */
} CacState;

#define PG_GETARG_CAC(n) ((CacState *) PG_GETARG_VARLENA_P(n))

SQL_FUNCTION(cac_sums_in);
SQL_FUNCTION(cac_sums_out);
SQL_FUNCTION(cac_sums_recv);
SQL_FUNCTION(cac_sums_send);
SQL_FUNCTION(cac_trans);
SQL_FUNCTION(acquired_cac_trans);
SQL_FUNCTION(cac_combine);
SQL_FUNCTION(cac_final);

static CacState *
CreateState(void)
{
	CacState   *state = palloc0(sizeof(CacState));

	SET_VARSIZE(state, sizeof(CacState));
	state->head.version = STATE_VERSION;
	return state;
}

static CacState *
CheckedState(CacState *state, int64 customers, const ExactSum *cost)
{
	if (customers < 0)
		RefuseState(TYPE_NAME, "customers must not be negative");
	state->customers = customers;
	state->cost = cost->value;
	state->head.scale = cost->scale;
	return state;
}

/* (1,cost,customers) */
Datum
cac_sums_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	ExactSum	cost;
	int64		customers;

	StateTextVersion(&cursor, TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	ExactSumRead(&cost, NumericFromText(StateTextField(&cursor, ",", TYPE_NAME)),
				 "cost");
	StateTextSkip(&cursor, ',', TYPE_NAME);
	customers = StateTextInt64(&cursor, ")", TYPE_NAME);
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(CheckedState(CreateState(), customers, &cost));
}

Datum
cac_sums_out(PG_FUNCTION_ARGS)
{
	CacState   *state = PG_GETARG_CAC(0);
	ExactSum	cost = ExactSumOf(&state->cost, state->head.scale);

	PG_RETURN_CSTRING(psprintf("(%d,%s,%lld)", state->head.version,
							   NumericText(ExactSumNumeric(&cost)),
							   (long long) state->customers));
}

Datum
cac_sums_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	ExactSum	cost;
	int64		customers;

	StateReceiveVersion(buffer, TYPE_NAME);
	cost.scale = pq_getmsgint(buffer, 2);
	if (cost.scale > NUM_I256_DIGITS)
		RefuseState(TYPE_NAME, "scale out of range");
	customers = pq_getmsgint64(buffer);
	cost.value = StateReceiveI256(buffer);
	PG_RETURN_POINTER(CheckedState(CreateState(), customers, &cost));
}

Datum
cac_sums_send(PG_FUNCTION_ARGS)
{
	CacState   *state = PG_GETARG_CAC(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, state->head.version);
	pq_sendint16(&buffer, state->head.scale);
	pq_sendint64(&buffer, state->customers);
	StateSendI256(&buffer, &state->cost);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

static void
AddCustomers(CacState *state, int64 customers)
{
	if (pg_add_s64_overflow(state->customers, customers, &state->customers))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("customers out of range")));
}

/*
 * Adds the cost, unless it is NULL, and customers.  Both are sums of their
 * own: a cost without customers is not lost.
 */
static Datum
AddRow(FunctionCallInfo fcinfo, int64 customers)
{
	CacState   *state;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1) && PG_ARGISNULL(2))
		PG_RETURN_NULL();
	state = (CacState *) DatumGetPointer(StateArgument(fcinfo));
	if (state == NULL)
		state = CreateState();
	if (!PG_ARGISNULL(1))
		ExactSumAdd(&state->cost, &state->head.scale, PG_GETARG_DATUM(1), "cost");
	AddCustomers(state, customers);
	PG_RETURN_POINTER(state);
}

/* cac_trans(cac_sums, cost numeric, customers bigint) */
Datum
cac_trans(PG_FUNCTION_ARGS)
{
	int64		customers = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2);

	CheckIntegerRange(customers, 0, PG_INT64_MAX, "customers");
	return AddRow(fcinfo, customers);
}

/* cac_trans(cac_sums, cost numeric, acquired boolean) */
Datum
acquired_cac_trans(PG_FUNCTION_ARGS)
{
	return AddRow(fcinfo, !PG_ARGISNULL(2) && PG_GETARG_BOOL(2) ? 1 : 0);
}

Datum
cac_combine(PG_FUNCTION_ARGS)
{
	CacState   *state;
	CacState   *other;
	ExactSum	cost;
	ExactSum	addend;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = PG_GETARG_CAC(1);
	state = (CacState *) DatumGetPointer(StateArgument(fcinfo));
	cost = ExactSumOf(&state->cost, state->head.scale);
	addend = ExactSumOf(&other->cost, other->head.scale);
	ExactSumCombine(&cost, &addend, "cost");
	state->cost = cost.value;
	state->head.scale = cost.scale;
	AddCustomers(state, other->customers);
	PG_RETURN_POINTER(state);
}

/* cost / customers; NULL when no customer was acquired */
Datum
cac_final(PG_FUNCTION_ARGS)
{
	CacState   *state;
	ExactSum	cost;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = PG_GETARG_CAC(0);
	if (state->customers == 0)
		PG_RETURN_NULL();
	cost = ExactSumOf(&state->cost, state->head.scale);
	PG_RETURN_DATUM(NumericDivide(ExactSumNumeric(&cost),
								  NumericFromInt64(state->customers)));
}
