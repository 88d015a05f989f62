/*
 * bgnbd.c
 *	  The BG/NBD and MBG/NBD models of purchases.
 *
 * While alive a customer buys at rate lambda, gamma distributed over customers
 * with shape r and rate alpha; after each purchase, and in MBG/NBD also at the
 * beginning, the customer leaves with probability p, beta distributed with a
 * and b (Fader, Hardie and Lee 2005, Marketing Science 24; Batislam, Denizel
 * and Filiztekin 2007, International Journal of Research in Marketing 24).
 *
 * Both are one set of formulas, where m is 0 for BG/NBD and 1 for MBG/NBD:
 *
 *	  ln L = ln G(r + x) - ln G(r) + r ln alpha + ln G(a + b) - ln G(b)
 *			 + ln G(b + x + m) - ln G(a + b + x + m) + ln(e^A + e^D),
 *	  A = -(r + x) ln(alpha + T)							alive
 *	  D = ln a - ln(b + x + m - 1) - (r + x) ln(alpha + t_x)	gone at t_x,
 *
 * where D exists if x + m > 0.
 */
#include <float.h>
#include <math.h>

#include "num/purchases.h"
#include "num/special.h"

typedef struct bgnbd
{
	double		r;
	double		alpha;
	double		a;
	double		b;
	int			shift;			/* m: 0 for BG/NBD, 1 for MBG/NBD */
} bgnbd;

static inline bgnbd
make_model(const double *parameter, int shift)
{
	bgnbd		model = {parameter[0], parameter[1], parameter[2],
	parameter[3], shift};

	return model;
}

/* the terms of ln L that only x is in */
static void
frequency_terms(const bgnbd *m, double x, num_jet *jet)
{
	double		b = m->b + x + m->shift;
	double		ab = m->a + b;

	jet->value = num_log_gamma_ratio(m->r, x) + m->r * log(m->alpha) +
		num_log_beta_ratio(m->a, m->b, x + m->shift);
	jet->gradient[0] = num_digamma(m->r + x) - num_digamma(m->r) +
		log(m->alpha);
	jet->gradient[1] = m->r / m->alpha;
	jet->gradient[2] = num_digamma(m->a + m->b) - num_digamma(ab);
	jet->gradient[3] = jet->gradient[2] + num_digamma(b) - num_digamma(m->b);
	jet->hessian[0][0] = num_trigamma(m->r + x) - num_trigamma(m->r);
	jet->hessian[1][0] = 1 / m->alpha;
	jet->hessian[1][1] = -m->r / (m->alpha * m->alpha);
	jet->hessian[2][2] = num_trigamma(m->a + m->b) - num_trigamma(ab);
	jet->hessian[3][2] = jet->hessian[2][2];
	jet->hessian[3][3] = jet->hessian[2][2] + num_trigamma(b) -
		num_trigamma(m->b);
}

/* a time on the scale of the rate: its logarithm, and its reciprocal */
typedef struct moment
{
	double		logarithm;
	double		reciprocal;
} moment;

static inline moment
moment_at(const bgnbd *m, double t)
{
	moment		result = {log(m->alpha + t), 1 / (m->alpha + t)};

	return result;
}

/* ln(e^A + e^D), as num_jet_log_mix() would, without its zeros */
static void
branch_terms(const bgnbd *m, double x, const moment *at_t_x,
			 const moment *at_T, double log_odds, num_jet *jet)
{
	double		n = m->r + x;
	double		age = at_T->reciprocal;
	double		recency = at_t_x->reciprocal;
	double		rest = 0;
	double		alive = -n * at_T->logarithm;
	double		p = 0;			/* probability of having gone */
	double		q = 1;
	double		d[NUM_PARAMETERS];

	jet->value = alive;
	if (x + m->shift > 0)
	{
		double		gone = log_odds - n * at_t_x->logarithm;
		double		ratio = exp(-fabs(gone - alive));

		rest = 1 / (m->b + (x + m->shift - 1));
		/* log1p() would cost twice as much, for digits that the sum loses */
		jet->value = fmax(alive, gone) + log(1 + ratio);
		p = (gone < alive ? ratio : 1) / (1 + ratio);
		q = (gone < alive ? 1 : ratio) / (1 + ratio);
	}

	d[0] = at_T->logarithm - at_t_x->logarithm;
	d[1] = n * (age - recency);
	d[2] = 1 / m->a;
	d[3] = -rest;
	jet->gradient[0] = -q * at_T->logarithm - p * at_t_x->logarithm;
	jet->gradient[1] = -n * (q * age + p * recency);
	jet->gradient[2] = p * d[2];
	jet->gradient[3] = p * d[3];
	for (int i = 0; i < NUM_PARAMETERS; i++)
		for (int j = 0; j <= i; j++)
			jet->hessian[i][j] = p * q * d[i] * d[j];
	jet->hessian[1][0] -= q * age + p * recency;
	jet->hessian[1][1] += n * (q * age * age + p * recency * recency);
	jet->hessian[2][2] -= p * d[2] * d[2];
	jet->hessian[3][3] += p * rest * rest;
}

/* The moment of an age, kept in a jet's gradient: it does not depend on x. */
static moment
age_moment(const bgnbd *m, const num_sample *sample,
		   const num_observation *row)
{
	num_kept   *kept;
	moment		result;

	if (sample->kept == NULL)
		return moment_at(m, row->value[2]);
	kept = &sample->kept[row->kept];
	if (!kept->valid)
	{
		result = moment_at(m, row->value[2]);
		kept->valid = true;
		kept->jet.value = result.logarithm;
		kept->jet.gradient[0] = result.reciprocal;
	}
	result.logarithm = kept->jet.value;
	result.reciprocal = kept->jet.gradient[0];
	return result;
}

static void
log_likelihood(const num_sample *sample, const double *parameter, int shift,
			   num_jet *sum)
{
	bgnbd		model = make_model(parameter, shift);
	num_jet		frequency = {0};
	num_jet branch = {0};
	double		log_odds = 0;	/* ln a - ln(b + x + m - 1) */
	double		weight = 0;		/* of the customers with this x */
	moment		at_t_x = {0, 0};

	for (size_t i = 0; i < sample->count; i++)
	{
		const num_observation *row = &sample->row[i];
		double		x = row->value[0];
		moment		at_T = age_moment(&model, sample, row);

		if (i == 0 || x != row[-1].value[0])
		{
			num_jet_add(sum, &frequency, weight);
			weight = 0;
			frequency_terms(&model, x, &frequency);
			log_odds = log(model.a / (model.b + (x + model.shift - 1)));
		}
		if (i == 0 || row->value[1] != row[-1].value[1])
			at_t_x = moment_at(&model, row->value[1]);
		branch_terms(&model, x, &at_t_x, &at_T, log_odds, &branch);
		num_jet_add(sum, &branch, row->weight);
		weight += row->weight;
		if (i % 4096 == 0)
			sample->poll();
	}
	num_jet_add(sum, &frequency, weight);
}

/* 1 / (1 + e^(D - A)) */
static double
p_alive(const bgnbd *model, const num_customer *c)
{
	double		odds;

	if (c->x + model->shift == 0)
		return 1;
	odds = log(model->a / (model->b + (c->x + model->shift - 1))) +
		(model->r + c->x) * log1p((c->T - c->t_x) / (model->alpha + c->t_x));
	return odds > 0 ? exp(-odds) / (1 + exp(-odds)) : 1 / (1 + exp(odds));
}

/* what the integrals over p, for a customer who is alive, are about */
typedef struct dropout
{
	double		a;
	double		b;				/* p is beta distributed with a and b */
	double		log_beta;
	double		n;				/* lambda is gamma distributed with n ... */
	double		log_time;		/* ln(horizon / rate), ln(discount * rate) */
} dropout;

/* The integral over p, whose beta distribution says where the peak is. */
static double
integrate_dropout(const bgnbd *model, double x, double time,
				  num_log_integrand log_integrand, num_poll poll)
{
	dropout		d = {model->a, model->b + x + model->shift, 0,
	model->r + x, log(time)};

	d.log_beta = lgamma(fmin(d.a, d.b)) -
		num_log_gamma_ratio(fmax(d.a, d.b), fmin(d.a, d.b));
	return num_integrate_unit(log_integrand, &d, log(d.a) - log(d.b),
							  fmin(3, sqrt(1 / d.a + 1 / d.b)), poll);
}

/* the purchases expected of one with p, on the density of ln(p / (1 - p)) */
static double
purchases_given_p(double log_p, double log_rest, void *arg,
				  double *factor)
{
	const dropout *d = arg;
	double		log_part = d->log_time + log_p;
	double		purchases;		/* ln, those of p -> 0 to begin with */

	(void) factor;
	purchases = log(d->n) + d->log_time;
	if (log_part > -50)
		purchases = log(-expm1(-d->n * log1p(exp(log_part)))) - log_p;
	return d->a * log_p + d->b * log_rest - d->log_beta + purchases;
}

/*
 * Purchases within the horizon of a customer who is alive, by Euler's
 * transformation of the published formula, which has no singularity at a = 1
 * or a + b = 1: with z = t / (alpha + T + t), e = a - 1, C = a + b + x + m - 1
 * and A = C - r - x,
 *
 *	  C (1 - (1 - z)^e) / e - g (1 - z)^e,
 *	  g = sum over k >= 1 of (A)_k (1 + e)_(k-1) / ((C + 1)_(k-1) k!) z^k.
 *
 * Terms fall like z^k.  Where z is near 1, or where the terms are so large
 * that their differences lose digits, the same is integrated over p.
 */
static double
purchases_alive(const bgnbd *model, double horizon, double x, double T,
				num_poll poll)
{
	double		rate = model->alpha + T;
	double		log_rest = -log1p(horizon / rate);	/* ln(1 - z) */
	double		z = horizon / (rate + horizon);
	double		e = model->a - 1;
	double		next = model->a + model->b + model->shift;	/* A + r + 1 */
	double		term = (next - 1 - model->r) * z;
	double		sum = term;
	double		size = fabs(term);
	double		first = (next + x - 1) * num_box_cox(e, log_rest);
	double		power = exp(e * log_rest);

	/* of a and b near 0 all digits count in 1 + e and C + 1 */
	for (int k = 0; z <= 0.9 && k < 500; k++)
	{
		term *= (next - model->r + k) * (model->a + k) /
			((next + x + k) * (k + 2)) * z;
		sum += term;
		size += fabs(term);
		if (fabs(term) > DBL_EPSILON / 4 * fabs(sum))
			continue;
		/* not so either where something is infinite or NaN */
		if (first - sum * power > 1e-3 * (fabs(first) + size * power))
			return first - sum * power;
		break;
	}
	return integrate_dropout(model, x, horizon / rate, purchases_given_p,
							 poll);
}

static double
expected(const bgnbd *model, double horizon, const num_customer *c,
		 num_poll poll)
{
	if (horizon == 0)
		return 0;
	return p_alive(model, c) * purchases_alive(model, horizon, c->x, c->T,
											   poll);
}

/* the same of purchases, each discounted */
static double
discounted_given_p(double log_p, double log_rest, void *arg,
				   double *factor)
{
	const dropout *d = arg;
	double		log_k = d->log_time - log_p;
	double		purchases;		/* ln, those of p -> 0 to begin with */

	(void) factor;
	/* e^k E(k) is 1 / k where k is large */
	purchases = log(d->n) - d->log_time;
	if (log_k <= 50)
		purchases = log(d->n) - log_p +
			log(num_scaled_exp_integral(d->n + 1, exp(log_k)));
	return d->a * log_p + d->b * log_rest - d->log_beta + purchases;
}

/*
 * Expected purchases after T, each discounted continuously to T: given p, a
 * customer alive makes (n / p) e^k E_(n+1)(k) of them, where n = r + x and
 * k = discount (alpha + T) / p.
 */
static double
residual(const bgnbd *model, double discount, const num_customer *c,
		 num_poll poll)
{
	return p_alive(model, c) *
		integrate_dropout(model, c->x, discount * (model->alpha + c->T),
						  discounted_given_p, poll);
}

/*
 * P(X(horizon) = n) of a new customer (Fader, Hardie and Lee 2005, equation
 * 8): with q(j) the negative binomial probability of j purchases by one who
 * never leaves, and Q(n) that of n or more,
 *
 *	  B(a, b + n + m) / B(a, b) q(n) + B(a + 1, b + n + m - 1) / B(a, b) Q(n).
 */
static double
probability(const bgnbd *model, double n, double horizon, num_poll poll)
{
	double		stays = n + model->shift;
	double		log_stay = num_log_beta_ratio(model->a, model->b, stays);
	double		result;

	result = exp(log_stay + num_log_negative_binomial(n, model->r,
													  model->alpha, horizon));
	if (stays > 0)
		result += model->a / (model->b + (stays - 1)) * exp(log_stay) *
			num_negative_binomial_tail(n, model->r, model->alpha, horizon,
									   poll);
	return fmin(1, result);
}

static void
bgnbd_log_likelihood(const num_sample *sample, const double *parameter,
					 num_jet *sum)
{
	log_likelihood(sample, parameter, 0, sum);
}

static double
bgnbd_p_alive(const double *parameter, const num_customer *customer,
			  num_poll poll)
{
	bgnbd		model = make_model(parameter, 0);

	(void) poll;
	return p_alive(&model, customer);
}

static double
bgnbd_expected(const double *parameter, double horizon,
			   const num_customer *customer, num_poll poll)
{
	bgnbd		model = make_model(parameter, 0);

	return expected(&model, horizon, customer, poll);
}

static double
bgnbd_probability(const double *parameter, double n, double horizon,
				  num_poll poll)
{
	bgnbd		model = make_model(parameter, 0);

	return probability(&model, n, horizon, poll);
}

static double
bgnbd_residual(const double *parameter, double discount,
			   const num_customer *customer, num_poll poll)
{
	bgnbd		model = make_model(parameter, 0);

	return residual(&model, discount, customer, poll);
}

const num_purchase_model num_bgnbd = {
	"bgnbd",
	{"r", "alpha", "a", "b"},
	bgnbd_log_likelihood,
	bgnbd_p_alive,
	bgnbd_expected,
	bgnbd_probability,
	bgnbd_residual
};

static void
mbgnbd_log_likelihood(const num_sample *sample, const double *parameter,
					  num_jet *sum)
{
	log_likelihood(sample, parameter, 1, sum);
}

static double
mbgnbd_p_alive(const double *parameter, const num_customer *customer,
			   num_poll poll)
{
	bgnbd		model = make_model(parameter, 1);

	(void) poll;
	return p_alive(&model, customer);
}

static double
mbgnbd_expected(const double *parameter, double horizon,
				const num_customer *customer, num_poll poll)
{
	bgnbd		model = make_model(parameter, 1);

	return expected(&model, horizon, customer, poll);
}

static double
mbgnbd_probability(const double *parameter, double n, double horizon,
				   num_poll poll)
{
	bgnbd		model = make_model(parameter, 1);

	return probability(&model, n, horizon, poll);
}

static double
mbgnbd_residual(const double *parameter, double discount,
				const num_customer *customer, num_poll poll)
{
	bgnbd		model = make_model(parameter, 1);

	return residual(&model, discount, customer, poll);
}

const num_purchase_model num_mbgnbd = {
	"mbgnbd",
	{"r", "alpha", "a", "b"},
	mbgnbd_log_likelihood,
	mbgnbd_p_alive,
	mbgnbd_expected,
	mbgnbd_probability,
	mbgnbd_residual
};
