/*
 * purchases.c
 *	  Tests of src/num/bgnbd.c and src/num/pareto_nbd.c: what must hold for any
 *	  parameters and any customer.
 */
#include "num/purchases.h"

#include "clv_reference.h"
#include "simulate.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

static const num_purchase_model *const models[] = {
	&num_bgnbd, &num_mbgnbd, &num_pareto_nbd
};

static void
no_poll(void)
{
}

/* Parameters between 10^low and 10^high; some equal, some exactly 1. */
static void
random_parameters(double low, double high, double *p)
{
	for (int i = 0; i < 4; i++)
		p[i] = random_below(8) == 0 ? 1 : random_power(low, high);
	if (random_below(8) == 0)
		p[3] = p[1];
	if (random_below(8) == 0)
		p[3] = 1 - fmin(p[2], 0.999);
}

static num_customer
random_customer(double longest)
{
	static const double frequency[] = {0, 0, 1, 1, 2, 3, 7, 30, 300, 5000};
	num_customer c = {frequency[random_below(COUNT(frequency))], 0, 0};

	c.T = random_power(-2, longest);
	if (c.x > 0)
		c.t_x = c.T * (random_below(4) == 0 ? 1 :
					   random_below(3) == 0 ? random_power(-6, 0) :
					   random_between(0, 1));
	return c;
}

#define CASE "%s(%.17g, %.17g, %.17g, %.17g) of %g, %.17g, %.17g: "
#define CASE_VALUES(model, p, c) \
	(model)->name, (p)[0], (p)[1], (p)[2], (p)[3], (c).x, (c).t_x, (c).T

static void
log_likelihood(const num_purchase_model *model, const double *p,
			   num_customer c, num_jet *jet)
{
	num_observation row = {{c.x, c.t_x, c.T}, 1, 0};
	num_sample	sample = {.row = &row,.count = 1,.poll = no_poll};

	memset(jet, 0, sizeof(*jet));
	model->log_likelihood(&sample, p, jet);
}

/* by the logarithms of the parameters, as the reference has them */
static void
take_logarithms(num_jet *jet, const double *p, int n)
{
	for (int i = 0; i < n; i++)
	{
		jet->gradient[i] *= p[i];
		for (int j = 0; j <= i; j++)
			jet->hessian[i][j] *= p[i] * p[j];
		jet->hessian[i][i] += jet->gradient[i];
	}
}

static void
test_likelihood(void)
{
	for (int i = 0; i < COUNT(likelihood_table); i++)
	{
		const num_purchase_model *model = models[(int) likelihood_table[i].model];
		const double *p = likelihood_table[i].p;
		const double *want = likelihood_table[i].jet;
		num_customer c = {likelihood_table[i].x, likelihood_table[i].t_x,
		likelihood_table[i].age};
		num_jet		jet;
		int			next = 5;

		log_likelihood(model, p, c, &jet);
		take_logarithms(&jet, p, 4);
		check(fabs(jet.value - want[0]) <= 1e-11 * fmax(1, fabs(want[0])),
			  CASE "log-likelihood %.17g, not %.17g",
			  CASE_VALUES(model, p, c), jet.value, want[0]);
		for (int j = 0; j < 4; j++)
		{
			check(fabs(jet.gradient[j] - want[1 + j]) <=
				  1e-9 * fmax(1, fabs(want[1 + j])),
				  CASE "gradient %d is %.17g, not %.17g",
				  CASE_VALUES(model, p, c), j, jet.gradient[j], want[1 + j]);
			for (int k = 0; k <= j; k++, next++)
				check(fabs(jet.hessian[j][k] - want[next]) <=
					  1e-7 * fmax(1, fabs(want[next])),
					  CASE "hessian %d %d is %.17g, not %.17g",
					  CASE_VALUES(model, p, c), j, k, jet.hessian[j][k],
					  want[next]);
		}
	}
	done("log-likelihoods, gradients and Hessians equal those of mpmath");
}

/* ln L of one customer, as other packages give it */
static void
test_published(void)
{
	static const struct
	{
		int			model;
		double		p[4];
		num_customer c;
		double		value;
		double		tolerance;
	}			published[] = {
		/* CLVTools 0.12.1 bgnbd_nocov_LL_ind, pnbd_nocov_LL_ind */
		{0, {0.243, 4.414, 0.793, 2.426}, {2, 30.43, 38.86}, -9.45860630707, 1e-11},
		{0, {0.243, 4.414, 0.793, 2.426}, {1, 1.71, 38.86}, -4.46909327503, 1e-11},
		{0, {0.243, 4.414, 0.793, 2.426}, {0, 0, 38.86}, -0.554713276438, 1e-11},
		{2, {0.553, 10.578, 0.606, 11.669}, {2, 30.43, 38.86}, -9.55428324515, 1e-11},
		{2, {0.553, 10.578, 0.606, 11.669}, {1, 1.71, 38.86}, -4.45019433388, 1e-11},
		{2, {0.553, 10.578, 0.606, 11.669}, {0, 0, 38.86}, -0.521046294081, 1e-11},
		{2, {0.553, 10.578, 0.606, 11.669}, {26, 30.86, 31}, -39.1316715403, 1e-11},
		/* BTYDplus 1.2.0 mbgcnbd.LL, k = 1 */
		{1, {0.525, 6.183, 0.891, 1.614}, {2, 30.43, 38.86}, -9.48555131453, 1e-11},
		/* pymc-marketing, tests/clv/models/test_beta_geo.py */
		{0, {0.25, 4, 0.8, 2.5}, {0, 0, 40}, -0.59947382, 1e-7},
		{0, {0.25, 4, 0.8, 2.5}, {200, 38, 40}, 100.7957, 1e-6}
	};

	for (int i = 0; i < COUNT(published); i++)
	{
		const num_purchase_model *model = models[published[i].model];
		num_jet		jet;

		log_likelihood(model, published[i].p, published[i].c, &jet);
		check(fabs(jet.value / published[i].value - 1) <=
			  published[i].tolerance, CASE "log-likelihood %.15g, not %.15g",
			  CASE_VALUES(model, published[i].p, published[i].c), jet.value,
			  published[i].value);
	}
	done("log-likelihoods as other packages give them");
}

static void
test_predictions(void)
{
	for (int i = 0; i < COUNT(prediction_table); i++)
	{
		const num_purchase_model *model = models[(int) prediction_table[i].model];
		const double *p = prediction_table[i].p;
		num_customer c = {prediction_table[i].x, prediction_table[i].t_x,
		prediction_table[i].age};
		double		have[3];
		double		want[3] = {prediction_table[i].alive,
			prediction_table[i].expected,
		prediction_table[i].residual};

		have[0] = model->p_alive(p, &c, no_poll);
		have[1] = model->expected(p, prediction_table[i].horizon, &c, no_poll);
		have[2] = model->residual(p, prediction_table[i].discount, &c, no_poll);
		/* p_alive of e^-700 is e to a number with an error of its own */
		for (int k = 0; k < 3; k++)
			check(fabs(have[k] - want[k]) <= 1e-9 * want[k] + 1e-290,
				  CASE "prediction %d in %.17g at %.17g is %.17g, not %.17g",
				  CASE_VALUES(model, p, c), k, prediction_table[i].horizon,
				  prediction_table[i].discount, have[k], want[k]);
	}
	done("p_alive, expected and residual purchases equal those of mpmath");
}

/*
 * Series and integral of Pareto/NBD meet: parameters on both sides of z = 0.93
 * with all derivatives, which change little.
 */
static void
test_series_limit(void)
{
	for (int i = 0; i < 2000; i++)
	{
		double		p[4];
		double		q[4];
		num_customer c = random_customer(1);
		num_jet		jet;
		num_jet		moved;
		double		small;
		int			other = i % 2 ? 1 : 3;

		random_parameters(-1.5, 2, p);
		small = random_power(-1, 1);
		p[4 - other] = small;
		/* z = 0.93 just at T; a millionth below and above it */
		p[other] = (small + c.T) / 0.07 - c.T;
		memcpy(q, p, sizeof(p));
		p[other] *= 1 - 1e-9;
		q[other] *= 1 + 1e-9;
		log_likelihood(&num_pareto_nbd, p, c, &jet);
		log_likelihood(&num_pareto_nbd, q, c, &moved);
		take_logarithms(&jet, p, 4);
		take_logarithms(&moved, q, 4);
		check(fabs(jet.value - moved.value) <=
			  3e-9 * (fabs(jet.gradient[other]) + 1e-3 * fabs(jet.value) + 1e-3),
			  CASE "%.17g and %.17g", CASE_VALUES(&num_pareto_nbd, p, c),
			  jet.value, moved.value);
		for (int j = 0; j < 4; j++)
		{
			check(fabs(jet.gradient[j] - moved.gradient[j]) <=
				  1e-8 * fmax(1, fabs(jet.gradient[j])) * (1 + c.x),
				  CASE "gradient %d: %.17g and %.17g",
				  CASE_VALUES(&num_pareto_nbd, p, c), j, jet.gradient[j],
				  moved.gradient[j]);
			for (int k = 0; k <= j; k++)
				check(fabs(jet.hessian[j][k] - moved.hessian[j][k]) <=
					  1e-7 * fmax(1, fabs(jet.hessian[j][k])) * (1 + c.x),
					  CASE "hessian %d %d: %.17g and %.17g",
					  CASE_VALUES(&num_pareto_nbd, p, c), j, k,
					  jet.hessian[j][k], moved.hessian[j][k]);
		}
	}
	done("pareto_nbd: nothing jumps where the series gives way to the integral");
}

static int
by_values(const void *a, const void *b)
{
	const num_observation *left = a;
	const num_observation *right = b;

	for (int i = 0; i < 3; i++)
		if (left->value[i] != right->value[i])
			return left->value[i] < right->value[i] ? -1 : 1;
	return 0;
}

enum
{
	MANY = 600
};

/* Some frequencies, each with many times, in order. */
static void
random_rows(num_observation *row, double longest)
{
	for (int k = 0; k < MANY; k++)
	{
		double		T = random_between(0, longest);

		row[k].value[0] = k % 4 == 3 ? 40 : k % 4;
		row[k].value[1] = k % 4 > 0 ? random_between(0, T) : 0;
		row[k].value[2] = T;
		row[k].weight = 1 + k % 2;
		row[k].kept = 0;
	}
	qsort(row, MANY, sizeof(row[0]), by_values);
}

/*
 * The log-likelihood of each row, added up, and what rounding may be compared
 * with: the sizes, and 1 for what cancels out in one customer.
 */
static void
one_by_one(const num_observation *row, const double *p, num_jet *sum,
		   num_jet *size)
{
	for (int k = 0; k < MANY; k++)
	{
		num_customer c = {row[k].value[0], row[k].value[1], row[k].value[2]};
		num_jet		jet;
		num_jet		absolute = {0};

		log_likelihood(&num_pareto_nbd, p, c, &jet);
		take_logarithms(&jet, p, 4);
		num_jet_add(sum, &jet, row[k].weight);
		absolute.value = 1 + fabs(jet.value);
		for (int l = 0; l < 4; l++)
		{
			absolute.gradient[l] = 1 + fabs(jet.gradient[l]);
			for (int n = 0; n <= l; n++)
				absolute.hessian[l][n] = 1 + fabs(jet.hessian[l][n]);
		}
		num_jet_add(size, &absolute, row[k].weight);
	}
}

/*
 * What a sample of many customers adds up to is what they are one by one, though
 * it need not be computed so.  Times are long or short beside the parameters.
 */
static void
test_many(void)
{
	num_observation row[MANY];

	for (int i = 0; i < 150; i++)
	{
		num_sample	sample = {.row = row,.count = MANY,.poll = no_poll};
		double		p[4];
		double		longest = random_power(-1, 3);
		num_customer last = {0, 0, longest};
		num_jet		all = {0};
		num_jet		sum = {0};
		num_jet		size = {0};

		random_parameters(-1.5, 2, p);
		if (i % 3 == 0)
			p[1 + i % 2 * 2] *= random_power(0, 5);
		random_rows(row, longest);
		num_pareto_nbd.log_likelihood(&sample, p, &all);
		take_logarithms(&all, p, 4);
		one_by_one(row, p, &sum, &size);
		check(fabs(all.value - sum.value) <= 1e-12 * size.value,
			  CASE "%.17g, not %.17g", CASE_VALUES(&num_pareto_nbd, p, last),
			  all.value, sum.value);
		for (int l = 0; l < 4; l++)
		{
			check(fabs(all.gradient[l] - sum.gradient[l]) <=
				  1e-10 * size.gradient[l],
				  CASE "gradient %d: %.17g, not %.17g",
				  CASE_VALUES(&num_pareto_nbd, p, last), l, all.gradient[l],
				  sum.gradient[l]);
			for (int n = 0; n <= l; n++)
				check(fabs(all.hessian[l][n] - sum.hessian[l][n]) <=
					  1e-8 * size.hessian[l][n],
					  CASE "hessian %d %d: %.17g, not %.17g",
					  CASE_VALUES(&num_pareto_nbd, p, last), l, n,
					  all.hessian[l][n], sum.hessian[l][n]);
		}
	}
	done("pareto_nbd: many customers are what they are one by one");
}

/* A sample's likelihood is that of its rows, however much of it is kept. */
static void
test_sample(const num_purchase_model *model)
{
	static num_observation row[3000];
	static num_kept kept[100];
	const double p[4] = {0.6, 9, 0.7, 8};
	size_t		count;
	num_sample	sample = {.row = row,.poll = no_poll};
	num_jet		whole = {0};
	num_jet		sum = {0};
	num_jet		with_kept = {0};
	char		description[80];

	count = simulate_sample(model, p, 20, 60, 1, row, COUNT(row));
	sample.count = count;
	model->log_likelihood(&sample, p, &whole);
	for (size_t i = 0; i < count; i++)
	{
		num_customer c = {row[i].value[0], row[i].value[1], row[i].value[2]};
		num_jet		jet;

		log_likelihood(model, p, c, &jet);
		num_jet_add(&sum, &jet, row[i].weight);
		row[i].kept = row[i].value[2];
	}
	sample.kept = kept;
	sample.kept_count = COUNT(kept);
	num_forget(&sample);
	model->log_likelihood(&sample, p, &with_kept);
	check(count > 100 && count < COUNT(row), "%zu rows", count);
	check(fabs(whole.value / sum.value - 1) < 1e-13, "value");
	check(fabs(whole.value / with_kept.value - 1) < 1e-14, "value with kept");
	for (int i = 0; i < 4; i++)
	{
		double		size = fabs(sum.hessian[i][i]);

		check(fabs(whole.gradient[i] - sum.gradient[i]) < 1e-11 * size,
			  "gradient %d", i);
		check(fabs(whole.gradient[i] - with_kept.gradient[i]) < 1e-12 * size,
			  "gradient %d with kept", i);
		for (int j = 0; j <= i; j++)
		{
			check(fabs(whole.hessian[i][j] - sum.hessian[i][j]) <
				  1e-11 * size + 1e-9, "hessian %d %d", i, j);
			check(fabs(whole.hessian[i][j] - with_kept.hessian[i][j]) <
				  1e-12 * size + 1e-9, "hessian %d %d with kept", i, j);
		}
	}
	snprintf(description, sizeof(description),
			 "%s: a sample's likelihood is that of its rows", model->name);
	done(description);
}

/* Whatever the parameters and the customer, nothing is NaN or infinite. */
static void
test_domain(const num_purchase_model *model, double low, double high)
{
	static const double horizon[] = {0, 1e-3, 0.1, 1, 30, 1e3, 1e4, 1e6};
	char		description[80];

	for (int i = 0; i < 3000; i++)
	{
		double		p[4];
		num_customer c = random_customer(4.5);
		num_jet		jet;
		double		alive;
		double		before = 0;

		random_parameters(low, high, p);
		alive = model->p_alive(p, &c, no_poll);
		check(alive >= 0 && alive <= 1, CASE "p_alive %g",
			  CASE_VALUES(model, p, c), alive);
		for (int k = 0; k < COUNT(horizon); k++)
		{
			double		expected = model->expected(p, horizon[k], &c, no_poll);

			check(isfinite(expected) && expected >= 0, CASE "%g in %g",
				  CASE_VALUES(model, p, c), expected, horizon[k]);
			check(expected >= before * (1 - 1e-10), CASE "%g in %g, %g before",
				  CASE_VALUES(model, p, c), expected, horizon[k], before);
			before = expected;
		}
		log_likelihood(model, p, c, &jet);
		check(isfinite(jet.value), CASE "log-likelihood %g",
			  CASE_VALUES(model, p, c), jet.value);
		for (int j = 0; j < 4; j++)
		{
			check(isfinite(jet.gradient[j]), CASE "gradient %d is %g",
				  CASE_VALUES(model, p, c), j, jet.gradient[j]);
			for (int k = 0; k <= j; k++)
				check(isfinite(jet.hessian[j][k]), CASE "hessian %d %d is %g",
					  CASE_VALUES(model, p, c), j, k, jet.hessian[j][k]);
		}
	}
	snprintf(description, sizeof(description),
			 "%s: finite for parameters of 10^%g to 10^%g", model->name, low,
			 high);
	done(description);
}

static void
test_residual(const num_purchase_model *model)
{
	char		description[80];

	for (int i = 0; i < 400; i++)
	{
		double		p[4];
		num_customer c = random_customer(4.5);
		double		discount = random_power(-6, 1);
		double		value;
		double		later;

		random_parameters(-2, 3, p);
		value = model->residual(p, discount, &c, no_poll);
		check(isfinite(value) && value >= 0, CASE "residual %g at %g",
			  CASE_VALUES(model, p, c), value, discount);
		later = model->residual(p, discount * 2, &c, no_poll);
		check(later <= value * (1 + 1e-10), CASE "residual %g at %g, %g at half",
			  CASE_VALUES(model, p, c), later, discount * 2, value);
	}
	snprintf(description, sizeof(description),
			 "%s: residual purchases fall with the discount", model->name);
	done(description);
}

static void
test_probability(const num_purchase_model *model)
{
	static const double horizon[] = {0, 0.01, 1, 39, 1000};
	char		description[80];

	for (int i = 0; i < 60; i++)
	{
		double		p[4];
		double		t = horizon[random_below(COUNT(horizon))];
		double		sum = 0;

		random_parameters(-1, 1.5, p);
		p[1] = fmax(p[1], t / 40);	/* so that the sum need not be long */
		for (double n = 0; n < 3000 && sum < 1 - 1e-13; n++)
		{
			double		one = model->probability(p, n, t, no_poll);

			check(one >= 0 && one <= 1, "%s: P(%g) = %g", model->name, n, one);
			sum += one;
			if (n > 20 && one < 1e-17)
				break;
		}
		check(fabs(sum - 1) < 1e-9,
			  "%s(%.17g, %.17g, %.17g, %.17g) in %g: the sum is %.15g",
			  model->name, p[0], p[1], p[2], p[3], t, sum);
	}
	snprintf(description, sizeof(description),
			 "%s: probabilities add up to 1", model->name);
	done(description);
}

int
main(void)
{
	test_likelihood();
	test_published();
	test_predictions();
	test_series_limit();
	test_many();
	for (int i = 0; i < COUNT(models); i++)
	{
		test_domain(models[i], -1, 2);
		test_domain(models[i], -3, 4);
		test_residual(models[i]);
		test_probability(models[i]);
		test_sample(models[i]);
	}
	return finish();
}
