/*
 * num_contractual.c
 *	  Contractual retention: the sBG and BdW models.
 *
 * A customer renews at each of periods 1, 2, ... or leaves; the probability of
 * leaving is beta distributed over customers with alpha and beta (Fader and
 * Hardie 2007, "How to project customer retention", Journal of Interactive
 * Marketing 21).  In the beta-discrete-Weibull model it changes with time, by
 * an exponent c (Fader, Hardie, Liu, Davin and Steenburgh 2018, Journal of
 * Interactive Marketing 43).  Survival beyond t is
 *
 *	  S(t) = B(alpha, beta + t^c) / B(alpha, beta)
 */
#include "num_contractual.h"

#include <float.h>
#include <math.h>

#include "num_special.h"

enum
{
	ALPHA, BETA, C
};

/* ln S(t) */
static void
log_survival(const num_contractual *m, double t, num_jet *jet)
{
	double		y = t == 0 ? 0 : pow(t, m->c);
	double		by_c = t == 0 ? 0 : y * log(t);
	double		by_cc = t == 0 ? 0 : by_c * log(t);
	double		b = m->beta + y;
	double		ab = m->alpha + b;
	double		all = m->alpha + m->beta;
	double		slope = num_digamma(b) - num_digamma(ab);
	double		curve = num_trigamma(b) - num_trigamma(ab);

	*jet = (num_jet)
	{
		0
	};
	jet->value = num_log_gamma_ratio(m->beta, m->alpha) -
		num_log_gamma_ratio(b, m->alpha);
	jet->gradient[ALPHA] = num_digamma(all) - num_digamma(ab);
	jet->gradient[BETA] = slope + num_digamma(all) - num_digamma(m->beta);
	jet->gradient[C] = slope * by_c;
	jet->hessian[ALPHA][ALPHA] = num_trigamma(all) - num_trigamma(ab);
	jet->hessian[BETA][ALPHA] = jet->hessian[ALPHA][ALPHA];
	jet->hessian[BETA][BETA] = curve + num_trigamma(all) -
		num_trigamma(m->beta);
	jet->hessian[C][ALPHA] = -num_trigamma(ab) * by_c;
	jet->hessian[C][BETA] = curve * by_c;
	jet->hessian[C][C] = curve * by_c * by_c + slope * by_cc;
}

static void
log_likelihood(const num_sample *sample, const num_contractual *m,
			   num_jet *sum)
{
	for (size_t i = 0; i < sample->count; i++)
	{
		const num_observation *row = &sample->row[i];
		double		t = row->value[0];
		num_jet		survived;

		if (row->value[1] == 0)
			log_survival(m, t, &survived);
		else
		{
			num_jet		before;
			num_jet		after;

			log_survival(m, t - 1, &before);
			log_survival(m, t, &after);
			num_jet_log_mix(&survived, &before, &after, -1);
		}
		num_jet_add(sum, &survived, row->weight);
		if (i % 1024 == 0)
			sample->poll();
	}
}

void
num_sbg_log_likelihood(const num_sample *sample, const double *parameter,
					   num_jet *sum)
{
	num_contractual model = {parameter[ALPHA], parameter[BETA], 1};

	log_likelihood(sample, &model, sum);
}

void
num_bdw_log_likelihood(const num_sample *sample, const double *parameter,
					   num_jet *sum)
{
	num_contractual model = {parameter[ALPHA], parameter[BETA], parameter[C]};

	log_likelihood(sample, &model, sum);
}

static double
log_survival_value(const num_contractual *m, double t)
{
	double		b = m->beta + (t == 0 ? 0 : pow(t, m->c));

	return num_log_gamma_ratio(m->beta, m->alpha) -
		num_log_gamma_ratio(b, m->alpha);
}

double
num_contractual_survival(const num_contractual *model, double t)
{
	return exp(log_survival_value(model, t));
}

/* S(t) / S(t - 1) */
double
num_contractual_retention(const num_contractual *model, double t)
{
	if (model->c == 1)
		return (model->beta + t - 1) / (model->alpha + model->beta + t - 1);
	return exp(log_survival_value(model, t) -
			   log_survival_value(model, t - 1));
}

/*
 * Discounted expected residual lifetime of a customer about to face renewal t:
 * the sum over i >= 0 of S(t + i) / S(t - 1) / (1 + discount)^i (Fader and
 * Hardie 2010, Marketing Science 29, equation 6).  For a discount above 0.
 */
double
num_contractual_residual(const num_contractual *model, double t,
						 double discount, num_poll poll)
{
	double		survival = num_contractual_retention(model, t);
	double		factor = 1;
	double		sum = 0;

	/* what is left is at most that of a customer who never leaves */
	for (double i = 0;
		 survival * factor * (1 + discount) > DBL_EPSILON / 4 * discount * sum;
		 i++)
	{
		sum += survival * factor;
		factor /= 1 + discount;
		survival *= num_contractual_retention(model, t + i + 1);
		if (fmod(i, 4096) == 0)
			poll();
	}
	return sum;
}
