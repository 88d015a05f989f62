/*
 * likelihood.h
 *	  Maximum likelihood of a few positive parameters, with exact derivatives.
 */
#ifndef NUM_LIKELIHOOD_H
#define NUM_LIKELIHOOD_H

#include <stdbool.h>
#include <stddef.h>

#include "num/sort.h"

#define NUM_PARAMETERS 4

/* a function of the parameters, with its first and second derivatives */
typedef struct num_jet
{
	double		value;
	double		gradient[NUM_PARAMETERS];
	double		hessian[NUM_PARAMETERS][NUM_PARAMETERS];
} num_jet;

/* equal observations, seen "weight" times */
typedef struct num_observation
{
	double		value[3];		/* what they are, the model says */
	double		weight;
	int			kept;			/* which of num_sample.kept is for value[2] */
} num_observation;

/* what has been computed for a value[2], and for which value[0] */
typedef struct num_kept
{
	bool		valid;
	double		value0;
	num_jet		jet;
} num_kept;

/*
 * A sample, in order of its values.  Where few different value[2] occur, as
 * when time comes in whole days, what depends on value[0] and value[2] alone
 * is computed once for each such pair.
 */
typedef struct num_sample
{
	const num_observation *row;
	size_t		count;
	const num_observation *part;	/* some of the rows, to begin with, or
									 * NULL */
	size_t		part_count;
	num_kept   *kept;			/* one for each value[2], or NULL: too many */
	int			kept_count;
	num_poll	poll;
} num_sample;

/* the log-likelihood of a sample, added up in *sum, which begins as zeros */
typedef void (*num_log_likelihood) (const num_sample *sample,
									const double *parameter, num_jet *sum);

typedef enum num_fit_status
{
	NUM_FIT_CONVERGED,
	NUM_FIT_AT_BORDER,			/* a parameter runs to 0 or infinity */
	NUM_FIT_NOT_CONVERGED
} num_fit_status;

typedef struct num_fit
{
	int			parameters;
	double		parameter[NUM_PARAMETERS];
	double		std_error[NUM_PARAMETERS];
	double		log_likelihood;
	double		gradient;		/* largest component, by ln(parameter) */
	int			evaluations;
} num_fit;

extern num_fit_status num_maximize(num_log_likelihood log_likelihood,
								   const num_sample *sample,
								   const double *start, int parameters,
								   num_fit *fit);

extern void num_jet_add(num_jet *sum, const num_jet *jet, double weight);
extern void num_jet_log_mix(num_jet *result, const num_jet *a,
							const num_jet *b, double sign);
extern void num_jet_symmetrize(num_jet *jet);
extern void num_forget(const num_sample *sample);

#endif							/* NUM_LIKELIHOOD_H */
