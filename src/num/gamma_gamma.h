/*
 * gamma_gamma.h
 *	  The gamma-gamma model of spend.
 */
#ifndef NUM_GAMMA_GAMMA_H
#define NUM_GAMMA_GAMMA_H

#include "num/likelihood.h"

typedef struct num_gamma_gamma
{
	double		p;
	double		q;
	double		v;
} num_gamma_gamma;

/* frequency x, mean spend m: value[0..1] of an observation, both positive */
extern void num_gamma_gamma_log_likelihood(const num_sample *sample,
										   const double *parameter,
										   num_jet *sum);
extern double num_gamma_gamma_expected(const num_gamma_gamma *model, double x,
									   double m);

#endif							/* NUM_GAMMA_GAMMA_H */
