/*
 * touch_credit.c
 *	  Credits of the touches of conversions, as rows and as sums.
 *
 * SQL, in file order: _touch_credits, _credit_sums.
 *
 * A conversion keeps its touches as arrays, one a column, in order of time.
 * What each touch has of it follows from them, so it is computed where it is
 * read: for view touch_credit touch by touch, and for credit_month all at
 * once.
 */
#include "crmcost.h"

#include "attribution/path_credit.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "state/decimal.h"
#include "state/query_reader.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

SQL_FUNCTION(touch_credit__touch_credits);
SQL_FUNCTION(touch_credit__credit_sums);

#define DIRECT_CHANNEL "direct"

/* a text of an array, or of a row */
typedef struct Code
{
	const char *data;
	uint32		length;
} Code;

static inline Code
CodeOf(Datum datum)
{
	const text *value = DatumGetTextPP(datum);
	Code		code = {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)};

	return code;
}

static inline bool
SameCode(Code a, Code b)
{
	return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* An array of one dimension without NULLs, or an empty one. */
static ArrayType *
ReadArray(Datum datum, const char *name)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);

	if (ARR_NDIM(array) > 1 || ARR_HASNULL(array))
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have one dimension and no NULL", name)));
	return array;
}

static int
ArrayCount(const ArrayType *array)
{
	return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
}

/* Its elements must be as many as the touches. */
static const void *
ReadColumn(Datum datum, int count, const char *name)
{
	ArrayType  *array = ReadArray(datum, name);

	if (ArrayCount(array) != count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have an element for each of %d touches, not %d",
						name, count, ArrayCount(array))));
	return ARR_DATA_PTR(array);
}

static Datum *
ReadTexts(Datum datum, int count, const char *name)
{
	ArrayType  *array = ReadArray(datum, name);
	Datum	   *texts;
	int			texts_count;

	(void) ReadColumn(PointerGetDatum(array), count, name);
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &texts, NULL,
					  &texts_count);
	return texts;
}

/* The instants of touches, which must be in order. */
static const TimestampTz *
ReadInstants(Datum datum, const char *name, int *count)
{
	ArrayType  *array = ReadArray(datum, name);
	const TimestampTz *at = (const TimestampTz *) ARR_DATA_PTR(array);

	*count = ArrayCount(array);
	for (int i = 0; i < *count; i++)
	{
		CheckFiniteTimestamp(at[i], name);
		if (i > 0 && at[i] < at[i - 1])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be in order of time", name)));
		POLL_AT(i);
	}
	return at;
}

/* The last touch that is not direct, else the last. */
static int
LastNotDirect(const Datum *channel, int count)
{
	static const Code direct = {DIRECT_CHANNEL, sizeof(DIRECT_CHANNEL) - 1};

	for (int i = count - 1; i >= 0; i--)
		if (!SameCode(CodeOf(channel[i]), direct))
			return i;
	return count - 1;
}

static void
ComputeCredits(PathCredits *credits, const TimestampTz *at,
			   const Datum *channel, int count, int32 half_life_days)
{
	CheckIntegerRange(half_life_days, 1, PG_INT32_MAX, "half_life_days");
	PathCreditsCompute(credits, at, count, LastNotDirect(channel, count),
					   (double) half_life_days * USECS_PER_DAY);
}

/* the arguments of _touch_credits, and the columns of its rows */
enum
{
	IDS, CUSTOMERS, INSTANTS, DAYS, MONTHS, CHANNELS, CAMPAIGNS, HALF_LIFE
};

/* The columns of a row that are the touch itself. */
typedef struct Touches
{
	int			count;
	const TimestampTz *at;
	const int64 *id;
	const int64 *customer;
	const DateADT *on;
	const DateADT *month;
	const Datum *channel;
	const Datum *campaign;
} Touches;

static void
ReadTouches(Touches *touches, const NullableDatum *args)
{
	int			count;

	touches->at = ReadInstants(args[INSTANTS].value, "touched_ats", &count);
	touches->count = count;
	touches->id = ReadColumn(args[IDS].value, count, "interaction_ids");
	touches->customer = ReadColumn(args[CUSTOMERS].value, count,
								   "touched_customer_ids");
	touches->on = ReadColumn(args[DAYS].value, count, "touched_ons");
	touches->month = ReadColumn(args[MONTHS].value, count, "touch_months");
	touches->channel = ReadTexts(args[CHANNELS].value, count, "path");
	touches->campaign = ReadTexts(args[CAMPAIGNS].value, count,
								  "campaign_codes");
}

static void
FillTouch(const Touches *touches, int i, Datum *values)
{
	values[IDS] = Int64GetDatum(touches->id[i]);
	values[CUSTOMERS] = Int64GetDatum(touches->customer[i]);
	values[INSTANTS] = TimestampTzGetDatum(touches->at[i]);
	values[DAYS] = DateADTGetDatum(touches->on[i]);
	values[MONTHS] = DateADTGetDatum(touches->month[i]);
	values[CHANNELS] = touches->channel[i];
	values[CAMPAIGNS] = touches->campaign[i];
}

/*
 * _touch_credits(interaction_ids bigint[], touched_customer_ids bigint[],
 * touched_ats timestamptz[], touched_ons date[], touch_months date[], path
 * text[], campaign_codes text[], half_life_days int): a row for each touch,
 * with its credits.
 */
Datum
touch_credit__touch_credits(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[HALF_LIFE + RULE_MODELS];
	bool		nulls[HALF_LIFE + RULE_MODELS] = {false};
	Datum		nothing = DecimalNumeric(0, CREDIT_DECIMALS);
	PathCredits credits;
	Touches		touches;

	ReadTouches(&touches, fcinfo->args);
	/* to look the columns up would leak, a little with each call of a query */
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	PathCreditsInit(&credits);
	if (touches.count > 0)
		ComputeCredits(&credits, touches.at, touches.channel, touches.count,
					   PG_GETARG_INT32(HALF_LIFE));
	for (int i = 0; i < touches.count; i++)
	{
		FillTouch(&touches, i, values);
		for (int m = 0; m < RULE_MODELS; m++)
		{
			int32		units = PathCredit(&credits, m, i);

			values[HALF_LIFE + m] = units == 0 ? nothing :
				DecimalNumeric(units, CREDIT_DECIMALS);
		}
		tuplestore_putvalues(result->setResult, result->setDesc, values,
							 nulls);
		for (int m = 0; m < RULE_MODELS; m++)
			if (values[HALF_LIFE + m] != nothing)
				pfree(DatumGetPointer(values[HALF_LIFE + m]));
		POLL_AT(i);
	}
	return (Datum) 0;
}

/* the columns of the conversions whose credits are summed */
enum
{
	OF_MONTH, OF_KIND, OF_CHANNEL, OF_CAMPAIGN, OF_VALUE, OF_MARGIN, OF_PATH,
	OF_CAMPAIGNS, OF_INSTANTS, OF_HALF_LIFE, OF_COLUMNS
};

static const QueryColumn conversion_column[OF_COLUMNS] = {
	{"the month", DATEOID},
	{"the kind", TEXTOID},
	{"the channel", TEXTOID},
	{"the campaign", TEXTOID},
	{"the value", NUMERICOID},
	{"the margin", NUMERICOID},
	{"the channels of touches", TEXTARRAYOID},
	{"the campaigns of touches", TEXTARRAYOID},
	{"the instants of touches", TIMESTAMPTZARRAYOID},
	{"the half life in days", INT4OID}
};

/* decimals of the money of a conversion */
#define MONEY_DECIMALS 4

/* codes that were met, numbered from 0 */
typedef struct CodeEntry
{
	Code		code;
	int32		number;
	char		status;
} CodeEntry;

#define SH_PREFIX codes
#define SH_ELEMENT_TYPE CodeEntry
#define SH_KEY_TYPE Code
#define SH_KEY code
#define SH_HASH_KEY(table, key) \
	hash_bytes((const unsigned char *) (key).data, (int) (key).length)
#define SH_EQUAL(table, a, b) SameCode(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* whose credits are summed together; kind, channel and campaign by number */
typedef struct GroupKey
{
	DateADT		month;
	int32		kind;
	int32		channel;
	int32		campaign;
} GroupKey;

/* what a rule gives a group, each in its own units */
typedef struct RuleSum
{
	int64		conversions;
	num_i256	value;
	num_i256	margin;
} RuleSum;

typedef struct GroupEntry
{
	GroupKey	key;
	RuleSum    *sum;			/* one a rule */
	char		status;
} GroupEntry;

#define SH_PREFIX groups
#define SH_ELEMENT_TYPE GroupEntry
#define SH_KEY_TYPE GroupKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) \
	hash_bytes((const unsigned char *) &(key), sizeof(GroupKey))
#define SH_EQUAL(table, a, b) (memcmp(&(a), &(b), sizeof(GroupKey)) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* the receiver of the conversions, as the executor knows it */
typedef struct CreditSums
{
	DestReceiver receiver;		/* must be first */
	MemoryContext context;
	MemoryContext work;			/* of one conversion */
	codes_hash *codes;
	groups_hash *groups;
	Datum	   *code;			/* by number */
	int32		code_count;
	int32		code_room;
	PathCredits credits;
} CreditSums;

static int32
CodeNumber(CreditSums *sums, Datum datum)
{
	Code		code = CodeOf(datum);
	CodeEntry  *entry = codes_lookup(sums->codes, code);
	text	   *copy;
	bool		found;
	MemoryContext caller;

	if (likely(entry != NULL))
		return entry->number;
	caller = MemoryContextSwitchTo(sums->context);
	copy = cstring_to_text_with_len(code.data, (int) code.length);
	code.data = VARDATA(copy);
	entry = codes_insert(sums->codes, code, &found);
	entry->number = sums->code_count;
	if (sums->code_count == sums->code_room)
	{
		sums->code_room *= 2;
		sums->code = repalloc(sums->code, sums->code_room * sizeof(Datum));
	}
	sums->code[sums->code_count] = PointerGetDatum(copy);
	MemoryContextSwitchTo(caller);
	return sums->code_count++;
}

static RuleSum *
GroupSums(CreditSums *sums, const GroupKey *key)
{
	bool		found;
	GroupEntry *entry = groups_insert(sums->groups, *key, &found);

	if (!found)
		entry->sum = MemoryContextAllocZero(sums->context,
											RULE_MODELS * sizeof(RuleSum));
	return entry->sum;
}

static num_i128
ReadMoney(Datum numeric, const char *name)
{
	num_i128	money;

	if (!DecimalReadAtScale(numeric, MONEY_DECIMALS, &money))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s must have at most %d decimals and 34 digits before them, not %s",
						name, MONEY_DECIMALS, NumericText(numeric))));
	return money;
}

static inline void
AddCredit(RuleSum *sum, int32 units, num_i128 value, num_i128 margin)
{
	if (units == 0)
		return;
	sum->conversions += units;
	if (!num_i256_mul_add(&sum->value, value, units) ||
		!num_i256_mul_add(&sum->margin, margin, units))
		RefuseSum("value");
}

/* The current row: to its touches, else to its own channel and campaign. */
static void
AddConversion(CreditSums *sums, const Datum *values)
{
	num_i128	value = ReadMoney(values[OF_VALUE], "value");
	num_i128	margin = ReadMoney(values[OF_MARGIN], "margin");
	GroupKey	key = {DatumGetDateADT(values[OF_MONTH]),
	CodeNumber(sums, values[OF_KIND]), 0, 0};
	int			count;
	const TimestampTz *at = ReadInstants(values[OF_INSTANTS], "touched_ats",
										 &count);
	const Datum *channel = ReadTexts(values[OF_PATH], count, "path");
	const Datum *campaign = ReadTexts(values[OF_CAMPAIGNS], count,
									  "campaign_codes");

	if (count == 0)
	{
		RuleSum    *sum;

		key.channel = CodeNumber(sums, values[OF_CHANNEL]);
		key.campaign = CodeNumber(sums, values[OF_CAMPAIGN]);
		sum = GroupSums(sums, &key);
		for (int m = 0; m < RULE_MODELS; m++)
			AddCredit(&sum[m], CREDIT_UNITS, value, margin);
		return;
	}
	ComputeCredits(&sums->credits, at, channel, count,
				   DatumGetInt32(values[OF_HALF_LIFE]));
	for (int i = 0; i < count; i++)
	{
		RuleSum    *sum;

		key.channel = CodeNumber(sums, channel[i]);
		key.campaign = CodeNumber(sums, campaign[i]);
		sum = GroupSums(sums, &key);
		for (int m = 0; m < RULE_MODELS; m++)
			AddCredit(&sum[m], PathCredit(&sums->credits, m, i), value,
					  margin);
		POLL_AT(i);
	}
}

static bool
AddRow(TupleTableSlot *row, DestReceiver *receiver)
{
	CreditSums *sums = (CreditSums *) receiver;
	MemoryContext caller = MemoryContextSwitchTo(sums->work);

	slot_getallattrs(row);
	QueryRefuseNulls("conversions", row->tts_isnull, OF_COLUMNS,
					 conversion_column);
	AddConversion(sums, row->tts_values);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(sums->work);
	return true;
}

static void
PutSums(const CreditSums *sums, ReturnSetInfo *result)
{
	groups_iterator iterator;
	GroupEntry *entry;

	groups_start_iterate(sums->groups, &iterator);
	while ((entry = groups_iterate(sums->groups, &iterator)) != NULL)
		for (int m = 0; m < RULE_MODELS; m++)
		{
			const RuleSum *sum = &entry->sum[m];
			ExactSum	value = ExactSumOf(&sum->value,
										   CREDIT_DECIMALS + MONEY_DECIMALS);
			ExactSum	margin = ExactSumOf(&sum->margin,
											CREDIT_DECIMALS + MONEY_DECIMALS);
			Datum		values[] = {
				DateADTGetDatum(entry->key.month),
				sums->code[entry->key.kind],
				CStringGetTextDatum(rule_model_name[m]),
				sums->code[entry->key.channel],
				sums->code[entry->key.campaign],
				DecimalNumeric(sum->conversions, CREDIT_DECIMALS),
				ExactSumNumeric(&value), ExactSumNumeric(&margin)
			};
			bool		nulls[lengthof(values)] = {false};

			if (sum->conversions != 0)
				tuplestore_putvalues(result->setResult, result->setDesc,
									 values, nulls);
			CHECK_FOR_INTERRUPTS();
		}
}

/*
 * _credit_sums(conversions text): the credits of the conversions of a query,
 * summed by month, kind, rule, channel and campaign, with their value and
 * margin.
 */
Datum
touch_credit__credit_sums(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CreditSums	sums = {0};
	SPIPlanPtr	plan;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	SPI_connect();
	sums.context = CurrentMemoryContext;
	sums.work = AllocSetContextCreate(sums.context, "one conversion",
									  ALLOCSET_DEFAULT_SIZES);
	sums.codes = codes_create(sums.context, 256, NULL);
	sums.groups = groups_create(sums.context, 1024, NULL);
	sums.code_room = 256;
	sums.code = palloc(sums.code_room * sizeof(Datum));
	PathCreditsInit(&sums.credits);
	plan = QueryPlan(query);
	CheckQueryColumns("conversions", QueryPlanColumns(plan), OF_COLUMNS,
					  conversion_column);
	QueryPlanRun(plan, &sums.receiver, AddRow, true);
	PutSums(&sums, result);
	SPI_finish();
	return (Datum) 0;
}
