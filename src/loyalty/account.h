/*
 * account.h
 *	  What became of the lots of points that a customer earned.
 */
#ifndef LOYALTY_ACCOUNT_H
#define LOYALTY_ACCOUNT_H

#include "loyalty/points_state.h"

/* points earned at once */
typedef struct Lot
{
	PointsRow	row;
	TimestampTz live_from;		/* booked and available */
	num_i128	left;			/* neither spent nor taken back */
	num_i128	spent;			/* and not taken back since */
} Lot;

typedef struct Account
{
	int			scale;
	bool		tolerant;		/* counts what cannot be taken */
	TimestampTz as_of;
	int64		lots;
	Lot		   *lot;			/* in the order in which they are spent */
	num_i128	redeemed;
	num_i128	owed;
	num_i128	overdrawn;		/* asked for beyond what was live */
	num_i128	unmatched;		/* taken back of lots that are not there */
} Account;

extern Account AccountRead(const PointsState *state, bool tolerant);
extern void AccountAdd(num_i128 *sum, num_i128 points);

#endif							/* LOYALTY_ACCOUNT_H */
