/*
 * clv_state.h
 *	  The sample that a lifetime value model is fitted to: the state of every
 *	  aggregate that fits one.
 */
#ifndef CLV_STATE_H
#define CLV_STATE_H

#include "num_likelihood.h"
#include "state_table.h"

/* the most values that tell customers of a sample apart */
#define SAMPLE_VALUES 3

typedef struct SampleEntry
{
	double		value[SAMPLE_VALUES];
	double		weight;
} SampleEntry;

extern Datum SampleAdd(FunctionCallInfo fcinfo, Datum datum,
					   const double *value, double weight);
extern double SampleWeight(FunctionCallInfo fcinfo, int argument);
extern num_sample SampleRead(Datum datum);

#endif							/* CLV_STATE_H */
