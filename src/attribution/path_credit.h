/*
 * path_credit.h
 *	  What each touch of a path has of its conversion, by every rule.
 */
#ifndef PATH_CREDIT_H
#define PATH_CREDIT_H

#include "attribution/rule.h"
#include "num/fixed.h"

/* decimals of a credit, and the units of 1 */
#define CREDIT_DECIMALS 8
#define CREDIT_UNITS INT64CONST(100000000)

/* the credits of a path, and what they are computed with */
typedef struct PathCredits
{
	MemoryContext context;		/* outlives the path */
	int			count;
	int			not_direct;
	int			room;
	Touch	   *touch;
	double	   *weight;
	num_i128   *part;
	num_u128   *scratch;
	int32	   *units[RULE_MODELS]; /* NULL of rules that choose one touch */
} PathCredits;

extern void PathCreditsInit(PathCredits *credits);
extern void PathCreditsCompute(PathCredits *credits, const TimestampTz *at,
							   int count, int not_direct, double half_life);

/* In units of 10^-CREDIT_DECIMALS. */
static inline int32
PathCredit(const PathCredits *credits, RuleModel model, int touch)
{
	int			chosen;

	if (credits->units[model] != NULL)
		return credits->units[model][touch];
	chosen = model == FIRST ? 0 :
		model == LAST ? credits->count - 1 : credits->not_direct;
	return touch == chosen ? CREDIT_UNITS : 0;
}

#endif							/* PATH_CREDIT_H */
