/*
 * attribution.c
 *	  What each channel of the paths to conversions gets of them.
 *
 * SQL, in file order: the transition functions of markov_attribution(path,
 * conversions, value, non_conversions [, markov_order]), and of
 * shapley_attribution(path, conversions, value [, non_conversions]).
 *
 * What a state says of its channels is in credit.c.
 */
#include "crmcost.h"

#include "access/tupmacs.h"
#include "attribution/attribution_state.h"
#include "catalog/pg_type.h"
#include "state/huge_array.h"
#include "utils/array.h"

SQL_FUNCTION(markov_attribution_trans);
SQL_FUNCTION(shapley_sum_trans);
SQL_FUNCTION(shapley_rate_trans);

/* touches of a path that need no memory of their own, and those between two
 * looks at the room that a state has left */
#define FEW_TOUCHES 64
#define TOUCHES_AT_ONCE 1024

/* a row of an aggregate: channels by number, and what the path came to */
typedef struct PathRow
{
	Datum		state;
	int			touches;
	uint16	   *channel;
	uint16		few[FEW_TOUCHES];
	ExactSum	conversions;
	ExactSum	value;
	ExactSum	non_conversions;
	ExactSum	all;			/* paths: both */
} PathRow;

static ExactSum
ReadCount(FunctionCallInfo fcinfo, int argument, const char *name,
		  bool may_be_negative)
{
	ExactSum	sum;

	ExactSumRead(&sum, PG_GETARG_DATUM(argument), name);
	if (num_i256_is_negative(&sum.value) && !may_be_negative)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative, not %s", name,
						NumericText(PG_GETARG_DATUM(argument)))));
	return sum;
}

static bool
IsZero(const ExactSum *sum)
{
	return num_i256_is_zero(&sum->value);
}

/* Reads what the path came to. */
static void
ReadCounts(FunctionCallInfo fcinfo, int kind, PathRow *row)
{
	row->conversions = ReadCount(fcinfo, 2, "conversions", false);
	row->value = ReadCount(fcinfo, 3, "value", kind == SUM_GAME);
	row->all = row->conversions;
	if (IsZero(&row->conversions) && !IsZero(&row->value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("value must be 0 where conversions is 0, not %s",
						NumericText(PG_GETARG_DATUM(3)))));
	if (kind == SUM_GAME)
		return;
	row->non_conversions = ReadCount(fcinfo, 4, "non_conversions", false);
	ExactSumCombine(&row->all, &row->non_conversions,
					"conversions and non_conversions");
}

static void
CheckPath(const ArrayType *path)
{
	if (ARR_NDIM(path) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("path must have at least one channel"),
				 errhint("Leave out customers without a touch, or name their channel, for example (unknown).")));
	if (ARR_NDIM(path) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("path must have one dimension, not %d",
						ARR_NDIM(path))));
	if (array_contains_nulls((ArrayType *) path))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("path must not contain NULL"),
				 errhint("Name the channel of such a touch, for example (unknown).")));
}

/* Finds the numbers of a path's channels in the state. */
static void
ReadPath(PathRow *row, const ArrayType *path, int kind,
		 MemoryContext aggcontext)
{
	const char *data = ARR_DATA_PTR(path);
	PathState  *state = NULL;

	CheckPath(path);
	row->touches = ARR_DIMS(path)[0];
	row->channel = row->few;
	if (row->touches > FEW_TOUCHES)
		row->channel = HugeArray(CurrentMemoryContext, row->touches,
								 sizeof(uint16));
	for (int i = 0; i < row->touches; i++)
	{
		int			length;

		if (i % TOUCHES_AT_ONCE == 0)
		{
			const char *end = data;
			int			more = Min(row->touches - i, TOUCHES_AT_ONCE);
			Size		capacity;

			for (int j = 0; j < more; j++)
			{
				end = att_addlength_pointer(end, -1, end);
				end = (char *) att_align_nominal(end, TYPALIGN_INT);
			}
			row->state = PathMakeRoom(row->state, kind, 0, more, end - data,
									  aggcontext);
			state = (PathState *) StateView(row->state, &capacity);
			CHECK_FOR_INTERRUPTS();
		}
		length = VARSIZE_ANY_EXHDR(data);
		row->channel[i] = PathChannel(state, VARDATA_ANY(data), length);
		data = att_addlength_pointer(data, -1, data);
		data = (const char *) att_align_nominal(data, TYPALIGN_INT);
	}
}

/* The state with room for so many more keys. */
static PathState *
RoomForKeys(PathRow *row, int kind, int keys, MemoryContext aggcontext)
{
	Size		capacity;

	row->state = PathMakeRoom(row->state, kind, keys, 0, 0, aggcontext);
	return (PathState *) StateView(row->state, &capacity);
}

/* Adds what a path came to under a key without a step. */
static void
AddCounts(PathState *state, uint64 key, const PathRow *row)
{
	key <<= KEY_BITS;
	if (!IsZero(&row->conversions))
		PathAdd(state, key | STEP_CONVERT, &row->conversions, "conversions");
	if (!IsZero(&row->value))
		PathAdd(state, key | STEP_VALUE, &row->value, "value");
	if (!IsZero(&row->non_conversions))
		PathAdd(state, key | STEP_LOSE, &row->non_conversions,
				"non_conversions");
}

/* Adds the steps of a path to a chain. */
static void
AddSteps(PathRow *row, int order, MemoryContext aggcontext)
{
	PathState  *state = NULL;
	uint64		gram = 0;
	int			begin = Min(order, row->touches);

	for (int i = 0; i < begin; i++)
		gram = GramAfter(order, gram, row->channel[i]);
	for (int i = begin; i <= row->touches; i++)
	{
		uint64		next;

		if ((i - begin) % TOUCHES_AT_ONCE == 0)
		{
			int			more = Min(row->touches - i, TOUCHES_AT_ONCE);

			state = RoomForKeys(row, order, more + 4, aggcontext);
			CHECK_FOR_INTERRUPTS();
		}
		if (i == begin)
			PathAdd(state, gram << KEY_BITS | STEP_BEGIN, &row->all,
					PathStepArgument(STEP_BEGIN));
		if (i == row->touches)
			break;
		next = GramAfter(order, gram, row->channel[i]);
		if (next != gram)
			PathAdd(state, gram << KEY_BITS | row->channel[i], &row->all,
					PathStepArgument(STEP_BEGIN));
		gram = next;
	}
	AddCounts(state, gram, row);
}

/* What all transition functions begin with. */
static bool
BeginRow(FunctionCallInfo fcinfo, int kind, PathRow *row,
		 MemoryContext aggcontext)
{
	ArrayType  *path;

	row->state = StateArgument(fcinfo);
	row->non_conversions = (ExactSum)
	{
		{
			{
				0, 0, 0, 0
			}
		}, 0
	};
	if (StateRowHasNull(fcinfo))
		return false;
	path = PG_GETARG_ARRAYTYPE_P(1);
	ReadCounts(fcinfo, kind, row);
	if (!PG_ARGISNULL(0) && PathKind(row->state) != kind)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("markov_order must be the same for all rows, not %d and %d",
						PathKind(row->state), kind)));
	ReadPath(row, path, kind, aggcontext);
	return true;
}

static Datum
EndRow(PathRow *row)
{
	if (row->channel != row->few)
		pfree(row->channel);
	return row->state;
}

/*
 * markov_attribution_trans(channel_paths, path, conversions, value,
 * non_conversions [, markov_order]): a row with a NULL is skipped.
 */
Datum
markov_attribution_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	int			order = 1;
	PathRow		row;

	if (PG_NARGS() > 5 && !StateRowHasNull(fcinfo))
		order = PG_GETARG_INT32(5);
	CheckIntegerRange(order, 1, MAX_ORDER, "markov_order");
	if (!BeginRow(fcinfo, order, &row, aggcontext))
		return StateUnchanged(fcinfo);
	if (!IsZero(&row.all))
		AddSteps(&row, order, aggcontext);
	PG_RETURN_DATUM(EndRow(&row));
}

static int
CompareNumbers(const void *a, const void *b, void *arg)
{
	return (int) *(const uint16 *) a - (int) *(const uint16 *) b;
}

/* Keeps a path's different channels, sorted by number. */
static void
Distinct(PathRow *row)
{
	int			count = 0;

	qsort_interruptible(row->channel, row->touches, sizeof(uint16),
						CompareNumbers, NULL);
	for (int i = 0; i < row->touches; i++)
		if (count == 0 || row->channel[i] != row->channel[count - 1])
			row->channel[count++] = row->channel[i];
	row->touches = count;
}

/* shapley_sum_trans(channel_paths, path, conversions, value) */
Datum
shapley_sum_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	PathRow		row;
	PathState  *state;

	if (!BeginRow(fcinfo, SUM_GAME, &row, aggcontext))
		return StateUnchanged(fcinfo);
	Distinct(&row);
	/* each channel counts the path, which is divided when all are known */
	state = RoomForKeys(&row, SUM_GAME, 2 * row.touches, aggcontext);
	for (int i = 0; i < row.touches; i++)
		AddCounts(state, (uint64) row.channel[i] << 32 | row.touches, &row);
	PG_RETURN_DATUM(EndRow(&row));
}

/*
 * shapley_rate_trans(channel_paths, path, conversions, value,
 * non_conversions)
 */
Datum
shapley_rate_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	PathRow		row;
	uint64		set = 0;

	if (!BeginRow(fcinfo, RATE_GAME, &row, aggcontext))
		return StateUnchanged(fcinfo);
	for (int i = 0; i < row.touches; i++)
		set |= UINT64CONST(1) << (row.channel[i] - 1);
	AddCounts(RoomForKeys(&row, RATE_GAME, 3, aggcontext), set, &row);
	PG_RETURN_DATUM(EndRow(&row));
}
