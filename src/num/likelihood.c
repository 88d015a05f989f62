/*
 * likelihood.c
 *	  Maximum likelihood of a few positive parameters, with exact derivatives.
 *
 * Newton's method in the logarithms of the parameters, which keeps them
 * positive and makes their scales alike, with a Levenberg term that grows
 * where the quadratic model fails (Nocedal and Wright 2006, chapter 4).
 */
#include "num/likelihood.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define MAX_EVALUATIONS 200		/* of one search */

/* a relative gain of the log-likelihood that may be rounding error */
#define ROUNDING 1e-12

/* so many powers of e from where it began, a parameter runs to a border ... */
#define BORDER 14

/* ... and in a part of a sample it may: the whole decides, from there on */
#define BORDER_OF_PART 5

/* the longest step, in logarithms of parameters */
#define LONG_STEP 3

/* on the way to a border the gain is that many times what is expected */
#define GAIN_OF_SLOPE 1.2

/* what is left of a Newton step at a maximum, in logarithms of parameters */
#define SHORT_STEP 1e-3

/*
 * A parameter of which the sample says so little has no maximum: with this
 * standard error of its logarithm, a factor of e^BORDER is worth 0.01.  Far
 * from where it began, rounding may give it a smaller one.
 */
#define UNKNOWN 100
#define UNKNOWN_FAR 3
#define FAR 10

typedef double matrix[NUM_PARAMETERS][NUM_PARAMETERS];

/* *sum += weight * *jet */
void
num_jet_add(num_jet *sum, const num_jet *jet, double weight)
{
	sum->value += weight * jet->value;
	for (int i = 0; i < NUM_PARAMETERS; i++)
	{
		sum->gradient[i] += weight * jet->gradient[i];
		for (int j = 0; j <= i; j++)
			sum->hessian[i][j] += weight * jet->hessian[i][j];
	}
}

/* Copies the lower triangle, which is what jets are built in, to the upper. */
void
num_jet_symmetrize(num_jet *jet)
{
	for (int i = 0; i < NUM_PARAMETERS; i++)
		for (int j = 0; j < i; j++)
			jet->hessian[j][i] = jet->hessian[i][j];
}

/*
 * ln(e^a + sign e^b) with sign 1 or -1, in the lower triangle; a is -infinity
 * or b is for a branch that does not exist.
 *
 * With weights w_a = e^a / (e^a + sign e^b) and w_b = sign e^b / (...), of sum
 * 1: gradient w_a a' + w_b b', and Hessian w_a a'' + w_b b'' +
 * w_a w_b (a' - b')(a' - b')^T.
 */
void
num_jet_log_mix(num_jet *result, const num_jet *a, const num_jet *b,
				double sign)
{
	double		ratio;
	double		wa;
	double		wb;

	if (b->value == -INFINITY)
	{
		*result = *a;
		return;
	}
	if (sign > 0 && b->value > a->value)
	{
		num_jet_log_mix(result, b, a, sign);
		return;
	}
	ratio = sign * exp(b->value - a->value);
	wa = sign < 0 ? -1 / expm1(b->value - a->value) : 1 / (1 + ratio);
	wb = ratio * wa;
	result->value = a->value - log(wa);
	for (int i = 0; i < NUM_PARAMETERS; i++)
	{
		double		difference = a->gradient[i] - b->gradient[i];

		result->gradient[i] = wa * a->gradient[i] + wb * b->gradient[i];
		for (int j = 0; j <= i; j++)
			result->hessian[i][j] = wa * a->hessian[i][j] +
				wb * b->hessian[i][j] +
				wa * wb * difference * (a->gradient[j] - b->gradient[j]);
	}
}

/* What was kept was for other parameters. */
void
num_forget(const num_sample *sample)
{
	for (int i = 0; i < sample->kept_count; i++)
		sample->kept[i].valid = false;
}

/* Cholesky's factor of m + ridge * I, in the lower triangle. */
static bool
factorize(const matrix m, double ridge, int n, matrix factor)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= i; j++)
		{
			double		sum = m[i][j] + (i == j ? ridge : 0);

			for (int k = 0; k < j; k++)
				sum -= factor[i][k] * factor[j][k];
			if (i == j)
			{
				if (!(sum > 0))
					return false;
				factor[i][i] = sqrt(sum);
			}
			else
				factor[i][j] = sum / factor[j][j];
		}
	return true;
}

static void
solve(const matrix factor, int n, const double *right, double *x)
{
	for (int i = 0; i < n; i++)
	{
		x[i] = right[i];
		for (int k = 0; k < i; k++)
			x[i] -= factor[i][k] * x[k];
		x[i] /= factor[i][i];
	}
	for (int i = n - 1; i >= 0; i--)
	{
		for (int k = i + 1; k < n; k++)
			x[i] -= factor[k][i] * x[k];
		x[i] /= factor[i][i];
	}
}

/*
 * The log-likelihood as a function of the parameters' logarithms; -infinity
 * where it, or a derivative, is beyond double precision.
 */
static void
evaluate(num_log_likelihood log_likelihood, const num_sample *sample,
		 const double *logarithm, int n, num_jet *jet)
{
	double		parameter[NUM_PARAMETERS] = {0};

	for (int i = 0; i < n; i++)
		parameter[i] = exp(logarithm[i]);
	memset(jet, 0, sizeof(*jet));
	num_forget(sample);
	log_likelihood(sample, parameter, jet);
	for (int i = 0; i < n; i++)
	{
		jet->gradient[i] *= parameter[i];
		for (int j = 0; j <= i; j++)
			jet->hessian[i][j] *= parameter[i] * parameter[j];
		jet->hessian[i][i] += jet->gradient[i];
	}
	num_jet_symmetrize(jet);
	for (int i = 0; i < n; i++)
	{
		if (!isfinite(jet->gradient[i]))
			jet->value = -INFINITY;
		for (int j = 0; j < n; j++)
			if (!isfinite(jet->hessian[i][j]))
				jet->value = -INFINITY;
	}
	if (!isfinite(jet->value))
		jet->value = -INFINITY;
}

static double
largest(const double *vector, int n)
{
	double		result = 0;

	for (int i = 0; i < n; i++)
		result = fmax(result, fabs(vector[i]));
	return result;
}

/* The covariances are the negative Hessian's inverse; of that the diagonal. */
static void
standard_errors(const matrix factor, num_fit *fit)
{
	for (int i = 0; i < fit->parameters; i++)
	{
		double		unit[NUM_PARAMETERS] = {0};
		double		column[NUM_PARAMETERS];

		unit[i] = 1;
		solve(factor, fit->parameters, unit, column);
		/* the derivative of a parameter by its logarithm is itself */
		fit->std_error[i] = fit->parameter[i] * sqrt(column[i]);
	}
}

/*
 * What has been reached where no step improves.  A maximum is where Newton's
 * next step is short, not only where the gradient is small: the gradient
 * vanishes on the way to a border as well, but there the next step is as long
 * as the last one.
 */
static num_fit_status
judge(const num_jet *jet, const double *start, int n, num_fit *fit)
{
	matrix		negative;
	matrix		factor = {{0}};
	double		step[NUM_PARAMETERS] = {0};

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			negative[i][j] = -jet->hessian[i][j];
	if (fit->evaluations >= MAX_EVALUATIONS || jet->value == -INFINITY)
		return NUM_FIT_NOT_CONVERGED;
	if (!factorize(negative, 0, n, factor))
		return NUM_FIT_AT_BORDER;
	solve(factor, n, jet->gradient, step);
	if (!(largest(step, n) < SHORT_STEP))
		return NUM_FIT_AT_BORDER;
	standard_errors(factor, fit);
	for (int i = 0; i < n; i++)
	{
		double		error = fit->std_error[i] / fit->parameter[i];
		bool		far = fabs(log(fit->parameter[i] / start[i])) > FAR;

		if (!(error < (far ? UNKNOWN_FAR : UNKNOWN)))
			return NUM_FIT_AT_BORDER;
	}
	return NUM_FIT_CONVERGED;
}

/*
 * Newton's step with a ridge large enough that it leads upwards and is not too
 * long: from that in *ridge on, which it raises.
 */
static void
newton_step(const num_jet *jet, int n, double *ridge, double *step)
{
	double		scale = 0;
	matrix		negative = {{0}};
	matrix		factor = {{0}};

	for (int i = 0; i < n; i++)
	{
		scale = fmax(scale, largest(jet->hessian[i], n));
		for (int j = 0; j < n; j++)
			negative[i][j] = -jet->hessian[i][j];
	}
	scale = fmax(scale, largest(jet->gradient, n));
	for (;; *ridge = fmax(2 * *ridge, fmax(1e-12 * scale, DBL_MIN)))
		if (factorize(negative, *ridge, n, factor))
		{
			solve(factor, n, jet->gradient, step);
			if (largest(step, n) <= LONG_STEP)
				return;
		}
}

/* what the quadratic model expects of a step */
static double
expected_gain(const num_jet *jet, int n, const double *step)
{
	double		expected = 0;

	for (int i = 0; i < n; i++)
	{
		expected += step[i] * jet->gradient[i];
		for (int j = 0; j < n; j++)
			expected += 0.5 * step[i] * step[j] * jet->hessian[i][j];
	}
	return expected;
}

/*
 * Takes the step that improves most within what the quadratic model is good
 * for; false when none improves, which is when rounding errors are all that is
 * left.
 *
 * On the way to a border the log-likelihood comes near its limit as e^-t
 * does, on which Newton's steps are all of length 1 and gain more than
 * expected: such a step is followed by the longest one, which need not be what
 * the quadratic model expects of it.
 */
static bool
improve(num_log_likelihood log_likelihood, const num_sample *sample,
		double *logarithm, num_jet *jet, double *ridge, bool *on_slope,
		num_fit *fit)
{
	int			n = fit->parameters;

	while (fit->evaluations < MAX_EVALUATIONS)
	{
		double		step[NUM_PARAMETERS];
		double		next[NUM_PARAMETERS];
		double		expected;
		double		gain;
		double		stretch = 1;
		num_jet		there;

		newton_step(jet, n, ridge, step);
		if (*on_slope)
			stretch = LONG_STEP / fmax(largest(step, n), DBL_MIN);
		expected = expected_gain(jet, n, step);
		for (int i = 0; i < n; i++)
			next[i] = logarithm[i] + stretch * step[i];
		evaluate(log_likelihood, sample, next, n, &there);
		fit->evaluations++;
		gain = there.value - jet->value;
		if (*on_slope && !(gain >= expected))
		{
			*on_slope = false;
			continue;
		}
		*on_slope = gain > GAIN_OF_SLOPE * expected &&
			expected > ROUNDING * fabs(jet->value);
		if (expected < ROUNDING * fabs(jet->value))
		{
			/* the value's last digits tell nothing more: the gradient does */
			double		slope = largest(jet->gradient, n);

			if (!(largest(there.gradient, n) < 0.5 * slope))
				return false;
		}
		else if (!(gain >= 0.1 * expected))
		{
			*ridge = fmax(8 * *ridge, 1e-4 * largest(jet->hessian[0], n));
			continue;
		}
		*ridge = gain >= 0.7 * expected ? 0 : *ridge / 4;
		memcpy(logarithm, next, n * sizeof(double));
		*jet = there;
		return true;
	}
	return false;
}

/*
 * One search, from one point; fit holds the last parameters tried.  How far a
 * parameter has run is told from start.
 */
static num_fit_status
search(num_log_likelihood log_likelihood, const num_sample *sample,
	   const double *from, const double *start, double far_off, num_fit *fit)
{
	double		logarithm[NUM_PARAMETERS] = {0};
	double		ridge = 0;
	bool		on_slope = false;
	int			n = fit->parameters;
	num_jet		jet;
	bool		border = false;

	for (int i = 0; i < n; i++)
		logarithm[i] = log(from[i]);
	evaluate(log_likelihood, sample, logarithm, n, &jet);
	fit->evaluations = 1;
	while (jet.value != -INFINITY && !border &&
		   improve(log_likelihood, sample, logarithm, &jet, &ridge, &on_slope,
				   fit))
		for (int i = 0; i < n; i++)
			border |= fabs(logarithm[i] - log(start[i])) > far_off;

	fit->log_likelihood = jet.value;
	fit->gradient = largest(jet.gradient, n);
	for (int i = 0; i < n; i++)
		fit->parameter[i] = exp(logarithm[i]);
	return border ? NUM_FIT_AT_BORDER : judge(&jet, start, n, fit);
}

/* The part of a sample that is searched first, where there is one. */
static bool
part_of(const num_sample *sample, num_sample *part)
{
	if (sample->part == NULL)
		return false;
	*part = *sample;
	part->row = sample->part;
	part->count = sample->part_count;
	return true;
}

/*
 * The search of a sample from a start.  From where a part of a large sample
 * has its maximum, the whole takes few steps to its own.  Where the part runs
 * to a border, the slope of the whole tells on the way there whether it does.
 */
static num_fit_status
search_by_part(num_log_likelihood log_likelihood, const num_sample *sample,
			   const double *start, num_fit *fit)
{
	num_sample	part;
	num_fit		near = {.parameters = fit->parameters};

	if (part_of(sample, &part) &&
		search(log_likelihood, &part, start, start, BORDER_OF_PART, &near) !=
		NUM_FIT_NOT_CONVERGED)
		return search(log_likelihood, sample, near.parameter, start, BORDER,
					  fit);
	return search(log_likelihood, sample, start, start, BORDER, fit);
}

/*
 * Another start, which may lead to a maximum beside the slope to a border that
 * the search went up.  One from which the sample, or a part of it, runs to a
 * border as well is not followed all the way.
 */
static num_fit_status
search_again(num_log_likelihood log_likelihood, const num_sample *sample,
			 const double *start, num_fit *fit)
{
	num_sample	part = *sample;
	num_fit		near = {.parameters = fit->parameters};
	bool		partial = part_of(sample, &part);

	fit->log_likelihood = -INFINITY;
	fit->evaluations = 0;
	if (search(log_likelihood, &part, start, start, BORDER_OF_PART, &near) !=
		NUM_FIT_CONVERGED)
		return NUM_FIT_AT_BORDER;
	if (partial)
		return search(log_likelihood, sample, near.parameter, start, BORDER,
					  fit);
	*fit = near;
	return NUM_FIT_CONVERGED;
}

/*
 * The parameters at which the log-likelihood is largest, with standard errors.
 * Whatever the outcome, fit holds the best that was found.
 */
num_fit_status
num_maximize(num_log_likelihood log_likelihood, const num_sample *sample,
			 const double *start, int parameters, num_fit *fit)
{
	static const double factor[][NUM_PARAMETERS] = {
		{8, 8, 0.125, 0.125}, {1, 1, 0.125, 0.125}, {0.25, 0.25, 4, 4}
	};
	num_fit_status status;
	double		weight = 0;

	for (size_t i = 0; i < sample->count; i++)
		weight += sample->row[i].weight;
	fit->parameters = parameters;
	status = search_by_part(log_likelihood, sample, start, fit);
	for (int k = 0; k < 3 && status != NUM_FIT_CONVERGED; k++)
	{
		num_fit		other = *fit;
		double		other_start[NUM_PARAMETERS] = {0};
		num_fit_status other_status;

		for (int i = 0; i < parameters; i++)
			other_start[i] = start[i] * factor[k][i];
		other_status = search_again(log_likelihood, sample, other_start,
									&other);
		fit->evaluations += other.evaluations;
		other.evaluations = fit->evaluations;
		if (other.log_likelihood > fit->log_likelihood)
		{
			*fit = other;
			status = other_status;
		}
	}
	if (status == NUM_FIT_CONVERGED &&
		!(fit->gradient <= 1e-6 * fmax(weight, 1)))
		status = NUM_FIT_NOT_CONVERGED;
	return status;
}
