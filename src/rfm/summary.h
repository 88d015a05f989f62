/*
 * summary.h
 *	  The 56-byte purchase summary that rfm and rfm_group both keep.
 */
#ifndef RFM_SUMMARY_H
#define RFM_SUMMARY_H

#include "common/int.h"
#include "state/decimal.h"
#include "state/state.h"

typedef struct RfmSummary
{
	TimestampTz first_at;
	TimestampTz last_at;
	int64		frequency;		/* number of purchases, at least 1 */
	num_i256	monetary;		/* sum of amounts, times 10^scale */
} RfmSummary;

/* the type rfm */
typedef struct RfmState
{
	StateHeader head;
	RfmSummary	summary;
} RfmState;

#define PG_GETARG_RFM(n) ((RfmState *) PG_GETARG_VARLENA_P(n))

extern RfmState *RfmCreate(int scale, const RfmSummary *summary);

static inline void
RfmAddCount(int64 *frequency, int64 count)
{
	if (unlikely(pg_add_s64_overflow(*frequency, count, frequency)))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("frequency out of range")));
}

static inline Datum
RfmMonetary(const RfmState *state)
{
	ExactSum	sum = ExactSumOf(&state->summary.monetary, state->head.scale);

	return ExactSumNumeric(&sum);
}

/* Adds one summary to another; the result has the larger scale. */
static inline void
RfmAddSummary(RfmSummary *summary, int16 *scale,
			  const RfmSummary *other, int other_scale)
{
	ExactSum	sum = ExactSumOf(&summary->monetary, *scale);
	ExactSum	addend = ExactSumOf(&other->monetary, other_scale);

	ExactSumCombine(&sum, &addend, "amount");
	summary->monetary = sum.value;
	*scale = sum.scale;
	RfmAddCount(&summary->frequency, other->frequency);
	summary->first_at = Min(summary->first_at, other->first_at);
	summary->last_at = Max(summary->last_at, other->last_at);
}

#endif							/* RFM_SUMMARY_H */
