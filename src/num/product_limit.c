/*
 * product_limit.c
 *	  The product-limit estimate of survival (Kaplan and Meier 1958, Journal of
 *	  the American Statistical Association 53), S = prod (n - d) / n over the
 *	  times with events, with Greenwood's variance (1926), S^2 times the sum of
 *	  d / (n (n - d)), and the interval of the logarithm,
 *	  S exp(-+ z sqrt(sum)), at most 1.
 *
 * Both are kept in twice the precision: a survival that is one half is exactly
 * one half, and so a median is not missed by a rounding.
 */
#include "num/product_limit.h"

#include <math.h>

#include "num/distribution.h"

void
num_product_limit_begin(num_product_limit *estimate)
{
	estimate->survival = num_double2_of(1);
	estimate->greenwood = num_double2_of(0);
}

/* 1 <= events <= at_risk */
num_survival
num_product_limit_step(num_product_limit *estimate, int64_t at_risk,
					   int64_t events)
{
	num_double2 n = num_double2_from_i128(at_risk);
	num_double2 d = num_double2_from_i128(events);
	num_double2 left = num_double2_from_i128(at_risk - events);
	num_survival result = {0, false, 0, 0, 0};
	double		error;

	if (events == at_risk)
		estimate->survival = num_double2_of(0);
	if (estimate->survival.high == 0)
		return result;
	estimate->survival =
		num_double2_divide(num_double2_multiply(estimate->survival, left), n);
	estimate->greenwood =
		num_double2_add(estimate->greenwood,
						num_double2_divide(d, num_double2_multiply(n, left)));
	error = sqrt(estimate->greenwood.high);
	result.survival = estimate->survival.high;
	result.has_error = true;
	result.std_error = result.survival * error;
	result.lower = result.survival * exp(-NUM_NORMAL_975 * error);
	result.upper = fmin(1, result.survival * exp(NUM_NORMAL_975 * error));
	return result;
}
