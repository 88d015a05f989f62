/*
 * cuts.h
 *	  The cut points of a population's recency, frequency and monetary value.
 */
#ifndef RFM_CUTS_H
#define RFM_CUTS_H

#include "access/htup_details.h"
#include "num/sort.h"
#include "utils/array.h"

#define MIN_BINS 2
#define MAX_BINS (NUM_SELECT_RANKS + 1)

enum
{
	RECENCY, FREQUENCY, MONETARY, MEASURES
};

/* the cut points of one population, on the scale of scores */
typedef struct RfmCuts
{
	int			bins;
	double		cut[MEASURES][MAX_BINS - 1];
} RfmCuts;

extern const char *const rfm_measure_names[MEASURES];

extern void RfmReadCutArray(ArrayType *array, int measure, RfmCuts *cuts);
extern void RfmReadCutRow(HeapTupleHeader row, RfmCuts *cuts);

/* Checks a customer's measure and turns it so that larger is better. */
static inline double
RfmCheckMeasure(int measure, double value)
{
	if (measure == MONETARY)
		CheckFinite(value, rfm_measure_names[measure]);
	else
		CheckNotNegative(value, rfm_measure_names[measure]);
	return measure == RECENCY ? -value : value;
}

#endif							/* RFM_CUTS_H */
