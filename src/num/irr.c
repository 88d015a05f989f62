/*
 * irr.c
 *	  Internal rates of return of cash flows.
 *
 * With u = ln(1 + rate), a rate of return is a zero of the exponential sum
 * f(u) = sum of a_i e^(-t_i u), which has at most as many real zeros as its
 * coefficients have sign changes (Laguerre's form of Descartes' rule).  They
 * are found all, and nothing else, by Rolle's theorem: for an s between the
 * two times of a sign change, e^(s u) f(u) has the zeros of f, and its
 * derivative is an exponential sum with one sign change less.  Between two
 * zeros of that, f has one zero at most, and the signs at the ends tell.
 *
 * Where two zeros are so near each other that double precision does not tell
 * f from 0 between them, f itself, not its derivatives, is computed in twice
 * that: zeros less than 10^-14 apart count as one.
 */
#include "num/irr.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

/* beyond this u, a rate of 10^100, nothing is looked for */
#define FARTHEST 230

typedef struct exponential_sum
{
	const double *amount;		/* none is 0 */
	const double *time;			/* ascending */
	size_t		count;
	const num_flows *exact;		/* NULL for a derivative */
	num_poll	poll;
} exponential_sum;

size_t
num_sign_changes(const double *amount, size_t count)
{
	size_t		changes = 0;

	for (size_t i = 1; i < count; i++)
		changes += (amount[i] < 0) != (amount[i - 1] < 0);
	return changes;
}

/* where equal times apart save an exponential function, up to so many flows */
#define POWERS_IN_A_ROW 8

/*
 * f(u), divided by the sum of the absolute values of its terms, so that it is
 * within -1 and 1 however far out u is.
 *
 * Where flows are as far apart as the two before, their power is a product of
 * the last one and a constant factor.  After a few of these, and where powers
 * come near the end of the range of double, it is computed afresh: errors must
 * stay within a few last digits.
 */
static double
value_at(const exponential_sum *f, double u)
{
	/* the largest power is that of the first or of the last time */
	double		largest = fmax(-f->time[0] * u, -f->time[f->count - 1] * u);
	double		sum = 0;
	double		size = 0;
	double		power = 0;
	double		gap = 0;
	double		factor = 0;		/* of the gap, 0: not yet computed */

	for (size_t i = 0; i < f->count; i++)
	{
		double		next_gap = i > 0 ? f->time[i] - f->time[i - 1] : 0;
		double		term;

		if (next_gap != gap)
			factor = 0;
		else if (factor == 0 && i > 1)
			factor = exp(-gap * u);
		gap = next_gap;
		if (factor > 0 && power > 1e-280 && i % POWERS_IN_A_ROW != 0)
			power *= factor;
		else
			power = exp(-f->time[i] * u - largest);
		term = f->amount[i] * power;
		sum += term;
		size += fabs(term);
	}
	f->poll();
	/* what is left when all digits cancel is no sign */
	return fabs(sum) <= 8 * DBL_EPSILON * size ? 0 : sum / size;
}

/* sums of double-doubles smaller than this are rounding errors */
#define SHARP_ZERO 1e-28

/* A flow's worth at u in twice the precision, and how it falls with u. */
static num_double2
sharp_term(const exponential_sum *f, double u, size_t i, num_double2 *slope)
{
	const num_flows *flows = f->exact;
	size_t		end = u > 0 ? 0 : f->count - 1;
	num_double2 unit = num_double2_of(flows->unit);

	/* when is a whole number: differences are exact */
	num_double2 periods = num_double2_of(flows->when[end] - flows->when[i]);
	num_double2 power;
	num_double2 term;

	periods = num_double2_divide(periods, unit);
	power = num_double2_exp(num_double2_multiply(periods, num_double2_of(u)));
	term = num_double2_multiply(flows->amount[i], power);
	*slope = num_double2_multiply(periods, term);
	if (i % 64 == 0)
		f->poll();
	return term;
}

/* value_at() in twice the precision. */
static double
sharp_value_at(const exponential_sum *f, double u)
{
	num_double2 sum = {0, 0};
	double		size = 0;

	for (size_t i = 0; i < f->count; i++)
	{
		num_double2 slope;
		num_double2 term = sharp_term(f, u, i, &slope);

		sum = num_double2_add(sum, term);
		size += fabs(term.high);
	}
	return fabs(sum.high) <= SHARP_ZERO * size ? 0 : sum.high / size;
}

/*
 * A zero of the derivative at which f is 0 or nearly, to the last digit: by
 * one step of Newton's method.
 */
static double
sharp_critical(const exponential_sum *f, double u)
{
	num_double2 sum = {0, 0};
	double		curve = 0;
	double		size = 0;
	double		step;

	for (size_t i = 0; i < f->count; i++)
	{
		num_double2 slope;
		num_double2 term = sharp_term(f, u, i, &slope);

		sum = num_double2_add(sum, slope);
		if (term.high != 0)
			curve += slope.high * (slope.high / term.high);
		size += fabs(slope.high);
	}
	step = sum.high / curve;
	/* without a curve to speak of it leads anywhere */
	return fabs(sum.high) <= 1e-10 * size && fabs(step) < 1e-6 ? u - step : u;
}

/* f(u), sharply where all digits of value_at() cancel. */
static double
sure_value_at(const exponential_sum *f, double u)
{
	double		value = value_at(f, u);

	return value == 0 && f->exact != NULL ? sharp_value_at(f, u) : value;
}

/* The same at a zero of the derivative, which is then told sharply as well. */
static double
critical_value(const exponential_sum *f, double *critical)
{
	double		value = value_at(f, *critical);

	if (value != 0 || f->exact == NULL)
		return value;
	*critical = sharp_critical(f, *critical);
	return sharp_value_at(f, *critical);
}

/*
 * Does f cross zero so steeply that value_at() tells where?  Near another zero
 * its slope is next to nothing, and digits are lost as in the quotient of its
 * rounding error and its slope.
 */
static bool
is_steep(const exponential_sum *f, double u)
{
	double		middle = (f->time[0] + f->time[f->count - 1]) / 2;
	double		half = middle - f->time[0];
	double		slope = 0;
	double		size = 0;

	for (size_t i = 0; i < f->count; i++)
	{
		double		from = u > 0 ? f->time[0] : f->time[f->count - 1];
		double		term = f->amount[i] * exp((from - f->time[i]) * u);

		slope += term * (f->time[i] - middle);
		size += fabs(term);
	}
	return fabs(slope) > 0.01 * half * size;
}

/* three points of a search: b the best, a the one before, c across the zero */
typedef struct bracket
{
	double		a;
	double		b;
	double		c;
	double		fa;
	double		fb;
	double		fc;
} bracket;

/*
 * How far from b interpolation leads, by a line or a parabola through the
 * points; infinity where it does not lead well inside the bracket.
 */
static double
interpolated_step(const bracket *k, double tolerance, double last)
{
	double		half = 0.5 * (k->c - k->b);
	double		s = k->fb / k->fa;
	double		p = 2 * half * s;
	double		q = 1 - s;

	if (k->a != k->c)
	{
		double		r = k->fb / k->fc;

		q = k->fa / k->fc;
		p = s * (2 * half * q * (q - r) - (k->b - k->a) * (r - 1));
		q = (q - 1) * (r - 1) * (s - 1);
	}
	if (p > 0)
		q = -q;
	p = fabs(p);
	if (2 * p < fmin(3 * half * q - fabs(tolerance * q), fabs(last * q)))
		return p / q;
	return INFINITY;
}

typedef double (*evaluator) (const exponential_sum *f, double u);

/*
 * The zero between two points at which f has opposite signs, by Brent's method
 * (1973): interpolation where that is quick, else halves.
 */
static double
search(const exponential_sum *f, evaluator value, double a, double fa,
	   double b, double fb)
{
	bracket		k = {a, b, a, fa, fb, fa};
	double		step = b - a;
	double		last = step;	/* the step before the last one */

	for (int i = 0; i < 200; i++)
	{
		double		tolerance;
		double		half;
		double		next = INFINITY;

		if ((k.fb > 0) == (k.fc > 0))
		{
			k.c = k.a;
			k.fc = k.fa;
			step = last = k.b - k.a;
		}
		if (fabs(k.fc) < fabs(k.fb))
		{
			bracket		turned = {k.b, k.c, k.b, k.fb, k.fc, k.fb};

			k = turned;
		}
		tolerance = 2 * DBL_EPSILON * fabs(k.b) + DBL_MIN;
		half = 0.5 * (k.c - k.b);
		if (fabs(half) <= tolerance || k.fb == 0)
			return k.b;
		if (fabs(last) >= tolerance && fabs(k.fa) > fabs(k.fb))
			next = interpolated_step(&k, tolerance, last);
		last = isinf(next) ? half : step;
		step = isinf(next) ? half : next;
		k.a = k.b;
		k.fa = k.fb;
		k.b += fabs(step) > tolerance ? step : copysign(tolerance, half);
		k.fb = value(f, k.b);
	}
	return k.b;
}

static double
zero_between(const exponential_sum *f, double a, double fa, double b,
			 double fb)
{
	double		zero = search(f, value_at, a, fa, b, fb);

	if (f->exact == NULL || is_steep(f, zero))
		return zero;
	return search(f, sharp_value_at, a, fa, b, fb);
}

/*
 * The zero beyond a point where f has a value other than 0, in the direction
 * of step; false if there is none within FARTHEST.
 */
static bool
zero_beyond(const exponential_sum *f, double from, double value, double step,
			double *zero)
{
	double		before = from;
	double		value_before = value;

	while (fabs(before) < FARTHEST)
	{
		double		next = before + step;
		double		value_next = sure_value_at(f, next);

		if (value_next == 0)
		{
			*zero = next;
			return true;
		}
		if ((value_next > 0) != (value > 0))
		{
			*zero = zero_between(f, before, value_before, next, value_next);
			return true;
		}
		before = next;
		value_before = value_next;
		step *= 2;
	}
	return false;
}

static double
first_step(const exponential_sum *f)
{
	return fmax(1 / (f->time[f->count - 1] - f->time[0] + 1), 1e-3);
}

/* With one sign change there is one zero, where the sign differs. */
static size_t
single_zero(const exponential_sum *f, double *zero)
{
	double		value = sure_value_at(f, 0);
	bool		left = f->amount[f->count - 1] < 0; /* sign at -infinity */
	double		step = first_step(f);

	*zero = 0;
	if (value == 0)
		return 1;
	return zero_beyond(f, 0, value, (value < 0) == left ? step : -step, zero);
}

/* All zeros of f, ascending, from those of a derivative, at least one. */
static size_t
zeros_between(const exponential_sum *f, double *critical, size_t criticals,
			  double *zero)
{
	double		step = first_step(f);
	size_t		found = 0;
	double		value = critical_value(f, &critical[0]);
	bool		left = f->amount[f->count - 1] < 0; /* sign at -infinity */
	bool		right = f->amount[0] < 0;	/* sign at infinity */

	if (value != 0 && (value < 0) != left)
		found += zero_beyond(f, critical[0], value, -step, zero);
	for (size_t i = 0; i < criticals; i++)
	{
		double		here = i == 0 ? value : critical_value(f, &critical[i]);

		if (i > 0 && value != 0 && here != 0 && (value < 0) != (here < 0))
			zero[found++] = zero_between(f, critical[i - 1], value,
										 critical[i], here);
		if (here == 0)
			zero[found++] = critical[i];
		value = here;
	}
	if (value != 0 && (value < 0) != right)
		found += zero_beyond(f, critical[criticals - 1], value, step,
							 zero + found);
	return found;
}

static size_t
zeros_of(const exponential_sum *f, double *zero, double *work)
{
	exponential_sum derivative = *f;
	size_t		criticals = 0;
	size_t		change = 0;
	size_t		changes = num_sign_changes(f->amount, f->count);

	derivative.exact = NULL;
	if (changes == 0)
		return 0;
	if (changes > 1)
	{
		double	   *amount = work;
		double		between;

		/* the middle one keeps the other coefficients close in size */
		for (size_t i = 1, seen = 0; i < f->count; i++)
			if ((f->amount[i] < 0) != (f->amount[i - 1] < 0) &&
				seen++ == changes / 2)
				change = i;
		between = (f->time[change - 1] + f->time[change]) / 2;
		for (size_t i = 0; i < f->count; i++)
			amount[i] = f->amount[i] * (between - f->time[i]);
		derivative.amount = amount;
		criticals = zeros_of(&derivative, zero, work + f->count);
		/* they make room for the zeros proper */
		for (size_t i = 0; i < criticals; i++)
			amount[i] = zero[i];
		if (criticals > 0)
			return zeros_between(f, amount, criticals, zero);
	}
	return single_zero(f, zero);
}

/*
 * With very many sign changes: where the sign changes on a fine grid, and
 * beyond both ends of it.
 */
static size_t
zeros_on_grid(const exponential_sum *f, double *zero, size_t room)
{
	size_t		found = 0;
	double		before = -10;
	double		value = sure_value_at(f, before);

	if (value != 0 && (value < 0) != (f->amount[f->count - 1] < 0))
		found += zero_beyond(f, before, value, -0.1, zero);
	for (int i = 1; i <= 20000 && found < room; i++)
	{
		double		next = -10 + i * 1e-3;
		double		value_next = sure_value_at(f, next);

		if (value_next == 0)
			zero[found++] = next;
		else if (value != 0 && (value < 0) != (value_next < 0))
			zero[found++] = zero_between(f, before, value, next, value_next);
		before = next;
		value = value_next;
	}
	if (found < room && value != 0 && (value < 0) != (f->amount[0] < 0))
		found += zero_beyond(f, before, value, 0.1, zero + found);
	return found;
}

/*
 * All rates of return above -1, ascending, of flows, none 0, at ascending
 * times; returns how many, at most as many as there are sign changes.  Root
 * has room for count of them.
 */
size_t
num_irr_roots(const num_flows *flows, double *root, double *work,
			  num_poll poll)
{
	size_t		count = flows->count;
	double	   *amount = work;
	double	   *time = amount + count;
	exponential_sum f = {amount, time, count, flows, poll};
	size_t		roots;

	for (size_t i = 0; i < count; i++)
	{
		amount[i] = flows->amount[i].high;
		time[i] = flows->when[i] / flows->unit;
	}
	if (num_sign_changes(amount, count) <= NUM_IRR_SIGN_CHANGES)
		roots = zeros_of(&f, root, time + count);
	else
		roots = zeros_on_grid(&f, root, count);
	for (size_t i = 0; i < roots; i++)
		root[i] = expm1(root[i]);
	return roots;
}
