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

/*
 * The chance that Student's t with df >= 1 degrees of freedom is above t >= 0:
 * with tan(angle) = t / sqrt(df), the finite sums of Abramowitz and Stegun
 * 1964, 26.7.3 and 26.7.4.
 */
static double
StudentTail(double t, int df)
{
	double		angle = atan(t / sqrt(df));
	double		cosine = cos(angle);
	double		term = df % 2 == 1 ? cosine : 1;
	double		sum = df == 1 ? 0 : term;

	for (int i = df % 2 == 1 ? 3 : 2; i < df; i += 2)
	{
		term *= cosine * cosine * (i - 1) / i;
		sum += term;
	}
	if (df % 2 == 1)
		return 0.5 - (angle + sin(angle) * sum) / M_PI;
	return (1 - sin(angle) * sum) / 2;
}

/* Beyond so many the expansion is good to ten digits. */
#define FEW_DEGREES_OF_FREEDOM 400

/*
 * The t above which Student's t with df >= 1 degrees of freedom is with this
 * chance, 0.001 <= tail <= 1/2: by halving, or for many degrees of freedom
 * from that of the normal distribution (Abramowitz and Stegun 1964, 26.7.5),
 * which then is good to 1e-10.
 */
double
num_student_upper_quantile(double tail, int df)
{
	double		z = num_normal_upper_quantile(tail);
	double		z2 = z * z;
	double		low = 0;
	double		high = 1;

	if (df > FEW_DEGREES_OF_FREEDOM)
		return z * (1 + (z2 + 1) / (4.0 * df) +
					((5 * z2 + 16) * z2 + 3) / (96.0 * df * df) +
					(((3 * z2 + 19) * z2 + 17) * z2 - 15) /
					(384.0 * df * df * df));
	while (StudentTail(high, df) > tail)
		high *= 2;
	for (int i = 0; i < 60; i++)
	{
		double		middle = (low + high) / 2;

		if (StudentTail(middle, df) > tail)
			low = middle;
		else
			high = middle;
	}
	return (low + high) / 2;
}
