/*
 * product_limit.h
 *	  The product-limit estimate of survival (Kaplan and Meier 1958).
 */
#ifndef NUM_PRODUCT_LIMIT_H
#define NUM_PRODUCT_LIMIT_H

#include <stdbool.h>

#include "num/double2.h"

typedef struct num_product_limit
{
	num_double2 survival;
	num_double2 greenwood;		/* sum of d / (n (n - d)) */
} num_product_limit;

/* the estimate after an event, with its standard error and interval at 95 % */
typedef struct num_survival
{
	double		survival;
	bool		has_error;		/* false once survival is 0 */
	double		std_error;
	double		lower;
	double		upper;
} num_survival;

extern void num_product_limit_begin(num_product_limit *estimate);
extern num_survival num_product_limit_step(num_product_limit *estimate,
										   int64_t at_risk, int64_t events);

#endif							/* NUM_PRODUCT_LIMIT_H */
