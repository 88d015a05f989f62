/*
 * rfm_group.c
 *	  The purchase summaries of all customers at once, without GROUP BY.
 *
 * SQL, in file order: type rfm_group (rfm_group_in, rfm_group_out,
 * rfm_group_recv, rfm_group_send), aggregates rfm_group(customer_id,
 * purchased_at, amount) and rfm_group_merge(rfm_group), unnest(rfm_group).
 *
 * A hash aggregate waits for a cold cache line or three at each row.  Here a
 * row first waits in a short queue: when it enters, its index slot is
 * prefetched; half way, its entry; when it leaves, both are in the cache, and
 * the executor's work on the rows between has hidden the memory's latency.
 * State layout (see state.h):
 *
 *	  RfmGroupState		head; the sums of all entries share head.scale
 *	  RfmEntry[]		customers, dense: in order of arrival while the
 *						aggregate runs, by customer_id in a finished state
 *	  uint32[slots]		open addressing: entry number + 1 and 8 hash bits;
 *	  PendingRow[]		the queue; these two never leave the aggregate
 */
#include "crmcost.h"

#include "funcapi.h"
#include "nodes/supportnodes.h"
#include "num_sort.h"
#include "rfm_state.h"

#define TYPE_NAME "rfm_group"

typedef struct RfmEntry
{
	int64		customer_id;
	RfmSummary	summary;
} RfmEntry;

typedef struct PendingRow
{
	int64		customer_id;
	TimestampTz purchased_at;
	uint64		amount[2];		/* a num_i128 at the state's scale */
	uint64		hash;			/* of customer_id */
} PendingRow;

typedef struct RfmGroupState
{
	GrowingState growing;
	int64		count;			/* entries */
	int32		room;			/* entries that fit: 0 or a power of two */
	int32		pending;		/* rows in the queue */
	uint32		next;			/* rows that ever entered it */
	char		unused[28];		/* zeros; entries begin on a cache line */
	RfmEntry	entries[FLEXIBLE_ARRAY_MEMBER];
} RfmGroupState;

#define QUEUE_ROWS 32
#define FIRST_ROOM 8

/* an index slot: 24 bits of entry number + 1, 8 bits of hash; 0 is free */
#define SLOT_ENTRY_BITS 24
#define SLOT_ENTRY(slot) ((slot) & ((1U << SLOT_ENTRY_BITS) - 1))
#define SLOT_TAG(hash) ((uint32) ((hash) >> 56) << SLOT_ENTRY_BITS)
#define SLOTS(room) ((Size) (room) * 2)

#define ENTRIES_SIZE(n) \
	(offsetof(RfmGroupState, entries) + (Size) (n) * sizeof(RfmEntry))
#define INDEXED_SIZE(room) (ENTRIES_SIZE(room) + SLOTS(room) * sizeof(uint32))
#define QUEUED_SIZE(room) \
	(INDEXED_SIZE(room) + QUEUE_ROWS * sizeof(PendingRow))

/* a finished state is one varlena, and an entry number has 24 bits */
#define MAX_CUSTOMERS \
	((int64) Min((MaxAllocSize - ENTRIES_SIZE(0)) / sizeof(RfmEntry), \
				 (1U << SLOT_ENTRY_BITS) - 1))

SQL_FUNCTION(rfm_group_in);
SQL_FUNCTION(rfm_group_out);
SQL_FUNCTION(rfm_group_recv);
SQL_FUNCTION(rfm_group_send);
SQL_FUNCTION(rfm_group_trans);
SQL_FUNCTION(rfm_group_combine);
SQL_FUNCTION(rfm_group_final);
SQL_FUNCTION(rfm_group_unnest);
SQL_FUNCTION(rfm_group_unnest_support);

static inline RfmGroupState *
ReadGroup(Datum datum)
{
	return (RfmGroupState *) StateRead(datum);
}

static inline uint32 *
GetSlots(RfmGroupState *state)
{
	return (uint32 *) ((char *) state + ENTRIES_SIZE(state->room));
}

/* The queue's row at a position, counted without end. */
static inline PendingRow *
GetPending(RfmGroupState *state, uint32 position)
{
	return (PendingRow *) ((char *) state + INDEXED_SIZE(state->room)) +
		position % QUEUE_ROWS;
}

/* the finalizer of MurmurHash3 (Appleby), a bijection of 64 bits */
static inline uint64
HashCustomer(int64 customer_id)
{
	uint64		hash = (uint64) customer_id;

	hash = (hash ^ hash >> 33) * UINT64CONST(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

static inline void
AssertCheckGroup(const RfmGroupState *state)
{
	Assert(state->growing.head.version == STATE_VERSION);
	Assert(state->growing.used == (int64) ENTRIES_SIZE(state->count));
	Assert(state->room == 0 || state->count <= state->room);
	Assert(state->pending >= 0 && state->pending <= QUEUE_ROWS);
}

static void
pg_attribute_noreturn()
RefuseCustomer(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("rfm_group must hold at most %lld customers",
					(long long) MAX_CUSTOMERS),
			 errhint("Split the purchases by customer, for example with GROUP BY customer_id %% 4, or use rfm() with GROUP BY.")));
}

/*
 * The customer's entry, added with frequency 0 if it is new; the caller has
 * made room.
 */
static inline RfmEntry *
FindEntry(RfmGroupState *state, int64 customer_id, uint64 hash)
{
	uint32	   *slots = GetSlots(state);
	Size		mask = SLOTS(state->room) - 1;
	RfmEntry   *entry;

	for (Size i = hash & mask;; i = (i + 1) & mask)
	{
		if (slots[i] == 0)
		{
			if (unlikely(state->count == MAX_CUSTOMERS))
				RefuseCustomer();
			slots[i] = SLOT_TAG(hash) | (uint32) (state->count + 1);
			entry = &state->entries[state->count++];
			state->growing.used += sizeof(RfmEntry);
			memset(entry, 0, sizeof(RfmEntry));
			entry->customer_id = customer_id;
			return entry;
		}
		if ((slots[i] ^ SLOT_TAG(hash)) >> SLOT_ENTRY_BITS == 0)
		{
			entry = &state->entries[SLOT_ENTRY(slots[i]) - 1];
			if (entry->customer_id == customer_id)
				return entry;
		}
	}
}

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

/* A row leaves the queue for its customer's entry. */
static inline void
ApplyPending(RfmGroupState *state, const PendingRow *row)
{
	num_i256	amount = num_i256_from_i128((num_i128)
											((num_u128) row->amount[1] << 64 |
											 row->amount[0]));

	AddPurchase(FindEntry(state, row->customer_id, row->hash),
				row->purchased_at, &amount);
}

/* A row enters the queue; a full queue's oldest row leaves it. */
static inline void
QueuePurchase(RfmGroupState *state, int64 customer_id,
			  TimestampTz purchased_at, num_i128 amount)
{
	uint32	   *slots = GetSlots(state);
	Size		mask = SLOTS(state->room) - 1;
	PendingRow *row = GetPending(state, state->next);

	if (state->pending == QUEUE_ROWS)
		ApplyPending(state, row);
	else
		state->pending++;
	row->customer_id = customer_id;
	row->purchased_at = purchased_at;
	row->amount[0] = (uint64) amount;
	row->amount[1] = (uint64) ((num_u128) amount >> 64);
	row->hash = HashCustomer(customer_id);
	__builtin_prefetch(&slots[row->hash & mask]);

	if (state->pending > QUEUE_ROWS / 2)
	{
		uint32		slot;

		row = GetPending(state, state->next - QUEUE_ROWS / 2);
		slot = slots[row->hash & mask];
		if (slot != 0)
			__builtin_prefetch(&state->entries[SLOT_ENTRY(slot) - 1], 1);
	}
	state->next++;
}

/* Empties the queue. */
static void
FlushQueue(GrowingState *growing)
{
	RfmGroupState *state = (RfmGroupState *) growing;

	for (; state->pending > 0; state->pending--)
		ApplyPending(state, GetPending(state, state->next - state->pending));
	AssertCheckGroup(state);
}

static void
BuildIndex(RfmGroupState *state)
{
	uint32	   *slots = GetSlots(state);
	Size		mask = SLOTS(state->room) - 1;

	memset(slots, 0, SLOTS(state->room) * sizeof(uint32));
	for (int64 entry = 0; entry < state->count; entry++)
	{
		uint64		hash = HashCustomer(state->entries[entry].customer_id);
		Size		i = hash & mask;

		while (slots[i] != 0)
			i = (i + 1) & mask;
		slots[i] = SLOT_TAG(hash) | (uint32) (entry + 1);
		if (entry % NUM_POLL_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/*
 * A state with index in which "more" entries can be added (a null pointer:
 * an empty one).
 */
static Datum
MakeRoom(Datum datum, int64 more, MemoryContext aggcontext)
{
	RfmGroupState *state;
	Size		capacity;
	int64		count = 0;
	int64		room = FIRST_ROOM;
	Size		size;

	if (DatumGetPointer(datum) != NULL)
	{
		state = (RfmGroupState *) StateView(datum, &capacity);
		if (state->room > 0 && capacity >= INDEXED_SIZE(state->room) &&
			state->count + more <= state->room)
			return datum;
		FlushQueue(&state->growing);
		count = state->count;
	}
	while (room < count + more && room <= MAX_CUSTOMERS)
		room *= 2;

	/* a small state has no queue */
	size = INDEXED_SIZE(room);
	if (size >= STATE_EXPANDED)
		size = QUEUED_SIZE(room);
	datum = StateResize(datum, ENTRIES_SIZE(count), size, aggcontext);
	state = (RfmGroupState *) StateView(datum, &capacity);
	state->growing.head.version = STATE_VERSION;
	state->growing.used = ENTRIES_SIZE(count);
	state->room = room;
	state->pending = 0;
	BuildIndex(state);
	if (StateIsExpanded(datum))
		((ExpandedState *) DatumGetEOHP(datum))->flush = FlushQueue;
	return datum;
}

/* Brings the sums of all entries to a larger scale. */
static void
RaiseGroupScale(RfmGroupState *state, int scale)
{
	int			more = scale - state->growing.head.scale;

	for (int64 i = 0; i < state->count; i++)
	{
		if (!num_i256_mul_pow10(&state->entries[i].summary.monetary, more))
			RefuseSum("amount");
		if (i % NUM_POLL_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
	}
	state->growing.head.scale = scale;
}

/*
 * Reads an amount at the state's scale, raising that where the amount has
 * more decimals.  True if it fits a PendingRow.
 */
static inline bool
ReadAmount(RfmGroupState *state, Datum numeric, num_i128 *small,
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

	FlushQueue(&state->growing);
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
	int64		customer_id;
	TimestampTz purchased_at;
	RfmGroupState *state;
	Size		capacity;
	num_i128	small;
	num_i256	wide;
	bool		fits;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return StateUnchanged(fcinfo);
	customer_id = PG_GETARG_INT64(1);
	purchased_at = PG_GETARG_TIMESTAMPTZ(2);
	CheckFiniteTimestamp(purchased_at, "purchased_at");

	if (PG_ARGISNULL(0))
		datum = MakeRoom(datum, 1, aggcontext);
	state = (RfmGroupState *) StateView(datum, &capacity);
	fits = ReadAmount(state, PG_GETARG_DATUM(3), &small, &wide);

	if (fits && StateIsExpanded(datum))
	{
		if (unlikely(state->count + QUEUE_ROWS >= state->room))
		{
			datum = MakeRoom(datum, QUEUE_ROWS + 1, aggcontext);
			state = (RfmGroupState *) StateView(datum, &capacity);
		}
		QueuePurchase(state, customer_id, purchased_at, small);
		PG_RETURN_DATUM(datum);
	}

	/* a small state is in the cache and needs no queue */
	FlushQueue(&state->growing);
	datum = MakeRoom(datum, 1, aggcontext);
	state = (RfmGroupState *) StateView(datum, &capacity);
	if (fits)
		wide = num_i256_from_i128(small);
	AddPurchase(FindEntry(state, customer_id, HashCustomer(customer_id)),
				purchased_at, &wide);
	AssertCheckGroup(state);
	PG_RETURN_DATUM(datum);
}

/* rfm_group_combine(rfm_group, rfm_group): also for rfm_group_merge */
Datum
rfm_group_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = PG_GETARG_DATUM(0);
	RfmGroupState *state;
	RfmGroupState *other;
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
		const RfmEntry *from = &other->entries[i];
		RfmEntry   *to;

		datum = MakeRoom(datum, 1, aggcontext);
		state = ReadGroup(datum);
		to = FindEntry(state, from->customer_id,
					   HashCustomer(from->customer_id));
		if (to->summary.frequency == 0)
		{
			to->summary.first_at = from->summary.first_at;
			to->summary.last_at = from->summary.last_at;
		}
		RfmAddSummary(&to->summary, &state->growing.head.scale,
					  &from->summary, other_scale);
		if (i % NUM_POLL_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
	}
	AssertCheckGroup(state);
	PG_RETURN_DATUM(datum);
}

/* An empty finished state for "count" entries, to be filled in order. */
static RfmGroupState *
CreateFinished(int64 count, int scale)
{
	RfmGroupState *state = palloc0(ENTRIES_SIZE(count));

	SET_VARSIZE(state, ENTRIES_SIZE(count));
	state->growing.head.version = STATE_VERSION;
	state->growing.head.scale = scale;
	state->growing.used = ENTRIES_SIZE(count);
	state->count = count;
	return state;
}

/*
 * The finished state: entries alone, by customer_id, so that the result does
 * not depend on the order of the rows.
 */
static RfmGroupState *
FinishGroup(const RfmGroupState *state)
{
	RfmGroupState *result = CreateFinished(state->count,
										   state->growing.head.scale);
	num_u128   *keys = palloc_extended(2 * state->count * sizeof(num_u128) + 1,
									   MCXT_ALLOC_HUGE);

	/* key: customer_id with its sign bit flipped, payload: entry number */
	for (int64 i = 0; i < state->count; i++)
		keys[i] = (num_u128) ((uint64) state->entries[i].customer_id ^
							  UINT64CONST(1) << 63) << 32 | (uint32) i;
	num_radix_sort(keys, keys + state->count, state->count, 32,
				   PollInterrupts);
	for (int64 i = 0; i < state->count; i++)
	{
		result->entries[i] = state->entries[(uint32) keys[i]];
		if (i % NUM_POLL_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(keys);
	AssertCheckGroup(result);
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
	int64		count = 0;
	RfmGroupState *state;

	for (char *c = cursor; *c != '\0'; c++)
		count += *c == '{';
	if (count == 0 || count > MAX_CUSTOMERS)
		RefuseState(TYPE_NAME, "number of customers out of range");
	StateTextVersion(&cursor, TYPE_NAME);
	state = CreateFinished(count, 0);
	for (int64 i = 0; i < count; i++)
	{
		RfmEntry   *entry = &state->entries[i];
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
	RfmGroupState *state = FinishGroup(ReadGroup(PG_GETARG_DATUM(0)));
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext,
													  "rfm_group row",
													  ALLOCSET_SMALL_SIZES);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d", state->growing.head.version);
	for (int64 i = 0; i < state->count; i++)
	{
		const RfmEntry *entry = &state->entries[i];
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
	RfmGroupState *state;

	StateReceiveVersion(buffer, TYPE_NAME);
	scale = pq_getmsgint(buffer, 2);
	count = pq_getmsgint64(buffer);
	if (scale > NUM_I256_DIGITS)
		RefuseState(TYPE_NAME, "scale out of range");
	if (count < 1 || count > MAX_CUSTOMERS ||
		count * (int64) sizeof(RfmEntry) != buffer->len - buffer->cursor)
		RefuseState(TYPE_NAME, "number of customers does not fit the message");
	state = CreateFinished(count, scale);
	for (int64 i = 0; i < count; i++)
	{
		RfmEntry   *entry = &state->entries[i];

		entry->customer_id = pq_getmsgint64(buffer);
		entry->summary.first_at = pq_getmsgint64(buffer);
		entry->summary.last_at = pq_getmsgint64(buffer);
		entry->summary.frequency = pq_getmsgint64(buffer);
		entry->summary.monetary = StateReceiveI256(buffer);
		CheckEntry(entry, i > 0 ? entry - 1 : NULL);
	}
	PG_RETURN_POINTER(state);
}

Datum
rfm_group_send(PG_FUNCTION_ARGS)
{
	RfmGroupState *state = FinishGroup(ReadGroup(PG_GETARG_DATUM(0)));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, state->growing.head.version);
	pq_sendint16(&buffer, state->growing.head.scale);
	pq_sendint64(&buffer, state->count);
	for (int64 i = 0; i < state->count; i++)
	{
		const RfmEntry *entry = &state->entries[i];

		pq_sendint64(&buffer, entry->customer_id);
		pq_sendint64(&buffer, entry->summary.first_at);
		pq_sendint64(&buffer, entry->summary.last_at);
		pq_sendint64(&buffer, entry->summary.frequency);
		StateSendI256(&buffer, &entry->summary.monetary);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* unnest(rfm_group): one row a customer, by customer_id, one at a time */
Datum
rfm_group_unnest(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	RfmGroupState *state;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller;
		TupleDesc	tupdesc;

		call = SRF_FIRSTCALL_INIT();
		caller = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		/* the argument outlives the calls; a detoasted copy does too */
		call->user_fctx = ReadGroup(PG_GETARG_DATUM(0));
		call->max_calls = ((RfmGroupState *) call->user_fctx)->count;
		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "unnest(rfm_group) must return rows");
		call->tuple_desc = BlessTupleDesc(tupdesc);
		MemoryContextSwitchTo(caller);
	}
	call = SRF_PERCALL_SETUP();
	state = call->user_fctx;
	if (call->call_cntr < call->max_calls)
	{
		const RfmEntry *entry = &state->entries[call->call_cntr];
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
