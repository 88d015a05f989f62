/*
 * clv_argument.h
 *	  What several functions of lifetime value take: a customer, and the spend
 *	  that gamma-gamma expects of it; and what they may return.
 */
#ifndef CLV_ARGUMENT_H
#define CLV_ARGUMENT_H

#include "clv_model.h"
#include "num_purchases.h"

extern const ModelKind gamma_gamma_kind;

static inline ModelKind
PurchaseModelKind(const num_purchase_model *model)
{
	ModelKind	kind = {model->name, NUM_PARAMETERS, model->parameter};

	return kind;
}

extern num_customer CustomerArgument(FunctionCallInfo fcinfo, int first);
extern void CheckMonetaryValue(double value);
extern double SpendArgument(FunctionCallInfo fcinfo, int model,
							double frequency, int monetary_value);
extern double Finite(double prediction);

#endif							/* CLV_ARGUMENT_H */
