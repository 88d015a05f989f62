/*
 * log_rank.h
 *	  The log-rank test of any number of groups.
 */
#ifndef NUM_LOG_RANK_H
#define NUM_LOG_RANK_H

#include <stdbool.h>
#include <stddef.h>

#include "num/double2.h"
#include "num/poll.h"

/* so many at risk at most: products of two numbers of them are exact */
#define NUM_LOG_RANK_MOST (INT64_C(1) << 26)

typedef struct num_log_rank
{
	size_t		groups;
	num_double2 *expected;		/* events of each group if all were alike */
	num_double2 *covariance;	/* of events: [groups * groups], j <= i */
} num_log_rank;

/* doubles that num_log_rank_statistic() needs to work with */
#define NUM_LOG_RANK_WORK(groups) ((groups) * ((groups) + 1))

extern void num_log_rank_add(num_log_rank *test, const int64_t *at_risk,
							 int64_t events, num_poll poll);
extern double num_log_rank_statistic(const num_log_rank *test,
									 const int64_t *observed, double *work,
									 int *df, num_poll poll);

#endif							/* NUM_LOG_RANK_H */
