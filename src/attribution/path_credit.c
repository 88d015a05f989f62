/*
 * path_credit.c
 *	  What each touch of a path has of its conversion, by every rule.
 *
 * A credit is what allocate(1, attribution_weight(...)::numeric, 8) gives, to
 * the last digit: the weight as the decimal of fifteen digits that the cast
 * makes of it, and the parts of 1 by largest remainder.
 */
#include "crmcost.h"

#include "attribution/path_credit.h"
#include "num/allocate.h"
#include "num/digits.h"
#include "state/huge_array.h"
#include "state/largest_remainder.h"
#include "utils/memutils.h"

#define FIRST_ROOM 64

void
PathCreditsInit(PathCredits *credits)
{
	memset(credits, 0, sizeof(*credits));
	credits->context = CurrentMemoryContext;
}

/* Other memory, whatever was in it. */
static void *
Exchange(const PathCredits *credits, void *memory, Size count, Size size)
{
	if (memory != NULL)
		pfree(memory);
	return HugeArray(credits->context, count, size);
}

static void
MakeRoom(PathCredits *credits, int count)
{
	int			room = Max(FIRST_ROOM, count + count / 2);

	if (count <= credits->room)
		return;
	credits->touch = Exchange(credits, credits->touch, room, sizeof(Touch));
	credits->weight = Exchange(credits, credits->weight, room, sizeof(double));
	credits->part = Exchange(credits, credits->part, room, sizeof(num_i128));
	credits->scratch = Exchange(credits, credits->scratch,
								NUM_ALLOCATE_SCRATCH((Size) room),
								sizeof(num_u128));
	for (int m = LINEAR; m < RULE_MODELS; m++)
		credits->units[m] = Exchange(credits, credits->units[m], room,
									 sizeof(int32));
	credits->room = room;
}

/* Equal weights: the first touches have what is missing. */
static void
SplitEqually(int32 *units, int count)
{
	int			more = (int) (CREDIT_UNITS % count);

	for (int i = 0; i < count; i++)
		units[i] = (int32) (CREDIT_UNITS / count) + (i < more ? 1 : 0);
}

/* The weights as integers at one scale; false if one does not fit. */
static bool
ReadWeights(PathCredits *credits, num_i128 *total)
{
	int			scale = 0;
	int			lowest = NUM_POW10_64_MAX;

	/* the scale of each is kept where the work is done later */
	for (int i = 0; i < credits->count; i++)
	{
		uint64_t	digits;
		int			own;

		if (!num_digits15(credits->weight[i], &digits, &own))
			return false;
		credits->part[i] = digits;
		credits->scratch[i] = own;
		scale = Max(scale, own);
		lowest = Min(lowest, own);
		POLL_AT(i);
	}
	*total = 0;
	for (int i = 0; i < credits->count; i++)
	{
		if (lowest < scale)
			credits->part[i] *=
				num_pow10_64[scale - (int) credits->scratch[i]];
		*total += credits->part[i];
		POLL_AT(i);
	}
	return true;
}

/* The same as PostgreSQL would: for weights of many decimals. */
static void
SplitSlowly(const PathCredits *credits, int32 *units)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext,
											   "credits of one path",
											   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(work);
	ExactColumn weights;

	ExactColumnInit(&weights, credits->count, work);
	for (int i = 0; i < credits->count; i++)
	{
		Datum		weight = Float8GetDatum(credits->weight[i]);

		AppendNotNegative(&weights,
						  DirectFunctionCall1(float8_numeric, weight),
						  "weight");
	}
	(void) LargestRemainder(NumericFromInt64(1), &weights, CREDIT_DECIMALS,
							NULL);
	for (int i = 0; i < credits->count; i++)
	{
		num_i128	part;

		(void) DecimalReadAtScale(ExactColumnNumeric(&weights, i),
								  CREDIT_DECIMALS, &part);
		units[i] = (int32) part;
		POLL_AT(i);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(work);
}

static void
SplitByWeights(PathCredits *credits, int32 *units)
{
	num_i128	total;

	if (!ReadWeights(credits, &total))
	{
		SplitSlowly(credits, units);
		return;
	}
	num_allocate(CREDIT_UNITS, credits->part, credits->count, total, NULL,
				 credits->scratch, PollInterrupts);
	for (int i = 0; i < credits->count; i++)
		units[i] = (int32) credits->part[i];
}

/*
 * Computes the credits of a path of touches, at least one, at these instants
 * in order.  half_life is in microseconds; not_direct is the last touch that
 * is not direct, else the last one.
 */
void
PathCreditsCompute(PathCredits *credits, const TimestampTz *at, int count,
				   int not_direct, double half_life)
{
	MakeRoom(credits, count);
	credits->count = count;
	credits->not_direct = not_direct;
	SplitEqually(credits->units[LINEAR], count);
	if (count <= 2)
		SplitEqually(credits->units[POSITION], count);
	if (count == 1)
	{
		credits->units[TIME_DECAY][0] = CREDIT_UNITS;
		return;
	}
	for (int i = 0; i < count; i++)
	{
		credits->touch[i].at = at[i];
		credits->touch[i].row = i;
	}
	for (int m = count <= 2 ? TIME_DECAY : POSITION; m < RULE_MODELS; m++)
	{
		RuleWeights(m, half_life, credits->touch, count, not_direct,
					credits->weight);
		SplitByWeights(credits, credits->units[m]);
	}
}
