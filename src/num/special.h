/*
 * special.h
 *	  Special functions and quadrature, in double precision.
 */
#ifndef NUM_SPECIAL_H
#define NUM_SPECIAL_H

#include <stdbool.h>

#include "num/poll.h"

extern double num_digamma(double x);
extern double num_trigamma(double x);
extern double num_log_gamma_ratio(double x, double d);
extern double num_log_beta_ratio(double a, double b, double k);
extern double num_log_sum_exp(double a, double b);
extern double num_scaled_exp_integral(double order, double x);
extern double num_box_cox(double power, double log_ratio);
extern double num_log_negative_binomial(double n, double r, double alpha,
										double t);
extern double num_negative_binomial_tail(double n, double r, double alpha,
										 double t, num_poll poll);

#define NUM_INTEGRALS 10

/*
 * ln of x (1 - x) times what is integrated, at x, given ln x and ln(1 - x);
 * where several integrals are asked for, each by a factor of its own.
 */
typedef double (*num_log_integrand) (double log_x, double log_rest, void *arg,
									 double *factor);

extern void num_integrate_all(num_log_integrand log_integrand, void *arg,
							  double centre, double width, int count,
							  double *result, num_poll poll);
extern double num_integrate_unit(num_log_integrand log_integrand, void *arg,
								 double centre, double width, num_poll poll);

#endif							/* NUM_SPECIAL_H */
