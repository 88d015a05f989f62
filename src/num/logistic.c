/*
 * logistic.c
 *	  Logistic regression by maximum likelihood.
 *
 * Newton's method, which is iteratively reweighted least squares here
 * (McCullagh and Nelder 1989, section 2.5), with halved steps where one goes
 * too far.  It begins at the maximum of a part of the rows, so that few passes
 * over all of them are needed.
 *
 * Where a combination of features separates the labels, the likelihood has no
 * maximum: coefficients grow for ever, by about the same step (Albert and
 * Anderson 1984).
 *
 * A sum is the same in any order: its terms are first rounded to whole units,
 * so large that their sum is exact and so small that what is lost does not
 * count (Demmel and Nguyen 2013).
 */
#include "num/logistic.h"

#include <math.h>
#include <string.h>

#include "num/sort.h"

#define BLOCK NUM_LOGIT_BLOCK

#define MOST_STEPS 60
#define MOST_HALVINGS 40

/* a step that changes no coefficient by more ends the search: the next one
 * would change them by its square */
#define SMALL_STEP 1e-8

/* a log-likelihood is not less for this part of it */
#define ROUNDING 1e-10

/* a pivot that is a smaller part of its diagonal is rounding error */
#define SINGULAR 1e-11

typedef double pair __attribute__((vector_size(16), aligned(8), may_alias));

/* log-likelihood, gradient and information at some coefficients */
typedef struct Point
{
	double	   *sums;			/* all of them, NUM_LOGIT_SUMS */
	double		log_likelihood;
	double	   *gradient;
	double	   *rest;			/* of the gradient, in small units */
	double	   *information;	/* the lower triangle, row by row */
	int			singular;		/* its first row that follows from others */
	double	   *rounder;		/* of the information's sums, likewise */
	double	   *column;			/* a block, feature by feature */
} Point;

/* Lays a point out: its sums, a matrix and a block to work with. */
static void
PointBegin(Point *point, int features, double *sums, double *work)
{
	int			n = features + 1;

	*point = (Point)
	{
		.sums = sums,
			.gradient = sums + 1,
			.rest = sums + 1 + n,
			.information = sums + 1 + 2 * n,
			.rounder = work,
			.column = work + (size_t) n * n
	};
}

/*
 * A block of rows, feature by feature.  Behind the last row of all come zeros,
 * so that loops over a block have a length that the compiler knows.
 */
typedef struct Block
{
	size_t		count;
	double	   *column;			/* the first is that of the intercept: 1 */
	double		label[BLOCK];
} Block;

/*
 * What rounds terms of at most this size, so many, to units: added and taken
 * away again.
 */
double
num_logit_rounder(double bound, size_t count)
{
	int			exponent;

	(void) frexp(bound * (double) count, &exponent);
	return ldexp(1.5, exponent + 1);
}

/* The sum of a block's products, each of them rounded. */
static double
RoundedDot(const double *a, const double *b, double rounder)
{
	pair		sum[4] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
	pair		round = {rounder, rounder};

	for (int i = 0; i < BLOCK; i += 8)
		for (int k = 0; k < 4; k++)
			sum[k] += (*(const pair *) (a + i + 2 * k) *
					   *(const pair *) (b + i + 2 * k) + round) - round;
	sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
	return sum[0][0] + sum[0][1];
}

static double
Dot(const double *a, const double *b, size_t count)
{
	double		sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += a[i] * b[i];
	return sum;
}

/* The next rows from "first" on, of those named or of all. */
static void
ReadBlock(const num_logit_data *data, const uint32_t *named, size_t first,
		  size_t rows, Block *block)
{
	size_t		width = data->features + 1;

	block->count = rows - first < BLOCK ? rows - first : BLOCK;
	if (block->count < BLOCK)
	{
		memset(block->column, 0, width * BLOCK * sizeof(double));
		memset(block->label, 0, sizeof(block->label));
	}
	for (size_t i = 0; i < block->count; i++)
	{
		size_t		number = named == NULL ? first + i : named[first + i];
		const double *row = data->value + number * width;

		block->column[i] = 1;
		for (int j = 0; j < data->features; j++)
			block->column[(j + 1) * BLOCK + i] =
				(row[j] - data->mean[j]) * data->factor[j];
		block->label[i] = row[data->features];
	}
}

/* The linear sums of a block of rows. */
static void
LinearSums(const num_logit_data *data, const double *coefficient,
		   const Block *block, double *sum)
{
	for (int i = 0; i < BLOCK; i++)
		sum[i] = coefficient[0];
	for (int j = 1; j <= data->features; j++)
	{
		const double *column = block->column + j * BLOCK;
		double		factor = coefficient[j];

		for (int i = 0; i < BLOCK; i++)
			sum[i] += factor * column[i];
	}
}

/* Adds a block's terms to the information, by its rows' weights. */
static void
AddInformation(const num_logit_data *data, const double *weight,
			   const Block *block, Point *point)
{
	int			n = data->features + 1;
	double		weighted[BLOCK];

	for (int j = 0; j < n; j++)
	{
		const double *own = block->column + j * BLOCK;
		double	   *row = point->information + (size_t) j * n;
		const double *rounder = point->rounder + (size_t) j * n;

		for (int i = 0; i < BLOCK; i++)
			weighted[i] = weight[i] * own[i];
		for (int k = 0; k <= j; k++)
			row[k] += RoundedDot(weighted, block->column + k * BLOCK,
								 rounder[k]);
	}
}

/*
 * Adds a block's terms to the gradient: in large units, and what those leave
 * in small ones to "rest".
 */
static void
AddGradient(const num_logit_data *data, const double *missing,
			const Block *block, double *gradient, double *rest)
{
	for (int j = 0; j <= data->features; j++)
	{
		const double *own = block->column + j * BLOCK;
		double		reach = j == 0 ? 1 : data->reach[j - 1];
		double		large = num_logit_rounder(reach, data->rows);
		double		small = num_logit_rounder(ldexp(large, -52), data->rows);
		pair		large2 = {large, large};
		pair		small2 = {small, small};
		pair		sum = {0, 0};
		pair		sum_rest = {0, 0};

		for (int i = 0; i < BLOCK; i += 2)
		{
			pair		term = *(const pair *) (missing + i) *
			*(const pair *) (own + i);
			pair		whole = (term + large2) - large2;

			sum += whole;
			sum_rest += (term - whole + small2) - small2;
		}
		gradient[j] += sum[0] + sum[1];
		rest[j] += sum_rest[0] + sum_rest[1];
	}
}

/* Sums up rows, those named or all of them. */
static void
AddRows(const num_logit_data *data, const uint32_t *named, size_t rows,
		const double *coefficient, Point *point)
{
	double		reach = fabs(coefficient[0]) + 1;
	double		rounder;
	Block		block = {.column = point->column};

	for (int j = 0; j < data->features; j++)
		reach += fabs(coefficient[j + 1]) * data->reach[j];
	rounder = num_logit_rounder(reach, data->rows);
	for (size_t first = 0; first < rows; first += BLOCK)
	{
		double		sum[BLOCK];
		double		weight[BLOCK];
		double		missing[BLOCK];
		double		likelihood[BLOCK];

		data->poll();
		ReadBlock(data, named, first, rows, &block);
		LinearSums(data, coefficient, &block, sum);
		for (int i = 0; i < BLOCK; i++)
		{
			bool		one = block.label[i] > 0;
			double		away = fabs(sum[i]);
			double		small = exp(-away);
			double		wrong = (sum[i] > 0) == one ? small : 1;

			/* 1 - chance, or - chance; what is near 0 keeps its digits */
			missing[i] = (one ? wrong : -wrong) / (1 + small);
			weight[i] = small / ((1 + small) * (1 + small));
			likelihood[i] = ((one ? sum[i] : -sum[i]) - away) / 2 -
				log1p(small);
		}
		for (size_t i = 0; i < block.count; i++)
			point->log_likelihood += (likelihood[i] + rounder) - rounder;
		AddGradient(data, missing, &block, point->gradient, point->rest);
		AddInformation(data, weight, &block, point);
	}
	point->sums[0] = point->log_likelihood;
}

/* What rows, those named or all, say of some coefficients. */
static void
Evaluate(const num_logit_data *data, const uint32_t *named, size_t rows,
		 const double *coefficient, Point *point)
{
	point->log_likelihood = 0;
	memset(point->sums, 0, NUM_LOGIT_SUMS(data->features) * sizeof(double));
	if (data->ask == NULL)
		AddRows(data, named, rows, coefficient, point);
	else
		data->ask(data, named != NULL, coefficient, point->sums);
	point->log_likelihood = point->sums[0];
	for (int j = 0; j <= data->features; j++)
		point->gradient[j] += point->rest[j];
}

/* The log-likelihood that is maximised. */
static double
Penalised(const num_logit_data *data, const double *coefficient,
		  const Point *point)
{
	double		result = point->log_likelihood;

	for (int j = 0; j < data->features; j++)
		result -= 0.5 * data->penalty[j] * coefficient[j + 1] *
			coefficient[j + 1];
	return result;
}

/*
 * Replaces the lower triangle of a matrix by its Cholesky factor.  Returns the
 * first row whose pivot is next to nothing, or -1.
 */
static int
Factor(double *matrix, int n, num_poll poll)
{
	for (int i = 0; i < n; i++)
	{
		double	   *row = matrix +(size_t) i * n;
		double		diagonal = row[i];

		poll();

		for (int j = 0; j <= i; j++)
		{
			double	   *other = matrix +(size_t) j * n;
			double		left = row[j] - Dot(row, other, j);

			if (j < i)
				row[j] = left / other[j];
			else if (!(left > SINGULAR * diagonal))
				return i;
			else
				row[i] = sqrt(left);
		}
	}
	return -1;
}

/* Solves with a Cholesky factor, in place. */
static void
Solve(const double *factor, int n, double *x)
{
	for (int i = 0; i < n; i++)
		x[i] = (x[i] - Dot(factor + (size_t) i * n, x, i)) /
			factor[(size_t) i * n + i];
	for (int i = n - 1; i >= 0; i--)
	{
		for (int j = i + 1; j < n; j++)
			x[i] -= factor[(size_t) j * n + i] * x[j];
		x[i] /= factor[(size_t) i * n + i];
	}
}

/* The step from a point to the maximum of its quadratic; false: none. */
static bool
NewtonStep(const num_logit_data *data, const double *coefficient,
		   Point *point, double *step)
{
	int			n = data->features + 1;

	memcpy(step, point->gradient, n * sizeof(double));
	for (int j = 1; j < n; j++)
	{
		step[j] -= data->penalty[j - 1] * coefficient[j];
		point->information[(size_t) j * n + j] += data->penalty[j - 1];
	}
	point->singular = Factor(point->information, n, data->poll);
	if (point->singular >= 0)
		return false;
	Solve(point->information, n, step);
	return true;
}

static double
Largest(const double *x, int n)
{
	double		largest = 0;

	for (int i = 0; i < n; i++)
		if (!(fabs(x[i]) <= largest))
			largest = fabs(x[i]);
	return largest;
}

/* The number of the largest coefficient, the intercept aside. */
static int
LargestCoefficient(const double *coefficient, int n)
{
	int			largest = 1;

	for (int j = 2; j < n; j++)
	{
		if (fabs(coefficient[j]) > fabs(coefficient[largest]))
			largest = j;
	}
	return largest;
}

/*
 * Searches the maximum on the rows named, or on all, from the given
 * coefficients on.  Leaves the factor of the information behind.
 */
static num_logit_status
Search(const num_logit_data *data, const uint32_t *named, size_t rows,
	   double *coefficient, Point *point, double *step, double *next)
{
	int			n = data->features + 1;

	Evaluate(data, named, rows, coefficient, point);
	for (int steps = 0; steps < MOST_STEPS; steps++)
	{
		double		before = Penalised(data, coefficient, point);
		double		slack = ROUNDING * (1 + fabs(before));

		if (!NewtonStep(data, coefficient, point, step))
			return steps == 0 ? NUM_LOGIT_SINGULAR : NUM_LOGIT_SEPARATED;
		if (Largest(step, n) <= SMALL_STEP)
		{
			for (int j = 0; j < n; j++)
				coefficient[j] += step[j];
			return NUM_LOGIT_CONVERGED;
		}
		for (int halvings = 0;; halvings++)
		{
			for (int j = 0; j < n; j++)
				next[j] = coefficient[j] + step[j];
			Evaluate(data, named, rows, next, point);
			if (Penalised(data, next, point) >= before - slack)
				break;
			if (halvings == MOST_HALVINGS)
				return NUM_LOGIT_SEPARATED;
			for (int j = 0; j < n; j++)
				step[j] /= 2;
		}
		memcpy(coefficient, next, n * sizeof(double));
	}
	return NUM_LOGIT_SEPARATED;
}

/* The inverse of a matrix from its Cholesky factor. */
static void
Inverse(const double *factor, int n, double *inverse, num_poll poll)
{
	memset(inverse, 0, (size_t) n * n * sizeof(double));
	for (int i = 0; i < n; i++)
	{
		inverse[(size_t) i * n + i] = 1;
		Solve(factor, n, inverse + (size_t) i * n);
		poll();
	}
}

static void
SetRounders(const num_logit_data *data, double *rounder)
{
	int			n = data->features + 1;

	for (int j = 0; j < n; j++)
		for (int k = 0; k <= j; k++)
			rounder[(size_t) j * n + k] =
				num_logit_rounder((j == 0 ? 1 : data->reach[j - 1]) *
								  (k == 0 ? 1 : data->reach[k - 1]) / 4,
								  data->rows);
}

/* Of rows that are a part of data->rows; work is of NUM_LOGIT_WORK. */
void
num_logit_sums(const num_logit_data *data, const uint32_t *named, size_t rows,
			   const double *coefficient, double *sums, double *work)
{
	Point		point;

	PointBegin(&point, data->features, sums, work);
	memset(sums, 0, NUM_LOGIT_SUMS(data->features) * sizeof(double));
	SetRounders(data, point.rounder);
	AddRows(data, named, rows, coefficient, &point);
}

/* The maximum, and the covariance of its coefficients, row by row. */
num_logit_status
num_logit_maximize(const num_logit_data *data, num_logit_fit *fit,
				   double *covariance, double *work)
{
	int			n = data->features + 1;
	Point		point;
	double	   *step = work;
	double	   *next = step + n;
	double	   *sums = next + n;
	double	   *coefficient = fit->coefficient;
	num_logit_status status;

	PointBegin(&point, data->features, sums,
			   sums + NUM_LOGIT_SUMS(data->features));
	SetRounders(data, point.rounder);
	memset(coefficient, 0, n * sizeof(double));
	if (data->part != NULL &&
		Search(data, data->part, data->part_rows, coefficient, &point, step,
			   next) != NUM_LOGIT_CONVERGED)
		memset(coefficient, 0, n * sizeof(double));
	status = Search(data, NULL, data->rows, coefficient, &point, step, next);
	fit->feature = status == NUM_LOGIT_SINGULAR ? point.singular : 0;
	if (status == NUM_LOGIT_SEPARATED)
		fit->feature = LargestCoefficient(coefficient, n);
	if (status != NUM_LOGIT_CONVERGED)
		return status;
	fit->log_likelihood = point.log_likelihood;
	Inverse(point.information, n, covariance, data->poll);
	return NUM_LOGIT_CONVERGED;
}

/*
 * The area under the receiver's curve: the chance that a row with label 1 has
 * the larger sum than one with label 0, equal ones counting half.  Needs twice
 * as many keys as rows.
 */
double
num_logit_auc(const num_logit_data *data, const double *coefficient,
			  num_u128 *keys, double *work)
{
	double		ones = 0;
	double		zeros = 0;
	double		won = 0;		/* twice the pairs in which the 1 is larger */
	double		sum[BLOCK];
	Block		block = {.column = work};

	for (size_t first = 0; first < data->rows; first += BLOCK)
	{
		data->poll();
		ReadBlock(data, NULL, first, data->rows, &block);
		LinearSums(data, coefficient, &block, sum);
		for (size_t i = 0; i < block.count; i++)
			keys[first + i] = (num_u128) num_key_from_double(sum[i]) << 1 |
				(block.label[i] > 0);
	}
	num_radix_sort(keys, keys + data->rows, data->rows, 1, data->poll);
	for (size_t i = 0, next; i < data->rows; i = next)
	{
		double		own[2] = {0, 0};

		for (next = i; next < data->rows && keys[next] >> 1 == keys[i] >> 1;
			 next++)
			own[(int) (keys[next] & 1)]++;
		won += own[1] * (2 * zeros + own[0]);
		zeros += own[0];
		ones += own[1];
		if (i / NUM_POLL_EVERY != next / NUM_POLL_EVERY)
			data->poll();
	}
	return won / (2 * ones * zeros);
}
