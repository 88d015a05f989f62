/*
 * share.c
 *	  Within which shares of a total values are.
 *
 * A tier needs no sort: a histogram of digits finds the smallest value such
 * that strictly larger ones hold less than a share of the total, and each
 * value is compared with that.  All sums and comparisons are exact: the share
 * a is turned into the amount ceil(a * total), in units of the last decimal.
 */
#include "crmcost.h"

#include "num/sort.h"
#include "state/huge_array.h"
#include "tier/share.h"

/* ceil(share * total), as an integer: what is below it is below the share */
static num_u128
ShareLimit(Datum share, num_i128 total)
{
	Datum		amount = NumericMultiply(share, DecimalNumeric(total, 0));
	ExactSum	sum;
	num_i128	limit;

	/* at most the total, but with more digits than DecimalRead() takes */
	ExactSumRead(&sum, NumericCeiling(amount), "value");
	if (!num_i256_to_i128(&sum.value, &limit))
		elog(ERROR, "share of a total does not fit");
	return (num_u128) limit;
}

/*
 * Places of integer values.  False if the sum of the positive ones overflows.
 */
static bool
PlaceIntegers(const ExactColumn *column, const Datum *shares, int shares_count,
			  int16 *place)
{
	num_u128   *positive = HugeArray(CurrentMemoryContext, column->count,
									 sizeof(num_u128));
	num_u128   *scratch = HugeArray(CurrentMemoryContext, column->count,
									sizeof(num_u128));
	num_u128   *threshold = palloc(shares_count * sizeof(num_u128));
	num_i128	total = 0;
	Size		count = 0;

	for (Size i = 0; i < column->count; i++)
	{
		if (column->value[i] <= 0)
			continue;
		if (__builtin_add_overflow(total, column->value[i], &total))
			return false;
		positive[count++] = (num_u128) column->value[i];
		POLL_AT(count);
	}
	for (int s = 0; s < shares_count; s++)
	{
		num_u128	limit = ShareLimit(shares[s], total);

		/* with a limit of 0 nothing is inside */
		threshold[s] = limit == 0 ? ~(num_u128) 0 :
			num_upper_threshold(positive, count, NUM_SUM, limit, scratch,
								PollInterrupts);
	}
	for (Size i = 0; i < column->count; i++)
	{
		num_i128	value = column->value[i];
		int			s = value <= 0 ? shares_count : 0;

		while (s < shares_count && (num_u128) value < threshold[s])
			s++;
		place[i] = s;
		POLL_AT(i);
	}
	pfree(positive);
	pfree(scratch);
	pfree(threshold);
	return true;
}

/* Places of numerics, largest first, by running sums. */
static void
PlaceNumerics(const ExactColumn *column, const Datum *shares, int shares_count,
			  int16 *place)
{
	Size	   *order = ExactColumnOrder(column, CurrentMemoryContext);
	Datum	   *limit = palloc(shares_count * sizeof(Datum));
	Datum		zero = NumericFromInt64(0);
	Datum		total = zero;
	Datum		larger = zero;	/* sum of strictly larger values */
	Datum		sum = zero;		/* sum so far */

	for (Size i = 0; i < column->count; i++)
	{
		if (NumericCompare(column->numeric[i], zero) > 0)
			total = NumericAdd(total, column->numeric[i]);
		CHECK_FOR_INTERRUPTS();
	}
	for (int s = 0; s < shares_count; s++)
		limit[s] = NumericMultiply(shares[s], total);
	for (Size i = 0; i < column->count; i++)
	{
		Datum		value = column->numeric[order[i]];
		int			s = 0;

		CHECK_FOR_INTERRUPTS();
		if (i > 0 && NumericCompare(value, column->numeric[order[i - 1]]) != 0)
			larger = sum;
		if (NumericCompare(value, zero) <= 0)
			s = shares_count;
		else
			sum = NumericAdd(sum, value);
		while (s < shares_count && NumericCompare(larger, limit[s]) >= 0)
			s++;
		place[order[i]] = s;
	}
}

/*
 * The place of each value of a column: the first of the shares, which ascend,
 * that holds it, or their count.  What is not above 0 is in none.
 */
void
ShareTiers(ExactColumn *column, const Datum *shares, int count, int16 *place)
{
	if (column->value != NULL &&
		PlaceIntegers(column, shares, count, place))
		return;
	ExactColumnWiden(column);
	PlaceNumerics(column, shares, count, place);
}
