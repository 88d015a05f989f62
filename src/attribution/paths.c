/*
 * paths.c
 *	  What a state of paths says when it is read, and whether it can be.
 */
#include "crmcost.h"

#include "attribution/paths.h"
#include "state/state.h"
#include "utils/memutils.h"

/* What the sums of a step are of. */
const char *
PathStepArgument(int step)
{
	return step == STEP_CONVERT ? "conversions" :
		step == STEP_VALUE ? "value" :
		step == STEP_LOSE ? "non_conversions" :
		"conversions and non_conversions";
}

/* The order of two channels: that of their bytes. */
int
PathCompareNames(const char *left, Size left_length, const char *right,
				 Size right_length)
{
	int			order = memcmp(left, right, Min(left_length, right_length));

	if (order != 0)
		return order;
	return (left_length > right_length) - (left_length < right_length);
}

/*
 * The total of a step over all paths.  False if the sums of a game are those
 * of no paths: each counts in every channel of its own.
 */
bool
PathsTotal(const Paths *paths, int step, ExactSum *total)
{
	ExactSum	zero = {{{0, 0, 0, 0}}, 0};
	ExactSum   *of_size = NULL; /* by number of channels, times that number */
	bool		whole = true;

	*total = zero;
	if (paths->kind == SUM_GAME)
		of_size = palloc0((paths->channels + 1) * sizeof(ExactSum));
	for (int64 i = 0; i < paths->count; i++)
	{
		const PathEntry *entry = &paths->entry[i];
		ExactSum	sum = ExactSumOf(&entry->sum, (int) entry->scale);

		if (KEY_PART(entry->key) == step)
			ExactSumCombine(of_size == NULL ? total :
							&of_size[(uint32) (entry->key >> KEY_BITS)], &sum,
							PathStepArgument(step));
		POLL_AT(i);
	}
	for (int size = 1; size <= paths->channels && of_size != NULL; size++)
	{
		ExactSum	sum = of_size[size];
		bool		negative = num_i256_is_negative(&sum.value);

		sum.value = num_i256_abs(&sum.value);
		whole = whole && num_u256_div_small(&sum.value, size) == 0;
		if (negative)
			sum.value = num_i256_negate(&sum.value);
		ExactSumCombine(total, &sum, PathStepArgument(step));
	}
	return whole;
}

/* The states of a Markov chain, ascending. */
int64
PathsGrams(const Paths *paths, uint64 **gram)
{
	int64		count = 0;

	*gram = MemoryContextAllocHuge(CurrentMemoryContext,
								   Max(paths->count, 1) * sizeof(uint64));
	for (int64 i = 0; i < paths->count; i++)
	{
		uint64		own = paths->entry[i].key >> KEY_BITS;

		if (count == 0 || (*gram)[count - 1] != own)
			(*gram)[count++] = own;
		POLL_AT(i);
	}
	return count;
}

/* The position of a state among them, or -1. */
int64
GramNumber(const uint64 *gram, int64 count, uint64 wanted)
{
	int64		low = 0;
	int64		high = count;

	while (low < high)
	{
		int64		middle = (low + high) / 2;

		if (gram[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && gram[low] == wanted ? low : -1;
}

/* The last channels, after one more. */
uint64
GramAfter(int order, uint64 gram, int channel)
{
	return ((gram << KEY_BITS) | channel) &
		((UINT64CONST(1) << (order * KEY_BITS)) - 1);
}

/* How many channels a state of a chain has; 0 if it is none. */
static int
GramLength(uint64 gram, int channels)
{
	int			length = 0;

	for (; gram != 0; gram >>= KEY_BITS, length++)
		if (KEY_PART(gram) == 0 || KEY_PART(gram) > channels)
			return 0;
	return length;
}

static bool
IsMarkovKey(const Paths *paths, uint64 key)
{
	uint64		gram = key >> KEY_BITS;
	int			length = GramLength(gram, paths->channels);
	int			step = KEY_PART(key);

	if (length == 0 || length > paths->kind)
		return false;
	if (step > MAX_CHANNEL)
		return step <= STEP_LAST;
	return step >= 1 && step <= paths->channels && length == paths->kind &&
		GramAfter(paths->kind, gram, step) != gram;
}

static bool
IsGameKey(const Paths *paths, uint64 key)
{
	int			step = KEY_PART(key);
	uint32		size = (uint32) (key >> KEY_BITS);
	int			channel = KEY_PART(key >> 48);

	if (step != STEP_CONVERT && step != STEP_VALUE &&
		!(step == STEP_LOSE && paths->kind == RATE_GAME))
		return false;
	if (paths->kind == RATE_GAME)
		return key >> KEY_BITS != 0 &&
			key >> KEY_BITS >> paths->channels == 0;
	return channel >= 1 && channel <= paths->channels &&
		size >= 1 && size <= (uint32) paths->channels;
}

/* In a chain what comes to a state also leaves it. */
static void
CheckBalance(const Paths *paths)
{
	uint64	   *gram;
	int64		grams = PathsGrams(paths, &gram);
	ExactSum   *balance = MemoryContextAllocExtended(CurrentMemoryContext,
													 Max(grams, 1) *
													 sizeof(ExactSum),
													 MCXT_ALLOC_HUGE |
													 MCXT_ALLOC_ZERO);
	int64		own = 0;

	for (int64 i = 0; i < paths->count; i++)
	{
		uint64		key = paths->entry[i].key;
		int			step = KEY_PART(key);
		ExactSum	sum = ExactSumOf(&paths->entry[i].sum,
									 (int) paths->entry[i].scale);
		int64		to;

		while (gram[own] != key >> KEY_BITS)
			own++;
		if (step == STEP_VALUE)
			continue;
		if (step <= MAX_CHANNEL)
		{
			to = GramNumber(gram, grams,
							GramAfter(paths->kind, gram[own], step));
			if (to < 0)
				RefuseState(PATHS_TYPE, "a step must lead to channels of a path");
			ExactSumCombine(&balance[to], &sum, "conversions");
		}
		if (step != STEP_BEGIN)
			sum.value = num_i256_negate(&sum.value);
		ExactSumCombine(&balance[own], &sum, "conversions");
		POLL_AT(i);
	}
	for (int64 i = 0; i < grams; i++)
		if (!num_i256_is_zero(&balance[i].value))
			RefuseState(PATHS_TYPE, "as many paths must leave channels as come to them");
	pfree(balance);
	pfree(gram);
}

/* Whether a value comes after conversions of the same paths. */
static bool
HasConversions(const Paths *paths, int64 value)
{
	uint64		wanted = paths->entry[value].key - STEP_VALUE + STEP_CONVERT;

	for (int64 i = value - 1; i >= 0 && i >= value - 2; i--)
		if (paths->entry[i].key == wanted)
			return true;
	return false;
}

/* Refuses what no aggregation can have made. */
void
PathsCheck(const Paths *paths)
{
	ExactSum	total;

	if (paths->channels < 1 ||
		paths->channels > (paths->kind == RATE_GAME ? NUM_SHAPLEY_PLAYERS :
						   MAX_CHANNEL))
		RefuseState(PATHS_TYPE, "number of channels out of range");
	for (int i = 2; i <= paths->channels; i++)
		if (PathCompareNames(paths->name[i - 1], paths->length[i - 1],
							 paths->name[i], paths->length[i]) >= 0)
			RefuseState(PATHS_TYPE, "channels must be in order of their names");
	for (int64 i = 0; i < paths->count; i++)
	{
		const PathEntry *entry = &paths->entry[i];
		bool		markov = paths->kind <= MAX_ORDER;

		if (i > 0 && entry->key <= entry[-1].key)
			RefuseState(PATHS_TYPE, "sums must be in order of their keys");
		if (markov ? !IsMarkovKey(paths, entry->key) :
			!IsGameKey(paths, entry->key))
			RefuseState(PATHS_TYPE, "key out of range");
		if (entry->scale < 0 || entry->scale > NUM_I256_DIGITS)
			RefuseState(PATHS_TYPE, "scale out of range");
		if (num_i256_is_negative(&entry->sum) &&
			!(paths->kind == SUM_GAME && KEY_PART(entry->key) == STEP_VALUE))
			RefuseState(PATHS_TYPE, "sums must not be negative");
		if (markov && KEY_PART(entry->key) != STEP_VALUE &&
			num_i256_is_zero(&entry->sum))
			RefuseState(PATHS_TYPE, "sums of steps must be positive");
		if (KEY_PART(entry->key) == STEP_VALUE && !HasConversions(paths, i))
			RefuseState(PATHS_TYPE, "value must come with conversions");
		POLL_AT(i);
	}
	if (paths->kind <= MAX_ORDER)
		CheckBalance(paths);
	for (int step = STEP_CONVERT; step <= STEP_VALUE; step++)
		if (!PathsTotal(paths, step, &total))
			RefuseState(PATHS_TYPE, "sums must be those of whole paths");
}
