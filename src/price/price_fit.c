/*
 * price_fit.c
 *	  The price elasticity of quantity, for refresh.
 *
 * SQL: _price_fit(prices, quantities).
 *
 * Quantities at the same price are added up.  Over the prices the logarithm of
 * the quantity is regressed on that of the price, by least squares: with x and
 * y less their means, the slope is sum(xy) / sum(xx), and R squared is
 * sum(xy)^2 / (sum(xx) sum(yy)), 1 where all quantities are equal.  Sums are
 * taken in order of price, then quantity, so that they do not depend on the
 * order of the rows.
 */
#include "crmcost.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "state/huge_array.h"
#include "utils/array.h"

SQL_FUNCTION(price_fit__price_fit);

typedef struct PricePoint
{
	double		price;
	double		quantity;
} PricePoint;

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
ReadColumn(ArrayType *array, const char *argument)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have one dimension, not %d", argument,
						ARR_NDIM(array))));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", argument)));
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

/* The points in order, one a price; returns how many. */
static int
AddUpPoints(PricePoint *points, int count)
{
	int			last = 0;

	SortPoints(points, count);
	for (int i = 1; i < count; i++)
	{
		if (points[i].price == points[last].price)
		{
			points[last].quantity += points[i].quantity;
			CheckFinite(points[last].quantity, "quantities of a price");
		}
		else
			points[++last] = points[i];
		POLL_AT(i);
	}
	return count > 0 ? last + 1 : 0;
}

/*
 * Puts slope and R squared into fit, both NULL with a single price; of the
 * points the logarithms are left.
 */
static void
FitPoints(PricePoint *points, int count, Datum *fit, bool *nulls)
{
	double		mean_x = 0;
	double		mean_y = 0;
	double		xx = 0;
	double		xy = 0;
	double		yy = 0;

	for (int i = 0; i < count; i++)
	{
		points[i].price = log(points[i].price);
		points[i].quantity = log(points[i].quantity);
		mean_x += points[i].price / count;
		mean_y += points[i].quantity / count;
		POLL_AT(i);
	}
	for (int i = 0; i < count; i++)
	{
		double		x = points[i].price - mean_x;
		double		y = points[i].quantity - mean_y;

		xx += x * x;
		xy += x * y;
		yy += y * y;
		POLL_AT(i);
	}
	nulls[0] = nulls[1] = count < 2 || !(xx > 0);
	if (nulls[0])
		return;
	fit[0] = Float8GetDatum(xy / xx);
	/* rounding may exceed 1 */
	fit[1] = Float8GetDatum(yy > 0 ? Min(xy * xy / (xx * yy), 1.0) : 1.0);
}

/*
 * _price_fit(prices float8[], quantities float8[]): number of different
 * prices, slope and R squared.
 */
Datum
price_fit__price_fit(PG_FUNCTION_ARGS)
{
	ArrayType  *price_array = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *quantity_array = PG_GETARG_ARRAYTYPE_P(1);
	const double *prices = ReadColumn(price_array, "prices");
	const double *quantities = ReadColumn(quantity_array, "quantities");
	int			count = ArrayGetNItems(ARR_NDIM(price_array),
									   ARR_DIMS(price_array));
	PricePoint *points;
	Datum		fit[3];
	bool		nulls[3] = {false};
	int			dimension = 3;
	int			low = 1;

	if (ArrayGetNItems(ARR_NDIM(quantity_array),
					   ARR_DIMS(quantity_array)) != count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("quantities must have as many elements as prices, %d",
						count)));
	points = HugeArray(CurrentMemoryContext, count, sizeof(PricePoint));
	for (int i = 0; i < count; i++)
	{
		CheckPositive(prices[i], "prices");
		CheckPositive(quantities[i], "quantities");
		points[i].price = prices[i];
		points[i].quantity = quantities[i];
		POLL_AT(i);
	}
	count = AddUpPoints(points, count);
	fit[0] = Float8GetDatum(count);
	FitPoints(points, count, fit + 1, nulls + 1);
	PG_RETURN_ARRAYTYPE_P(construct_md_array(fit, nulls, 1, &dimension, &low,
											 FLOAT8OID, sizeof(float8),
											 FLOAT8PASSBYVAL,
											 TYPALIGN_DOUBLE));
}
