/*
 * concentration.c
 *	  How concentrated a total is: share of the largest, Gini coefficient.
 *
 * SQL, in file order: aggregates top_share(value, fraction), gini(value),
 * gini_signed(value).  All three need every value (value_bag.c).
 *
 *	  gini: G = sum((2i - n - 1) x_i) / (n sum(x_i)), x ascending, i from 1
 *	  gini_signed: the same over n sum(|x_i|), which stays within 0 and 1 when
 *	  values are negative (Raffinetti, Siletti, Vernizzi 2015, Statistical
 *	  Methods & Applications 24, the coefficient they call G_RSV)
 */
#include "crmcost.h"

#include "concentration/value_bag.h"
#include "num/sort.h"
#include "state/huge_array.h"
#include "state/state.h"

SQL_FUNCTION(top_share_final);
SQL_FUNCTION(gini_final);
SQL_FUNCTION(gini_signed_final);

/*
 * The sums of a column of integers, and of the k largest of them, as numeric.
 */
static void
SumTopIntegers(const ExactColumn *column, Size k, Datum *top, Datum *total)
{
	num_u128   *distance;
	num_i128	smallest = column->value[0];
	ExactSum	all = {{{0, 0, 0, 0}}, column->scale};
	ExactSum	sum = all;
	num_u128	threshold;
	Size		larger = 0;

	for (Size i = 0; i < column->count; i++)
	{
		(void) num_i256_mul_add(&all.value, column->value[i], 1);
		smallest = Min(smallest, column->value[i]);
		POLL_AT(i);
	}
	*total = ExactSumNumeric(&all);
	*top = NumericFromInt64(0);
	if (k == 0)
		return;
	distance = HugeArray(CurrentMemoryContext, 2 * column->count,
						 sizeof(num_u128));
	for (Size i = 0; i < column->count; i++)
	{
		distance[i] = (num_u128) column->value[i] - (num_u128) smallest;
		POLL_AT(i);
	}
	threshold = num_upper_threshold(distance, column->count, NUM_COUNT, k,
									distance + column->count, PollInterrupts);
	for (Size i = 0; i < column->count; i++)
	{
		if (distance[i] > threshold)
		{
			(void) num_i256_mul_add(&sum.value, column->value[i], 1);
			larger++;
		}
		POLL_AT(i);
	}
	(void) num_i256_mul_add(&sum.value,
							(num_i128) (threshold + (num_u128) smallest),
							k - larger);
	*top = ExactSumNumeric(&sum);
}

/* share of the signed total held by the ceil(fraction * n) largest */
Datum
top_share_final(PG_FUNCTION_ARGS)
{
	ExactColumn column;
	Datum		wanted;
	Size		k;
	Datum		top;
	Datum		total;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	wanted = BagFraction(PG_GETARG_DATUM(0));
	BagRead(PG_GETARG_DATUM(0), &column);
	wanted = NumericMultiply(wanted, NumericFromInt64(column.count));
	k = NumericToInt64(NumericCeiling(wanted));
	if (column.value != NULL)
		SumTopIntegers(&column, k, &top, &total);
	else
	{
		Size	   *order = ExactColumnOrder(&column, CurrentMemoryContext);

		total = ExactColumnNumericSum(&column);
		top = NumericFromInt64(0);
		for (Size i = 0; i < k; i++)
		{
			top = NumericAdd(top, column.numeric[order[i]]);
			CHECK_FOR_INTERRUPTS();
		}
	}
	if (NumericSign(total) == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(NumericDivide(top, total));
}

/* the parts of a Gini coefficient */
typedef struct GiniSums
{
	bool		negative;		/* there is a negative value: */
	Datum		smallest;
	double		ranked;			/* sum((2i - n - 1) x_i) */
	double		size;			/* sum(|x_i|) */
} GiniSums;

static void
SumIntegers(const ExactColumn *column, GiniSums *sums)
{
	num_u128   *distance = HugeArray(CurrentMemoryContext, 2 * column->count,
									 sizeof(num_u128));
	num_i128	smallest = column->value[0];
	num_i256	ranked = {{0, 0, 0, 0}};
	num_i256	size = {{0, 0, 0, 0}};
	int64		n = column->count;

	for (int64 i = 0; i < n; i++)
	{
		smallest = Min(smallest, column->value[i]);
		POLL_AT(i);
	}
	for (int64 i = 0; i < n; i++)
	{
		distance[i] = (num_u128) column->value[i] - (num_u128) smallest;
		POLL_AT(i);
	}
	num_radix_sort(distance, distance + n, n, 0, PollInterrupts);
	for (int64 i = 0; i < n; i++)
	{
		num_i128	value = (num_i128) (distance[i] + (num_u128) smallest);

		(void) num_i256_mul_add(&ranked, value, 2 * i + 1 - n);
		(void) num_i256_mul_add(&size, value, value < 0 ? -1 : 1);
		POLL_AT(i);
	}
	sums->negative = smallest < 0;
	sums->smallest = DecimalNumeric(smallest, column->scale);
	sums->ranked = num_i256_to_double(&ranked);
	sums->size = num_i256_to_double(&size);
}

/* The same in numeric, divided by the largest size so that doubles hold it. */
static void
SumNumerics(const ExactColumn *column, GiniSums *sums)
{
	Size	   *order = ExactColumnOrder(column, CurrentMemoryContext);
	Datum		ranked = NumericFromInt64(0);
	Datum		size = NumericFromInt64(0);
	int64		n = column->count;

	sums->smallest = column->numeric[order[n - 1]];
	sums->negative = NumericSign(sums->smallest) < 0;
	for (int64 i = 0; i < n; i++)
	{
		/* the order is descending */
		Datum		value = column->numeric[order[n - 1 - i]];
		Datum		rank = NumericFromInt64(2 * i + 1 - n);

		ranked = NumericAdd(ranked, NumericMultiply(rank, value));
		size = NumericAdd(size, NumericAbsolute(value));
		CHECK_FOR_INTERRUPTS();
	}
	sums->size = NumericSign(size);
	sums->ranked = sums->size == 0 ? 0 :
		NumericToDouble(NumericDivide(ranked, size));
}

static Datum
GiniFinal(FunctionCallInfo fcinfo, bool is_signed)
{
	ExactColumn column;
	GiniSums	sums;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	BagRead(PG_GETARG_DATUM(0), &column);
	if (column.value != NULL)
		SumIntegers(&column, &sums);
	else
		SumNumerics(&column, &sums);
	if (sums.negative && !is_signed)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("value must not be negative, not %s",
						NumericText(sums.smallest)),
				 errhint("Use gini_signed, which allows losses.")));
	if (sums.size == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("value must not be 0 in all %lld rows",
						(long long) column.count)));
	PG_RETURN_FLOAT8(sums.ranked / sums.size / column.count);
}

Datum
gini_final(PG_FUNCTION_ARGS)
{
	return GiniFinal(fcinfo, false);
}

Datum
gini_signed_final(PG_FUNCTION_ARGS)
{
	return GiniFinal(fcinfo, true);
}
