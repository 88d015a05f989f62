/*
 * contractual.c
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
#include "num/contractual.h"

#include <float.h>
#include <math.h>

#include "num/special.h"

enum
{
	ALPHA, BETA, C
};

/* beyond this y, G(y + alpha) / G(y) is y^alpha to the last digit */
#define FAR 1e100

/*
 * ln of S(t) / S(from), for t >= from: directly, since logarithms of S, which
 * can be large, would lose what they have in common.
 */
static double
log_survival_ratio(const num_contractual *m, double from, double t)
{
	double		y = from == 0 ? 0 : pow(from, m->c);
	double		growth = from == 0 ? 0 : m->c * log1p((t - from) / from);
	double		more = from == 0 && t > 0 ? pow(t, m->c) : y * expm1(growth);

	if (isfinite(y) && isfinite(more))
		return num_log_beta_ratio(m->alpha, m->beta + y, more);
	if (y < FAR)
		return num_log_gamma_ratio(m->beta + y, m->alpha) -
			m->alpha * m->c * log(t);
	return -m->alpha * growth;
}

/* the same with derivatives */
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
	jet->value = log_survival_ratio(m, 0, t);
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

double
num_contractual_survival(const num_contractual *model, double t)
{
	return exp(log_survival_ratio(model, 0, t));
}

/* S(t) / S(t - 1) */
double
num_contractual_retention(const num_contractual *model, double t)
{
	double		b = model->beta + (t - 1);

	if (model->c == 1 || t == 1)
		return b / (model->alpha + b);
	return exp(log_survival_ratio(model, t - 1, t));
}

/* a residual lifetime: of whom, from which renewal on, at which discount */
typedef struct remaining
{
	const num_contractual *model;
	double		t;
	double		log_growth;		/* ln(1 + discount) */
	double		first;			/* the integral begins at this i ... */
	double		scale;			/* ... in units of so many periods */
} remaining;

/* ln of S(t + i) / S(t - 1) / (1 + discount)^i */
static double
log_term(const remaining *r, double i)
{
	return log_survival_ratio(r->model, r->t - 1, r->t + i) -
		i * r->log_growth;
}

/* the terms beyond the first as a function of ln((i - first) / scale) */
static double
log_term_beyond(double log_x, double log_rest, void *arg, double *factor)
{
	const remaining *r = arg;
	double		y = log_x - log_rest;

	(void) factor;
	return log_term(r, r->first + r->scale * exp(y)) + log(r->scale) + y;
}

/* so many terms are added one by one before the rest is integrated */
#define SINGLE_TERMS 4096

/*
 * Discounted expected residual lifetime of a customer about to face renewal t:
 * the sum over i >= 0 of S(t + i) / S(t - 1) / (1 + discount)^i (Fader and
 * Hardie 2010, Marketing Science 29, equation 6).  For a discount above 0.
 *
 * Where the discount is next to nothing the terms fall too slowly to add them
 * all.  Once they change by less than a hundredth, the rest is given by Euler
 * and Maclaurin's formula (Abramowitz and Stegun 1964, 23.1.30).  With a large
 * c survival drops within t / c periods: these must be some more.
 */
double
num_contractual_residual(const num_contractual *model, double t,
						 double discount, num_poll poll)
{
	remaining	r = {model, t, log1p(discount), 0, 0};
	double		single = fmax(SINGLE_TERMS, 16 * model->c);
	double		log_here = log_term(&r, 0);
	double		sum = 0;
	double		slope;

	for (double i = 0;; i++)
	{
		double		log_next = log_term(&r, i + 1);
		double		next = exp(log_next);

		sum += exp(log_here);
		/* what is left is at most that of a customer who never leaves */
		if (!(next * (1 + discount) > DBL_EPSILON / 4 * discount * sum))
			return sum;
		r.first = i + 1;
		slope = fmax(log_here - log_next, r.log_growth);
		if (i >= single && slope < 0.01)
			break;
		log_here = log_next;
		if (fmod(i, 4096) == 0)
			poll();
	}
	r.scale = 1 / slope;
	return sum + num_integrate_unit(log_term_beyond, &r, 0, 3, poll) +
		exp(log_term(&r, r.first)) * (0.5 + slope / 12);
}
