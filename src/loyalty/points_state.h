/*
 * points_state.h
 *	  Points earned and spent as points_balance has gathered them.
 *
 *	  PointsState		head; head.scale has the decimals of all points
 *	  records			one a row, of different size, in order of arrival:
 *		PointsEntry
 *		PointsLot		only where lots are given (POINTS_LOTS)
 *		name			of the lot, if it has one, up to the next 8 bytes
 */
#ifndef POINTS_STATE_H
#define POINTS_STATE_H

#include "state/decimal.h"
#include "state/state.h"

/* flags of the head */
#define POINTS_FIRST_EARNED 1	/* burn; else the first expiring */
#define POINTS_LOTS 2

typedef struct PointsState
{
	GrowingState growing;
	int64		rows;
	TimestampTz as_of;
} PointsState;

/* Of what is spent or taken back, expiry and availability are not kept. */
typedef struct PointsEntry
{
	num_i128	points;
	TimestampTz booked_at;
	TimestampTz expires_at;		/* DT_NOEND: never */
} PointsEntry;

typedef struct PointsLot
{
	TimestampTz available_at;	/* DT_NOBEGIN: at once */
	int32		length;			/* of the name; -1: it has none */
	int32		unused;			/* 0 */
} PointsLot;

/* a row, wherever its parts are */
typedef struct PointsRow
{
	PointsEntry entry;
	PointsLot	lot;
	const char *name;
} PointsRow;

#define POINTS_NO_LOT ((PointsLot) {DT_NOBEGIN, -1, 0})

extern Datum PointsCreate(int flags, TimestampTz as_of,
						  MemoryContext aggcontext);
extern Datum PointsAdd(Datum datum, const PointsRow *row, int scale,
					   MemoryContext aggcontext);
extern void PointsCheckSame(const PointsState *state, int flags,
							TimestampTz as_of);
extern void PointsRefuseSize(void) pg_attribute_noreturn();
extern PointsRow *PointsRead(const PointsState *state);

/* By names, those without one first. */
static inline int
PointsCompareNames(const PointsRow *a, const PointsRow *b)
{
	int			least = Min(a->lot.length, b->lot.length);
	int			order = least > 0 ? memcmp(a->name, b->name, least) : 0;

	return order != 0 ? order : a->lot.length - b->lot.length;
}

#endif							/* POINTS_STATE_H */
