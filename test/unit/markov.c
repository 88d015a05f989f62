/*
 * markov.c
 *	  Tests of src/num/markov.c: against the paths' own steps in twice the
 *	  precision, closed forms, and one way against the others.
 *
 * Scratch memory is allocated to the byte that the header asks for, so that
 * the address sanitizer sees a write beyond it.
 */
#include "num/markov.h"
#include "tap.h"

#include <math.h>
#include <string.h>

#define MOST 300

static void
no_poll(void)
{
}

static double
chance(void)
{
	return (double) (random_word() >> 11) / 9007199254740992.0;
}

typedef struct random_chain
{
	num_markov	chain;
	size_t		first[MOST + 1];
	size_t		to[MOST * MOST];
	double		step[MOST * MOST];
	double		start[MOST];
	double		conversion[MOST];
	double		value[MOST];
	double		lost[MOST];
}			random_chain;

static random_chain it;

/* "end" is how likely a path ends in a state; states from "used" on are idle */
static void
make_chain(size_t states, size_t used, double dense, double end)
{
	size_t		edges = 0;
	double		starts = 0;

	memset(&it, 0, sizeof(it));
	for (size_t i = 0; i < states; i++)
	{
		double		out = 0;
		size_t		own = edges;

		it.first[i] = edges;
		for (size_t j = 0; j < used && i < used; j++)
			if (j != i && chance() < dense)
			{
				it.to[edges] = j;
				out += it.step[edges++] = chance();
			}
		for (size_t e = own; e < edges; e++)
			it.step[e] *= (1 - end) / out;
		if (own == edges)
			it.conversion[i] = 1;
		else
			it.conversion[i] = end * chance();
		it.lost[i] = (own == edges ? 1 : end) - it.conversion[i];
		it.value[i] = it.conversion[i] * 10 * chance();
		it.start[i] = i < used ? chance() : 0;
		starts += it.start[i];
	}
	it.first[states] = edges;
	for (size_t i = 0; i < states; i++)
		it.start[i] /= starts;
	it.chain = (num_markov)
	{
		states, it.first, it.to, it.step, it.start, it.conversion, it.value,
			it.lost, 0, 0, no_poll
	};
}

/* The chance to convert and the value without some states, step by step. */
static void
by_steps(const bool *removed, __float128 * conversion, __float128 * value)
{
	static __float128 here[MOST];
	static __float128 next[MOST];
	size_t		n = it.chain.states;

	*conversion = *value = 0;
	for (size_t i = 0; i < n; i++)
		here[i] = removed[i] ? 0 : it.start[i];
	for (int step = 0; step < 3000; step++)
	{
		memset(next, 0, sizeof(next));
		for (size_t i = 0; i < n; i++)
		{
			*conversion += here[i] * it.conversion[i];
			*value += here[i] * it.value[i];
			for (size_t e = it.first[i]; e < it.first[i + 1]; e++)
				if (!removed[it.to[e]])
					next[it.to[e]] += here[i] * it.step[e];
		}
		memcpy(here, next, sizeof(here));
	}
}

static void
without(const bool *removed, double *conversion, double *value)
{
	double	   *work = malloc(NUM_MARKOV_WITHOUT_WORK(it.chain.states) *
							  sizeof(double));

	num_markov_without(&it.chain, removed, conversion, value, work);
	free(work);
}

static void
each(double *conversion, double *value)
{
	double	   *work = malloc(NUM_MARKOV_EACH_WORK(it.chain.states) *
							  sizeof(double));

	num_markov_each(&it.chain, conversion, value, work);
	free(work);
}

static bool
close_to(double have, double want)
{
	return fabs(have - want) <= 1e-13 * (1 + fabs(want));
}

/* "idle" states more make the chain large enough for the other way */
static void
test_without(size_t idle, const char *what)
{
	for (int trial = 0; trial < 12; trial++)
	{
		size_t		used = 2 + random_below(12);
		bool		removed[MOST] = {false};
		bool		none[MOST] = {false};
		__float128	want;
		__float128	want_value;
		double		have;
		double		have_value;

		make_chain(used + idle, used, 0.5, 0.1);
		by_steps(none, &want, &want_value);
		it.chain.all_conversion = (double) want;
		it.chain.all_value = (double) want_value;
		for (size_t i = 0; i < used; i++)
			removed[i] = trial > 0 && random_below(3) == 0;
		by_steps(removed, &want, &want_value);
		without(removed, &have, &have_value);
		check(close_to(have, (double) want), "%.17g is not %.17g", have,
			  (double) want);
		check(close_to(have_value, (double) want_value), "%.17g is not %.17g",
			  have_value, (double) want_value);
	}
	done(what);
}

static void
test_each(void)
{
	for (int trial = 0; trial < 12; trial++)
	{
		size_t		n = 1 + random_below(14);
		bool		removed[MOST] = {false};
		double		loss[MOST];
		double		value_loss[MOST];
		__float128	all;
		__float128	all_value;

		make_chain(n, n, 0.6, 0.05);
		by_steps(removed, &all, &all_value);
		each(loss, value_loss);
		for (size_t c = 0; c < n; c++)
		{
			__float128	left;
			__float128	left_value;

			memset(removed, 0, sizeof(removed));
			removed[c] = true;
			by_steps(removed, &left, &left_value);
			check(close_to(loss[c], (double) (all - left)), "%.17g", loss[c]);
			check(close_to(value_loss[c], (double) (all_value - left_value)),
				  "value %.17g", value_loss[c]);
		}
	}
	done("num_markov_each: each state alone is what is left without it");
}

/* Two states that pass to each other and hardly ever end: p to convert. */
static void
test_slow(void)
{
	double		loss[2];
	double		value_loss[2];

	make_chain(2, 2, 2, 1e-12);
	it.conversion[0] = it.lost[0] = it.lost[1] = 5e-13;
	it.conversion[1] = 5e-13;
	it.start[0] = 1;
	it.start[1] = 0;
	it.value[0] = it.value[1] = 0;
	each(loss, value_loss);
	/* without the first nothing is left, without the second one step */
	check(fabs(loss[0] - 0.5) < 1e-15, "%.17g", loss[0]);
	check(fabs(loss[1] - (0.5 - 5e-13)) < 1e-15, "%.17g", loss[1]);
	done("num_markov_each: no digit is lost where paths hardly ever end");
}

/* Paths that go round, all at the same place: never in the same proportions. */
static void
test_round(void)
{
	bool		removed[MOST] = {false};
	double		have;
	double		have_value;
	__float128	want;
	__float128	want_value;

	make_chain(MOST, 0, 0, 1);
	for (size_t i = 0; i < MOST; i++)
	{
		it.first[i + 1] = i < 5 ? i + 1 : 5;
		it.to[i] = (i + 1) % 5;
		it.step[i] = 0.9;
		it.start[i] = i == 0;
		it.conversion[i] = i < 5 ? 0.02 * i : 0;
		it.value[i] = 3 * it.conversion[i];
		it.lost[i] = 0.1 - it.conversion[i];
	}
	it.chain.all_conversion = 1;
	it.chain.all_value = 3;
	by_steps(removed, &want, &want_value);
	without(removed, &have, &have_value);
	check(close_to(have, (double) want), "%.17g is not %.17g", have,
		  (double) want);
	check(close_to(have_value, 3 * (double) want), "value %.17g", have_value);
	done("num_markov_without: paths that go round together");
}

/* A ring that nothing leaves, and that no path comes to. */
static void
test_unreachable(void)
{
	double		loss[3];
	double		value_loss[3];

	make_chain(3, 3, 0, 1);
	it.first[1] = 0;
	it.first[2] = 1;
	it.first[3] = 2;
	it.to[0] = 2;
	it.to[1] = 1;
	it.step[0] = it.step[1] = 1;
	for (int i = 0; i < 3; i++)
	{
		it.start[i] = i == 0;
		it.conversion[i] = i == 0;
		it.lost[i] = it.value[i] = 0;
	}
	each(loss, value_loss);
	check(loss[0] == 1 && loss[1] == 0 && loss[2] == 0, "%g %g %g", loss[0],
		  loss[1], loss[2]);
	done("num_markov_each: states that no path comes to lose nothing");
}

int
main(void)
{
	test_without(0, "num_markov_without: by elimination");
	test_without(MOST - 20, "num_markov_without: by steps");
	test_each();
	test_slow();
	test_round();
	test_unreachable();
	return finish();
}
