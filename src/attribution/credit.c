/*
 * credit.c
 *	  What each channel of the paths to conversions gets of them.
 *
 * SQL, in file order: the final functions of markov_attribution and of both
 * shapley_attribution.
 *
 * Markov chain: a state is the last k channels of a path, repeats kept; a
 * channel's removal effect is the part of the conversions that is lost when
 * every step into a state with it ends the path (Anderl et al. 2016); credits
 * are the total in proportion.  The value has removal effects of its own.
 *
 * Sum game: v(S) = conversions of the paths that use only channels of S.  Its
 * Shapley values are equal parts of each path to its different channels.
 *
 * Rate game: v(S) = conversions / (conversions + non_conversions) of the same
 * paths; a channel that lowers the rate has a negative value.
 *
 * Credits sum to the totals exactly: they have 12 decimals, or those of the
 * data if they are more, and what rounding leaves goes to the largest
 * remainders, of equal ones to the first channel.
 */
#include "crmcost.h"

#include "attribution/attribution_state.h"
#include "catalog/pg_type.h"
#include "num/double2.h"
#include "num/markov.h"
#include "num/shapley.h"
#include "state/huge_array.h"
#include "state/row_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"

SQL_FUNCTION(markov_attribution_final);
SQL_FUNCTION(shapley_sum_final);
SQL_FUNCTION(shapley_rate_final);

/* decimals of credits at least */
#define CREDIT_SCALE 12

/* digits of a total, or of a credit */
#define MOST_DIGITS 37
#define MOST_UNITS 1.5e38

/* remainders that differ by less are equal: it is rounding error */
#define REMAINDER_UNITS (UINT64CONST(1) << 50)

/* the columns of channel_credit */
enum
{
	CHANNEL, CONVERSIONS, VALUE, REMOVAL_EFFECT, CREDIT_COLUMNS
};

static const RowColumn credit_columns[CREDIT_COLUMNS] = {
	{"channel", TEXTOID},
	{"conversions", NUMERICOID},
	{"value", NUMERICOID},
	{"removal_effect", FLOAT8OID}
};

static const RowType credit_type = {
	"channel_credit", CREDIT_COLUMNS, credit_columns
};

/* a total in units of 10^-scale */
typedef struct Total
{
	num_i128	units;
	int			scale;
} Total;

/* a channel's part of a total, rounded down, and the remainder */
typedef struct Part
{
	num_i128	units;
	uint64		remainder;
	int			channel;
} Part;

/* The aggregate that a kind of state is gathered for; chains of any order. */
static const char *
AggregateOf(int kind)
{
	if (kind <= MAX_ORDER)
		return "markov_attribution";
	return kind == SUM_GAME ? "shapley_attribution" :
		"shapley_attribution with non_conversions";
}

/* The paths of a state, which must be of this kind: keys differ by it. */
static Paths
ReadPaths(Datum datum, int kind)
{
	Paths		paths = PathsRead(datum);

	if (Max(paths.kind, MAX_ORDER) != kind)
		RefuseOtherState(AggregateOf(kind), AggregateOf(paths.kind));
	return paths;
}

static Total
TotalOf(const Paths *paths, int step)
{
	Total		total;
	ExactSum	sum;
	num_i256	raised;

	(void) PathsTotal(paths, step, &sum);
	for (total.scale = Max(sum.scale, CREDIT_SCALE);; total.scale--)
	{
		raised = sum.value;
		if (num_i256_mul_pow10(&raised, total.scale - sum.scale) &&
			num_i256_to_i128(&raised, &total.units) &&
			num_u128_abs(total.units) < num_pow10_128(MOST_DIGITS))
			return total;
		if (total.scale == sum.scale)
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("%s must sum to at most %d digits",
							PathStepArgument(step), MOST_DIGITS)));
	}
}

static num_double2
PowerOfTen(int exponent)
{
	num_double2 power = {1, 0};

	for (; exponent > 0; exponent--)
		power = num_double2_multiply(power, num_double2_of(10));
	return power;
}

static int
CompareRemainders(const void *a, const void *b, void *arg)
{
	const Part *left = a;
	const Part *right = b;

	if (left->remainder != right->remainder)
		return left->remainder > right->remainder ? -1 : 1;
	return left->channel - right->channel;
}

/*
 * Rounds the channels' parts of a total, in its units, to whole ones that sum
 * to it: down, and up for the largest remainders.
 */
static void
RoundParts(const Total *total, const num_double2 *exact, int channels,
		   num_i128 *units)
{
	Part	   *part = palloc(channels * sizeof(Part));
	num_u128	rest = (num_u128) total->units;
	num_i128	missing;
	num_i128	more;

	for (int i = 0; i < channels; i++)
	{
		double		fraction;

		/* only negative credits of others let one exceed the total */
		if (!(fabs(exact[i].high) < MOST_UNITS))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("credits of channels must have at most %d digits",
							MOST_DIGITS)));
		part[i].units = num_double2_floor(exact[i], &fraction);
		part[i].remainder = (uint64) rint(fraction * REMAINDER_UNITS);
		if (part[i].remainder == REMAINDER_UNITS)
		{
			part[i].units++;
			part[i].remainder = 0;
		}
		part[i].channel = i;
		/* sums on the way may have more than 128 bits, what is left has not */
		rest -= (num_u128) part[i].units;
	}
	missing = (num_i128) rest;
	qsort_interruptible(part, channels, sizeof(Part), CompareRemainders, NULL);
	/* of huge totals even twice double precision misses the last units */
	more = missing / channels;
	if (more * channels > missing)
		more--;
	missing -= more * channels;
	for (int i = 0; i < channels; i++)
		units[part[i].channel] = part[i].units + more + (i < missing ? 1 : 0);
	pfree(part);
}

/* The credits of all channels, in proportion to weights. */
static Datum *
CreditsByWeight(const Total *total, const double *weight, int channels)
{
	num_double2 *exact = palloc(channels * sizeof(num_double2));
	num_i128   *units = palloc(channels * sizeof(num_i128));
	Datum	   *credit = palloc(channels * sizeof(Datum));
	num_double2 all = num_double2_from_i128(total->units);
	num_double2 sum = {0, 0};

	for (int i = 0; i < channels; i++)
		sum = num_double2_add(sum, num_double2_of(weight[i]));
	for (int i = 0; i < channels; i++)
	{
		num_double2 own = num_double2_of(weight[i]);

		exact[i] = num_double2_of(0);
		if (total->units != 0 && sum.high != 0)
			exact[i] = num_double2_divide(num_double2_multiply(all, own), sum);
	}
	RoundParts(total, exact, channels, units);
	for (int i = 0; i < channels; i++)
		credit[i] = DecimalNumeric(units[i], total->scale);
	return credit;
}

/* The result: a row a channel; removal effects may be NULL. */
static Datum
FormCredits(FunctionCallInfo fcinfo, const Paths *paths,
			const Datum *conversions, const Datum *value,
			const double *removal_effect)
{
	Oid			element;
	TupleDesc	tupdesc = RowElementType(fcinfo, &credit_type, &element);
	Datum	   *rows = palloc(paths->channels * sizeof(Datum));
	int16		length;
	bool		by_value;
	char		align;

	for (int i = 0; i < paths->channels; i++)
	{
		Datum		values[CREDIT_COLUMNS] = {0};
		bool		nulls[CREDIT_COLUMNS] = {false};
		text	   *channel;

		channel = cstring_to_text_with_len(paths->name[i + 1],
										   paths->length[i + 1]);
		values[CHANNEL] = PointerGetDatum(channel);
		values[CONVERSIONS] = conversions[i];
		values[VALUE] = value[i];
		nulls[REMOVAL_EFFECT] = removal_effect == NULL;
		if (removal_effect != NULL)
			values[REMOVAL_EFFECT] = Float8GetDatum(removal_effect[i]);
		rows[i] = RowForm(tupdesc, values, nulls);
		CHECK_FOR_INTERRUPTS();
	}
	get_typlenbyvalalign(element, &length, &by_value, &align);
	return PointerGetDatum(construct_array(rows, paths->channels, element,
										   length, by_value, align));
}

static double
SumDouble(const PathEntry *entry)
{
	return num_i256_to_double(&entry->sum) / pow(10, (double) entry->scale);
}

static void *
Zeros(Size count, Size size)
{
	void	   *array = HugeArray(CurrentMemoryContext, Max(count, 1), size);

	memset(array, 0, Max(count, 1) * size);
	return array;
}

/* a chain under construction, and the channels of its states */
typedef struct Chain
{
	num_markov	markov;
	uint64	   *gram;
} Chain;

/* Turns the numbers of paths that take steps into chances. */
static void
ToChances(num_markov *markov, double *chance, double **end, const double *out,
		  double all)
{
	for (size_t i = 0; i < markov->states; i++)
	{
		markov->all_conversion += end[STEP_CONVERT - STEP_BEGIN][i] / all;
		markov->all_value += end[STEP_VALUE - STEP_BEGIN][i] / all;
		end[0][i] /= all;
		for (int e = 1; e <= STEP_LAST - STEP_BEGIN; e++)
			end[e][i] /= out[i];
		for (size_t e = markov->first[i]; e < markov->first[i + 1]; e++)
			chance[e] /= out[i];
		POLL_AT(i);
	}
}

/*
 * The chain of a state's paths.  Entries are sorted, so that a state's steps
 * to channels come first, then those to the ends.
 */
static Chain
BuildChain(const Paths *paths)
{
	Chain		chain;
	int64		grams = PathsGrams(paths, &chain.gram);
	size_t	   *first = Zeros(grams + 1, sizeof(size_t));
	size_t	   *to = Zeros(paths->count, sizeof(size_t));
	double	   *chance = Zeros(paths->count, sizeof(double));
	double	   *out = Zeros(grams, sizeof(double));
	double	   *end[STEP_LAST + 1 - STEP_BEGIN];
	double		all = 0;
	size_t		edges = 0;
	int64		own = -1;

	for (int i = 0; i <= STEP_LAST - STEP_BEGIN; i++)
		end[i] = Zeros(grams, sizeof(double));
	for (int64 i = 0; i < paths->count; i++)
	{
		const PathEntry *entry = &paths->entry[i];
		int			step = KEY_PART(entry->key);
		double		weight = SumDouble(entry);

		if (own < 0 || chain.gram[own] != entry->key >> KEY_BITS)
			first[++own] = edges;
		if (step <= MAX_CHANNEL)
		{
			to[edges] = GramNumber(chain.gram, grams,
								   GramAfter(paths->kind, chain.gram[own],
											 step));
			chance[edges++] = weight;
		}
		else
			end[step - STEP_BEGIN][own] = weight;
		if (step == STEP_BEGIN)
			all += weight;
		else if (step != STEP_VALUE)
			out[own] += weight;
		POLL_AT(i);
	}
	first[grams] = edges;
	chain.markov = (num_markov)
	{
		grams, first, to, chance, end[0], end[STEP_CONVERT - STEP_BEGIN],
			end[STEP_VALUE - STEP_BEGIN], end[STEP_LOSE - STEP_BEGIN],
			0, 0, PollInterrupts
	};
	ToChances(&chain.markov, chance, end, out, all);
	return chain;
}

static bool
HasChannel(uint64 gram, int channel)
{
	for (; gram != 0; gram >>= KEY_BITS)
		if (KEY_PART(gram) == channel)
			return true;
	return false;
}

/* What each channel's removal loses of the chance to convert and the value. */
static void
RemovalLosses(const Paths *paths, const Chain *chain, double *conversion,
			  double *value)
{
	size_t		states = chain->markov.states;
	double	   *work;
	bool	   *removed;

	if (paths->kind == 1 && states <= NUM_MARKOV_DENSE)
	{
		double	   *loss = HugeArray(CurrentMemoryContext, 2 * states,
									 sizeof(double));

		work = HugeArray(CurrentMemoryContext, NUM_MARKOV_EACH_WORK(states),
						 sizeof(double));
		num_markov_each(&chain->markov, loss, loss + states, work);
		/* a channel that nobody came to is no state */
		for (size_t i = 0; i < states; i++)
		{
			conversion[chain->gram[i] - 1] = loss[i];
			value[chain->gram[i] - 1] = loss[states + i];
		}
		return;
	}
	work = HugeArray(CurrentMemoryContext, NUM_MARKOV_WITHOUT_WORK(states),
					 sizeof(double));
	removed = HugeArray(CurrentMemoryContext, states, sizeof(bool));
	for (int c = 0; c < paths->channels; c++)
	{
		double		left_conversion;
		double		left_value;

		for (size_t i = 0; i < states; i++)
			removed[i] = HasChannel(chain->gram[i], c + 1);
		num_markov_without(&chain->markov, removed, &left_conversion,
						   &left_value, work);
		conversion[c] = chain->markov.all_conversion - left_conversion;
		value[c] = chain->markov.all_value - left_value;
		CHECK_FOR_INTERRUPTS();
	}
}

/* The part of a whole that is lost: between nothing and all of it. */
static double
LostPart(double loss, double whole)
{
	return Max(0, Min(1, loss / whole));
}

/* markov_attribution_final(channel_paths): sorted by channel */
Datum
markov_attribution_final(PG_FUNCTION_ARGS)
{
	Paths		paths;
	Total		conversions;
	Total		value;
	double	   *effect;
	double	   *value_effect;
	Datum	   *credit;
	Datum	   *value_credit;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	paths = ReadPaths(PG_GETARG_DATUM(0), MAX_ORDER);
	conversions = TotalOf(&paths, STEP_CONVERT);
	value = TotalOf(&paths, STEP_VALUE);
	effect = Zeros(paths.channels, sizeof(double));
	value_effect = Zeros(paths.channels, sizeof(double));
	if (conversions.units != 0)
	{
		Chain		chain = BuildChain(&paths);

		RemovalLosses(&paths, &chain, effect, value_effect);
		for (int i = 0; i < paths.channels; i++)
		{
			effect[i] = LostPart(effect[i], chain.markov.all_conversion);
			if (value.units != 0)
				value_effect[i] = LostPart(value_effect[i],
										   chain.markov.all_value);
		}
	}
	credit = CreditsByWeight(&conversions, effect, paths.channels);
	value_credit = CreditsByWeight(&value, value_effect, paths.channels);
	return FormCredits(fcinfo, &paths, credit, value_credit,
					   conversions.units != 0 ? effect : NULL);
}

/* The parts of a step's total in the sum game: sums by size over size. */
static Datum *
EqualParts(const Paths *paths, int step)
{
	Total		total = TotalOf(paths, step);
	num_double2 *exact = Zeros(paths->channels, sizeof(num_double2));
	num_i128   *units = palloc(paths->channels * sizeof(num_i128));
	Datum	   *credit = palloc(paths->channels * sizeof(Datum));

	for (int64 i = 0; i < paths->count; i++)
	{
		const PathEntry *entry = &paths->entry[i];
		num_double2 *own = &exact[KEY_PART(entry->key >> 48) - 1];
		num_double2 part = num_double2_from_i256(&entry->sum);
		uint32		size = (uint32) (entry->key >> KEY_BITS);

		if (KEY_PART(entry->key) != step)
			continue;
		part = num_double2_multiply(part,
									PowerOfTen(total.scale - entry->scale));
		*own = num_double2_add(*own,
							   num_double2_divide(part, num_double2_of(size)));
		POLL_AT(i);
	}
	RoundParts(&total, exact, paths->channels, units);
	for (int i = 0; i < paths->channels; i++)
		credit[i] = DecimalNumeric(units[i], total.scale);
	return credit;
}

/* shapley_sum_final(channel_paths) */
Datum
shapley_sum_final(PG_FUNCTION_ARGS)
{
	Paths		paths;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	paths = ReadPaths(PG_GETARG_DATUM(0), SUM_GAME);
	return FormCredits(fcinfo, &paths, EqualParts(&paths, STEP_CONVERT),
					   EqualParts(&paths, STEP_VALUE), NULL);
}

/* shapley_rate_final(channel_paths) */
Datum
shapley_rate_final(PG_FUNCTION_ARGS)
{
	Paths		paths;
	Size		sets;
	double	   *sum[3];			/* conversions, value, all */
	double		shapley[2][NUM_SHAPLEY_PLAYERS];
	Datum	   *credit[2];

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	paths = ReadPaths(PG_GETARG_DATUM(0), RATE_GAME);
	sets = (Size) 1 << paths.channels;
	for (int i = 0; i < 3; i++)
		sum[i] = Zeros(sets, sizeof(double));
	for (int64 i = 0; i < paths.count; i++)
	{
		const PathEntry *entry = &paths.entry[i];
		int			step = KEY_PART(entry->key);
		Size		set = entry->key >> KEY_BITS;

		if (step == STEP_VALUE)
			sum[1][set] = SumDouble(entry);
		else
			sum[2][set] += SumDouble(entry);
		if (step == STEP_CONVERT)
			sum[0][set] = SumDouble(entry);
	}
	for (int i = 0; i < 3; i++)
		num_subset_sums(paths.channels, sum[i], PollInterrupts);
	for (int i = 0; i < 2; i++)
	{
		int			step = i == 0 ? STEP_CONVERT : STEP_VALUE;
		Total		total = TotalOf(&paths, step);

		num_shapley_rate(paths.channels, sum[i], sum[2], shapley[i],
						 PollInterrupts);
		credit[i] = CreditsByWeight(&total, shapley[i], paths.channels);
	}
	return FormCredits(fcinfo, &paths, credit[0], credit[1], NULL);
}
