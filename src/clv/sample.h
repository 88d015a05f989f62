/*
 * sample.h
 *	  The sample that a lifetime value model is fitted to: the state of every
 *	  aggregate that fits one.
 */
#ifndef CLV_SAMPLE_H
#define CLV_SAMPLE_H

#include "num/likelihood.h"
#include "state/state_table.h"

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
extern void RefuseOtherSample(const char *model) pg_attribute_noreturn();

#endif							/* CLV_SAMPLE_H */
