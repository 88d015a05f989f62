/*
 * points.c
 *	  Loyalty points: what is left, and when it expires.
 *
 * SQL, in file order: points_balance and points_expiry, each of (points,
 * booked_at, expires_at, as_of [, burn]) and of (points, booked_at,
 * expires_at, available_at, lot, as_of [, burn]); _points_account and
 * _points_schedule of the last form, which refuse no redemption or reversal.
 * What becomes of the points is in account.c.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "loyalty/account.h"
#include "state/huge_array.h"
#include "state/row_type.h"

SQL_FUNCTION(points_balance_trans);
SQL_FUNCTION(lots_points_balance_trans);
SQL_FUNCTION(points_balance_final);
SQL_FUNCTION(points_expiry_final);
SQL_FUNCTION(points__points_account_final);
SQL_FUNCTION(points__points_schedule_final);

/* the arguments of the transition functions after the state */
enum
{
	POINTS = 1, BOOKED_AT, EXPIRES_AT, AS_OF, BURN,
	AVAILABLE_AT = EXPIRES_AT + 1, LOT, LOTS_AS_OF, LOTS_BURN
};

/* the columns of points_balance */
enum
{
	BALANCE, REDEEMED, EXPIRED, NEXT_EXPIRY_AT, NEXT_EXPIRY_POINTS, PENDING,
	OWED, BALANCE_COLUMNS
};

static const RowColumn balance_columns[BALANCE_COLUMNS] = {
	{"balance", NUMERICOID},
	{"redeemed", NUMERICOID},
	{"expired", NUMERICOID},
	{"next_expiry_at", TIMESTAMPTZOID},
	{"next_expiry_points", NUMERICOID},
	{"pending", NUMERICOID},
	{"owed", NUMERICOID}
};

static const RowType balance_type = {
	"points_balance", BALANCE_COLUMNS, balance_columns
};

/* the columns of points_expiry */
enum
{
	EXPIRY_AT, EXPIRY_POINTS, EXPIRY_COLUMNS
};

static const RowColumn expiry_columns[EXPIRY_COLUMNS] = {
	{"expires_at", TIMESTAMPTZOID},
	{"points", NUMERICOID}
};

static const RowType expiry_type = {
	"points_expiry", EXPIRY_COLUMNS, expiry_columns
};

/* the columns of _points_account: those of points_balance, and these */
enum
{
	NEXT_AVAILABLE_AT = BALANCE_COLUMNS, OVERDRAWN, UNMATCHED,
	ACCOUNT_COLUMNS
};

static const RowColumn account_columns[ACCOUNT_COLUMNS] = {
	{"balance", NUMERICOID},
	{"redeemed", NUMERICOID},
	{"expired", NUMERICOID},
	{"next_expiry_at", TIMESTAMPTZOID},
	{"next_expiry_points", NUMERICOID},
	{"pending", NUMERICOID},
	{"owed", NUMERICOID},
	{"next_available_at", TIMESTAMPTZOID},
	{"overdrawn", NUMERICOID},
	{"unmatched", NUMERICOID}
};

static const RowType account_type = {
	"_points_account", ACCOUNT_COLUMNS, account_columns
};

/* Is a row skipped?  It is without points, an instant, or a parameter. */
static bool
IsSkipped(FunctionCallInfo fcinfo, int as_of)
{
	return PG_ARGISNULL(POINTS) || PG_ARGISNULL(BOOKED_AT) ||
		PG_ARGISNULL(as_of) ||
		(PG_NARGS() > as_of + 1 && PG_ARGISNULL(as_of + 1));
}

static int
ReadBurn(FunctionCallInfo fcinfo, int argument)
{
	const text *burn;
	const char *name;
	int			length;

	if (PG_NARGS() <= argument)
		return 0;
	burn = PG_GETARG_TEXT_PP(argument);
	name = VARDATA_ANY(burn);
	length = VARSIZE_ANY_EXHDR(burn);
	if (length == 14 && memcmp(name, "first_expiring", 14) == 0)
		return 0;
	if (length == 12 && memcmp(name, "first_earned", 12) == 0)
		return POINTS_FIRST_EARNED;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("burn must be first_expiring or first_earned, not \"%s\"",
					text_to_cstring(burn))));
}

static void
CheckExpiresAfter(TimestampTz expires_at, TimestampTz instant,
				  const char *argument)
{
	char	   *expires;

	if (likely(expires_at > instant))
		return;
	/* the text of an instant is in memory that the next one uses */
	expires = pstrdup(timestamptz_to_str(expires_at));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("expires_at must be after %s, %s, not %s", argument,
					timestamptz_to_str(instant), expires)));
}

/* Reads points and instants; what is not earned neither expires nor waits. */
static void
ReadEntry(FunctionCallInfo fcinfo, bool lots, PointsRow *row, int *scale)
{
	PointsEntry *entry = &row->entry;

	if (!DecimalRead(PG_GETARG_DATUM(POINTS), &entry->points, scale) ||
		*scale > NUM_POW10_128_MAX)
	{
		CheckFiniteNumeric(PG_GETARG_DATUM(POINTS), "points");
		PointsRefuseSize();
	}
	entry->booked_at = PG_GETARG_TIMESTAMPTZ(BOOKED_AT);
	CheckFiniteTimestamp(entry->booked_at, "booked_at");
	entry->expires_at = DT_NOEND;
	row->lot = POINTS_NO_LOT;
	row->name = "";
	if (entry->points <= 0)
		return;
	if (!PG_ARGISNULL(EXPIRES_AT))
	{
		entry->expires_at = PG_GETARG_TIMESTAMPTZ(EXPIRES_AT);
		CheckFiniteTimestamp(entry->expires_at, "expires_at");
		CheckExpiresAfter(entry->expires_at, entry->booked_at, "booked_at");
	}
	if (lots && !PG_ARGISNULL(AVAILABLE_AT))
	{
		row->lot.available_at = PG_GETARG_TIMESTAMPTZ(AVAILABLE_AT);
		CheckFiniteTimestamp(row->lot.available_at, "available_at");
		CheckExpiresAfter(entry->expires_at, row->lot.available_at,
						  "available_at");
	}
}

static Datum
AddRow(FunctionCallInfo fcinfo, bool lots)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	int			as_of_argument = lots ? LOTS_AS_OF : AS_OF;
	TimestampTz as_of;
	PointsRow	row;
	Size		capacity;
	int			flags;
	int			scale;

	if (IsSkipped(fcinfo, as_of_argument))
		return StateUnchanged(fcinfo);
	as_of = PG_GETARG_TIMESTAMPTZ(as_of_argument);
	CheckFiniteTimestamp(as_of, "as_of");
	flags = ReadBurn(fcinfo, as_of_argument + 1) | (lots ? POINTS_LOTS : 0);
	ReadEntry(fcinfo, lots, &row, &scale);
	if (lots && !PG_ARGISNULL(LOT))
	{
		text	   *name = PG_GETARG_TEXT_PP(LOT);

		row.name = VARDATA_ANY(name);
		row.lot.length = VARSIZE_ANY_EXHDR(name);
	}
	if (PG_ARGISNULL(0))
		datum = PointsCreate(flags, as_of, aggcontext);
	else
		PointsCheckSame((PointsState *) StateView(datum, &capacity), flags,
						as_of);
	PG_RETURN_DATUM(PointsAdd(datum, &row, scale, aggcontext));
}

/*
 * points_balance_trans(points_entries, points numeric, booked_at timestamptz,
 * expires_at timestamptz, as_of timestamptz [, burn text])
 */
Datum
points_balance_trans(PG_FUNCTION_ARGS)
{
	return AddRow(fcinfo, false);
}

/*
 * points_balance_trans(points_entries, points numeric, booked_at timestamptz,
 * expires_at timestamptz, available_at timestamptz, lot text,
 * as_of timestamptz [, burn text])
 */
Datum
lots_points_balance_trans(PG_FUNCTION_ARGS)
{
	return AddRow(fcinfo, true);
}

/* The sums of points_balance, and when points expire next. */
static TimestampTz
SumLots(const Account *account, num_i128 *sum)
{
	TimestampTz next = DT_NOEND;

	sum[REDEEMED] = account->redeemed;
	sum[OWED] = account->owed;
	for (int64 i = 0; i < account->lots; i++)
	{
		const Lot  *lot = &account->lot[i];
		TimestampTz expires_at = lot->row.entry.expires_at;

		POLL_AT(i);
		if (lot->left == 0)
			continue;
		if (expires_at <= account->as_of)
		{
			AccountAdd(&sum[EXPIRED], lot->left);
			continue;
		}
		AccountAdd(&sum[lot->live_from > account->as_of ? PENDING : BALANCE],
				   lot->left);
		if (expires_at < next)
		{
			next = expires_at;
			sum[NEXT_EXPIRY_POINTS] = 0;
		}
		if (expires_at == next)
			AccountAdd(&sum[NEXT_EXPIRY_POINTS], lot->left);
	}
	return next;
}

/* The first columns of a row: those of points_balance. */
static void
FillBalance(const Account *account, Datum *values, bool *nulls)
{
	num_i128	sum[BALANCE_COLUMNS] = {0};
	TimestampTz next = SumLots(account, sum);

	for (int column = 0; column < BALANCE_COLUMNS; column++)
		if (column != NEXT_EXPIRY_AT)
			values[column] = DecimalNumeric(sum[column], account->scale);
	values[NEXT_EXPIRY_AT] = TimestampTzGetDatum(next);
	nulls[NEXT_EXPIRY_AT] = nulls[NEXT_EXPIRY_POINTS] = next == DT_NOEND;
}

Datum
points_balance_final(PG_FUNCTION_ARGS)
{
	Account		account;
	Datum		values[BALANCE_COLUMNS];
	bool		nulls[BALANCE_COLUMNS] = {false};

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	account = AccountRead((PointsState *) StateRead(PG_GETARG_DATUM(0)),
						  false);
	FillBalance(&account, values, nulls);
	PG_RETURN_DATUM(RowForm(RowResultType(fcinfo, &balance_type), values,
							nulls));
}

/* When the next pending points become available. */
static TimestampTz
NextAvailable(const Account *account)
{
	TimestampTz next = DT_NOEND;

	for (int64 i = 0; i < account->lots; i++)
	{
		const Lot  *lot = &account->lot[i];

		if (lot->left > 0 && lot->live_from > account->as_of)
			next = Min(next, lot->live_from);
		POLL_AT(i);
	}
	return next;
}

/*
 * Final function of _points_account, for books that are as they are: nothing
 * is refused.
 */
Datum
points__points_account_final(PG_FUNCTION_ARGS)
{
	Account		account;
	Datum		values[ACCOUNT_COLUMNS];
	bool		nulls[ACCOUNT_COLUMNS] = {false};
	TimestampTz next;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	account = AccountRead((PointsState *) StateRead(PG_GETARG_DATUM(0)),
						  true);
	FillBalance(&account, values, nulls);
	next = NextAvailable(&account);
	values[NEXT_AVAILABLE_AT] = TimestampTzGetDatum(next);
	nulls[NEXT_AVAILABLE_AT] = next == DT_NOEND;
	values[OVERDRAWN] = DecimalNumeric(account.overdrawn, account.scale);
	values[UNMATCHED] = DecimalNumeric(account.unmatched, account.scale);
	PG_RETURN_DATUM(RowForm(RowResultType(fcinfo, &account_type), values,
							nulls));
}

/* what expires at an instant */
typedef struct Expiry
{
	TimestampTz expires_at;
	num_i128	points;
} Expiry;

static int
CompareExpiries(const void *a, const void *b, void *arg)
{
	TimestampTz left = ((const Expiry *) a)->expires_at;
	TimestampTz right = ((const Expiry *) b)->expires_at;

	return (left > right) - (left < right);
}

/* What is left and expires after as_of, in order of time. */
static Expiry *
ReadExpiries(const Account *account, int64 *count)
{
	Expiry	   *expiry = HugeArray(CurrentMemoryContext, account->lots,
								   sizeof(Expiry));
	int64		all = 0;

	for (int64 i = 0; i < account->lots; i++)
	{
		const Lot  *lot = &account->lot[i];
		TimestampTz expires_at = lot->row.entry.expires_at;

		if (lot->left > 0 && expires_at > account->as_of &&
			expires_at != DT_NOEND)
			expiry[all++] = (Expiry)
		{
			expires_at, lot->left
		};
		POLL_AT(i);
	}
	qsort_interruptible(expiry, all, sizeof(Expiry), CompareExpiries, NULL);
	*count = 0;
	for (int64 i = 0; i < all; i++)
	{
		if (*count > 0 &&
			expiry[*count - 1].expires_at == expiry[i].expires_at)
			AccountAdd(&expiry[*count - 1].points, expiry[i].points);
		else
			expiry[(*count)++] = expiry[i];
		POLL_AT(i);
	}
	return expiry;
}

/* One row for each instant at which points expire, in order. */
static Datum
FormSchedule(FunctionCallInfo fcinfo, bool tolerant)
{
	RowArray	rows = RowArrayBegin(fcinfo, &expiry_type);
	Account		account = AccountRead((PointsState *)
									  StateRead(PG_GETARG_DATUM(0)), tolerant);
	int64		count;
	Expiry	   *expiry = ReadExpiries(&account, &count);

	for (int64 i = 0; i < count; i++)
	{
		Datum		values[EXPIRY_COLUMNS];
		bool		nulls[EXPIRY_COLUMNS] = {false};

		values[EXPIRY_AT] = TimestampTzGetDatum(expiry[i].expires_at);
		values[EXPIRY_POINTS] = DecimalNumeric(expiry[i].points,
											   account.scale);
		RowArrayAdd(&rows, values, nulls);
		pfree(DatumGetPointer(values[EXPIRY_POINTS]));
	}
	return RowArrayEnd(&rows);
}

Datum
points_expiry_final(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(FormSchedule(fcinfo, false));
}

/* Final function of _points_schedule: points_expiry of books as they are. */
Datum
points__points_schedule_final(PG_FUNCTION_ARGS)
{
	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(FormSchedule(fcinfo, true));
}
