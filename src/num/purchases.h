/*
 * purchases.h
 *	  What buy-till-you-die models of purchases have in common.
 *
 * A customer is known by frequency x, recency t_x and age T: value[0..2] of an
 * observation.  Time has any unit, the same for all.
 */
#ifndef NUM_PURCHASES_H
#define NUM_PURCHASES_H

#include "num/likelihood.h"

typedef struct num_customer
{
	double		x;
	double		t_x;
	double		T;
} num_customer;

/* one model; its functions take the four parameters first; all may be long */
typedef struct num_purchase_model
{
	const char *name;
	const char *parameter[NUM_PARAMETERS];
	num_log_likelihood log_likelihood;

	/* is the customer still alive at T? */
	double		(*p_alive) (const double *parameter,
							const num_customer *customer, num_poll poll);

	/* expected purchases within the horizon after T */
	double		(*expected) (const double *parameter, double horizon,
							 const num_customer *customer, num_poll poll);

	/* P(X(horizon) = n) of a new customer */
	double		(*probability) (const double *parameter, double n,
								double horizon, num_poll poll);

	/* expected purchases after T, each discounted continuously to T */
	double		(*residual) (const double *parameter, double discount,
							 const num_customer *customer, num_poll poll);
} num_purchase_model;

extern const num_purchase_model num_bgnbd;
extern const num_purchase_model num_mbgnbd;
extern const num_purchase_model num_pareto_nbd;

#endif							/* NUM_PURCHASES_H */
