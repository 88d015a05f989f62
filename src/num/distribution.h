/*
 * distribution.h
 *	  Quantiles and tails of the distributions that tests and intervals need.
 */
#ifndef NUM_DISTRIBUTION_H
#define NUM_DISTRIBUTION_H

/* of the normal distribution: what 2.5 % of all are above */
#define NUM_NORMAL_975 1.959963984540054

extern double num_normal_upper_quantile(double tail);
extern double num_chi_square_tail(double x, int df);
extern double num_student_upper_quantile(double tail, int df);

#endif							/* NUM_DISTRIBUTION_H */
