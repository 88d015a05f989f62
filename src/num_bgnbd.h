/*
 * num_bgnbd.h
 *	  The BG/NBD and MBG/NBD models of purchases.
 */
#ifndef NUM_BGNBD_H
#define NUM_BGNBD_H

#include "num_likelihood.h"

/* parameters r, alpha, a, b; shift 0 for BG/NBD, 1 for MBG/NBD */
typedef struct num_bgnbd
{
	double		r;
	double		alpha;
	double		a;
	double		b;
	int			shift;
} num_bgnbd;

/* frequency x, recency t_x, age T: value[0..2] of an observation */
extern void num_bgnbd_log_likelihood(const num_sample *sample,
									 const double *parameter, num_jet *sum);
extern void num_mbgnbd_log_likelihood(const num_sample *sample,
									  const double *parameter, num_jet *sum);
extern double num_bgnbd_p_alive(const num_bgnbd *model, double x, double t_x,
								double T);
extern double num_bgnbd_expected(const num_bgnbd *model, double horizon,
								 double x, double t_x, double T);
extern double num_bgnbd_probability(const num_bgnbd *model, double n,
									double horizon);
extern double num_bgnbd_residual(const num_bgnbd *model, double discount,
								 double x, double t_x, double T);

#endif							/* NUM_BGNBD_H */
