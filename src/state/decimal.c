/*
 * decimal.c
 *	  Between PostgreSQL's numeric and exact integers scaled by 10^scale.
 *
 * numeric's own functions are right and slow: each call unpacks, allocates and
 * packs again.  Here a numeric is read straight from its stored form, which
 * pg_upgrade has kept unchanged since 9.1 (short headers) and 14 (infinities):
 *
 *	  header, 16 bits    11sd dddd dwww wwww   short: sign, dscale, weight
 *	                     00 or 01, 14 bits     long: sign, dscale; then weight
 *	                     1100, 1101, 1111      NaN, Infinity, -Infinity
 *	  digits, 16 bits each, base 10000; value = sum digit[i] 10000^(weight - i)
 *
 * (short headers begin with the bits 10).
 */
#include "crmcost.h"

#include "port/pg_bitutils.h"
#include "state/decimal.h"
#include "utils/numeric.h"

#define DIGIT_BASE 10000
#define DIGIT_DECIMALS 4

#define HEADER_CLASS 0xC000
#define HEADER_SPECIAL 0xC000
#define HEADER_SHORT 0x8000
#define HEADER_LONG_NEGATIVE 0x4000
#define LONG_DSCALE 0x3FFF
#define SHORT_NEGATIVE 0x2000
#define SHORT_DSCALE 0x1F80
#define SHORT_DSCALE_SHIFT 7
#define SHORT_DSCALE_MAX 63
#define SHORT_WEIGHT_SIGN 0x0040
#define SHORT_WEIGHT 0x003F
#define SHORT_WEIGHT_MAX 63
#define SHORT_WEIGHT_MIN (-64)

/* of numbers from 10^4 to 10^8, which are of 14 octaves */
#define RANGES_A_DIGIT (14 * 32)

/* digits of base 10000 in a 256-bit integer, and one for a shifted scale */
#define MAX_DIGITS 21

/* a finite numeric's parts; digits may be unaligned */
typedef struct NumericParts
{
	bool		negative;
	int			dscale;
	int			weight;
	int			ndigits;
	const char *digits;
} NumericParts;

static inline uint16
ReadUint16(const char *p)
{
	uint16		value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/*
 * Takes a numeric apart; false if it is NaN or infinite.  The varlena may have
 * a short header, so that its body is unaligned.
 */
static inline bool
ReadParts(const struct varlena *numeric, NumericParts *parts)
{
	const char *body = VARDATA_ANY(numeric);
	int			size = VARSIZE_ANY_EXHDR(numeric);
	uint16		header = ReadUint16(body);

	if (likely((header & HEADER_CLASS) == HEADER_SHORT))
	{
		parts->negative = (header & SHORT_NEGATIVE) != 0;
		parts->dscale = (header & SHORT_DSCALE) >> SHORT_DSCALE_SHIFT;
		parts->weight = (header & SHORT_WEIGHT) -
			((header & SHORT_WEIGHT_SIGN) != 0 ? SHORT_WEIGHT + 1 : 0);
		parts->digits = body + sizeof(uint16);
		parts->ndigits = (size - (int) sizeof(uint16)) / (int) sizeof(uint16);
		return true;
	}
	parts->negative = (header & HEADER_CLASS) == HEADER_LONG_NEGATIVE;
	parts->dscale = header & LONG_DSCALE;
	parts->weight = 0;
	parts->digits = body;
	parts->ndigits = 0;
	if ((header & HEADER_CLASS) == HEADER_SPECIAL)
		return false;
	parts->weight = (int16) ReadUint16(body + sizeof(uint16));
	parts->digits = body + 2 * sizeof(uint16);
	parts->ndigits = (size - 2 * (int) sizeof(uint16)) / (int) sizeof(uint16);
	return true;
}

/*
 * The number of decimals to append to the digits, read as one integer, to
 * have the value at a scale (negative: to cut, and those are zeros).
 */
static inline int
MissingDecimals(const NumericParts *parts, int scale)
{
	return scale - DIGIT_DECIMALS * (parts->ndigits - 1 - parts->weight);
}

/* The value at a scale not below its own, if that is no long way. */
static inline bool
PartsToI128(const NumericParts *parts, int scale, num_i128 *value)
{
	int			missing = MissingDecimals(parts, scale);
	num_i128	result;

	if (parts->ndigits <= 4)
	{
		uint64		small = 0;

		for (int i = 0; i < parts->ndigits; i++)
			small = small * DIGIT_BASE +
				ReadUint16(parts->digits + i * sizeof(uint16));
		/* at most 16 digits: three more always fit */
		if (missing >= 0 && missing <= 3)
			small *= num_pow10_64[missing];
		else if (missing < 0)
			small /= num_pow10_64[Min(-missing, NUM_POW10_64_MAX)];
		result = small;
		if (missing > 3 &&
			!num_i128_mul_pow10(result, missing, &result))
			return false;
	}
	else
	{
		if (parts->ndigits > 9)
			return false;		/* over 32 digits: left to PartsToI256() */
		result = 0;
		for (int i = 0; i < parts->ndigits; i++)
			result = result * DIGIT_BASE +
				ReadUint16(parts->digits + i * sizeof(uint16));
		if (missing < 0)
			result /= num_pow10_128(Min(-missing, NUM_POW10_128_MAX));
		else if (!num_i128_mul_pow10(result, missing, &result))
			return false;
	}
	*value = parts->negative ? -result : result;
	return true;
}

/* The value at its own scale, if 256 bits hold it. */
static bool
PartsToI256(const NumericParts *parts, num_i256 *value)
{
	int			missing = MissingDecimals(parts, parts->dscale);
	num_i256	result = {{0, 0, 0, 0}};

	if (parts->ndigits > MAX_DIGITS)
		return false;
	for (int i = 0; i < parts->ndigits; i++)
	{
		uint16		digit = ReadUint16(parts->digits + i * sizeof(uint16));

		if (missing < 0 && i == parts->ndigits - 1)
		{
			if (!num_u256_mul_small_add(&result,
										num_pow10_64[DIGIT_DECIMALS + missing],
										digit / num_pow10_64[-missing]))
				return false;
		}
		else if (!num_u256_mul_small_add(&result, DIGIT_BASE, digit))
			return false;
	}
	if (missing > 0 && !num_i256_mul_pow10(&result, missing))
		return false;
	*value = parts->negative ? num_i256_negate(&result) : result;
	return true;
}

/*
 * A finite numeric as value * 10^-scale, scale being its display scale.
 * False if it is NaN, infinite, or beyond 128 bits.
 */
bool
DecimalRead(Datum numeric, num_i128 *value, int *scale)
{
	NumericParts parts;
	num_i256	wide;

	if (!ReadParts(PG_DETOAST_DATUM_PACKED(numeric), &parts))
		return false;
	*scale = parts.dscale;
	if (likely(PartsToI128(&parts, parts.dscale, value)))
		return true;
	return PartsToI256(&parts, &wide) && num_i256_to_i128(&wide, value);
}

/*
 * Which range a numeric is in, in the order of their values: 32 an octave of
 * the first eight decimal digits or so, which are digits as stored; 0 alone,
 * and -1 for all below.  NaN and infinity are above all others.
 */
int
DecimalRange(Datum numeric)
{
	NumericParts parts;
	uint32		lead;
	int			octave;

	if (!ReadParts(PG_DETOAST_DATUM_PACKED(numeric), &parts))
		return NumericCompare(numeric, NumericFromInt64(0)) < 0 ?
			-1 : PG_INT32_MAX;
	if (parts.ndigits == 0)
		return 0;
	if (parts.negative)
		return -1;
	lead = ReadUint16(parts.digits) * DIGIT_BASE;
	if (parts.ndigits > 1)
		lead += ReadUint16(parts.digits + sizeof(uint16));
	octave = pg_leftmost_one_pos32(lead);	/* from 13, as lead is from 10^4 */
	return (parts.weight - PG_INT16_MIN) * RANGES_A_DIGIT +
		(octave - 13) * 32 + ((lead >> (octave - 5)) & 31) + 1;
}

/* The same at a given scale; false also if it has digits beyond that. */
bool
DecimalReadAtScale(Datum numeric, int scale, num_i128 *value)
{
	int			own_scale;

	if (!DecimalRead(numeric, value, &own_scale))
		return false;
	if (own_scale <= scale)
		return num_i128_mul_pow10(*value, scale - own_scale, value);
	for (; own_scale > scale; own_scale--)
	{
		if (*value % 10 != 0)
			return false;
		*value /= 10;
	}
	return true;
}

/* Packs base-10000 digits, least significant first, into a numeric. */
static Datum
PackNumeric(bool negative, int dscale, const uint16 *digits, int ndigits)
{
	int			skip = 0;
	int			weight;
	Size		header_size;
	Size		size;
	struct varlena *result;
	char	   *body;

	while (ndigits > 0 && digits[ndigits - 1] == 0)
		ndigits--;
	while (skip < ndigits && digits[skip] == 0)
		skip++;
	weight = ndigits - 1 - (dscale + DIGIT_DECIMALS - 1) / DIGIT_DECIMALS;
	if (ndigits == 0)
	{
		weight = 0;
		negative = false;
	}

	header_size = (dscale <= SHORT_DSCALE_MAX && weight <= SHORT_WEIGHT_MAX &&
				   weight >= SHORT_WEIGHT_MIN ? 1 : 2) * sizeof(uint16);
	size = VARHDRSZ + header_size + (ndigits - skip) * sizeof(uint16);
	result = palloc(size);
	SET_VARSIZE(result, size);
	body = VARDATA(result);
	if (header_size == sizeof(uint16))
	{
		uint16		header = HEADER_SHORT | dscale << SHORT_DSCALE_SHIFT;

		header |= negative ? SHORT_NEGATIVE : 0;
		header |= weight < 0 ? SHORT_WEIGHT_SIGN : 0;
		header |= weight & SHORT_WEIGHT;
		memcpy(body, &header, sizeof(header));
	}
	else
	{
		uint16		sign = negative ? HEADER_LONG_NEGATIVE : 0;
		uint16		header[2] = {dscale | sign, (uint16) weight};

		memcpy(body, header, sizeof(header));
	}
	body += header_size;
	for (int i = ndigits - 1; i >= skip; i--, body += sizeof(uint16))
		memcpy(body, &digits[i], sizeof(uint16));
	return PointerGetDatum(result);
}

/*
 * value * 10^-scale as a numeric of that display scale, in numeric's own
 * normal form (so that equal values are equal bytes).
 */
static Datum
I256Numeric(const num_i256 *value, int scale)
{
	uint16		digits[MAX_DIGITS];
	int			ndigits = 0;
	int			first = scale % DIGIT_DECIMALS; /* decimals of the last one */
	num_i256	rest = num_i256_abs(value);

	if (first > 0)
		digits[ndigits++] = num_u256_div_small(&rest, num_pow10_64[first]) *
			num_pow10_64[DIGIT_DECIMALS - first];
	while (!num_i256_is_zero(&rest))
		digits[ndigits++] = num_u256_div_small(&rest, DIGIT_BASE);
	return PackNumeric(num_i256_is_negative(value), scale, digits, ndigits);
}

/*
 * Brings integers to a scale with so many more decimals; false, with all of
 * them unchanged, if one does not fit.
 */
bool
DecimalRaiseScale(num_i128 *value, Size count, int more)
{
	num_i128	ignored;

	for (Size i = 0; i < count; i++)
	{
		if (!num_i128_mul_pow10(value[i], more, &ignored))
			return false;
		POLL_AT(i);
	}
	for (Size i = 0; i < count; i++)
	{
		(void) num_i128_mul_pow10(value[i], more, &value[i]);
		POLL_AT(i);
	}
	return true;
}

Datum
DecimalNumeric(num_i128 value, int scale)
{
	num_u128	magnitude = num_u128_abs(value);
	uint64		rest = (uint64) magnitude;
	uint16		digits[MAX_DIGITS];
	int			ndigits = 0;
	int			first = scale % DIGIT_DECIMALS;

	if (magnitude >> 64 != 0)
	{
		num_i256	wide = num_i256_from_i128(value);

		return I256Numeric(&wide, scale);
	}
	if (first > 0)
	{
		digits[ndigits++] = rest % num_pow10_64[first] *
			num_pow10_64[DIGIT_DECIMALS - first];
		rest /= num_pow10_64[first];
	}
	for (; rest > 0; rest /= DIGIT_BASE)
		digits[ndigits++] = rest % DIGIT_BASE;
	return PackNumeric(value < 0, scale, digits, ndigits);
}

void
CheckFiniteNumeric(Datum numeric, const char *argument)
{
	NumericParts parts;

	if (!ReadParts(PG_DETOAST_DATUM_PACKED(numeric), &parts))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite, not %s", argument,
						NumericText(numeric))));
}

/* The same, returning a copy that outlives the row. */
Datum
CheckedNumeric(Datum numeric, const char *argument)
{
	CheckFiniteNumeric(numeric, argument);
	return PointerGetDatum(PG_DETOAST_DATUM_COPY(numeric));
}

void
RefuseSum(const char *argument)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s must sum to at most %d digits", argument,
					NUM_I256_DIGITS),
			 errhint("Round the amounts to the decimals that matter.")));
}

/* Brings a sum to a larger scale. */
static inline void
RaiseSumScale(ExactSum *sum, int scale, const char *argument)
{
	if (scale > sum->scale)
	{
		if (!num_i256_mul_pow10(&sum->value, scale - sum->scale))
			RefuseSum(argument);
		sum->scale = scale;
	}
}

/* The sum becomes one numeric's value; refuses NaN, infinity, 77 digits. */
void
ExactSumRead(ExactSum *sum, Datum numeric, const char *argument)
{
	ExactSumReadTiny(sum, numeric, argument);
	if (sum->scale > NUM_I256_DIGITS)
		RefuseSum(argument);
}

/* The same, of any number of decimals that begin with zeros. */
void
ExactSumReadTiny(ExactSum *sum, Datum numeric, const char *argument)
{
	NumericParts parts;
	num_i128	small;

	if (!ReadParts(PG_DETOAST_DATUM_PACKED(numeric), &parts))
		CheckFiniteNumeric(numeric, argument);
	sum->scale = parts.dscale;
	if (likely(PartsToI128(&parts, parts.dscale, &small)))
		sum->value = num_i256_from_i128(small);
	else if (!PartsToI256(&parts, &sum->value))
		RefuseSum(argument);
}

/* A sum and a numeric of another scale, or beyond 128 bits. */
void
ExactSumAddSlowly(num_i256 *value, int16 *scale, Datum numeric,
				  const char *argument)
{
	ExactSum	sum = {*value, *scale};
	ExactSum	addend;

	ExactSumRead(&addend, numeric, argument);
	RaiseSumScale(&sum, addend.scale, argument);
	RaiseSumScale(&addend, sum.scale, argument);
	if (!num_i256_add(&sum.value, &addend.value))
		RefuseSum(argument);
	*value = sum.value;
	*scale = sum.scale;
}

void
ExactSumCombine(ExactSum *sum, const ExactSum *other, const char *argument)
{
	ExactSum	addend = *other;

	RaiseSumScale(sum, addend.scale, argument);
	RaiseSumScale(&addend, sum->scale, argument);
	if (!num_i256_add(&sum->value, &addend.value))
		RefuseSum(argument);
}

/* A sum as numeric, of the largest scale that was added. */
Datum
ExactSumNumeric(const ExactSum *sum)
{
	num_i128	small;

	if (likely(num_i256_to_i128(&sum->value, &small)))
		return DecimalNumeric(small, sum->scale);
	return I256Numeric(&sum->value, sum->scale);
}

/* The first value of a sum, or one of another scale. */
void
PartialSumAddSlowly(PartialSum *sum, const ExactSum *addend,
					const char *argument)
{
	ExactSum	total = ExactSumOf(&sum->value, sum->scale);

	if (!sum->any)
		total = *addend;
	else
		ExactSumCombine(&total, addend, argument);
	sum->value = total.value;
	sum->scale = total.scale;
	sum->any = true;
}

/* A sum as numeric; of no value it is 0. */
Datum
PartialSumNumeric(const PartialSum *sum)
{
	ExactSum	total = ExactSumOf(&sum->value, sum->scale);

	return ExactSumNumeric(&total);
}

/* A sum as SQL has it: of bigint values a bigint. */
Datum
PartialSumDatum(const PartialSum *sum, bool is_numeric)
{
	num_i128	value;

	if (is_numeric)
		return PartialSumNumeric(sum);
	if (!num_i256_to_i128(&sum->value, &value) ||
		value < PG_INT64_MIN || value > PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range")));
	return Int64GetDatum((int64) value);
}

Datum
NumericFromInt64(int64 value)
{
	return NumericGetDatum(int64_to_numeric(value));
}

Datum
NumericFromText(const char *text)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							   ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

Datum
NumericAdd(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_add, a, b);
}

Datum
NumericSubtract(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_sub, a, b);
}

Datum
NumericMultiply(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_mul, a, b);
}

Datum
NumericDivide(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_div, a, b);
}

/* for numbers that are not negative, where truncating is rounding down */
Datum
NumericFloorDivide(Datum a, Datum b)
{
	return DirectFunctionCall2(numeric_div_trunc, a, b);
}

Datum
NumericCeiling(Datum a)
{
	return DirectFunctionCall1(numeric_ceil, a);
}

Datum
NumericAbsolute(Datum a)
{
	return DirectFunctionCall1(numeric_abs, a);
}

Datum
NumericRound(Datum a, int scale)
{
	return DirectFunctionCall2(numeric_round, a, Int32GetDatum(scale));
}

int64
NumericToInt64(Datum a)
{
	return DatumGetInt64(DirectFunctionCall1(numeric_int8, a));
}

/* What is smaller than any double, so below 10^-323, is 0 and no error. */
double
NumericToDouble(Datum a)
{
	if (NumericScale(a) > 323)
		a = NumericRound(a, 323);
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, a));
}

/* the natural one */
Datum
NumericLogarithm(Datum a)
{
	return DirectFunctionCall1(numeric_ln, a);
}

/* the display scale: decimals after the point */
int
NumericScale(Datum a)
{
	return DatumGetInt32(DirectFunctionCall1(numeric_scale, a));
}

/* 10^exponent as an integer */
Datum
NumericPower10(int exponent)
{
	return NumericRound(DirectFunctionCall2(numeric_power,
											NumericFromInt64(10),
											NumericFromInt64(exponent)),
						0);
}

Datum
NumericPower(Datum base, Datum exponent)
{
	return DirectFunctionCall2(numeric_power, base, exponent);
}

/* base^exponent for an exponent >= 0, rounded to the scale at each step */
Datum
NumericIntegerPower(Datum base, int64 exponent, int scale)
{
	Datum		result = NumericFromInt64(1);

	for (; exponent > 0; exponent /= 2)
	{
		if (exponent % 2 == 1)
			result = NumericRound(NumericMultiply(result, base), scale);
		if (exponent > 1)
			base = NumericRound(NumericMultiply(base, base), scale);
		CHECK_FOR_INTERRUPTS();
	}
	return result;
}

int
NumericCompare(Datum a, Datum b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, a, b));
}

/* Equal numerics of the same scale, the usual case, are the same bytes. */
bool
NumericEqual(Datum a, Datum b)
{
	struct varlena *left = PG_DETOAST_DATUM_PACKED(a);
	struct varlena *right = PG_DETOAST_DATUM_PACKED(b);

	if (VARSIZE_ANY_EXHDR(left) == VARSIZE_ANY_EXHDR(right) &&
		memcmp(VARDATA_ANY(left), VARDATA_ANY(right),
			   VARSIZE_ANY_EXHDR(left)) == 0)
		return true;
	return NumericCompare(a, b) == 0;
}

int
NumericSign(Datum a)
{
	return NumericCompare(a, NumericFromInt64(0));
}

char *
NumericText(Datum a)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, a));
}
