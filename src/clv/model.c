/*
 * model.c
 *	  Fitted models as rows: their parameters first, then log_likelihood,
 *	  customers and std_error.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "clv/model.h"
#include "lib/stringinfo.h"
#include "state/row_type.h"
#include "utils/array.h"

/* columns after the parameters */
enum
{
	LOG_LIKELIHOOD, CUSTOMERS, STD_ERROR, OTHER_COLUMNS
};

#define MAX_COLUMNS (NUM_PARAMETERS + OTHER_COLUMNS)

/* a sample of fewer different customers says nothing about a population */
#define MIN_DIFFERENT 3

/* the last model read, so that reading it again costs a comparison */
typedef struct ModelCache
{
	struct ModelCache *next;	/* of another argument */
	int			argument;
	double		parameter[NUM_PARAMETERS];
	Size		size;
	char		row[FLEXIBLE_ARRAY_MEMBER];
} ModelCache;

static void
CheckParameter(double value, const char *name)
{
	CheckFinite(value, name);
	if (!(value > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be positive, not %g", name, value)));
}

/* The columns of a model's row, which are to be put into column[]. */
static RowType
ModelRowType(const ModelKind *kind, RowColumn *column)
{
	static const RowColumn other[OTHER_COLUMNS] = {
		{"log_likelihood", FLOAT8OID},
		{"customers", FLOAT8OID},
		{"std_error", FLOAT8ARRAYOID}
	};
	RowType		type = {kind->name, kind->parameters + OTHER_COLUMNS, column};

	for (int i = 0; i < kind->parameters; i++)
	{
		column[i].name = kind->parameter[i];
		column[i].type = FLOAT8OID;
	}
	memcpy(column + kind->parameters, other, sizeof(other));
	return type;
}

static void
ReadParameters(HeapTupleHeader row, const ModelKind *kind, double *parameter)
{
	RowColumn	column[MAX_COLUMNS];
	RowType		type = ModelRowType(kind, column);
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];

	RowRead(row, &type, values, nulls);
	for (int i = 0; i < kind->parameters; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s of the model must not be NULL",
							kind->parameter[i])));
		parameter[i] = DatumGetFloat8(values[i]);
		CheckParameter(parameter[i], kind->parameter[i]);
	}
}

/* The parameters of a model that is an argument of a scalar function. */
const double *
ModelArgument(FunctionCallInfo fcinfo, int argument, const ModelKind *kind)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(argument);
	Size		size = HeapTupleHeaderGetDatumLength(row);
	ModelCache **link = (ModelCache **) &fcinfo->flinfo->fn_extra;
	ModelCache *cache;

	while (*link != NULL && (*link)->argument != argument)
		link = &(*link)->next;
	cache = *link;
	if (likely(cache != NULL && cache->size == size &&
			   memcmp(cache->row, row, size) == 0))
		return cache->parameter;

	cache = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
							   offsetof(ModelCache, row) + size);
	ReadParameters(row, kind, cache->parameter);
	cache->argument = argument;
	cache->size = size;
	memcpy(cache->row, row, size);
	cache->next = NULL;
	if (*link != NULL)
	{
		cache->next = (*link)->next;
		pfree(*link);
	}
	*link = cache;
	return cache->parameter;
}

static Datum
FormModel(FunctionCallInfo fcinfo, const ModelKind *kind, const Datum *values,
		  const bool *nulls)
{
	RowColumn	column[MAX_COLUMNS];
	RowType		type = ModelRowType(kind, column);

	return RowForm(RowResultType(fcinfo, &type), values, nulls);
}

/* A model of published parameters, about which nothing else is known. */
Datum
ModelConstruct(FunctionCallInfo fcinfo, const ModelKind *kind)
{
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS];

	for (int i = 0; i < kind->parameters; i++)
	{
		CheckParameter(PG_GETARG_FLOAT8(i), kind->parameter[i]);
		values[i] = PG_GETARG_DATUM(i);
		nulls[i] = false;
	}
	for (int i = 0; i < OTHER_COLUMNS; i++)
		nulls[kind->parameters + i] = true;
	return FormModel(fcinfo, kind, values, nulls);
}

void
CheckDifferent(const ModelKind *kind, Size count)
{
	if (count < MIN_DIFFERENT)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s_fit must have at least %d different customers, not %zu",
						kind->name, MIN_DIFFERENT, count)));
}

/* "r = 0.25, alpha = 4.4, ... with log-likelihood -1234.5" */
static char *
DescribeFit(const ModelKind *kind, const num_fit *fit)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < kind->parameters; i++)
		appendStringInfo(&text, "%s%s = %g", i == 0 ? "" : ", ",
						 kind->parameter[i], fit->parameter[i]);
	appendStringInfo(&text, " with log-likelihood %.10g after %d evaluations",
					 fit->log_likelihood, fit->evaluations);
	return text.data;
}

/* Fits a model to a sample and makes its row, or says why that cannot be. */
Datum
ModelFit(FunctionCallInfo fcinfo, const ModelKind *kind,
		 num_log_likelihood log_likelihood, const num_sample *sample,
		 const double *start)
{
	num_fit		fit;
	Datum		values[MAX_COLUMNS];
	bool		nulls[MAX_COLUMNS] = {false};
	Datum		errors[NUM_PARAMETERS];
	Datum	   *other = values + kind->parameters;
	ArrayType  *array;
	double		customers = 0;
	num_fit_status status;

	status = num_maximize(log_likelihood, sample, start, kind->parameters,
						  &fit);
	if (status == NUM_FIT_AT_BORDER)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("likelihood of %s has no maximum inside its range",
						kind->name),
				 errdetail("Last tried: %s.", DescribeFit(kind, &fit)),
				 errhint("A parameter runs to 0 or infinity: the customers do not differ in the way that the model describes.")));
	if (status != NUM_FIT_CONVERGED)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s_fit did not converge", kind->name),
				 errdetail("Last tried: %s.", DescribeFit(kind, &fit))));

	for (Size i = 0; i < sample->count; i++)
		customers += sample->row[i].weight;
	for (int i = 0; i < kind->parameters; i++)
	{
		values[i] = Float8GetDatum(fit.parameter[i]);
		errors[i] = Float8GetDatum(fit.std_error[i]);
	}
	other[LOG_LIKELIHOOD] = Float8GetDatum(fit.log_likelihood);
	other[CUSTOMERS] = Float8GetDatum(customers);
	array = construct_array(errors, kind->parameters, FLOAT8OID,
							sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	other[STD_ERROR] = PointerGetDatum(array);
	return FormModel(fcinfo, kind, values, nulls);
}
