/*
 * reciprocal.c
 *	  Cost of pools that serve each other, by simultaneous equations.
 *
 * The gross cost of a pool is its own and what it uses of others:
 * x = b + S^T x over the pools that serve, S[i][j] being the part of row i
 * that j uses.  I - S^T is factored once in double precision; its solutions
 * are refined with residuals in twice that precision until nothing changes
 * (Wilkinson 1963).
 */
#include "num/reciprocal.h"

#include <float.h>
#include <math.h>

/* Gauss elimination with row exchanges; false if the matrix is singular. */
static bool
factorize(double *matrix, double *exchange, size_t n, num_poll poll)
{
	for (size_t k = 0; k < n; k++)
	{
		size_t		pivot = k;

		for (size_t i = k + 1; i < n; i++)
			if (fabs(matrix[i * n + k]) > fabs(matrix[pivot * n + k]))
				pivot = i;
		exchange[k] = pivot;
		if (!(fabs(matrix[pivot * n + k]) > 1e-13))
			return false;
		for (size_t j = 0; j < n && pivot != k; j++)
		{
			double		swap = matrix[k * n + j];

			matrix[		k * n + j] = matrix[pivot * n + j];
			matrix[		pivot * n + j] = swap;
		}
		for (size_t i = k + 1; i < n; i++)
		{
			double		factor = matrix[i * n + k] /= matrix[k * n + k];

			for (size_t j = k + 1; j < n && factor != 0; j++)
				matrix[		i * n + j] -= factor * matrix[k * n + j];
		}
		poll();
	}
	return true;
}

static void
solve(const double *matrix, const double *exchange, size_t n, double *x)
{
	for (size_t i = 0; i < n; i++)
	{
		size_t		other = (size_t) exchange[i];
		double		swap = x[i];

		x[i] = x[other];
		x[other] = swap;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			x[i] -= matrix[i * n + j] * x[j];

	for (size_t i = n; i-- > 0;)
	{
		for (size_t j = i + 1; j < n; j++)
			x[i] -= matrix[i * n + j] * x[j];
		x[i] /= matrix[i * n + i];
	}
}

/* own[i] + what row i uses of the rows that serve, at costs x */
static num_double2
received(size_t i, size_t n, const num_double2 *own, const num_double2 *share,
		 const bool *serves, const num_double2 *x)
{
	num_double2 sum = own[i];

	for (size_t j = 0; j < n; j++)
		if (serves[j] && share[j * n + i].high != 0)
			sum = num_double2_add(sum, num_double2_multiply(share[j * n + i],
															x[j]));
	return sum;
}

/*
 * The cost of each row: gross for one that serves, final for one that does
 * not.  Share is a square, row by row.  False if pools form a closed loop, or
 * very nearly.
 */
bool
num_reciprocal(size_t count, const num_double2 *own,
			   const num_double2 *share, const bool *serves,
			   num_double2 *cost, double *work, num_poll poll)
{
	double	   *matrix = work;
	double	   *exchange = work + count * count;
	double	   *step = exchange + count;
	double		before = INFINITY;

	for (size_t i = 0; i < count; i++)
	{
		cost[i].high = cost[i].low = 0;
		for (size_t j = 0; j < count; j++)
			matrix[		i * count + j] = (i == j) -
			(serves[i] && serves[j] ? share[j * count + i].high : 0);
	}
	if (!factorize(matrix, exchange, count, poll))
		return false;
	for (int round = 0; round < 20; round++)
	{
		double		largest = 0;

		for (size_t i = 0; i < count; i++)
		{
			num_double2 minus = {-cost[i].high, -cost[i].low};
			num_double2 rest = {0, 0};

			if (serves[i])
				rest = num_double2_add(received(i, count, own, share, serves,
												cost), minus);
			step[i] = rest.high;
			poll();
		}
		solve(matrix, exchange, count, step);
		for (size_t i = 0; i < count; i++)
		{
			num_double2 more = {step[i], 0};

			cost[i] = num_double2_add(cost[i], more);
			largest = fmax(largest, fabs(step[i]));
		}
		if (largest == 0 || !(largest < before / 2))
			break;
		before = largest;
	}
	for (size_t i = 0; i < count; i++)
		if (!serves[i])
			cost[i] = received(i, count, own, share, serves, cost);
	return true;
}
