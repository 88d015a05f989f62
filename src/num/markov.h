/*
 * markov.h
 *	  What an absorbing Markov chain of paths loses without some of its states.
 */
#ifndef NUM_MARKOV_H
#define NUM_MARKOV_H

#include <stdbool.h>
#include <stddef.h>

#include "num/poll.h"

/*
 * A chain whose paths begin in state i with chance start[i], and step from it
 * to state to[e] with chance[e], first[i] <= e < first[i + 1]; or convert,
 * with chance conversion[i] and the mean value[i] / conversion[i]; or end
 * without, with chance lost[i].  No state steps to itself.
 */
typedef struct num_markov
{
	size_t		states;
	const size_t *first;
	const size_t *to;
	const double *chance;
	const double *start;
	const double *conversion;
	const double *value;
	const double *lost;
	double		all_conversion; /* the chance that a path converts */
	double		all_value;		/* and the value expected of it */
	num_poll	poll;
} num_markov;

/* chains up to so many states are solved by elimination */
#define NUM_MARKOV_DENSE 1024
#define NUM_MARKOV_SMALL 256

/* doubles that the functions need to work with */
#define NUM_MARKOV_EACH_WORK(states) ((states) * (2 * (states) + 5))
#define NUM_MARKOV_WITHOUT_WORK(states) \
	((states) <= NUM_MARKOV_SMALL ? ((states) + 1) * ((states) + 3) : \
	 2 * (states))

extern void num_markov_each(const num_markov *chain, double *conversion_loss,
							double *value_loss, double *work);
extern void num_markov_without(const num_markov *chain, const bool *removed,
							   double *conversion, double *value,
							   double *work);

#endif							/* NUM_MARKOV_H */
