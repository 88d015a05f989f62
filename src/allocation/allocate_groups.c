/*
 * allocate_groups.c
 *	  All allocations of a month at once, added up by customer and bucket.
 *
 * SQL: _allocate_groups(quantities, group_driver, group_bucket, group_cost,
 * group_scale, group_left).
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

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "state/huge_array.h"
#include "state/largest_remainder.h"
#include "utils/arrayaccess.h"
#include "utils/memutils.h"

#define BUCKETS 7
#define MONEY_SCALE 4

/* sums are at most as many as an array could hold */
#define MAX_CUSTOMERS ((1 << 27) / BUCKETS)

/* what reading a quantity leaves behind is freed every so many of them */
#define RESET_EVERY 1024

SQL_FUNCTION(allocate_groups__allocate_groups);

/* the arguments, and the columns of the result */
enum
{
	QUANTITIES, GROUP_DRIVER, GROUP_BUCKET, GROUP_COST, GROUP_SCALE,
	GROUP_LEFT, ARGUMENTS
};
enum
{
	POSITION, PARTS, UNUSED, COLUMNS
};
static const char *const argument_name[ARGUMENTS] = {
	"quantities", "group_driver", "group_bucket", "group_cost",
	"group_scale", "group_left"
};

/* an array argument, read from its first element to its last */
typedef struct ArrayReader
{
	const char *name;
	AnyArrayType *array;
	array_iter	iterator;
	int			next;
} ArrayReader;

/* the quantities above zero, and whose they are, counted from 0 */
typedef struct Driver
{
	ExactColumn quantities;
	int32	   *customer;
} Driver;

typedef struct CostGroup
{
	int			driver;			/* counted from 1 */
	int			bucket;			/* counted from 1 */
	Datum		cost;
	int			scale;
	bool		has_left;
	Datum		left;
} CostGroup;

typedef struct Month
{
	MemoryContext context;		/* of the call */
	MemoryContext work;			/* of a group, or of a row */
	ReturnSetInfo *result;
	int			drivers;
	int			customers;
	Driver	   *driver;			/* NULL without customers */
	num_i128   *sum;			/* by bucket, then by customer */
	num_u128	limit;			/* none of sum is larger than this */
	Datum	   *wide;			/* what is to be added to sum, or NULL */
} Month;

static ArrayReader
ReadArgument(FunctionCallInfo fcinfo, int argument)
{
	ArrayReader reader;

	reader.name = argument_name[argument];
	reader.array = PG_GETARG_ANY_ARRAY_P(argument);
	reader.next = 0;
	array_iter_setup(&reader.iterator, reader.array);
	return reader;
}

static inline Datum
NextNumeric(ArrayReader *reader, bool *isnull)
{
	return array_iter_next(&reader->iterator, isnull, reader->next++, -1,
						   false, TYPALIGN_INT);
}

static void
RefuseNull(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not contain NULL", name)));
}

static Datum
NextCost(ArrayReader *reader)
{
	bool		isnull;
	Datum		cost = NextNumeric(reader, &isnull);

	if (isnull)
		RefuseNull(reader->name);
	return cost;
}

static int
NextInteger(ArrayReader *reader, int low, int high)
{
	bool		isnull;
	Datum		value = array_iter_next(&reader->iterator, &isnull,
										reader->next++, sizeof(int32), true,
										TYPALIGN_INT);

	if (isnull)
		RefuseNull(reader->name);
	CheckIntegerRange(DatumGetInt32(value), low, high, reader->name);
	return DatumGetInt32(value);
}

/* The number of groups, the same in each of their arrays. */
static int
CountGroups(const ArrayReader *argument)
{
	int			count = 0;

	for (int i = GROUP_DRIVER; i < ARGUMENTS; i++)
	{
		AnyArrayType *array = argument[i].array;
		int			own = ArrayGetNItems(AARR_NDIM(array), AARR_DIMS(array));

		if (AARR_NDIM(array) > 1)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("%s must have one dimension, not %d",
							argument[i].name, AARR_NDIM(array))));
		if (i == GROUP_DRIVER)
			count = own;
		else if (own != count)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("%s must have %d elements, as group_driver has, not %d",
							argument[i].name, count, own)));
	}
	return count;
}

/* Of an empty array the number of drivers is not known: any will do. */
static void
ReadSize(Month *month, AnyArrayType *quantities)
{
	month->drivers = PG_INT32_MAX;
	month->customers = 0;
	if (AARR_NDIM(quantities) == 0)
		return;
	if (AARR_NDIM(quantities) != 2)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("quantities must have two dimensions, not %d",
						AARR_NDIM(quantities))));
	month->drivers = AARR_DIMS(quantities)[0];
	month->customers = AARR_DIMS(quantities)[1];
	if (month->customers > MAX_CUSTOMERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("quantities must be of at most %d customers, not %d",
						MAX_CUSTOMERS, month->customers)));
}

static void
ReadDriver(const Month *month, Driver *driver, ArrayReader *reader)
{
	ExactColumn *quantities = &driver->quantities;
	MemoryContext caller = MemoryContextSwitchTo(month->work);

	ExactColumnInit(quantities, month->customers, month->context);
	driver->customer = HugeArray(month->context, month->customers,
								 sizeof(int32));
	for (int i = 0; i < month->customers; i++)
	{
		bool		isnull;
		Datum		quantity = NextNumeric(reader, &isnull);

		if (i % RESET_EVERY == 0)
		{
			MemoryContextReset(month->work);
			CHECK_FOR_INTERRUPTS();
		}
		if (isnull)
			continue;
		AppendNotNegative(quantities, quantity, reader->name);
		if (ExactColumnSign(quantities, quantities->count - 1) == 0)
			quantities->count--;
		else
			driver->customer[quantities->count - 1] = i;
	}
	MemoryContextSwitchTo(caller);
}

static void
ReadMonth(Month *month, FunctionCallInfo fcinfo, ArrayReader *quantities)
{
	Size		sums;

	month->context = CurrentMemoryContext;
	month->work = AllocSetContextCreate(month->context,
										"crmcost allocation of a group",
										ALLOCSET_DEFAULT_SIZES);
	month->result = (ReturnSetInfo *) fcinfo->resultinfo;
	ReadSize(month, quantities->array);
	month->driver = NULL;
	if (month->customers > 0)
	{
		month->driver = HugeArray(month->context, month->drivers,
								  sizeof(Driver));
		for (int i = 0; i < month->drivers; i++)
			ReadDriver(month, &month->driver[i], quantities);
	}
	sums = (Size) BUCKETS * month->customers;
	month->sum = HugeArray(month->context, sums, sizeof(num_i128));
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

	group.driver = NextInteger(&argument[GROUP_DRIVER], 1, month->drivers);
	group.bucket = NextInteger(&argument[GROUP_BUCKET], 1, BUCKETS);
	group.scale = NextInteger(&argument[GROUP_SCALE], 0, MONEY_SCALE);
	group.cost = NextCost(&argument[GROUP_COST]);
	CheckAllocationAmount(group.cost, group.scale, argument_name[GROUP_COST]);
	group.left = NextNumeric(&argument[GROUP_LEFT], &isnull);
	group.has_left = !isnull;
	return group;
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
	return (Size) (bucket - 1) * month->customers;
}

static void
AddParts(Month *month, const CostGroup *group, const Driver *driver,
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
	Size		count = (Size) BUCKETS * month->customers;
	Datum	   *wide = HugeArray(month->context, count, sizeof(Datum));

	for (Size i = 0; i < count; i++)
	{
		wide[i] = PointerGetDatum(NULL);
		POLL_AT(i);
	}
	return wide;
}

static void
AddWideParts(Month *month, const CostGroup *group, const Driver *driver,
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
		MemoryContext caller = MemoryContextSwitchTo(month->context);

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
	static const Driver none;
	const Driver *driver = month->driver != NULL ?
	&month->driver[group->driver - 1] : &none;
	ExactColumn parts;

	ExactColumnCopy(&parts, &driver->quantities, driver->quantities.count + 1,
					month->work);
	if (group->has_left)
		AppendNotNegative(&parts, group->left, argument_name[GROUP_LEFT]);
	*isnull = !LargestRemainder(group->cost, &parts, group->scale);
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
	MemoryContext caller = MemoryContextSwitchTo(month->work);

	for (int i = 0; i < month->customers; i++)
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
		MemoryContextReset(month->work);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * _allocate_groups(quantities numeric[], group_driver int[], group_bucket
 * int[], group_cost numeric[], group_scale int[], group_left numeric[]):
 * quantities by driver and customer, a NULL being 0.  Rows: position -g for
 * group g with what its left quantity got (0 without one, NULL if nothing was
 * allocated); then position i for customer i with a sum for each bucket.
 */
Datum
allocate_groups__allocate_groups(PG_FUNCTION_ARGS)
{
	ArrayReader argument[ARGUMENTS];
	Month		month;
	int			groups;

	for (int i = 0; i < ARGUMENTS; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be NULL", argument_name[i])));
		argument[i] = ReadArgument(fcinfo, i);
	}
	groups = CountGroups(argument);
	/* to look the columns up would leak, a little with each call of a query */
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	ReadMonth(&month, fcinfo, &argument[QUANTITIES]);
	for (int i = 0; i < groups; i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(month.work);
		CostGroup	group = ReadGroup(&month, argument);
		bool		isnull;
		Datum		unused = AllocateGroup(&month, &group, &isnull);

		PutRow(&month, -(i + 1), (Datum) 0, true, unused, isnull);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(month.work);
		CHECK_FOR_INTERRUPTS();
	}
	PutCustomers(&month);
	return (Datum) 0;
}
