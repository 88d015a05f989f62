/*
 * reciprocal.c
 *	  Tests of src/num/reciprocal.c: double-doubles against 113-bit arithmetic,
 *	  pools against closed forms and against what is left over.
 *
 * Scratch memory is allocated to the byte that the header asks for, so that
 * the address sanitizer sees a write beyond it.
 */
#include "num/reciprocal.h"
#include "tap.h"

#include <math.h>
#include <stdint.h>

#define MOST_POOLS 40

static void
no_poll(void)
{
}

/* A number from 0 to below 1, the same on every machine. */
static double
chance(void)
{
	static uint64_t state = 31;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (double) (state >> 11) / 9007199254740992.0;
}

static num_double2
exactly(double value)
{
	num_double2 result = {value, 0};

	return result;
}

static __float128
wide(num_double2 value)
{
	return (__float128) value.high + value.low;
}

static num_double2
any_double2(void)
{
	double		high = ldexp(chance() - 0.5, (int) (chance() * 60) - 30);
	num_double2 value = {high, high * (chance() - 0.5) * 1e-16};

	return value;
}

static double
error_of(num_double2 have, __float128 want)
{
	__float128	error = wide(have) - want;

	return (double) ((error < 0 ? -error : error) / (want < 0 ? -want : want));
}

static void
test_arithmetic(void)
{
	for (int i = 0; i < 20000; i++)
	{
		num_double2 a = any_double2();
		num_double2 b = any_double2();
		__float128	sum = wide(a) + wide(b);

		/* a sum that cancels has the error of what it came from */
		if (fabs((double) sum) > 1e-3 * fabs(a.high))
			check(error_of(num_double2_add(a, b), sum) < 1e-27,
				  "%g plus %g", a.high, b.high);
		check(error_of(num_double2_multiply(a, b), wide(a) * wide(b)) < 1e-30,
			  "%g times %g", a.high, b.high);
		check(error_of(num_double2_divide(a, b), wide(a) / wide(b)) < 1e-29,
			  "%g over %g", a.high, b.high);
	}
	done("num_double2: sum, product and quotient to 100 bits");
}

static void
test_exp(void)
{
	static const struct
	{
		double		x;
		double		high;		/* by mpmath, 60 digits */
		double		low;
	}			known[] = {
		{1.0, 2.718281828459045, 1.4456468917292502e-16},
		{-1.0, 0.36787944117144233, -1.2428753672788363e-17},
		{0.5, 1.6487212707001282, -4.731568479435833e-17},
		{-0.1, 0.9048374180359595, 5.055984668733208e-17},
		{1e-05, 1.00001000005, 9.70188425858504e-17},
		{-1e-12, 0.999999999999, -2.2121719621483927e-17},
		{10.0, 22026.465794806718, -1.3780134700517372e-12},
		{-20.75, 9.736200313009565e-10, 3.975704578827156e-26},
		{100.25, 3.451610733125924e+43, 4.140163399793071e+26},
		{-300.5, 3.1225412772322846e-131, 2.3777947889417906e-147},
		{0.34657359, 1.4142135619771539, 3.92982042784201e-17},
		{-0.3465736, 0.7071067743134504, -4.8666557953410305e-17},
		{700.0, 1.0142320547350045e+304, 1.6666571920734673e+287},
		{-600.0, 2.6503965530043108e-261, 6.377342817491395e-278}
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		num_double2 want = {known[i].high, known[i].low};

		check(error_of(num_double2_exp(exactly(known[i].x)), wide(want)) < 1e-29,
			  "e^%g", known[i].x);
	}
	for (int i = 0; i < 2000; i++)
	{
		num_double2 a = exactly((chance() - 0.5) * 200);
		num_double2 b = any_double2();
		num_double2 c = num_double2_add(a, b);

		if (fabs(b.high) < 100)
			check(error_of(num_double2_exp(c), wide(num_double2_exp(a)) *
						   wide(num_double2_exp(b))) < 1e-28,
				  "e^(%g + %g)", a.high, b.high);
	}
	done("num_double2: exponential function to 95 bits");
}

/* A whole number of at most 2^127, modulo 2^128. */
static num_u128
sum_of(num_double2 value)
{
	num_u128	high = value.high < 0 ? -(num_u128) -value.high :
	(num_u128) value.high;

	return high + (num_u128) (num_i128) value.low;
}

static void
test_integers(void)
{
	for (int i = 0; i < 2000; i++)
	{
		num_i128	value = (num_i128) (chance() * 1e15) * (int64_t) (chance() * 1e15);
		double		fraction = 0.5;
		num_double2 there;

		if (i % 2)
			value = -value;
		there = num_double2_from_i128(value);
		check(num_double2_floor(there, &fraction) == value && fraction == 0,
			  "a whole number of %g", (double) value);
		there = exactly(i + 0.25);
		check(num_double2_floor(there, &fraction) == i && fraction == 0.25,
			  "%d and a quarter", i);
		there = exactly(-i - 0.25);
		check(num_double2_floor(there, &fraction) == -i - 1 &&
			  fraction == 0.75, "-%d and a quarter", i);
	}
	done("num_double2: from whole numbers and back");

	for (int i = 0; i < 128; i++)
		for (int less = -2; less <= 2; less++)
		{
			num_u128	value = ((num_u128) 1 << i) + (num_u128) less;

			check(sum_of(num_double2_from_i128((num_i128) value)) == value,
				  "2^%d + %d", i, less);
			check(sum_of(num_double2_from_i128((num_i128) ~value)) == ~value,
				  "-(2^%d + %d) - 1", i, less);
		}
	done("num_double2: from the edges of 128 bits");
}

static bool
solve(size_t count, const num_double2 *own, const num_double2 *share,
	  const bool *serves, num_double2 *cost)
{
	double	   *work = malloc(NUM_RECIPROCAL_WORK(count) * sizeof(double));
	bool		solved = num_reciprocal(count, own, share, serves, cost, work,
										no_poll);

	free(work);
	return solved;
}

/* Two pools that pass p and q to each other and the rest to one receiver each. */
static void
test_loop(void)
{
	for (int i = 0; i < 1000; i++)
	{
		double		p = i == 0 ? 0.999999 : chance();
		double		q = i == 0 ? 0.999999 : chance();
		num_double2 own[4] = {{1000, 0}};
		num_double2 share[16] = {{0, 0}};
		bool		serves[4] = {true, true, false, false};
		num_double2 cost[4];
		__float128	first;

		share[1].high = p;
		share[2] = num_double2_add(exactly(1), exactly(-p));
		share[4].high = q;
		share[7] = num_double2_add(exactly(1), exactly(-q));
		first = 1000 * (1 - (__float128) p) / (1 - (__float128) p * q);
		check(solve(4, own, share, serves, cost), "no solution");
		check(error_of(cost[2], first) < 1e-20, "%g and %g: %.17g for %.17g",
			  p, q, cost[2].high, (double) first);
		check(error_of(cost[3], 1000 - first) < 1e-18, "%g and %g: the rest",
			  p, q);
	}
	done("num_reciprocal: two pools that serve each other");
}

/* What is passed on is what there was. */
static void
test_conservation(void)
{
	static num_double2 share[MOST_POOLS * MOST_POOLS];

	for (int trial = 0; trial < 200; trial++)
	{
		size_t		count = 3 + trial % (MOST_POOLS - 2);
		size_t		services = 1 + trial % (count - 1);
		num_double2 own[MOST_POOLS];
		num_double2 cost[MOST_POOLS];
		bool		serves[MOST_POOLS];
		__float128	before = 0;
		__float128	after = 0;

		for (size_t i = 0; i < count; i++)
		{
			num_double2 sum = {0, 0};
			num_double2 part[MOST_POOLS];

			own[i] = exactly(chance() * 1e6);
			serves[i] = i < services;
			before += wide(own[i]);
			for (size_t j = 0; j < count; j++)
			{
				part[j] = exactly(serves[i] && i != j ? chance() : 0);
				sum = num_double2_add(sum, part[j]);
			}
			for (size_t j = 0; j < count; j++)
				share[i * count + j] = serves[i] ?
					num_double2_divide(part[j], sum) : part[j];
		}
		check(solve(count, own, share, serves, cost), "no solution");
		for (size_t i = services; i < count; i++)
			after += wide(cost[i]);
		check(fabs((double) ((after - before) / before)) < 1e-24,
			  "%d pools: %.17g became %.17g", (int) count, (double) before,
			  (double) after);
	}
	done("num_reciprocal: nothing is lost");
}

int
main(void)
{
	test_arithmetic();
	test_exp();
	test_integers();
	test_loop();
	test_conservation();
	return finish();
}
