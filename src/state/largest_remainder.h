/*
 * largest_remainder.h
 *	  The one way in which amounts are split here.
 */
#ifndef LARGEST_REMAINDER_H
#define LARGEST_REMAINDER_H

#include "state/exact_column.h"

/*
 * Of a split whose participants are not all here: what the weights of all of
 * them sum to, and who gets a unit more, larger remainders and the first ones
 * that reach this.
 */
typedef struct AllocationCut
{
	Datum		total;
	bool		any;			/* whether anybody gets a unit more */
	Datum		remainder;
	Size		first;
} AllocationCut;

extern void CheckAllocationScale(int scale);
extern void CheckAllocationAmount(Datum amount, int scale,
								  const char *name);
extern void AppendNotNegative(ExactColumn *weights, Datum weight,
							  const char *name);
extern void AppendAllocationWeight(ExactColumn *weights, Datum weight,
								   bool isnull, const char *name);
extern bool LargestRemainder(Datum amount, ExactColumn *weights, int scale,
							 const AllocationCut *cut);
extern Datum AllocationRemainders(Datum amount, ExactColumn *weights,
								  int scale, Datum total);

#endif							/* LARGEST_REMAINDER_H */
