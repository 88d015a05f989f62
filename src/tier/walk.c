/*
 * walk.c
 *	  What tier schemes say of customers, month end after month end.
 *
 * SQL, in file order: _walk_tiers.
 *
 * The sums of each customer are in memory, and what the schemes last said of
 * him: a month adds what happened in it, or tells the sums anew; then its
 * bounds are found among all who have an order, and each answer that is
 * another one than that before is written.  What schemes and tiers are is told
 * by 61_tier.sql.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "num/sort.h"
#include "state/exact_column.h"
#include "state/huge_array.h"
#include "state/query_reader.h"
#include "state/table_fill.h"
#include "tier/scheme.h"
#include "tier/share.h"
#include "utils/array.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

SQL_FUNCTION(walk__walk_tiers);

/* scores have three digits, each from 1 on */
#define MIN_BINS 2
#define MAX_BINS (NUM_SELECT_RANKS + 1)
#define FIRST_SCORE 111
#define SCORES (111 * MAX_BINS + 1)

enum
{
	RECENCY, ORDERS, REVENUE, MEASURES
};

enum
{
	ANSWER_CUSTOMER, ANSWER_SCHEME, ANSWER_CODE, ANSWER_COLUMNS
};

static const QueryColumn answer_column[ANSWER_COLUMNS] = {
	{"customer", INT8OID},
	{"name of a scheme", TEXTOID},
	{"code", TEXTOID}
};

enum
{
	MONTH_AT, MONTH_DAY, MONTH_REPLACES, MONTH_QUERY, MONTH_COLUMNS
};

static const QueryColumn month_column[MONTH_COLUMNS] = {
	{"instant", TIMESTAMPTZOID},
	{"day", DATEOID},
	{"whether its sums are all there is", BOOLOID},
	{"query of sums", TEXTOID}
};

/* those from SUM_REVENUE on may be NULL: nothing to add */
enum
{
	SUM_CUSTOMER, SUM_ORDERS, SUM_REVENUE, SUM_VALUE, SUM_ON, SUM_COLUMNS
};

static const QueryColumn sum_column[SUM_COLUMNS] = {
	{"customer", INT8OID},
	{"orders", INT8OID},
	{"revenue", NUMERICOID},
	{"what shares are of", NUMERICOID},
	{"day of the last order", DATEOID}
};

/* the columns of refresh_tier_row, _least and _total */
static const Oid row_type[] = {
	INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, JSONBOID, TEXTOID
};

static const Oid least_type[] = {TEXTOID, TEXTOID, NUMERICOID};

static const Oid total_type[] = {
	INT8OID, INT8OID, NUMERICOID, NUMERICOID, DATEOID, TEXTARRAYOID
};

/* the day of who has no order */
#define NO_DAY DATEVAL_NOBEGIN

typedef struct Customer
{
	int64		id;
	int64		orders;
	PartialSum	revenue;
	PartialSum	value;			/* what shares are of */
	DateADT		last_on;
	int16		score;			/* 0 without a tier */
} Customer;

typedef struct CustomerNumber
{
	int64		id;
	int32		number;
	char		status;
} CustomerNumber;

#define SH_PREFIX numbers
#define SH_ELEMENT_TYPE CustomerNumber
#define SH_KEY_TYPE int64
#define SH_KEY id
#define SH_HASH_KEY(table, key) murmurhash32((uint32) (key) ^ \
											 (uint32) ((uint64) (key) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct Walk
{
	DestReceiver receiver;		/* must be first */
	MemoryContext context;
	MemoryContext of_row;		/* for a row or some */
	int			bins;
	char	   *measure;
	bool		given;			/* cuts are */
	uint64		cut[MEASURES][NUM_SELECT_RANKS];
	Schemes		schemes;
	numbers_hash *number;
	int32		customers;
	int32		room;
	Customer   *customer;
	int16	   *answer;			/* by customer and scheme */
	Size		judged;			/* who has a tier, in the column of values */
	uint32	   *who;
	ExactColumn value;
	Datum		evidence[SCORES];	/* by score, once it is wanted */
	TableFill	rows;
} Walk;

static Customer *
FindCustomer(Walk *walk, int64 id)
{
	bool		found;
	CustomerNumber *entry = numbers_insert(walk->number, id, &found);
	Customer   *customer;
	int32		room = walk->room;

	if (found)
		return &walk->customer[entry->number];
	entry->number = walk->customers;
	walk->customer = HugeRoom(walk->context, walk->customer, &walk->room,
							  walk->customers + 1, sizeof(Customer));
	if (walk->room != room)
	{
		int			count = Max(walk->schemes.count, 1);
		Size		size = mul_size(walk->room, count * sizeof(int16));

		walk->answer = walk->answer == NULL ?
			HugeAlloc(walk->context, size) : HugeResize(walk->answer, size);
	}
	memset(walk->answer + (Size) walk->customers * walk->schemes.count, 0,
		   walk->schemes.count * sizeof(int16));
	customer = &walk->customer[walk->customers++];
	memset(customer, 0, sizeof(Customer));
	customer->id = id;
	customer->last_on = NO_DAY;
	return customer;
}

static inline int16 *
AnswersOf(const Walk *walk, const Customer *customer)
{
	return walk->answer +
		(customer - walk->customer) * walk->schemes.count;
}

static bool
ReceiveAnswer(TupleTableSlot *row, DestReceiver *receiver)
{
	Walk	   *walk = (Walk *) receiver;
	Customer   *customer;
	int			scheme;

	slot_getallattrs(row);
	QueryRefuseNulls("answers", row->tts_isnull, ANSWER_COLUMNS,
					 answer_column);
	scheme = SchemeNumber(&walk->schemes, row->tts_values[ANSWER_SCHEME]);
	if (scheme < 0)
		return true;
	customer = FindCustomer(walk,
							DatumGetInt64(row->tts_values[ANSWER_CUSTOMER]));
	AnswersOf(walk, customer)[scheme] =
		SchemeCodeNumber(&walk->schemes, row->tts_values[ANSWER_CODE]);
	return true;
}

static void
Add(PartialSum *sum, Datum value, const char *name)
{
	ExactSum	addend;

	ExactSumRead(&addend, value, name);
	PartialSumAdd(sum, &addend, name);
}

static bool
ReceiveSums(TupleTableSlot *row, DestReceiver *receiver)
{
	Walk	   *walk = (Walk *) receiver;
	Customer   *customer;
	DateADT		on;

	slot_getallattrs(row);
	QueryRefuseNulls("sums", row->tts_isnull, SUM_REVENUE, sum_column);
	customer = FindCustomer(walk,
							DatumGetInt64(row->tts_values[SUM_CUSTOMER]));
	customer->orders += DatumGetInt64(row->tts_values[SUM_ORDERS]);
	if (!row->tts_isnull[SUM_REVENUE])
		Add(&customer->revenue, row->tts_values[SUM_REVENUE], "revenue");
	if (!row->tts_isnull[SUM_VALUE])
		Add(&customer->value, row->tts_values[SUM_VALUE], walk->measure);
	if (!row->tts_isnull[SUM_ON])
	{
		on = DatumGetDateADT(row->tts_values[SUM_ON]);
		customer->last_on = Max(customer->last_on, on);
	}
	return true;
}

/* Hands the rows of a query over. */
static void
Receive(Walk *walk, const char *name, const char *query, int count,
		const QueryColumn *columns,
		bool (*receive) (TupleTableSlot *row, DestReceiver *receiver))
{
	SPIPlanPtr	plan = QueryPlan(query);

	CheckQueryColumns(name, QueryPlanColumns(plan), count, columns);
	QueryPlanRun(plan, &walk->receiver, receive, false);
	SPI_freeplan(plan);
}

static void
ForgetSums(Walk *walk)
{
	for (int32 i = 0; i < walk->customers; i++)
	{
		Customer   *customer = &walk->customer[i];

		customer->orders = 0;
		customer->last_on = NO_DAY;
		memset(&customer->revenue, 0, sizeof(PartialSum));
		memset(&customer->value, 0, sizeof(PartialSum));
		POLL_AT(i);
	}
}

/* As the cast of numeric does it: the nearest one. */
static double
SumDouble(const PartialSum *sum)
{
	const num_i128 exact = (num_i128) 1 << 53;
	num_i128	value;

	if (sum->scale <= NUM_POW10_64_MAX &&
		num_i256_to_i128(&sum->value, &value) &&
		value < exact && value > -exact)
		return (double) (int64) value / (double) num_pow10_64[sum->scale];
	return NumericToDouble(PartialSumNumeric(sum));
}

/* Measures of a customer on a day as sort keys; larger is better. */
static void
MeasureKeys(const Customer *customer, DateADT day, uint64 *key)
{
	double		recency = (double) day - customer->last_on;

	CheckNotNegative(recency, "recency_days");
	key[RECENCY] = num_key_from_double(-recency);
	key[ORDERS] = num_key_from_double((double) customer->orders);
	key[REVENUE] = num_key_from_double(SumDouble(&customer->revenue));
}

/* Who has a tier on a day, with their values. */
static void
FindJudged(Walk *walk)
{
	bool		valued = false;

	for (int s = 0; s < walk->schemes.count; s++)
		valued = valued || walk->schemes.scheme[s].basis == BY_SHARE ||
			walk->schemes.scheme[s].basis == BY_VALUE;
	walk->judged = 0;
	walk->who = HugeArray(CurrentMemoryContext, walk->customers,
						  sizeof(uint32));
	ExactColumnInit(&walk->value, walk->customers, CurrentMemoryContext);
	for (int32 i = 0; i < walk->customers; i++)
	{
		Customer   *customer = &walk->customer[i];

		POLL_AT(i);
		customer->score = 0;
		if (customer->orders <= 0 || customer->last_on == NO_DAY)
			continue;
		walk->who[walk->judged++] = i;
		if (valued)
		{
			MemoryContext caller = MemoryContextSwitchTo(walk->of_row);

			ExactColumnAppend(&walk->value,
							  PartialSumNumeric(&customer->value),
							  walk->measure);
			MemoryContextSwitchTo(caller);
			MemoryContextReset(walk->of_row);
		}
	}
}

static void
ScoreJudged(Walk *walk, DateADT day)
{
	uint64	   *keys[MEASURES];
	uint64	   *scratch;

	for (int m = 0; m < MEASURES; m++)
		keys[m] = HugeArray(CurrentMemoryContext, walk->judged,
							sizeof(uint64));
	for (Size i = 0; i < walk->judged; i++)
	{
		uint64		key[MEASURES];

		MeasureKeys(&walk->customer[walk->who[i]], day, key);
		for (int m = 0; m < MEASURES; m++)
			keys[m][i] = key[m];
		POLL_AT(i);
	}
	if (!walk->given)
	{
		scratch = HugeArray(CurrentMemoryContext,
							NUM_SELECT_SCRATCH(walk->judged), sizeof(uint64));
		for (int m = 0; m < MEASURES; m++)
			num_select_cuts(keys[m], walk->judged, walk->bins, walk->cut[m],
							scratch, PollInterrupts);
		pfree(scratch);
	}
	for (Size i = 0; i < walk->judged; i++)
	{
		int			score = 0;

		for (int m = 0; m < MEASURES; m++)
			score = score * 10 + 1 +
				num_bin(walk->cut[m], walk->bins, keys[m][i]);
		walk->customer[walk->who[i]].score = score;
		POLL_AT(i);
	}
	for (int m = 0; m < MEASURES; m++)
		pfree(keys[m]);
}

static void
PlaceJudged(Walk *walk)
{
	for (int s = 0; s < walk->schemes.count; s++)
	{
		Scheme	   *scheme = &walk->schemes.scheme[s];
		Datum	   *share;

		if (scheme->basis != BY_SHARE)
			continue;
		share = palloc(Max(scheme->bounds, 1) * sizeof(Datum));
		for (int k = 0; k < scheme->bounds; k++)
			share[k] = scheme->bound[k].numeric;
		scheme->place = HugeArray(CurrentMemoryContext, walk->judged,
								  sizeof(int16));
		ShareTiers(&walk->value, share, scheme->bounds, scheme->place);
	}
}

/* What a scheme says of the i-th who has a tier. */
static int16
CodeOf(const Walk *walk, const Scheme *scheme, Size i)
{
	const Customer *customer = &walk->customer[walk->who[i]];
	int			score = customer->score - FIRST_SCORE;
	int			tier;

	switch (scheme->basis)
	{
		case BY_NOTHING:
			break;
		case BY_SHARE:
			tier = scheme->place[i];
			return scheme->code[tier < scheme->bounds ? tier :
								scheme->tiers - 1];
		case BY_VALUE:
			return SchemeCodeBySum(scheme, &customer->value);
		case BY_REVENUE:
			return SchemeCodeBySum(scheme, &customer->revenue);
		case BY_SCORE:
			tier = score < scheme->scores ? scheme->tier[score] : 0;
			return tier > 0 ? scheme->code[tier - 1] : NO_CODE;
	}
	return NO_CODE;
}

static void
PushMember(JsonbParseState **state, const char *key, Datum value)
{
	JsonbValue	member;

	member.type = jbvString;
	member.val.string.val = unconstify(char *, key);
	member.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &member);
	member.type = jbvNumeric;
	member.val.numeric = DatumGetNumeric(value);
	pushJsonbValue(state, WJB_VALUE, &member);
}

static Datum
ObjectOf(int count, const char *const *keys, const Datum *values)
{
	JsonbParseState *state = NULL;
	JsonbValue *object;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < count; i++)
		PushMember(&state, keys[i], values[i]);
	object = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbPGetDatum(JsonbValueToJsonb(object));
}

static Datum
ScoreEvidence(Walk *walk, int score)
{
	static const char *const digit[MEASURES] = {"r", "f", "m"};

	if (walk->evidence[score] == (Datum) 0)
	{
		MemoryContext caller = MemoryContextSwitchTo(walk->context);
		const Datum values[MEASURES] = {
			NumericFromInt64(score / 100), NumericFromInt64(score / 10 % 10),
			NumericFromInt64(score % 10)
		};

		walk->evidence[score] = ObjectOf(MEASURES, digit, values);
		MemoryContextSwitchTo(caller);
	}
	return walk->evidence[score];
}

/* Why a scheme says a code. */
static Datum
EvidenceOf(Walk *walk, const Scheme *scheme, const Customer *customer)
{
	const char *key = walk->measure;
	Datum		value;

	if (scheme->basis == BY_SCORE)
		return ScoreEvidence(walk, customer->score);
	if (scheme->basis == BY_REVENUE)
	{
		key = "revenue";
		value = PartialSumNumeric(&customer->revenue);
	}
	else
		value = PartialSumNumeric(&customer->value);
	return ObjectOf(1, &key, &value);
}

/* An answer that is another than before becomes a row, and what holds. */
static void
Tell(Walk *walk, const Scheme *scheme, const Customer *customer,
	 TimestampTz at, int16 *answer, int16 code)
{
	Datum		values[lengthof(row_type)];
	bool		nulls[lengthof(row_type)] = {false};
	MemoryContext caller;

	/* who has an answer already, and gets none now, has left the scheme */
	if (code == NO_CODE && *answer != NO_CODE)
		code = CODE_NONE;
	if (code == *answer)
		return;
	caller = MemoryContextSwitchTo(walk->of_row);
	values[0] = Int64GetDatum(customer->id);
	values[1] = PointerGetDatum(scheme->name);
	values[2] = TimestampTzGetDatum(at);
	values[3] = PointerGetDatum(walk->schemes.code[code]);
	nulls[4] = code == CODE_NONE;
	values[4] = nulls[4] ? (Datum) 0 : EvidenceOf(walk, scheme, customer);
	nulls[5] = *answer == NO_CODE;
	values[5] = nulls[5] ? (Datum) 0 :
		PointerGetDatum(walk->schemes.code[*answer]);
	TableFillPut(&walk->rows, values, nulls);
	*answer = code;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(walk->of_row);
}

static void
TellAnswers(Walk *walk, TimestampTz at)
{
	Size		judged = 0;

	for (int32 i = 0; i < walk->customers; i++)
	{
		const Customer *customer = &walk->customer[i];
		bool		is_judged = judged < walk->judged &&
		walk->who[judged] == (uint32) i;

		for (int s = 0; s < walk->schemes.count; s++)
			Tell(walk, &walk->schemes.scheme[s], customer, at,
				 AnswersOf(walk, customer) + s,
				 is_judged ? CodeOf(walk, &walk->schemes.scheme[s], judged) :
				 NO_CODE);
		judged += is_judged;
		POLL_AT(i);
	}
}

static void
PutLeast(Walk *walk, TableFill *fill, const Scheme *scheme, int16 code,
		 const PartialSum *value)
{
	const bool	nulls[lengthof(least_type)] = {false};
	const Datum values[lengthof(least_type)] = {
		PointerGetDatum(scheme->name),
		PointerGetDatum(walk->schemes.code[code]),
		PartialSumNumeric(value)
	};

	TableFillPut(fill, values, nulls);
}

/* The least value of each tier by share, of the month judged last. */
static void
WriteLeast(Walk *walk, Oid table)
{
	TableFill	fill;
	Size	   *order = ExactColumnOrder(&walk->value, CurrentMemoryContext);

	TableFillBegin(&fill, table, lengthof(least_type), least_type);
	for (int s = 0; s < walk->schemes.count; s++)
	{
		const Scheme *scheme = &walk->schemes.scheme[s];
		int16		last = NO_CODE;

		if (scheme->basis != BY_SHARE && scheme->basis != BY_VALUE)
			continue;
		/* they descend, and so do tiers: the last of each has the least */
		for (Size i = 0; i <= walk->judged; i++)
		{
			int16		code = i == walk->judged ? NO_CODE :
			CodeOf(walk, scheme, order[i]);

			if (i > 0 && code != last)
				PutLeast(walk, &fill, scheme, last,
						 &walk->customer[walk->who[order[i - 1]]].value);
			last = code;
			POLL_AT(i);
		}
	}
	TableFillEnd(&fill);
}

/* What a later walk begins with. */
static void
WriteTotals(Walk *walk, Oid table)
{
	TableFill	fill;
	Datum	   *element = palloc(Max(walk->schemes.count, 1) * sizeof(Datum));
	bool	   *null = palloc(Max(walk->schemes.count, 1) * sizeof(bool));
	int			lower = 1;

	TableFillBegin(&fill, table, lengthof(total_type), total_type);
	for (int32 i = 0; i < walk->customers; i++)
	{
		const Customer *customer = &walk->customer[i];
		bool		nulls[lengthof(total_type)] = {false};
		Datum		values[lengthof(total_type)];
		ArrayType  *array;
		MemoryContext caller = MemoryContextSwitchTo(walk->of_row);

		values[0] = Int64GetDatum(customer->id);
		values[1] = Int64GetDatum(customer->orders);
		values[2] = PartialSumNumeric(&customer->revenue);
		values[3] = PartialSumNumeric(&customer->value);
		values[4] = DateADTGetDatum(customer->last_on);
		nulls[4] = customer->last_on == NO_DAY;
		for (int s = 0; s < walk->schemes.count; s++)
		{
			int16		code = AnswersOf(walk, customer)[s];

			null[s] = code == NO_CODE;
			element[s] = null[s] ? (Datum) 0 :
				PointerGetDatum(walk->schemes.code[code]);
		}
		array = construct_md_array(element, null, 1, &walk->schemes.count,
								   &lower, TEXTOID, -1, false, TYPALIGN_INT);
		values[5] = PointerGetDatum(array);
		TableFillPut(&fill, values, nulls);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(walk->of_row);
		POLL_AT(i);
	}
	TableFillEnd(&fill);
}

static void
JudgeMonth(Walk *walk, TimestampTz at, DateADT day)
{
	FindJudged(walk);
	if (walk->judged > 0)
	{
		ScoreJudged(walk, day);
		PlaceJudged(walk);
	}
	TellAnswers(walk, at);
}

/* Month after month; the memory of the last one stays. */
static MemoryContext
WalkMonths(Walk *walk, const char *query)
{
	MemoryContext of_month = AllocSetContextCreate(walk->context,
												   "tiers of a month",
												   ALLOCSET_DEFAULT_SIZES);
	QueryReader reader;

	QueryReaderBegin(&reader, "months", query, MONTH_COLUMNS, month_column);
	while (QueryReaderNext(&reader))
	{
		MemoryContext caller = CurrentMemoryContext;
		bool		judges = !reader.nulls[MONTH_AT];

		QueryRefuseNulls("months", reader.nulls + MONTH_DAY,
						 MONTH_COLUMNS - MONTH_DAY, month_column + MONTH_DAY);
		if (DatumGetBool(reader.values[MONTH_REPLACES]))
			ForgetSums(walk);
		Receive(walk, "sums", TextDatumGetCString(reader.values[MONTH_QUERY]),
				SUM_COLUMNS, sum_column, ReceiveSums);
		if (!judges)
			continue;
		MemoryContextReset(of_month);
		MemoryContextSwitchTo(of_month);
		JudgeMonth(walk, DatumGetTimestampTz(reader.values[MONTH_AT]),
				   DatumGetDateADT(reader.values[MONTH_DAY]));
		MemoryContextSwitchTo(caller);
	}
	QueryReaderEnd(&reader);
	return of_month;
}

/* Cuts by measure; none where they are to be found. */
static void
ReadCuts(Walk *walk, ArrayType *cuts)
{
	int			count = ArrayGetNItems(ARR_NDIM(cuts), ARR_DIMS(cuts));
	const double *value = (const double *) ARR_DATA_PTR(cuts);

	CheckIntegerRange(walk->bins, MIN_BINS, MAX_BINS, "bins");
	walk->given = count > 0;
	if (!walk->given)
		return;
	if (count != MEASURES * (walk->bins - 1) || array_contains_nulls(cuts))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cuts must have %d values and no NULL, not %d values",
						MEASURES * (walk->bins - 1), count)));
	for (int i = 0; i < count; i++)
	{
		CheckFinite(value[i], "cuts");
		walk->cut[i / (walk->bins - 1)][i % (walk->bins - 1)] =
			num_key_from_double(value[i]);
	}
}

static Walk *
WalkBegin(ArrayType *cuts, char *measure, int bins)
{
	Walk	   *walk = palloc0(sizeof(Walk));

	walk->context = CurrentMemoryContext;
	walk->schemes.context = walk->context;
	walk->of_row = AllocSetContextCreate(walk->context, "a customer",
										 ALLOCSET_DEFAULT_SIZES);
	walk->measure = measure;
	walk->bins = bins;
	ReadCuts(walk, cuts);
	walk->number = numbers_create(walk->context, 1024, NULL);
	return walk;
}

/*
 * _walk_tiers(schemes text, answers text, months text, measure text,
 * bins int, cuts float8[], told regclass, lowest regclass, totals regclass,
 * keep boolean): what the schemes of a query say month after month of
 * another, where they differ from the answers before, to the first table; to
 * the second the least values by tier; and, to be kept, what all customers
 * have at last to the third.
 */
Datum
walk__walk_tiers(PG_FUNCTION_ARGS)
{
	char	   *schemes = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *answers = text_to_cstring(PG_GETARG_TEXT_PP(1));
	char	   *months = text_to_cstring(PG_GETARG_TEXT_PP(2));
	Walk	   *walk = WalkBegin(PG_GETARG_ARRAYTYPE_P(5),
								 text_to_cstring(PG_GETARG_TEXT_PP(3)),
								 PG_GETARG_INT32(4));
	MemoryContext of_month;

	TableFillBegin(&walk->rows, PG_GETARG_OID(6), lengthof(row_type),
				   row_type);
	SPI_connect();
	SchemesRead(&walk->schemes, schemes);
	Receive(walk, "answers", answers, ANSWER_COLUMNS, answer_column,
			ReceiveAnswer);
	of_month = WalkMonths(walk, months);
	SPI_finish();
	TableFillEnd(&walk->rows);
	if (walk->judged > 0)
		WriteLeast(walk, PG_GETARG_OID(7));
	if (PG_GETARG_BOOL(9))
		WriteTotals(walk, PG_GETARG_OID(8));
	MemoryContextDelete(of_month);
	PG_RETURN_VOID();
}
