/*
 * argument.c
 *	  What several functions of lifetime value take: a customer, and the spend
 *	  that gamma-gamma expects of it; and what they may return.
 */
#include "crmcost.h"

#include "clv/argument.h"
#include "num/gamma_gamma.h"

static const char *const gamma_gamma_parameters[] = {"p", "q", "v"};

const ModelKind gamma_gamma_kind = {"gamma_gamma", 3, gamma_gamma_parameters};

/* A number of purchases; 0 and fractions may be allowed or not elsewhere. */
void
CheckFrequency(double value)
{
	CheckNotNegative(value, "frequency");
	if (!(value <= MOST_PURCHASES))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("frequency must be at most %g, not %g", MOST_PURCHASES,
						value)));
}

/*
 * A customer's frequency, recency and age: checked one by one, and against
 * each other, since a mistaken column or a mistaken unit shows there.
 */
static num_customer
CheckedCustomer(double frequency, double recency, double age)
{
	num_customer customer = {frequency, recency, age};

	CheckFrequency(frequency);
	CheckNotNegative(recency, "recency");
	CheckNotNegative(age, "age");
	if (!(age <= LONGEST_AGE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("age must be at most %g, not %g", LONGEST_AGE, age),
				 errhint("Count time in larger units, the same for all customers.")));
	if (frequency != floor(frequency))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("frequency must be a whole number, not %g",
						frequency)));
	if (!(recency <= age))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency must not exceed age, not %g and %g",
						recency, age)));
	if ((frequency == 0) != (recency == 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("recency must be 0 exactly when frequency is, not %g and %g",
						recency, frequency),
				 errhint("Frequency counts days or weeks with a purchase after the first, recency is the time from the first to the last.")));
	return customer;
}

num_customer
CustomerArgument(FunctionCallInfo fcinfo, int first)
{
	return CheckedCustomer(PG_GETARG_FLOAT8(first),
						   PG_GETARG_FLOAT8(first + 1),
						   PG_GETARG_FLOAT8(first + 2));
}

void
CheckMonetaryValue(double value)
{
	CheckFinite(value, "monetary_value");
	if (!(value > 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("monetary_value must be positive, not %g", value),
				 errhint("Leave out customers whose purchases were free or returned.")));
}

/*
 * The expected mean spend of a customer, whose model and monetary value are
 * the arguments of these numbers; without purchases, that of the population.
 */
double
SpendArgument(FunctionCallInfo fcinfo, int model, double frequency,
			  int monetary_value)
{
	const double *p = ModelArgument(fcinfo, model, &gamma_gamma_kind);
	num_gamma_gamma gamma_gamma = {p[0], p[1], p[2]};
	double		spend = 0;

	if (!(p[1] > 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("q of the model must exceed 1 for a mean to exist, not %g",
						p[1])));
	CheckFrequency(frequency);
	if (frequency > 0)
	{
		spend = PG_GETARG_FLOAT8(monetary_value);
		CheckMonetaryValue(spend);
	}
	return num_gamma_gamma_expected(&gamma_gamma, frequency, spend);
}

/*
 * A prediction, which is never NaN nor infinite: parameters of 10^30 and more,
 * which no fit gives, may be beyond what double precision can do.
 */
double
Finite(double prediction)
{
	if (!isfinite(prediction))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("prediction is out of range of double precision"),
				 errdetail("The parameters of the model are too large or too small.")));
	return prediction;
}
