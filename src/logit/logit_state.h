/*
 * logit_state.h
 *	  The rows that logit_fit has gathered.
 */
#ifndef LOGIT_STATE_H
#define LOGIT_STATE_H

#include "num/logistic.h"
#include "state/state.h"

typedef struct LogitState
{
	GrowingState growing;
	int64		rows;
	double		ridge;
	int64		features;
	double		value[FLEXIBLE_ARRAY_MEMBER];	/* row by row: the features,
												 * then the label, 0 or 1 */
} LogitState;

/* doubles of a row */
#define LOGIT_WIDTH(state) ((Size) (state)->features + 1)

#define LOGIT_SIZE(rows, features) \
	(offsetof(LogitState, value) + \
	 (Size) (rows) * ((features) + 1) * sizeof(double))

extern void CheckFeatures(int64 features);
extern Datum LogitCreate(int features, double ridge, MemoryContext aggcontext);
extern Datum LogitRoom(Datum datum, int64 rows, MemoryContext aggcontext);
extern void RefuseOtherFeatures(int64 first, int64 other)
			pg_attribute_noreturn();
extern void RefuseOtherRidge(double first, double other)
			pg_attribute_noreturn();

#endif							/* LOGIT_STATE_H */
