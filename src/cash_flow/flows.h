/*
 * flows.h
 *	  Cash flows as an aggregate has gathered them.
 */
#ifndef CASH_FLOW_FLOWS_H
#define CASH_FLOW_FLOWS_H

#include "num/double2.h"
#include "state/decimal.h"
#include "state/state_table.h"

typedef struct FlowEntry
{
	int64		at;				/* period, or day */
	num_i256	amount;
	int64		scale;			/* decimals of the amount */
} FlowEntry;

/* the flows of a state, in order of time */
typedef struct Flows
{
	TableState *state;
	int64		count;
	FlowEntry  *entry;
	int			scale;			/* most decimals of an amount */
	int			unit;			/* FlowsDouble() counts in 10^-unit */
} Flows;

extern Flows FlowsRead(Datum datum);
extern Datum FlowsAmount(const Flows *flows, int64 i);
extern double FlowsDouble(const Flows *flows, int64 i);
extern num_double2 FlowsDouble2(const Flows *flows, int64 i);
extern bool FlowsAreBalanced(const Flows *flows);
extern Datum FlowsExactRate(const Flows *flows);
extern void FlowsTwoRates(const Flows *flows, double *rate);

#endif							/* CASH_FLOW_FLOWS_H */
