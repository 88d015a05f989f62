/*
 * rfm.c
 *	  The purchase summary of one customer: first, last, number, exact sum.
 *
 * SQL, in file order: type rfm (rfm_in, rfm_out, rfm_recv, rfm_send),
 * aggregates rfm(purchased_at, amount) and rfm_merge(rfm), accessors
 * first_at, last_at, frequency, monetary, average_order, recency_days.
 *
 * A state is 64 bytes whatever the customer bought, changed in place, so that
 * millions of customers fit a hash aggregate.  The sum is a 256-bit integer
 * times 10^-scale, where scale is the largest that was added.
 */
#include "crmcost.h"

#include "rfm/summary.h"
#include "state/decimal.h"

#define TYPE_NAME "rfm"

SQL_FUNCTION(rfm_in);
SQL_FUNCTION(rfm_out);
SQL_FUNCTION(rfm_recv);
SQL_FUNCTION(rfm_send);
SQL_FUNCTION(rfm_trans);
SQL_FUNCTION(rfm_combine);
SQL_FUNCTION(rfm_first_at);
SQL_FUNCTION(rfm_last_at);
SQL_FUNCTION(rfm_frequency);
SQL_FUNCTION(rfm_monetary);
SQL_FUNCTION(rfm_average_order);
SQL_FUNCTION(rfm_recency_days);

static inline void
AssertCheckRfm(const RfmState *state)
{
	Assert(state->head.version == STATE_VERSION);
	Assert(state->summary.frequency > 0);
	Assert(state->summary.first_at <= state->summary.last_at);
}

/* Refuses what no aggregation can have made. */
static void
CheckSummary(const RfmSummary *summary)
{
	if (summary->frequency < 1)
		RefuseState(TYPE_NAME, "frequency must be at least 1");
	if (!IS_VALID_TIMESTAMP(summary->first_at) ||
		!IS_VALID_TIMESTAMP(summary->last_at) ||
		summary->first_at > summary->last_at)
		RefuseState(TYPE_NAME, "first_at must not be after last_at");
}

RfmState *
RfmCreate(int scale, const RfmSummary *summary)
{
	RfmState   *state = palloc0(sizeof(RfmState));

	SET_VARSIZE(state, sizeof(RfmState));
	state->head.version = STATE_VERSION;
	state->head.scale = scale;
	state->summary = *summary;
	AssertCheckRfm(state);
	return state;
}

/* (1,first,last,frequency,monetary) */
Datum
rfm_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	RfmSummary	summary;
	ExactSum	sum;
	Datum		monetary;

	StateTextVersion(&cursor, TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	summary.first_at = StateTextTimestamp(&cursor, ",", TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	summary.last_at = StateTextTimestamp(&cursor, ",", TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	summary.frequency = StateTextInt64(&cursor, ",", TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	monetary = NumericFromText(StateTextField(&cursor, ")", TYPE_NAME));
	StateTextEnd(cursor, TYPE_NAME);

	ExactSumRead(&sum, monetary, "monetary");
	summary.monetary = sum.value;
	CheckSummary(&summary);
	PG_RETURN_POINTER(RfmCreate(sum.scale, &summary));
}

Datum
rfm_out(PG_FUNCTION_ARGS)
{
	RfmState   *state = PG_GETARG_RFM(0);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d,", state->head.version);
	StateAppendTimestamp(&out, state->summary.first_at);
	appendStringInfoChar(&out, ',');
	StateAppendTimestamp(&out, state->summary.last_at);
	appendStringInfo(&out, ",%lld,%s)", (long long) state->summary.frequency,
					 NumericText(RfmMonetary(state)));
	PG_RETURN_CSTRING(out.data);
}

Datum
rfm_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	RfmSummary	summary;
	int			scale;

	StateReceiveVersion(buffer, TYPE_NAME);
	scale = pq_getmsgint(buffer, 2);
	if (scale > NUM_I256_DIGITS)
		RefuseState(TYPE_NAME, "scale out of range");
	summary.first_at = pq_getmsgint64(buffer);
	summary.last_at = pq_getmsgint64(buffer);
	summary.frequency = pq_getmsgint64(buffer);
	summary.monetary = StateReceiveI256(buffer);
	CheckSummary(&summary);
	PG_RETURN_POINTER(RfmCreate(scale, &summary));
}

Datum
rfm_send(PG_FUNCTION_ARGS)
{
	RfmState   *state = PG_GETARG_RFM(0);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, state->head.version);
	pq_sendint16(&buffer, state->head.scale);
	pq_sendint64(&buffer, state->summary.first_at);
	pq_sendint64(&buffer, state->summary.last_at);
	pq_sendint64(&buffer, state->summary.frequency);
	StateSendI256(&buffer, &state->summary.monetary);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * rfm_trans(rfm, purchased_at timestamptz, amount numeric): a row in which
 * either is NULL is no purchase and is skipped.
 */
Datum
rfm_trans(PG_FUNCTION_ARGS)
{
	RfmState   *state = (RfmState *) DatumGetPointer(StateArgument(fcinfo));
	TimestampTz purchased_at;
	Datum		amount;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return StateUnchanged(fcinfo);
	purchased_at = PG_GETARG_TIMESTAMPTZ(1);
	amount = PG_GETARG_DATUM(2);
	CheckFiniteTimestamp(purchased_at, "purchased_at");
	if (state == NULL)
	{
		RfmSummary	summary;
		ExactSum	sum;

		ExactSumRead(&sum, amount, "amount");
		summary.first_at = summary.last_at = purchased_at;
		summary.frequency = 1;
		summary.monetary = sum.value;
		PG_RETURN_POINTER(RfmCreate(sum.scale, &summary));
	}
	ExactSumAdd(&state->summary.monetary, &state->head.scale, amount, "amount");
	RfmAddCount(&state->summary.frequency, 1);
	if (purchased_at < state->summary.first_at)
		state->summary.first_at = purchased_at;
	if (purchased_at > state->summary.last_at)
		state->summary.last_at = purchased_at;
	AssertCheckRfm(state);
	PG_RETURN_POINTER(state);
}

/* rfm_combine(rfm, rfm): also the transition function of rfm_merge */
Datum
rfm_combine(PG_FUNCTION_ARGS)
{
	RfmState   *state;
	RfmState   *other;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = PG_GETARG_RFM(1);
	state = (RfmState *) DatumGetPointer(StateArgument(fcinfo));
	RfmAddSummary(&state->summary, &state->head.scale,
				  &other->summary, other->head.scale);
	AssertCheckRfm(state);
	PG_RETURN_POINTER(state);
}

/* accessors: fields of the summary; NULL gives NULL */
Datum
rfm_first_at(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(PG_GETARG_RFM(0)->summary.first_at);
}

Datum
rfm_last_at(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(PG_GETARG_RFM(0)->summary.last_at);
}

Datum
rfm_frequency(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(PG_GETARG_RFM(0)->summary.frequency);
}

Datum
rfm_monetary(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(RfmMonetary(PG_GETARG_RFM(0)));
}

/* monetary / frequency, with the digits that numeric's avg() gives */
Datum
rfm_average_order(PG_FUNCTION_ARGS)
{
	RfmState   *state = PG_GETARG_RFM(0);

	PG_RETURN_DATUM(NumericDivide(RfmMonetary(state),
								  NumericFromInt64(state->summary.frequency)));
}

/* Days, with fractions, from the last purchase to as_of; never negative. */
Datum
rfm_recency_days(PG_FUNCTION_ARGS)
{
	RfmState   *state = PG_GETARG_RFM(0);
	TimestampTz as_of = PG_GETARG_TIMESTAMPTZ(1);
	int64		elapsed;

	CheckFiniteTimestamp(as_of, "as_of");
	if (as_of < state->summary.last_at)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must not be before the last purchase at %s, not %s",
						pstrdup(timestamptz_to_str(state->summary.last_at)),
						pstrdup(timestamptz_to_str(as_of))),
				 errhint("Filter the purchases to those before as_of.")));
	/* instants may lie further apart than 64 bits of microseconds */
	if (pg_sub_s64_overflow(as_of, state->summary.last_at, &elapsed))
		PG_RETURN_FLOAT8(((double) as_of - (double) state->summary.last_at) /
						 USECS_PER_DAY);
	PG_RETURN_FLOAT8((double) elapsed / USECS_PER_DAY);
}
