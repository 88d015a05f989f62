/*
 * model.h
 *	  Fitted models as rows: their parameters first, then log_likelihood,
 *	  customers and std_error.
 */
#ifndef CLV_MODEL_H
#define CLV_MODEL_H

#include "num/likelihood.h"

/* what a model's row looks like */
typedef struct ModelKind
{
	const char *name;
	int			parameters;
	const char *const *parameter;	/* their names */
} ModelKind;

extern const double *ModelArgument(FunctionCallInfo fcinfo, int argument,
								   const ModelKind *kind);
extern Datum ModelConstruct(FunctionCallInfo fcinfo, const ModelKind *kind);
extern Datum ModelFit(FunctionCallInfo fcinfo, const ModelKind *kind,
					  num_log_likelihood log_likelihood,
					  const num_sample *sample, const double *start);
extern void CheckDifferent(const ModelKind *kind, Size count);

#endif							/* CLV_MODEL_H */
