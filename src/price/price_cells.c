/*
 * price_cells.c
 *	  The prices at which products were bought, for refresh.
 *
 * SQL: _price_cells(orders, tiers, schemes).
 *
 * An order has as many products as quantities and amounts; the price of a
 * product in it is the amount for one unit, to four decimals.  Prices and
 * quantities are gathered by product and by the tiers of who bought, which
 * are kept here as a number a customer: a join would hold their names.  Sums
 * and the lowest and highest price are exact; what _price_fits() takes are
 * doubles, those nearest to the decimals.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "price/price.h"
#include "state/decimal.h"
#include "state/huge_array.h"
#include "state/query_reader.h"
#include "state/sql_array.h"
#include "utils/array.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

SQL_FUNCTION(price_cells__price_cells);

#define PRICE_DECIMALS 4

/* the columns of the orders */
enum
{
	OF_BUYER, OF_PRODUCTS, OF_QUANTITIES, OF_AMOUNTS, OF_COLUMNS
};

static const QueryColumn order_column[OF_COLUMNS] = {
	{"the customer", INT8OID},
	{"the products", TEXTARRAYOID},
	{"the quantities", NUMERICARRAYOID},
	{"the amounts", NUMERICARRAYOID}
};

/* the columns of the tiers */
enum
{
	OF_CUSTOMER, OF_SCHEME, OF_TIER, TIER_COLUMNS
};

static const QueryColumn tier_column[TIER_COLUMNS] = {
	{"the customer", INT8OID},
	{"the scheme", TEXTOID},
	{"the tier", TEXTOID}
};

/* the columns of a cell */
enum
{
	PRODUCT, TIERS, QUANTITY, AMOUNT, LOWEST, HIGHEST, PRICES, QUANTITIES,
	CELL_COLUMNS
};

/*
 * a product by name and number of tiers, a tier by name and scheme, or tiers
 * by their numbers
 */
typedef struct CellKey
{
	const char *data;
	int32		length;
	int32		tiers;
} CellKey;

typedef struct CellEntry
{
	CellKey		key;
	int32		number;
	char		status;
} CellEntry;

static inline bool
SameKey(CellKey a, CellKey b)
{
	return a.length == b.length && a.tiers == b.tiers &&
		memcmp(a.data, b.data, a.length) == 0;
}

#define SH_PREFIX cells
#define SH_ELEMENT_TYPE CellEntry
#define SH_KEY_TYPE CellKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) \
	hash_combine(hash_bytes((const unsigned char *) (key).data, \
							(key).length), murmurhash32((key).tiers))
#define SH_EQUAL(table, a, b) SameKey(a, b)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* the tiers of a customer: which of them, then the number of all together */
typedef struct CustomerTiers
{
	int64		customer;
	int32		number;
	char		status;
} CustomerTiers;

#define SH_PREFIX buyers
#define SH_ELEMENT_TYPE CustomerTiers
#define SH_KEY_TYPE int64
#define SH_KEY customer
#define SH_HASH_KEY(table, key) murmurhash32((uint32) (key) ^ \
											 (uint32) ((uint64) (key) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* a product and the tiers of who bought it */
typedef struct PriceCell
{
	CellKey		key;
	int16		quantity_scale;
	int16		amount_scale;
	num_i256	quantity;
	num_i256	amount;
	num_i128	lowest;			/* prices times 10^PRICE_DECIMALS */
	num_i128	highest;
	double	   *price;
	double	   *quantity_at;	/* that price */
	int32		count;
	int32		room;
} PriceCell;

typedef struct PriceCells
{
	MemoryContext context;
	Datum	   *scheme;
	int			schemes;
	buyers_hash *buyers;
	int32	   *tier_of;		/* of each buyer and scheme, 0 for none */
	int32		tier_of_room;
	cells_hash *names;			/* of tiers */
	Datum	   *name;			/* by number, from 1 */
	int32		name_room;
	cells_hash *tiers;
	Datum	   *tier_array;		/* by number, from 1 */
	int32		tier_room;
	cells_hash *cells;
	PriceCell  *cell;			/* by number */
	int32		cell_room;
} PriceCells;

/* The entry of a key, added with the next number if it is new. */
static CellEntry *
FindEntry(PriceCells *all, cells_hash *table, CellKey key, bool *found)
{
	CellEntry  *entry = cells_lookup(table, key);
	char	   *copy;

	*found = entry != NULL;
	if (likely(*found))
		return entry;
	copy = MemoryContextAlloc(all->context, Max(key.length, 1));
	memcpy(copy, key.data, key.length);
	key.data = copy;
	entry = cells_insert(table, key, found);
	entry->number = table->members - 1;
	*found = false;
	return entry;
}

Datum *
ReadSchemes(Datum datum, int *count)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	Datum	   *schemes;

	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("schemes must not contain NULL")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &schemes, NULL,
					  count);
	return schemes;
}

static CellKey
TextKey(Datum datum, int32 number)
{
	const text *name = DatumGetTextPP(datum);
	CellKey		key = {VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), number};

	return key;
}

/* Which of the schemes, or -1. */
static int
FindScheme(const PriceCells *all, Datum datum)
{
	CellKey		key = TextKey(datum, 0);

	for (int i = 0; i < all->schemes; i++)
		if (SameKey(TextKey(all->scheme[i], 0), key))
			return i;
	return -1;
}

/* Notes a tier of a customer. */
static void
AddTier(PriceCells *all, const Datum *values)
{
	int			scheme = FindScheme(all, values[OF_SCHEME]);
	CustomerTiers *buyer;
	CellEntry  *entry;
	bool		found;

	if (scheme < 0)
		return;
	entry = FindEntry(all, all->names, TextKey(values[OF_TIER], scheme),
					  &found);
	if (!found)
	{
		all->name = HugeRoom(all->context, all->name, &all->name_room,
							 (int64) entry->number + 1, sizeof(Datum));
		all->name[entry->number] =
			PointerGetDatum(cstring_to_text_with_len(entry->key.data,
													 entry->key.length));
	}
	buyer = buyers_insert(all->buyers, DatumGetInt64(values[OF_CUSTOMER]),
						  &found);
	if (!found)
	{
		buyer->number = all->buyers->members - 1;
		all->tier_of = HugeRoom(all->context, all->tier_of, &all->tier_of_room,
								(int64) buyer->number + 1,
								all->schemes * sizeof(int32));
		memset(&all->tier_of[(Size) buyer->number * all->schemes], 0,
			   all->schemes * sizeof(int32));
	}
	all->tier_of[(Size) buyer->number * all->schemes + scheme] =
		entry->number + 1;
}

/* The number of tiers; 0 is that of none. */
static int32
TiersNumber(PriceCells *all, const int32 *tier)
{
	CellKey		key = {(const char *) tier, all->schemes * sizeof(int32), 0};
	bool		found;
	CellEntry  *entry = FindEntry(all, all->tiers, key, &found);

	if (!found)
	{
		Datum	   *name = palloc(all->schemes * sizeof(Datum));
		bool	   *null = palloc(all->schemes * sizeof(bool));
		ArrayType  *tiers;
		int			low = 1;

		for (int i = 0; i < all->schemes; i++)
		{
			null[i] = tier[i] == 0;
			name[i] = null[i] ? (Datum) 0 : all->name[tier[i] - 1];
		}
		all->tier_array = HugeRoom(all->context, all->tier_array,
								   &all->tier_room,
								   (int64) entry->number + 1, sizeof(Datum));
		tiers = construct_md_array(name, null, 1, &all->schemes, &low, TEXTOID,
								   -1, false, TYPALIGN_INT);
		all->tier_array[entry->number] = PointerGetDatum(tiers);
	}
	return entry->number + 1;
}

/* All tiers, and of each customer the number of those together. */
static void
ReadTiers(PriceCells *all, const char *query)
{
	QueryReader tiers;
	buyers_iterator i;
	CustomerTiers *buyer;

	QueryReaderBegin(&tiers, "tiers", query, TIER_COLUMNS, tier_column);
	while (QueryReaderNext(&tiers))
	{
		MemoryContext caller = MemoryContextSwitchTo(all->context);

		QueryRefuseNulls("tiers", tiers.nulls, TIER_COLUMNS, tier_column);
		AddTier(all, tiers.values);
		MemoryContextSwitchTo(caller);
	}
	QueryReaderEnd(&tiers);
	buyers_start_iterate(all->buyers, &i);
	while ((buyer = buyers_iterate(all->buyers, &i)) != NULL)
		buyer->number = TiersNumber(all, &all->tier_of[(Size) buyer->number *
													   all->schemes]);
}

static PriceCell *
FindCell(PriceCells *all, Datum product, int32 tiers)
{
	bool		found;
	CellEntry  *entry = FindEntry(all, all->cells, TextKey(product, tiers),
								  &found);

	if (!found)
	{
		all->cell = HugeRoom(all->context, all->cell, &all->cell_room,
							 (int64) entry->number + 1, sizeof(PriceCell));
		memset(&all->cell[entry->number], 0, sizeof(PriceCell));
		all->cell[entry->number].key = entry->key;
	}
	return &all->cell[entry->number];
}

/* a numeric, as an integer times 10^-scale if that fits */
typedef struct Decimal
{
	Datum		numeric;
	num_i128	value;
	int			scale;
	bool		fits;
} Decimal;

static inline Decimal
ReadDecimal(Datum numeric)
{
	Decimal		decimal = {.numeric = numeric};

	decimal.fits = DecimalRead(numeric, &decimal.value, &decimal.scale);
	return decimal;
}

static inline bool
IsPositive(const Decimal *decimal)
{
	if (likely(decimal->fits))
		return decimal->value > 0;
	return NumericSign(decimal->numeric) > 0;
}

/* The double nearest to a positive one; a quotient of exact ones is that. */
static double
NearestDouble(const Decimal *decimal)
{
	if (likely(decimal->fits && decimal->value <= (num_i128) 1 << 53 &&
			   decimal->scale <= NUM_POW10_64_MAX))
		return (double) (int64) decimal->value /
			(double) num_pow10_64[decimal->scale];
	return NumericToDouble(decimal->numeric);
}

/* The price to PRICE_DECIMALS, as an integer; a half is rounded up. */
static num_i128
Price(const Decimal *amount, const Decimal *quantity)
{
	num_i128	dividend;
	num_i128	divisor;
	num_i128	price;
	Datum		numeric;
	int			more = PRICE_DECIMALS + quantity->scale - amount->scale;

	if (likely(amount->fits && quantity->fits &&
			   num_i128_mul_pow10(amount->value, Max(more, 0), &dividend) &&
			   num_i128_mul_pow10(quantity->value, Max(-more, 0), &divisor) &&
			   dividend < NUM_I128_MAX / 4 && divisor < NUM_I128_MAX / 4))
		return (2 * dividend + divisor) / (2 * divisor);
	numeric = NumericRound(NumericDivide(amount->numeric, quantity->numeric),
						   PRICE_DECIMALS);
	if (!DecimalReadAtScale(numeric, PRICE_DECIMALS, &price))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("prices must be less than 10^34, not %s",
						NumericText(numeric))));
	return price;
}

static void
AddPoint(PriceCells *all, PriceCell *cell, num_i128 price,
		 const Decimal *quantity)
{
	Decimal		decimal = {0};
	int32		room = cell->room;

	decimal.value = price;
	decimal.scale = PRICE_DECIMALS;
	decimal.fits = true;
	if (unlikely(price > (num_i128) 1 << 53))
		decimal.numeric = DecimalNumeric(price, PRICE_DECIMALS);
	if (cell->count == 0 || price < cell->lowest)
		cell->lowest = price;
	cell->highest = Max(cell->highest, price);
	cell->price = HugeRoom(all->context, cell->price, &room,
						   (int64) cell->count + 1, sizeof(double));
	cell->quantity_at = HugeRoom(all->context, cell->quantity_at, &cell->room,
								 (int64) cell->count + 1, sizeof(double));
	cell->price[cell->count] = NearestDouble(&decimal);
	cell->quantity_at[cell->count++] = NearestDouble(quantity);
}

/* What has no positive quantity and price is in no price. */
static void
AddProduct(PriceCells *all, Datum product, int32 tiers, Decimal quantity,
		   Decimal amount)
{
	PriceCell  *cell;
	num_i128	price;

	if (!IsPositive(&quantity) || !IsPositive(&amount))
		return;
	price = Price(&amount, &quantity);
	if (price == 0)
		return;
	cell = FindCell(all, product, tiers);
	ExactSumAdd(&cell->quantity, &cell->quantity_scale, quantity.numeric,
				"quantities");
	ExactSumAdd(&cell->amount, &cell->amount_scale, amount.numeric, "amounts");
	AddPoint(all, cell, price, &quantity);
}

/* The elements of an array of an order, as many as its products. */
static Datum *
ReadElements(Datum datum, Oid type, int count, bool **nulls)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	Datum	   *elements;
	int			elements_count;

	deconstruct_array(array, type, -1, false, TYPALIGN_INT, &elements, nulls,
					  &elements_count);
	if (count >= 0 && elements_count != count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("orders must have a quantity and an amount for each of %d products, not %d",
						count, elements_count)));
	return elements;
}

/* A quantity that is not known has no price. */
static void
AddOrder(PriceCells *all, const Datum *values)
{
	const CustomerTiers *buyer =
	buyers_lookup(all->buyers, DatumGetInt64(values[OF_BUYER]));
	int32		tiers = buyer != NULL ? buyer->number : 0;
	ArrayType  *array = DatumGetArrayTypeP(values[OF_PRODUCTS]);
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	bool	   *no_product;
	bool	   *no_quantity;
	bool	   *no_amount;
	Datum	   *product = ReadElements(values[OF_PRODUCTS], TEXTOID, count,
									   &no_product);
	Datum	   *quantity = ReadElements(values[OF_QUANTITIES], NUMERICOID,
										count, &no_quantity);
	Datum	   *amount = ReadElements(values[OF_AMOUNTS], NUMERICOID, count,
									  &no_amount);

	for (int i = 0; i < count; i++)
	{
		if (!no_product[i] && !no_quantity[i] && !no_amount[i])
			AddProduct(all, product[i], tiers, ReadDecimal(quantity[i]),
					   ReadDecimal(amount[i]));
		POLL_AT(i);
	}
}

static void
ReadOrders(PriceCells *all, QueryReader *orders)
{
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext,
											   "one order",
											   ALLOCSET_DEFAULT_SIZES);

	while (QueryReaderNext(orders))
	{
		MemoryContext caller = MemoryContextSwitchTo(work);

		QueryRefuseNulls("orders", orders->nulls, OF_COLUMNS, order_column);
		AddOrder(all, orders->values);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(work);
	}
}

static void
PutCell(const PriceCells *all, const PriceCell *cell, ReturnSetInfo *result)
{
	int32		tiers = cell->key.tiers;
	ExactSum	quantity = ExactSumOf(&cell->quantity, cell->quantity_scale);
	ExactSum	amount = ExactSumOf(&cell->amount, cell->amount_scale);
	Size		size = cell->count * sizeof(double);
	text	   *product = cstring_to_text_with_len(cell->key.data,
												   cell->key.length);
	Datum		values[CELL_COLUMNS] = {
		[PRODUCT] = PointerGetDatum(product),
		[TIERS] = tiers > 0 ? all->tier_array[tiers - 1] : (Datum) 0,
		[QUANTITY] = ExactSumNumeric(&quantity),
		[AMOUNT] = ExactSumNumeric(&amount),
		[LOWEST] = DecimalNumeric(cell->lowest, PRICE_DECIMALS),
		[HIGHEST] = DecimalNumeric(cell->highest, PRICE_DECIMALS),
		[PRICES] = SqlArray(FLOAT8OID, cell->price, size, cell->count,
							"prices of a product"),
		[QUANTITIES] = SqlArray(FLOAT8OID, cell->quantity_at, size,
								cell->count, "quantities of a product")
	};
	bool		nulls[CELL_COLUMNS] = {[TIERS] = tiers == 0};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * _price_cells(orders text, tiers text, schemes text[]): the prices in the
 * orders of a query, a row for each product and the tiers of who bought it, as
 * another query has those of the schemes.
 */
Datum
price_cells__price_cells(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *tiers = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	QueryReader orders;
	PriceCells	all = {0};
	MemoryContext work;
	MemoryContext caller;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	all.scheme = ReadSchemes(PG_GETARG_DATUM(2), &all.schemes);
	SPI_connect();
	all.context = CurrentMemoryContext;
	all.cells = cells_create(all.context, 1024, NULL);
	all.tiers = cells_create(all.context, 64, NULL);
	all.names = cells_create(all.context, 64, NULL);
	all.buyers = buyers_create(all.context, 1024, NULL);
	ReadTiers(&all, tiers);
	QueryReaderBegin(&orders, "orders", query, OF_COLUMNS, order_column);
	ReadOrders(&all, &orders);
	QueryReaderEnd(&orders);
	work = AllocSetContextCreate(CurrentMemoryContext, "one cell",
								 ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(work);
	for (uint32 i = 0; i < all.cells->members; i++)
	{
		PutCell(&all, &all.cell[i], result);
		MemoryContextReset(work);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(caller);
	SPI_finish();
	return (Datum) 0;
}
