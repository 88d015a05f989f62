/*
 * purchases.c
 *	  Models of purchases: BG/NBD, MBG/NBD and Pareto/NBD.
 *
 * SQL, for each of bgnbd, mbgnbd and pareto_nbd, in file order: the
 * constructor, the aggregate's final function, p_alive, expected_purchases
 * (known and new customers), purchase_probability, residual_purchases.  The
 * mathematics is in num/bgnbd.c and num/pareto_nbd.c.
 */
#include "crmcost.h"

#include "clv/argument.h"
#include "clv/sample.h"

SQL_FUNCTION(purchases_fit_trans);

/*
 * purchases_fit_trans(clv_sample, frequency, recency, age [, weight]): a row
 * with a NULL is skipped.
 */
Datum
purchases_fit_trans(PG_FUNCTION_ARGS)
{
	Datum		datum = StateArgument(fcinfo);
	double		weight = SampleWeight(fcinfo, 4);
	num_customer customer;
	double		value[SAMPLE_VALUES];

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		return StateUnchanged(fcinfo);
	customer = CustomerArgument(fcinfo, 1);
	value[0] = customer.x;
	value[1] = customer.t_x;
	value[2] = customer.T;
	datum = SampleAdd(fcinfo, datum, value, weight);
	if (DatumGetPointer(datum) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(datum);
}

/*
 * Where the search begins: the mean rate of purchases, and everybody dropping
 * out at about the scale of the ages.
 */
static Datum
Fit(FunctionCallInfo fcinfo, const num_purchase_model *model)
{
	ModelKind	kind = PurchaseModelKind(model);
	num_sample	sample;
	double		purchases = 0;
	double		ages = 0;
	double		customers = 0;
	double		start[NUM_PARAMETERS] = {0.5, 0, 1, 2};

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	sample = SampleRead(PG_GETARG_DATUM(0));
	CheckDifferent(&kind, sample.count);
	for (Size i = 0; i < sample.count; i++)
	{
		const double *value = sample.row[i].value;

		if (value[1] > value[2] || (value[0] == 0) != (value[1] == 0))
			RefuseOtherSample(model->name);
		purchases += sample.row[i].weight * value[0];
		ages += sample.row[i].weight * value[2];
		customers += sample.row[i].weight;
	}
	if (purchases == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s_fit must have a customer with frequency above 0",
						model->name)));
	start[1] = start[0] * ages / purchases;
	if (model == &num_pareto_nbd)
	{
		start[2] = 0.5;
		start[3] = start[2] * ages / customers;
	}
	return ModelFit(fcinfo, &kind, model->log_likelihood, &sample, start);
}

static const double *
Parameters(FunctionCallInfo fcinfo, const num_purchase_model *model)
{
	ModelKind	kind = PurchaseModelKind(model);

	return ModelArgument(fcinfo, 0, &kind);
}

static double
HorizonArgument(FunctionCallInfo fcinfo, int argument)
{
	double		horizon = PG_GETARG_FLOAT8(argument);

	CheckNotNegative(horizon, "horizon");
	return horizon;
}

/* P(alive) at the end of the customer's age */
static double
Alive(FunctionCallInfo fcinfo, const num_purchase_model *model)
{
	num_customer customer = CustomerArgument(fcinfo, 1);

	return model->p_alive(Parameters(fcinfo, model), &customer,
						  PollInterrupts);
}

/* purchases expected within the horizon, of a known or of a new customer */
static double
Expected(FunctionCallInfo fcinfo, const num_purchase_model *model)
{
	double		horizon = HorizonArgument(fcinfo, 1);
	num_customer customer = {0, 0, 0};

	if (PG_NARGS() > 2)
		customer = CustomerArgument(fcinfo, 2);
	return model->expected(Parameters(fcinfo, model), horizon, &customer,
						   PollInterrupts);
}

/* P(X(horizon) = n) of a new customer */
static double
Probability(FunctionCallInfo fcinfo, const num_purchase_model *model)
{
	int			n = PG_GETARG_INT32(1);
	double		horizon = HorizonArgument(fcinfo, 2);

	CheckIntegerRange(n, 0, PG_INT32_MAX, "n");
	return model->probability(Parameters(fcinfo, model), n, horizon,
							  PollInterrupts);
}

/* discounted expected residual transactions */
static double
Residual(FunctionCallInfo fcinfo, const num_purchase_model *model)
{
	double		discount = PG_GETARG_FLOAT8(1);
	num_customer customer = CustomerArgument(fcinfo, 2);

	CheckFinite(discount, "discount");
	if (!(discount > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("discount must be positive, not %g", discount)));
	return model->residual(Parameters(fcinfo, model), discount, &customer,
						   PollInterrupts);
}

/* The SQL functions of one model. */
#define PURCHASE_MODEL_FUNCTIONS(model) \
	SQL_FUNCTION(model); \
	SQL_FUNCTION(model##_fit_final); \
	SQL_FUNCTION(model##_p_alive); \
	SQL_FUNCTION(model##_expected_purchases); \
	SQL_FUNCTION(model##_purchase_probability); \
	SQL_FUNCTION(model##_residual_purchases); \
	Datum model(PG_FUNCTION_ARGS) \
	{ \
		ModelKind	kind = PurchaseModelKind(&num_##model); \
		return ModelConstruct(fcinfo, &kind); \
	} \
	Datum model##_fit_final(PG_FUNCTION_ARGS) \
	{ \
		return Fit(fcinfo, &num_##model); \
	} \
	Datum model##_p_alive(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_FLOAT8(fmax(Finite(Alive(fcinfo, &num_##model)), 0)); \
	} \
	Datum model##_expected_purchases(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_FLOAT8(fmax(Finite(Expected(fcinfo, &num_##model)), 0)); \
	} \
	Datum model##_purchase_probability(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_FLOAT8(fmax(Finite(Probability(fcinfo, &num_##model)), 0)); \
	} \
	Datum model##_residual_purchases(PG_FUNCTION_ARGS) \
	{ \
		PG_RETURN_FLOAT8(fmax(Finite(Residual(fcinfo, &num_##model)), 0)); \
	}

PURCHASE_MODEL_FUNCTIONS(bgnbd)
PURCHASE_MODEL_FUNCTIONS(mbgnbd)
PURCHASE_MODEL_FUNCTIONS(pareto_nbd)
