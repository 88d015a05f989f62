/*
 * allocate_groups.c
 *	  All allocations of a month at once, added up by customer and bucket.
 *
 * SQL: _allocate_groups(quantities, group_driver, group_bucket, group_cost,
 * group_scale, group_left, group_total, group_remainder, group_first).
 *
 * A group is a cost that is split over the customers by their quantities of a
 * driver, as allocate() does it (largest_remainder.c), with what is left of a
 * capacity, if any, as one participant after them.  Who has nothing of a
 * driver gets nothing, so only those who have some take part.
 *
 * Parts are added up in 128 bits at MONEY_SCALE: no sum exceeds all costs
 * together.  A cost that would bring those beyond 128 bits is added up in
 * numeric, beside.
 */
#include "crmcost.h"

#include "allocation/quantities.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "state/huge_array.h"

SQL_FUNCTION(allocate_groups__allocate_groups);

/* the arguments, and the columns of the result */
enum
{
	QUANTITIES, GROUP_DRIVER, GROUP_BUCKET, GROUP_COST, GROUP_SCALE,
	GROUP_LEFT, GROUP_TOTAL, GROUP_REMAINDER, GROUP_FIRST, ARGUMENTS
};
enum
{
	POSITION, PARTS, UNUSED, COLUMNS
};
static const char *const argument_name[ARGUMENTS] = {
	"quantities", "group_driver", "group_bucket", "group_cost",
	"group_scale", "group_left", "group_total", "group_remainder",
	"group_first"
};

typedef struct CostGroup
{
	int			driver;			/* counted from 1 */
	int			bucket;			/* counted from 1 */
	Datum		cost;
	int			scale;
	bool		has_left;
	Datum		left;
	bool		has_cut;		/* else all customers are here */
	AllocationCut cut;			/* its first are customers */
} CostGroup;

typedef struct Month
{
	Quantities	all;
	ReturnSetInfo *result;
	num_i128   *sum;			/* by bucket, then by customer */
	num_u128	limit;			/* none of sum is larger than this */
	Datum	   *wide;			/* what is to be added to sum, or NULL */
} Month;

static void
ReadMonth(Month *month, FunctionCallInfo fcinfo, ArrayReader *quantities)
{
	Size		sums;

	ReadQuantities(&month->all, quantities);
	month->result = (ReturnSetInfo *) fcinfo->resultinfo;
	sums = (Size) BUCKETS * month->all.customers;
	month->sum = HugeArray(month->all.context, sums, sizeof(num_i128));
	for (Size i = 0; i < sums; i++)
	{
		month->sum[i] = 0;
		POLL_AT(i);
	}
	month->limit = 0;
	month->wide = NULL;
}

static CostGroup
ReadGroup(const Month *month, ArrayReader *argument)
{
	CostGroup	group;
	bool		isnull;

	memset(&group, 0, sizeof(group));
	group.driver = NextInteger(&argument[GROUP_DRIVER], 1, month->all.drivers);
	group.bucket = NextInteger(&argument[GROUP_BUCKET], 1, BUCKETS);
	group.scale = NextInteger(&argument[GROUP_SCALE], 0, MONEY_SCALE);
	group.cost = NextNotNull(&argument[GROUP_COST]);
	CheckAllocationAmount(group.cost, group.scale, argument_name[GROUP_COST]);
	group.left = NextNumeric(&argument[GROUP_LEFT], &isnull);
	group.has_left = !isnull;
	if (argument[GROUP_TOTAL].array != NULL)
	{
		group.cut.total = NextNumeric(&argument[GROUP_TOTAL], &isnull);
		group.has_cut = !isnull;
		group.cut.remainder = NextNumeric(&argument[GROUP_REMAINDER], &isnull);
		group.cut.any = !isnull;
		group.cut.first = NextPlace(&argument[GROUP_FIRST]);
	}
	return group;
}

/* How many of those who have some of a driver are among so many first ones. */
static Size
CountFirst(const DriverColumn *driver, Size first)
{
	Size		low = 0;
	Size		high = driver->quantities.count;

	while (low < high)
	{
		Size		middle = low + (high - low) / 2;

		if ((Size) driver->customer[middle] < first)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether sums fit 128 bits with one more cost, whoever gets it. */
static bool
CostFits(Month *month, Datum cost)
{
	num_i128	units;
	num_u128	limit;

	if (!DecimalReadAtScale(cost, MONEY_SCALE, &units) ||
		__builtin_add_overflow(month->limit, num_u128_abs(units), &limit) ||
		limit > (num_u128) NUM_I128_MAX)
		return false;
	month->limit = limit;
	return true;
}

/* Where the sums of a bucket begin. */
static inline Size
FirstSum(const Month *month, int bucket)
{
	return (Size) (bucket - 1) * month->all.customers;
}

static void
AddParts(Month *month, const CostGroup *group, const DriverColumn *driver,
		 const ExactColumn *parts)
{
	num_i128   *sum = month->sum + FirstSum(month, group->bucket);
	num_i128	unit = num_pow10_64[MONEY_SCALE - group->scale];

	for (Size i = 0; i < driver->quantities.count; i++)
	{
		num_i128	part;

		if (parts->value != NULL)
			part = parts->value[i] * unit;
		else if (!DecimalReadAtScale(parts->numeric[i], MONEY_SCALE, &part))
			elog(ERROR, "a part does not fit, though its cost does");
		sum[driver->customer[i]] += part;
		POLL_AT(i);
	}
}

static Datum *
ZeroWideSums(const Month *month)
{
	Size		count = (Size) BUCKETS * month->all.customers;
	Datum	   *wide = HugeArray(month->all.context, count, sizeof(Datum));

	for (Size i = 0; i < count; i++)
	{
		wide[i] = PointerGetDatum(NULL);
		POLL_AT(i);
	}
	return wide;
}

static void
AddWideParts(Month *month, const CostGroup *group, const DriverColumn *driver,
			 const ExactColumn *parts)
{
	Datum	   *wide;

	if (month->wide == NULL)
		month->wide = ZeroWideSums(month);
	wide = month->wide + FirstSum(month, group->bucket);
	for (Size i = 0; i < driver->quantities.count; i++)
	{
		Datum		part = ExactColumnNumeric(parts, i);
		Datum	   *sum = &wide[driver->customer[i]];
		Datum		before = *sum;
		MemoryContext caller = MemoryContextSwitchTo(month->all.context);

		if (DatumGetPointer(before) == NULL)
			*sum = PointerGetDatum(PG_DETOAST_DATUM_COPY(part));
		else
		{
			*sum = NumericAdd(before, part);
			pfree(DatumGetPointer(before));
		}
		MemoryContextSwitchTo(caller);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Splits a group's cost and adds the parts up.  Returns what the participant
 * after the customers got; *isnull if there was nobody to take anything.
 */
static Datum
AllocateGroup(Month *month, const CostGroup *group, bool *isnull)
{
	static const DriverColumn none;
	const DriverColumn *driver = month->all.driver != NULL ?
	&month->all.driver[group->driver - 1] : &none;
	AllocationCut cut;
	ExactColumn parts;

	ExactColumnCopy(&parts, &driver->quantities, driver->quantities.count + 1,
					month->all.work);
	if (group->has_left)
		AppendNotNegative(&parts, group->left, argument_name[GROUP_LEFT]);
	cut = group->cut;
	if (group->has_cut)
		cut.first = CountFirst(driver, cut.first) +
			(cut.first > (Size) month->all.customers);
	*isnull = !LargestRemainder(group->cost, &parts, group->scale,
								group->has_cut ? &cut : NULL);
	if (*isnull)
		return (Datum) 0;
	if (CostFits(month, group->cost))
		AddParts(month, group, driver, &parts);
	else
		AddWideParts(month, group, driver, &parts);
	if (!group->has_left)
		return DecimalNumeric(0, group->scale);
	return ExactColumnNumeric(&parts, parts.count - 1);
}

static void
PutRow(const Month *month, int position, Datum parts, bool no_parts,
	   Datum unused, bool no_unused)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];

	values[POSITION] = Int32GetDatum(position);
	nulls[POSITION] = false;
	values[PARTS] = parts;
	nulls[PARTS] = no_parts;
	values[UNUSED] = unused;
	nulls[UNUSED] = no_unused;
	tuplestore_putvalues(month->result->setResult, month->result->setDesc,
						 values, nulls);
}

/* A customer's sum of a bucket; zero is made once for all. */
static Datum
FormSum(const Month *month, Size i, Datum zero)
{
	Datum		sum = month->sum[i] == 0 ? zero :
	DecimalNumeric(month->sum[i], MONEY_SCALE);

	if (month->wide == NULL || DatumGetPointer(month->wide[i]) == NULL)
		return sum;
	sum = NumericAdd(sum, month->wide[i]);
	return NumericSign(sum) == 0 ? zero : sum;
}

/* One row for each customer who got anything. */
static void
PutCustomers(const Month *month)
{
	Datum		zero = DecimalNumeric(0, MONEY_SCALE);
	MemoryContext caller = MemoryContextSwitchTo(month->all.work);

	for (int i = 0; i < month->all.customers; i++)
	{
		Datum		sums[BUCKETS];
		bool		any = false;

		CHECK_FOR_INTERRUPTS();
		for (int b = 0; b < BUCKETS; b++)
		{
			sums[b] = FormSum(month, FirstSum(month, b + 1) + i, zero);
			any |= sums[b] != zero;
		}
		if (any)
		{
			ArrayType  *parts = construct_array(sums, BUCKETS, NUMERICOID, -1,
												false, TYPALIGN_INT);

			PutRow(month, i + 1, PointerGetDatum(parts), false,
				   (Datum) 0, true);
		}
		MemoryContextReset(month->all.work);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * _allocate_groups(quantities numeric[], group_driver int[], group_bucket
 * int[], group_cost numeric[], group_scale int[], group_left numeric[],
 * group_total numeric[], group_remainder numeric[], group_first int[]):
 * quantities by driver and customer, a NULL being 0.  Rows: position -g for
 * group g with what its left quantity got (0 without one, NULL if nothing was
 * allocated); then position i for customer i with a sum for each bucket.
 *
 * With a group_total, of all quantities and what is left, others have
 * customers of the group, too: larger remainders than group_remainder get a
 * unit more, and those of just this of the first group_first customers, after
 * whom comes what is left; nobody where it is NULL.
 */
Datum
allocate_groups__allocate_groups(PG_FUNCTION_ARGS)
{
	ArrayReader argument[ARGUMENTS];
	Month		month;
	int			groups;

	for (int i = 0; i < ARGUMENTS; i++)
	{
		if (i < GROUP_TOTAL || !PG_ARGISNULL(GROUP_TOTAL))
			RefuseNullArgument(fcinfo, i, argument_name[i]);
		argument[i] = ReadArgument(fcinfo, i, argument_name[i]);
	}
	groups = CountGroups(argument, ARGUMENTS);
	/* to look the columns up would leak, a little with each call of a query */
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	ReadMonth(&month, fcinfo, &argument[QUANTITIES]);
	for (int i = 0; i < groups; i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(month.all.work);
		CostGroup	group = ReadGroup(&month, argument);
		bool		isnull;
		Datum		unused = AllocateGroup(&month, &group, &isnull);

		PutRow(&month, -(i + 1), (Datum) 0, true, unused, isnull);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(month.all.work);
		CHECK_FOR_INTERRUPTS();
	}
	PutCustomers(&month);
	return (Datum) 0;
}
