/*
 * rule.c
 *	  The share of a conversion that each rule gives to its touches.
 *
 * Of the n touches up to a conversion, in order of time, the rules give
 *
 *	  first				1 to the first
 *	  last				1 to the last
 *	  last_non_direct	1 to the last whose channel is not the direct one, or
 *						to the last if all are direct
 *	  linear			1 / n to each
 *	  position			0.4 to the first and to the last, 0.2 / (n - 2) to the
 *						others; halves to two, 1 to one
 *	  time_decay		2^(-age / half_life), over their sum; age is the exact
 *						time to the conversion
 */
#include "crmcost.h"

#include "attribution/rule.h"
#include "num/fixed.h"

const char *const rule_model_name[RULE_MODELS] = {
	"first", "last", "last_non_direct", "linear", "position", "time_decay"
};

/* the parts of the two ends and of what lies between, by position */
#define END_SHARE 0.4
#define MIDDLE_SHARE 0.2

/*
 * Ages are counted from the last touch, so that its weight is 1 before the
 * division: the ratios are the same, and none of an old journey underflows to
 * a sum of 0.
 */
static void
DecayWeights(double half_life, const Touch *touch, int count, double *weight)
{
	double		sum = 0;

	for (int i = 0; i < count; i++)
	{
		/* two instants may be further apart than 64 bits hold */
		double		age = (double) ((num_i128) touch[count - 1].at -
									touch[i].at);
		double		own = exp2(-age / half_life);

		weight[touch[i].row] = own;
		sum += own;
		POLL_AT(i);
	}
	for (int i = 0; i < count; i++)
	{
		weight[touch[i].row] /= sum;
		POLL_AT(i);
	}
}

/*
 * Gives the touches of a conversion, at least one, their weights, where there
 * are zeros.  half_life is in microseconds; not_direct is the row of the last
 * touch that is not direct, else of the last one.
 */
void
RuleWeights(RuleModel model, double half_life, const Touch *touch, int count,
			int not_direct, double *weight)
{
	int			last = count - 1;

	switch (model)
	{
		case FIRST:
			weight[touch[0].row] = 1;
			break;
		case LAST:
			weight[touch[last].row] = 1;
			break;
		case LAST_NON_DIRECT:
			weight[not_direct] = 1;
			break;
		case LINEAR:
			for (int i = 0; i < count; i++)
				weight[touch[i].row] = 1.0 / count;
			break;
		case POSITION:
			for (int i = 1; i < last; i++)
				weight[touch[i].row] = MIDDLE_SHARE / (count - 2);
			weight[touch[0].row] = count == 1 ? 1 :
				count == 2 ? 0.5 : END_SHARE;
			weight[touch[last].row] = weight[touch[0].row];
			break;
		default:
			DecayWeights(half_life, touch, count, weight);
	}
}
