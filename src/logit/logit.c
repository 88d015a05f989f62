/*
 * logit.c
 *	  Logistic regression: how likely a label is, by features.
 *
 * SQL, in file order: logit_fit(label, features [, ridge]),
 * logit_score(model, features).  The mathematics is in logistic.c.
 *
 * P(label) = 1 / (1 + exp(-(b0 + b1 x1 + ... + bk xk))).  Features are centred
 * and scaled for the search alone: the coefficients, and the ridge, which
 * takes ridge / 2 (b1^2 + ... + bk^2) from the log-likelihood, are of the
 * features as they are.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "logit/logit_state.h"
#include "num/sort.h"
#include "state/huge_array.h"
#include "state/row_type.h"
#include "utils/array.h"

SQL_FUNCTION(logit_fit_trans);
SQL_FUNCTION(logit_fit_final);
SQL_FUNCTION(logit_score);

/* the columns of logit */
enum
{
	COEFFICIENT, STD_ERROR, LOG_LIKELIHOOD, AUC, CUSTOMERS, LOGIT_COLUMNS
};

static const RowColumn logit_columns[LOGIT_COLUMNS] = {
	{"coefficient", FLOAT8ARRAYOID},
	{"std_error", FLOAT8ARRAYOID},
	{"log_likelihood", FLOAT8OID},
	{"auc", FLOAT8OID},
	{"customers", INT8OID}
};

static const RowType logit_type = {"logit", LOGIT_COLUMNS, logit_columns};

/* The elements of an array argument of doubles. */
static const double *
ReadDoubles(ArrayType *array, const char *name, int *count)
{
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have one dimension, not %d", name,
						ARR_NDIM(array))));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", name),
				 errhint("Give a number for what is missing, and a feature that says so.")));
	*count = ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
	return (const double *) ARR_DATA_PTR(array);
}

/*
 * logit_fit_trans(logit_sample, label, features [, ridge]): a row with a NULL
 * is skipped.
 */
Datum
logit_fit_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	double		ridge = 0;
	const double *feature;
	double	   *row;
	LogitState *state;
	Size		capacity;
	int			count;

	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	feature = ReadDoubles(PG_GETARG_ARRAYTYPE_P(2), "features", &count);
	CheckFeatures(count);
	for (int i = 0; i < count; i++)
		CheckFinite(feature[i], "features");
	if (PG_NARGS() > 3)
	{
		ridge = PG_GETARG_FLOAT8(3);
		CheckNotNegative(ridge, "ridge");
	}
	datum = PG_ARGISNULL(0) ? LogitCreate(count, ridge, aggcontext) :
		LogitRoom(datum, 1, aggcontext);
	state = (LogitState *) StateView(datum, &capacity);
	if (state->features != count)
		RefuseOtherFeatures(state->features, count);
	if (state->ridge != ridge)
		RefuseOtherRidge(state->ridge, ridge);
	row = (double *) ((char *) state + state->growing.used);
	for (int i = 0; i < count; i++)
		row[i] = feature[i] + 0.0;	/* -0 is 0 */
	row[count] = PG_GETARG_BOOL(1) ? 1 : 0;
	state->rows++;
	state->growing.used += LOGIT_WIDTH(state) * sizeof(double);
	PG_RETURN_DATUM(datum);
}

/* a sample as the mathematics takes it */
typedef struct Sample
{
	num_logit_data data;
	double	   *mean;			/* of each feature */
	double	   *factor;			/* 1 over its standard deviation */
	double	   *reach;			/* the farthest from the mean, scaled */
} Sample;

static void
pg_attribute_noreturn()
RefuseSeparated(int feature)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("label must not be separated by the features, as feature %d does",
					feature),
			 errdetail("With a coefficient that grows for ever, the likelihood grows too: it has no maximum."),
			 errhint("Leave the feature out, or give a ridge.")));
}

/* what a feature is like: its range, for label 0 and 1, and sums of parts of
 * the range */
typedef struct Feature
{
	double		low[2];
	double		high[2];
	double		sum;
	double		squares;
} Feature;

/* The ranges of all features; refuses one class only. */
static void
ReadRanges(const num_logit_data *data, Feature *feature)
{
	Size		width = data->features + 1;
	bool		seen[2] = {false, false};

	for (int j = 0; j < data->features; j++)
		feature[j] = (Feature)
	{
		{
			INFINITY, INFINITY
		},
		{
			-INFINITY, -INFINITY
		}, 0, 0
	};
	for (Size i = 0; i < data->rows; i++)
	{
		const double *row = data->value + i * width;
		int			label = row[data->features] > 0;

		seen[label] = true;
		for (int j = 0; j < data->features; j++)
		{
			feature[j].low[label] = Min(feature[j].low[label], row[j]);
			feature[j].high[label] = Max(feature[j].high[label], row[j]);
		}
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (!seen[0] || !seen[1])
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("label must be both true and false, not only %s",
						seen[1] ? "true" : "false")));
}

/*
 * Refuses a feature that alone separates the labels or says nothing, unless a
 * ridge holds it.
 */
static void
CheckRange(const Feature *feature, int number, double ridge)
{
	double		low = Min(feature->low[0], feature->low[1]);
	double		high = Max(feature->high[0], feature->high[1]);

	if (low < high && ridge == 0 &&
		(feature->high[0] <= feature->low[1] ||
		 feature->high[1] <= feature->low[0]))
		RefuseSeparated(number);
	if (low == high && ridge == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("feature %d must not be the same on all rows, %g",
						number, low),
				 errhint("Leave the feature out, or give a ridge.")));
	if (isinf(high - low))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("feature %d must have a range that doubles hold, not %g to %g",
						number, low, high)));
}

/*
 * Finds how to scale the features to about mean 0 and deviation 1.  That
 * serves the search only, so that digits which cancel do not matter.
 */
static void
ScaleFeatures(Sample *sample, double ridge)
{
	const num_logit_data *data = &sample->data;
	Size		width = data->features + 1;
	Feature    *feature = palloc(data->features * sizeof(Feature));
	double	   *low = sample->mean;
	double	   *range = sample->factor;
	double		rounder = num_logit_rounder(1, data->rows);

	ReadRanges(data, feature);
	for (int j = 0; j < data->features; j++)
	{
		CheckRange(&feature[j], j + 1, ridge);
		low[j] = Min(feature[j].low[0], feature[j].low[1]);
		range[j] = Max(feature[j].high[0], feature[j].high[1]) - low[j];
		if (range[j] == 0)
			range[j] = 1;
	}
	for (Size i = 0; i < data->rows; i++)
	{
		const double *row = data->value + i * width;

		for (int j = 0; j < data->features; j++)
		{
			double		part = (row[j] - low[j]) / range[j];

			feature[j].sum += (part + rounder) - rounder;
			feature[j].squares += (part * part + rounder) - rounder;
		}
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (int j = 0; j < data->features; j++)
	{
		double		mean = feature[j].sum / data->rows;
		double		variance = feature[j].squares / data->rows - mean * mean;
		double		deviation = sqrt(Max(variance, 1e-14));

		/* in the place of low and range, which are no longer needed */
		sample->mean[j] = low[j] + mean * range[j];
		sample->factor[j] = 1 / (range[j] * deviation);
		sample->reach[j] = Max(mean, 1 - mean) / deviation;
	}
}

static uint64
RowHash(const double *row, Size width)
{
	uint64		hash = 0;

	for (Size i = 0; i < width; i++)
	{
		uint64		word;

		/* the finalizer of MurmurHash3 (Appleby), chained */
		memcpy(&word, &row[i], sizeof(word));
		hash = (hash ^ word) * UINT64CONST(0xff51afd7ed558ccd);
		hash = (hash ^ hash >> 33) * UINT64CONST(0xc4ceb9fe1a85ec53);
		hash ^= hash >> 33;
	}
	return hash;
}

/* a search begins on a part of the rows, if it has so many */
#define PART 16
#define MIN_PART 2048

/* The rows whose hash says so, whatever their order. */
static void
TakePart(num_logit_data *data)
{
	Size		width = data->features + 1;
	uint32	   *part = HugeArray(CurrentMemoryContext, data->rows / PART * 2,
								 sizeof(uint32));

	for (Size i = 0; i < data->rows; i++)
	{
		if (RowHash(data->value + i * width, width) % PART == 0)
		{
			/* many equal rows: the part would be one by their order */
			if (data->part_rows == data->rows / PART * 2)
				return;
			part[data->part_rows++] = i;
		}
		POLL_AT(i);
	}
	if (data->part_rows >= MIN_PART)
		data->part = part;
}

static Sample
ReadSample(const LogitState *state)
{
	Sample		sample;
	int			features = state->features;
	double	   *penalty = palloc(features * sizeof(double));

	sample.mean = palloc(features * sizeof(double));
	sample.factor = palloc(features * sizeof(double));
	sample.reach = palloc(features * sizeof(double));
	sample.data = (num_logit_data)
	{
		.rows = state->rows,
			.features = features,
			.value = state->value,
			.mean = sample.mean,
			.factor = sample.factor,
			.reach = sample.reach,
			.penalty = penalty,
			.penalised = state->ridge > 0,
			.poll = PollInterrupts
	};
	ScaleFeatures(&sample, state->ridge);
	for (int j = 0; j < features; j++)
		penalty[j] = state->ridge * sample.factor[j] * sample.factor[j];
	if (state->rows >= PART * MIN_PART)
		TakePart(&sample.data);
	return sample;
}

/*
 * The coefficients of the features as they are, and their standard errors:
 * the intercept is a sum of those of the scaled ones.
 */
static void
Unscale(const Sample *sample, const num_logit_fit *fit,
		const double *covariance, Datum *coefficient, Datum *error)
{
	int			n = sample->data.features + 1;
	double	   *part = palloc(n * sizeof(double));
	double		intercept = fit->coefficient[0];
	double		variance = 0;

	part[0] = 1;
	for (int j = 1; j < n; j++)
	{
		double		own = fit->coefficient[j] * sample->factor[j - 1];

		part[j] = -sample->mean[j - 1] * sample->factor[j - 1];
		intercept -= own * sample->mean[j - 1];
		coefficient[j] = Float8GetDatum(own);
		error[j] = Float8GetDatum(sqrt(covariance[(Size) j * n + j]) *
								  sample->factor[j - 1]);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			variance += part[i] * part[j] * covariance[(Size) i * n + j];
	coefficient[0] = Float8GetDatum(intercept);
	error[0] = Float8GetDatum(sqrt(variance));
}

static Datum
DoubleArray(Datum *element, int count)
{
	return PointerGetDatum(construct_array(element, count, FLOAT8OID,
										   sizeof(float8), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
}

/* logit_fit_final(logit_sample) */
Datum
logit_fit_final(PG_FUNCTION_ARGS)
{
	Datum		values[LOGIT_COLUMNS];
	bool		nulls[LOGIT_COLUMNS] = {false};
	Datum		coefficient[NUM_LOGIT_FEATURES + 1];
	Datum		error[NUM_LOGIT_FEATURES + 1];
	LogitState *state;
	Sample		sample;
	num_logit_fit fit = {0};
	num_logit_status status;
	double	   *covariance;
	double	   *work;
	num_u128   *keys;
	int			n;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (LogitState *) StateRead(PG_GETARG_DATUM(0));
	sample = ReadSample(state);
	n = state->features + 1;
	covariance = palloc((Size) n * n * sizeof(double));
	work = palloc(NUM_LOGIT_WORK(state->features) * sizeof(double));
	status = num_logit_maximize(&sample.data, &fit, covariance, work);
	if (status == NUM_LOGIT_SINGULAR)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("feature %d must not follow from those before it",
						fit.feature),
				 errhint("Leave the feature out, or give a ridge.")));
	if (status == NUM_LOGIT_SEPARATED)
		RefuseSeparated(fit.feature);
	keys = HugeArray(CurrentMemoryContext, 2 * state->rows, sizeof(num_u128));
	values[AUC] = Float8GetDatum(num_logit_auc(&sample.data, fit.coefficient,
											   keys, work));
	Unscale(&sample, &fit, covariance, coefficient, error);
	values[COEFFICIENT] = DoubleArray(coefficient, n);
	values[STD_ERROR] = DoubleArray(error, n);
	values[LOG_LIKELIHOOD] = Float8GetDatum(fit.log_likelihood);
	values[CUSTOMERS] = Int64GetDatum(state->rows);
	return RowForm(RowResultType(fcinfo, &logit_type), values, nulls);
}

/* the last model read, so that reading it again costs a comparison */
typedef struct ModelCache
{
	int			count;			/* coefficients */
	double	   *coefficient;
	Size		size;
	char		row[FLEXIBLE_ARRAY_MEMBER];
} ModelCache;

static ModelCache *
ReadModel(FunctionCallInfo fcinfo, HeapTupleHeader row, Size size)
{
	ModelCache *cache = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
										   offsetof(ModelCache, row) + size);
	Datum		values[LOGIT_COLUMNS];
	bool		nulls[LOGIT_COLUMNS];
	const double *coefficient;

	RowRead(row, &logit_type, values, nulls);
	if (nulls[COEFFICIENT])
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("coefficient of the model must not be NULL")));
	coefficient = ReadDoubles(DatumGetArrayTypeP(values[COEFFICIENT]),
							  "coefficient of the model", &cache->count);
	if (cache->count < 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("coefficient of the model must have at least 2 elements, not %d",
						cache->count)));
	for (int i = 0; i < cache->count; i++)
		CheckFinite(coefficient[i], "coefficient of the model");
	cache->coefficient = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
											cache->count * sizeof(double));
	memcpy(cache->coefficient, coefficient, cache->count * sizeof(double));
	cache->size = size;
	memcpy(cache->row, row, size);
	return cache;
}

/* The model that is an argument of a scalar function. */
static const ModelCache *
ModelArgument(FunctionCallInfo fcinfo)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(0);
	Size		size = HeapTupleHeaderGetDatumLength(row);
	ModelCache *cache = fcinfo->flinfo->fn_extra;

	if (likely(cache != NULL && cache->size == size &&
			   memcmp(cache->row, row, size) == 0))
		return cache;
	if (cache != NULL)
	{
		fcinfo->flinfo->fn_extra = NULL;
		pfree(cache->coefficient);
		pfree(cache);
	}
	cache = ReadModel(fcinfo, row, size);
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

/* logit_score(logit, features float8[]): how likely the label is true */
Datum
logit_score(PG_FUNCTION_ARGS)
{
	const ModelCache *model = ModelArgument(fcinfo);
	int			count;
	const double *feature = ReadDoubles(PG_GETARG_ARRAYTYPE_P(1), "features",
										&count);
	double		sum = model->coefficient[0];

	if (count != model->count - 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("features must have %d elements, as those of the model, not %d",
						model->count - 1, count)));
	for (int i = 0; i < count; i++)
	{
		CheckFinite(feature[i], "features");
		sum += model->coefficient[i + 1] * feature[i];
	}
	if (isnan(sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("score is out of range of double precision")));
	PG_RETURN_FLOAT8(1 / (1 + exp(-sum)));
}
