/*
 * scheme.c
 *	  Tier schemes, as the walk through months is told them.
 *
 * They come as rows of a query.  Codes have numbers, so that answers are
 * compared and kept as such.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "state/huge_array.h"
#include "state/query_reader.h"
#include "tier/scheme.h"
#include "utils/array.h"

enum
{
	SCHEME_NAME, SCHEME_BASIS, SCHEME_CODES, SCHEME_BOUNDS, SCHEME_NUMBERS,
	SCHEME_COLUMNS
};

static const QueryColumn scheme_column[SCHEME_COLUMNS] = {
	{"name of a scheme", TEXTOID},
	{"what it goes by", TEXTOID},
	{"codes of its tiers", TEXTARRAYOID},
	{"their bounds", NUMERICARRAYOID},
	{"tiers by score", INT2ARRAYOID}
};

static bool
SameText(const text *one, const text *other)
{
	return VARSIZE_ANY_EXHDR(one) == VARSIZE_ANY_EXHDR(other) &&
		memcmp(VARDATA_ANY(one), VARDATA_ANY(other),
			   VARSIZE_ANY_EXHDR(one)) == 0;
}

static text *
CopyText(const Schemes *schemes, Datum value)
{
	text	   *packed = DatumGetTextPP(value);
	Size		size = VARSIZE_ANY(packed);
	text	   *copy = MemoryContextAlloc(schemes->context, size);

	memcpy(copy, packed, size);
	return copy;
}

/* The number of a code, which is noted. */
int16
SchemeCodeNumber(Schemes *schemes, Datum code)
{
	text	   *wanted = DatumGetTextPP(code);

	for (int i = CODE_NONE; i < schemes->codes; i++)
		if (SameText(schemes->code[i], wanted))
			return i;
	if (schemes->codes == PG_INT16_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("tiers must have at most %d codes", PG_INT16_MAX)));
	schemes->code = HugeRoom(schemes->context, schemes->code,
							 &schemes->code_room, schemes->codes + 1,
							 sizeof(text *));
	schemes->code[schemes->codes] = CopyText(schemes, code);
	return schemes->codes++;
}

static Basis
ReadBasis(Datum basis)
{
	static const char *const name[] = {
		"none", "cum_share", "value", "min_value", "rfm"
	};
	char	   *wanted = TextDatumGetCString(basis);

	for (int i = 0; i < (int) lengthof(name); i++)
		if (strcmp(wanted, name[i]) == 0)
			return (Basis) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("schemes must go by none, cum_share, value, min_value or rfm, not %s",
					wanted)));
}

/* The elements of an array; returns their number. */
static int
ReadArray(Datum array, Oid type, Datum **elements, bool **nulls)
{
	int			count;
	bool		of_two = type == INT2OID;

	deconstruct_array(DatumGetArrayTypeP(array), type, of_two ? 2 : -1,
					  of_two, of_two ? TYPALIGN_SHORT : TYPALIGN_INT,
					  elements, nulls, &count);
	return count;
}

static void
ReadTiers(Schemes *schemes, Scheme *scheme, const Datum *values)
{
	Datum	   *element;
	bool	   *null;

	scheme->tiers = ReadArray(values[SCHEME_CODES], TEXTOID, &element, &null);
	scheme->code = palloc(Max(scheme->tiers, 1) * sizeof(int16));
	for (int i = 0; i < scheme->tiers; i++)
		scheme->code[i] = null[i] ? NO_CODE :
			SchemeCodeNumber(schemes, element[i]);

	scheme->bounds = ReadArray(values[SCHEME_BOUNDS], NUMERICOID, &element,
							   &null);
	scheme->bound = palloc0(Max(scheme->bounds, 1) * sizeof(Bound));
	for (int i = 0; i < scheme->bounds; i++)
	{
		scheme->bound[i].missing = null[i];
		scheme->bound[i].scale = -1;
		scheme->bound[i].numeric = null[i] ? (Datum) 0 :
			PointerGetDatum(PG_DETOAST_DATUM_COPY(element[i]));
	}

	scheme->scores = ReadArray(values[SCHEME_NUMBERS], INT2OID, &element,
							   &null);
	scheme->tier = palloc(Max(scheme->scores, 1) * sizeof(int16));
	for (int i = 0; i < scheme->scores; i++)
		scheme->tier[i] = null[i] ? 0 : DatumGetInt16(element[i]);
}

/* Each number of a tier is one that there is. */
static void
CheckScheme(const Scheme *scheme)
{
	bool		right = scheme->basis == BY_NOTHING ||
	(scheme->tiers > 0 && scheme->bounds <= scheme->tiers);

	for (int i = 0; i < scheme->scores; i++)
		right = right && scheme->tier[i] >= 0 &&
			scheme->tier[i] <= scheme->tiers;
	for (int i = 0; i < scheme->bounds; i++)
		right = right && (scheme->basis != BY_SHARE ||
						  !scheme->bound[i].missing);
	if (!right)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scheme \"%s\" must have its tiers, and no bounds or scores of others",
						text_to_cstring(scheme->name))));
}

void
SchemesRead(Schemes *schemes, const char *query)
{
	QueryReader reader;

	schemes->code = HugeRoom(schemes->context, NULL, &schemes->code_room,
							 CODE_NONE + 1, sizeof(text *));
	schemes->code[NO_CODE] = NULL;
	schemes->codes = CODE_NONE + 1;
	schemes->code[CODE_NONE] = CopyText(schemes, CStringGetTextDatum("none"));
	QueryReaderBegin(&reader, "schemes", query, SCHEME_COLUMNS, scheme_column);
	while (QueryReaderNext(&reader))
	{
		MemoryContext caller = MemoryContextSwitchTo(schemes->context);
		Scheme	   *scheme;

		QueryRefuseNulls("schemes", reader.nulls, SCHEME_COLUMNS,
						 scheme_column);
		schemes->scheme = HugeRoom(schemes->context, schemes->scheme,
								   &schemes->room, schemes->count + 1,
								   sizeof(Scheme));
		scheme = &schemes->scheme[schemes->count++];
		memset(scheme, 0, sizeof(Scheme));
		scheme->name = CopyText(schemes, reader.values[SCHEME_NAME]);
		scheme->basis = ReadBasis(reader.values[SCHEME_BASIS]);
		ReadTiers(schemes, scheme, reader.values);
		CheckScheme(scheme);
		MemoryContextSwitchTo(caller);
	}
	QueryReaderEnd(&reader);
}

static bool
Reaches(const PartialSum *sum, Bound *bound)
{
	num_i128	value;

	if (bound->missing)
		return false;
	if (bound->scale != sum->scale)
	{
		bound->scale = sum->scale;
		bound->fits = DecimalReadAtScale(bound->numeric, sum->scale,
										 &bound->value);
	}
	if (bound->fits && num_i256_to_i128(&sum->value, &value))
		return value >= bound->value;
	return NumericCompare(PartialSumNumeric(sum), bound->numeric) >= 0;
}

/* The best tier whose bound is reached; the last one takes what is left. */
int16
SchemeCodeBySum(const Scheme *scheme, const PartialSum *sum)
{
	for (int k = 0; k < scheme->bounds; k++)
		if (Reaches(sum, &scheme->bound[k]))
			return scheme->code[k];
	return scheme->code[scheme->tiers - 1];
}

/* Which of the schemes has a name, -1 for none. */
int
SchemeNumber(const Schemes *schemes, Datum name)
{
	text	   *wanted = DatumGetTextPP(name);

	for (int s = 0; s < schemes->count; s++)
		if (SameText(schemes->scheme[s].name, wanted))
			return s;
	return -1;
}
