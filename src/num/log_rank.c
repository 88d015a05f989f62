/*
 * log_rank.c
 *	  The log-rank test of any number of groups (Mantel 1966; Peto and Peto
 *	  1972; Kalbfleisch and Prentice 2002, section 1.5).
 *
 * At each time with events, d of the n at risk have one; if the groups are
 * alike, those of group i, which has n_i at risk, are hypergeometric:
 *
 *	  expectation	d n_i / n
 *	  covariance	d (n - d) / (n - 1) n_i / n (delta_ij - n_j / n)
 *
 * The statistic is (O - E)' V^-1 (O - E) over all groups but one, since the
 * sums of O and of E are the same.  Every term is a fraction of integers, and
 * the sums are of twice the precision, so that nothing is lost before V is
 * solved.
 */
#include "num/log_rank.h"

#include <math.h>

/* Adds a time at which so many of those at risk had an event, at least 1. */
void
num_log_rank_add(num_log_rank *test, const int64_t *at_risk, int64_t events,
				 num_poll poll)
{
	size_t		groups = test->groups;
	num_i128	all = 0;
	num_double2 n;
	num_double2 ratio;
	num_double2 factor = num_double2_of(0);

	for (size_t i = 0; i < groups; i++)
		all += at_risk[i];
	n = num_double2_from_i128(all);
	ratio = num_double2_divide(num_double2_of((double) events), n);
	if (all > 1)
	{
		num_double2 vary = num_double2_from_i128(events * (all - events));
		num_double2 most = num_double2_from_i128((all - 1) * all * all);

		factor = num_double2_divide(vary, most);
	}
	for (size_t i = 0; i < groups; i++)
	{
		double		own = (double) at_risk[i];
		double		others = (double) (all - at_risk[i]);
		num_double2 *row = &test->covariance[i * groups];
		num_double2 product;

		if (at_risk[i] == 0)
			continue;
		product = num_double2_multiply(ratio, num_double2_of(own));

		test->expected[i] = num_double2_add(test->expected[i], product);
		for (size_t j = 0; j < i; j++)
		{
			double pair = -own * (double) at_risk[j];

			product = num_double2_multiply(factor, num_double2_of(pair));

			row[j] = num_double2_add(row[j], product);
		}
		product = num_double2_multiply(factor, num_double2_of(own * others));

		row[i] = num_double2_add(row[i], product);
		poll();
	}
}

/*
 * The square of L^-1 (O - E), where L L' is the covariance (Cholesky).  The
 * matrix has "count" rows of "count" + 1: the last column is O - E.
 */
static double
solve(double *matrix, size_t count, num_poll poll)
{
	size_t		width = count + 1;
	double		sum = 0;

	for (size_t i = 0; i < count; i++)
	{
		double	   *row = &matrix[i * width];

		for (size_t j = 0; j <= i; j++)
		{
			const double *other = &matrix[j * width];
			double		rest = row[j];

			for (size_t k = 0; k < j; k++)
				rest -= row[k] * other[k];
			row[j] = j < i ? rest / other[j] : sqrt(rest);
		}
		for (size_t k = 0; k < i; k++)
			row[count] -= row[k] * matrix[k * width + count];

		row[count] /= row[i];
		sum += row[count] * row[count];
		poll();
	}
	return sum;
}

/*
 * The statistic, and its degrees of freedom: one less than the groups that
 * were at risk at an event.  0 degrees where the data say nothing: fewer than
 * two such groups, no event, or all at risk had their event at once.
 */
double
num_log_rank_statistic(const num_log_rank *test, const int64_t *observed,
					   double *work, int *df, num_poll poll)
{
	size_t		groups = test->groups;
	size_t		largest = 0;
	size_t		count = 0;
	size_t		row = 0;
	bool		varies = false;

	for (size_t i = 0; i < groups; i++)
	{
		count += test->expected[i].high > 0 ? 1 : 0;
		varies |= test->covariance[i * groups + i].high > 0;
		if (test->expected[i].high > test->expected[largest].high)
			largest = i;
	}
	*df = varies ? (int) count - 1 : 0;
	if (*df == 0)
		return 0;
	/* the largest group is left out: V is then far from singular */
	count--;
	for (size_t i = 0; i < groups; i++)
	{
		double	   *own = &work[row * (count + 1)];
		size_t		column = 0;

		if (i == largest || !(test->expected[i].high > 0))
			continue;
		for (size_t j = 0; j <= i; j++)
			if (j != largest && test->expected[j].high > 0)
				own[column++] = test->covariance[i * groups + j].high;
		own[count] =
			num_double2_add(num_double2_of((double) observed[i]),
							num_double2_negate(test->expected[i])).high;
		row++;
	}
	return solve(work, count, poll);
}
