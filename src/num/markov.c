/*
 * markov.c
 *	  What an absorbing Markov chain of paths loses without some of its states.
 *
 * A removed state ends every path that steps into it.  What is lost are the
 * conversions of the paths that visit it.  With N = (I - Q)^-1, Q being the
 * chances of steps (Kemeny and Snell 1960, theorem 3.2.4), a path from the
 * start visits state c with chance (start N)_c / N_cc, and converts from
 * there on with chance (N conversion)_c; so one inverse answers for each
 * state alone.  Sets of states are taken out one by one.
 *
 * Elimination is that of Grassmann, Taksar and Heyman (1985): a pivot, 1 minus
 * the chance of coming back at once, is the sum of the chances to go away.
 * Nothing is ever subtracted, so every digit of the result holds, also where
 * paths hardly ever end.
 */
#include "num/markov.h"

#include <math.h>
#include <string.h>

/* a smaller part of the whole than this is not in a double */
#define NOTHING 1e-17

/*
 * Eliminates the states of a matrix of rows of so many columns: first the
 * chances of steps, state by state, then "ends" columns of chances to end, the
 * first of which is that to end at all.  Rows beyond the states are starts.
 * Below the diagonal stays what was added of which row; the pivots go to
 * pivot[], unless that is NULL.
 */
static void
Eliminate(double *matrix, size_t states, size_t rows, size_t ends,
		  double *pivot, num_poll poll)
{
	size_t		columns = states + ends;

	for (size_t k = 0; k < states; k++)
	{
		double	   *own = matrix +k * columns;
		double		away = own[states];

		for (size_t j = k + 1; j < states; j++)
			away += own[j];
		if (pivot != NULL)
			pivot[k] = away;
		poll();
		for (size_t i = k + 1; i < rows; i++)
		{
			double	   *other = matrix +i * columns;
			double		part;

			if (other[k] == 0)
				continue;
			/* a state that nothing leads away from is in no path */
			part = away > 0 ? other[k] / away : 0;
			other[k] = part;
			for (size_t j = k + 1; j < columns; j++)
				other[j] += part * own[j];
		}
	}
}

/* The chances of a chain as rows of so many columns, zeros beyond them. */
static void
Fill(const num_markov *chain, double *matrix, size_t columns)
{
	memset(matrix, 0, chain->states * columns * sizeof(double));
	for (size_t i = 0; i < chain->states; i++)
	{
		double	   *row = matrix +i * columns;

		for (size_t e = chain->first[i]; e < chain->first[i + 1]; e++)
			row[chain->to[e]] = chain->chance[e];
		row[chain->states] = chain->conversion[i] + chain->lost[i];
	}
}

/* The inverse of what Eliminate() has made of a matrix with one end. */
static void
Invert(const double *matrix, const double *pivot, size_t states,
	   double *inverse, num_poll poll)
{
	size_t		columns = states + 1;

	memset(inverse, 0, states * states * sizeof(double));
	for (size_t i = 0; i < states; i++)
	{
		double	   *row = inverse + i * states;

		row[i] = 1;
		poll();
		for (size_t k = 0; k < i; k++)
		{
			double		part = matrix[i * columns + k];

			if (part != 0)
				for (size_t j = 0; j <= k; j++)
					row[j] += part * inverse[k * states + j];
		}
	}
	for (size_t i = states; i-- > 0;)
	{
		double	   *row = inverse + i * states;

		poll();
		for (size_t k = i + 1; k < states; k++)
		{
			double		part = matrix[i * columns + k];

			if (part != 0)
				for (size_t j = 0; j < states; j++)
					row[j] += part * inverse[k * states + j];
		}
		for (size_t j = 0; j < states; j++)
			row[j] = pivot[i] > 0 ? row[j] / pivot[i] : 0;
	}
}

/* The losses without each state in turn; for NUM_MARKOV_DENSE states. */
void
num_markov_each(const num_markov *chain, double *conversion_loss,
				double *value_loss, double *work)
{
	size_t		n = chain->states;
	double	   *matrix = work;
	double	   *inverse = matrix +n * (n + 1);
	double	   *pivot = inverse + n * n;
	double	   *visits = pivot + n;

	Fill(chain, matrix, n + 1);
	Eliminate(matrix, n, n, 1, pivot, chain->poll);
	Invert(matrix, pivot, n, inverse, chain->poll);
	memset(visits, 0, n * sizeof(double));
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n && chain->start[i] != 0; j++)
			visits[j] += chain->start[i] * inverse[i * n + j];
	for (size_t c = 0; c < n; c++)
	{
		const double *row = inverse + c * n;
		double		visit = visits[c] > 0 ? visits[c] / row[c] : 0;
		double		conversion = 0;
		double		value = 0;

		for (size_t j = 0; j < n; j++)
		{
			conversion += row[j] * chain->conversion[j];
			value += row[j] * chain->value[j];
		}
		conversion_loss[c] = visit * conversion;
		value_loss[c] = visit * value;
	}
}

/* By elimination: the start is one more row. */
static void
WithoutSmall(const num_markov *chain, const bool *removed, double *conversion,
			 double *value, double *matrix)
{
	size_t		n = chain->states;
	size_t		columns = n + 3;
	double	   *start = matrix +n * columns;

	Fill(chain, matrix, columns);
	memset(start, 0, columns * sizeof(double));
	for (size_t i = 0; i < n; i++)
	{
		double	   *row = matrix +i * columns;

		row[n + 1] = chain->conversion[i];
		row[n + 2] = chain->value[i];
		if (!removed[i])
			start[i] = chain->start[i];
		for (size_t j = 0; j < n; j++)
			if (removed[i] || removed[j])
			{
				if (!removed[i])
					row[n] += row[j];
				row[j] = 0;
			}
	}
	Eliminate(matrix, n, n + 1, 3, NULL, chain->poll);
	*conversion = start[n + 1];
	*value = start[n + 2];
}

/* The paths under way take a step, from here[] to next[]. */
static void
Step(const num_markov *chain, const bool *removed, const double *here,
	 double *next)
{
	memset(next, 0, chain->states * sizeof(double));
	for (size_t i = 0; i < chain->states; i++)
		for (size_t e = chain->first[i];
			 e < chain->first[i + 1] && here[i] != 0; e++)
			if (!removed[chain->to[e]])
				next[chain->to[e]] += here[i] * chain->chance[e];
}

/* what paths under way come to: now, and at least and at most for ever */
typedef struct Rest
{
	double		now;
	double		least;
	double		most;
} Rest;

/*
 * Where all of next[] is between "low" and "high" times here[], so is what the
 * step after makes of it, and the rest is between two geometric series.  In
 * any case a path comes to "dearest" at most.
 */
static Rest
RestOf(const double *next, const double *gain, double dearest, size_t states,
	   double low, double high)
{
	Rest		rest = {0, 0, 0};

	for (size_t i = 0; i < states; i++)
	{
		rest.now += next[i] * gain[i];
		rest.most += next[i] * dearest;
	}
	if (high < 1)
	{
		rest.least = rest.now / (1 - low);
		rest.most = fmin(rest.most, rest.now / (1 - high));
	}
	return rest;
}

/*
 * By the paths' own steps, until what those still under way come to is known:
 * because it is next to nothing, or since they go on in the same proportions.
 */
static void
WithoutLarge(const num_markov *chain, const bool *removed, double *conversion,
			 double *value, double *work)
{
	size_t		n = chain->states;
	double	   *here = work;
	double	   *next = work + n;
	double		dearest = 0;
	Rest		rest;
	Rest		rest_value;

	for (size_t i = 0; i < n; i++)
	{
		here[i] = removed[i] ? 0 : chain->start[i];
		if (chain->value[i] > dearest * chain->conversion[i])
			dearest = chain->value[i] / chain->conversion[i];
	}
	rest = RestOf(here, chain->conversion, 1, n, 0, 1);
	rest_value = RestOf(here, chain->value, dearest, n, 0, 1);
	*conversion = rest.now;
	*value = rest_value.now;
	while (rest.most - rest.least > NOTHING * chain->all_conversion ||
		   rest_value.most - rest_value.least > NOTHING * chain->all_value)
	{
		double		low = INFINITY;
		double		high = 0;
		double	   *swap = here;

		chain->poll();
		Step(chain, removed, here, next);
		for (size_t i = 0; i < n; i++)
		{
			double		part = next[i] == 0 ? 0 : next[i] / here[i];

			if (here[i] == 0 && next[i] == 0)
				continue;
			low = part < low ? part : low;
			high = part > high ? part : high;
		}
		if (high == 0)
			return;
		rest = RestOf(next, chain->conversion, 1, n, low, high);
		rest_value = RestOf(next, chain->value, dearest, n, low, high);
		*conversion += rest.now;
		*value += rest_value.now;
		here = next;
		next = swap;
	}
	*conversion += (rest.least + rest.most) / 2 - rest.now;
	*value += (rest_value.least + rest_value.most) / 2 - rest_value.now;
}

/* The chance to convert, and the value, without some states. */
void
num_markov_without(const num_markov *chain, const bool *removed,
				   double *conversion, double *value, double *work)
{
	if (chain->states <= NUM_MARKOV_SMALL)
		WithoutSmall(chain, removed, conversion, value, work);
	else
		WithoutLarge(chain, removed, conversion, value, work);
}
