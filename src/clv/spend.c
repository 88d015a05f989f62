/*
 * spend.c
 *	  The model of spend: gamma-gamma.
 *
 * SQL, in file order: gamma_gamma(p, q, v), gamma_gamma_fit(frequency,
 * monetary_value [, weight]), expected_value(model, frequency,
 * monetary_value).  The mathematics is in num/gamma_gamma.c.
 */
#include "crmcost.h"

#include "clv/argument.h"
#include "clv/sample.h"
#include "num/gamma_gamma.h"

SQL_FUNCTION(gamma_gamma);
SQL_FUNCTION(gamma_gamma_fit_trans);
SQL_FUNCTION(gamma_gamma_fit_final);
SQL_FUNCTION(expected_value);

Datum
gamma_gamma(PG_FUNCTION_ARGS)
{
	return ModelConstruct(fcinfo, &gamma_gamma_kind);
}

/*
 * gamma_gamma_fit_trans(clv_sample, frequency, monetary_value [, weight]):
 * a row with a NULL is skipped, and so is a customer with frequency 0.
 */
Datum
gamma_gamma_fit_trans(PG_FUNCTION_ARGS)
{
	Datum		datum = StateArgument(fcinfo);
	double		weight = SampleWeight(fcinfo, 3);
	double		value[SAMPLE_VALUES] = {0};

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(1))
		return StateUnchanged(fcinfo);
	value[0] = PG_GETARG_FLOAT8(1);
	CheckFrequency(value[0]);
	if (value[0] == 0 || PG_ARGISNULL(2))
		return StateUnchanged(fcinfo);
	value[1] = PG_GETARG_FLOAT8(2);
	CheckMonetaryValue(value[1]);
	datum = SampleAdd(fcinfo, datum, value, weight);
	if (DatumGetPointer(datum) == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(datum);
}

/* The search begins at moderate shapes, with the mean spend of the sample. */
Datum
gamma_gamma_fit_final(PG_FUNCTION_ARGS)
{
	num_sample	sample;
	double		spend = 0;
	double		customers = 0;
	double		start[NUM_PARAMETERS] = {2, 3};

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	sample = SampleRead(PG_GETARG_DATUM(0));
	CheckDifferent(&gamma_gamma_kind, sample.count);
	for (Size i = 0; i < sample.count; i++)
	{
		const double *value = sample.row[i].value;

		if (value[0] == 0 || value[1] == 0 || value[2] != 0)
			RefuseOtherSample(gamma_gamma_kind.name);
		spend += sample.row[i].weight * value[1];
		customers += sample.row[i].weight;
	}
	start[2] = spend / customers;
	return ModelFit(fcinfo, &gamma_gamma_kind, num_gamma_gamma_log_likelihood,
					&sample, start);
}

/*
 * expected_value(gamma_gamma, frequency, monetary_value): monetary_value may
 * be NULL where frequency is 0; any other NULL gives NULL.
 */
Datum
expected_value(PG_FUNCTION_ARGS)
{
	double		frequency;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	frequency = PG_GETARG_FLOAT8(1);
	if (frequency != 0 && PG_ARGISNULL(2))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Finite(SpendArgument(fcinfo, 0, frequency, 2)));
}
