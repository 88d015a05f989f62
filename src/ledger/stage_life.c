/*
 * stage_life.c
 *	  The life of a customer: points of it, and the stages that follow.
 *
 * What points and stages are, and what each point makes of a customer, is told
 * by 60_stage.sql.
 */
#include "crmcost.h"

#include "ledger/stage_life.h"
#include "state/huge_array.h"

static DateADT
LocalDay(const Life *life, TimestampTz at)
{
	Datum		local = DirectFunctionCall2(timestamptz_zone, life->zone,
											TimestampTzGetDatum(at));

	return DatumGetDateADT(DirectFunctionCall1(timestamp_date, local));
}

/* The instant at which a local day begins. */
static const Midnight *
MidnightOf(Life *life, DateADT day)
{
	Midnight   *midnight = &life->midnight[(uint32) day % MIDNIGHTS];
	Datum		local;

	if (likely(midnight->known && midnight->day == day))
		return midnight;
	local = DirectFunctionCall1(date_timestamp, DateADTGetDatum(day));
	midnight->at = DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone,
														   life->zone, local));
	midnight->on = LocalDay(life, midnight->at);
	midnight->day = day;
	midnight->known = true;
	return midnight;
}

static DateADT
DayAfter(DateADT day, int32 count)
{
	return DatumGetDateADT(DirectFunctionCall2(date_pli, DateADTGetDatum(day),
											   Int32GetDatum(count)));
}

static int
CompareOrders(const void *a, const void *b, void *arg)
{
	const Point *one = a;
	const Point *other = b;

	if (one->day != other->day)
		return one->day < other->day ? -1 : 1;
	return (one->at > other->at) - (one->at < other->at);
}

/* Of an instant first what no person set, and of that the orders. */
static int
ComparePoints(const void *a, const void *b, void *arg)
{
	const Point *one = a;
	const Point *other = b;

	if (one->at != other->at)
		return one->at < other->at ? -1 : 1;
	if (one->by_hand != other->by_hand)
		return one->by_hand < other->by_hand ? -1 : 1;
	return other->is_order - one->is_order;
}

/*
 * Of an instant first what counts.  An order that wins a customer back may be
 * of the instant of the acquisition, which is no step.
 */
static int
CompareSteps(const void *a, const void *b, void *arg)
{
	const StageStep *one = a;
	const StageStep *other = b;

	if (one->at != other->at)
		return one->at < other->at ? -1 : 1;
	if (one->rank != other->rank)
		return one->rank > other->rank ? -1 : 1;
	return (one->stage < other->stage) - (one->stage > other->stage);
}

Point *
LifeAddPoint(Life *life, TimestampTz at, DateADT day)
{
	Point	   *point;

	life->point = HugeRoom(life->context, life->point, &life->point_room,
						   (int64) life->points + 1, sizeof(Point));
	point = &life->point[life->points++];
	memset(point, 0, sizeof(*point));
	point->at = at;
	point->day = day;
	return point;
}

static StageStep *
AddStep(Life *life, TimestampTz at, DateADT on, int stage, int rank)
{
	StageStep  *step;

	life->step = HugeRoom(life->context, life->step, &life->step_room,
						  (int64) life->steps + 1, sizeof(StageStep));
	step = &life->step[life->steps++];
	memset(step, 0, sizeof(*step));
	step->at = at;
	step->on = on;
	step->stage = stage;
	step->rank = rank;
	step->by_rule = true;
	step->ordered_on = NO_DAY;
	return step;
}

/* Several orders of a day are one point, at the time of the first. */
static void
JoinOrders(Life *life)
{
	int32		kept = 0;

	qsort_interruptible(life->point, life->points, sizeof(Point),
						CompareOrders, NULL);
	for (int32 i = 1; i < life->points; i++)
	{
		Point	   *last = &life->point[kept];
		const Point *next = &life->point[i];

		if (last->day != next->day)
		{
			life->point[++kept] = *next;
			continue;
		}
		last->orders += next->orders;
		PartialSumCombine(&last->revenue, &next->revenue, "query");
		PartialSumCombine(&last->margin, &next->margin, "query");
	}
	life->points = Min(life->points, kept + 1);
}

/* Who was acquired after an order had been active before. */
static void
AddAcquisition(Life *life, TimestampTz at)
{
	if (at >= life->upto)
		return;
	for (int32 i = 0; i < life->points; i++)
		if (life->point[i].at < at)
			return;
	LifeAddPoint(life, at, LocalDay(life, at));
}

/* What the pause before a point had made of the customer. */
static int
StageBefore(const Life *life, const Point *point, const Point *last)
{
	DateADT		pause;

	if (last == NULL)
		return LEAD;
	if (last->by_hand == LEAD || last->by_hand == CHURNED)
		return last->by_hand;
	pause = point->day - last->day;
	if (pause >= life->churn_after)
		return CHURNED;
	if (pause >= life->at_risk_after || last->by_hand == AT_RISK)
		return AT_RISK;
	return ACTIVE;
}

/*
 * What an order found is what held before the acquisition, where that is of
 * its day and before it.
 */
static int
StageFound(const Life *life, const Point *point, const Point *last,
		   const Point *acquisition)
{
	if (acquisition == NULL || acquisition->day != point->day)
		return point->before == ACTIVE && last != NULL &&
			last->stage == WON_BACK ? WON_BACK : point->before;
	return acquisition->before == ACTIVE && acquisition > life->point &&
		acquisition[-1].by_hand == WON_BACK ? WON_BACK : acquisition->before;
}

/*
 * Won back is over with the next point.  Whom the day had taken to another
 * stage is in that first, though the point be of the first instant of the day.
 */
static void
AddPointStep(Life *life, const Point *point, const Point *last)
{
	const StageStep *before =
	life->steps > 0 ? &life->step[life->steps - 1] : NULL;
	TimestampTz at = point->at;
	StageStep  *step;

	if (point->by_hand != UNKNOWN ||
		(point->before == ACTIVE &&
		 (last == NULL || last->stage == point->stage)))
		return;
	if (before != NULL && before->rank == BY_PAUSE && before->at >= at)
		at = before->at + 1;
	step = AddStep(life, at, point->day, point->stage, BY_POINT);
	step->ordered_on = point->ordered_on;
	step->has_idle_days = point->ordered_on != NO_DAY;
	if (step->has_idle_days)
		step->idle_days = point->day - point->ordered_on;
}

/* What the pause after a point makes of the customer. */
static void
AddPauseSteps(Life *life, const Point *point, DateADT until)
{
	static const int stage[] = {AT_RISK, CHURNED};
	const int32 after[] = {life->at_risk_after, life->churn_after};

	if (point->stage == LEAD || point->stage == CHURNED)
		return;
	for (int i = 0; i < (int) lengthof(stage); i++)
	{
		const Midnight *midnight;
		StageStep  *step;

		if (until - point->day < after[i] || point->stage == stage[i])
			continue;
		midnight = MidnightOf(life, DayAfter(point->day, after[i]));
		step = AddStep(life, midnight->at, midnight->on, stage[i], BY_PAUSE);
		step->ordered_on = point->ordered_on;
		step->has_idle_days = true;
		step->idle_days = after[i];
	}
}

static void
FindSteps(Life *life)
{
	const Point *acquisition = NULL;
	DateADT		ordered_on = NO_DAY;

	for (int32 i = 0; i < life->points; i++)
	{
		Point	   *point = &life->point[i];
		const Point *last = i > 0 ? point - 1 : NULL;

		if (point->is_order)
			ordered_on = Max(ordered_on, point->day);
		else if (point->by_hand == UNKNOWN)
			acquisition = point;
		point->ordered_on = ordered_on;
		point->before = StageBefore(life, point, last);
		point->stage = point->by_hand != UNKNOWN ? point->by_hand :
			point->before == CHURNED ? WON_BACK : ACTIVE;
		point->found = StageFound(life, point, last, acquisition);
		AddPointStep(life, point, last);
		AddPauseSteps(life, point,
					  i + 1 < life->points ? point[1].day : life->day);
		POLL_AT(i);
	}
}

/* Of what happened at the same instant one step stays. */
static void
JoinSteps(Life *life)
{
	int32		kept = 0;

	qsort_interruptible(life->step, life->steps, sizeof(StageStep),
						CompareSteps, NULL);
	for (int32 i = 1; i < life->steps; i++)
		if (life->step[kept].at != life->step[i].at)
			life->step[++kept] = life->step[i];
	life->steps = Min(life->steps, kept + 1);
}

/*
 * The steps of a life whose points are the orders, which are joined by days,
 * the acquisition, and what a person set.  Instants that are none are
 * infinite.
 */
void
LifeFind(Life *life, TimestampTz seen_at, TimestampTz acquired_at,
		 const Hand *hand, const Hand *end)
{
	life->steps = 0;
	JoinOrders(life);
	AddAcquisition(life, acquired_at);
	for (; hand < end; hand++)
		LifeAddPoint(life, hand->at, LocalDay(life, hand->at))->by_hand =
			hand->stage;
	qsort_interruptible(life->point, life->points, sizeof(Point),
						ComparePoints, NULL);
	if (seen_at < life->upto &&
		(life->points == 0 || seen_at < life->point[0].at))
		AddStep(life, seen_at, LocalDay(life, seen_at), LEAD, BY_SIGHT);
	FindSteps(life);
	JoinSteps(life);
}

/*
 * The steps of the rule and those of a person, who counts; of two persons at
 * an instant the first.  A step that says what the one before says begins
 * nothing.
 */
void
LifeFindSpells(Life *life, const Hand *hand, const Hand *end)
{
	int32		kept = 0;

	for (const Hand *next = hand; next < end; next++)
		if (next == hand || next[-1].at != next->at)
			AddStep(life, next->at, LocalDay(life, next->at), next->stage,
					BY_PERSON)->by_rule = false;
	if (hand < end)
		JoinSteps(life);
	for (int32 i = 1; i < life->steps; i++)
		if (life->step[kept].stage != life->step[i].stage)
			life->step[++kept] = life->step[i];
	life->steps = Min(life->steps, kept + 1);
}
