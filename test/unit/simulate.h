/*
 * simulate.h
 *	  Random customers of the lifetime value models, with fixed seeds.
 *
 * From the stories that the models tell, not from their formulas.  A unit of
 * time is the caller's: rates are per unit.
 */
#ifndef SIMULATE_H
#define SIMULATE_H

#include "num/gamma_gamma.h"
#include "num/purchases.h"
#include "tap.h"

#include <math.h>
#include <string.h>

static inline double
random_uniform(void)
{
	return ((random_word() >> 11) + 0.5) / 9007199254740992.0;
}

static inline double
random_between(double low, double high)
{
	return low + (high - low) * random_uniform();
}

/* ten to a random power */
static inline double
random_power(double low, double high)
{
	return pow(10, random_between(low, high));
}

static inline double
random_exponential(double rate)
{
	return -log(random_uniform()) / rate;
}

static inline double
random_normal(void)
{
	return sqrt(-2 * log(random_uniform())) * cos(2 * M_PI * random_uniform());
}

/* Marsaglia and Tsang 2000, "A simple method for generating gamma variables" */
static inline double
random_gamma(double shape, double rate)
{
	double		d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
	double		factor = shape < 1 ? pow(random_uniform(), 1 / shape) : 1;

	for (;;)
	{
		double		n = random_normal();
		double		v = 1 + n / sqrt(9 * d);

		v = v * v * v;
		if (v > 0 && log(random_uniform()) < n * n / 2 + d - d * v + d * log(v))
			return d * v * factor / rate;
	}
}

static inline double
random_beta(double a, double b)
{
	double		x = random_gamma(a, 1);
	double		y = random_gamma(b, 1);

	return x + y > 0 ? x / (x + y) : random_below(2);
}

/* One customer of a model, watched for a time T. */
static inline num_customer
simulate_customer(const num_purchase_model *model, const double *p, double T)
{
	num_customer c = {0, 0, T};
	double		rate = random_gamma(p[0], p[1]);
	double		end = T;
	double		leaving = 0;
	double		clock = 0;

	if (model == &num_pareto_nbd)
		end = fmin(T, random_exponential(random_gamma(p[2], p[3])));
	else
		leaving = random_beta(p[2], p[3]);
	if (model == &num_mbgnbd && random_uniform() < leaving)
		return c;
	for (;;)
	{
		clock += random_exponential(rate);
		if (!(clock <= end) || c.x >= 5000)
			return c;
		c.x++;
		c.t_x = clock;
		if (random_uniform() < leaving)
			return c;
	}
}

static inline int
compare_observations(const void *a, const void *b)
{
	const double *left = ((const num_observation *) a)->value;
	const double *right = ((const num_observation *) b)->value;

	for (int i = 0; i < 3; i++)
		if (left[i] != right[i])
			return left[i] < right[i] ? -1 : 1;
	return 0;
}

/* Sorts observations and puts equal ones together; how many are left. */
static inline size_t
group_observations(num_observation *row, size_t count)
{
	size_t		groups = 0;

	qsort(row, count, sizeof(*row), compare_observations);
	for (size_t i = 0; i < count; i++)
		if (groups > 0 && compare_observations(&row[groups - 1], &row[i]) == 0)
			row[groups - 1].weight += row[i].weight;
		else
			row[groups++] = row[i];
	return groups;
}

/* As many customers, with times rounded up to multiples of "grain" if not 0. */
static inline size_t
simulate_sample(const num_purchase_model *model, const double *p,
				double shortest, double longest, double grain,
				num_observation *row, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		double		T = random_between(shortest, longest);
		num_customer c;

		if (grain > 0)
			T = ceil(T / grain) * grain;
		c = simulate_customer(model, p, T);
		if (grain > 0)
			c.t_x = fmin(ceil(c.t_x / grain) * grain, T);
		row[i] = (num_observation)
		{
			{
				c.x, c.t_x, c.T
			}, 1, 0
		};
	}
	return group_observations(row, count);
}

#endif							/* SIMULATE_H */
