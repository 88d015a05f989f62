/*
 * argument.h
 *	  What several functions of lifetime value take: a customer, and the spend
 *	  that gamma-gamma expects of it; and what they may return.
 */
#ifndef CLV_ARGUMENT_H
#define CLV_ARGUMENT_H

#include "clv/model.h"
#include "num/purchases.h"

/*
 * The domain of the models.  Log-likelihoods, which are sums of terms as large
 * as x ln x, keep too few digits for a maximum beyond; no customer buys on a
 * thousand million days, nor lives for 10^18 of any unit.
 */
#define MOST_PURCHASES 1e9
#define LONGEST_AGE 1e18

extern const ModelKind gamma_gamma_kind;

static inline ModelKind
PurchaseModelKind(const num_purchase_model *model)
{
	ModelKind	kind = {model->name, NUM_PARAMETERS, model->parameter};

	return kind;
}

extern num_customer CustomerArgument(FunctionCallInfo fcinfo, int first);
extern void CheckFrequency(double value);
extern void CheckMonetaryValue(double value);
extern double SpendArgument(FunctionCallInfo fcinfo, int model,
							double frequency, int monetary_value);
extern double Finite(double prediction);

#endif							/* CLV_ARGUMENT_H */
