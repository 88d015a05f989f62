/*
 * tier.c
 *	  Who holds how much of the total: ABC tiers and the whale curve.
 *
 * SQL, in file order: abc_tier(value, a, b), cumulative_share(value), both
 * window functions over their partition; _amount_range(value), by which the
 * tiers of a distributed ledger are found.
 */
#include "crmcost.h"

#include "num/sort.h"
#include "state/decimal.h"
#include "state/exact_column.h"
#include "state/huge_array.h"
#include "state/window.h"
#include "tier/share.h"

SQL_FUNCTION(abc_tier);
SQL_FUNCTION(cumulative_share);
SQL_FUNCTION(tier__amount_range);

/* a text of one letter, as stored */
typedef struct LetterText
{
	int32		vl_len_;		/* varlena header, and its alignment */
	char		letter;
} LetterText;

typedef struct TierPartition
{
	LetterText	letter['C' - 'A' + 1];
	char		tier[FLEXIBLE_ARRAY_MEMBER];	/* 'A', 'B', 'C', or 0: NULL */
} TierPartition;

/* the two shares at which a tier ends */
static void
ReadShares(FunctionCallInfo fcinfo, WindowObject window, Datum *shares)
{
	shares[0] = PartitionNumeric(fcinfo, window, 1, "a");
	shares[1] = PartitionNumeric(fcinfo, window, 2, "b");
	if (NumericSign(shares[0]) < 0 ||
		NumericCompare(shares[1], NumericFromInt64(1)) > 0 ||
		NumericCompare(shares[0], shares[1]) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a and b must be shares with 0 <= a <= b <= 1, not %s and %s",
						NumericText(shares[0]), NumericText(shares[1]))));
}

/* Reads a partition's values; row_of tells where each stood. */
static void
ReadValues(WindowObject window, ExactColumn *column, uint32 *row_of)
{
	PartitionScan scan;

	PartitionScanBegin(&scan, window);
	while (PartitionScanNext(&scan))
	{
		bool		isnull;
		Datum		value = PartitionScanArgument(&scan, 0, &isnull);

		if (isnull)
			continue;
		row_of[column->count] = scan.row;
		ExactColumnAppend(column, value, "value");
	}
	PartitionScanEnd(&scan);
}

static TierPartition *
ComputeTiers(FunctionCallInfo fcinfo, WindowObject window,
			 MemoryContext context)
{
	Datum		shares[2];
	Size		rows = WinGetPartitionRowCount(window);
	TierPartition *partition = HugeArray(context, 1,
										 sizeof(TierPartition) + rows);
	uint32	   *row_of = HugeArray(CurrentMemoryContext, rows, sizeof(uint32));
	int16	   *place;
	ExactColumn column;

	ReadShares(fcinfo, window, shares);
	ExactColumnInit(&column, rows, CurrentMemoryContext);
	ReadValues(window, &column, row_of);
	place = HugeArray(CurrentMemoryContext, column.count, sizeof(int16));
	ShareTiers(&column, shares, lengthof(shares), place);

	for (int letter = 'A'; letter <= 'C'; letter++)
	{
		LetterText *stored = &partition->letter[letter - 'A'];

		SET_VARSIZE(stored, VARHDRSZ + 1);
		stored->letter = (char) letter;
	}
	memset(partition->tier, 0, rows);
	for (Size i = 0; i < column.count; i++)
		partition->tier[row_of[i]] = 'A' + place[i];
	pfree(row_of);
	pfree(place);
	return partition;
}

/* abc_tier(value numeric, a numeric = 0.80, b numeric = 0.95) OVER (...) */
Datum
abc_tier(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	int64		row = WinGetCurrentPosition(window);
	TierPartition **partition = (TierPartition **) PartitionCache(window);
	char		tier;

	if (*partition == NULL)
		*partition = ComputeTiers(fcinfo, window, PartitionContext(fcinfo));
	PartitionForgetRows(window, row);
	tier = (*partition)->tier[row];
	if (tier == 0)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(&(*partition)->letter[tier - 'A']);
}

/* running sums of a partition, ties together */
typedef struct SharePartition
{
	Datum		total;			/* NULL pointer if it is zero: no shares */
	int			scale;
	num_i128   *running;		/* by row, at the scale; or */
	Datum	   *numeric;		/* by row */
	bool	   *missing;		/* by row: the value is NULL */
} SharePartition;

/*
 * Running sums of integer values: they are sorted with their row below them.
 * False if the keys or a sum do not fit.
 */
static bool
RunIntegers(const ExactColumn *column, const uint32 *row_of,
			SharePartition *partition)
{
	num_u128   *keys = HugeArray(CurrentMemoryContext, 2 * column->count,
								 sizeof(num_u128));
	num_i128	largest = column->value[0];
	num_i128	sum = 0;
	num_i128	range;

	for (Size i = 1; i < column->count; i++)
		largest = Max(largest, column->value[i]);
	for (Size i = 0; i < column->count; i++)
	{
		/* descending: the key is the distance from the largest value */
		if (__builtin_sub_overflow(largest, column->value[i], &range) ||
			(range >> 96) != 0)
			return false;
		keys[i] = (num_u128) range << 32 | i;
	}
	num_radix_sort(keys, keys + column->count, column->count, 32,
				   PollInterrupts);
	for (Size i = 0, next; i < column->count; i = next)
	{
		for (next = i; next < column->count; next++)
		{
			num_i128	value = column->value[(uint32) keys[next]];

			if (keys[next] >> 32 != keys[i] >> 32)
				break;
			if (__builtin_add_overflow(sum, value, &sum))
				return false;
		}
		for (Size tie = i; tie < next; tie++)
			partition->running[row_of[(uint32) keys[tie]]] = sum;
		CHECK_FOR_INTERRUPTS();
	}
	if (sum != 0)
		partition->total = DecimalNumeric(sum, column->scale);
	pfree(keys);
	return true;
}

/* Running sums of numerics. */
static void
RunNumerics(const ExactColumn *column, const uint32 *row_of,
			SharePartition *partition)
{
	Size	   *order = ExactColumnOrder(column, CurrentMemoryContext);
	Datum		sum = NumericFromInt64(0);

	for (Size i = 0, next; i < column->count; i = next)
	{
		for (next = i; next < column->count &&
			 NumericCompare(column->numeric[order[next]],
							column->numeric[order[i]]) == 0; next++)
		{
			sum = NumericAdd(sum, column->numeric[order[next]]);
			CHECK_FOR_INTERRUPTS();
		}
		for (Size tie = i; tie < next; tie++)
			partition->numeric[row_of[order[tie]]] = sum;
	}
	if (NumericSign(sum) != 0)
		partition->total = sum;
}

static SharePartition *
ComputeShares(WindowObject window, MemoryContext context)
{
	Size		rows = WinGetPartitionRowCount(window);
	SharePartition *partition = MemoryContextAllocZero(context,
													   sizeof(SharePartition));
	uint32	   *row_of = HugeArray(CurrentMemoryContext, rows, sizeof(uint32));
	MemoryContext caller;
	ExactColumn column;

	ExactColumnInit(&column, rows, CurrentMemoryContext);
	ReadValues(window, &column, row_of);
	partition->missing = HugeArray(context, rows, sizeof(bool));
	memset(partition->missing, true, rows);
	for (Size i = 0; i < column.count; i++)
		partition->missing[row_of[i]] = false;
	if (column.count == 0)
		return partition;

	caller = MemoryContextSwitchTo(context);
	partition->scale = column.scale;
	partition->running = HugeArray(context, rows, sizeof(num_i128));
	if (column.value == NULL || !RunIntegers(&column, row_of, partition))
	{
		pfree(partition->running);
		partition->running = NULL;
		partition->numeric = HugeArray(context, rows, sizeof(Datum));
		ExactColumnWiden(&column);
		RunNumerics(&column, row_of, partition);
	}
	MemoryContextSwitchTo(caller);
	return partition;
}

/*
 * cumulative_share(value numeric) OVER (...): NULL for a NULL value, and for
 * all where the total is zero.
 */
Datum
cumulative_share(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	int64		row = WinGetCurrentPosition(window);
	SharePartition **cache = (SharePartition **) PartitionCache(window);
	SharePartition *partition;
	Datum		running;

	if (*cache == NULL)
		*cache = ComputeShares(window, PartitionContext(fcinfo));
	partition = *cache;
	PartitionForgetRows(window, row);
	if (partition->missing[row] || DatumGetPointer(partition->total) == NULL)
		PG_RETURN_NULL();
	if (partition->running != NULL)
		running = DecimalNumeric(partition->running[row], partition->scale);
	else
		running = partition->numeric[row];
	PG_RETURN_DATUM(NumericDivide(running, partition->total));
}

/* _amount_range(value numeric) */
Datum
tier__amount_range(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(DecimalRange(PG_GETARG_DATUM(0)));
}
