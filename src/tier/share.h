/*
 * share.h
 *	  Within which shares of a total values are.
 */
#ifndef TIER_SHARE_H
#define TIER_SHARE_H

#include "state/exact_column.h"

extern void ShareTiers(ExactColumn *column, const Datum *shares, int count,
					   int16 *place);

#endif							/* TIER_SHARE_H */
