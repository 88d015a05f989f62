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
 *
 * Rows may lie in several places: _logit_fit_of(query, ...) asks each of
 * them by a query, which answers with _logit_answer(sample, question).  All
 * sums are exact, so that the fit is the same to the last bit.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "logit/logit_state.h"
#include "num/sort.h"
#include "state/huge_array.h"
#include "state/row_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

SQL_FUNCTION(logit_fit_trans);
SQL_FUNCTION(logit_fit_final);
SQL_FUNCTION(logit_score);
SQL_FUNCTION(logit__logit_answer);
SQL_FUNCTION(logit__logit_fit_of);

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

static Datum
DoubleArray(Datum *element, int count)
{
	return PointerGetDatum(construct_array(element, count, FLOAT8OID,
										   sizeof(float8), FLOAT8PASSBYVAL,
										   TYPALIGN_DOUBLE));
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

/*
 * A sample as the mathematics takes it.  The rows are those of data.value, or,
 * with a query, elsewhere.
 */
typedef struct Sample
{
	num_logit_data data;		/* first: it stands for the sample */
	double	   *mean;			/* of each feature */
	double	   *factor;			/* 1 over its standard deviation */
	double	   *reach;			/* the farthest from the mean, scaled */
	const char *query;			/* or NULL */
} Sample;

/*
 * What rows are asked.  A question is an array of doubles: which it is, the
 * number of all rows, and vectors by feature.  Answers of several places are
 * added up, but for ranges, of which the larger values count.
 */
typedef enum Question
{
	RANGES,						/* nothing: RANGE_WIDTH a feature */
	MOMENTS,					/* low, range: sums and sums of squares */
	PART_ROWS,					/* nothing: how many rows of the part */
	SUMS,						/* mean, factor, reach, coefficient */
	PART_SUMS,					/* likewise */
	QUESTIONS
} Question;

/* of a feature the lowest value, negated, and the highest, by label */
enum
{
	NEGATED_LOW, HIGH = 2, RANGE_WIDTH = 4
};

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

static void
AddRanges(const num_logit_data *data, Size rows, double *range)
{
	Size		width = data->features + 1;

	for (int j = 0; j < data->features * RANGE_WIDTH; j++)
		range[j] = -INFINITY;
	for (Size i = 0; i < rows; i++)
	{
		const double *row = data->value + i * width;
		int			label = row[data->features] > 0;

		for (int j = 0; j < data->features; j++)
		{
			double	   *own = range + j * RANGE_WIDTH + label;

			own[NEGATED_LOW] = Max(own[NEGATED_LOW], -row[j]);
			own[HIGH] = Max(own[HIGH], row[j]);
		}
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* Sums of the parts of the ranges that rows reach, and of their squares. */
static void
AddMoments(const num_logit_data *data, Size rows, const double *low,
		   const double *range, double *total)
{
	Size		width = data->features + 1;
	double		rounder = num_logit_rounder(1, data->rows);

	memset(total, 0, 2 * data->features * sizeof(double));
	for (Size i = 0; i < rows; i++)
	{
		const double *row = data->value + i * width;

		for (int j = 0; j < data->features; j++)
		{
			double		part = (row[j] - low[j]) / range[j];

			total[2 * j] += (part + rounder) - rounder;
			total[2 * j + 1] += (part * part + rounder) - rounder;
		}
		if (i % 4096 == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* Asks the places of the rows, and puts their answers together. */
static void
AskPlaces(const Sample *sample, Question question, const double *given,
		  int given_count, double *answer, int count)
{
	int			length = given_count + 2;
	Datum	   *element = palloc(length * sizeof(Datum));
	Datum		argument;
	Oid			type = FLOAT8ARRAYOID;

	element[0] = Float8GetDatum(question);
	element[1] = Float8GetDatum(sample->data.rows);
	for (int i = 0; i < given_count; i++)
		element[i + 2] = Float8GetDatum(given[i]);
	argument = DoubleArray(element, length);
	for (int i = 0; i < count; i++)
		answer[i] = question == RANGES ? -INFINITY : 0;
	if (SPI_execute_with_args(sample->query, 1, &type, &argument, NULL, true,
							  0) != SPI_OK_SELECT ||
		SPI_gettypeid(SPI_tuptable->tupdesc, 1) != FLOAT8ARRAYOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("query must return arrays of double precision")));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		row = SPI_getbinval(SPI_tuptable->vals[i],
										SPI_tuptable->tupdesc, 1, &isnull);
		const double *value;
		int			own;

		if (isnull)
			continue;
		value = ReadDoubles(DatumGetArrayTypeP(row), "answer", &own);
		if (own != count)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("answer must have %d elements, not %d", count,
							own)));
		for (int j = 0; j < count; j++)
			answer[j] = question == RANGES ? Max(answer[j], value[j]) :
				answer[j] + value[j];
	}
	SPI_freetuptable(SPI_tuptable);
	pfree(element);
}

/* The ranges of all features; refuses one class only. */
static double *
ReadRanges(const Sample *sample)
{
	const num_logit_data *data = &sample->data;
	int			count = data->features * RANGE_WIDTH;
	double	   *range = palloc(count * sizeof(double));

	if (sample->data.value != NULL)
		AddRanges(data, data->rows, range);
	else
		AskPlaces(sample, RANGES, NULL, 0, range, count);
	if (isinf(range[HIGH]) || isinf(range[HIGH + 1]))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("label must be both true and false, not only %s",
						isinf(range[HIGH]) ? "true" : "false")));
	return range;
}

/*
 * Refuses a feature that alone separates the labels or says nothing, unless a
 * ridge holds it.
 */
static void
CheckRange(const double *own, int number, double ridge)
{
	double		low = -Max(own[NEGATED_LOW], own[NEGATED_LOW + 1]);
	double		high = Max(own[HIGH], own[HIGH + 1]);

	if (low < high && ridge == 0 &&
		(own[HIGH] <= -own[NEGATED_LOW + 1] ||
		 own[HIGH + 1] <= -own[NEGATED_LOW]))
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
	int			features = data->features;
	double	   *range = ReadRanges(sample);
	double	   *given = palloc(2 * features * sizeof(double));
	double	   *low = given;
	double	   *length = given + features;
	double	   *moment = palloc(2 * features * sizeof(double));

	for (int j = 0; j < features; j++)
	{
		const double *own = range + j * RANGE_WIDTH;

		CheckRange(own, j + 1, ridge);
		low[j] = -Max(own[NEGATED_LOW], own[NEGATED_LOW + 1]);
		length[j] = Max(own[HIGH], own[HIGH + 1]) - low[j];
		if (length[j] == 0)
			length[j] = 1;
	}
	if (sample->data.value != NULL)
		AddMoments(data, data->rows, low, length, moment);
	else
		AskPlaces(sample, MOMENTS, given, 2 * features, moment, 2 * features);
	for (int j = 0; j < features; j++)
	{
		double		mean = moment[2 * j] / data->rows;
		double		variance = moment[2 * j + 1] / data->rows - mean * mean;
		double		deviation = sqrt(Max(variance, 1e-14));

		sample->mean[j] = low[j] + mean * length[j];
		sample->factor[j] = 1 / (length[j] * deviation);
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

/*
 * The rows whose hash says so, whatever their order; how many there are, which
 * may be more than there is room for.
 */
static Size
TakePart(const num_logit_data *data, Size rows, uint32 *part, Size room)
{
	Size		width = data->features + 1;
	Size		count = 0;

	for (Size i = 0; i < rows; i++)
	{
		if (RowHash(data->value + i * width, width) % PART == 0)
		{
			if (count < room)
				part[count] = i;
			count++;
		}
		POLL_AT(i);
	}
	return count;
}

/*
 * A search begins on a part, unless many equal rows make it one by their
 * order.
 */
static void
BeginWithPart(Sample *sample)
{
	static const uint32 elsewhere = 0;
	num_logit_data *data = &sample->data;
	Size		room = data->rows / PART * 2;
	uint32	   *part = NULL;
	double		count;

	if (sample->data.value != NULL)
	{
		part = HugeArray(CurrentMemoryContext, room, sizeof(uint32));
		count = TakePart(data, data->rows, part, room);
	}
	else
		AskPlaces(sample, PART_ROWS, NULL, 0, &count, 1);
	if (count < MIN_PART || count > room)
		return;
	data->part = data->value != NULL ? part : &elsewhere;
	data->part_rows = count;
}

static void
AskSums(const num_logit_data *data, bool of_part, const double *coefficient,
		double *sums)
{
	const Sample *sample = (const Sample *) data;
	int			features = data->features;
	int			count = 4 * features + 1;
	double	   *given = palloc(count * sizeof(double));

	memcpy(given, sample->mean, features * sizeof(double));
	memcpy(given + features, sample->factor, features * sizeof(double));
	memcpy(given + 2 * features, sample->reach, features * sizeof(double));
	memcpy(given + 3 * features, coefficient,
		   (features + 1) * sizeof(double));
	AskPlaces(sample, of_part ? PART_SUMS : SUMS, given, count, sums,
			  NUM_LOGIT_SUMS(features));
	pfree(given);
}

/* A sample of rows here, or with a query elsewhere, ready for the search. */
static void
ReadSample(Sample *sample, int64 rows, int features, const double *value,
		   const char *query, double ridge)
{
	double	   *penalty = palloc(features * sizeof(double));

	sample->mean = palloc(features * sizeof(double));
	sample->factor = palloc(features * sizeof(double));
	sample->reach = palloc(features * sizeof(double));
	sample->query = query;
	sample->data = (num_logit_data)
	{
		.rows = rows,
			.features = features,
			.value = value,
			.mean = sample->mean,
			.factor = sample->factor,
			.reach = sample->reach,
			.penalty = penalty,
			.penalised = ridge > 0,
			.poll = PollInterrupts,
			.ask = value == NULL ? AskSums : NULL
	};
	ScaleFeatures(sample, ridge);
	for (int j = 0; j < features; j++)
		penalty[j] = ridge * sample->factor[j] * sample->factor[j];
	if (rows >= PART * MIN_PART)
		BeginWithPart(sample);
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

/* The model of a sample; its auc only where the rows are here. */
static Datum
FitSample(FunctionCallInfo fcinfo, const Sample *sample)
{
	Datum		values[LOGIT_COLUMNS];
	bool		nulls[LOGIT_COLUMNS] = {false};
	Datum		coefficient[NUM_LOGIT_FEATURES + 1];
	Datum		error[NUM_LOGIT_FEATURES + 1];
	num_logit_fit fit = {0};
	num_logit_status status;
	int			n = sample->data.features + 1;
	double	   *covariance = palloc((Size) n * n * sizeof(double));
	double	   *work = palloc(NUM_LOGIT_WORK(n - 1) * sizeof(double));

	status = num_logit_maximize(&sample->data, &fit, covariance, work);
	if (status == NUM_LOGIT_SINGULAR)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("feature %d must not follow from those before it",
						fit.feature),
				 errhint("Leave the feature out, or give a ridge.")));
	if (status == NUM_LOGIT_SEPARATED)
		RefuseSeparated(fit.feature);
	nulls[AUC] = sample->data.value == NULL;
	if (!nulls[AUC])
	{
		num_u128   *keys = HugeArray(CurrentMemoryContext,
									 2 * sample->data.rows, sizeof(num_u128));

		values[AUC] = Float8GetDatum(num_logit_auc(&sample->data,
												   fit.coefficient, keys,
												   work));
	}
	Unscale(sample, &fit, covariance, coefficient, error);
	values[COEFFICIENT] = DoubleArray(coefficient, n);
	values[STD_ERROR] = DoubleArray(error, n);
	values[LOG_LIKELIHOOD] = Float8GetDatum(fit.log_likelihood);
	values[CUSTOMERS] = Int64GetDatum(sample->data.rows);
	return RowForm(RowResultType(fcinfo, &logit_type), values, nulls);
}

/* logit_fit_final(logit_sample) */
Datum
logit_fit_final(PG_FUNCTION_ARGS)
{
	LogitState *state;
	Sample		sample;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (LogitState *) StateRead(PG_GETARG_DATUM(0));
	ReadSample(&sample, state->rows, state->features, state->value, NULL,
			   state->ridge);
	return FitSample(fcinfo, &sample);
}

/*
 * _logit_fit_of(query text, customers int8, features int4, ridge float8): the
 * query has a question as $1, and returns the answer of each place.
 */
Datum
logit__logit_fit_of(PG_FUNCTION_ARGS)
{
	char	   *query = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int64		rows = PG_GETARG_INT64(1);
	int			features = PG_GETARG_INT32(2);
	MemoryContext caller = CurrentMemoryContext;
	Sample		sample;
	Datum		model;

	CheckFeatures(features);
	CheckNotNegative(PG_GETARG_FLOAT8(3), "ridge");
	SPI_connect();
	ReadSample(&sample, rows, features, NULL, query, PG_GETARG_FLOAT8(3));
	MemoryContextSwitchTo(caller);
	model = FitSample(fcinfo, &sample);
	SPI_finish();
	return model;
}

/*
 * What is asked of a sample, in a question that is as long as that takes and
 * about as many rows as all places have.
 */
static Question
ReadQuestion(const LogitState *state, const double *question, int count)
{
	int			features = state->features;
	const int	given[QUESTIONS] = {0, 2 * features, 0, 4 * features + 1,
		4 * features + 1
	};
	const double most = (double) (INT64CONST(1) << 53);

	if (count < 2 || !(question[0] >= 0 && question[0] < QUESTIONS) ||
		count != 2 + given[(int) question[0]] ||
		!(question[1] >= state->rows && question[1] < most))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("question must be one of _logit_fit_of about rows like these")));
	return (Question) question[0];
}

/* _logit_answer(logit_sample, question float8[]): what its rows say */
Datum
logit__logit_answer(PG_FUNCTION_ARGS)
{
	LogitState *state = (LogitState *) StateRead(PG_GETARG_DATUM(0));
	int			features = state->features;
	int			count;
	const double *question = ReadDoubles(PG_GETARG_ARRAYTYPE_P(1), "question",
										 &count);
	Question	what = ReadQuestion(state, question, count);
	const int	answers[QUESTIONS] = {RANGE_WIDTH * features, 2 * features, 1,
		NUM_LOGIT_SUMS(features), NUM_LOGIT_SUMS(features)
	};
	const double *vector = question + 2;
	uint32	   *part = NULL;
	Size		rows = state->rows;
	double	   *answer = palloc(answers[what] * sizeof(double));
	Datum	   *element;
	num_logit_data data = {
		.rows = question[1],
		.features = features,
		.value = state->value,
		.poll = PollInterrupts
	};

	if (what == PART_ROWS || what == PART_SUMS)
	{
		part = HugeArray(CurrentMemoryContext, rows + 1, sizeof(uint32));
		rows = TakePart(&data, rows, part, rows);
	}
	switch (what)
	{
		case RANGES:
			AddRanges(&data, rows, answer);
			break;
		case MOMENTS:
			AddMoments(&data, rows, vector, vector + features, answer);
			break;
		case PART_ROWS:
			answer[0] = rows;
			break;
		default:
			data.mean = vector;
			data.factor = vector + features;
			data.reach = vector + 2 * features;
			num_logit_sums(&data, part, rows, vector + 3 * features, answer,
						   palloc(NUM_LOGIT_WORK(features) * sizeof(double)));
	}
	element = palloc(answers[what] * sizeof(Datum));
	for (int i = 0; i < answers[what]; i++)
		element[i] = Float8GetDatum(answer[i]);
	PG_RETURN_DATUM(DoubleArray(element, answers[what]));
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
