/*
 * cash_flow.c
 *	  Investment appraisal: present values, rates of return, payback.
 *
 * SQL, in file order: type cash_flows (cash_flows_in, _out, _recv, _send),
 * aggregates npv, xnpv, irr, irr_roots, xirr, mirr, payback,
 * discounted_payback.
 *
 * A state is a table (see state_table.h) of periods, or of days, with the
 * exact sum of each; the sums have the same scale, head.scale.  Rates are
 * parameters of the state: the first two words are an exact one, a num_i128
 * whose scale is the third, or two doubles.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "decimal.h"
#include "num_cash_flow.h"
#include "state_table.h"
#include "utils/array.h"
#include "utils/date.h"
#include "window.h"

#define TYPE_NAME "cash_flows"

#define WORK_SCALE 60
#define RESULT_SCALE 16
#define DAYS_A_YEAR 365

/* factors beyond ten to this power are refused */
#define MAX_EXPONENT 1000

/* what the rates of a state are */
enum
{
	NO_RATE, EXACT_RATE, TWO_RATES
};

typedef struct FlowEntry
{
	int64		at;				/* period, or day */
	num_i256	amount;
} FlowEntry;

/* the words of a row: when, and a num_i128 */
enum
{
	AT, AMOUNT_LOW, AMOUNT_HIGH
};

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
SQL_FUNCTION(npv_final);
SQL_FUNCTION(xnpv_final);
SQL_FUNCTION(irr_final);
SQL_FUNCTION(irr_roots_final);
SQL_FUNCTION(xirr_final);
SQL_FUNCTION(mirr_final);
SQL_FUNCTION(payback_final);
SQL_FUNCTION(discounted_payback_final);

static inline void
AddRow(void *entry, const uint64 *word)
{
	num_u128	amount = (num_u128) word[AMOUNT_HIGH] << 64 | word[AMOUNT_LOW];
	num_i256	wide = num_i256_from_i128((num_i128) amount);

	if (!num_i256_add(&((FlowEntry *) entry)->amount, &wide))
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

/* Brings the sums of all entries to a larger scale. */
static void
RaiseFlowScale(TableState *state, int scale)
{
	int			more = scale - state->growing.head.scale;

	FlushFlows(&state->growing);
	for (int64 i = 0; i < state->count; i++)
		if (!num_i256_mul_pow10(&GetEntry(state, i)->amount, more))
			RefuseSum("amount");
	state->growing.head.scale = scale;
}

/* Adds a flow to a state that has its parameters. */
static Datum
AddFlow(Datum datum, int64 at, const ExactSum *flow, MemoryContext aggcontext)
{
	Size		capacity;
	TableState *state = (TableState *) StateView(datum, &capacity);
	ExactSum	amount = *flow;
	ExactSum	nothing = {{{0, 0, 0, 0}}, state->growing.head.scale};
	num_i128	small;
	TableRow	row;

	if (amount.scale > state->growing.head.scale)
		RaiseFlowScale(state, amount.scale);
	ExactSumCombine(&amount, &nothing);
	if (num_i256_to_i128(&amount.value, &small))
	{
		row.word[AT] = (uint64) at;
		row.word[AMOUNT_LOW] = (uint64) small;
		row.word[AMOUNT_HIGH] = (uint64) ((num_u128) small >> 64);
		return TableAdd(&flow_table, datum, &row, aggcontext);
	}

	FlushFlows(&state->growing);
	datum = TableMakeRoom(&flow_table, datum, 1, aggcontext);
	state = (TableState *) StateView(datum, &capacity);
	row.word[AT] = (uint64) at;
	row.hash = TableHash(&flow_table, row.word);
	if (!num_i256_add(&((FlowEntry *) TableFind(&flow_table, state, row.word,
												row.hash))->amount,
					  &amount.value))
		RefuseSum("amount");
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
	state->parameter[0] = (uint64) value;
	state->parameter[1] = (uint64) ((num_u128) value >> 64);
	state->parameter[2] = scale;
}

static Datum
GetExactRate(const TableState *state)
{
	num_u128	value = (num_u128) state->parameter[1] << 64 |
	state->parameter[0];

	return DecimalNumeric((num_i128) value, (int) state->parameter[2]);
}

static void
SetTwoRates(TableState *state, const double *rate)
{
	static const char *const name[2] = {"finance_rate", "reinvest_rate"};

	for (int i = 0; i < 2; i++)
	{
		CheckFinite(rate[i], name[i]);
		if (!(rate[i] > -1))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be greater than -1, not %g", name[i],
							rate[i])));
	}
	state->growing.head.flags = TWO_RATES;
	memcpy(state->parameter, rate, 2 * sizeof(double));
}

static void
RefuseOtherRate(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("rates must be the same for all rows")));
}

static void
CheckSameRates(const TableState *state, const TableState *other)
{
	if (state->growing.head.flags != other->growing.head.flags)
		RefuseOtherRate();
	if (state->growing.head.flags == EXACT_RATE &&
		!NumericEqual(GetExactRate(state), GetExactRate(other)))
		RefuseOtherRate();
	if (state->growing.head.flags == TWO_RATES &&
		memcmp(state->parameter, other->parameter, 2 * sizeof(double)) != 0)
		RefuseOtherRate();
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

	if (PG_ARGISNULL(amount) || PG_ARGISNULL(at))
		return StateUnchanged(fcinfo);
	ExactSumRead(&flow, PG_GETARG_DATUM(amount), "amount");
	when = PG_GETARG_INT32(at);
	if (!dated)
		CheckIntegerRange(when, 0, PG_INT32_MAX, "period");
	else if (DATE_NOT_FINITE(when))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("paid_on must be finite")));
	if (rate > 0 && PG_ARGISNULL(rate))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("rate must not be NULL")));

	if (PG_ARGISNULL(0))
		datum = TableMakeRoom(&flow_table, datum, 1, aggcontext);
	if (rate > 0)
	{
		Size		capacity;
		TableState *state = (TableState *) StateView(datum, &capacity);

		if (PG_ARGISNULL(0))
			SetExactRate(state, PG_GETARG_DATUM(rate));
		else if (!NumericEqual(GetExactRate(state), PG_GETARG_DATUM(rate)))
			RefuseOtherRate();
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

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return StateUnchanged(fcinfo);
	for (int i = 0; i < 2; i++)
	{
		if (PG_ARGISNULL(3 + i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be NULL",
							i == 0 ? "finance_rate" : "reinvest_rate")));
		CheckFiniteNumeric(PG_GETARG_DATUM(3 + i),
						   i == 0 ? "finance_rate" : "reinvest_rate");
		rate[i] = NumericToDouble(PG_GETARG_DATUM(3 + i));
	}
	datum = TableMakeRoom(&flow_table, StateArgument(fcinfo), 1, aggcontext);
	state = (TableState *) StateView(datum, &capacity);
	if (first)
		SetTwoRates(state, rate);
	else if (memcmp(state->parameter, rate, sizeof(rate)) != 0)
		RefuseOtherRate();
	fcinfo->args[0].value = datum;
	fcinfo->args[0].isnull = false;
	return AddArguments(fcinfo, 0, 1, 2, false);
}

Datum
cash_flows_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = PG_GETARG_DATUM(0);
	TableState *other;
	Size		capacity;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return StateOtherSide(fcinfo);
	other = (TableState *) StateRead(PG_GETARG_DATUM(1));
	CheckSameRates((TableState *) StateView(datum, &capacity), other);
	for (int64 i = 0; i < other->count; i++)
	{
		const FlowEntry *entry = GetEntry(other, i);
		ExactSum	flow = ExactSumOf(&entry->amount,
									  other->growing.head.scale);

		datum = AddFlow(datum, entry->at, &flow, aggcontext);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(datum);
}

/* the flows of a state, in order of time */
typedef struct Flows
{
	TableState *state;
	int64		count;
	FlowEntry  *entry;
	int			scale;
} Flows;

static int
CompareEntries(const void *a, const void *b, void *arg)
{
	int64		left = ((const FlowEntry *) a)->at;
	int64		right = ((const FlowEntry *) b)->at;

	return (left > right) - (left < right);
}

static Flows
ReadFlows(Datum datum)
{
	Flows		flows;

	flows.state = (TableState *) StateRead(datum);
	flows.count = flows.state->count;
	flows.scale = flows.state->growing.head.scale;
	flows.entry = HugeArray(CurrentMemoryContext, flows.count,
							sizeof(FlowEntry));
	memcpy(flows.entry, GetEntry(flows.state, 0),
		   flows.count * sizeof(FlowEntry));
	qsort_interruptible(flows.entry, flows.count, sizeof(FlowEntry),
						CompareEntries, NULL);
	return flows;
}

static Datum
FlowNumeric(const Flows *flows, int64 i)
{
	ExactSum	sum = ExactSumOf(&flows->entry[i].amount, flows->scale);

	return ExactSumNumeric(&sum);
}

static int
ResultScale(const Flows *flows)
{
	return Max(RESULT_SCALE, flows->scale);
}

static void
CheckFactor(double rate, double periods)
{
	if (rate < 0 && -periods * log10(1 + rate) > MAX_EXPONENT)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value at rate %g over %g periods is out of range",
						rate, periods)));
}

/* The flows' amounts discounted to period 0, in their order. */
static Datum *
DiscountedFlows(const Flows *flows)
{
	Datum		rate = GetExactRate(flows->state);
	Datum		growth = NumericAdd(NumericFromInt64(1), rate);
	Datum		one = NumericRound(NumericFromInt64(1), WORK_SCALE);
	Datum		unit = NumericRound(NumericDivide(one, growth), WORK_SCALE);
	Datum		factor = one;
	Datum	   *result = HugeArray(CurrentMemoryContext, flows->count,
								   sizeof(Datum));
	int64		before = 0;

	CheckFactor(NumericToDouble(rate), flows->entry[flows->count - 1].at);
	for (int64 i = 0; i < flows->count; i++)
	{
		Datum		step = NumericIntegerPower(unit,
											   flows->entry[i].at - before,
											   WORK_SCALE);

		factor = NumericRound(NumericMultiply(factor, step), WORK_SCALE);
		before = flows->entry[i].at;
		result[i] = NumericMultiply(FlowNumeric(flows, i), factor);
		CHECK_FOR_INTERRUPTS();
	}
	return result;
}

/* sum of amount / (1 + rate)^period */
Datum
npv_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	Datum	   *discounted;
	Datum		sum = NumericFromInt64(0);

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = ReadFlows(PG_GETARG_DATUM(0));
	discounted = DiscountedFlows(&flows);
	for (int64 i = 0; i < flows.count; i++)
		sum = NumericAdd(sum, discounted[i]);
	PG_RETURN_DATUM(NumericRound(sum, ResultScale(&flows)));
}

/* sum of amount / (1 + rate)^(days / 365), days from the earliest flow */
Datum
xnpv_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	Datum		rate;
	Datum		growth;
	Datum		year;
	Datum		sum = NumericFromInt64(0);
	int64		days;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = ReadFlows(PG_GETARG_DATUM(0));
	rate = GetExactRate(flows.state);
	days = flows.entry[flows.count - 1].at - flows.entry[0].at;
	CheckFactor(NumericToDouble(rate), (double) days / DAYS_A_YEAR);
	/* power() gives as many decimals as its arguments have */
	growth = NumericRound(NumericAdd(NumericFromInt64(1), rate), WORK_SCALE);
	year = NumericRound(NumericFromInt64(DAYS_A_YEAR), WORK_SCALE);
	for (int64 i = 0; i < flows.count; i++)
	{
		Datum		years;
		Datum		factor;

		days = flows.entry[0].at - flows.entry[i].at;
		years = NumericDivide(NumericFromInt64(days), year);
		factor = NumericPower(growth, NumericRound(years, WORK_SCALE));
		sum = NumericAdd(sum, NumericMultiply(FlowNumeric(&flows, i), factor));
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(NumericRound(sum, ResultScale(&flows)));
}

/* All rates of return of a state's flows, ascending; their number. */
static Size
FindRates(Datum datum, double unit, double **rate)
{
	Flows		flows = ReadFlows(datum);
	double	   *amount = HugeArray(CurrentMemoryContext, flows.count,
								   sizeof(double));
	double	   *when = HugeArray(CurrentMemoryContext, flows.count,
								 sizeof(double));
	double	   *work;
	Size		count = 0;

	for (int64 i = 0; i < flows.count; i++)
	{
		if (num_i256_is_zero(&flows.entry[i].amount))
			continue;
		amount[count] = num_i256_to_double(&flows.entry[i].amount);
		when[count++] = (flows.entry[i].at - flows.entry[0].at) / unit;
	}
	if (num_sign_changes(amount, count) == 0)
		return 0;
	work = HugeArray(CurrentMemoryContext, NUM_IRR_WORK(count),
					 sizeof(double));
	*rate = HugeArray(CurrentMemoryContext, count, sizeof(double));
	return num_irr_roots(amount, when, count, *rate, work, PollInterrupts);
}

/*
 * The smallest rate that is not negative, else the largest negative one: what
 * spreadsheets settle on.
 */
static Datum
ReturnRate(FunctionCallInfo fcinfo, double unit)
{
	double	   *rate;
	Size		count;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	count = FindRates(PG_GETARG_DATUM(0), unit, &rate);
	if (count == 0)
		PG_RETURN_NULL();
	for (Size i = 0; i < count; i++)
		if (rate[i] >= 0)
			PG_RETURN_FLOAT8(rate[i]);
	PG_RETURN_FLOAT8(rate[count - 1]);
}

Datum
irr_final(PG_FUNCTION_ARGS)
{
	return ReturnRate(fcinfo, 1);
}

Datum
xirr_final(PG_FUNCTION_ARGS)
{
	return ReturnRate(fcinfo, DAYS_A_YEAR);
}

Datum
irr_roots_final(PG_FUNCTION_ARGS)
{
	double	   *rate;
	Size		count;
	Datum	   *element;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	count = FindRates(PG_GETARG_DATUM(0), 1, &rate);
	element = palloc(Max(count, 1) * sizeof(Datum));
	for (Size i = 0; i < count; i++)
		element[i] = Float8GetDatum(rate[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(element, count, FLOAT8OID,
										  sizeof(float8), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}

/*
 * Modified internal rate of return: negative flows discounted to period 0 at
 * the finance rate, positive ones grown to the last period at the reinvestment
 * rate; NULL without both.
 */
Datum
mirr_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	double		rate[2];
	double		spent = 0;
	double		earned = 0;
	int64		last;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = ReadFlows(PG_GETARG_DATUM(0));
	memcpy(rate, flows.state->parameter, sizeof(rate));
	last = flows.entry[flows.count - 1].at;
	for (int64 i = 0; i < flows.count; i++)
	{
		double		amount = num_i256_to_double(&flows.entry[i].amount);
		int64		at = flows.entry[i].at;

		if (amount < 0)
			spent -= amount * pow(1 + rate[0], -(double) at);
		else
			earned += amount * pow(1 + rate[1], (double) (last - at));
	}
	if (!(spent > 0 && earned > 0) || last == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(expm1((log(earned) - log(spent)) / last));
}

/*
 * The time at which the running sum of flows first is no longer negative,
 * linear inside the period that brings it about; NULL when it never is.
 */
static Datum
Payback(FunctionCallInfo fcinfo, const Flows *flows, const Datum *amount)
{
	Datum		sum = NumericFromInt64(0);

	for (int64 i = 0; i < flows->count; i++)
	{
		Datum		before = sum;

		sum = NumericAdd(sum, amount[i]);
		if (NumericSign(sum) >= 0)
		{
			int64		at = flows->entry[i].at;
			Datum		part = NumericFromInt64(0);

			if (NumericSign(before) < 0)
			{
				at--;
				part = NumericDivide(NumericSubtract(NumericFromInt64(0),
													 before),
									 amount[i]);
			}
			else if (i == 0)
				at = 0;
			PG_RETURN_DATUM(NumericRound(NumericAdd(NumericFromInt64(at), part),
										 RESULT_SCALE));
		}
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_NULL();
}

Datum
payback_final(PG_FUNCTION_ARGS)
{
	Flows		flows;
	Datum	   *amount;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = ReadFlows(PG_GETARG_DATUM(0));
	amount = HugeArray(CurrentMemoryContext, flows.count, sizeof(Datum));
	for (int64 i = 0; i < flows.count; i++)
		amount[i] = FlowNumeric(&flows, i);
	return Payback(fcinfo, &flows, amount);
}

Datum
discounted_payback_final(PG_FUNCTION_ARGS)
{
	Flows		flows;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	flows = ReadFlows(PG_GETARG_DATUM(0));
	return Payback(fcinfo, &flows, DiscountedFlows(&flows));
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

/* (1,rates,{period or day,amount},...) */
Datum
cash_flows_in(PG_FUNCTION_ARGS)
{
	char	   *cursor = PG_GETARG_CSTRING(0);
	int64		count = 0;
	TableState *state;

	for (char *c = cursor; *c != '\0'; c++)
		count += *c == '{';
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
		ExactSumRead(&sum, NumericFromText(field), "amount");
		StateTextSkip(&cursor, '}', TYPE_NAME);
		if (i == 0)
			state->growing.head.scale = sum.scale;
		else if (sum.scale != state->growing.head.scale)
			RefuseState(TYPE_NAME, "amounts must have the same number of decimals");
		entry->amount = sum.value;
		if (i > 0 && entry->at <= GetEntry(state, i - 1)->at)
			RefuseState(TYPE_NAME, "flows must be in order of time");
		CHECK_FOR_INTERRUPTS();
	}
	StateTextEnd(cursor, TYPE_NAME);
	PG_RETURN_POINTER(state);
}

Datum
cash_flows_out(PG_FUNCTION_ARGS)
{
	Flows		flows = ReadFlows(PG_GETARG_DATUM(0));
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "(%d,%s", STATE_VERSION, RateText(flows.state));
	for (int64 i = 0; i < flows.count; i++)
	{
		appendStringInfo(&out, ",{%lld,%s}", (long long) flows.entry[i].at,
						 NumericText(FlowNumeric(&flows, i)));
		CHECK_FOR_INTERRUPTS();
	}
	appendStringInfoChar(&out, ')');
	PG_RETURN_CSTRING(out.data);
}

/* On the wire: version, rates, scale, then each flow. */
Datum
cash_flows_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buffer = (StringInfo) PG_GETARG_POINTER(0);
	char	   *rates;
	int			scale;
	int64		count;
	TableState *state;

	StateReceiveVersion(buffer, TYPE_NAME);
	rates = pstrdup(pq_getmsgstring(buffer));
	scale = pq_getmsgint(buffer, 2);
	count = (buffer->len - buffer->cursor) / sizeof(FlowEntry);
	if (scale > NUM_I256_DIGITS)
		RefuseState(TYPE_NAME, "scale out of range");
	if (count < 1 || count > TABLE_MAX_ENTRIES(&flow_table))
		RefuseState(TYPE_NAME, "number of flows out of range");
	state = TableCreateFinished(&flow_table, count);
	ReadRateText(state, rates);
	state->growing.head.scale = scale;
	for (int64 i = 0; i < count; i++)
	{
		FlowEntry  *entry = GetEntry(state, i);

		entry->at = pq_getmsgint64(buffer);
		StateReceiveWords(buffer, entry->amount.w, 4);
		if (i > 0 && entry->at <= GetEntry(state, i - 1)->at)
			RefuseState(TYPE_NAME, "flows must be in order of time");
	}
	PG_RETURN_POINTER(state);
}

Datum
cash_flows_send(PG_FUNCTION_ARGS)
{
	Flows		flows = ReadFlows(PG_GETARG_DATUM(0));
	StringInfoData buffer;

	pq_begintypsend(&buffer);
	pq_sendint8(&buffer, STATE_VERSION);
	pq_sendstring(&buffer, RateText(flows.state));
	pq_sendint16(&buffer, flows.scale);
	for (int64 i = 0; i < flows.count; i++)
	{
		pq_sendint64(&buffer, flows.entry[i].at);
		StateSendWords(&buffer, flows.entry[i].amount.w, 4);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}
