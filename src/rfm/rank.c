/*
 * rank.c
 *	  Places by profit, cumulative profit and RFM scores of all customers.
 *
 * SQL, in file order: _rank_customers.
 *
 * What row_number() and sum() say over customers in the order of their profit,
 * and rfm_score() over those who bought, from one pass over a query: of each
 * customer four words are kept, and the profit as an integer.  Places are
 * found by a radix sort of these, where 64 bits hold them.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "rfm/cuts.h"
#include "state/exact_column.h"
#include "state/huge_array.h"
#include "state/query_reader.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

SQL_FUNCTION(rank__rank_customers);

#define SHARE_DECIMALS 6

/* no finite measure has this key */
#define MISSING_KEY UINT64CONST(0)

/* the last three may be NULL: of who is not scored */
enum
{
	GIVEN_CUSTOMER, GIVEN_PROFIT, GIVEN_DAYS, GIVEN_ORDERS, GIVEN_REVENUE,
	GIVEN_COLUMNS
};

static const QueryColumn given_column[GIVEN_COLUMNS] = {
	{"customer", INT8OID},
	{"profit", NUMERICOID},
	{"days since the last order", INT4OID},
	{"orders", INT8OID},
	{"revenue", NUMERICOID}
};

enum
{
	TOLD_CUSTOMER, TOLD_RANK, TOLD_CUMULATIVE, TOLD_SHARE,
	TOLD_CUMULATIVE_SHARE, TOLD_SCORE, TOLD_COLUMNS = TOLD_SCORE + MEASURES
};

typedef struct Ranked
{
	int64		id;
	uint64		key[MEASURES];	/* larger is better */
} Ranked;

/* what is found of a customer by profit */
typedef struct Place
{
	int64		rank;
	num_i128	cumulative;		/* profit of all down to him */
	Datum		wide;			/* the same, where the profits are wide */
} Place;

/* the receiver of the rows, as the executor knows it */
typedef struct Ranking
{
	DestReceiver receiver;		/* must be first */
	MemoryContext context;
	MemoryContext work;
	bool		ordered;		/* by customer */
	Size		room;
	Ranked	   *customer;
	ExactColumn profit;			/* of each; count is that of customers */
	Size	   *order;			/* customers by profit, the largest first */
	int			bins;
	uint64		cut[MEASURES][MAX_BINS - 1];
	ReturnSetInfo *result;
} Ranking;

/* As the cast of numeric does it: the nearest one. */
static double
NearestDouble(Datum numeric)
{
	const num_i128 exact = (num_i128) 1 << 53;
	num_i128	value;
	int			scale;

	if (DecimalRead(numeric, &value, &scale) && scale <= NUM_POW10_64_MAX &&
		value < exact && value > -exact)
		return (double) (int64) value / (double) num_pow10_64[scale];
	CheckFiniteNumeric(numeric, rfm_measure_names[MONETARY]);
	return NumericToDouble(numeric);
}

static void
MakeRoom(Ranking *ranking)
{
	if (ranking->profit.count < ranking->room)
		return;
	if (ranking->room > PG_INT32_MAX / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("query must have at most %zu customers",
						ranking->room)));
	ranking->room *= 2;
	ranking->customer = HugeResize(ranking->customer,
								   mul_size(ranking->room, sizeof(Ranked)));
	ExactColumnReserve(&ranking->profit, ranking->room);
}

static bool
AddCustomer(TupleTableSlot *row, DestReceiver *receiver)
{
	Ranking    *ranking = (Ranking *) receiver;
	MemoryContext caller = MemoryContextSwitchTo(ranking->work);
	Size		n = ranking->profit.count;
	double		measure[MEASURES];
	Ranked	   *customer;

	slot_getallattrs(row);
	QueryRefuseNulls("query", row->tts_isnull, GIVEN_DAYS, given_column);
	MakeRoom(ranking);
	customer = &ranking->customer[n];
	memset(customer, 0, sizeof(*customer));
	customer->id = DatumGetInt64(row->tts_values[GIVEN_CUSTOMER]);
	ranking->ordered = ranking->ordered &&
		(n == 0 || customer[-1].id < customer->id);
	ExactColumnAppend(&ranking->profit, row->tts_values[GIVEN_PROFIT],
					  "profit");
	if (!row->tts_isnull[GIVEN_DAYS] && !row->tts_isnull[GIVEN_ORDERS] &&
		!row->tts_isnull[GIVEN_REVENUE])
	{
		measure[RECENCY] = DatumGetInt32(row->tts_values[GIVEN_DAYS]);
		measure[FREQUENCY] = DatumGetInt64(row->tts_values[GIVEN_ORDERS]);
		measure[MONETARY] = NearestDouble(row->tts_values[GIVEN_REVENUE]);
		for (int m = 0; m < MEASURES; m++)
			customer->key[m] =
				num_key_from_double(RfmCheckMeasure(m, measure[m]));
	}
	MemoryContextSwitchTo(caller);
	MemoryContextReset(ranking->work);
	return true;
}

/* Integers as keys that sort alike, with their numbers behind them. */
static num_u128
NumberedKey(int64 value, Size number)
{
	uint64		key = (uint64) value ^ UINT64CONST(1) << 63;

	return (num_u128) key << 64 | number;
}

/* The numbers of so many integers, sorted, in the place of the keys. */
static Size *
SortNumbers(num_u128 *keys, Size count)
{
	num_u128   *scratch = HugeArray(CurrentMemoryContext, count,
									sizeof(num_u128));
	Size	   *numbers = (Size *) keys;

	num_radix_sort(keys, scratch, count, 64, PollInterrupts);
	for (Size i = 0; i < count; i++)
	{
		numbers[i] = (Size) keys[i];
		POLL_AT(i);
	}
	pfree(scratch);
	return numbers;
}

/* Puts customers in the order of their numbers, as equal ones are to be. */
static void
OrderCustomers(Ranking *ranking)
{
	Size		count = ranking->profit.count;
	num_u128   *keys;
	Size	   *order;
	Ranked	   *customer;
	ExactColumn profit;

	if (ranking->ordered)
		return;
	keys = HugeArray(ranking->context, count, sizeof(num_u128));
	for (Size i = 0; i < count; i++)
	{
		keys[i] = NumberedKey(ranking->customer[i].id, i);
		POLL_AT(i);
	}
	order = SortNumbers(keys, count);
	customer = HugeArray(ranking->context, count, sizeof(Ranked));
	ExactColumnCopy(&profit, &ranking->profit, count, ranking->context);
	for (Size i = 0; i < count; i++)
	{
		customer[i] = ranking->customer[order[i]];
		if (profit.numeric != NULL)
			profit.numeric[i] = ranking->profit.numeric[order[i]];
		else
			profit.value[i] = ranking->profit.value[order[i]];
		POLL_AT(i);
	}
	pfree(order);
	pfree(ranking->customer);
	pfree(ranking->profit.numeric != NULL ? (void *) ranking->profit.numeric :
		  (void *) ranking->profit.value);
	ranking->customer = customer;
	ranking->profit = profit;
}

/* Profits that 64 bits do not hold are left to numeric. */
static void
OrderProfits(Ranking *ranking)
{
	ExactColumn *profit = &ranking->profit;
	Size		count = profit->count;
	num_u128   *keys;

	for (Size i = 0; profit->value != NULL && i < count; i++)
	{
		if (profit->value[i] > PG_INT64_MAX ||
			profit->value[i] < -PG_INT64_MAX)
			ExactColumnWiden(profit);
		POLL_AT(i);
	}
	if (profit->value == NULL)
	{
		ranking->order = ExactColumnOrder(profit, ranking->context);
		return;
	}
	keys = HugeArray(ranking->context, count, sizeof(num_u128));
	for (Size i = 0; i < count; i++)
	{
		keys[i] = NumberedKey(-(int64) profit->value[i], i);
		POLL_AT(i);
	}
	ranking->order = SortNumbers(keys, count);
}

/* The cuts of those who are scored. */
static void
FindCuts(Ranking *ranking)
{
	Size		count = ranking->profit.count;
	uint64	   *keys = HugeArray(ranking->context, count, sizeof(uint64));
	uint64	   *scratch = HugeArray(ranking->context,
									NUM_SELECT_SCRATCH(count), sizeof(uint64));

	for (int m = 0; m < MEASURES; m++)
	{
		Size		scored = 0;

		for (Size i = 0; i < count; i++)
		{
			if (ranking->customer[i].key[m] != MISSING_KEY)
				keys[scored++] = ranking->customer[i].key[m];
			POLL_AT(i);
		}
		if (scored > 0)
			num_select_cuts(keys, scored, ranking->bins, ranking->cut[m],
							scratch, PollInterrupts);
	}
	pfree(keys);
	pfree(scratch);
}

static Datum
SlowShare(Datum part, Datum total)
{
	return NumericRound(NumericDivide(part, total), SHARE_DECIMALS);
}

/*
 * A part of a total above zero, rounded.  numeric rounds what it has rounded
 * to 16 digits or more: so what is near a half, or large, is left to it.
 */
static Datum
ShareOf(num_i128 part, num_i128 total, int scale)
{
	const num_u128 most = (num_u128) 1 << 107;	/* times 2^20 */
	const num_u128 large = (num_u128) 1000 * 1000 * 1000;
	num_u128	magnitude = num_u128_abs(part);
	num_u128	quotient;
	num_u128	remainder;
	num_u128	off;

	if (magnitude < most)
	{
		magnitude *= num_pow10_64[SHARE_DECIMALS];
		quotient = magnitude / (num_u128) total;
		remainder = magnitude % (num_u128) total;
		off = num_u128_abs((num_i128) (2 * remainder) - total);
		quotient += 2 * remainder > (num_u128) total;
		if (quotient < large && off > (num_u128) total / 1000)
			return DecimalNumeric(num_i128_signed(quotient, part < 0),
								  SHARE_DECIMALS);
	}
	return SlowShare(DecimalNumeric(part, scale),
					 DecimalNumeric(total, scale));
}

static bool
SameProfit(const ExactColumn *profit, Size a, Size b)
{
	if (profit->value != NULL)
		return profit->value[a] == profit->value[b];
	return NumericEqual(profit->numeric[a], profit->numeric[b]);
}

/* Places, and what is earned up to there: of equal ones together. */
static Place *
FindPlaces(const Ranking *ranking)
{
	const ExactColumn *profit = &ranking->profit;
	Place	   *place = HugeArray(ranking->context, profit->count,
								  sizeof(Place));
	num_i128	sum = 0;
	Datum		wide = NumericFromInt64(0);

	for (Size from = 0, to; from < profit->count; from = to)
	{
		for (to = from; to < profit->count &&
			 SameProfit(profit, ranking->order[from], ranking->order[to]);
			 to++)
			if (profit->value != NULL)
				sum += profit->value[ranking->order[to]];
			else
				wide = NumericAdd(wide, profit->numeric[ranking->order[to]]);
		for (Size i = from; i < to; i++)
		{
			Place	   *one = &place[ranking->order[i]];

			one->rank = i + 1;
			one->cumulative = sum;
			one->wide = wide;
			POLL_AT(i);
		}
	}
	return place;
}

static void
PutScore(const Ranking *ranking, const Ranked *customer, Datum *values,
		 bool *nulls)
{
	for (int m = 0; m < MEASURES; m++)
	{
		nulls[TOLD_SCORE + m] = customer->key[m] == MISSING_KEY;
		values[TOLD_SCORE + m] =
			Int32GetDatum(1 + num_bin(ranking->cut[m], ranking->bins,
									  customer->key[m]));
	}
}

static void
PutCustomers(const Ranking *ranking, const Place *place)
{
	const ExactColumn *profit = &ranking->profit;
	bool		wide = profit->value == NULL;
	Size		last = profit->count - 1;
	const Place *all = &place[ranking->order[last]];
	bool		earned = wide ? NumericSign(all->wide) > 0 :
	all->cumulative > 0;
	Datum		values[TOLD_COLUMNS];
	bool		nulls[TOLD_COLUMNS] = {false};

	nulls[TOLD_SHARE] = nulls[TOLD_CUMULATIVE_SHARE] = !earned;
	values[TOLD_SHARE] = values[TOLD_CUMULATIVE_SHARE] = (Datum) 0;
	for (Size i = 0; i <= last; i++)
	{
		const Place *one = &place[i];

		values[TOLD_CUSTOMER] = Int64GetDatum(ranking->customer[i].id);
		values[TOLD_RANK] = Int64GetDatum(one->rank);
		values[TOLD_CUMULATIVE] = wide ? one->wide :
			DecimalNumeric(one->cumulative, profit->scale);
		if (earned && wide)
		{
			values[TOLD_SHARE] = SlowShare(profit->numeric[i], all->wide);
			values[TOLD_CUMULATIVE_SHARE] = SlowShare(one->wide, all->wide);
		}
		else if (earned)
		{
			values[TOLD_SHARE] = ShareOf(profit->value[i], all->cumulative,
										 profit->scale);
			values[TOLD_CUMULATIVE_SHARE] =
				ShareOf(one->cumulative, all->cumulative, profit->scale);
		}
		PutScore(ranking, &ranking->customer[i], values, nulls);
		tuplestore_putvalues(ranking->result->setResult,
							 ranking->result->setDesc, values, nulls);
		MemoryContextReset(ranking->work);
		POLL_AT(i);
	}
}

static void
RankingBegin(Ranking *ranking, int bins)
{
	memset(ranking, 0, sizeof(*ranking));
	CheckIntegerRange(bins, MIN_BINS, MAX_BINS, "bins");
	ranking->bins = bins;
	ranking->ordered = true;
	ranking->context = CurrentMemoryContext;
	ranking->work = AllocSetContextCreate(ranking->context, "a customer",
										  ALLOCSET_DEFAULT_SIZES);
	ranking->room = 1024;
	ranking->customer = HugeArray(ranking->context, ranking->room,
								  sizeof(Ranked));
	ExactColumnInit(&ranking->profit, ranking->room, ranking->context);
}

/*
 * _rank_customers(query text, bins integer): of the customers of a query, in
 * the order of their numbers, their place by profit, the profit of all down to
 * them, both as parts of all profit, and scores of recency, frequency and
 * revenue.
 */
Datum
rank__rank_customers(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Ranking    *ranking = palloc(sizeof(Ranking));
	SPIPlanPtr	plan;

	RankingBegin(ranking, PG_GETARG_INT32(1));
	InitMaterializedSRF(fcinfo, 0);
	ranking->result = (ReturnSetInfo *) fcinfo->resultinfo;
	SPI_connect();
	plan = QueryPlan(query);
	CheckQueryColumns("query", QueryPlanColumns(plan), GIVEN_COLUMNS,
					  given_column);
	QueryPlanRun(plan, &ranking->receiver, AddCustomer, true);
	SPI_finish();
	if (ranking->profit.count > 0)
	{
		Place	   *place;

		OrderCustomers(ranking);
		OrderProfits(ranking);
		FindCuts(ranking);
		place = FindPlaces(ranking);
		MemoryContextSwitchTo(ranking->work);
		PutCustomers(ranking, place);
		MemoryContextSwitchTo(ranking->context);
	}
	return (Datum) 0;
}
