/*
 * service_pool.c
 *	  Cost of pools that serve other pools, passed on to those that do not.
 *
 * SQL, in file order: step_down(own, share, scale), reciprocal(own, share,
 * scale).  share[i][j] is the part of row i's cost that row j uses.
 */
#include "crmcost.h"

#include <float.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "num/reciprocal.h"
#include "num/sort.h"
#include "state/huge_array.h"
#include "state/largest_remainder.h"
#include "utils/array.h"
#include "utils/memutils.h"

/* a row's shares may miss 1 by this, since thirds are no decimals */
#define SHARE_TOLERANCE "0.000001"

/* remainders that differ by less are equal: it is rounding error */
#define REMAINDER_UNIT (1.0 / (UINT64CONST(1) << 50))

/* what all rows cost must have fewer digits: a num_double2 holds 31 */
#define MOST_DIGITS 28

/* what a row ends with is at most that, and what rounding adds to it */
#define MOST_UNITS 1e30

SQL_FUNCTION(step_down);
SQL_FUNCTION(reciprocal);

typedef struct Pools
{
	int			count;
	int			scale;
	Datum	   *own;
	Datum	   *share;			/* row by row */
	bool	   *uses;			/* whether a share is above 0, row by row */
	bool	   *serves;			/* whose cost is used by others */
} Pools;

static Datum *
ReadNumerics(ArrayType *array, const char *name, int *count)
{
	Datum	   *element;
	bool	   *isnull;

	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT,
					  &element, &isnull, count);
	for (int i = 0; i < *count; i++)
	{
		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not contain NULL", name)));
		CheckFiniteNumeric(element[i], name);
	}
	return element;
}

/*
 * A row of shares: not negative, nothing to itself, of sum 1 or 0.  Notes
 * which are above 0; false if none is.
 */
static bool
CheckShares(const Pools *pools, int row)
{
	Datum		sum = NumericFromInt64(0);
	Datum		one = NumericFromInt64(1);
	Datum		off;

	for (int j = 0; j < pools->count; j++)
	{
		Datum		share = pools->share[row * pools->count + j];
		int			sign = NumericSign(share);

		if (sign < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("share[%d][%d] must not be negative, not %s",
							row + 1, j + 1, NumericText(share))));
		if (j == row && sign != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("share[%d][%d] must be 0, not %s: no row serves itself",
							row + 1, j + 1, NumericText(share))));
		pools->uses[row * pools->count + j] = sign > 0;
		sum = NumericAdd(sum, share);
	}
	if (NumericSign(sum) == 0)
		return false;
	off = NumericAbsolute(NumericSubtract(sum, one));
	if (NumericCompare(off, NumericFromText(SHARE_TOLERANCE)) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("row %d of share must sum to 1, or to 0 for a final receiver, not %s",
						row + 1, NumericText(sum))));
	return true;
}

static Pools
ReadPools(FunctionCallInfo fcinfo)
{
	ArrayType  *own = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *share = PG_GETARG_ARRAYTYPE_P(1);
	Pools		pools;
	int			shares;

	pools.scale = PG_GETARG_INT32(2);
	CheckAllocationScale(pools.scale);
	if (ARR_NDIM(own) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("own must have one dimension, not %d", ARR_NDIM(own))));
	pools.own = ReadNumerics(own, "own", &pools.count);
	if (ARR_NDIM(share) != 2 || ARR_DIMS(share)[0] != pools.count ||
		ARR_DIMS(share)[1] != pools.count)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("share must have %d rows of %d, as own has",
						pools.count, pools.count)));
	pools.share = ReadNumerics(share, "share", &shares);
	pools.uses = palloc(shares * sizeof(bool));
	pools.serves = palloc(pools.count * sizeof(bool));
	for (int i = 0; i < pools.count; i++)
	{
		CheckAllocationAmount(pools.own[i], pools.scale, "own");
		pools.serves[i] = CheckShares(&pools, i);
		CHECK_FOR_INTERRUPTS();
	}
	return pools;
}

static Datum
FormCosts(const Pools *pools, Datum *cost)
{
	for (int i = 0; i < pools->count; i++)
		if (pools->serves[i])
			cost[i] = DecimalNumeric(0, pools->scale);
		else
			cost[i] = NumericRound(cost[i], pools->scale);
	return PointerGetDatum(construct_array(cost, pools->count, NUMERICOID, -1,
										   false, TYPALIGN_INT));
}

/* Passes the cost of a row on to later ones; each part is exact. */
static void
PassOn(const Pools *pools, int row, Datum *cost)
{
	ExactColumn parts;

	ExactColumnInit(&parts, pools->count, CurrentMemoryContext);
	for (int j = 0; j < pools->count; j++)
		AppendAllocationWeight(&parts, pools->share[row * pools->count + j],
							   j <= row, "share");
	if (!LargestRemainder(cost[row], &parts, pools->scale, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("row %d of share must pass its cost to a later row",
						row + 1),
				 errhint("Put service rows first, or use reciprocal().")));
	for (int j = row + 1; j < pools->count; j++)
		cost[j] = NumericAdd(cost[j], ExactColumnNumeric(&parts, j));
}

/*
 * step_down(own numeric[], share numeric[][], scale int = 2): the cost each
 * row ends with when rows that serve pass theirs on in order.
 */
Datum
step_down(PG_FUNCTION_ARGS)
{
	Pools		pools = ReadPools(fcinfo);
	Datum	   *cost = palloc(pools.count * sizeof(Datum));

	memcpy(cost, pools.own, pools.count * sizeof(Datum));
	for (int i = 0; i < pools.count; i++)
	{
		if (pools.serves[i])
			PassOn(&pools, i, cost);
		CHECK_FOR_INTERRUPTS();
	}
	PG_RETURN_DATUM(FormCosts(&pools, cost));
}

/* Refuses rows whose cost can never reach a final receiver. */
static void
CheckReachable(const Pools *pools)
{
	int			n = pools->count;
	bool	   *reaches = palloc(n * sizeof(bool));
	bool		changed = true;
	StringInfoData lost;

	for (int i = 0; i < n; i++)
		reaches[i] = !pools->serves[i];
	while (changed)
	{
		changed = false;
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n && !reaches[i]; j++)
				if (reaches[j] && pools->uses[i * n + j])
					reaches[i] = changed = true;
		CHECK_FOR_INTERRUPTS();
	}
	initStringInfo(&lost);
	for (int i = 0; i < n; i++)
		if (!reaches[i])
			appendStringInfo(&lost, "%s%d", lost.len > 0 ? ", " : "", i + 1);
	if (lost.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows %s of share pass their cost in a closed loop",
						lost.data),
				 errhint("Let one of them serve a final receiver.")));
}

/* Refuses costs of more units than can be solved to the last one. */
static void
CheckUnits(const Pools *pools)
{
	num_u128	limit = num_pow10_128(MOST_DIGITS);
	num_u128	sum = 0;

	for (int i = 0; i < pools->count; i++)
	{
		num_i128	own;

		if (DecimalReadAtScale(pools->own[i], pools->scale, &own) &&
			num_u128_abs(own) < limit && sum < limit)
			sum += num_u128_abs(own);
		else
			sum = limit;
	}
	if (sum >= limit)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("own must be less than 1e%d in all at scale %d",
						MOST_DIGITS - pools->scale, pools->scale)));
}

static Datum
TotalCost(const Pools *pools)
{
	Datum		total = NumericFromInt64(0);

	for (int i = 0; i < pools->count; i++)
		total = NumericAdd(total, pools->own[i]);
	return total;
}

static void
NegateAll(Datum *value, int count)
{
	for (int i = 0; i < count; i++)
		value[i] = NumericSubtract(NumericFromInt64(0), value[i]);
}

/* A numeric in units of 10^-scale. */
static num_double2
Double2(Datum numeric, int scale)
{
	num_i128	value;
	int			own_scale;
	num_double2 power = {1, 0};
	num_double2 ten = {10, 0};

	if (!DecimalRead(numeric, &value, &own_scale))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("share must have at most 38 digits, not %s",
						NumericText(numeric))));
	/* 0 has any scale, and next to the others so small a share is 0 */
	if (value == 0 || own_scale - scale > DBL_MAX_10_EXP)
		return num_double2_of(0);
	for (int i = 0; i < abs(own_scale - scale); i++)
		power = num_double2_multiply(power, ten);
	return own_scale > scale ?
		num_double2_divide(num_double2_from_i128(value), power) :
		num_double2_multiply(num_double2_from_i128(value), power);
}

static void
RefuseNearLoop(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("rows of share pass their cost in a loop that is very nearly closed"),
			 errhint("Let more of it reach a final receiver.")));
}

/* A cost in units, rounded down, and the remainder in REMAINDER_UNITs. */
static num_i128
FloorUnits(num_double2 exact, num_u128 *remainder)
{
	double		fraction;
	num_i128	unit;

	if (!(fabs(exact.high) < MOST_UNITS))
		RefuseNearLoop();
	unit = num_double2_floor(exact, &fraction);
	*remainder = (num_u128) rint(fraction / REMAINDER_UNIT);
	if (*remainder * REMAINDER_UNIT < 1)
		return unit;
	*remainder = 0;
	return unit + 1;
}

/*
 * Rounds the final receivers' costs, in units, to whole ones that sum to the
 * total: down, and up for the largest remainders.
 */
static void
RoundCosts(const Pools *pools, const num_double2 *exact, Datum *cost)
{
	int			n = pools->count;
	num_u128   *remainder = palloc(2 * n * sizeof(num_u128));
	num_i128   *unit = palloc(n * sizeof(num_i128));
	num_i128	missing = 0;
	num_u128	threshold;

	for (int i = 0; i < n; i++)
	{
		num_i128	own;

		if (!DecimalReadAtScale(pools->own[i], pools->scale, &own))
			elog(ERROR, "cost does not fit");
		missing += own;
		remainder[i] = 0;
		unit[i] = 0;
		if (pools->serves[i])
			continue;
		unit[i] = FloorUnits(exact[i], &remainder[i]);
		missing -= unit[i];
	}
	if (missing < 0 || missing > n)
		RefuseNearLoop();
	if (missing > 0)
	{
		threshold = num_upper_threshold(remainder, n, NUM_COUNT,
										(num_u128) missing, remainder + n,
										PollInterrupts);
		for (int i = 0; i < n; i++)
			if (remainder[i] > threshold)
			{
				unit[i]++;
				missing--;
			}
		for (int i = 0; i < n && missing > 0; i++)
			if (remainder[i] == threshold && !pools->serves[i])
			{
				unit[i]++;
				missing--;
			}
	}
	for (int i = 0; i < n; i++)
		cost[i] = DecimalNumeric(unit[i], pools->scale);
}

/*
 * reciprocal(own numeric[], share numeric[][], scale int = 2): the cost each
 * row ends with when rows that serve charge each other at the same time.
 */
Datum
reciprocal(PG_FUNCTION_ARGS)
{
	Pools		pools = ReadPools(fcinfo);
	int			n = pools.count;
	num_double2 *own = HugeArray(CurrentMemoryContext, n, sizeof(num_double2));
	num_double2 *share = HugeArray(CurrentMemoryContext, (Size) n * n,
								   sizeof(num_double2));
	num_double2 *exact = HugeArray(CurrentMemoryContext, n,
								   sizeof(num_double2));
	double	   *work = HugeArray(CurrentMemoryContext,
								 NUM_RECIPROCAL_WORK((Size) n),
								 sizeof(double));
	Datum	   *cost = palloc(n * sizeof(Datum));
	bool		negative = NumericSign(TotalCost(&pools)) < 0;

	CheckReachable(&pools);
	CheckUnits(&pools);
	/* what is left of units goes to the same rows whatever the sign */
	if (negative)
		NegateAll(pools.own, n);
	for (int i = 0; i < n; i++)
	{
		num_double2 sum = {0, 0};

		own[i] = Double2(pools.own[i], pools.scale);
		for (int j = 0; j < n; j++)
		{
			share[i * n + j] = Double2(pools.share[i * n + j], 0);
			sum = num_double2_add(sum, share[i * n + j]);
		}
		/* what thirds leave to 1 belongs to all alike */
		for (int j = 0; j < n && pools.serves[i]; j++)
			if (share[i * n + j].high != 0)
				share[i * n + j] = num_double2_divide(share[i * n + j], sum);
		CHECK_FOR_INTERRUPTS();
	}
	if (!num_reciprocal(n, own, share, pools.serves, exact, work,
						PollInterrupts))
		RefuseNearLoop();
	RoundCosts(&pools, exact, cost);
	if (negative)
		NegateAll(cost, n);
	PG_RETURN_DATUM(FormCosts(&pools, cost));
}
