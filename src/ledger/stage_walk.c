/*
 * stage_walk.c
 *	  The stages of customers, of what they ordered and what a person set.
 *
 * SQL, in file order: _walk_stages.
 *
 * Orders come customer by customer, in whatever order those of one are; what a
 * person set was read before.  With the last order of a customer his life is
 * known, and goes to four work tables.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "ledger/month.h"
#include "ledger/stage_life.h"
#include "state/huge_array.h"
#include "state/query_reader.h"
#include "state/table_fill.h"
#include "utils/datum.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

SQL_FUNCTION(stage_walk__walk_stages);

#define QUERY "query"

/* the columns of the orders; those from LIFE_SEEN on may be NULL */
enum
{
	LIFE_CUSTOMER, LIFE_TECHNICAL, LIFE_CHANNEL, LIFE_SEEN, LIFE_ACQUIRED,
	LIFE_IS_ORDER, LIFE_AT, LIFE_ON, LIFE_REVENUE, LIFE_MARGIN, LIFE_COLUMNS
};

static const QueryColumn life_column[LIFE_COLUMNS] = {
	{"customer", INT8OID},
	{"whether the customer is technical", BOOLOID},
	{"channel", TEXTOID},
	{"first sight", TIMESTAMPTZOID},
	{"acquisition", TIMESTAMPTZOID},
	{"whether it is an order", BOOLOID},
	{"instant of an order", TIMESTAMPTZOID},
	{"day of an order", DATEOID},
	{"revenue", NUMERICOID},
	{"margin", NUMERICOID}
};

enum
{
	HAND_CUSTOMER, HAND_AT, HAND_CODE, HAND_OWN, HAND_COLUMNS
};

static const QueryColumn hand_column[HAND_COLUMNS] = {
	{"customer", INT8OID},
	{"instant", TIMESTAMPTZOID},
	{"stage", TEXTOID},
	{"whether it is the customer's own", BOOLOID}
};

/* the columns of refresh_stage, _stage_pair, _spell and _life */
static const Oid stage_type[] = {INT8OID, TIMESTAMPTZOID, TEXTOID, JSONBOID};

static const Oid pair_type[] = {
	INT8OID, TEXTOID, TEXTOID, INT8OID, NUMERICOID, NUMERICOID
};

static const Oid spell_type[] = {
	INT8OID, TIMESTAMPTZOID, DATEOID, DATEOID, DATEOID, TEXTOID, TEXTOID,
	INT4OID, BOOLOID, TEXTOID, BOOLOID, TEXTOID
};

static const Oid life_type[] = {INT8OID, DATEOID, DATEOID, TEXTOID};

static const char *const stage_name[STAGES] = {
	"(unknown)", "active", "at_risk", "churned", "lead", "won_back"
};

/* the orders that found a stage and left another */
typedef struct StagePair
{
	bool		any;
	int64		orders;
	PartialSum	revenue;
	PartialSum	margin;
} StagePair;

#define CACHED 4096

typedef struct Evidence
{
	Datum		value;			/* 0 for none */
	DateADT		ordered_on;
	int32		idle_days;
} Evidence;

typedef struct Walk
{
	DestReceiver receiver;		/* must be first */
	MemoryContext context;
	MemoryContext of_row;
	Datum		name[STAGES];
	Datum		new_name;
	TableFill	stages;
	TableFill	pairs;
	TableFill	spells;
	TableFill	lives;
	int32		hands;
	int32		hand_room;
	Hand	   *hand;
	const Hand *next_hand;
	/* of the customer */
	bool		any;
	int64		customer;
	bool		technical;
	TimestampTz seen_at;
	TimestampTz acquired_at;	/* DT_NOEND for never, as that before */
	text	   *channel;
	Size		channel_room;
	Life		life;
	StagePair	both[STAGES][STAGES];
	Evidence	evidence[CACHED];
	Datum		no_evidence;
} Walk;

static void
PushMember(JsonbParseState **state, const char *key, JsonbValue *value)
{
	JsonbValue	member;

	member.type = jbvString;
	member.val.string.val = unconstify(char *, key);
	member.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &member);
	pushJsonbValue(state, WJB_VALUE, value);
}

/* Both members, the second one alone, or none. */
static Datum
MakeEvidence(const StageStep *step)
{
	JsonbParseState *state = NULL;
	JsonbValue	value;
	char		day[MAXDATELEN + 1];

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (step->ordered_on != NO_DAY)
	{
		JsonEncodeDateTime(day, DateADTGetDatum(step->ordered_on), DATEOID,
						   NULL);
		value.type = jbvString;
		value.val.string.val = day;
		value.val.string.len = strlen(day);
		PushMember(&state, "last_order_on", &value);
	}
	if (step->has_idle_days)
	{
		value.type = jbvNumeric;
		value.val.numeric = DatumGetNumeric(NumericFromInt64(step->idle_days));
		PushMember(&state, "idle_days", &value);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state,
														   WJB_END_OBJECT,
														   NULL)));
}

static Datum
EvidenceOf(Walk *walk, const StageStep *step)
{
	Evidence   *evidence;
	MemoryContext caller;
	Datum		made;

	if (!step->has_idle_days)
		return walk->no_evidence;
	evidence = &walk->evidence[((uint32) step->ordered_on * 7 +
								(uint32) step->idle_days) % CACHED];
	if (evidence->value != (Datum) 0 &&
		evidence->ordered_on == step->ordered_on &&
		evidence->idle_days == step->idle_days)
		return evidence->value;
	made = MakeEvidence(step);
	if (evidence->value != (Datum) 0)
		pfree(DatumGetPointer(evidence->value));
	evidence->value = (Datum) 0;
	caller = MemoryContextSwitchTo(walk->context);
	evidence->value = datumCopy(made, false, -1);
	MemoryContextSwitchTo(caller);
	evidence->ordered_on = step->ordered_on;
	evidence->idle_days = step->idle_days;
	return evidence->value;
}

/* Where a person set a stage of his at the same instant, that stands. */
static void
PutSteps(Walk *walk, const Hand *hand, const Hand *end)
{
	const bool	nulls[lengthof(stage_type)] = {false};

	for (int32 i = 0; i < walk->life.steps; i++)
	{
		const StageStep *step = &walk->life.step[i];
		bool		is_set = false;
		Datum		values[lengthof(stage_type)];

		while (hand < end && hand->at < step->at)
			hand++;
		for (const Hand *same = hand; same < end && same->at == step->at;
			 same++)
			is_set = is_set || same->own;
		if (is_set)
			continue;
		values[0] = Int64GetDatum(walk->customer);
		values[1] = TimestampTzGetDatum(step->at);
		values[2] = walk->name[step->stage];
		values[3] = EvidenceOf(walk, step);
		TableFillPut(&walk->stages, values, nulls);
	}
}

static void
PutSpells(Walk *walk)
{
	for (int32 i = 0; i < walk->life.steps; i++)
	{
		const StageStep *step = &walk->life.step[i];
		bool		is_first = i == 0;
		bool		is_last = i + 1 == walk->life.steps;
		const bool	nulls[lengthof(spell_type)] = {
			[4] = is_last,[7] = is_first,[9] = true,[10] = true
		};
		const Datum values[lengthof(spell_type)] = {
			Int64GetDatum(walk->customer), TimestampTzGetDatum(step->at),
			DateADTGetDatum(MonthOf(step->on)), DateADTGetDatum(step->on),
			is_last ? (Datum) 0 : DateADTGetDatum(step[1].on),
			walk->name[step->stage],
			is_first ? walk->new_name : walk->name[step[-1].stage],
			is_first ? (Datum) 0 : Int32GetDatum(step->on - step[-1].on),
			BoolGetDatum(step->by_rule), (Datum) 0, (Datum) 0,
			PointerGetDatum(walk->channel)
		};

		TableFillPut(&walk->spells, values, nulls);
	}
}

/* From the first stage of a customer to the first churn after it. */
static void
PutLife(Walk *walk)
{
	DateADT		began_on = NO_DAY;
	DateADT		churned_on = NO_DAY;

	for (int32 i = 0; i < walk->life.steps; i++)
	{
		const StageStep *step = &walk->life.step[i];

		if (began_on == NO_DAY)
		{
			if (step->stage != LEAD && step->stage != CHURNED)
				began_on = step->on;
		}
		else if (step->stage == CHURNED && churned_on == NO_DAY)
			churned_on = step->on;
	}
	if (began_on != NO_DAY)
	{
		const bool	nulls[lengthof(life_type)] = {
			[2] = churned_on == NO_DAY
		};
		const Datum values[lengthof(life_type)] = {
			Int64GetDatum(walk->customer), DateADTGetDatum(began_on),
			DateADTGetDatum(churned_on), PointerGetDatum(walk->channel)
		};

		TableFillPut(&walk->lives, values, nulls);
	}
}

static void
AddToPair(Walk *walk, const Point *point)
{
	StagePair  *both = &walk->both[point->found][point->stage];

	both->any = true;
	both->orders += point->orders;
	PartialSumCombine(&both->revenue, &point->revenue, QUERY);
	PartialSumCombine(&both->margin, &point->margin, QUERY);
}

static void
PutPair(Walk *walk, int found, int left, const StagePair *both)
{
	const bool	nulls[lengthof(pair_type)] = {false};
	const Datum values[lengthof(pair_type)] = {
		Int64GetDatum(walk->customer), walk->name[found], walk->name[left],
		Int64GetDatum(both->orders), PartialSumNumeric(&both->revenue),
		PartialSumNumeric(&both->margin)
	};

	if (both->orders > 0 || !num_i256_is_zero(&both->revenue.value) ||
		!num_i256_is_zero(&both->margin.value))
		TableFillPut(&walk->pairs, values, nulls);
}

static void
PutPairs(Walk *walk)
{
	for (int found = 0; found < STAGES; found++)
		for (int left = 0; left < STAGES; left++)
		{
			StagePair  *both = &walk->both[found][left];

			if (!both->any)
				continue;
			PutPair(walk, found, left, both);
			memset(both, 0, sizeof(*both));
		}
}

static void
PutStages(Walk *walk)
{
	const Hand *end = walk->hand + walk->hands;
	const Hand *hand;
	Life	   *life = &walk->life;

	while (walk->next_hand < end && walk->next_hand->customer < walk->customer)
		walk->next_hand++;
	hand = walk->next_hand;
	while (walk->next_hand < end &&
		   walk->next_hand->customer == walk->customer)
		walk->next_hand++;
	LifeFind(life, walk->seen_at, walk->acquired_at, hand, walk->next_hand);
	for (int32 i = 0; i < life->points; i++)
		if (life->point[i].is_order)
			AddToPair(walk, &life->point[i]);
	PutSteps(walk, hand, walk->next_hand);
	LifeFindSpells(life, hand, walk->next_hand);
	PutSpells(walk);
	PutLife(walk);
}

static void
EndCustomer(Walk *walk)
{
	MemoryContext caller = MemoryContextSwitchTo(walk->of_row);

	if (!walk->technical)
		PutStages(walk);
	PutPairs(walk);
	walk->life.points = 0;
	MemoryContextSwitchTo(caller);
	MemoryContextReset(walk->of_row);
}

static void
BeginCustomer(Walk *walk, const Datum *row, const bool *nulls)
{
	struct varlena *channel = PG_DETOAST_DATUM_PACKED(row[LIFE_CHANNEL]);

	walk->any = true;
	walk->customer = DatumGetInt64(row[LIFE_CUSTOMER]);
	walk->technical = DatumGetBool(row[LIFE_TECHNICAL]);
	walk->seen_at = nulls[LIFE_SEEN] ? DT_NOEND :
		DatumGetTimestampTz(row[LIFE_SEEN]);
	walk->acquired_at = nulls[LIFE_ACQUIRED] ? DT_NOEND :
		DatumGetTimestampTz(row[LIFE_ACQUIRED]);
	if (VARSIZE_ANY(channel) > walk->channel_room)
	{
		walk->channel_room = 2 * VARSIZE_ANY(channel);
		walk->channel = repalloc(walk->channel, walk->channel_room);
	}
	memcpy(walk->channel, channel, VARSIZE_ANY(channel));
}

static void
AddValue(PartialSum *sum, Datum value)
{
	ExactSum	addend;

	ExactSumRead(&addend, value, QUERY);
	PartialSumAdd(sum, &addend, QUERY);
}

/* What is no order (refunds alone) is of no stage, as are technical ones. */
static void
AddOrder(Walk *walk, const Datum *row)
{
	bool		is_order = DatumGetBool(row[LIFE_IS_ORDER]);

	if (is_order && !walk->technical)
	{
		Point	   *point = LifeAddPoint(&walk->life,
										 DatumGetTimestampTz(row[LIFE_AT]),
										 DatumGetDateADT(row[LIFE_ON]));

		point->is_order = true;
		point->orders = 1;
		AddValue(&point->revenue, row[LIFE_REVENUE]);
		AddValue(&point->margin, row[LIFE_MARGIN]);
	}
	else
	{
		StagePair  *both = &walk->both[UNKNOWN][UNKNOWN];

		both->any = true;
		both->orders += is_order;
		AddValue(&both->revenue, row[LIFE_REVENUE]);
		AddValue(&both->margin, row[LIFE_MARGIN]);
	}
}

static bool
ReceiveOrder(TupleTableSlot *row, DestReceiver *receiver)
{
	Walk	   *walk = (Walk *) receiver;
	int64		customer;

	slot_getallattrs(row);
	QueryRefuseNulls(QUERY, row->tts_isnull, LIFE_SEEN, life_column);
	customer = DatumGetInt64(row->tts_values[LIFE_CUSTOMER]);
	if (!walk->any || customer != walk->customer)
	{
		if (walk->any)
		{
			if (customer < walk->customer)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("%s must be in the order of customers", QUERY)));
			EndCustomer(walk);
		}
		BeginCustomer(walk, row->tts_values, row->tts_isnull);
	}
	if (!row->tts_isnull[LIFE_IS_ORDER])
	{
		QueryRefuseNulls(QUERY, row->tts_isnull + LIFE_AT,
						 LIFE_COLUMNS - LIFE_AT, life_column + LIFE_AT);
		AddOrder(walk, row->tts_values);
	}
	return true;
}

static int
StageNumber(Datum code)
{
	char	   *name = TextDatumGetCString(code);

	for (int stage = ACTIVE; stage < STAGES; stage++)
		if (strcmp(name, stage_name[stage]) == 0)
		{
			pfree(name);
			return stage;
		}
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("\"%s\" is no stage", name)));
	return UNKNOWN;
}

static int
CompareHands(const void *a, const void *b, void *arg)
{
	const Hand *one = a;
	const Hand *other = b;

	if (one->customer != other->customer)
		return one->customer < other->customer ? -1 : 1;
	if (one->at != other->at)
		return one->at < other->at ? -1 : 1;
	return one->stage - other->stage;
}

static void
ReadHands(Walk *walk, const char *query)
{
	QueryReader reader;

	QueryReaderBegin(&reader, "by_hand", query, HAND_COLUMNS, hand_column);
	while (QueryReaderNext(&reader))
	{
		Hand	   *hand;

		QueryRefuseNulls("by_hand", reader.nulls, HAND_COLUMNS, hand_column);
		walk->hand = HugeRoom(walk->context, walk->hand, &walk->hand_room,
							  (int64) walk->hands + 1, sizeof(Hand));
		hand = &walk->hand[walk->hands++];
		hand->customer = DatumGetInt64(reader.values[HAND_CUSTOMER]);
		hand->at = DatumGetTimestampTz(reader.values[HAND_AT]);
		hand->stage = StageNumber(reader.values[HAND_CODE]);
		hand->own = DatumGetBool(reader.values[HAND_OWN]);
	}
	QueryReaderEnd(&reader);
	qsort_interruptible(walk->hand, walk->hands, sizeof(Hand), CompareHands,
						NULL);
	walk->next_hand = walk->hand;
}

static void
WalkLives(Walk *walk, const char *query)
{
	SPIPlanPtr	plan = QueryPlan(query);

	CheckQueryColumns(QUERY, QueryPlanColumns(plan), LIFE_COLUMNS,
					  life_column);
	QueryPlanRun(plan, &walk->receiver, ReceiveOrder, false);
	if (walk->any)
		EndCustomer(walk);
}

static Walk *
WalkBegin(void)
{
	Walk	   *walk = palloc0(sizeof(Walk));
	const StageStep nothing = {.ordered_on = NO_DAY};

	walk->context = CurrentMemoryContext;
	walk->life.context = walk->context;
	walk->of_row = AllocSetContextCreate(walk->context, "a customer",
										 ALLOCSET_DEFAULT_SIZES);
	for (int stage = 0; stage < STAGES; stage++)
		walk->name[stage] = CStringGetTextDatum(stage_name[stage]);
	walk->new_name = CStringGetTextDatum("(new)");
	walk->no_evidence = MakeEvidence(&nothing);
	walk->hand = HugeRoom(walk->context, NULL, &walk->hand_room, 1,
						  sizeof(Hand));
	walk->life.point = HugeRoom(walk->context, NULL, &walk->life.point_room, 1,
								sizeof(Point));
	walk->life.step = HugeRoom(walk->context, NULL, &walk->life.step_room, 1,
							   sizeof(StageStep));
	walk->channel_room = 64;
	walk->channel = palloc(walk->channel_room);
	return walk;
}

/*
 * _walk_stages(query text, by_hand text, zone text, day date,
 * upto timestamptz, at_risk_after int, churn_after int, stages regclass,
 * pairs regclass, spells regclass, lives regclass): writes the stages of the
 * customers of the query to the first table, what orders found and left to
 * the second, the times in a stage to the third, and from when to when each
 * was a customer to the fourth.
 */
Datum
stage_walk__walk_stages(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *by_hand = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Walk	   *walk = WalkBegin();

	walk->life.zone = PointerGetDatum(PG_GETARG_TEXT_PP(2));
	walk->life.day = PG_GETARG_DATEADT(3);
	walk->life.upto = PG_GETARG_TIMESTAMPTZ(4);
	walk->life.at_risk_after = PG_GETARG_INT32(5);
	walk->life.churn_after = PG_GETARG_INT32(6);
	TableFillBegin(&walk->stages, PG_GETARG_OID(7), lengthof(stage_type),
				   stage_type);
	TableFillBegin(&walk->pairs, PG_GETARG_OID(8), lengthof(pair_type),
				   pair_type);
	TableFillBegin(&walk->spells, PG_GETARG_OID(9), lengthof(spell_type),
				   spell_type);
	TableFillBegin(&walk->lives, PG_GETARG_OID(10), lengthof(life_type),
				   life_type);
	SPI_connect();
	ReadHands(walk, by_hand);
	WalkLives(walk, query);
	SPI_finish();
	TableFillEnd(&walk->stages);
	TableFillEnd(&walk->pairs);
	TableFillEnd(&walk->spells);
	TableFillEnd(&walk->lives);
	PG_RETURN_VOID();
}
