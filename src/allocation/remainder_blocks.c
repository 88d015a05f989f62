/*
 * remainder_blocks.c
 *	  Who gets the units that are left over in a split over customers in
 *	  several places, found without bringing them to one.
 *
 * SQL: _remainder_blocks(quantities, group_driver, group_cost, group_scale,
 * group_total, after_remainder, after_first, upto_remainder, upto_first,
 * blocks).
 *
 * Each place tells its customers in blocks, in order of their remainders.
 * Whoever asks all of them finds two marks between which the last customer is
 * who gets a unit more, and asks for that stretch in finer blocks, until each
 * is one customer (sql/refresh/45_month_part.sql).
 */
#include "crmcost.h"

#include "allocation/quantities.h"
#include "funcapi.h"
#include "num/sort.h"
#include "state/huge_array.h"
#include "utils/memutils.h"

SQL_FUNCTION(remainder_blocks__remainder_blocks);

/* the arguments, and the columns of the answer */
enum
{
	QUANTITIES, GROUP_DRIVER, GROUP_COST, GROUP_SCALE, GROUP_TOTAL,
	AFTER_REMAINDER, AFTER_FIRST, UPTO_REMAINDER, UPTO_FIRST, ARRAYS,
	BLOCKS = ARRAYS
};
enum
{
	GROUP_NUMBER, GIVEN, AHEAD, SLACK, POSITION, REMAINDER, PARTICIPANTS,
	COLUMNS
};
static const char *const argument_name[ARRAYS] = {
	"quantities", "group_driver", "group_cost", "group_scale", "group_total",
	"after_remainder", "after_first", "upto_remainder", "upto_first"
};

typedef struct Answer
{
	Quantities	all;
	ReturnSetInfo *rows;
} Answer;

/* a place in the order of remainders, the largest first, then of customers */
typedef struct Mark
{
	bool		any;
	Datum		remainder;
	num_i128	value;			/* the same where the column has integers */
	int			first;
} Mark;

typedef struct BlockGroup
{
	const DriverColumn *driver;
	ExactColumn remainders;
	Datum		given;
	Datum		total;
	Mark		after;
	Mark		upto;
} BlockGroup;

/* customers in order, in blocks of step between two places */
typedef struct Blocks
{
	Size		count;
	Size		from;
	Size		upto;
	Size		step;
} Blocks;

static Mark
NextMark(ArrayReader *remainder, ArrayReader *first)
{
	Mark		mark;
	bool		isnull;

	mark.remainder = NextNumeric(remainder, &isnull);
	mark.any = !isnull;
	mark.value = 0;
	mark.first = NextPlace(first);
	return mark;
}

/* In integers the column stays one if the mark is one at its scale. */
static void
BringMark(Mark *mark, ExactColumn *remainders)
{
	if (mark->any && remainders->value != NULL &&
		!DecimalReadAtScale(mark->remainder, remainders->scale, &mark->value))
		ExactColumnWiden(remainders);
}

/* Whether who is i-th of a driver comes up to a mark. */
static bool
IsUpTo(const Mark *mark, const BlockGroup *group, Size i)
{
	const ExactColumn *remainders = &group->remainders;
	int			order;

	if (remainders->value != NULL)
		order = (remainders->value[i] > mark->value) -
			(remainders->value[i] < mark->value);
	else
		order = NumericCompare(remainders->numeric[i], mark->remainder);
	return order > 0 ||
		(order == 0 && group->driver->customer[i] < mark->first);
}

static void
ReadBlockGroup(const Answer *answer, ArrayReader *argument, BlockGroup *group)
{
	static const DriverColumn none;
	int			driver = NextInteger(&argument[GROUP_DRIVER], 1,
									 answer->all.drivers);
	int			scale = NextInteger(&argument[GROUP_SCALE], 0, MONEY_SCALE);
	Datum		cost = NextNotNull(&argument[GROUP_COST]);

	group->total = NextNotNull(&argument[GROUP_TOTAL]);
	CheckAllocationAmount(cost, scale, argument_name[GROUP_COST]);
	if (NumericSign(group->total) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be above 0, not %s",
						argument_name[GROUP_TOTAL],
						NumericText(group->total))));
	group->driver = answer->all.driver == NULL ? &none :
		&answer->all.driver[driver - 1];
	group->after = NextMark(&argument[AFTER_REMAINDER],
							&argument[AFTER_FIRST]);
	group->upto = NextMark(&argument[UPTO_REMAINDER], &argument[UPTO_FIRST]);
	ExactColumnCopy(&group->remainders, &group->driver->quantities,
					group->driver->quantities.count + 1, answer->all.work);
	group->given = AllocationRemainders(cost, &group->remainders, scale,
										group->total);
	BringMark(&group->after, &group->remainders);
	BringMark(&group->upto, &group->remainders);
}

/*
 * Keeps the remainders between the marks, and says whose they are, counted
 * from 1; returns how many come before.
 */
static int64
KeepBetween(const Answer *answer, BlockGroup *group, int32 *position)
{
	ExactColumn *remainders = &group->remainders;
	Size		kept = 0;
	int64		ahead = 0;

	for (Size i = 0; i < remainders->count; i++)
	{
		POLL_AT(i);
		if (group->after.any && IsUpTo(&group->after, group, i))
			ahead++;
		else if (ExactColumnSign(remainders, i) > 0 &&
				 (!group->upto.any || IsUpTo(&group->upto, group, i)))
		{
			if (remainders->value != NULL)
				remainders->value[kept] = remainders->value[i];
			else
				remainders->numeric[kept] = remainders->numeric[i];
			position[kept++] = group->driver->customer[i] + 1;
		}
	}
	remainders->count = kept;
	return ahead;
}

static void
PutBlockRow(const Answer *answer, Datum *values, bool is_block)
{
	bool		nulls[COLUMNS] = {false};

	nulls[GIVEN] = nulls[AHEAD] = is_block;
	nulls[POSITION] = nulls[REMAINDER] = nulls[PARTICIPANTS] = !is_block;
	tuplestore_putvalues(answer->rows->setResult, answer->rows->setDesc,
						 values, nulls);
}

/* The value that so many reach, in a column of integers. */
static num_i128
LargestOf(const ExactColumn *column, Size rank, MemoryContext work)
{
	num_u128   *scratch = HugeArray(work, column->count, sizeof(num_u128));
	num_u128	value = num_upper_threshold((num_u128 *) column->value,
											column->count, NUM_COUNT, rank,
											scratch, PollInterrupts);

	pfree(scratch);
	return (num_i128) value;
}

/* Of values in order of their positions, the smallest and last goes last. */
static void
PutLastLast(const ExactColumn *column, Size *order, Size count)
{
	Size		last = 0;

	for (Size i = 1; i < count; i++)
	{
		if (column->value[order[i]] <= column->value[order[last]])
			last = i;
		POLL_AT(i);
	}
	if (count > 0)
	{
		Size		own = order[last];

		order[last] = order[count - 1];
		order[count - 1] = own;
	}
}

static double
SumOf(const ExactColumn *column)
{
	double		sum = 0;

	for (Size i = 0; i < column->count; i++)
	{
		sum += column->value != NULL ? (double) column->value[i] :
			NumericToDouble(column->numeric[i]);
		POLL_AT(i);
	}
	return column->value != NULL ? sum / pow(10, column->scale) : sum;
}

/*
 * Puts those above a remainder first, then those down to another, in order,
 * then those below.  Of the first and the last, all that is asked for is who
 * ends them.
 */
static void
SplitAt(const ExactColumn *remainders, num_i128 high, num_i128 low,
		Size *order, Blocks *fine)
{
	const num_i128 *value = remainders->value;
	Size		above = 0;
	Size		below = remainders->count;
	Size		within = 0;
	Size		i;

	for (i = 0; i < remainders->count; i++)
	{
		within += value[i] <= high && value[i] >= low;
		above += value[i] > high;
		POLL_AT(i);
	}
	fine->from = above;
	fine->upto = above + within;
	for (i = remainders->count; i > 0; i--)
	{
		Size		own = i - 1;

		POLL_AT(i);
		if (value[own] > high)
			order[--above] = own;
		else if (value[own] < low)
			order[--below] = own;
		else
			order[fine->from + --within] = own;
	}
	ExactColumnSort(remainders, order + fine->from, fine->upto - fine->from);
	PutLastLast(remainders, order, fine->from);
	PutLastLast(remainders, order + fine->upto, fine->count - fine->upto);
}

/*
 * Where blocks are fine, and the order of those who end one.  Those who get a
 * unit more are, of all customers, as many as what is left of them is units;
 * so are about those of each place.
 */
static Size *
FindFineBlocks(const BlockGroup *group, MemoryContext work, int blocks,
			   Blocks *fine)
{
	const ExactColumn *remainders = &group->remainders;
	double		width = 1.25 * sqrt((double) remainders->count);
	Size	   *order;

	fine->count = remainders->count;
	fine->from = 0;
	fine->upto = fine->count;
	if (group->after.any || group->upto.any || remainders->value == NULL ||
		fine->count <= 2 * (Size) blocks)
		order = ExactColumnOrder(remainders, work);
	else
	{
		double		left = SumOf(remainders) / NumericToDouble(group->total);
		Size		from = (Size) Max(left - width, 1);
		Size		upto = Min((Size) (left + width) + 1, fine->count);

		order = HugeArray(work, fine->count, sizeof(Size));
		SplitAt(remainders, LargestOf(remainders, from, work),
				LargestOf(remainders, upto, work), order, fine);
	}
	fine->step = fine->count <= 2 * (Size) blocks ? 1 :
		Max((fine->upto - fine->from + blocks - 1) / blocks, 1);
	return order;
}

/* The end of the block that begins at a place. */
static Size
BlockEnd(const Blocks *fine, Size before)
{
	if (before < fine->from)
		return fine->from;
	if (before < fine->upto)
		return Min(before + fine->step, fine->upto);
	return fine->count;
}

static int32
BlockSlack(const Blocks *fine, Size before)
{
	return before < fine->count ? BlockEnd(fine, before) - before - 1 : 0;
}

static void
PutBlocks(const Answer *answer, int number, BlockGroup *group, int blocks)
{
	int32	   *position = HugeArray(answer->all.work, group->remainders.count,
									 sizeof(int32));
	int64		ahead = KeepBetween(answer, group, position);
	Datum		values[COLUMNS] = {0};
	Blocks		fine;
	Size	   *order = FindFineBlocks(group, answer->all.work, blocks, &fine);

	values[GROUP_NUMBER] = Int32GetDatum(number);
	values[GIVEN] = group->given;
	values[AHEAD] = Int64GetDatum(ahead);
	values[SLACK] = Int32GetDatum(BlockSlack(&fine, 0));
	PutBlockRow(answer, values, false);
	for (Size before = 0, after; before < fine.count; before = after)
	{
		Size		last;

		after = BlockEnd(&fine, before);
		last = order[after - 1];
		values[SLACK] = Int32GetDatum(BlockSlack(&fine, after) -
									  BlockSlack(&fine, before));
		values[POSITION] = Int32GetDatum(position[last]);
		values[REMAINDER] = ExactColumnNumeric(&group->remainders, last);
		values[PARTICIPANTS] = Int32GetDatum(after - before);
		PutBlockRow(answer, values, true);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * _remainder_blocks(quantities numeric[], group_driver int[], group_cost
 * numeric[], group_scale int[], group_total numeric[], after_remainder
 * numeric[], after_first int[], upto_remainder numeric[], upto_first int[],
 * blocks int): what the customers here say of a split over customers in
 * several places, whose quantities sum to group_total.  They stand in the
 * order of what whole units leave of them, the largest first, then of their
 * positions; looked at are those after one mark up to another, NULL being the
 * ends.  Rows: of each group one with the units given to all, how many are up
 * to the first mark, and how many may come before the first block ends; then
 * one a block, about so many: its last customer, what is left of him, how many
 * it has, and by how many more may come after it before the next one ends.
 */
Datum
remainder_blocks__remainder_blocks(PG_FUNCTION_ARGS)
{
	ArrayReader argument[ARRAYS];
	Answer		answer;
	int			groups;
	int			blocks;

	for (int i = 0; i < ARRAYS; i++)
	{
		RefuseNullArgument(fcinfo, i, argument_name[i]);
		argument[i] = ReadArgument(fcinfo, i, argument_name[i]);
	}
	RefuseNullArgument(fcinfo, BLOCKS, "blocks");
	blocks = PG_GETARG_INT32(BLOCKS);
	CheckIntegerRange(blocks, 8, PG_INT32_MAX, "blocks");
	groups = CountGroups(argument, ARRAYS);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	ReadQuantities(&answer.all, &argument[QUANTITIES]);
	answer.rows = (ReturnSetInfo *) fcinfo->resultinfo;
	for (int i = 0; i < groups; i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(answer.all.work);
		BlockGroup	group;

		ReadBlockGroup(&answer, argument, &group);
		PutBlocks(&answer, i + 1, &group, blocks);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(answer.all.work);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
