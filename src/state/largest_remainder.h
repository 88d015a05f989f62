/*
 * largest_remainder.h
 *	  The one way in which amounts are split here.
 */
#ifndef LARGEST_REMAINDER_H
#define LARGEST_REMAINDER_H

#include "state/exact_column.h"

extern void CheckAllocationScale(int scale);
extern void CheckAllocationAmount(Datum amount, int scale,
								  const char *name);
extern void AppendNotNegative(ExactColumn *weights, Datum weight,
							  const char *name);
extern void AppendAllocationWeight(ExactColumn *weights, Datum weight,
								   bool isnull, const char *name);
extern bool LargestRemainder(Datum amount, ExactColumn *weights, int scale);

#endif							/* LARGEST_REMAINDER_H */
