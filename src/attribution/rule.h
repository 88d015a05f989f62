/*
 * rule.h
 *	  The share of a conversion that each rule gives to its touches.
 */
#ifndef RULE_H
#define RULE_H

typedef enum RuleModel
{
	FIRST, LAST, LAST_NON_DIRECT, LINEAR, POSITION, TIME_DECAY, RULE_MODELS
} RuleModel;

extern const char *const rule_model_name[RULE_MODELS];

/* a touch up to the conversion; row is where its weight is to be */
typedef struct Touch
{
	TimestampTz at;
	int			row;
} Touch;

extern void RuleWeights(RuleModel model, double half_life, const Touch *touch,
						int count, int not_direct, double *weight);

#endif							/* RULE_H */
