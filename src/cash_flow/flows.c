/*
 * flows.c
 *	  Cash flows as an aggregate has gathered them.
 *
 * SQL, in file order: the transition functions and the combine function of the
 * aggregates over cash flows, type cash_flows (cash_flows_in, _out, _recv,
 * _send).
 *
 * A state is a table (see state_table.h) of periods, or of days, with the
 * exact sum of each, at a scale of its own: flows may be of very different
 * size.  Rates are parameters of the state: an exact one is a num_i128 in the
 * first two words and its scale in the third; two others are doubles in the
 * first two.
 */
#include "crmcost.h"

#include "cash_flow/flows.h"
#include "common/shortest_dec.h"
#include "state/huge_array.h"
#include "utils/date.h"

#define TYPE_NAME "cash_flows"

/* what the rates of a state are */
enum
{
	NO_RATE, EXACT_RATE, TWO_RATES
};

/* the words of a row: when, a num_i128, and its scale */
enum
{
	AT, AMOUNT, SCALE = AMOUNT + 2
};

/* a flow on the wire: when, scale and amount */
#define FLOW_WIRE_SIZE (sizeof(int64) + sizeof(int16) + sizeof(num_i256))

/* numeric has no more decimals */
#define MAX_SCALE 16383

SQL_FUNCTION(cash_flows_in);
SQL_FUNCTION(cash_flows_out);
SQL_FUNCTION(cash_flows_recv);
SQL_FUNCTION(cash_flows_send);
SQL_FUNCTION(period_flows_trans);
SQL_FUNCTION(dated_flows_trans);
SQL_FUNCTION(rate_period_flows_trans);
SQL_FUNCTION(rate_dated_flows_trans);
SQL_FUNCTION(mirr_trans);
SQL_FUNCTION(cash_flows_combine);

/* Adds to the sum of an entry, which gets the larger of the scales. */
static void
AddToEntry(FlowEntry *entry, const ExactSum *flow)
{
	ExactSum	sum = ExactSumOf(&entry->amount, (int) entry->scale);

	ExactSumCombine(&sum, flow, "amount");
	entry->amount = sum.value;
	entry->scale = sum.scale;
}

static inline void
AddRow(void *entry, const uint64 *word)
{
	num_i256	wide = num_i256_from_i128(num_i128_join(&word[AMOUNT]));
	ExactSum	flow = ExactSumOf(&wide, (int) word[SCALE]);

	if (unlikely(((FlowEntry *) entry)->scale != flow.scale))
		AddToEntry(entry, &flow);
	else if (!num_i256_add(&((FlowEntry *) entry)->amount, &wide))
		RefuseSum("amount");
}

static void FlushFlows(GrowingState *state);

static const TableKind flow_table = {
	sizeof(FlowEntry),
	1,
	AddRow,
	FlushFlows,
	"different periods",
	"Group the flows by month or year."
};

static void
FlushFlows(GrowingState *state)
{
	TableFlush(&flow_table, (TableState *) state);
}

static inline FlowEntry *
GetEntry(const TableState *state, int64 number)
{
	return TableEntry(&flow_table, state, number);
}

/* Adds a flow to a state that has its parameters. */
static Datum
AddFlow(Datum datum, int64 at, const ExactSum *flow, MemoryContext aggcontext)
{
	Size		capacity;
	TableState *state;
	num_i128	small;
	TableRow	row;

	row.word[AT] = (uint64) at;
	if (num_i256_to_i128(&flow->value, &small))
	{
		num_i128_split(small, &row.word[AMOUNT]);
		row.word[SCALE] = flow->scale;
		return TableAdd(&flow_table, datum, &row, aggcontext);
	}

	FlushFlows((GrowingState *) StateView(datum, &capacity));
	datum = TableMakeRoom(&flow_table, datum, 1, aggcontext);
	state = (TableState *) StateView(datum, &capacity);
	row.hash = TableHash(&flow_table, row.word);
	AddToEntry(TableFind(&flow_table, state, row.word, row.hash), flow);
	return datum;
}

static void
SetExactRate(TableState *state, Datum rate)
{
	num_i128	value;
	int			scale;

	CheckFiniteNumeric(rate, "rate");
	if (NumericCompare(rate, NumericFromInt64(-1)) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rate must be greater than -1, not %s",
						NumericText(rate))));
	if (!DecimalRead(rate, &value, &scale))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("rate must have at most 38 digits, not %s",
						NumericText(rate))));
	state->growing.head.flags = EXACT_RATE;
	num_i128_split(value, state->parameter);
	state->parameter[2] = scale;
}

static Datum
GetExactRate(const TableState *state)
{
	return DecimalNumeric(num_i128_join(state->parameter),
						  (int) state->parameter[2]);
}

static const char *const two_rates[2] = {"finance_rate", "reinvest_rate"};

static void
SetTwoRates(TableState *state, const double *rate)
{
	for (int i = 0; i < 2; i++)
	{
		CheckFinite(rate[i], two_rates[i]);
		if (!(rate[i] > -1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be greater than -1, not %g", two_rates[i],
							rate[i])));
	}
	state->growing.head.flags = TWO_RATES;
	memcpy(state->parameter, rate, 2 * sizeof(double));
}

static void
CheckExactRate(const TableState *state, Datum rate)
{
	if (!NumericEqual(GetExactRate(state), rate))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rate must be the same for all rows, not %s and %s",
						NumericText(GetExactRate(state)), NumericText(rate))));
}

static void
CheckTwoRates(const TableState *state, const double *rate)
{
	double		own[2];

	memcpy(own, state->parameter, sizeof(own));
	for (int i = 0; i < 2; i++)
		if (own[i] != rate[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be the same for all rows, not %g and %g",
							two_rates[i], own[i], rate[i])));
}

static void
CheckSameRates(const TableState *state, const TableState *other)
{
	double		rate[2];

	if (state->growing.head.flags != other->growing.head.flags)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("states of cash flows must have the same rates, not other ones")));
	if (state->growing.head.flags == EXACT_RATE)
		CheckExactRate(state, GetExactRate(other));
	if (state->growing.head.flags == TWO_RATES)
	{
		memcpy(rate, other->parameter, sizeof(rate));
		CheckTwoRates(state, rate);
	}
}

/* What the arguments are of the transition functions: by position. */
static Datum
AddArguments(FunctionCallInfo fcinfo, int rate, int amount, int at,
			 bool dated)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	ExactSum	flow;
	int64		when;

	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	ExactSumReadTiny(&flow, PG_GETARG_DATUM(amount), "amount");
	when = PG_GETARG_INT32(at);
	if (!dated)
		CheckIntegerRange(when, 0, PG_INT32_MAX, "period");
	else if (DATE_NOT_FINITE(when))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("paid_on must be finite, not %s",
						DATE_IS_NOBEGIN(when) ? "-infinity" : "infinity")));

	if (PG_ARGISNULL(0))
		datum = TableMakeRoom(&flow_table, datum, 1, aggcontext);
	if (rate > 0)
	{
		Size		capacity;
		TableState *state = (TableState *) StateView(datum, &capacity);

		if (PG_ARGISNULL(0))
			SetExactRate(state, PG_GETARG_DATUM(rate));
		else
			CheckExactRate(state, PG_GETARG_DATUM(rate));
	}
	return AddFlow(datum, when, &flow, aggcontext);
}

/* period_flows_trans(cash_flows, amount numeric, period int) */
Datum
period_flows_trans(PG_FUNCTION_ARGS)
{
	return AddArguments(fcinfo, 0, 1, 2, false);
}

/* dated_flows_trans(cash_flows, amount numeric, paid_on date) */
Datum
dated_flows_trans(PG_FUNCTION_ARGS)
{
	return AddArguments(fcinfo, 0, 1, 2, true);
}

/* rate_period_flows_trans(cash_flows, rate numeric, amount, period) */
Datum
rate_period_flows_trans(PG_FUNCTION_ARGS)
{
	return AddArguments(fcinfo, 1, 2, 3, false);
}

/* rate_dated_flows_trans(cash_flows, rate numeric, amount, paid_on date) */
Datum
rate_dated_flows_trans(PG_FUNCTION_ARGS)
{
	return AddArguments(fcinfo, 1, 2, 3, true);
}

static double
RateArgument(Datum rate, const char *argument)
{
	double		result;

	CheckFiniteNumeric(rate, argument);
	result = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow,
												rate));
	if (isinf(result))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must be within the range of double precision, not %s",
						argument, NumericText(rate))));
	return result;
}

/* mirr_trans(cash_flows, amount, period, finance_rate, reinvest_rate) */
Datum
mirr_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Size		capacity;
	double		rate[2];
	bool		first = PG_ARGISNULL(0);
	Datum		datum;
	TableState *state;

	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	for (int i = 0; i < 2; i++)
		rate[i] = RateArgument(PG_GETARG_DATUM(3 + i), two_rates[i]);
	datum = TableMakeRoom(&flow_table, StateArgument(fcinfo), 1, aggcontext);
	state = (TableState *) StateView(datum, &capacity);
	if (first)
		SetTwoRates(state, rate);
	else
		CheckTwoRates(state, rate);
	fcinfo->args[0].value = datum;
	fcinfo->args[0].isnull = false;
	return AddArguments(fcinfo, 0, 1, 2, false);
}

Datum
cash_flows_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	TableState *other;
	Size		capacity;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (TableState *) StateRead(PG_GETARG_DATUM(1));
	CheckSameRates((TableState *) StateView(datum, &capacity), other);
	for (int64 i = 0; i < other->count; i++)
	{
		const FlowEntry *entry = GetEntry(other, i);
		ExactSum	flow = ExactSumOf(&entry->amount, (int) entry->scale);

		datum = AddFlow(datum, entry->at, &flow, aggcontext);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(datum);
}

static int
CompareEntries(const void *a, const void *b, void *arg)
{
	int64		left = ((const FlowEntry *) a)->at;
	int64		right = ((const FlowEntry *) b)->at;

	return (left > right) - (left < right);
}

/* the largest power of ten that a double holds exactly */
#define EXACT_POWER 22

Flows
FlowsRead(Datum datum)
{
	Flows		flows;
	int			coarsest = MAX_SCALE;

	flows.state = (TableState *) StateRead(datum);
	flows.count = flows.state->count;
	flows.scale = 0;
	flows.entry = HugeArray(CurrentMemoryContext, flows.count,
							sizeof(FlowEntry));
	memcpy(flows.entry, GetEntry(flows.state, 0),
		   flows.count * sizeof(FlowEntry));
	qsort_interruptible(flows.entry, flows.count, sizeof(FlowEntry),
						CompareEntries, NULL);
	for (int64 i = 0; i < flows.count; i++)
	{
		flows.scale = Max(flows.scale, (int) flows.entry[i].scale);
		coarsest = Min(coarsest, (int) flows.entry[i].scale);
		POLL_AT(i);
	}
	flows.unit = flows.scale - coarsest <= EXACT_POWER ?
		flows.scale : coarsest;
	return flows;
}

/* An amount, exact. */
Datum
FlowsAmount(const Flows *flows, int64 i)
{
	ExactSum	sum = ExactSumOf(&flows->entry[i].amount,
								 (int) flows->entry[i].scale);

	return ExactSumNumeric(&sum);
}

/* An amount in units of 10^-unit; 0 if it is too small beside the others. */
double
FlowsDouble(const Flows *flows, int64 i)
{
	double		amount = num_i256_to_double(&flows->entry[i].amount);
	int			more = flows->unit - (int) flows->entry[i].scale;

	return more == 0 ? amount : amount * pow(10, more);
}

/* The same in twice the precision. */
num_double2
FlowsDouble2(const Flows *flows, int64 i)
{
	num_double2 amount = num_double2_from_i256(&flows->entry[i].amount);
	int			more = flows->unit - (int) flows->entry[i].scale;

	if (more > 0)
		return num_double2_multiply(amount, num_double2_of(pow(10, more)));
	for (; more < 0 && amount.high != 0; more++)
		amount = num_double2_divide(amount, num_double2_of(10));
	return amount;
}

/* Whether the flows sum to nothing, exactly. */
bool
FlowsAreBalanced(const Flows *flows)
{
	num_i256	sum = {{0, 0, 0, 0}};
	Datum		total = NumericFromInt64(0);
	bool		same = true;

	for (int64 i = 0; i < flows->count && same; i++)
		same = flows->entry[i].scale == flows->scale &&
			num_i256_add(&sum, &flows->entry[i].amount);
	if (same)
		return num_i256_is_zero(&sum);
	for (int64 i = 0; i < flows->count; i++)
	{
		total = NumericAdd(total, FlowsAmount(flows, i));
		CHECK_FOR_INTERRUPTS();
	}
	return NumericSign(total) == 0;
}

static void
CheckRateKind(const Flows *flows, int wanted)
{
	static const char *const aggregate[] = {
		"irr or payback", "npv, xnpv or discounted_payback", "mirr"
	};
	int			own = flows->state->growing.head.flags;

	if (own != wanted)
		RefuseOtherState(aggregate[wanted], aggregate[own]);
}

Datum
FlowsExactRate(const Flows *flows)
{
	CheckRateKind(flows, EXACT_RATE);
	return GetExactRate(flows->state);
}

void
FlowsTwoRates(const Flows *flows, double *rate)
{
	CheckRateKind(flows, TWO_RATES);
	memcpy(rate, flows->state->parameter, 2 * sizeof(double));
}

/* The rates as text: "-", "exact", or "finance/reinvest". */
static char *
RateText(const TableState *state)
{
	char		number[2][DOUBLE_SHORTEST_DECIMAL_LEN];

	if (state->growing.head.flags == NO_RATE)
		return pstrdup("-");
	if (state->growing.head.flags == EXACT_RATE)
		return NumericText(GetExactRate(state));
	for (int i = 0; i < 2; i++)
	{
		double		rate;

		memcpy(&rate, &state->parameter[i], sizeof(rate));
		double_to_shortest_decimal_buf(rate, number[i]);
	}
	return psprintf("%s/%s", number[0], number[1]);
}

static void
ReadRateText(TableState *state, char *text)
{
	char	   *slash = strchr(text, '/');
	double		rate[2];

	if (strcmp(text, "-") == 0)
		return;
	if (slash == NULL)
	{
		SetExactRate(state, NumericFromText(text));
		return;
	}
	*slash = '\0';
	rate[0] = DatumGetFloat8(DirectFunctionCall1(float8in,
												 CStringGetDatum(text)));
	rate[1] = DatumGetFloat8(DirectFunctionCall1(float8in,
												 CStringGetDatum(slash + 1)));
	SetTwoRates(state, rate);
}

/* Refuses what no aggregation can have made, as the entry of this number. */
static void
CheckEntry(const TableState *state, int64 number)
{
	int64		at = GetEntry(state, number)->at;

	if (at < PG_INT32_MIN || at > PG_INT32_MAX)
		RefuseState(TYPE_NAME, "period or day out of range");
	if (number > 0 && at <= GetEntry(state, number - 1)->at)
		RefuseState(TYPE_NAME, "flows must be in order of time");
}

/* (1,rates,{period or day,amount},...) */
Datum
cash_flows_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	int64		count = StateTextCount(cursor);
	TableState *state;

	if (count == 0 || count > TABLE_MAX_ENTRIES(&flow_table))
		RefuseState(TYPE_NAME, "number of flows out of range");
	StateTextVersion(&cursor, TYPE_NAME);
	state = TableCreateFinished(&flow_table, count);
	StateTextSkip(&cursor, ',', TYPE_NAME);
	ReadRateText(state, StateTextField(&cursor, ",", TYPE_NAME));
	for (int64 i = 0; i < count; i++)
	{
		FlowEntry  *entry = GetEntry(state, i);
		ExactSum	sum;
		char	   *field;

		StateTextSkip(&cursor, ',', TYPE_NAME);
		StateTextSkip(&cursor, '{', TYPE_NAME);
		entry->at = StateTextInt64(&cursor, ",", TYPE_NAME);
		StateTextSkip(&cursor, ',', TYPE_NAME);
		field = StateTextField(&cursor, "}", TYPE_NAME);
		ExactSumReadTiny(&sum, NumericFromText(field), "amount");
		StateTextSkip(&cursor, '}', TYPE_NAME);
		entry->amount = sum.value;
		entry->scale = sum.scale;
		CheckEntry(state, i);
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(state);
}

Datum
cash_flows_out(PG_FUNCTION_ARGS)
{
	Flows		flows = FlowsRead(PG_GETARG_DATUM(0));
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d,%s", STATE_VERSION, RateText(flows.state));
	for (int64 i = 0; i < flows.count; i++)
	{
		appendStringInfo(&out, ",{%lld,%s}", (long long) flows.entry[i].at,
						 NumericText(FlowsAmount(&flows, i)));
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

/* On the wire: version, rates, then each flow. */
Datum
cash_flows_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	char	   *rates;
	int64		count;
	TableState *state;

	StateReceiveVersion(buffer, TYPE_NAME);
	rates = pstrdup(pq_getmsgstring(buffer));
	count = (buffer->len - buffer->cursor) / FLOW_WIRE_SIZE;
	if (count < 1 || count > TABLE_MAX_ENTRIES(&flow_table))
		RefuseState(TYPE_NAME, "number of flows out of range");
	state = TableCreateFinished(&flow_table, count);
	ReadRateText(state, rates);
	for (int64 i = 0; i < count; i++)
	{
		FlowEntry  *entry = GetEntry(state, i);

		entry->at = pq_getmsgint64(buffer);
		entry->scale = pq_getmsgint(buffer, 2);
		if (entry->scale > MAX_SCALE)
			RefuseState(TYPE_NAME, "scale out of range");
		entry->amount = StateReceiveI256(buffer);
		CheckEntry(state, i);
		POLL_AT(i);
	}
	PG_RETURN_POINTER(state);
}

Datum
cash_flows_send(PG_FUNCTION_ARGS)
{
	Flows		flows = FlowsRead(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, STATE_VERSION);
	pq_sendstring(&buffer, RateText(flows.state));
	for (int64 i = 0; i < flows.count; i++)
	{
		pq_sendint64(&buffer, flows.entry[i].at);
		pq_sendint16(&buffer, flows.entry[i].scale);
		StateSendI256(&buffer, &flows.entry[i].amount);
		POLL_AT(i);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
