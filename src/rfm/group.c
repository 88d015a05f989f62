/*
 * group.c
 *	  The purchase summaries of all customers at once, without GROUP BY.
 *
 * SQL, in file order: type rfm_group (rfm_group_in, rfm_group_out,
 * rfm_group_recv, rfm_group_send), aggregates rfm_group(customer_id,
 * purchased_at, amount) and rfm_group_merge(rfm_group), unnest(rfm_group).
 *
 * The state is a table (see state_table.h) of customers; the sums of all have
 * the same scale, head.scale.  A finished state is in order of customer_id.
 */
#include "crmcost.h"

#include "funcapi.h"
#include "nodes/supportnodes.h"
#include "num/sort.h"
#include "rfm/summary.h"
#include "state/huge_array.h"
#include "state/state_table.h"

#define TYPE_NAME "rfm_group"

typedef struct RfmEntry
{
	int64		customer_id;
	RfmSummary	summary;
} RfmEntry;

/* the words of a row: customer_id, purchased_at, and a num_i128 amount */
enum
{
	CUSTOMER_ID, PURCHASED_AT, AMOUNT
};

SQL_FUNCTION(rfm_group_in);
SQL_FUNCTION(rfm_group_out);
SQL_FUNCTION(rfm_group_recv);
SQL_FUNCTION(rfm_group_send);
SQL_FUNCTION(rfm_group_trans);
SQL_FUNCTION(rfm_group_combine);
SQL_FUNCTION(rfm_group_final);
SQL_FUNCTION(rfm_group_unnest);
SQL_FUNCTION(rfm_group_unnest_support);

/* Adds one purchase, at the state's scale, to a customer's entry. */
static inline void
AddPurchase(RfmEntry *entry, TimestampTz purchased_at, const num_i256 *amount)
{
	RfmSummary *summary = &entry->summary;

	if (summary->frequency == 0)
		summary->first_at = summary->last_at = purchased_at;
	else if (purchased_at < summary->first_at)
		summary->first_at = purchased_at;
	else if (purchased_at > summary->last_at)
		summary->last_at = purchased_at;
	RfmAddCount(&summary->frequency, 1);
	if (unlikely(!num_i256_add(&summary->monetary, amount)))
		RefuseSum("amount");
}

static inline void
AddRow(void *entry, const uint64 *word)
{
	num_i256	wide = num_i256_from_i128(num_i128_join(&word[AMOUNT]));

	AddPurchase(entry, (TimestampTz) word[PURCHASED_AT], &wide);
}

static void FlushCustomers(GrowingState *state);

static const TableKind customers = {
	sizeof(RfmEntry),
	1,
	AddRow,
	FlushCustomers,
	"customers",
	"Split the purchases by customer, for example with GROUP BY customer_id % 4, or use rfm() with GROUP BY."
};

static void
FlushCustomers(GrowingState *state)
{
	TableFlush(&customers, (TableState *) state);
}

static inline TableState *
ReadGroup(Datum datum)
{
	return (TableState *) StateRead(datum);
}

static inline RfmEntry *
GetEntry(const TableState *state, int64 number)
{
	return TableEntry(&customers, state, number);
}

/* The customer's entry, with frequency 0 if it is new; there is room. */
static inline RfmEntry *
FindEntry(TableState *state, int64 customer_id)
{
	uint64		key = (uint64) customer_id;

	return TableFind(&customers, state, &key, TableHash(&customers, &key));
}

/* Brings the sums of all entries to a larger scale. */
static void
RaiseGroupScale(TableState *state, int scale)
{
	int			more = scale - state->growing.head.scale;

	for (int64 i = 0; i < state->count; i++)
	{
		if (!num_i256_mul_pow10(&GetEntry(state, i)->summary.monetary, more))
			RefuseSum("amount");
		POLL_AT(i);
	}
	state->growing.head.scale = scale;
}

/*
 * Reads an amount at the state's scale, raising that where the amount has
 * more decimals.  True if it fits a row's words.
 */
static inline bool
ReadAmount(TableState *state, Datum numeric, num_i128 *small,
		   num_i256 *wide)
{
	int			scale;
	ExactSum	amount;

	if (likely(DecimalRead(numeric, small, &scale)))
	{
		int			missing = state->growing.head.scale - scale;

		if (likely(missing == 0))
			return true;
		if (missing > 0 && num_i128_mul_pow10(*small, missing, small))
			return true;
	}

	FlushCustomers(&state->growing);
	ExactSumRead(&amount, numeric, "amount");
	if (amount.scale > state->growing.head.scale)
		RaiseGroupScale(state, amount.scale);
	else if (!num_i256_mul_pow10(&amount.value,
								 state->growing.head.scale - amount.scale))
		RefuseSum("amount");
	*wide = amount.value;
	return num_i256_to_i128(wide, small);
}

/*
 * rfm_group_trans(rfm_group, customer_id bigint, purchased_at timestamptz,
 * amount numeric): a row with a NULL is skipped.
 */
Datum
rfm_group_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	TimestampTz purchased_at;
	TableState *state;
	Size		capacity;
	num_i128	small;
	num_i256	wide;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return StateUnchanged(fcinfo);
	purchased_at = PG_GETARG_TIMESTAMPTZ(2);
	CheckFiniteTimestamp(purchased_at, "purchased_at");
	if (PG_ARGISNULL(0))
		datum = TableMakeRoom(&customers, datum, 1, aggcontext);
	state = (TableState *) StateView(datum, &capacity);
	if (likely(ReadAmount(state, PG_GETARG_DATUM(3), &small, &wide)))
	{
		TableRow	row;

		row.word[CUSTOMER_ID] = (uint64) PG_GETARG_INT64(1);
		row.word[PURCHASED_AT] = (uint64) purchased_at;
		num_i128_split(small, &row.word[AMOUNT]);
		PG_RETURN_DATUM(TableAdd(&customers, datum, &row, aggcontext));
	}

	FlushCustomers(&state->growing);
	datum = TableMakeRoom(&customers, datum, 1, aggcontext);
	state = (TableState *) StateView(datum, &capacity);
	AddPurchase(FindEntry(state, PG_GETARG_INT64(1)), purchased_at, &wide);
	AssertCheckTable(&customers, state);
	PG_RETURN_DATUM(datum);
}

/* rfm_group_combine(rfm_group, rfm_group): also for rfm_group_merge */
Datum
rfm_group_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	TableState *state;
	TableState *other;
	int			other_scale;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = ReadGroup(PG_GETARG_DATUM(1));

	state = ReadGroup(datum);
	other_scale = other->growing.head.scale;
	if (other_scale > state->growing.head.scale)
		RaiseGroupScale(state, other_scale);
	for (int64 i = 0; i < other->count; i++)
	{
		const RfmEntry *from = GetEntry(other, i);
		RfmEntry   *to;

		datum = TableMakeRoom(&customers, datum, 1, aggcontext);
		state = ReadGroup(datum);
		to = FindEntry(state, from->customer_id);
		if (to->summary.frequency == 0)
		{
			to->summary.first_at = from->summary.first_at;
			to->summary.last_at = from->summary.last_at;
		}
		RfmAddSummary(&to->summary, &state->growing.head.scale,
					  &from->summary, other_scale);
		POLL_AT(i);
	}
	AssertCheckTable(&customers, state);
	PG_RETURN_DATUM(datum);
}

/*
 * The finished state: entries alone, by customer_id, so that the result does
 * not depend on the order of the rows.
 */
static TableState *
FinishGroup(const TableState *state)
{
	TableState *result = TableCreateFinished(&customers, state->count);
	num_u128   *keys = HugeArray(CurrentMemoryContext, 2 * state->count,
								 sizeof(num_u128));

	result->growing.head.scale = state->growing.head.scale;
	/* key: customer_id with its sign bit flipped, payload: entry number */
	for (int64 i = 0; i < state->count; i++)
		keys[i] = (num_u128) ((uint64) GetEntry(state, i)->customer_id ^
							  UINT64CONST(1) << 63) << 32 | (uint32) i;
	num_radix_sort(keys, keys + state->count, state->count, 32,
				   PollInterrupts);
	for (int64 i = 0; i < state->count; i++)
	{
		*GetEntry(result, i) = *GetEntry(state, (uint32) keys[i]);
		POLL_AT(i);
	}
	pfree(keys);
	AssertCheckTable(&customers, result);
	return result;
}

Datum
rfm_group_final(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(FinishGroup(ReadGroup(PG_GETARG_DATUM(0))));
}

/* Refuses an entry that no aggregation can have made. */
static void
CheckEntry(const RfmEntry *entry, const RfmEntry *previous)
{
	if (entry->summary.frequency < 1)
		RefuseState(TYPE_NAME, "frequency must be at least 1");
	if (!IS_VALID_TIMESTAMP(entry->summary.first_at) ||
		!IS_VALID_TIMESTAMP(entry->summary.last_at) ||
		entry->summary.first_at > entry->summary.last_at)
		RefuseState(TYPE_NAME, "first_at must not be after last_at");
	if (previous != NULL && previous->customer_id >= entry->customer_id)
		RefuseState(TYPE_NAME, "customers must be in order of customer_id");
}

/* (1,{customer_id,first,last,frequency,monetary},...) */
Datum
rfm_group_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	int64		count = StateTextCount(cursor);
	TableState *state;

	if (count == 0 || count > TABLE_MAX_ENTRIES(&customers))
		RefuseState(TYPE_NAME, "number of customers out of range");
	StateTextVersion(&cursor, TYPE_NAME);
	state = TableCreateFinished(&customers, count);
	for (int64 i = 0; i < count; i++)
	{
		RfmEntry   *entry = GetEntry(state, i);
		ExactSum	sum;

		StateTextSkip(&cursor, ',', TYPE_NAME);
		StateTextSkip(&cursor, '{', TYPE_NAME);
		entry->customer_id = StateTextInt64(&cursor, ",", TYPE_NAME);
		StateTextSkip(&cursor, ',', TYPE_NAME);
		entry->summary.first_at = StateTextTimestamp(&cursor, ",", TYPE_NAME);
		StateTextSkip(&cursor, ',', TYPE_NAME);
		entry->summary.last_at = StateTextTimestamp(&cursor, ",", TYPE_NAME);
		StateTextSkip(&cursor, ',', TYPE_NAME);
		entry->summary.frequency = StateTextInt64(&cursor, ",", TYPE_NAME);
		StateTextSkip(&cursor, ',', TYPE_NAME);
		ExactSumRead(&sum, NumericFromText(StateTextField(&cursor, "}", TYPE_NAME)),
					 "monetary");
		StateTextSkip(&cursor, '}', TYPE_NAME);
		if (i == 0)
			state->growing.head.scale = sum.scale;
		else if (sum.scale != state->growing.head.scale)
			RefuseState(TYPE_NAME, "sums must have the same number of decimals");
		entry->summary.monetary = sum.value;
		CheckEntry(entry, i > 0 ? entry - 1 : NULL);
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(state);
}

Datum
rfm_group_out(PG_FUNCTION_ARGS)
{
	TableState *state = FinishGroup(ReadGroup(PG_GETARG_DATUM(0)));
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "rfm_group row",
													  ALLOCSET_SMALL_SIZES);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d", state->growing.head.version);
	for (int64 i = 0; i < state->count; i++)
	{
		const RfmEntry *entry = GetEntry(state, i);
		ExactSum	sum = ExactSumOf(&entry->summary.monetary,
									 state->growing.head.scale);
		MemoryContext caller = MemoryContextSwitchTo(row_context);
		char	   *monetary = NumericText(ExactSumNumeric(&sum));

		MemoryContextSwitchTo(caller);
		appendStringInfo(&out, ",{%lld,", (long long) entry->customer_id);
		StateAppendTimestamp(&out, entry->summary.first_at);
		appendStringInfoChar(&out, ',');
		StateAppendTimestamp(&out, entry->summary.last_at);
		appendStringInfo(&out, ",%lld,%s}",
						 (long long) entry->summary.frequency, monetary);
		MemoryContextReset(row_context);
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

Datum
rfm_group_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			scale;
	int64		count;
	TableState *state;

	StateReceiveVersion(buffer, TYPE_NAME);
	scale = pq_getmsgint(buffer, 2);
	count = pq_getmsgint64(buffer);
	if (scale > NUM_I256_DIGITS)
		RefuseState(TYPE_NAME, "scale out of range");
	if (count < 1 || count > TABLE_MAX_ENTRIES(&customers) ||
		count * (int64) sizeof(RfmEntry) != buffer->len - buffer->cursor)
		RefuseState(TYPE_NAME, "number of customers does not fit the message");
	state = TableCreateFinished(&customers, count);
	state->growing.head.scale = scale;
	for (int64 i = 0; i < count; i++)
	{
		RfmEntry   *entry = GetEntry(state, i);

		entry->customer_id = pq_getmsgint64(buffer);
		entry->summary.first_at = pq_getmsgint64(buffer);
		entry->summary.last_at = pq_getmsgint64(buffer);
		entry->summary.frequency = pq_getmsgint64(buffer);
		entry->summary.monetary = StateReceiveI256(buffer);
		CheckEntry(entry, i > 0 ? entry - 1 : NULL);
		POLL_AT(i);
	}
	PG_RETURN_POINTER(state);
}

Datum
rfm_group_send(PG_FUNCTION_ARGS)
{
	TableState *state = FinishGroup(ReadGroup(PG_GETARG_DATUM(0)));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, state->growing.head.version);
	pq_sendint16(&buffer, state->growing.head.scale);
	pq_sendint64(&buffer, state->count);
	for (int64 i = 0; i < state->count; i++)
	{
		const RfmEntry *entry = GetEntry(state, i);

		pq_sendint64(&buffer, entry->customer_id);
		pq_sendint64(&buffer, entry->summary.first_at);
		pq_sendint64(&buffer, entry->summary.last_at);
		pq_sendint64(&buffer, entry->summary.frequency);
		StateSendI256(&buffer, &entry->summary.monetary);
		POLL_AT(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* unnest(rfm_group): one row a customer, by customer_id, one at a time */
Datum
rfm_group_unnest(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	TableState *state;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;
		TupleDesc	tupdesc;

		call = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		/* the argument outlives the calls; a detoasted copy does too */
		call->user_fctx = ReadGroup(PG_GETARG_DATUM(0));
		call->max_calls = ((TableState *) call->user_fctx)->count;
		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "unnest(rfm_group) must return rows");
		call->tuple_desc = BlessTupleDesc(tupdesc);
		MemoryContextSwitchTo(caller);
	}
	call = SRF_PERCALL_SETUP();
	state = call->user_fctx;
	if (call->call_cntr < call->max_calls)
	{
		const RfmEntry *entry = GetEntry(state, call->call_cntr);
		int			scale = state->growing.head.scale;
		ExactSum	sum = ExactSumOf(&entry->summary.monetary, scale);
		Datum		values[6] = {
			Int64GetDatum(entry->customer_id),
			TimestampTzGetDatum(entry->summary.first_at),
			TimestampTzGetDatum(entry->summary.last_at),
			Int64GetDatum(entry->summary.frequency),
			ExactSumNumeric(&sum),
			PointerGetDatum(RfmCreate(scale, &entry->summary))
		};
		bool		nulls[6] = {false};

		SRF_RETURN_NEXT(call,
						HeapTupleGetDatum(heap_form_tuple(call->tuple_desc,
														  values, nulls)));
	}
	SRF_RETURN_DONE(call);
}

/* Tells the planner how many rows the unnest of a constant gives. */
Datum
rfm_group_unnest_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestRows))
	{
		SupportRequestRows *rows = (SupportRequestRows *) request;

		if (IsA(rows->node, FuncExpr))
		{
			Node	   *argument = linitial(((FuncExpr *) rows->node)->args);

			if (IsA(argument, Const) && !((Const *) argument)->constisnull)
			{
				Datum		group = ((Const *) argument)->constvalue;

				rows->rows = ReadGroup(group)->count;
				PG_RETURN_POINTER(request);
			}
		}
	}
	PG_RETURN_POINTER(NULL);
}
