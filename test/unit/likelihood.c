/*
 * likelihood.c
 *	  Tests of src/num/likelihood.c with every model: derivatives against
 *	  mpmath (clv_reference.h), and maxima of simulated samples.
 */
#include "num/likelihood.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "clv_reference.h"
#include "num/contractual.h"
#include "num/gamma_gamma.h"
#include "num/purchases.h"
#include "simulate.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

#define CUSTOMERS 4000

static num_observation sample_row[CUSTOMERS];
static int	polls = 0;

static void
count_poll(void)
{
	polls++;
}

static num_sample
make_sample(const num_observation *row, size_t count)
{
	static num_observation part[CUSTOMERS];
	num_sample	sample = {.row = row,.count = count,.poll = count_poll};

	/* like the library: a sample that is large enough has a part */
	if (count >= 2048)
	{
		size_t		stride = count < 16 * 512 ? count / 512 : 16;

		sample.part_count = count / stride;
		for (size_t i = 0; i < sample.part_count; i++)
			part[i] = row[i * stride + stride / 2];
		sample.part = part;
	}
	return sample;
}

static void
test_other_likelihoods(void)
{
	for (int i = 0; i < COUNT(other_likelihood_table); i++)
	{
		const double *p = other_likelihood_table[i].p;
		const double *want = other_likelihood_table[i].jet;
		num_observation row = {{other_likelihood_table[i].first,
				other_likelihood_table[i].second, 0
		}, 1, 0};
		num_sample	sample = make_sample(&row, 1);
		bool		spend = other_likelihood_table[i].model == 0;
		const char *name = spend ? "gamma_gamma" : "bdw";
		num_jet		jet = {0};
		int			next = 4;

		(spend ? num_gamma_gamma_log_likelihood : num_bdw_log_likelihood)
			(&sample, p, &jet);
		check(fabs(jet.value - want[0]) <= 1e-12 * fmax(1, fabs(want[0])),
			  "%s %d: %.17g, not %.17g", name, i, jet.value, want[0]);
		for (int j = 0; j < 3; j++)
		{
			double		have = jet.gradient[j] * p[j];

			check(fabs(have - want[1 + j]) <=
				  1e-9 * fmax(1, fabs(want[1 + j])),
				  "%s %d: gradient %d is %.17g, not %.17g", name, i, j, have,
				  want[1 + j]);
			for (int k = 0; k <= j; k++, next++)
			{
				have = jet.hessian[j][k] * p[j] * p[k] +
					(j == k ? jet.gradient[j] * p[j] : 0);
				check(fabs(have - want[next]) <=
					  1e-8 * fmax(1, fabs(want[next])),
					  "%s %d: hessian %d %d is %.17g, not %.17g", name, i, j,
					  k, have, want[next]);
			}
		}
	}
	done("gamma-gamma and BdW: derivatives equal those of mpmath");
}

static void
test_sbg_is_bdw(void)
{
	for (int i = 0; i < 500; i++)
	{
		double		p[3] = {random_power(-2, 2), random_power(-2, 2), 1};
		num_observation row = {{random_below(30) + 1, random_below(2), 0}, 1, 0};
		num_sample	sample = make_sample(&row, 1);
		num_jet		sbg = {0};
		num_jet		bdw = {0};

		num_sbg_log_likelihood(&sample, p, &sbg);
		num_bdw_log_likelihood(&sample, p, &bdw);
		check(sbg.value == bdw.value && sbg.gradient[0] == bdw.gradient[0] &&
			  sbg.hessian[1][1] == bdw.hessian[1][1], "%g %g", p[0], p[1]);
	}
	done("sBG is BdW with c = 1");
}

/* ln(e^a + sign e^b) of two linear functions, against its derivatives */
static void
test_log_mix(void)
{
	for (int i = 0; i < 2000; i++)
	{
		num_jet		a = {0};
		num_jet		b = {0};
		num_jet		mix;
		double		sign = i % 2 ? 1 : -1;
		double		gap = random_power(-3, 2);
		double		wa;
		double		wb;

		a.value = random_between(-700, 700);
		b.value = a.value - gap;
		for (int j = 0; j < NUM_PARAMETERS; j++)
		{
			a.gradient[j] = random_between(-2, 2);
			b.gradient[j] = random_between(-2, 2);
		}
		num_jet_log_mix(&mix, &a, &b, sign);
		wa = sign > 0 ? 1 / (1 + exp(-gap)) : -1 / expm1(-gap);
		wb = sign * exp(-gap) * wa;
		check(fabs(mix.value - (a.value - log(wa))) < 1e-12 * 700, "value");
		for (int j = 0; j < NUM_PARAMETERS; j++)
		{
			double		want = wa * a.gradient[j] + wb * b.gradient[j];

			check(fabs(mix.gradient[j] - want) < 1e-9 * fmax(1, wa),
				  "gradient %g, not %g", mix.gradient[j], want);
			for (int k = 0; k <= j; k++)
			{
				want = wa * wb * (a.gradient[j] - b.gradient[j]) *
					(a.gradient[k] - b.gradient[k]);
				check(fabs(mix.hessian[j][k] - want) < 1e-9 * fmax(1, wa * wa),
					  "hessian %g, not %g", mix.hessian[j][k], want);
			}
		}
	}
	done("mixtures and differences of two branches");

	for (int i = 0; i < 2; i++)
	{
		num_jet		none = {-INFINITY, {0}, {{0}}};
		num_jet		one = {3, {1, 2, 3, 4}, {{5}}};
		num_jet		mix;

		num_jet_log_mix(&mix, i ? &none : &one, i ? &one : &none, 1);
		check(mix.value == 3 && mix.gradient[3] == 4 &&
			  mix.hessian[0][0] == 5, "value %g", mix.value);
	}
	done("a branch that does not exist changes nothing");
}

/* The starts that the SQL functions use, from the sample's means. */
static void
purchase_start(const num_purchase_model *model, const num_sample *sample,
			   double *start)
{
	double		purchases = 0;
	double		ages = 0;
	double		customers = 0;

	for (size_t i = 0; i < sample->count; i++)
	{
		purchases += sample->row[i].weight * sample->row[i].value[0];
		ages += sample->row[i].weight * sample->row[i].value[2];
		customers += sample->row[i].weight;
	}
	start[0] = 0.5;
	start[1] = 0.5 * ages / purchases;
	start[2] = model == &num_pareto_nbd ? 0.5 : 1;
	start[3] = model == &num_pareto_nbd ? 0.5 * ages / customers : 2;
}

static double
value_at(num_log_likelihood log_likelihood, const num_sample *sample,
		 const double *p)
{
	num_jet		jet = {0};

	num_forget(sample);
	log_likelihood(sample, p, &jet);
	return jet.value;
}

/* how many samples of a kind, and how often the truth was found */
typedef struct tally
{
	int			samples;
	int			missed;			/* a parameter 4 standard errors off */
}			tally;

/* Compares a fit with the truth behind its sample. */
static void
judge(const char *name, num_log_likelihood log_likelihood,
	  const num_sample *sample, const double *start, const double *truth,
	  int parameters, tally * t)
{
	num_fit		fit;
	num_fit_status status;
	bool		missed = false;
	double		at_truth;

	status = num_maximize(log_likelihood, sample, start, parameters, &fit);
	check(status == NUM_FIT_CONVERGED,
		  "%s of %g, %g, %g, %g: status %d at %g, %g, %g, %g", name, truth[0],
		  truth[1], truth[2], truth[3], status, fit.parameter[0],
		  fit.parameter[1], fit.parameter[2], fit.parameter[3]);
	if (status != NUM_FIT_CONVERGED)
		return;
	at_truth = value_at(log_likelihood, sample, truth);
	check(fit.log_likelihood >= at_truth - 1e-9 * fabs(at_truth),
		  "%s: %.12g, but %.12g at the truth", name, fit.log_likelihood,
		  at_truth);
	check(fit.gradient <= 1e-6 * fabs(at_truth), "%s: gradient %g", name,
		  fit.gradient);
	for (int i = 0; i < parameters; i++)
		if (!(fabs(fit.parameter[i] - truth[i]) <= 4 * fit.std_error[i]))
			missed = true;
	t->samples++;
	t->missed += missed;
}

/*
 * Truths at random where 4000 customers determine the parameters: most buy
 * again, of those a good part leaves while being watched, and heterogeneity is
 * neither nil nor all.  In weeks, days or years; continuous, or by whole days
 * or weeks.
 */
static void
test_purchases(const num_purchase_model *model, int samples)
{
	static const double unit[] = {1, 7, 1.0 / 52};
	tally		t = {0, 0};
	char		description[120];

	for (int i = 0; i < samples; i++)
	{
		double		u = unit[i % 3];
		double		truth[4];
		double		start[4];
		num_sample	sample;
		size_t		count;

		truth[0] = random_power(-0.5, 0.4);
		truth[1] = random_power(0.3, 1.2) * u;
		truth[2] = model == &num_pareto_nbd ? random_power(-0.4, 0.2) :
			random_power(-0.3, 0.2);
		truth[3] = model == &num_pareto_nbd ? random_power(0.6, 1.4) * u :
			random_power(0, 0.6);
		/* a grain of a day is small against any purchase interval here */
		count = simulate_sample(model, truth, 25 * u, 100 * u,
								i % 2 ? u / 70 : 0, sample_row, CUSTOMERS);
		sample = make_sample(sample_row, count);
		purchase_start(model, &sample, start);
		judge(model->name, model->log_likelihood, &sample, start, truth, 4,
			  &t);
	}
	check(t.missed <= samples / 100, "%d of %d are 4 standard errors off",
		  t.missed, t.samples);
	snprintf(description, sizeof(description),
			 "%s: %d simulated samples, %d beyond 4 standard errors",
			 model->name, t.samples, t.missed);
	done(description);
}

static void
test_spend(int samples)
{
	tally		t = {0, 0};

	for (int i = 0; i < samples; i++)
	{
		double		truth[4] = {random_power(-0.3, 1), random_power(0.1, 0.8),
		random_power(-1, 3)};
		double		start[4] = {2, 3, 0};
		num_sample	sample;

		for (int k = 0; k < CUSTOMERS; k++)
		{
			double		x = 1 + floor(random_exponential(0.4));
			double		rate = random_gamma(truth[1], truth[2]);
			double		m = random_gamma(truth[0] * x, rate) / x;

			start[2] += m / CUSTOMERS;
			sample_row[k] = (num_observation)
			{
				{
					x, m, 0
				}, 1, 0
			};
		}
		sample = make_sample(sample_row, group_observations(sample_row,
															CUSTOMERS));
		judge("gamma_gamma", num_gamma_gamma_log_likelihood, &sample, start,
			  truth, 3, &t);
	}
	check(t.missed <= samples / 100, "%d of %d are 4 standard errors off",
		  t.missed, t.samples);
	done("gamma_gamma: simulated samples");
}

static void
test_contracts(int samples)
{
	tally		t = {0, 0};

	for (int i = 0; i < 2 * samples; i++)
	{
		bool		sbg = i % 2 == 0;
		double		truth[4] = {random_power(-0.4, 0.4), random_power(-0.2, 0.7),
		sbg ? 1 : random_between(0.6, 1.8)};
		const double start[4] = {1, 1, 1};
		num_sample	sample;

		for (int k = 0; k < CUSTOMERS; k++)
		{
			double		leaving = random_beta(truth[0], truth[1]);

			/* beyond t with probability (1 - leaving)^(t^c) */
			double		life = pow(log(random_uniform()) /
								   log1p(-leaving), 1 / truth[2]);
			double		t_end = fmin(ceil(life), 12);

			sample_row[k] = (num_observation)
			{
				{
					fmax(t_end, 1), life <= 12, 0
				}, 1, 0
			};
		}
		sample = make_sample(sample_row, group_observations(sample_row,
															CUSTOMERS));
		judge(sbg ? "sbg" : "bdw",
			  sbg ? num_sbg_log_likelihood : num_bdw_log_likelihood, &sample,
			  start, truth, sbg ? 2 : 3, &t);
	}
	check(t.missed <= samples / 50, "%d of %d are 4 standard errors off",
		  t.missed, t.samples);
	done("sbg, bdw: simulated samples");
}

/*
 * Samples that need not have a maximum: small ones, with parameters far apart.
 * A fit that converged has the better likelihood, also than where a search
 * from the truth ends; one that did not says so.
 */
static void
test_hard(const num_purchase_model *model, size_t customers, int samples)
{
	int			converged = 0;
	char		description[100];

	for (int i = 0; i < samples; i++)
	{
		double		truth[4] = {random_power(-1, 0.7), random_power(0, 2),
			random_power(-1, 0.7),
		random_power(model == &num_pareto_nbd ? 0 : -0.7, 1.5)};
		double		start[4];
		num_sample	sample;
		num_fit		fit;
		num_fit		other;
		num_fit_status status;

		sample = make_sample(sample_row,
							 simulate_sample(model, truth, 20, 100, i % 2,
											 sample_row, customers));
		purchase_start(model, &sample, start);
		if (!isfinite(start[1]))
			continue;			/* nobody bought */
		status = num_maximize(model->log_likelihood, &sample, start, 4, &fit);
		check(status != NUM_FIT_NOT_CONVERGED, "%s of %g, %g, %g, %g",
			  model->name, truth[0], truth[1], truth[2], truth[3]);
		check(isfinite(fit.log_likelihood), "%s", model->name);
		converged += status == NUM_FIT_CONVERGED;
		if (num_maximize(model->log_likelihood, &sample, truth, 4,
						 &other) != NUM_FIT_CONVERGED)
			continue;
		check(status == NUM_FIT_CONVERGED &&
			  fit.log_likelihood >= other.log_likelihood - 1e-6,
			  "%s of %g, %g, %g, %g: %.10g (status %d), but %.10g at %g, %g, %g, %g",
			  model->name, truth[0], truth[1], truth[2], truth[3],
			  fit.log_likelihood, status, other.log_likelihood,
			  other.parameter[0], other.parameter[1], other.parameter[2],
			  other.parameter[3]);
	}
	snprintf(description, sizeof(description),
			 "%s: %d of %d samples of %d customers have a maximum",
			 model->name, converged, samples, (int) customers);
	done(description);
}

int
main(void)
{
	static const num_purchase_model *const models[] = {
		&num_bgnbd, &num_mbgnbd, &num_pareto_nbd
	};

	test_other_likelihoods();
	test_sbg_is_bdw();
	test_log_mix();
	for (int i = 0; i < COUNT(models); i++)
	{
		test_purchases(models[i], 200);
		test_hard(models[i], 50, 60);
		test_hard(models[i], 500, 30);
	}
	test_spend(200);
	test_contracts(200);
	/* large enough for a part */
	for (int i = 0; i < COUNT(models); i++)
		test_hard(models[i], 3000, 30);
	check(polls > 0, "never");
	done("a fit asks whether to go on");
	return finish();
}
