/*
 * contractual.h
 *	  Contractual retention: the sBG and BdW models.
 */
#ifndef NUM_CONTRACTUAL_H
#define NUM_CONTRACTUAL_H

#include "num/likelihood.h"

/* parameters alpha, beta and, for BdW, c, which is 1 in sBG */
typedef struct num_contractual
{
	double		alpha;
	double		beta;
	double		c;
} num_contractual;

/* periods t, churned (1) or not (0): value[0..1] of an observation */
extern void num_sbg_log_likelihood(const num_sample *sample,
								   const double *parameter, num_jet *sum);
extern void num_bdw_log_likelihood(const num_sample *sample,
								   const double *parameter, num_jet *sum);
extern double num_contractual_survival(const num_contractual *model, double t);
extern double num_contractual_retention(const num_contractual *model,
										double t);
extern double num_contractual_residual(const num_contractual *model, double t,
									   double discount, num_poll poll);

#endif							/* NUM_CONTRACTUAL_H */
