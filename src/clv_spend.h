/*
 * clv_spend.h
 *	  A customer's spend as the gamma-gamma model sees it.
 */
#ifndef CLV_SPEND_H
#define CLV_SPEND_H

#include "clv_model.h"

extern double SpendArgument(FunctionCallInfo fcinfo, int model,
							double frequency, int monetary_value);

#endif							/* CLV_SPEND_H */
