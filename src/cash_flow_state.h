/*
 * cash_flow_state.h
 *	  Cash flows as an aggregate has gathered them.
 */
#ifndef CASH_FLOW_STATE_H
#define CASH_FLOW_STATE_H

#include "decimal.h"
#include "state_table.h"

typedef struct FlowEntry
{
	int64		at;				/* period, or day */
	num_i256	amount;
} FlowEntry;

/* the flows of a state, in order of time */
typedef struct Flows
{
	TableState *state;
	int64		count;
	FlowEntry  *entry;
	int			scale;			/* decimals of the amounts */
} Flows;

extern Flows FlowsRead(Datum datum);
extern Datum FlowsAmount(const Flows *flows, int64 i);
extern Datum FlowsExactRate(const Flows *flows);
extern void FlowsTwoRates(const Flows *flows, double *rate);

#endif							/* CASH_FLOW_STATE_H */
