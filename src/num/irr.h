/*
 * irr.h
 *	  Internal rates of return of cash flows.
 */
#ifndef NUM_IRR_H
#define NUM_IRR_H

#include <stddef.h>

#include "num/double2.h"
#include "num/poll.h"

/* amounts, none 0, at ascending times */
typedef struct num_flows
{
	size_t		count;
	const num_double2 *amount;
	const double *when;			/* whole numbers, of days for example ... */
	double		unit;			/* ... of which a period has so many */
} num_flows;

/* so many sign changes are followed exactly */
#define NUM_IRR_SIGN_CHANGES 32

/* how many doubles num_irr_roots() needs to work with */
#define NUM_IRR_WORK(count) ((count) * (NUM_IRR_SIGN_CHANGES + 4))

extern size_t num_sign_changes(const double *amount, size_t count);
extern size_t num_irr_roots(const num_flows *flows, double *root,
							double *work, num_poll poll);

#endif							/* NUM_IRR_H */
