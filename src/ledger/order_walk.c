/*
 * order_walk.c
 *	  Orders, what customers bought, and what they bought a month, of the
 *	  lines of sales.
 *
 * SQL, in file order: _walk_orders.
 *
 * Lines come in the order of customers, of their orders and of the products in
 * these, so that one pass over them is enough: an order is over with the last
 * of its lines, a customer with the last of his orders.  What an order is, and
 * in which month it counts, is told by 32_order.sql.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "ledger/month.h"
#include "state/decimal.h"
#include "state/query_reader.h"
#include "state/table_fill.h"
#include "utils/array.h"
#include "utils/memutils.h"

SQL_FUNCTION(order_walk__walk_orders);

#define QUERY "query"

/* the columns of the lines; those from LINE_PRODUCT on may be NULL */
enum
{
	LINE_CUSTOMER, LINE_SOURCE, LINE_REF, LINE_OWN, LINE_AT, LINE_ON,
	LINE_MONTH, LINE_COUNTED, LINE_PURCHASE, LINE_REFUND, LINE_PLACED,
	LINE_NEW, LINE_ID, LINE_CHANNEL, LINE_CAMPAIGN, LINE_CURRENCY,
	LINE_PAID, LINE_PRODUCT, LINE_AMOUNT, LINE_MARGIN, LINE_DISCOUNT,
	LINE_QUANTITY, LINE_COLUMNS
};

static const QueryColumn line_column[LINE_COLUMNS] = {
	{"customer", INT8OID},
	{"source", TEXTOID},
	{"reference of the order", TEXTOID},
	{"number of an order of its own", INT8OID},
	{"instant", TIMESTAMPTZOID},
	{"day", DATEOID},
	{"month", DATEOID},
	{"month in which its order counts", DATEOID},
	{"whether it is a purchase", BOOLOID},
	{"whether it is a refund", BOOLOID},
	{"whether its order was placed before", BOOLOID},
	{"whether it is a line of its month", BOOLOID},
	{"number", INT8OID},
	{"channel", TEXTOID},
	{"campaign", TEXTOID},
	{"currency", TEXTOID},
	{"amount in it", NUMERICOID},
	{"product", TEXTOID},
	{"amount", NUMERICOID},
	{"margin", NUMERICOID},
	{"discount", NUMERICOID},
	{"quantity", NUMERICOID}
};

/* the columns of refresh_order, refresh_bought and refresh_sold */
static const Oid order_type[] = {
	INT8OID, TEXTOID, TEXTOID, INT8OID, BOOLOID, TIMESTAMPTZOID, DATEOID,
	DATEOID, INT4OID, NUMERICOID, NUMERICOID, NUMERICOID, NUMERICOID, TEXTOID,
	TEXTOID, TEXTARRAYOID, NUMERICARRAYOID, NUMERICARRAYOID
};

static const Oid bought_type[] = {
	INT8OID, TEXTOID, INT8OID, NUMERICOID, NUMERICOID, DATEOID
};

static const Oid sold_type[] = {
	INT8OID, DATEOID, INT8OID, INT8OID, NUMERICOID, NUMERICOID, NUMERICOID,
	NUMERICOID
};

/* before all days, for what has none */
#define NO_DAY DATEVAL_NOBEGIN

/* what a customer bought of a product, in one order or in several */
typedef struct Bought
{
	text	   *product;
	int64		orders;
	DateADT		last_on;		/* NO_DAY without an order */
	PartialSum	quantity;
	PartialSum	amount;
} Bought;

/* what was sold to a customer in a month */
typedef struct Sold
{
	DateADT		month;
	int64		orders;
	int64		lines;
	PartialSum	amount;
	PartialSum	margin;
	PartialSum	discount;
	PartialSum	refund;
} Sold;

/* what was paid of an order in a currency, without refunds */
typedef struct Paid
{
	text	   *currency;
	PartialSum	amount;
	struct Paid *next;
} Paid;

/* an order, as far as its lines were read */
typedef struct Order
{
	text	   *source;
	text	   *ref;
	int64		own;
	int32		purchases;
	bool		uncorrected;
	bool		unrated;
	bool		placed;
	TimestampTz at;				/* of the last purchase, or else line */
	DateADT		on;
	DateADT		last_month;
	DateADT		counted;		/* of a closed month, else NO_DAY */
	bool		any_closed;
	bool		closed_uncorrected;
	PartialSum	closed_sold;
	PartialSum	sold;
	PartialSum	amount;
	PartialSum	margin;
	PartialSum	discount;
	PartialSum	refund;
	Paid	   *paid;
	/* the line that dates it, and where that sold */
	bool		dated_by_purchase;
	TimestampTz dated_at;
	int64		dated_by;
	text	   *channel;
	text	   *campaign;
	int			first;			/* of its products in those of the customer */
} Order;

typedef struct Walk
{
	DestReceiver receiver;		/* must be first */
	DateADT		open_month;
	TableFill	orders;
	TableFill	bought;
	TableFill	sold;
	MemoryContext of_customer;
	MemoryContext of_order;
	bool		any;
	int64		customer;
	Order		order;
	bool		in_product;		/* the last product is that of the line */
	int			products;
	int			room;
	Bought	   *product;
	int			months;
	int			month_room;
	Sold	   *month;
	int			last_month;
} Walk;

static bool
SameText(const text *one, Datum other)
{
	text	   *packed = DatumGetTextPP(other);
	Size		length = VARSIZE_ANY_EXHDR(one);

	return length == VARSIZE_ANY_EXHDR(packed) &&
		memcmp(VARDATA_ANY(one), VARDATA_ANY(packed), length) == 0;
}

static text *
CopyText(Datum value, MemoryContext context)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);
	text	   *copy = MemoryContextAlloc(context, VARSIZE_ANY(packed));

	memcpy(copy, packed, VARSIZE_ANY(packed));
	return copy;
}

/* As the query orders texts: by their bytes. */
static int
CompareProducts(const void *a, const void *b, void *arg)
{
	const text *one = ((const Bought *) a)->product;
	const text *other = ((const Bought *) b)->product;
	Size		length = VARSIZE_ANY_EXHDR(one);
	Size		other_length = VARSIZE_ANY_EXHDR(other);
	int			order = memcmp(VARDATA_ANY(one), VARDATA_ANY(other),
							   Min(length, other_length));

	if (order != 0)
		return order;
	return (length > other_length) - (length < other_length);
}

/* Puts what was bought of the same product together, from the first on. */
static void
CombineProducts(Walk *walk)
{
	int			kept = 0;

	qsort_interruptible(walk->product, walk->products, sizeof(Bought),
						CompareProducts, NULL);
	for (int i = 1; i < walk->products; i++)
	{
		Bought	   *last = &walk->product[kept];
		const Bought *next = &walk->product[i];

		if (CompareProducts(last, next, NULL) != 0)
		{
			walk->product[++kept] = *next;
			continue;
		}
		last->orders += next->orders;
		last->last_on = Max(last->last_on, next->last_on);
		PartialSumCombine(&last->quantity, &next->quantity, QUERY);
		PartialSumCombine(&last->amount, &next->amount, QUERY);
	}
	walk->products = Min(walk->products, kept + 1);
}

static void
GrowProducts(Walk *walk)
{
	walk->room *= 2;
	walk->product = repalloc_huge(walk->product, walk->room * sizeof(Bought));
}

static Bought *
AddProduct(Walk *walk)
{
	if (walk->products == walk->room)
		GrowProducts(walk);
	memset(&walk->product[walk->products], 0, sizeof(Bought));
	return &walk->product[walk->products++];
}

static Sold *
FindMonth(Walk *walk, DateADT month)
{
	if (walk->last_month < walk->months &&
		walk->month[walk->last_month].month == month)
		return &walk->month[walk->last_month];
	for (walk->last_month = 0; walk->last_month < walk->months;
		 walk->last_month++)
		if (walk->month[walk->last_month].month == month)
			return &walk->month[walk->last_month];
	if (walk->months == walk->month_room)
	{
		walk->month_room *= 2;
		walk->month = repalloc_huge(walk->month,
									walk->month_room * sizeof(Sold));
	}
	memset(&walk->month[walk->months], 0, sizeof(Sold));
	walk->month[walk->months].month = month;
	return &walk->month[walk->months++];
}

static bool
IsPaid(const Order *order)
{
	for (const Paid *paid = order->paid; paid != NULL; paid = paid->next)
		if (PartialSumIsPositive(&paid->amount))
			return true;
	return false;
}

/* Without corrections it exists, also for nothing. */
static bool
IsOrder(const Order *order)
{
	if (order->purchases == 0)
		return false;
	if (order->uncorrected)
		return true;
	return order->unrated ? IsPaid(order) :
		PartialSumIsPositive(&order->sold);
}

/* Once counted in a month that is closed, an order stays there. */
static DateADT
MonthCounted(const Walk *walk, const Order *order, bool is_order)
{
	bool		stays = order->unrated || order->placed ||
	PartialSumIsPositive(&order->closed_sold) ||
	(order->any_closed && order->closed_uncorrected);

	if (order->purchases == 0)
		return order->last_month;
	if (!is_order)
		return MonthOf(order->on);
	if (stays && order->counted != NO_DAY)
		return order->counted;
	return Max(MonthOf(order->on), walk->open_month);
}

/*
 * What an order holds: what corrections leave of a product, if that is
 * positive.
 */
static void
PutProducts(Walk *walk, bool is_order, Datum *values)
{
	Order	   *order = &walk->order;
	int			count = walk->products - order->first;
	Datum	   *element = palloc(3 * (count + 1) * sizeof(Datum));
	bool	   *null = palloc0((count + 1) * sizeof(bool));
	int			held = 0;
	int			lower = 1;

	for (int i = order->first; i < walk->products; i++)
	{
		Bought	   *bought = &walk->product[i];

		if (!PartialSumIsPositive(&bought->amount))
			continue;
		bought->orders = is_order;
		bought->last_on = is_order ? order->on : NO_DAY;
		element[held] = PointerGetDatum(bought->product);
		element[count + held] = PartialSumNumeric(&bought->quantity);
		null[held] = !bought->quantity.any;
		element[2 * count + held] = PartialSumNumeric(&bought->amount);
		walk->product[order->first + held++] = *bought;
	}
	walk->products = order->first + held;
	if (held == 0)
	{
		values[0] = PointerGetDatum(construct_empty_array(TEXTOID));
		values[1] = values[2] =
			PointerGetDatum(construct_empty_array(NUMERICOID));
		return;
	}
	values[0] = PointerGetDatum(construct_array(element, held, TEXTOID, -1,
												false, TYPALIGN_INT));
	values[1] = PointerGetDatum(construct_md_array(element + count, null, 1,
												   &held, &lower, NUMERICOID,
												   -1, false, TYPALIGN_INT));
	values[2] = PointerGetDatum(construct_array(element + 2 * count, held,
												NUMERICOID, -1, false,
												TYPALIGN_INT));
}

/*
 * Products of the order before are put together now and then, so that who
 * orders the same ones all the time takes no more room than they do.
 */
static void
EndOrder(Walk *walk)
{
	Order	   *order = &walk->order;
	bool		is_order = IsOrder(order);
	DateADT		month = MonthCounted(walk, order, is_order);
	bool		nulls[lengthof(order_type)] = {false};
	Datum		values[lengthof(order_type)] = {
		Int64GetDatum(walk->customer), PointerGetDatum(order->source),
		PointerGetDatum(order->ref), Int64GetDatum(order->own),
		BoolGetDatum(is_order), TimestampTzGetDatum(order->at),
		DateADTGetDatum(order->on), DateADTGetDatum(month),
		Int32GetDatum(order->purchases), PartialSumNumeric(&order->amount),
		PartialSumNumeric(&order->margin), PartialSumNumeric(&order->discount),
		PartialSumNumeric(&order->refund), PointerGetDatum(order->channel),
		PointerGetDatum(order->campaign)
	};

	PutProducts(walk, is_order, values + lengthof(order_type) - 3);
	TableFillPut(&walk->orders, values, nulls);
	if (is_order)
		FindMonth(walk, month)->orders++;
	MemoryContextReset(walk->of_order);
	if (walk->products > walk->room / 2)
	{
		CombineProducts(walk);
		if (walk->products > walk->room / 2)
			GrowProducts(walk);
	}
}

static void
EndCustomer(Walk *walk)
{
	bool		nulls[lengthof(sold_type)] = {false};

	CombineProducts(walk);
	for (int i = 0; i < walk->products; i++)
	{
		const Bought *bought = &walk->product[i];
		Datum		values[lengthof(bought_type)] = {
			Int64GetDatum(walk->customer), PointerGetDatum(bought->product),
			Int64GetDatum(bought->orders),
			PartialSumNumeric(&bought->quantity),
			PartialSumNumeric(&bought->amount),
			DateADTGetDatum(bought->last_on)
		};

		nulls[3] = !bought->quantity.any;
		nulls[5] = bought->last_on == NO_DAY;
		TableFillPut(&walk->bought, values, nulls);
	}
	nulls[3] = nulls[5] = false;
	for (int i = 0; i < walk->months; i++)
	{
		const Sold *sold = &walk->month[i];
		Datum		values[lengthof(sold_type)] = {
			Int64GetDatum(walk->customer), DateADTGetDatum(sold->month),
			Int64GetDatum(sold->orders), Int64GetDatum(sold->lines),
			PartialSumNumeric(&sold->amount), PartialSumNumeric(&sold->margin),
			PartialSumNumeric(&sold->discount),
			PartialSumNumeric(&sold->refund)
		};

		TableFillPut(&walk->sold, values, nulls);
	}
	walk->products = 0;
	walk->months = 0;
	MemoryContextReset(walk->of_order);
	MemoryContextReset(walk->of_customer);
}

static void
BeginOrder(Walk *walk, const Datum *line)
{
	Order	   *order = &walk->order;

	walk->any = true;
	walk->customer = DatumGetInt64(line[LINE_CUSTOMER]);
	memset(order, 0, sizeof(*order));
	order->source = CopyText(line[LINE_SOURCE], walk->of_order);
	order->ref = CopyText(line[LINE_REF], walk->of_order);
	order->own = DatumGetInt64(line[LINE_OWN]);
	order->uncorrected = true;
	order->closed_uncorrected = true;
	order->counted = NO_DAY;
	order->last_month = NO_DAY;
	order->first = walk->products;
	walk->in_product = false;
}

/*
 * Of lines that differ, the channel and campaign are those of the one that
 * dates the order.
 */
static void
Date(Walk *walk, const Datum *line, bool is_purchase)
{
	Order	   *order = &walk->order;
	TimestampTz at = DatumGetTimestampTz(line[LINE_AT]);
	int64		id = DatumGetInt64(line[LINE_ID]);
	bool		later = order->channel == NULL ||
	(is_purchase != order->dated_by_purchase ? is_purchase :
	 at != order->dated_at ? at > order->dated_at : id > order->dated_by);

	if (!later)
		return;
	order->dated_by_purchase = is_purchase;
	order->dated_at = at;
	order->dated_by = id;
	order->at = at;
	order->on = DatumGetDateADT(line[LINE_ON]);
	if (order->channel == NULL ||
		!SameText(order->channel, line[LINE_CHANNEL]))
		order->channel = CopyText(line[LINE_CHANNEL], walk->of_order);
	if (order->campaign == NULL ||
		!SameText(order->campaign, line[LINE_CAMPAIGN]))
		order->campaign = CopyText(line[LINE_CAMPAIGN], walk->of_order);
}

static void
AddPaid(Walk *walk, const Datum *line)
{
	Paid	   *paid = walk->order.paid;
	ExactSum	amount;

	while (paid != NULL && !SameText(paid->currency, line[LINE_CURRENCY]))
		paid = paid->next;
	if (paid == NULL)
	{
		paid = MemoryContextAllocZero(walk->of_order, sizeof(Paid));
		paid->currency = CopyText(line[LINE_CURRENCY], walk->of_order);
		paid->next = walk->order.paid;
		walk->order.paid = paid;
	}
	ExactSumRead(&amount, line[LINE_PAID], QUERY);
	PartialSumAdd(&paid->amount, &amount, QUERY);
}

/* A value in sums of the order, the month and the product, if any. */
static void
AddValue(Datum value, PartialSum *of_order, PartialSum *of_month,
		 PartialSum *of_product)
{
	ExactSum	addend;

	ExactSumRead(&addend, value, QUERY);
	if (of_order != NULL)
		PartialSumAdd(of_order, &addend, QUERY);
	if (of_month != NULL)
		PartialSumAdd(of_month, &addend, QUERY);
	if (of_product != NULL)
		PartialSumAdd(of_product, &addend, QUERY);
}

/* The product of a line, which is that of the line before or the next one. */
static Bought *
ProductOf(Walk *walk, const Datum *line, const bool *nulls)
{
	Bought	   *bought;

	if (nulls[LINE_PRODUCT])
		return NULL;
	if (walk->in_product &&
		SameText(walk->product[walk->products - 1].product,
				 line[LINE_PRODUCT]))
		return &walk->product[walk->products - 1];
	bought = AddProduct(walk);
	bought->product = CopyText(line[LINE_PRODUCT], walk->of_customer);
	walk->in_product = true;
	return bought;
}

static void
AddSums(Walk *walk, const Datum *line, const bool *nulls, bool is_refund,
		bool is_closed)
{
	Order	   *order = &walk->order;
	Sold	   *month = FindMonth(walk, DatumGetDateADT(line[LINE_MONTH]));
	Bought	   *product = ProductOf(walk, line, nulls);

	if (DatumGetBool(line[LINE_NEW]))
		month->lines++;
	if (!nulls[LINE_AMOUNT])
	{
		AddValue(line[LINE_AMOUNT], &order->amount, &month->amount,
				 product == NULL ? NULL : &product->amount);
		AddValue(line[LINE_AMOUNT], is_refund ? &order->refund : &order->sold,
				 is_refund ? &month->refund : NULL,
				 is_closed && !is_refund ? &order->closed_sold : NULL);
	}
	if (!nulls[LINE_MARGIN])
		AddValue(line[LINE_MARGIN], &order->margin, &month->margin, NULL);
	if (!nulls[LINE_DISCOUNT])
		AddValue(line[LINE_DISCOUNT], &order->discount, &month->discount,
				 NULL);
	if (!nulls[LINE_QUANTITY])
		AddValue(line[LINE_QUANTITY], NULL, NULL,
				 product == NULL ? NULL : &product->quantity);
	if (!is_refund)
		AddPaid(walk, line);
}

static void
AddLine(Walk *walk, const Datum *line, const bool *nulls)
{
	Order	   *order = &walk->order;
	bool		is_purchase = DatumGetBool(line[LINE_PURCHASE]);
	bool		is_refund = DatumGetBool(line[LINE_REFUND]);
	DateADT		month = DatumGetDateADT(line[LINE_MONTH]);
	DateADT		counted = DatumGetDateADT(line[LINE_COUNTED]);
	bool		is_closed = month < walk->open_month;

	if (is_purchase)
	{
		order->purchases++;
		if (counted < walk->open_month)
			order->counted = Max(order->counted, counted);
	}
	else if (!is_refund)
	{
		order->uncorrected = false;
		order->closed_uncorrected &= !is_closed;
	}
	order->any_closed |= is_closed;
	order->unrated |= nulls[LINE_AMOUNT] && !is_refund;
	order->placed |= DatumGetBool(line[LINE_PLACED]);
	order->last_month = Max(order->last_month, month);
	Date(walk, line, is_purchase);
	AddSums(walk, line, nulls, is_refund, is_closed);
}

static bool
IsOfOrder(const Walk *walk, const Datum *line)
{
	return walk->customer == DatumGetInt64(line[LINE_CUSTOMER]) &&
		walk->order.own == DatumGetInt64(line[LINE_OWN]) &&
		SameText(walk->order.ref, line[LINE_REF]) &&
		SameText(walk->order.source, line[LINE_SOURCE]);
}

static bool
ReceiveLine(TupleTableSlot *row, DestReceiver *receiver)
{
	Walk	   *walk = (Walk *) receiver;
	MemoryContext caller = MemoryContextSwitchTo(walk->of_order);
	const Datum *line;
	bool		first = !walk->any;

	slot_getallattrs(row);
	line = row->tts_values;
	QueryRefuseNulls(QUERY, row->tts_isnull, LINE_PRODUCT, line_column);
	if (walk->any && !IsOfOrder(walk, line))
	{
		EndOrder(walk);
		if (walk->customer != DatumGetInt64(line[LINE_CUSTOMER]))
			EndCustomer(walk);
		first = true;
	}
	if (first)
		BeginOrder(walk, line);
	AddLine(walk, line, row->tts_isnull);
	MemoryContextSwitchTo(caller);
	return true;
}

/*
 * _walk_orders(query text, open_month date, orders regclass, bought regclass,
 * sold regclass): writes the orders of the lines of the query to the first
 * table, what customers bought to the second, and what was sold to them by
 * month to the third.
 */
Datum
order_walk__walk_orders(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Walk	   *walk = palloc0(sizeof(Walk));
	SPIPlanPtr	plan;

	walk->open_month = PG_GETARG_DATEADT(1);
	TableFillBegin(&walk->orders, PG_GETARG_OID(2), lengthof(order_type),
				   order_type);
	TableFillBegin(&walk->bought, PG_GETARG_OID(3), lengthof(bought_type),
				   bought_type);
	TableFillBegin(&walk->sold, PG_GETARG_OID(4), lengthof(sold_type),
				   sold_type);
	walk->of_customer = AllocSetContextCreate(CurrentMemoryContext,
											  "products of a customer",
											  ALLOCSET_DEFAULT_SIZES);
	walk->of_order = AllocSetContextCreate(CurrentMemoryContext,
										   "an order", ALLOCSET_DEFAULT_SIZES);
	walk->room = 64;
	walk->product = palloc(walk->room * sizeof(Bought));
	walk->month_room = 64;
	walk->month = palloc(walk->month_room * sizeof(Sold));
	SPI_connect();
	plan = QueryPlan(query);
	CheckQueryColumns(QUERY, QueryPlanColumns(plan), LINE_COLUMNS,
					  line_column);
	QueryPlanRun(plan, &walk->receiver, ReceiveLine, false);
	if (walk->any)
	{
		EndOrder(walk);
		EndCustomer(walk);
	}
	SPI_finish();
	TableFillEnd(&walk->orders);
	TableFillEnd(&walk->bought);
	TableFillEnd(&walk->sold);
	PG_RETURN_VOID();
}
