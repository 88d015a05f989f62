/*
 * price_fit.c
 *	  How quantities followed prices, by product and tier, for refresh.
 *
 * SQL: _price_fits(cells, schemes).
 *
 * A cell is a product and the tiers of its buyers, one a scheme; a group the
 * cells with one tier of a scheme, or all.  Quantities at the same price are
 * added up.  Over the prices of a group the logarithm of the quantity is
 * regressed on that of the price, by least squares: with x and y less their
 * means, the slope is sum(xy) / sum(xx), and R squared is
 * sum(xy)^2 / (sum(xx) sum(yy)), 1 where all quantities are equal.  Sums are
 * taken in order of price, then quantity, so that they do not depend on the
 * order of the rows; a product is sorted once for all its groups.
 */
#include "crmcost.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "price/price.h"
#include "state/decimal.h"
#include "state/huge_array.h"
#include "state/query_reader.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

SQL_FUNCTION(price_fit__price_fits);

/* the columns of the cells */
enum
{
	PRODUCT, TIERS, QUANTITY, AMOUNT, LOWEST, HIGHEST, PRICES, QUANTITIES,
	CELL_COLUMNS
};

static const QueryColumn cell_column[CELL_COLUMNS] = {
	{"the product", TEXTOID},
	{"the tiers", TEXTARRAYOID},
	{"the quantity", NUMERICOID},
	{"the amount", NUMERICOID},
	{"the lowest price", NUMERICOID},
	{"the highest price", NUMERICOID},
	{"the prices", FLOAT8ARRAYOID},
	{"the quantities", FLOAT8ARRAYOID}
};

/* the columns of what is told of a group */
enum
{
	OF_PRODUCT, OF_SCHEME, OF_TIER, COUNT, OF_QUANTITY, OF_AMOUNT, OF_LOWEST,
	OF_HIGHEST, SLOPE, FIT, GROUP_COLUMNS
};

typedef struct PricePoint
{
	double		price;
	double		quantity;
	double		log_price;
	double		log_quantity;
	int32		cell;
} PricePoint;

/* a price of a group; the logarithm of an only quantity is known */
typedef struct GroupPoint
{
	double		price;
	double		quantity;
	double		x;
	double		y;
	bool		is_sum;
} GroupPoint;

/* all cells (scheme 0), or those with a tier */
typedef struct PriceGroup
{
	int			scheme;
	Datum		tier;
	num_i256	quantity;
	num_i256	amount;
	int16		quantity_scale;
	int16		amount_scale;
	Datum		lowest;
	Datum		highest;
	int32		room;
	int32		count;
	GroupPoint *point;
} PriceGroup;

/* what there is of a product */
typedef struct PriceTable
{
	MemoryContext context;
	Datum	   *scheme;			/* from 1 */
	int			sets;			/* schemes, and all */
	Datum		name;			/* 0 for none */
	PricePoint *point;
	int32		points;
	int32		point_room;
	PriceGroup *group;
	int32		groups;
	int32		group_room;
	int32	   *group_of;		/* of each cell and set, -1 for none */
	int32		cells;
	int32		cell_room;
} PriceTable;

static inline int
ComparePoints(const PricePoint *a, const PricePoint *b)
{
	if (a->price != b->price)
		return a->price < b->price ? -1 : 1;
	if (a->quantity != b->quantity)
		return a->quantity < b->quantity ? -1 : 1;
	return 0;
}

#define ST_SORT SortPoints
#define ST_ELEMENT_TYPE PricePoint
#define ST_COMPARE(a, b) ComparePoints(a, b)
#define ST_CHECK_FOR_INTERRUPTS
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

static const double *
ReadColumn(Datum datum, const char *argument, int *count)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have one dimension, not %d", argument,
						ARR_NDIM(array))));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", argument)));
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (const double *) ARR_DATA_PTR(array);
}

static void
CheckPositive(double value, const char *argument)
{
	CheckFinite(value, argument);
	if (!(value > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be positive, not %g", argument, value)));
}

/* Adds the points of a cell; returns how many. */
static int
AddPoints(PriceTable *table, const Datum *values)
{
	int			count;
	int			quantities;
	const double *price = ReadColumn(values[PRICES], "prices", &count);
	const double *quantity = ReadColumn(values[QUANTITIES], "quantities",
										&quantities);

	if (quantities != count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("quantities must have as many elements as prices, %d",
						count)));
	table->point = HugeRoom(table->context, table->point, &table->point_room,
							(int64) table->points + count,
							sizeof(PricePoint));
	for (int i = 0; i < count; i++)
	{
		CheckPositive(price[i], "prices");
		CheckPositive(quantity[i], "quantities");
		table->point[table->points++] = (PricePoint)
		{
			.price = price[i],
				.quantity = quantity[i],
				.log_price = log(price[i]),
				.log_quantity = log(quantity[i]),
				.cell = table->cells
		};
		POLL_AT(i);
	}
	return count;
}

/* The group of a tier of a scheme, added if it is new; tiers are few. */
static int32
FindGroup(PriceTable *table, int scheme, Datum tier)
{
	PriceGroup *group;

	for (int32 i = 0; i < table->groups; i++)
	{
		group = &table->group[i];
		if (group->scheme == scheme &&
			(scheme == 0 ||
			 (VARSIZE_ANY_EXHDR(group->tier) == VARSIZE_ANY_EXHDR(tier) &&
			  memcmp(VARDATA_ANY(group->tier), VARDATA_ANY(tier),
					 VARSIZE_ANY_EXHDR(tier)) == 0)))
			return i;
	}
	table->group = HugeRoom(table->context, table->group, &table->group_room,
							table->groups + 1, sizeof(PriceGroup));
	group = &table->group[table->groups];
	memset(group, 0, sizeof(PriceGroup));
	group->scheme = scheme;
	if (scheme > 0)
		group->tier = datumCopy(tier, false, -1);
	return table->groups++;
}

static void
AddToGroup(PriceTable *table, int32 number, const Datum *values, int count)
{
	PriceGroup *group = &table->group[number];

	ExactSumAdd(&group->quantity, &group->quantity_scale, values[QUANTITY],
				"quantities");
	ExactSumAdd(&group->amount, &group->amount_scale, values[AMOUNT],
				"amounts");
	if (group->lowest == (Datum) 0 ||
		NumericCompare(values[LOWEST], group->lowest) < 0)
		group->lowest = datumCopy(values[LOWEST], false, -1);
	if (group->highest == (Datum) 0 ||
		NumericCompare(values[HIGHEST], group->highest) > 0)
		group->highest = datumCopy(values[HIGHEST], false, -1);
	group->room += count;
}

static void
AddCell(PriceTable *table, const Datum *values, const bool *nulls)
{
	int			count = AddPoints(table, values);
	Datum	   *tier = NULL;
	bool	   *no_tier = NULL;
	int			tiers = 0;
	int32	   *group_of;

	if (!nulls[TIERS])
		deconstruct_array(DatumGetArrayTypeP(values[TIERS]), TEXTOID, -1,
						  false, TYPALIGN_INT, &tier, &no_tier, &tiers);
	table->group_of = HugeRoom(table->context, table->group_of,
							   &table->cell_room,
							   ((int64) table->cells + 1) * table->sets,
							   sizeof(int32));
	group_of = &table->group_of[(Size) table->cells++ * table->sets];
	for (int i = 0; i < table->sets; i++)
	{
		group_of[i] = -1;
		if (i > 0 && (i > tiers || no_tier[i - 1]))
			continue;
		group_of[i] = FindGroup(table, i, i > 0 ? tier[i - 1] : (Datum) 0);
		AddToGroup(table, group_of[i], values, count);
	}
}

/* The next point of a group, in order of price. */
static void
AddGroupPoint(PriceTable *table, PriceGroup *group, const PricePoint *point)
{
	GroupPoint *last;

	if (group->point == NULL)
		group->point = HugeArray(table->context, group->room,
								 sizeof(GroupPoint));
	last = group->count > 0 ? &group->point[group->count - 1] : NULL;
	if (last == NULL || last->price != point->price)
	{
		group->point[group->count++] = (GroupPoint)
		{
			.price = point->price,
				.quantity = point->quantity,
				.x = point->log_price,
				.y = point->log_quantity
		};
		return;
	}
	last->quantity += point->quantity;
	CheckFinite(last->quantity, "quantities of a price");
	last->is_sum = true;
}

/* Slope and R squared, both NULL with a single price. */
static void
FitGroup(PriceGroup *group, Datum *values, bool *nulls)
{
	double		mean_x = 0;
	double		mean_y = 0;
	double		xx = 0;
	double		xy = 0;
	double		yy = 0;

	for (int i = 0; i < group->count; i++)
	{
		if (group->point[i].is_sum)
			group->point[i].y = log(group->point[i].quantity);
		mean_x += group->point[i].x / group->count;
		mean_y += group->point[i].y / group->count;
		POLL_AT(i);
	}
	for (int i = 0; i < group->count; i++)
	{
		double		x = group->point[i].x - mean_x;
		double		y = group->point[i].y - mean_y;

		xx += x * x;
		xy += x * y;
		yy += y * y;
		POLL_AT(i);
	}
	nulls[SLOPE] = nulls[FIT] = group->count < 2 || !(xx > 0);
	if (nulls[SLOPE])
		return;
	values[SLOPE] = Float8GetDatum(xy / xx);
	/* rounding may exceed 1 */
	values[FIT] = Float8GetDatum(yy > 0 ? Min(xy * xy / (xx * yy), 1.0) : 1.0);
}

static void
PutGroup(const PriceTable *table, PriceGroup *group, ReturnSetInfo *result)
{
	ExactSum	quantity = ExactSumOf(&group->quantity, group->quantity_scale);
	ExactSum	amount = ExactSumOf(&group->amount, group->amount_scale);
	bool		nulls[GROUP_COLUMNS] = {[OF_SCHEME] = group->scheme == 0,
	[OF_TIER] = group->scheme == 0};
	Datum		values[GROUP_COLUMNS] = {
		[OF_PRODUCT] = table->name,
		[OF_TIER] = group->tier,
		[COUNT] = Int64GetDatum(group->count),
		[OF_QUANTITY] = ExactSumNumeric(&quantity),
		[OF_AMOUNT] = ExactSumNumeric(&amount),
		[OF_LOWEST] = group->lowest,
		[OF_HIGHEST] = group->highest
	};

	if (group->scheme > 0)
		values[OF_SCHEME] = table->scheme[group->scheme - 1];
	FitGroup(group, values, nulls);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* One set of groups after the other: they hold all points once more. */
static void
PutProduct(PriceTable *table, ReturnSetInfo *result)
{
	SortPoints(table->point, table->points);
	for (int set = 0; set < table->sets; set++)
	{
		for (int i = 0; i < table->points; i++)
		{
			const PricePoint *point = &table->point[i];
			int32		number =
			table->group_of[(Size) point->cell * table->sets + set];

			if (number >= 0)
				AddGroupPoint(table, &table->group[number], point);
			POLL_AT(i);
		}
		for (int32 i = 0; i < table->groups; i++)
		{
			PriceGroup *group = &table->group[i];

			if (group->scheme != set)
				continue;
			PutGroup(table, group, result);
			if (group->point != NULL)
				pfree(group->point);
		}
	}
}

/* Forgets all of a product. */
static void
ForgetProduct(PriceTable *table)
{
	PriceTable	empty = {
		.context = table->context,
		.scheme = table->scheme,
		.sets = table->sets
	};

	MemoryContextReset(table->context);
	*table = empty;
}

static bool
IsProduct(const PriceTable *table, Datum name)
{
	Size		length = VARSIZE_ANY_EXHDR(name);

	return table->name != (Datum) 0 &&
		VARSIZE_ANY_EXHDR(table->name) == length &&
		memcmp(VARDATA_ANY(table->name), VARDATA_ANY(name), length) == 0;
}

/* Only the tiers may be NULL. */
static void
AddRow(PriceTable *table, const Datum *values, bool *nulls,
	   ReturnSetInfo *result)
{
	Datum		name;
	bool		no_tiers = nulls[TIERS];

	nulls[TIERS] = false;
	QueryRefuseNulls("cells", nulls, CELL_COLUMNS, cell_column);
	nulls[TIERS] = no_tiers;
	name = PointerGetDatum(DatumGetTextPP(values[PRODUCT]));
	if (!IsProduct(table, name))
	{
		PutProduct(table, result);
		ForgetProduct(table);
		table->name =
			PointerGetDatum(DatumGetTextPCopy(values[PRODUCT]));
	}
	AddCell(table, values, nulls);
}

/*
 * _price_fits(cells text, schemes text[]): of the cells of a query, those of a
 * product together, a row for each product and the tiers of each scheme, the
 * scheme and tier of all being NULL.
 */
Datum
price_fit__price_fits(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	QueryReader cells;
	PriceTable	table = {0};
	MemoryContext caller;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	table.scheme = ReadSchemes(PG_GETARG_DATUM(1), &table.sets);
	table.sets++;
	SPI_connect();
	table.context = AllocSetContextCreate(CurrentMemoryContext, "one product",
										  ALLOCSET_DEFAULT_SIZES);
	QueryReaderBegin(&cells, "cells", query, CELL_COLUMNS, cell_column);
	while (QueryReaderNext(&cells))
	{
		caller = MemoryContextSwitchTo(table.context);
		AddRow(&table, cells.values, cells.nulls, result);
		MemoryContextSwitchTo(caller);
	}
	caller = MemoryContextSwitchTo(table.context);
	PutProduct(&table, result);
	MemoryContextSwitchTo(caller);
	QueryReaderEnd(&cells);
	SPI_finish();
	return (Datum) 0;
}
