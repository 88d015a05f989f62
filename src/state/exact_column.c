/*
 * exact_column.c
 *	  A list of numerics as integers at one scale, or else as numerics.
 */
#include "crmcost.h"

#include "num/sort.h"
#include "state/exact_column.h"
#include "state/huge_array.h"
#include "utils/memutils.h"

void
ExactColumnInit(ExactColumn *column, Size room, MemoryContext context)
{
	column->context = context;
	column->count = 0;
	column->room = Max(room, 1);
	column->scale = 0;
	column->value = HugeArray(context, column->room, sizeof(num_i128));
	column->numeric = NULL;
}

/* A copy with a given room; the numerics of a wide column are shared. */
void
ExactColumnCopy(ExactColumn *copy, const ExactColumn *column, Size room,
				MemoryContext context)
{
	bool		wide = column->numeric != NULL;

	Assert(room >= column->count);
	*copy = *column;
	copy->context = context;
	copy->room = room;
	copy->value = wide ? NULL : HugeArray(context, room, sizeof(num_i128));
	copy->numeric = wide ? HugeArray(context, room, sizeof(Datum)) : NULL;
	for (Size i = 0; i < column->count; i++)
	{
		if (wide)
			copy->numeric[i] = column->numeric[i];
		else
			copy->value[i] = column->value[i];
		POLL_AT(i);
	}
}

/* Makes room for so many values. */
void
ExactColumnReserve(ExactColumn *column, Size room)
{
	Assert(room >= column->count);
	if (column->numeric != NULL)
		column->numeric = HugeResize(column->numeric,
									 mul_size(room, sizeof(Datum)));
	else
		column->value = HugeResize(column->value,
								   mul_size(room, sizeof(num_i128)));
	column->room = room;
}

/* Turns a column of integers into one of numerics. */
void
ExactColumnWiden(ExactColumn *column)
{
	MemoryContext caller = MemoryContextSwitchTo(column->context);

	if (column->numeric == NULL)
	{
		column->numeric = HugeArray(column->context, column->room,
									sizeof(Datum));
		for (Size i = 0; i < column->count; i++)
		{
			column->numeric[i] = DecimalNumeric(column->value[i],
												column->scale);
			POLL_AT(i);
		}
		pfree(column->value);
		column->value = NULL;
	}
	MemoryContextSwitchTo(caller);
}

/* Brings a column of integers to a larger scale; false if they do not fit. */
bool
ExactColumnRaise(ExactColumn *column, int scale)
{
	if (!DecimalRaiseScale(column->value, column->count,
						   scale - column->scale))
		return false;
	column->scale = scale;
	return true;
}

/* Appends a value within the column's room; refuses NaN and infinity. */
void
ExactColumnAppend(ExactColumn *column, Datum numeric, const char *argument)
{
	num_i128	value;
	int			scale;
	MemoryContext caller;

	Assert(column->count < column->room);
	if (likely(column->value != NULL && DecimalRead(numeric, &value, &scale)))
	{
		if ((scale <= column->scale || ExactColumnRaise(column, scale)) &&
			num_i128_mul_pow10(value, column->scale - scale, &value))
		{
			column->value[column->count++] = value;
			return;
		}
	}
	CheckFiniteNumeric(numeric, argument);
	ExactColumnWiden(column);
	caller = MemoryContextSwitchTo(column->context);
	column->numeric[column->count++] =
		PointerGetDatum(PG_DETOAST_DATUM_COPY(numeric));
	MemoryContextSwitchTo(caller);
}

/* The sum of a column of integers, if 128 bits hold it. */
bool
ExactColumnSum(const ExactColumn *column, num_i128 *sum)
{
	*sum = 0;
	for (Size i = 0; i < column->count; i++)
	{
		if (__builtin_add_overflow(*sum, column->value[i], sum))
			return false;
		POLL_AT(i);
	}
	return true;
}

/* The sum of a wide column. */
Datum
ExactColumnNumericSum(const ExactColumn *column)
{
	Datum		sum = NumericFromInt64(0);

	for (Size i = 0; i < column->count; i++)
	{
		Datum		next = NumericAdd(sum, column->numeric[i]);

		pfree(DatumGetPointer(sum));
		sum = next;
		CHECK_FOR_INTERRUPTS();
	}
	return sum;
}

static int
CompareDescending(const void *a, const void *b, void *arg)
{
	const ExactColumn *column = arg;
	Size		left = *(const Size *) a;
	Size		right = *(const Size *) b;
	int			order;

	if (column->numeric != NULL)
		order = NumericCompare(column->numeric[right], column->numeric[left]);
	else
		order = (column->value[right] > column->value[left]) -
			(column->value[right] < column->value[left]);

	return order != 0 ? order : (left > right) - (left < right);
}

/* Sorts positions of values, from the largest value down. */
void
ExactColumnSort(const ExactColumn *column, Size *order, Size count)
{
	qsort_interruptible(order, count, sizeof(Size), CompareDescending,
						unconstify(ExactColumn *, column));
}

/* The positions of all values in this order. */
Size *
ExactColumnOrder(const ExactColumn *column, MemoryContext context)
{
	Size	   *order = HugeArray(context, column->count, sizeof(Size));

	for (Size i = 0; i < column->count; i++)
	{
		order[i] = i;
		POLL_AT(i);
	}
	ExactColumnSort(column, order, column->count);
	return order;
}

int
ExactColumnSign(const ExactColumn *column, Size i)
{
	if (column->numeric != NULL)
		return NumericSign(column->numeric[i]);
	return (column->value[i] > 0) - (column->value[i] < 0);
}

Datum
ExactColumnNumeric(const ExactColumn *column, Size i)
{
	return column->numeric != NULL ? column->numeric[i] :
		DecimalNumeric(column->value[i], column->scale);
}
