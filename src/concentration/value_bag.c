/*
 * value_bag.c
 *	  All values of a group, as an aggregate has gathered them.
 *
 * SQL, in file order: type value_bag (value_bag_in, _out, _recv, _send),
 * value_bag_trans, value_bag_combine.
 *
 * The state is 16 bytes a value, as integers at one scale, or numerics once
 * one does not fit 128 bits.
 */
#include "crmcost.h"

#include "concentration/value_bag.h"
#include "state/state.h"

#define TYPE_NAME "value_bag"
#define FLAG_WIDE 1
#define FLAG_FRACTION 2

typedef struct BagState
{
	GrowingState growing;
	int64		count;
	uint64		fraction[2];	/* of top_share: a num_i128 ... */
	int32		fraction_scale; /* ... times 10^-scale */
	int32		unused;
	char		values[FLEXIBLE_ARRAY_MEMBER];	/* num_i128s, or varlenas */
} BagState;

#define BAG_HEAD offsetof(BagState, values)
#define FIRST_VALUES 8
#define FRACTION_DECIMALS 37	/* 128 bits hold 1 with so many */
#define TOO_MANY_HINT "Aggregate a sample of the values."

SQL_FUNCTION(value_bag_in);
SQL_FUNCTION(value_bag_out);
SQL_FUNCTION(value_bag_recv);
SQL_FUNCTION(value_bag_send);
SQL_FUNCTION(value_bag_trans);
SQL_FUNCTION(value_bag_combine);

static inline bool
IsWide(const BagState *state)
{
	return (state->growing.head.flags & FLAG_WIDE) != 0;
}

static inline num_i128 *
GetIntegers(BagState *state)
{
	return (num_i128 *) state->values;
}

static inline void
AssertCheckBag(const BagState *state)
{
	Assert(state->growing.head.version == STATE_VERSION);
	Assert(state->count >= 0);
	Assert(IsWide(state) || state->growing.used ==
		   (int64) (BAG_HEAD + state->count * sizeof(num_i128)));
}

/* The bag's values as a column, in the current context. */
static void
ReadBag(BagState *state, ExactColumn *column)
{
	char	   *position = state->values;

	ExactColumnInit(column, state->count, CurrentMemoryContext);
	column->scale = state->growing.head.scale;
	if (!IsWide(state))
	{
		for (int64 i = 0; i < state->count; i++)
		{
			column->value[i] = GetIntegers(state)[i];
			POLL_AT(i);
		}
		column->count = state->count;
		return;
	}
	ExactColumnWiden(column);
	for (int64 i = 0; i < state->count; i++)
	{
		column->numeric[i] = PointerGetDatum(position);
		position += INTALIGN(VARSIZE(position));
		POLL_AT(i);
	}
	column->count = state->count;
}

/* The bag with room for more bytes; an empty one for a null pointer. */
static Datum
MakeRoom(Datum datum, Size more, MemoryContext aggcontext)
{
	Size		capacity;
	Size		used = BAG_HEAD;
	BagState   *state;

	if (DatumGetPointer(datum) != NULL)
	{
		used = StateView(datum, &capacity)->used;
		return StateGrow(datum, used, used + more, MaxAllocSize,
						 TOO_MANY_HINT, aggcontext);
	}
	datum = StateGrow(datum, used,
					  used + Max(more, FIRST_VALUES * sizeof(num_i128)),
					  MaxAllocSize, TOO_MANY_HINT, aggcontext);
	state = (BagState *) StateView(datum, &capacity);
	memset(state->fraction, 0, sizeof(state->fraction));
	state->count = 0;
	state->fraction_scale = 0;
	state->unused = 0;
	state->growing.head.version = STATE_VERSION;
	state->growing.used = used;
	return datum;
}

static Datum
AppendNumeric(Datum datum, Datum numeric, MemoryContext aggcontext)
{
	struct varlena *value = PG_DETOAST_DATUM(numeric);
	Size		size = INTALIGN(VARSIZE(value));
	Size		capacity;
	BagState   *state;

	datum = MakeRoom(datum, size, aggcontext);
	state = (BagState *) StateView(datum, &capacity);
	memset((char *) state + state->growing.used, 0, size);
	memcpy((char *) state + state->growing.used, value, VARSIZE(value));
	state->growing.used += size;
	state->count++;
	return datum;
}

/* Turns a bag of integers into one of numerics. */
static Datum
WidenBag(Datum datum, MemoryContext aggcontext)
{
	Size		capacity;
	BagState   *state = (BagState *) StateView(datum, &capacity);
	Datum		wide;
	ExactColumn column;
	BagState   *result;

	if (IsWide(state))
		return datum;
	ReadBag(state, &column);
	ExactColumnWiden(&column);
	wide = MakeRoom(PointerGetDatum(NULL), capacity, aggcontext);
	result = (BagState *) StateView(wide, &capacity);
	result->growing.head.flags = state->growing.head.flags | FLAG_WIDE;
	result->growing.head.scale = state->growing.head.scale;
	memcpy(result->fraction, state->fraction, sizeof(result->fraction));
	result->fraction_scale = state->fraction_scale;
	for (Size i = 0; i < column.count; i++)
	{
		wide = AppendNumeric(wide, column.numeric[i], aggcontext);
		POLL_AT(i);
	}
	return wide;
}

/* Brings a bag of integers to a larger scale; false if they do not fit. */
static bool
RaiseBagScale(BagState *state, int scale)
{
	if (!DecimalRaiseScale(GetIntegers(state), state->count,
						   scale - state->growing.head.scale))
		return false;
	state->growing.head.scale = scale;
	return true;
}

/* Adds one value. */
static Datum
AddValue(Datum datum, Datum numeric, MemoryContext aggcontext)
{
	Size		capacity;
	BagState   *state = (BagState *) StateView(datum, &capacity);
	num_i128	value;
	int			scale;

	if (likely(!IsWide(state) && DecimalRead(numeric, &value, &scale)))
	{
		bool		raised = scale <= state->growing.head.scale ||
		RaiseBagScale(state, scale);
		int			more = state->growing.head.scale - scale;

		if (raised && num_i128_mul_pow10(value, more, &value))
		{
			if (state->growing.used + sizeof(value) > capacity)
			{
				datum = MakeRoom(datum, sizeof(value), aggcontext);
				state = (BagState *) StateView(datum, &capacity);
			}
			GetIntegers(state)[state->count++] = value;
			state->growing.used += sizeof(value);
			AssertCheckBag(state);
			return datum;
		}
	}
	CheckFiniteNumeric(numeric, "value");
	return AppendNumeric(WidenBag(datum, aggcontext), numeric, aggcontext);
}

/* Notes the fraction of top_share, which must be the same for all rows. */
static void
SetFraction(BagState *state, Datum fraction)
{
	Datum		rounded;
	ExactSum	sum;

	CheckFiniteNumeric(fraction, "fraction");
	rounded = NumericRound(fraction, FRACTION_DECIMALS);
	if (NumericSign(fraction) < 0 ||
		NumericCompare(fraction, NumericFromInt64(1)) > 0 ||
		NumericCompare(fraction, rounded) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fraction must be between 0 and 1 with at most %d decimals, not %s",
						FRACTION_DECIMALS, NumericText(fraction))));
	if (NumericScale(fraction) > FRACTION_DECIMALS)
		fraction = rounded;		/* its further decimals are zeros */
	ExactSumRead(&sum, fraction, "fraction");
	state->fraction[0] = sum.value.w[0];
	state->fraction[1] = sum.value.w[1];
	state->fraction_scale = sum.scale;
	state->growing.head.flags |= FLAG_FRACTION;
}

static Datum
GetFraction(const BagState *state)
{
	return DecimalNumeric((num_i128) ((num_u128) state->fraction[1] << 64 |
									  state->fraction[0]),
						  state->fraction_scale);
}

static void
CheckSameFraction(const BagState *state, Datum fraction)
{
	if (!NumericEqual(GetFraction(state), fraction))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("fraction must be the same for all rows, not %s and %s",
						NumericText(GetFraction(state)),
						NumericText(fraction))));
}

/* (1,fraction or -,value,value,...) */
Datum
value_bag_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	Datum		bag = MakeRoom(PointerGetDatum(NULL), 0, CurrentMemoryContext);
	Size		capacity;
	BagState   *state;
	char	   *fraction;

	StateTextVersion(&cursor, TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	fraction = StateTextField(&cursor, ",)", TYPE_NAME);
	if (strcmp(fraction, "-") != 0)
		SetFraction((BagState *) StateView(bag, &capacity),
					NumericFromText(fraction));
	while (*cursor == ',')
	{
		StateTextSkip(&cursor, ',', TYPE_NAME);
		bag = AddValue(bag,
					   NumericFromText(StateTextField(&cursor, ",)", TYPE_NAME)),
					   CurrentMemoryContext);
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	state = (BagState *) StateView(bag, &capacity);
	if (state->count == 0)
		RefuseState(TYPE_NAME, "at least one value expected");
	PG_RETURN_DATUM(bag);
}

Datum
value_bag_out(PG_FUNCTION_ARGS)
{
	BagState   *state = (BagState *) StateRead(PG_GETARG_DATUM(0));
	ExactColumn column;
	StringInfoData out;

	ReadBag(state, &column);
	initStringInfo(&out);
	appendStringInfo(&out, "(%d,%s", state->growing.head.version,
					 state->growing.head.flags & FLAG_FRACTION ?
					 NumericText(GetFraction(state)) : "-");
	for (Size i = 0; i < column.count; i++)
	{
		char	   *text = NumericText(ExactColumnNumeric(&column, i));

		appendStringInfo(&out, ",%s", text);
		pfree(text);
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

/* On the wire: version, text form.  The values have no other portable form. */
Datum
value_bag_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			length;
	char	   *text;

	StateReceiveVersion(buffer, TYPE_NAME);
	text = pq_getmsgtext(buffer, buffer->len - buffer->cursor, &length);

	PG_RETURN_DATUM(DirectFunctionCall1(value_bag_in, CStringGetDatum(text)));
}

Datum
value_bag_send(PG_FUNCTION_ARGS)
{
	Datum		out = DirectFunctionCall1(value_bag_out, PG_GETARG_DATUM(0));
	char	   *text = DatumGetCString(out);
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, STATE_VERSION);
	pq_sendtext(&buffer, text, strlen(text));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* value_bag_trans(value_bag, value numeric [, fraction numeric]) */
Datum
value_bag_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		bag = StateArgument(fcinfo);
	BagState   *state;
	Size		capacity;

	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	if (PG_ARGISNULL(0))
	{
		bag = MakeRoom(bag, 0, aggcontext);
		state = (BagState *) StateView(bag, &capacity);
		if (PG_NARGS() > 2)
			SetFraction(state, PG_GETARG_DATUM(2));
	}
	else if (PG_NARGS() > 2)
	{
		state = (BagState *) StateView(bag, &capacity);
		CheckSameFraction(state, PG_GETARG_DATUM(2));
	}
	PG_RETURN_DATUM(AddValue(bag, PG_GETARG_DATUM(1), aggcontext));
}

Datum
value_bag_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		bag = StateArgument(fcinfo);
	BagState   *state;
	BagState   *other;
	Size		capacity;
	ExactColumn column;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (BagState *) StateRead(PG_GETARG_DATUM(1));
	state = (BagState *) StateView(bag, &capacity);
	if (other->growing.head.flags & FLAG_FRACTION)
		CheckSameFraction(state, GetFraction(other));

	if (!IsWide(state) && !IsWide(other) &&
		state->growing.head.scale == other->growing.head.scale)
	{
		Size		size = other->count * sizeof(num_i128);

		bag = MakeRoom(bag, size, aggcontext);
		state = (BagState *) StateView(bag, &capacity);
		memcpy((char *) state + state->growing.used, other->values, size);
		state->growing.used += size;
		state->count += other->count;
		AssertCheckBag(state);
		PG_RETURN_DATUM(bag);
	}
	ReadBag(other, &column);
	for (Size i = 0; i < column.count; i++)
	{
		bag = AddValue(bag, ExactColumnNumeric(&column, i), aggcontext);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(bag);
}

/* The values of a bag as a column, in the current context. */
void
BagRead(Datum bag, ExactColumn *column)
{
	ReadBag((BagState *) StateRead(bag), column);
}

/* The fraction that came with the values of a bag. */
Datum
BagFraction(Datum bag)
{
	const BagState *state = (BagState *) StateRead(bag);

	if ((state->growing.head.flags & FLAG_FRACTION) == 0)
		RefuseOtherState("top_share", "gini");
	return GetFraction(state);
}
