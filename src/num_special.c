/*
 * num_special.c
 *	  Special functions and quadrature, in double precision.
 */
#include "num_special.h"

#include <float.h>
#include <math.h>

/*
 * psi(x) for x > 0: recurrence up to 10, then the asymptotic series
 * (Abramowitz and Stegun 1964, 6.3.5 and 6.3.18).
 */
double
num_digamma(double x)
{
	double		result = 0;
	double		z;
	double		series;

	for (; x < 10; x++)
		result -= 1 / x;
	z = 1 / (x * x);
	series = 691.0 / 32760;
	series = 1.0 / 132 - z * series;
	series = 1.0 / 240 - z * series;
	series = 1.0 / 252 - z * series;
	series = 1.0 / 120 - z * series;
	series = 1.0 / 12 - z * series;
	return result + log(x) - 0.5 / x - z * series;
}

/* psi'(x) for x > 0 (Abramowitz and Stegun 1964, 6.4.6 and 6.4.12) */
double
num_trigamma(double x)
{
	double		result = 0;
	double		z;
	double		series;

	for (; x < 10; x++)
		result += 1 / (x * x);
	z = 1 / (x * x);
	series = 691.0 / 2730;
	series = 5.0 / 66 - z * series;
	series = 1.0 / 30 - z * series;
	series = 1.0 / 42 - z * series;
	series = 1.0 / 30 - z * series;
	series = 1.0 / 6 - z * series;
	return result + 1 / x + 0.5 * z + z / x * series;
}

/* ln(e^a + e^b); either may be -infinity */
double
num_log_sum_exp(double a, double b)
{
	double		larger = fmax(a, b);

	if (larger == -INFINITY)
		return larger;
	return larger + log1p(exp(fmin(a, b) - larger));
}

/* (1 - e^(power * log_ratio)) / power, -log_ratio in the limit of power 0 */
double
num_box_cox(double power, double log_ratio)
{
	if (power == 0)
		return -log_ratio;
	return -expm1(power * log_ratio) / power;
}

/*
 * ln P(X = n) where X counts the events of time t, at a rate that is gamma
 * distributed with shape r and rate alpha.
 */
double
num_log_negative_binomial(double n, double r, double alpha, double t)
{
	if (t == 0)
		return n == 0 ? 0 : -INFINITY;
	return lgamma(r + n) - lgamma(r) - lgamma(n + 1) - r * log1p(t / alpha) -
		n * log1p(alpha / t);
}

/* P(X >= n): beyond the mean as a series, below it as a complement */
double
num_negative_binomial_tail(double n, double r, double alpha, double t)
{
	double		success = t / (alpha + t);
	double		term;
	double		sum = 0;

	if (n <= 0)
		return 1;
	if (t == 0)
		return 0;
	if (n <= r * t / alpha)
	{
		for (double j = 0; j < n; j++)
			sum += exp(num_log_negative_binomial(j, r, alpha, t));
		return 1 - sum;
	}
	term = exp(num_log_negative_binomial(n, r, alpha, t));
	for (double j = n; term > DBL_EPSILON / 8 * sum * (1 - success); j++)
	{
		sum += term;
		term *= (r + j) / (j + 1) * success;
	}
	return sum;
}

/*
 * e^x E_order(x) for order >= 0, x > 0, by the continued fraction of
 * Abramowitz and Stegun 1964, 5.1.22 in its even form, by Lentz's method; for
 * small x, where that is slow, by integrating e^(-x(v-1)) v^(-order) from 1.
 */
static double
exp_integral_log(double u, double one_minus_u, void *arg)
{
	const double *a = arg;		/* order, x */
	double		v = u / one_minus_u;	/* v - 1, from 0 up */

	return -a[1] * v - a[0] * log1p(v) - 2 * log(one_minus_u);
}

double
num_scaled_exp_integral(double order, double x)
{
	double		b = x + order;
	double		c = 1 / DBL_MIN;
	double		d = 1 / b;
	double		h = d;

	if (x < 1)
	{
		double		arg[2] = {order, x};

		return num_integrate_unit(exp_integral_log, arg);
	}
	for (int i = 1; i <= 10000; i++)
	{
		double		a = -i * (order - 1 + i);
		double		delta;

		b += 2;
		d = 1 / (a * d + b);
		c = b + a / c;
		delta = c * d;
		h *= delta;
		if (fabs(delta - 1) < DBL_EPSILON)
			break;
	}
	return h;
}

/*
 * The integral from 0 to 1 of e^log_integrand, which may be singular at both
 * ends, by the tanh-sinh rule (Takahasi and Mori 1974): x = 1 / (1 + e^(-pi
 * sinh t)), equidistant in t.  The step is halved until two results agree.
 */
double
num_integrate_unit(num_log_integrand log_integrand, void *arg)
{
	double		sum = 0;
	double		step = 0.25;
	double		previous = 0;

	for (int level = 0; level < 8; level++)
	{
		double		result;

		for (int sign = -1; sign <= 1; sign += 2)
		{
			int			stride = level == 0 ? 1 : 2;
			int			first = level == 0 ? (sign < 0 ? 1 : 0) : 1;

			for (int k = first;; k += stride)
			{
				double		t = sign * k * step;
				double		e = M_PI * sinh(t);
				double		x = 1 / (1 + exp(-e));
				double		rest = 1 / (1 + exp(e));
				double		term;

				if (fabs(t) > 6.5 || x < DBL_MIN || rest < DBL_MIN)
					break;
				term = exp(log_integrand(x, rest, arg) + log(x) + log(rest)) *
					M_PI * cosh(t);
				sum += term;
			}
		}
		result = sum * step;
		if (level > 2 && fabs(result - previous) <= 1e-14 * fabs(result))
			return result;
		previous = result;
		step /= 2;
	}
	return previous;
}
