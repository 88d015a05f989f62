/*
 * logistic.h
 *	  Logistic regression by maximum likelihood.
 */
#ifndef NUM_LOGIT_H
#define NUM_LOGIT_H

#include <stddef.h>

#include "num/fixed.h"
#include "num/poll.h"

#define NUM_LOGIT_FEATURES 256

/*
 * Rows of features and then a label, 0 or 1, in any order: no bit of the
 * result depends on it, nor on where they are: rows that lie elsewhere are
 * asked for their sums by "ask".  A feature is worked on as (feature - mean) * factor,
 * which is at most "reach" away from 0.  Half of each one's penalty times its squared
 * coefficient is taken from the log-likelihood.
 */
typedef struct num_logit_data
{
	size_t		rows;
	int			features;
	const double *value;
	const double *mean;
	const double *factor;
	const double *reach;
	const double *penalty;
	bool		penalised;		/* whether one of them is above 0 */
	const uint32_t *part;		/* some rows, to begin with, or NULL */
	size_t		part_rows;
	num_poll	poll;
	/* NULL: the rows are those of value */
	void		(*ask) (const struct num_logit_data *data, bool of_part,
						const double *coefficient, double *sums);
} num_logit_data;

/* the intercept first */
typedef struct num_logit_fit
{
	double		coefficient[NUM_LOGIT_FEATURES + 1];
	double		log_likelihood; /* without the penalty */
	int			feature;		/* from 1: the one that is amiss, or 0 */
} num_logit_fit;

typedef enum num_logit_status
{
	NUM_LOGIT_CONVERGED,
	NUM_LOGIT_SINGULAR,			/* the feature follows from those before it */
	NUM_LOGIT_SEPARATED			/* the feature runs to infinity */
} num_logit_status;

/* rows that stay in a fast cache while they are worked on */
#define NUM_LOGIT_BLOCK 128

/* doubles to work with: two matrices, some vectors, and a block of rows */
#define NUM_LOGIT_WORK(features) \
	((size_t) ((features) + 1) * \
	 (2 * ((features) + 1) + 5 + NUM_LOGIT_BLOCK))

/*
 * What rows say of some coefficients: the log-likelihood; the gradient in
 * large units, and in small ones what those leave; the lower triangle of the
 * information.  Sums of several places add up without any rounding.
 */
#define NUM_LOGIT_SUMS(features) \
	(1 + ((size_t) (features) + 1) * ((features) + 3))

extern void num_logit_sums(const num_logit_data *data, const uint32_t *named,
						   size_t rows, const double *coefficient,
						   double *sums, double *work);
extern double num_logit_rounder(double bound, size_t count);

extern num_logit_status num_logit_maximize(const num_logit_data *data,
										   num_logit_fit *fit,
										   double *covariance, double *work);
extern double num_logit_auc(const num_logit_data *data,
							const double *coefficient, num_u128 *keys,
							double *work);

#endif							/* NUM_LOGIT_H */
