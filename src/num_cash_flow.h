/*
 * num_cash_flow.h
 *	  Internal rates of return of cash flows.
 */
#ifndef NUM_CASH_FLOW_H
#define NUM_CASH_FLOW_H

#include <stddef.h>

#include "num_sort.h"

/* so many sign changes are followed exactly */
#define NUM_IRR_SIGN_CHANGES 32

/* how many doubles num_irr_roots() needs to work with */
#define NUM_IRR_WORK(count) ((count) * (NUM_IRR_SIGN_CHANGES + 2))

extern size_t num_sign_changes(const double *amount, size_t count);
extern size_t num_irr_roots(const double *amount, const double *time,
							size_t count, double *root, double *work,
							num_poll poll);

#endif							/* NUM_CASH_FLOW_H */
