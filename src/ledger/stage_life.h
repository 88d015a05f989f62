/*
 * stage_life.h
 *	  The life of a customer: points of it, and the stages that follow.
 */
#ifndef STAGE_LIFE_H
#define STAGE_LIFE_H

#include "state/decimal.h"
#include "utils/date.h"
#include "utils/datetime.h"

/* in the order of their names */
enum
{
	UNKNOWN, ACTIVE, AT_RISK, CHURNED, LEAD, WON_BACK, STAGES
};

/* what enters a stage: of several at an instant the last of these counts */
enum
{
	BY_SIGHT, BY_PAUSE, BY_POINT, BY_PERSON
};

#define NO_DAY DATEVAL_NOBEGIN

/* what a person set */
typedef struct Hand
{
	int64		customer;
	TimestampTz at;
	int			stage;
	bool		own;			/* and is not of who was merged with him */
} Hand;

/* the orders of a day, the acquisition, or what a person set */
typedef struct Point
{
	TimestampTz at;
	DateADT		day;
	int			by_hand;		/* UNKNOWN for what is not */
	bool		is_order;
	int64		orders;
	PartialSum	revenue;
	PartialSum	margin;
	/* what the customer was before, and what an order is said to have found */
	int			before;
	int			found;
	int			stage;
	DateADT		ordered_on;		/* of the last order until then, or NO_DAY */
} Point;

/* a stage that is entered */
typedef struct StageStep
{
	TimestampTz at;
	DateADT		on;
	int			stage;
	int			rank;			/* what enters it */
	bool		by_rule;
	DateADT		ordered_on;
	bool		has_idle_days;
	int32		idle_days;
} StageStep;

/* when a day begins, and which day that is where none does at that hour */
typedef struct Midnight
{
	bool		known;
	DateADT		day;
	TimestampTz at;
	DateADT		on;
} Midnight;

#define MIDNIGHTS 4096

typedef struct Life
{
	MemoryContext context;
	Datum		zone;
	DateADT		day;			/* of the report */
	TimestampTz upto;
	int32		at_risk_after;
	int32		churn_after;
	int32		points;
	int32		point_room;
	Point	   *point;
	int32		steps;
	int32		step_room;
	StageStep  *step;
	Midnight	midnight[MIDNIGHTS];
} Life;

extern Point *LifeAddPoint(Life *life, TimestampTz at, DateADT day);
extern void LifeFind(Life *life, TimestampTz seen_at, TimestampTz acquired_at,
					 const Hand *hand, const Hand *end);
extern void LifeFindSpells(Life *life, const Hand *hand, const Hand *end);

#endif							/* STAGE_LIFE_H */
