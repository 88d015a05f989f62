/*
 * clv_purchases.h
 *	  A customer as the models of purchases see it, for all who call them.
 */
#ifndef CLV_PURCHASES_H
#define CLV_PURCHASES_H

#include "clv_model.h"
#include "num_purchases.h"

extern num_customer CheckedCustomer(double frequency, double recency,
									double age);
extern num_customer CustomerArgument(FunctionCallInfo fcinfo, int first);

static inline ModelKind
PurchaseModelKind(const num_purchase_model *model)
{
	ModelKind	kind = {model->name, NUM_PARAMETERS, model->parameter};

	return kind;
}

#endif							/* CLV_PURCHASES_H */
