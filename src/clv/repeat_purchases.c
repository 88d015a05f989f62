/*
 * repeat_purchases.c
 *	  One customer's purchases by day, as buy-till-you-die models need them.
 *
 * SQL, in file order: type repeat_purchases (repeat_purchases_in, _out, _recv,
 * _send), aggregates repeat_purchases(purchased_on, amount) and
 * repeat_purchases_merge(repeat_purchases), accessors frequency, recency, age,
 * monetary_value.
 *
 * Purchases of one day count as one (Fader, Hardie and Lee 2005).  With days
 * d_0 < d_1 < ... < d_x: frequency x, recency t_x = d_x - d_0, age T = as_of -
 * d_0, and the mean of the totals of days 1 to x.  For that the state keeps
 * the distinct days and two sums: of the first day, and of all.  Days that
 * arrive out of order wait unsorted at the end, until the room is full.
 */
#include "crmcost.h"

#include "state/decimal.h"
#include "state/state.h"
#include "utils/date.h"
#include "utils/datetime.h"

#define TYPE_NAME "repeat_purchases"

typedef struct RepeatState
{
	GrowingState growing;
	int32		ndays;
	int32		nsorted;		/* so many days are in order and distinct */
	num_i256	first;			/* total of the first day */
	num_i256	total;			/* total of all days, at the same scale */
	DateADT		first_on;
	DateADT		last_on;
	DateADT		days[FLEXIBLE_ARRAY_MEMBER];
} RepeatState;

#define STATE_SIZE(ndays) \
	(offsetof(RepeatState, days) + (Size) (ndays) * sizeof(DateADT))
#define FIRST_ROOM 6
#define MAX_DAYS ((int64) ((MaxAllocSize - STATE_SIZE(0)) / sizeof(DateADT)))

SQL_FUNCTION(repeat_purchases_in);
SQL_FUNCTION(repeat_purchases_out);
SQL_FUNCTION(repeat_purchases_recv);
SQL_FUNCTION(repeat_purchases_send);
SQL_FUNCTION(repeat_purchases_trans);
SQL_FUNCTION(repeat_purchases_combine);
SQL_FUNCTION(repeat_purchases_final);
SQL_FUNCTION(repeat_purchases_frequency);
SQL_FUNCTION(repeat_purchases_recency);
SQL_FUNCTION(repeat_purchases_age);
SQL_FUNCTION(repeat_purchases_monetary_value);

static inline void
AssertCheckRepeat(const RepeatState *state)
{
	Assert(state->growing.head.version == STATE_VERSION);
	Assert(state->growing.used == (int64) STATE_SIZE(state->ndays));
	Assert(state->ndays >= 1 && state->nsorted <= state->ndays);
	Assert(state->first_on <= state->last_on);
}

static int
CompareDays(const void *a, const void *b, void *arg)
{
	DateADT		left = *(const DateADT *) a;
	DateADT		right = *(const DateADT *) b;

	return (left > right) - (left < right);
}

/* Sorts the days and drops repetitions. */
static void
SortDays(RepeatState *state)
{
	int32		ndays = 1;

	if (state->nsorted == state->ndays)
		return;
	qsort_interruptible(state->days, state->ndays, sizeof(DateADT),
						CompareDays, NULL);
	for (int32 i = 1; i < state->ndays; i++)
		if (state->days[i] != state->days[ndays - 1])
			state->days[ndays++] = state->days[i];
	state->ndays = state->nsorted = ndays;
	state->growing.used = STATE_SIZE(ndays);
}

/*
 * A state with its days in order: sorted here if no final function did, as
 * where a partial aggregate's state is sent from one server to another.
 */
static RepeatState *
ReadSorted(Datum datum)
{
	RepeatState *state = (RepeatState *) StateRead(datum);

	if (state->nsorted < state->ndays)
	{
		RepeatState *copy = palloc(state->growing.used);

		memcpy(copy, state, state->growing.used);
		SortDays(copy);
		state = copy;
	}
	return state;
}

/* A state with room for "more" days. */
static Datum
MakeRoom(Datum datum, int64 more, MemoryContext aggcontext)
{
	Size		capacity;
	RepeatState *state = (RepeatState *) StateView(datum, &capacity);

	if (STATE_SIZE(state->ndays + more) <= capacity)
		return datum;
	/* sorting may make room; if it makes little, take more */
	SortDays(state);
	if (STATE_SIZE(state->ndays + more) <= capacity &&
		(Size) state->growing.used <= capacity / 4 * 3)
		return datum;
	return StateGrow(datum, state->growing.used,
					 Max(STATE_SIZE(state->ndays + more), capacity + 1),
					 MaxAllocSize, "Split the purchases by customer.",
					 aggcontext);
}

static inline void
AddDay(RepeatState *state, DateADT day)
{
	DateADT		last = state->ndays > 0 ? state->days[state->ndays - 1] : 0;

	if (state->ndays > 0 && day == last)
		return;
	if (state->nsorted == state->ndays &&
		(state->ndays == 0 || day > last))
		state->nsorted++;
	state->days[state->ndays++] = day;
	state->growing.used += sizeof(DateADT);
}

/* Adds what was bought on a day to the two sums, and the day to the ends. */
static void
AddTotals(RepeatState *state, DateADT first_on, DateADT last_on,
		  const ExactSum *first, const ExactSum *total)
{
	int			scale = state->growing.head.scale;
	ExactSum	own_first = ExactSumOf(&state->first, scale);
	ExactSum	own_total = ExactSumOf(&state->total, scale);
	ExactSum	nothing = {{{0, 0, 0, 0}}, total->scale};

	if (first_on < state->first_on)
	{
		own_first = *first;
		nothing.scale = own_total.scale;
		ExactSumCombine(&own_first, &nothing, "amount");
	}
	else
		ExactSumCombine(&own_first,
						first_on == state->first_on ? first : &nothing,
						"amount");
	ExactSumCombine(&own_total, total, "amount");
	Assert(own_first.scale == own_total.scale);
	state->first = own_first.value;
	state->total = own_total.value;
	state->growing.head.scale = own_total.scale;
	state->first_on = Min(state->first_on, first_on);
	state->last_on = Max(state->last_on, last_on);
}

static RepeatState *
CreateState(int64 room, int scale)
{
	RepeatState *state = palloc0(STATE_SIZE(room));

	SET_VARSIZE(state, STATE_SIZE(room));
	state->growing.head.version = STATE_VERSION;
	state->growing.head.scale = scale;
	state->growing.used = STATE_SIZE(0);
	return state;
}

/* A finished state's totals, from their text or wire form. */
static RepeatState *
CreateFinished(const DateADT *dates, int64 ndays, const ExactSum *first,
			   const ExactSum *total)
{
	RepeatState *state = CreateState(ndays, total->scale);

	if (first->scale != total->scale)
		RefuseState(TYPE_NAME, "sums must have the same number of decimals");
	for (int64 i = 0; i < ndays; i++)
	{
		if (!IS_VALID_DATE(dates[i]) || (i > 0 && dates[i] <= dates[i - 1]))
			RefuseState(TYPE_NAME, "days must be dates in ascending order");
		AddDay(state, dates[i]);
	}
	state->first_on = dates[0];
	state->last_on = dates[ndays - 1];
	state->first = first->value;
	state->total = total->value;
	if (ndays == 1 &&
		memcmp(&first->value, &total->value, sizeof(num_i256)) != 0)
		RefuseState(TYPE_NAME, "total must be that of the only day");
	AssertCheckRepeat(state);
	return state;
}

/* (1,total of the first day,total,day,day,...) */
Datum
repeat_purchases_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	Size		room = strlen(cursor) / 2 + 1;
	DateADT    *dates = palloc(room * sizeof(DateADT));
	int64		ndays = 0;
	ExactSum	first;
	ExactSum	total;

	StateTextVersion(&cursor, TYPE_NAME);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	ExactSumRead(&first, NumericFromText(StateTextField(&cursor, ",", TYPE_NAME)),
				 "amount");
	StateTextSkip(&cursor, ',', TYPE_NAME);
	ExactSumRead(&total, NumericFromText(StateTextField(&cursor, ",", TYPE_NAME)),
				 "amount");
	do
	{
		char	   *field;
		Datum		date;

		StateTextSkip(&cursor, ',', TYPE_NAME);
		field = StateTextField(&cursor, ",)", TYPE_NAME);
		if (!StateTextIsDate(field) ||
			field[strspn(field, "0123456789- BC")] != '\0')
			RefuseState(TYPE_NAME, psprintf("\"%s\" is not a date", field));
		date = DirectFunctionCall1(date_in, CStringGetDatum(field));
		dates[ndays++] = DatumGetDateADT(date);
		CHECK_FOR_INTERRUPTS();
	} while (*cursor == ',');
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(CreateFinished(dates, ndays, &first, &total));
}

Datum
repeat_purchases_out(PG_FUNCTION_ARGS)
{
	RepeatState *state = ReadSorted(PG_GETARG_DATUM(0));
	ExactSum	first = ExactSumOf(&state->first, state->growing.head.scale);
	ExactSum	total = ExactSumOf(&state->total, state->growing.head.scale);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d,%s,%s", state->growing.head.version,
					 NumericText(ExactSumNumeric(&first)),
					 NumericText(ExactSumNumeric(&total)));
	for (int32 i = 0; i < state->ndays; i++)
	{
		struct pg_tm tm;
		char		day[MAXDATELEN + 1];

		memset(&tm, 0, sizeof(tm));
		j2date(state->days[i] + POSTGRES_EPOCH_JDATE,
			   &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
		EncodeDateOnly(&tm, USE_ISO_DATES, day);
		appendStringInfo(&out, ",%s", day);
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

Datum
repeat_purchases_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	int			scale;
	ExactSum	first;
	ExactSum	total;
	DateADT    *dates;
	int64		ndays;

	StateReceiveVersion(buffer, TYPE_NAME);
	scale = pq_getmsgint(buffer, 2);
	if (scale > NUM_I256_DIGITS)
		RefuseState(TYPE_NAME, "scale out of range");
	first.scale = total.scale = scale;
	first.value = StateReceiveI256(buffer);
	total.value = StateReceiveI256(buffer);
	ndays = (buffer->len - buffer->cursor) / sizeof(DateADT);
	if (ndays < 1 || ndays > MAX_DAYS)
		RefuseState(TYPE_NAME, "number of days out of range");
	dates = palloc(ndays * sizeof(DateADT));
	for (int64 i = 0; i < ndays; i++)
		dates[i] = pq_getmsgint(buffer, sizeof(DateADT));
	PG_RETURN_POINTER(CreateFinished(dates, ndays, &first, &total));
}

Datum
repeat_purchases_send(PG_FUNCTION_ARGS)
{
	RepeatState *state = ReadSorted(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, state->growing.head.version);
	pq_sendint16(&buffer, state->growing.head.scale);
	StateSendI256(&buffer, &state->first);
	StateSendI256(&buffer, &state->total);
	for (int32 i = 0; i < state->ndays; i++)
		pq_sendint32(&buffer, state->days[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/*
 * repeat_purchases_trans(repeat_purchases, purchased_on date, amount numeric):
 * a row with a NULL is skipped.
 */
Datum
repeat_purchases_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	RepeatState *state;
	Size		capacity;
	DateADT		day;
	ExactSum	amount;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return StateUnchanged(fcinfo);
	day = PG_GETARG_DATEADT(1);
	if (DATE_NOT_FINITE(day))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("purchased_on must be finite, not %s",
						DATE_IS_NOBEGIN(day) ? "-infinity" : "infinity")));
	ExactSumRead(&amount, PG_GETARG_DATUM(2), "amount");

	if (PG_ARGISNULL(0))
	{
		state = CreateState(FIRST_ROOM, amount.scale);
		datum = PointerGetDatum(state);
		state->first_on = state->last_on = day;
		state->first = state->total = amount.value;
	}
	else
	{
		datum = MakeRoom(datum, 1, aggcontext);
		state = (RepeatState *) StateView(datum, &capacity);
		AddTotals(state, day, day, &amount, &amount);
	}
	AddDay(state, day);
	AssertCheckRepeat(state);
	PG_RETURN_DATUM(datum);
}

/*
 * repeat_purchases_combine(repeat_purchases, repeat_purchases): also the
 * transition function of repeat_purchases_merge
 */
Datum
repeat_purchases_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	RepeatState *state;
	RepeatState *other;
	Size		capacity;
	ExactSum	first;
	ExactSum	total;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (RepeatState *) StateRead(PG_GETARG_DATUM(1));
	datum = MakeRoom(datum, other->ndays, aggcontext);
	state = (RepeatState *) StateView(datum, &capacity);
	first = ExactSumOf(&other->first, other->growing.head.scale);
	total = ExactSumOf(&other->total, other->growing.head.scale);
	AddTotals(state, other->first_on, other->last_on, &first, &total);
	for (int32 i = 0; i < other->ndays; i++)
		AddDay(state, other->days[i]);
	AssertCheckRepeat(state);
	PG_RETURN_DATUM(datum);
}

/* The finished state: distinct days in order, and no spare room. */
Datum
repeat_purchases_final(PG_FUNCTION_ARGS)
{
	RepeatState *state;
	RepeatState *result;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (RepeatState *) StateRead(PG_GETARG_DATUM(0));
	result = palloc(state->growing.used);
	memcpy(result, state, state->growing.used);
	SortDays(result);
	SET_VARSIZE(result, result->growing.used);
	AssertCheckRepeat(result);
	PG_RETURN_POINTER(result);
}

/* x: days with a purchase after the first */
Datum
repeat_purchases_frequency(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(ReadSorted(PG_GETARG_DATUM(0))->ndays - 1);
}

/* t_x: days from the first purchase to the last */
Datum
repeat_purchases_recency(PG_FUNCTION_ARGS)
{
	RepeatState *state = (RepeatState *) StateRead(PG_GETARG_DATUM(0));

	PG_RETURN_INT32(state->last_on - state->first_on);
}

static char *
DateText(DateADT date)
{
	return DatumGetCString(DirectFunctionCall1(date_out,
											   DateADTGetDatum(date)));
}

/* T: days from the first purchase to as_of, which is not before the last */
Datum
repeat_purchases_age(PG_FUNCTION_ARGS)
{
	RepeatState *state = (RepeatState *) StateRead(PG_GETARG_DATUM(0));
	DateADT		as_of = PG_GETARG_DATEADT(1);

	if (DATE_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must be finite, not %s",
						DATE_IS_NOBEGIN(as_of) ? "-infinity" : "infinity")));
	if (as_of < state->last_on)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("as_of must not be before the last purchase on %s, not %s",
						DateText(state->last_on), DateText(as_of)),
				 errhint("Filter the purchases to those until as_of.")));
	PG_RETURN_INT32(as_of - state->first_on);
}

/* The mean of the daily totals after the first day; NULL without any. */
Datum
repeat_purchases_monetary_value(PG_FUNCTION_ARGS)
{
	RepeatState *state = ReadSorted(PG_GETARG_DATUM(0));
	ExactSum	rest = ExactSumOf(&state->total, state->growing.head.scale);
	ExactSum	first = ExactSumOf(&state->first, rest.scale);

	if (state->ndays == 1)
		PG_RETURN_NULL();
	first.value = num_i256_negate(&first.value);
	ExactSumCombine(&rest, &first, "amount");
	PG_RETURN_DATUM(NumericDivide(ExactSumNumeric(&rest),
								  NumericFromInt64(state->ndays - 1)));
}
