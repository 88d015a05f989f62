/*
 * weight.c
 *	  The share of a conversion that a rule gives to each of its touches.
 *
 * SQL: attribution_weight(model, touched_at, converted_at, half_life, channel,
 * direct_channel), a window function whose partition is a conversion.
 *
 * The rules are those of rule.c, for the touches up to the conversion in order
 * of time (of equal times, in that of the window); touches after it get 0.
 */
#include "crmcost.h"

#include "attribution/rule.h"
#include "state/huge_array.h"
#include "state/window.h"
#include "utils/float.h"

SQL_FUNCTION(attribution_weight);

/* the arguments, by position */
enum
{
	MODEL, TOUCHED_AT, CONVERTED_AT, HALF_LIFE, CHANNEL, DIRECT_CHANNEL
};

#define MODEL_NAMES \
	"first, last, last_non_direct, linear, position, time_decay"

/* so many touches need no memory of their own */
#define FEW_TOUCHES 16

/* a partition: its parameters, and the weight of each row, NaN for NULL */
typedef struct Journey
{
	bool		ready;
	bool		converted;
	bool		constant;		/* model and half_life, by the query's text */
	RuleModel	model;
	TimestampTz converted_at;
	double		half_life;		/* microseconds */
	double	   *weight;
	double		few[FEW_TOUCHES];
} Journey;

static void
pg_attribute_noreturn()
RefuseNull(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not be NULL", name)));
}

static RuleModel
ParseModel(Datum datum)
{
	const text *name = DatumGetTextPP(datum);
	Size		length = VARSIZE_ANY_EXHDR(name);

	for (int i = 0; i < RULE_MODELS; i++)
		if (length == strlen(rule_model_name[i]) &&
			memcmp(VARDATA_ANY(name), rule_model_name[i], length) == 0)
			return (RuleModel) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model must be one of %s, not \"%s\"", MODEL_NAMES,
					text_to_cstring(name))));
}

/* A half-life in microseconds; months have 30 days, days 24 hours. */
static double
ParseHalfLife(Datum datum)
{
	const Interval *interval = DatumGetIntervalP(datum);
	double		days = interval->day + 30.0 * interval->month;
	double		length = interval->time + days * USECS_PER_DAY;

	if (!IntervalIsFinite(interval) || !(length > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("half_life must be positive%s, not %s",
						IntervalIsFinite(interval) ? "" : " and finite",
						DatumGetCString(DirectFunctionCall1(interval_out,
															datum)))));
	return length;
}

/* A parameter of the current row. */
static Datum
Parameter(WindowObject window, int argument, const char *name)
{
	bool		isnull;
	Datum		value = WinGetFuncArgCurrent(window, argument, &isnull);

	if (isnull)
		RefuseNull(name);
	return value;
}

static void
pg_attribute_noreturn()
RefuseDifferent(const char *name, const char *first, const char *other,
				bool of_conversion)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s must be the same on every row of the partition, not %s and %s",
					name, first, other),
			 of_conversion ?
			 errhint("Name the conversion in PARTITION BY.") : 0));
}

/* The parameters of the current row must be those of the first. */
static void
CheckSameParameters(WindowObject window, const Journey *journey)
{
	bool		isnull;
	Datum		at = WinGetFuncArgCurrent(window, CONVERTED_AT, &isnull);

	if (isnull == journey->converted ||
		(!isnull && DatumGetTimestampTz(at) != journey->converted_at))
	{
		char	   *first = journey->converted ?
		pstrdup(timestamptz_to_str(journey->converted_at)) : "NULL";

		RefuseDifferent("converted_at", first, isnull ? "NULL" :
						timestamptz_to_str(DatumGetTimestampTz(at)), true);
	}
	if (!journey->constant)
	{
		RuleModel	model = ParseModel(Parameter(window, MODEL, "model"));
		double		half_life = ParseHalfLife(Parameter(window, HALF_LIFE,
														"half_life"));

		if (model != journey->model)
			RefuseDifferent("model", rule_model_name[journey->model],
							rule_model_name[model], false);
		if (half_life != journey->half_life)
			RefuseDifferent("half_life",
							psprintf("%g s", journey->half_life / USECS_PER_SEC),
							psprintf("%g s", half_life / USECS_PER_SEC),
							false);
	}
}

static int
CompareTouches(const void *a, const void *b, void *arg)
{
	const Touch *left = a;
	const Touch *right = b;

	if (left->at != right->at)
		return left->at < right->at ? -1 : 1;
	return left->row - right->row;
}

/* the touches read so far of those up to the conversion */
typedef struct Touches
{
	Touch	   *touch;
	int			count;
	bool		sorted;
} Touches;

/* A row without a time gets NaN as its weight, any other 0 to begin with. */
static inline void
AppendTouch(Touches *touches, const Journey *journey, int row, Datum datum,
			bool isnull)
{
	TimestampTz at = DatumGetTimestampTz(datum);
	Touch	   *touch = touches->touch + touches->count;

	journey->weight[row] = isnull ? get_float8_nan() : 0;
	if (isnull)
		return;
	CheckFiniteTimestamp(at, "touched_at");
	if (at > journey->converted_at)
		return;
	if (touches->count > 0 && touch[-1].at > at)
		touches->sorted = false;
	touch->at = at;
	touch->row = row;
	touches->count++;
}

/* The number of touches up to the conversion, and those in order of time. */
static int
ReadTouches(WindowObject window, const Journey *journey, int rows,
			Touch *touch)
{
	Touches		touches = {touch, 0, true};
	PartitionScan scan = {.window = window,.rows = rows};
	bool		isnull;
	Datum		at;

	/* the short-lived memory of a scan is not worth it for a few */
	if (rows <= FEW_TOUCHES)
		for (scan.row = 0; scan.row < rows; scan.row++)
		{
			at = PartitionScanArgument(&scan, TOUCHED_AT, &isnull);
			AppendTouch(&touches, journey, scan.row, at, isnull);
		}
	else
	{
		PartitionScanBegin(&scan, window);
		while (PartitionScanNext(&scan))
		{
			at = PartitionScanArgument(&scan, TOUCHED_AT, &isnull);
			AppendTouch(&touches, journey, scan.row, at, isnull);
		}
		PartitionScanEnd(&scan);
	}
	if (!touches.sorted)
		qsort_interruptible(touch, touches.count, sizeof(Touch),
							CompareTouches, NULL);
	return touches.count;
}

/* Whether the channel of a row is the direct one; a NULL channel is not. */
static bool
IsDirect(WindowObject window, int row, const text *direct)
{
	bool		isnull;
	bool		isout;
	Datum		datum = WinGetFuncArgInPartition(window, CHANNEL, row,
												 WINDOW_SEEK_HEAD, false,
												 &isnull, &isout);
	const text *channel;

	if (isnull)
		return false;
	channel = DatumGetTextPP(datum);
	return VARSIZE_ANY_EXHDR(channel) == VARSIZE_ANY_EXHDR(direct) &&
		memcmp(VARDATA_ANY(channel), VARDATA_ANY(direct),
			   VARSIZE_ANY_EXHDR(direct)) == 0;
}

/* The row of the last touch that is not direct, else of the last one. */
static int
LastNotDirect(WindowObject window, const Touch *touch, int count)
{
	Datum		datum = Parameter(window, DIRECT_CHANNEL, "direct_channel");
	const text *direct = DatumGetTextPCopy(datum);

	for (int i = count - 1; i >= 0; i--)
	{
		if (!IsDirect(window, touch[i].row, direct))
			return touch[i].row;
		CHECK_FOR_INTERRUPTS();
	}
	return touch[count - 1].row;
}

static void
ComputeJourney(FunctionCallInfo fcinfo, WindowObject window, Journey *journey)
{
	int64		rows = WinGetPartitionRowCount(window);
	Touch		few[FEW_TOUCHES];
	Touch	   *touch = few;
	bool		isnull;
	Datum		at = WinGetFuncArgCurrent(window, CONVERTED_AT, &isnull);
	int			count;

	journey->model = ParseModel(Parameter(window, MODEL, "model"));
	journey->half_life = ParseHalfLife(Parameter(window, HALF_LIFE,
												 "half_life"));
	journey->constant = get_fn_expr_arg_stable(fcinfo->flinfo, MODEL) &&
		get_fn_expr_arg_stable(fcinfo->flinfo, HALF_LIFE);
	journey->converted = !isnull;
	journey->ready = true;
	if (isnull)
		return;
	journey->converted_at = DatumGetTimestampTz(at);
	CheckFiniteTimestamp(journey->converted_at, "converted_at");
	journey->weight = journey->few;
	if (rows > FEW_TOUCHES)
	{
		touch = HugeArray(CurrentMemoryContext, rows, sizeof(Touch));
		journey->weight = HugeArray(PartitionContext(fcinfo), rows,
									sizeof(double));
	}
	count = ReadTouches(window, journey, (int) Min(rows, PG_INT32_MAX), touch);
	if (count > 0)
		RuleWeights(journey->model, journey->half_life, touch, count,
					journey->model == LAST_NON_DIRECT ?
					LastNotDirect(window, touch, count) : 0, journey->weight);
	if (touch != few)
		pfree(touch);
}

/*
 * attribution_weight(model text, touched_at timestamptz, converted_at
 * timestamptz, half_life interval = '7 days', channel text = NULL,
 * direct_channel text = 'direct') OVER (PARTITION BY conversion ...): NULL
 * where touched_at is, and for all touches of what did not convert.
 */
Datum
attribution_weight(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	int64		row = WinGetCurrentPosition(window);
	Journey    *journey = WinGetPartitionLocalMemory(window, sizeof(Journey));

	if (!journey->ready)
		ComputeJourney(fcinfo, window, journey);
	else
		CheckSameParameters(window, journey);
	PartitionForgetRows(window, row);
	if (!journey->converted || isnan(journey->weight[row]))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(journey->weight[row]);
}
