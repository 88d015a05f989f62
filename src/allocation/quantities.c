/*
 * quantities.c
 *	  How much customers have of drivers, read from arrays.
 */
#include "crmcost.h"

#include "allocation/quantities.h"
#include "catalog/pg_type.h"
#include "state/huge_array.h"
#include "utils/memutils.h"

/* sums are at most as many as an array could hold */
#define MAX_CUSTOMERS ((1 << 27) / BUCKETS)

/* what reading a quantity leaves behind is freed every so many of them */
#define RESET_EVERY 1024

ArrayReader
ReadArgument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	ArrayReader reader;

	memset(&reader, 0, sizeof(reader));
	reader.name = name;
	if (!PG_ARGISNULL(argument))
	{
		reader.array = PG_GETARG_ANY_ARRAY_P(argument);
		array_iter_setup(&reader.iterator, reader.array);
	}
	return reader;
}

static void
RefuseNull(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s must not contain NULL", name)));
}

void
RefuseNullArgument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be NULL", name)));
}

Datum
NextNotNull(ArrayReader *reader)
{
	bool		isnull;
	Datum		value = NextNumeric(reader, &isnull);

	if (isnull)
		RefuseNull(reader->name);
	return value;
}

int
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

/* The next place among customers, counted from 1; 0 for NULL. */
int
NextPlace(ArrayReader *reader)
{
	bool		isnull;
	Datum		value = array_iter_next(&reader->iterator, &isnull,
										reader->next++, sizeof(int32), true,
										TYPALIGN_INT);

	return isnull ? 0 : Max(DatumGetInt32(value), 0);
}

/*
 * The number of groups, the same in each of their arrays that is there: all
 * arguments but the first, the second of which is group_driver.
 */
int
CountGroups(const ArrayReader *argument, int arguments)
{
	int			count = 0;

	for (int i = 1; i < arguments; i++)
	{
		AnyArrayType *array = argument[i].array;
		int			own;

		if (array == NULL)
			continue;
		own = ArrayGetNItems(AARR_NDIM(array), AARR_DIMS(array));
		if (AARR_NDIM(array) > 1)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("%s must have one dimension, not %d",
							argument[i].name, AARR_NDIM(array))));
		if (i == 1)
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
ReadSize(Quantities *all, AnyArrayType *quantities)
{
	all->drivers = PG_INT32_MAX;
	all->customers = 0;
	if (AARR_NDIM(quantities) == 0)
		return;
	if (AARR_NDIM(quantities) != 2)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("quantities must have two dimensions, not %d",
						AARR_NDIM(quantities))));
	all->drivers = AARR_DIMS(quantities)[0];
	all->customers = AARR_DIMS(quantities)[1];
	if (all->customers > MAX_CUSTOMERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("quantities must be of at most %d customers, not %d",
						MAX_CUSTOMERS, all->customers)));
}

static void
ReadDriver(const Quantities *all, DriverColumn *driver, ArrayReader *reader)
{
	ExactColumn *quantities = &driver->quantities;
	MemoryContext caller = MemoryContextSwitchTo(all->work);

	ExactColumnInit(quantities, all->customers, all->context);
	driver->customer = HugeArray(all->context, all->customers,
								 sizeof(int32));
	for (int i = 0; i < all->customers; i++)
	{
		bool		isnull;
		Datum		quantity = NextNumeric(reader, &isnull);

		if (i % RESET_EVERY == 0)
		{
			MemoryContextReset(all->work);
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

void
ReadQuantities(Quantities *all, ArrayReader *quantities)
{
	all->context = CurrentMemoryContext;
	all->work = AllocSetContextCreate(all->context,
									  "crmcost allocation of a group",
									  ALLOCSET_DEFAULT_SIZES);
	ReadSize(all, quantities->array);
	all->driver = NULL;
	if (all->customers > 0)
	{
		all->driver = HugeArray(all->context, all->drivers,
								sizeof(DriverColumn));
		for (int i = 0; i < all->drivers; i++)
			ReadDriver(all, &all->driver[i], quantities);
	}
}
