/*
 * distribution.c
 *	  Quantiles and tails of the distributions that tests and intervals need.
 */
#include "num/distribution.h"

#include <math.h>

/*
 * The z above which a normal variate is with this chance, 0 < tail <= 1/2:
 * Hastings' approximation (Abramowitz and Stegun 1964, 26.2.23), which is good
 * to 4.5e-4, and three steps of Halley's method from there, each of which
 * triples the digits.
 */
double
num_normal_upper_quantile(double tail)
{
	double		t = sqrt(-2 * log(tail));
	double		z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
	(1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));

	for (int i = 0; i < 3; i++)
	{
		double		density = exp(-z * z / 2) / sqrt(2 * M_PI);
		double		step = (0.5 * erfc(z / M_SQRT2) - tail) / density;

		z += step / (1 + z * step / 2);
	}
	return fmax(z, 0);
}

/*
 * The chance that a chi-square variate of df >= 1 degrees of freedom is above
 * x >= 0: Q(1/2, y) = erfc(sqrt(y)) or Q(1, y) = e^-y, y = x / 2, and then
 * Q(a + 1, y) = Q(a, y) + y^a e^-y / G(a + 1) (Abramowitz and Stegun 1964,
 * 26.4.4 and 26.4.5).  All terms are positive, so that no digits are lost.
 */
double
num_chi_square_tail(double x, int df)
{
	double		y = x / 2;
	double		tail = df % 2 == 1 ? erfc(sqrt(y)) : exp(-y);
	double		log_gamma = df % 2 == 1 ? log(M_PI) / 2 : 0;	/* of a */

	if (y == 0)
		return 1;
	for (int twice = df % 2 == 1 ? 1 : 2; twice < df; twice += 2)
	{
		double		a = twice / 2.0;

		log_gamma += log(a);
		tail += exp(a * log(y) - y - log_gamma);
	}
	return fmin(tail, 1);
}
