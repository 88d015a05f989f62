/*
 * gamma_gamma.c
 *	  The gamma-gamma model of spend.
 *
 * A customer's purchases are gamma distributed with shape p and a rate that is
 * itself gamma distributed over customers with shape q and rate v (Fader and
 * Hardie 2013, "The gamma-gamma model of monetary value", equation 1a):
 *
 *	  ln L = ln G(p x + q) - ln G(p x) - ln G(q) + q ln v + (p x - 1) ln m
 *			 + p x ln x - (p x + q) ln(x m + v)
 */
#include "num/gamma_gamma.h"

#include <math.h>

#include "num/special.h"

enum
{
	P, Q, V
};

/* the terms that only x is in */
static void
frequency_terms(const num_gamma_gamma *g, double x, num_jet *jet)
{
	double		px = g->p * x;

	jet->value = num_log_gamma_ratio(px, g->q) - lgamma(g->q) +
		g->q * log(g->v) + px * log(x);
	jet->gradient[P] = x * (num_digamma(px + g->q) - num_digamma(px) + log(x));
	jet->gradient[Q] = num_digamma(px + g->q) - num_digamma(g->q) + log(g->v);
	jet->gradient[V] = g->q / g->v;
	jet->hessian[P][P] = x * x * (num_trigamma(px + g->q) - num_trigamma(px));
	jet->hessian[Q][P] = x * num_trigamma(px + g->q);
	jet->hessian[Q][Q] = num_trigamma(px + g->q) - num_trigamma(g->q);
	jet->hessian[V][Q] = 1 / g->v;
	jet->hessian[V][V] = -g->q / (g->v * g->v);
}

void
num_gamma_gamma_log_likelihood(const num_sample *sample,
							   const double *parameter, num_jet *sum)
{
	num_gamma_gamma g = {parameter[P], parameter[Q], parameter[V]};
	num_jet		frequency = {0};

	for (size_t i = 0; i < sample->count; i++)
	{
		const num_observation *row = &sample->row[i];
		double		x = row->value[0];
		double		log_m = log(row->value[1]);
		double		total = x * row->value[1] + g.v;
		double		log_total = log(total);
		double		n = g.p * x + g.q;
		double		w = row->weight;

		if (i == 0 || x != row[-1].value[0])
			frequency_terms(&g, x, &frequency);
		num_jet_add(sum, &frequency, w);
		sum->value += w * ((g.p * x - 1) * log_m - n * log_total);
		sum->gradient[P] += w * x * (log_m - log_total);
		sum->gradient[Q] -= w * log_total;
		sum->gradient[V] -= w * n / total;
		sum->hessian[V][P] -= w * x / total;
		sum->hessian[V][Q] -= w / total;
		sum->hessian[V][V] += w * n / (total * total);
		if (i % 4096 == 0)
			sample->poll();
	}
}

/*
 * Expected mean spend of a customer with x purchases of mean m; for x = 0 that
 * of the population.  The caller has seen to it that p x + q > 1.
 */
double
num_gamma_gamma_expected(const num_gamma_gamma *model, double x, double m)
{
	return model->p * (model->v + x * m) / (model->p * x + model->q - 1);
}
