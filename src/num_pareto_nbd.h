/*
 * num_pareto_nbd.h
 *	  The Pareto/NBD model of purchases.
 */
#ifndef NUM_PARETO_NBD_H
#define NUM_PARETO_NBD_H

#include "num_likelihood.h"

typedef struct num_pareto_nbd
{
	double		r;
	double		alpha;
	double		s;
	double		beta;
} num_pareto_nbd;

/* frequency x, recency t_x, age T: value[0..2] of an observation */
extern void num_pareto_nbd_log_likelihood(const num_sample *sample,
										  const double *parameter,
										  num_jet *sum);
extern double num_pareto_nbd_p_alive(const num_pareto_nbd *model, double x,
									 double t_x, double T);
extern double num_pareto_nbd_expected(const num_pareto_nbd *model,
									  double horizon, double x, double t_x,
									  double T);
extern double num_pareto_nbd_probability(const num_pareto_nbd *model,
										 double n, double horizon);
extern double num_pareto_nbd_residual(const num_pareto_nbd *model,
									  double discount, double x, double t_x,
									  double T);

#endif							/* NUM_PARETO_NBD_H */
