/*
 * logrank.c
 *	  Whether groups of customers stay equally long: the log-rank test.
 *
 * SQL, in file order: logrank(duration, event, grp), logrank_groups(duration,
 * event, grp).  The mathematics is in log_rank.c.
 */
#include "crmcost.h"

#include "catalog/pg_type.h"
#include "num/distribution.h"
#include "num/log_rank.h"
#include "state/huge_array.h"
#include "state/row_type.h"
#include "survival/logrank_state.h"

SQL_FUNCTION(logrank_trans);
SQL_FUNCTION(logrank_final);
SQL_FUNCTION(logrank_groups_final);

/* the columns of logrank_test */
enum
{
	CHI_SQUARE, DF, P, TEST_COLUMNS
};

static const RowColumn test_columns[TEST_COLUMNS] = {
	{"chi_square", FLOAT8OID},
	{"df", INT4OID},
	{"p", FLOAT8OID}
};

static const RowType test_type = {"logrank_test", TEST_COLUMNS, test_columns};

/* the columns of logrank_group */
enum
{
	GRP, CUSTOMERS, OBSERVED, EXPECTED, GROUP_COLUMNS
};

static const RowColumn group_columns[GROUP_COLUMNS] = {
	{"grp", TEXTOID},
	{"customers", INT8OID},
	{"observed", INT8OID},
	{"expected", FLOAT8OID}
};

static const RowType group_type = {
	"logrank_group", GROUP_COLUMNS, group_columns
};

/*
 * logrank_trans(logrank_sample, duration float8, event boolean, grp text): a
 * row with a NULL is skipped.
 */
Datum
logrank_trans(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = AggregateContext(fcinfo);
	Datum		datum = StateArgument(fcinfo);
	text	   *name;
	double		duration;
	uint64		bits;
	int			group;
	Size		capacity;

	if (StateRowHasNull(fcinfo))
		return StateUnchanged(fcinfo);
	duration = PG_GETARG_FLOAT8(1);
	CheckNotNegative(duration, "duration");
	duration += 0.0;			/* -0 is 0 */
	memcpy(&bits, &duration, sizeof(bits));
	name = PG_GETARG_TEXT_PP(3);
	datum = LogrankMakeRoom(datum, 1, 0, 0, aggcontext);
	group = LogrankGroup(&datum, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name),
						 aggcontext);
	datum = LogrankMakeRoom(datum, 1, 0, 0, aggcontext);
	LogrankAppend((LogrankState *) StateView(datum, &capacity), bits, group,
				  PG_GETARG_BOOL(2));
	PG_RETURN_DATUM(datum);
}

/* a test under way, and what each group had */
typedef struct Test
{
	const LogrankState *state;
	num_log_rank sums;
	int64	   *customers;
	int64	   *observed;
} Test;

static void *
Zeros(Size count, Size size)
{
	void	   *array = HugeArray(CurrentMemoryContext, count, size);

	memset(array, 0, count * size);
	return array;
}

/*
 * Goes through the rows from the longest duration down, since who is at risk
 * then adds up; at each duration, all rows count before its events.
 */
static void
AddTimes(Test *test)
{
	const LogrankState *state = test->state;
	const LogrankRow *row = LogrankSortedRows(state);
	int64		i = state->rows - 1;

	while (i >= 0)
	{
		uint64		duration = row[i].duration;
		int64		events = 0;

		for (; i >= 0 && row[i].duration == duration; i--)
		{
			int			group = (int) (row[i].group_event >> 1);
			int			event = (int) (row[i].group_event & 1);

			test->customers[group]++;
			test->observed[group] += event;
			events += event;
			POLL_AT(i);
		}
		if (events > 0)
			num_log_rank_add(&test->sums, test->customers, events,
							 PollInterrupts);
	}
}

static Test
RunTest(Datum datum)
{
	Test		test;
	Size		groups;

	StaticAssertStmt(MaxAllocSize / sizeof(LogrankRow) <= NUM_LOG_RANK_MOST,
					 "more rows than num_log_rank_add() may be given");
	test.state = (LogrankState *) StateRead(datum);
	groups = test.state->groups;
	test.sums.groups = groups;
	test.sums.expected = Zeros(groups, sizeof(num_double2));
	test.sums.covariance = Zeros(groups * groups, sizeof(num_double2));
	test.customers = Zeros(groups, sizeof(int64));
	test.observed = Zeros(groups, sizeof(int64));
	AddTimes(&test);
	return test;
}

/* NULL where the data say nothing: see num_log_rank_statistic(). */
Datum
logrank_final(PG_FUNCTION_ARGS)
{
	Datum		values[TEST_COLUMNS];
	bool		nulls[TEST_COLUMNS] = {false};
	Test		test;
	double	   *work;
	double		chi_square;
	int			df;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	test = RunTest(PG_GETARG_DATUM(0));
	work = HugeArray(CurrentMemoryContext,
					 NUM_LOG_RANK_WORK(test.sums.groups), sizeof(double));
	chi_square = num_log_rank_statistic(&test.sums, test.observed, work, &df,
										PollInterrupts);
	if (df == 0)
		PG_RETURN_NULL();
	values[CHI_SQUARE] = Float8GetDatum(chi_square);
	values[DF] = Int32GetDatum(df);
	values[P] = Float8GetDatum(num_chi_square_tail(chi_square, df));
	PG_RETURN_DATUM(RowForm(RowResultType(fcinfo, &test_type), values, nulls));
}

/* One row for each group, in order of their names' bytes. */
Datum
logrank_groups_final(PG_FUNCTION_ARGS)
{
	RowArray	rows;
	Test		test;

	AggregateContext(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	rows = RowArrayBegin(fcinfo, &group_type);
	test = RunTest(PG_GETARG_DATUM(0));
	for (int i = 0; i < test.state->groups; i++)
	{
		const GroupName *own = &LogrankNames(test.state)[i];
		Datum		values[GROUP_COLUMNS];
		bool		nulls[GROUP_COLUMNS] = {false};
		text	   *name;

		name = cstring_to_text_with_len(LogrankNameBytes(test.state) +
										own->offset, own->length);
		values[GRP] = PointerGetDatum(name);
		values[CUSTOMERS] = Int64GetDatum(test.customers[i]);
		values[OBSERVED] = Int64GetDatum(test.observed[i]);
		values[EXPECTED] = Float8GetDatum(test.sums.expected[i].high);
		RowArrayAdd(&rows, values, nulls);
	}
	PG_RETURN_DATUM(RowArrayEnd(&rows));
}
