/*
 * logistic.c
 *	  Tests of src/num/logistic.c: closed forms of two by two tables, the
 *	  conditions of a maximum, and rows in another order.
 */
#include "num/logistic.h"
#include "tap.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define MOST_ROWS 5000
#define FEATURES 3

static void
no_poll(void)
{
}

static double
chance(void)
{
	return (double) (random_word() >> 11) / 9007199254740992.0;
}

static const double no_mean[FEATURES] = {0};
static const double one[FEATURES] = {1, 1, 1};
static const double reach[FEATURES] = {4, 4, 4};

static num_logit_status
fit_rows(size_t rows, int features, const double *value,
		 const double *penalty, num_logit_fit *fit, double *covariance,
		 double *auc)
{
	num_logit_data data = {
		.rows = rows,.features = features,.value = value,.mean = no_mean,
		.factor = one,.reach = reach,.penalty = penalty,
		.penalised = penalty[0] > 0,.poll = no_poll
	};
	double	   *work = malloc(NUM_LOGIT_WORK(features) * sizeof(double));
	num_u128   *keys = malloc(2 * rows * sizeof(num_u128));
	num_logit_status status = num_logit_maximize(&data, fit, covariance, work);

	if (status == NUM_LOGIT_CONVERGED)
		*auc = num_logit_auc(&data, fit->coefficient, keys, work);
	free(work);
	free(keys);
	return status;
}

/* A binary feature: odds and their ratio (Woolf 1955). */
static void
test_table(void)
{
	for (int trial = 0; trial < 50; trial++)
	{
		int			cell[4];	/* 0/0, 0/1, 1/0, 1/1: feature and label */
		double		value[2 * MOST_ROWS];
		double		want[2];
		double		won;
		double		auc;
		double		likelihood = 0;
		double		none[1] = {0};
		double		covariance[4];
		num_logit_fit fit = {0};
		size_t		rows = 0;

		for (int c = 0; c < 4; c++)
		{
			cell[c] = 1 + (int) random_below(trial == 0 ? 2 : 900);
			for (int i = 0; i < cell[c]; i++, rows++)
			{
				value[2 * rows] = c >= 2;
				value[2 * rows + 1] = c % 2;
			}
		}
		want[0] = log((double) cell[1] / cell[0]);
		want[1] = log((double) cell[3] / cell[2]) - want[0];
		for (int x = 0; x < 2; x++)
			for (int y = 0; y < 2; y++)
				likelihood += cell[2 * x + y] *
					log((double) cell[2 * x + y] /
						(cell[2 * x] + cell[2 * x + 1]));
		check(fit_rows(rows, 1, value, none, &fit, covariance, &auc) ==
			  NUM_LOGIT_CONVERGED, "table %d does not converge", trial);
		for (int j = 0; j < 2; j++)
			check(fabs(fit.coefficient[j] - want[j]) < 1e-12, "%.17g %.17g",
				  fit.coefficient[j], want[j]);
		check(fabs(covariance[0] - 1.0 / cell[0] - 1.0 / cell[1]) < 1e-8,
			  "variance of the intercept %.17g", covariance[0]);
		check(fabs(covariance[3] - 1.0 / cell[0] - 1.0 / cell[1] -
				   1.0 / cell[2] - 1.0 / cell[3]) < 1e-8,
			  "variance of the slope %.17g", covariance[3]);
		check(fabs(fit.log_likelihood - likelihood) < 1e-10 * rows,
			  "log-likelihood %.17g", fit.log_likelihood);
		won = want[1] > 0 ? (double) cell[3] * cell[0] :
			(double) cell[1] * cell[2];
		won += ((double) cell[1] * cell[0] + (double) cell[3] * cell[2]) / 2;
		won /= (double) (cell[1] + cell[3]) * (cell[0] + cell[2]);
		check(fabs(want[1]) < 1e-12 || fabs(auc - won) < 1e-12,
			  "area %.17g for %.17g", auc, won);
	}
	done("num_logit: two by two tables");
}

static void
random_rows(double *value, size_t rows)
{
	for (size_t i = 0; i < rows; i++)
	{
		double	   *row = value + i * (FEATURES + 1);
		double		sum = -0.5;

		for (int j = 0; j < FEATURES; j++)
		{
			row[j] = 4 * chance() - 2;
			sum += (j - 0.7) * row[j];
		}
		row[FEATURES] = chance() < 1 / (1 + exp(-sum));
	}
}

static void
check_gradient(const double *value, size_t rows, const double *penalty,
			   const num_logit_fit *fit)
{
	long double gradient[FEATURES + 1] = {0};

	for (size_t i = 0; i < rows; i++)
	{
		const double *row = value + i * (FEATURES + 1);
		long double sum = fit->coefficient[0];

		for (int j = 0; j < FEATURES; j++)
			sum += (long double) fit->coefficient[j + 1] * row[j];
		sum = row[FEATURES] - 1 / (1 + expl(-sum));
		gradient[0] += sum;
		for (int j = 0; j < FEATURES; j++)
			gradient[j + 1] += sum * row[j];
	}
	for (int j = 0; j <= FEATURES; j++)
		check(fabsl(gradient[j] - (j == 0 ? 0 : penalty[j - 1] *
								   fit->coefficient[j])) < 1e-9,
			  "gradient %d: %Lg", j, gradient[j]);
}

static void
shuffle(double *value, size_t rows)
{
	for (size_t i = rows - 1; i > 0; i--)
	{
		double		swap[FEATURES + 1];
		double	   *a = value + i * (FEATURES + 1);
		double	   *b = value + random_below(i + 1) * (FEATURES + 1);

		memcpy(swap, a, sizeof(swap));
		memmove(a, b, sizeof(swap));
		memcpy(b, swap, sizeof(swap));
	}
}

static bool
equal(const double *a, const double *b, int count)
{
	for (int i = 0; i < count; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* At the maximum the gradient is nothing, and no bit depends on the order. */
static void
test_maximum(void)
{
	static double value[MOST_ROWS * (FEATURES + 1)];
	double		covariance[(FEATURES + 1) * (FEATURES + 1)];
	double		other_covariance[(FEATURES + 1) * (FEATURES + 1)];
	double		auc = 0;
	double		other_auc = 1;
	num_logit_fit fit = {0};
	num_logit_fit other = {0};

	for (int trial = 0; trial < 20; trial++)
	{
		size_t		rows = 40 + random_below(MOST_ROWS - 40);
		double		penalty[FEATURES];

		for (int j = 0; j < FEATURES; j++)
			penalty[j] = trial % 2 ? 3.5 : 0;
		random_rows(value, rows);
		check(fit_rows(rows, FEATURES, value, penalty, &fit, covariance,
					   &auc) == NUM_LOGIT_CONVERGED, "no maximum");
		check_gradient(value, rows, penalty, &fit);
		shuffle(value, rows);
		check(fit_rows(rows, FEATURES, value, penalty, &other,
					   other_covariance, &other_auc) == NUM_LOGIT_CONVERGED,
			  "no maximum");
		check(equal(fit.coefficient, other.coefficient, FEATURES + 1) &&
			  fit.log_likelihood == other.log_likelihood &&
			  equal(covariance, other_covariance,
					(FEATURES + 1) * (FEATURES + 1)) &&
			  auc == other_auc, "another order gives other bits");
	}
	done("num_logit: the gradient is nothing, in any order");
}

static void
test_none(void)
{
	double		value[400 * (FEATURES + 1)];
	double		covariance[(FEATURES + 1) * (FEATURES + 1)];
	double		none[FEATURES] = {0};
	double		auc;
	num_logit_status status;
	num_logit_fit fit = {0};

	/* the sum of the first two features decides */
	random_rows(value, 400);
	for (int i = 0; i < 400; i++)
		value[i * 4 + 3] = value[i * 4] + value[i * 4 + 1] > 0.5;
	status = fit_rows(400, 3, value, none, &fit, covariance, &auc);
	check(status == NUM_LOGIT_SEPARATED && (fit.feature == 1 || fit.feature == 2),
		  "separated by feature %d", fit.feature);
	done("num_logit: labels that features separate");

	random_rows(value, 400);
	for (int i = 0; i < 400; i++)
		value[i * 4 + 1] = 1 - value[i * 4] / 3;
	status = fit_rows(400, 3, value, none, &fit, covariance, &auc);
	check(status == NUM_LOGIT_SINGULAR && fit.feature == 2, "feature %d follows",
		  fit.feature);
	done("num_logit: a feature that follows from another");
}

int
main(void)
{
	test_table();
	test_maximum();
	test_none();
	return finish();
}
