/*
 * special.c
 *	  Special functions and quadrature, in double precision.
 */
#include "num/special.h"

#include <float.h>
#include <math.h>
#include <string.h>

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

	while (x < 10)
		result -= 1 / x++;
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

	while (x < 10)
	{
		result += 1 / (x * x);
		x++;
	}
	z = 1 / (x * x);
	series = 691.0 / 2730;
	series = 5.0 / 66 - z * series;
	series = 1.0 / 30 - z * series;
	series = 1.0 / 42 - z * series;
	series = 1.0 / 30 - z * series;
	series = 1.0 / 6 - z * series;
	return result + 1 / x + 0.5 * z + z / x * series;
}

/* ln G(x) less Stirling's formula, for x >= 10 (6.1.41) */
static double
stirling_rest(double x)
{
	double		z = 1 / (x * x);
	double		series;

	series = 691.0 / 360360;
	series = 1.0 / 1188 - z * series;
	series = 1.0 / 1680 - z * series;
	series = 1.0 / 1260 - z * series;
	series = 1.0 / 360 - z * series;
	series = 1.0 / 12 - z * series;
	return series / x;
}

/* ln((1 + q[0]) (1 + q[1]) ...), of factors one by one */
typedef struct product
{
	double		logarithm;		/* of the factors set aside */
	double		less_one;		/* the product of the others, less 1 */
} product;

static inline void
multiply_in(product *p, double q)
{
	p->less_one += (1 + p->less_one) * q;
	if (p->less_one > 1 / DBL_EPSILON)
	{
		p->logarithm += log(p->less_one);
		p->less_one = 0;
	}
}

/*
 * ln(G(x + d) / G(x)) for x > 0, d >= 0; as a difference of two lgamma() it
 * would lose as many digits as x has.
 */
double
num_log_gamma_ratio(double x, double d)
{
	product		shift = {0, 0}; /* of the (x + d) / x below 10 */
	double		y;

	while (x < 10)
		multiply_in(&shift, d / x++);
	y = x + d;
	return (x - 0.5) * log1p(d / x) - d + d * log(y) + stirling_rest(y) -
		stirling_rest(x) - shift.logarithm - log1p(shift.less_one);
}

/* ln(1 + u) - u for u >= 0; near 0 by the series of atanh(u / (2 + u)) */
static double
log1p_less(double u)
{
	double		z = u / (2 + u);
	double		sum = 0;

	if (u > 0.5)
		return log1p(u) - u;
	for (int k = 23; k >= 3; k -= 2)
		sum = sum * z * z + 2.0 / k;
	return sum * z * z * z - u * z;
}

/*
 * ln(B(a, b + k) / B(a, b)) for a, b > 0, k >= 0, which is that of G(b + s) /
 * G(b) less that of G(b + l + s) / G(b + l), s and l being the smaller and the
 * larger one of a and k.  What the two have in common, which is most of them
 * where b is large, is left out.
 */
double
num_log_beta_ratio(double a, double b, double k)
{
	double		s = fmin(a, k);
	double		l = fmax(a, k);
	product		shift = {0, 0};
	double		rest;

	while (b < 10)
	{
		multiply_in(&shift, s / b * (l / (b + l + s)));
		b++;
	}
	rest = stirling_rest(b + s) - stirling_rest(b) - stirling_rest(b + l + s) +
		stirling_rest(b + l);
	return b * log1p_less(s / b) - (b + l) * log1p_less(s / (b + l)) -
		0.5 * log1p(s / b * (l / (b + l + s))) - s * log1p(l / (b + s)) +
		rest - shift.logarithm - log1p(shift.less_one);
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
	double		ratio;			/* G(r + n) / (G(r) G(n + 1)) */

	if (t == 0)
		return n == 0 ? 0 : -INFINITY;
	if (r > n)
		ratio = num_log_gamma_ratio(r, n) - lgamma(n + 1);
	else if (r >= 1)
		ratio = num_log_gamma_ratio(n + 1, r - 1) - lgamma(r);
	else
		ratio = -num_log_gamma_ratio(n + r, 1 - r) - lgamma(r);
	return ratio - r * log1p(t / alpha) - n * log1p(alpha / t);
}

/*
 * The continued fraction of the incomplete beta function (Abramowitz and
 * Stegun 1964, 26.5.8): I_x(a, b) is x^a (1 - x)^b / (a B(a, b)) times it.
 * For x < (a + 1) / (a + b + 2), where about the root of the larger of a and b
 * is how many of its terms are needed.
 */
static double
beta_fraction(double a, double b, double x)
{
	double		c = 1;
	double		d = 1 / (1 - (a + b) * x / (a + 1));
	double		h = d;

	for (int m = 1; m <= 1000000; m++)
	{
		double		even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double		odd = -(a + m) * (a + b + m) * x /
		((a + 2 * m) * (a + 2 * m + 1));
		double		delta;

		d = 1 / (1 + even * d);
		c = 1 + even / c;
		h *= c * d;
		d = 1 / (1 + odd * d);
		c = 1 + odd / c;
		delta = c * d;
		h *= delta;
		if (fabs(delta - 1) < DBL_EPSILON)
			break;
	}
	return h;
}

/* n, r and odds of small_tail() */
static double
log_tail_kernel(double log_x, double log_rest, void *arg, double *factor)
{
	const double *a = arg;

	(void) factor;
	return a[0] * log_x + log_rest -
		(1 - a[1]) * log1p(a[2] * exp(log_rest));
}

/*
 * P(X >= n) / P(X = n) where r is so small that P(X >= n) is next to nothing
 * whatever the odds t / alpha: as 1 - P(X < n) it would lose digits.
 */
static double
small_tail(double n, double r, double odds, num_poll poll)
{
	double		arg[3] = {n, r, odds};

	return n * (1 + odds) *
		num_integrate_unit(log_tail_kernel, arg, log(n), 3, poll);
}

/* P(X >= n), which is I_x(n, r) with x = t / (alpha + t) */
double
num_negative_binomial_tail(double n, double r, double alpha, double t,
						   num_poll poll)
{
	double		at_n;
	double		rest;

	if (n <= 0)
		return 1;
	if (t == 0)
		return 0;
	/* x^n (1 - x)^r / (n B(n, r)) is P(X = n) */
	at_n = exp(num_log_negative_binomial(n, r, alpha, t));
	if (t / (alpha + t) < (n + 1) / (n + r + 2))
		return at_n * beta_fraction(n, r, t / (alpha + t));
	rest = at_n * (n / r) * beta_fraction(r, n, alpha / (alpha + t));
	return rest < 0.999 ? 1 - rest : at_n * small_tail(n, r, t / alpha, poll);
}

/* ln(G(1 + d)) / d for -1/2 <= d <= 1, near 0 by its series */
static double
log_gamma_ratio(double d)
{
	/* Euler's constant, then zeta(k) / k (Abramowitz and Stegun 6.1.33) */
	static const double coefficient[] = {
		0.57721566490153286, 0.82246703342411322, 0.40068563438653143,
		0.27058080842778454, 0.20738555102867399, 0.16955717699740819,
		0.14404989676884612
	};
	double		result = 0;

	if (fabs(d) > 0.005)
		return lgamma(1 + d) / d;
	for (int k = 6; k >= 0; k--)
		result = -result * d + coefficient[k];
	return -result;
}

/*
 * E_order(x) for 0 <= order < 3/2 and x < 1 by its series, with the two terms
 * that cancel near order 1 put together (Abramowitz and Stegun 1964, 5.1.11
 * and 5.1.12).
 */
static double
exp_integral_series(double order, double x)
{
	double		d = 1 - order;
	double		slope = log_gamma_ratio(d) - log(x);
	double		result = d == 0 ? slope : expm1(d * slope) / d;
	double		term = 1;

	for (int k = 1; k < 30; k++)
	{
		term *= -x / k;
		result -= term / (k + d);
	}
	return result;
}

/*
 * e^x E_order(x) for order >= 0, x > 0: by the continued fraction of
 * Abramowitz and Stegun 1964, 5.1.22 in its even form and Lentz's method;
 * where that is slow, from an order below 3/2 up by 5.1.14.
 */
double
num_scaled_exp_integral(double order, double x)
{
	double		b = x + order;
	double		c = 1 / DBL_MIN;
	double		d = 1 / b;
	double		h = d;

	if (x < 1 && order < 10)
	{
		double		low = order < 1.5 ? order : order - floor(order - 0.5);

		h = exp(x) * exp_integral_series(low, x);
		while (low < order - 0.5)
			h = (1 - x * h) / low++;
		return h;
	}
	if (b > 1e17)
		return d;
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

/* what num_integrate_all() adds up, at t */
static void
integrands_at(num_log_integrand log_integrand, void *arg, double centre,
			  double width, double t, int count, double *term)
{
	double		up = exp(t);	/* for sinh and cosh, which take longer */
	double		down = 1 / up;
	double		y = centre + width * (up - down) / 2;
	double		small = exp(-fabs(y));
	double		log_large = -log1p(small);	/* of x or 1 - x, the larger */
	double		log_small = log_large - fabs(y);
	double		log_x = y < 0 ? log_small : log_large;
	double		log_rest = y < 0 ? log_large : log_small;
	double		weight;

	for (int i = 0; i < count; i++)
		term[i] = 1;
	weight = exp(log_integrand(log_x, log_rest, arg, term)) * width *
		(up + down) / 2;
	for (int i = 0; i < count; i++)
		term[i] *= weight;
}

/*
 * Are the terms of an end of the range so small that no more are needed?  An
 * infinite or NaN sum gets no better by more of them.
 */
static bool
negligible(const double *term, const double *before, const double *sum,
		   int count)
{
	for (int i = 0; i < count; i++)
		if (isfinite(sum[i]) &&
			!(term[i] <= before[i] && sum[i] > 0 &&
			  term[i] < DBL_EPSILON / 1024 * sum[i]))
			return false;
	return true;
}

/*
 * As far as y is finite: an x^a with a of 10^-6 needs a y of 10^8, and a
 * smaller one more.
 */
#define LONGEST 690

/* so many terms between two polls take some tenths of a millisecond */
#define TERMS_A_POLL 1024

/*
 * Adds the terms at step, 2 step ... to the left or to the right, as far as
 * they count, which may be behind a peak: how far that is.
 */
static double
add_outwards(num_log_integrand log_integrand, void *arg, double centre,
			 double width, double step, int count, double *sum,
			 num_poll poll)
{
	double		term[NUM_INTEGRALS];
	double		before[NUM_INTEGRALS] = {0};
	double		t;
	int			terms = 0;

	for (t = step; fabs(t) < LONGEST; t += step)
	{
		if (++terms % TERMS_A_POLL == 0)
			poll();
		integrands_at(log_integrand, arg, centre, width, t, count, term);
		for (int i = 0; i < count; i++)
			sum[i] += term[i];
		if (negligible(term, before, sum, count))
			break;
		memcpy(before, term, count * sizeof(double));
	}
	return t;
}

/*
 * The integrals from 0 to 1 of e^log_integrand / (x (1 - x)) times each of its
 * factors, which are positive; all may be singular at both ends.  By a double
 * exponential rule (Takahasi and Mori 1974): with x = 1 / (1 + e^(-y)), where
 * dx = x (1 - x) dy, and y = centre + width sinh(t), equidistant in t.  As
 * functions of y the integrands have one peak each, of which the caller says
 * roughly where it is and how wide.  The step is halved until two results
 * agree to ten digits: each time the number of right digits doubles.
 */
void
num_integrate_all(num_log_integrand log_integrand, void *arg, double centre,
				  double width, int count, double *result, num_poll poll)
{
	double		sum[NUM_INTEGRALS];
	double		term[NUM_INTEGRALS];
	double		step = 0.5 / fmax(1, width);
	double		first;
	double		last;

	integrands_at(log_integrand, arg, centre, width, 0, count, sum);
	first = add_outwards(log_integrand, arg, centre, width, -step, count, sum,
						 poll);
	last = add_outwards(log_integrand, arg, centre, width, step, count, sum,
						poll);
	for (int i = 0; i < count; i++)
		result[i] = sum[i] * step;

	for (int level = 1; level < 10; level++)
	{
		bool		agree = true;
		double		t;

		step /= 2;
		t = first + step;
		for (int terms = 1; t < last; terms++)
		{
			if (terms % TERMS_A_POLL == 0)
				poll();
			integrands_at(log_integrand, arg, centre, width, t, count, term);
			for (int i = 0; i < count; i++)
				sum[i] += term[i];
			t += 2 * step;
		}
		for (int i = 0; i < count; i++)
		{
			double		previous = result[i];

			result[i] = sum[i] * step;
			if (fabs(result[i] - previous) > 1e-10 * fabs(result[i]))
				agree = false;
		}
		if (agree)
			return;
	}
}

double
num_integrate_unit(num_log_integrand log_integrand, void *arg, double centre,
				   double width, num_poll poll)
{
	double		result;

	num_integrate_all(log_integrand, arg, centre, width, 1, &result, poll);
	return result;
}
