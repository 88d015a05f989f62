/*
 * account.c
 *	  What became of the lots of points that a customer earned.
 *
 * What was earned before as_of is a lot, which can be spent from when it is
 * booked and available until it expires.  What was spent or taken back comes
 * in order of time; of the same instant, what was earned is first, then what
 * was spent, then what was taken back.
 *
 *	  A redemption takes from the lots that live at its instant, in the order
 *	  of "burn".  They wait in a heap of their numbers: lots are sorted by that
 *	  order.
 *	  A reversal takes from the lots of its name what is left of them, expired
 *	  or not; what was spent of them is owed.
 *
 * What cannot be taken is refused, or counted where the account is tolerant.
 */
#include "crmcost.h"

#include "loyalty/account.h"
#include "state/huge_array.h"

/* an account while its rows are gone through */
typedef struct Ledger
{
	Account    *account;
	int64		debits;
	PointsRow  *debit;			/* in order of time */
	int64	   *arrival;		/* lots in order of becoming live */
	int64		arrived;		/* of these, how many have */
	int64	   *heap;
	int64		waiting;		/* lots in the heap */
	int64	   *by_name;		/* lots with a name, in order of it; or NULL */
	int64		named;
} Ledger;

void
AccountAdd(num_i128 *sum, num_i128 points)
{
	if (unlikely(__builtin_add_overflow(*sum, points, sum)))
		PointsRefuseSize();
}

/* the first that differs says which comes first */
#define BY(a, b) \
	if ((a) != (b)) \
		return (a) < (b) ? -1 : 1

static int
CompareExpiry(const void *a, const void *b, void *arg)
{
	const Lot  *left = a;
	const Lot  *right = b;

	BY(left->row.entry.expires_at, right->row.entry.expires_at);
	BY(left->row.entry.booked_at, right->row.entry.booked_at);
	BY(left->live_from, right->live_from);
	return PointsCompareNames(&left->row, &right->row);
}

static int
CompareEarned(const void *a, const void *b, void *arg)
{
	const Lot  *left = a;
	const Lot  *right = b;

	BY(left->row.entry.booked_at, right->row.entry.booked_at);
	return CompareExpiry(a, b, arg);
}

/* Redemptions before reversals; what asks for most first. */
static int
CompareDebits(const void *a, const void *b, void *arg)
{
	const PointsRow *left = a;
	const PointsRow *right = b;

	BY(left->entry.booked_at, right->entry.booked_at);
	BY(left->lot.length >= 0, right->lot.length >= 0);
	BY(left->entry.points, right->entry.points);
	return PointsCompareNames(left, right);
}

static int
CompareArrival(const void *a, const void *b, void *arg)
{
	const Lot  *lot = arg;
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;

	BY(lot[left].live_from, lot[right].live_from);
	BY(left, right);
	return 0;
}

static int
CompareNames(const void *a, const void *b, void *arg)
{
	const Lot  *lot = arg;
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;
	int			order = PointsCompareNames(&lot[left].row, &lot[right].row);

	if (order != 0)
		return order;
	BY(left, right);
	return 0;
}

/* Takes apart what was booked before as_of, and puts it in order. */
static void
SplitRows(Ledger *ledger, const PointsState *state)
{
	Account    *account = ledger->account;
	const PointsRow *row = PointsRead(state);
	bool		first_earned =
	(state->growing.head.flags & POINTS_FIRST_EARNED) != 0;

	account->lot = HugeArray(CurrentMemoryContext, state->rows, sizeof(Lot));
	ledger->debit = HugeArray(CurrentMemoryContext, state->rows,
							  sizeof(PointsRow));
	for (int64 i = 0; i < state->rows; i++)
	{
		Lot		   *lot = &account->lot[account->lots];

		POLL_AT(i);
		if (row[i].entry.booked_at >= state->as_of)
			continue;
		if (row[i].entry.points < 0)
			ledger->debit[ledger->debits++] = row[i];
		if (row[i].entry.points <= 0)
			continue;
		lot->row = row[i];
		lot->live_from = Max(row[i].entry.booked_at, row[i].lot.available_at);
		lot->left = row[i].entry.points;
		lot->spent = 0;
		account->lots++;
	}
	qsort_interruptible(account->lot, account->lots, sizeof(Lot),
						first_earned ? CompareEarned : CompareExpiry, NULL);
	qsort_interruptible(ledger->debit, ledger->debits, sizeof(PointsRow),
						CompareDebits, NULL);
	ledger->heap = HugeArray(CurrentMemoryContext, 2 * account->lots,
							 sizeof(int64));
	ledger->arrival = ledger->heap + account->lots;
	for (int64 i = 0; i < account->lots; i++)
		ledger->arrival[i] = i;
	qsort_interruptible(ledger->arrival, account->lots, sizeof(int64),
						CompareArrival, account->lot);
}

static void
HeapPush(Ledger *ledger, int64 number)
{
	int64	   *heap = ledger->heap;
	int64		place = ledger->waiting++;

	while (place > 0 && heap[(place - 1) / 2] > number)
	{
		heap[place] = heap[(place - 1) / 2];
		place = (place - 1) / 2;
	}
	heap[place] = number;
}

static void
HeapPop(Ledger *ledger)
{
	int64	   *heap = ledger->heap;
	int64		count = --ledger->waiting;
	int64		number = heap[count];
	int64		place = 0;

	for (int64 child = 1; child < count; child = 2 * place + 1)
	{
		if (child + 1 < count && heap[child + 1] < heap[child])
			child++;
		if (heap[child] >= number)
			break;
		heap[place] = heap[child];
		place = child;
	}
	heap[place] = number;
}

static char *
PointsText(const Account *account, num_i128 points)
{
	return NumericText(DecimalNumeric(points, account->scale));
}

/* How many points a debit asks for. */
static num_i128
PointsAsked(const PointsRow *row)
{
	num_i128	points;

	if (__builtin_sub_overflow((num_i128) 0, row->entry.points, &points))
		PointsRefuseSize();
	return points;
}

/* Takes at most so many points of what is left of a lot. */
static num_i128
TakeFrom(Lot *lot, num_i128 most)
{
	num_i128	taken = Min(lot->left, most);

	lot->left -= taken;
	return taken;
}

/* Refuses a redemption of more than lives, or counts what is missing. */
static void
Overdraw(Account *account, const PointsRow *row, num_i128 points,
		 num_i128 missing)
{
	if (!account->tolerant)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("points redeemed must be at most %s, what is live at %s, not %s",
						PointsText(account, points - missing),
						timestamptz_to_str(row->entry.booked_at),
						PointsText(account, points))));
	AccountAdd(&account->overdrawn, missing);
}

static void
Redeem(Ledger *ledger, const PointsRow *row)
{
	Account    *account = ledger->account;
	TimestampTz now = row->entry.booked_at;
	num_i128	points = PointsAsked(row);
	num_i128	missing = points;

	while (ledger->arrived < account->lots &&
		   account->lot[ledger->arrival[ledger->arrived]].live_from <= now)
		HeapPush(ledger, ledger->arrival[ledger->arrived++]);
	while (missing > 0 && ledger->waiting > 0)
	{
		Lot		   *lot = &account->lot[ledger->heap[0]];

		CHECK_FOR_INTERRUPTS();
		if (lot->left > 0 && lot->row.entry.expires_at > now)
		{
			num_i128	taken = TakeFrom(lot, missing);

			lot->spent += taken;
			missing -= taken;
		}
		if (missing > 0)
			HeapPop(ledger);
	}
	if (missing > 0)
		Overdraw(account, row, points, missing);
	AccountAdd(&account->redeemed, points - missing);
}

/* The lots with a name, in order of it. */
static void
IndexNames(Ledger *ledger)
{
	Account    *account = ledger->account;

	ledger->by_name = HugeArray(CurrentMemoryContext, account->lots,
								sizeof(int64));
	for (int64 i = 0; i < account->lots; i++)
		if (account->lot[i].row.lot.length >= 0)
			ledger->by_name[ledger->named++] = i;
	qsort_interruptible(ledger->by_name, ledger->named, sizeof(int64),
						CompareNames, account->lot);
}

/* Where the lots of a reversal's name begin among those in order of name. */
static int64
FirstOfName(const Ledger *ledger, const PointsRow *row)
{
	int64		low = 0;
	int64		high = ledger->named;

	while (low < high)
	{
		int64		middle = (low + high) / 2;
		const Lot  *lot = &ledger->account->lot[ledger->by_name[middle]];

		if (PointsCompareNames(&lot->row, row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
pg_attribute_noreturn()
RefuseReversal(const Account *account, const PointsRow *row, num_i128 taken,
			   bool found)
{
	const char *name = pnstrdup(row->name, row->lot.length);

	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("lot \"%s\" must be earned before it is reversed, at %s",
						name, timestamptz_to_str(row->entry.booked_at))));
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("points reversed of lot \"%s\" must be at most %s, those earned and not yet reversed, not %s",
					name, PointsText(account, taken),
					PointsText(account, PointsAsked(row)))));
}

static void
Reverse(Ledger *ledger, const PointsRow *row)
{
	Account    *account = ledger->account;
	num_i128	points = PointsAsked(row);
	num_i128	missing = points;
	int64		first;
	bool		found = false;

	if (ledger->by_name == NULL)
		IndexNames(ledger);
	first = FirstOfName(ledger, row);
	for (int turn = 0; turn < 2; turn++)
	{
		/* what is left of all its lots, and then what was spent */
		for (int64 i = first; i < ledger->named && missing > 0; i++)
		{
			Lot		   *lot = &account->lot[ledger->by_name[i]];
			num_i128	taken;

			CHECK_FOR_INTERRUPTS();
			if (PointsCompareNames(&lot->row, row) != 0)
				break;
			if (lot->row.entry.booked_at > row->entry.booked_at)
				continue;
			found = true;
			if (turn == 0)
				taken = TakeFrom(lot, missing);
			else
			{
				taken = Min(lot->spent, missing);
				lot->spent -= taken;
				AccountAdd(&account->owed, taken);
			}
			missing -= taken;
		}
	}
	if (missing > 0 && !account->tolerant)
		RefuseReversal(account, row, points - missing, found);
	AccountAdd(&account->unmatched, missing);
}

/* Goes through all that was booked before as_of. */
Account
AccountRead(const PointsState *state, bool tolerant)
{
	Account		account = {.scale = state->growing.head.scale,
	.tolerant = tolerant,.as_of = state->as_of};
	Ledger		ledger = {.account = &account};

	SplitRows(&ledger, state);
	for (int64 i = 0; i < ledger.debits; i++)
	{
		if (ledger.debit[i].lot.length >= 0)
			Reverse(&ledger, &ledger.debit[i]);
		else
			Redeem(&ledger, &ledger.debit[i]);
	}
	return account;
}
