/*
 * retention.c
 *	  Models of contractual retention: sBG and BdW.
 *
 * SQL, for each of sbg and bdw, in file order: the constructor, the
 * aggregate's final function, survival(model, t), retention_rate(model, t),
 * residual_lifetime(model, t, discount).  The mathematics is in
 * num/contractual.c.
 */
#include "crmcost.h"

#include "clv/argument.h"
#include "clv/sample.h"
#include "num/contractual.h"

static const char *const parameter_names[] = {"alpha", "beta", "c"};
static const ModelKind sbg_kind = {"sbg", 2, parameter_names};
static const ModelKind bdw_kind = {"bdw", 3, parameter_names};

SQL_FUNCTION(contractual_fit_trans);

/*
 * contractual_fit_trans(clv_sample, periods int, churned boolean [, weight]):
 * a customer who left at the end of so many periods, or has renewed so often;
 * a row with a NULL is skipped.
 */
Datum
contractual_fit_trans(PG_FUNCTION_ARGS)
{
	Datum		datum = StateArgument(fcinfo);
	double		weight = SampleWeight(fcinfo, 3);
	double		value[SAMPLE_VALUES] = {0};

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return StateUnchanged(fcinfo);
	CheckIntegerRange(PG_GETARG_INT32(1), PG_GETARG_BOOL(2) ? 1 : 0,
					  PG_INT32_MAX, "periods");
	value[0] = PG_GETARG_INT32(1);
	value[1] = PG_GETARG_BOOL(2);
	datum = SampleAdd(fcinfo, datum, value, weight);
	if (DatumGetPointer(datum) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(datum);
}

/* Is a row one of a sample of periods, and whether they end with a loss? */
static bool
IsContract(const double *value)
{
	return value[2] == 0 && (value[1] == 0 || value[1] == 1) &&
		value[0] >= value[1] && value[0] <= PG_INT32_MAX &&
		value[0] == floor(value[0]);
}

static Datum
Fit(FunctionCallInfo fcinfo, const ModelKind *kind,
	num_log_likelihood log_likelihood)
{
	num_sample	sample;
	double		start[NUM_PARAMETERS] = {1, 1, 1};

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	sample = SampleRead(PG_GETARG_DATUM(0));
	CheckDifferent(kind, sample.count);
	for (Size i = 0; i < sample.count; i++)
		if (!IsContract(sample.row[i].value))
			RefuseOtherSample(kind->name);
	return ModelFit(fcinfo, kind, log_likelihood, &sample, start);
}

static num_contractual
ContractualArgument(FunctionCallInfo fcinfo, const ModelKind *kind)
{
	const double *p = ModelArgument(fcinfo, 0, kind);
	num_contractual model = {p[0], p[1], kind->parameters > 2 ? p[2] : 1};

	return model;
}

/* S(t): the share of customers who renew t times */
static double
Survival(FunctionCallInfo fcinfo, const ModelKind *kind)
{
	num_contractual model = ContractualArgument(fcinfo, kind);
	double		t = PG_GETARG_FLOAT8(1);

	CheckNotNegative(t, "t");
	return num_contractual_survival(&model, t);
}

/* S(t) / S(t - 1) */
static double
RetentionRate(FunctionCallInfo fcinfo, const ModelKind *kind)
{
	num_contractual model = ContractualArgument(fcinfo, kind);
	int			t = PG_GETARG_INT32(1);

	CheckIntegerRange(t, 1, PG_INT32_MAX, "t");
	return num_contractual_retention(&model, t);
}

/* discounted expected residual lifetime */
static double
ResidualLifetime(FunctionCallInfo fcinfo, const ModelKind *kind)
{
	num_contractual model = ContractualArgument(fcinfo, kind);
	int			t = PG_GETARG_INT32(1);
	double		discount = PG_GETARG_FLOAT8(2);

	CheckIntegerRange(t, 1, PG_INT32_MAX, "t");
	CheckFinite(discount, "discount");
	if (!(discount > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("discount must be positive, not %g", discount)));
	return num_contractual_residual(&model, t, discount, PollInterrupts);
}

/* The SQL functions of one model. */
#define CONTRACTUAL_MODEL_FUNCTIONS(model) \
	SQL_FUNCTION(model); \
	SQL_FUNCTION(model##_fit_final); \
	SQL_FUNCTION(model##_survival); \
	SQL_FUNCTION(model##_retention_rate); \
	SQL_FUNCTION(model##_residual_lifetime); \
	Datum model(PG_FUNCTION_ARGS) \
	{ \
		return ModelConstruct(fcinfo, &model##_kind); \
	} \
	Datum model##_fit_final(PG_FUNCTION_ARGS) \
	{ \
		return Fit(fcinfo, &model##_kind, num_##model##_log_likelihood); \
	} \
	Datum model##_survival(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_FLOAT8(Finite(Survival(fcinfo, &model##_kind))); \
	} \
	Datum model##_retention_rate(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_FLOAT8(Finite(RetentionRate(fcinfo, &model##_kind))); \
	} \
	Datum model##_residual_lifetime(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_FLOAT8(Finite(ResidualLifetime(fcinfo, &model##_kind))); \
	}

CONTRACTUAL_MODEL_FUNCTIONS(sbg)
CONTRACTUAL_MODEL_FUNCTIONS(bdw)
