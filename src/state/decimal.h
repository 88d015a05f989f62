/*
 * decimal.h
 *	  Between PostgreSQL's numeric and exact integers scaled by 10^scale.
 *
 * numeric is the type at the door; inside, a value is an integer times
 * 10^-scale, where scale is the numeric's own display scale.  128 bits hold
 * what money is in practice; what does not fit is left to numeric itself.
 */
#ifndef DECIMAL_H
#define DECIMAL_H

#include "num/fixed.h"

/* an exact running sum of numerics: value * 10^-scale */
typedef struct ExactSum
{
	num_i256	value;
	int			scale;
} ExactSum;

static inline ExactSum
ExactSumOf(const num_i256 *value, int scale)
{
	ExactSum	sum = {*value, scale};

	return sum;
}

extern bool DecimalRead(Datum numeric, num_i128 *value, int *scale);
extern bool DecimalRaiseScale(num_i128 *value, Size count, int more);
extern bool DecimalReadAtScale(Datum numeric, int scale, num_i128 *value);
extern Datum DecimalNumeric(num_i128 value, int scale);
extern int	DecimalRange(Datum numeric);
extern void CheckFiniteNumeric(Datum numeric, const char *argument);
extern Datum CheckedNumeric(Datum numeric, const char *argument);

extern void ExactSumAddSlowly(num_i256 *value, int16 *scale, Datum numeric,
							  const char *argument);
extern void ExactSumCombine(ExactSum *sum, const ExactSum *other,
							const char *argument);
extern void ExactSumRead(ExactSum *sum, Datum numeric, const char *argument);
extern void ExactSumReadTiny(ExactSum *sum, Datum numeric,
							 const char *argument);
extern Datum ExactSumNumeric(const ExactSum *sum);
extern void RefuseSum(const char *argument) pg_attribute_noreturn();

/* a sum of no value yet, or at the largest scale seen */
typedef struct PartialSum
{
	num_i256	value;
	int16		scale;
	bool		any;
} PartialSum;

extern void PartialSumAddSlowly(PartialSum *sum, const ExactSum *addend,
								const char *argument);
extern Datum PartialSumNumeric(const PartialSum *sum);
extern Datum PartialSumDatum(const PartialSum *sum, bool is_numeric);

static inline void
PartialSumAdd(PartialSum *sum, const ExactSum *addend, const char *argument)
{
	if (unlikely(!sum->any || sum->scale != addend->scale))
		PartialSumAddSlowly(sum, addend, argument);
	else if (unlikely(!num_i256_add(&sum->value, &addend->value)))
		RefuseSum(argument);
}

static inline void
PartialSumCombine(PartialSum *sum, const PartialSum *other,
				  const char *argument)
{
	ExactSum	addend = ExactSumOf(&other->value, other->scale);

	if (other->any)
		PartialSumAdd(sum, &addend, argument);
}

/* A value of a column, which is numeric, or else bigint. */
static inline void
ExactSumReadColumn(ExactSum *sum, Datum value, bool is_numeric,
				   const char *argument)
{
	if (is_numeric)
		ExactSumRead(sum, value, argument);
	else
	{
		sum->value = num_i256_from_i128(DatumGetInt64(value));
		sum->scale = 0;
	}
}

/* Whether a sum is above 0, which one of no value is not. */
static inline bool
PartialSumIsPositive(const PartialSum *sum)
{
	return !num_i256_is_negative(&sum->value) &&
		!num_i256_is_zero(&sum->value);
}

/* numeric arithmetic, for where speed does not matter */
extern Datum NumericFromInt64(int64 value);
extern Datum NumericFromText(const char *text);
extern Datum NumericAdd(Datum a, Datum b);
extern Datum NumericSubtract(Datum a, Datum b);
extern Datum NumericMultiply(Datum a, Datum b);
extern Datum NumericDivide(Datum a, Datum b);
extern Datum NumericFloorDivide(Datum a, Datum b);
extern Datum NumericCeiling(Datum a);
extern Datum NumericAbsolute(Datum a);
extern Datum NumericRound(Datum a, int scale);
extern int64 NumericToInt64(Datum a);
extern double NumericToDouble(Datum a);
extern Datum NumericLogarithm(Datum a);
extern int	NumericScale(Datum a);
extern Datum NumericPower10(int exponent);
extern Datum NumericPower(Datum base, Datum exponent);
extern Datum NumericIntegerPower(Datum base, int64 exponent, int scale);
extern int	NumericCompare(Datum a, Datum b);
extern bool NumericEqual(Datum a, Datum b);
extern int	NumericSign(Datum a);
extern char *NumericText(Datum a);

/* Adds a numeric to a sum that a state keeps as value and scale. */
static inline void
ExactSumAdd(num_i256 *value, int16 *scale, Datum numeric, const char *argument)
{
	num_i128	addend;
	int			addend_scale;
	num_i256	wide;

	if (unlikely(!DecimalRead(numeric, &addend, &addend_scale) ||
				 addend_scale != *scale))
	{
		ExactSumAddSlowly(value, scale, numeric, argument);
		return;
	}
	wide = num_i256_from_i128(addend);
	if (unlikely(!num_i256_add(value, &wide)))
		RefuseSum(argument);
}

#endif							/* DECIMAL_H */
