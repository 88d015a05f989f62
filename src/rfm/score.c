/*
 * score.c
 *	  RFM scores by the cut points of a population; segment names.
 *
 * SQL, in file order: rfm_score in three forms (stored cuts, given cuts,
 * window), rfm_segment.  The cuts are those of cuts.c.
 *
 * A score has three decimal digits, R, F and M, each 1 + the number of cuts
 * strictly below the value, so that equal customers always score alike.
 */
#include "crmcost.h"

#include "num/sort.h"
#include "rfm/cuts.h"
#include "state/huge_array.h"
#include "state/window.h"

SQL_FUNCTION(rfm_score);
SQL_FUNCTION(thresholds_rfm_score);
SQL_FUNCTION(window_rfm_score);
SQL_FUNCTION(rfm_segment);

/* The score, digit by digit. */
static inline int
Score(const RfmCuts *cuts, const double *value)
{
	int			score = 0;

	for (int m = 0; m < MEASURES; m++)
	{
		int			digit = 1;

		for (int k = 0; k < cuts->bins - 1; k++)
			digit += cuts->cut[m][k] < value[m];
		score = score * 10 + digit;
	}
	return score;
}

/* the last arguments read, so that reading them again costs a comparison */
typedef struct CutsCache
{
	RfmCuts		cuts;
	Size		size;
	char		bytes[FLEXIBLE_ARRAY_MEMBER];
} CutsCache;

static CutsCache *
StoreCuts(FunctionCallInfo fcinfo, const RfmCuts *cuts, Size size)
{
	CutsCache  *cache = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt,
										   offsetof(CutsCache, bytes) + size);

	if (fcinfo->flinfo->fn_extra != NULL)
		pfree(fcinfo->flinfo->fn_extra);
	cache->cuts = *cuts;
	cache->size = size;
	fcinfo->flinfo->fn_extra = cache;
	return cache;
}

static inline int
ScoreArguments(FunctionCallInfo fcinfo, const RfmCuts *cuts)
{
	double		value[MEASURES];

	for (int m = 0; m < MEASURES; m++)
		value[m] = RfmCheckMeasure(m, PG_GETARG_FLOAT8(m));
	return Score(cuts, value);
}

/* rfm_score(recency_days, frequency, monetary, cuts rfm_cuts) */
Datum
rfm_score(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row = PG_GETARG_HEAPTUPLEHEADER(3);
	Size		size = HeapTupleHeaderGetDatumLength(row);
	CutsCache  *cache = fcinfo->flinfo->fn_extra;

	if (cache == NULL || cache->size != size ||
		memcmp(cache->bytes, row, size) != 0)
	{
		RfmCuts		cuts;

		RfmReadCutRow(row, &cuts);
		cache = StoreCuts(fcinfo, &cuts, size);
		memcpy(cache->bytes, row, size);
	}
	PG_RETURN_INT32(ScoreArguments(fcinfo, &cache->cuts));
}

/*
 * rfm_score(recency_days, frequency, monetary, recency_cuts float8[],
 * frequency_cuts float8[], monetary_cuts float8[])
 */
Datum
thresholds_rfm_score(PG_FUNCTION_ARGS)
{
	CutsCache  *cache = fcinfo->flinfo->fn_extra;
	ArrayType  *array[MEASURES];
	Size		size = 0;
	bool		same;

	for (int m = 0; m < MEASURES; m++)
	{
		array[m] = PG_GETARG_ARRAYTYPE_P(MEASURES + m);
		size += VARSIZE(array[m]);
	}
	same = cache != NULL && cache->size == size;
	for (Size m = 0, offset = 0; same && m < MEASURES; m++)
	{
		same = memcmp(cache->bytes + offset, array[m], VARSIZE(array[m])) == 0;
		offset += VARSIZE(array[m]);
	}
	if (!same)
	{
		RfmCuts		cuts = {0};

		for (int m = 0; m < MEASURES; m++)
			RfmReadCutArray(array[m], m, &cuts);
		cache = StoreCuts(fcinfo, &cuts, size);
		for (Size m = 0, offset = 0; m < MEASURES; m++)
		{
			memcpy(cache->bytes + offset, array[m], VARSIZE(array[m]));
			offset += VARSIZE(array[m]);
		}
	}
	PG_RETURN_INT32(ScoreArguments(fcinfo, &cache->cuts));
}

/* no finite measure has this key */
#define MISSING_KEY UINT64CONST(0)

/*
 * Reads the measures of a partition as sort keys, row by row: to go back to
 * its first row for each of them would read a page for every row of a
 * partition that work_mem does not hold.
 */
static void
ReadMeasures(WindowObject window, uint64 *keys[MEASURES])
{
	PartitionScan scan;

	PartitionScanBegin(&scan, window);
	while (PartitionScanNext(&scan))
		for (int m = 0; m < MEASURES; m++)
		{
			bool		isnull;
			Datum		value = PartitionScanArgument(&scan, m, &isnull);

			keys[m][scan.row] = isnull ? MISSING_KEY :
				num_key_from_double(RfmCheckMeasure(m, DatumGetFloat8(value)));
		}
	PartitionScanEnd(&scan);
}

/*
 * The scores of a partition's rows, 0 for one with a NULL measure: such a
 * customer does not belong to the population.
 */
static uint16 *
ScorePartition(WindowObject window, int bins, MemoryContext context)
{
	Size		rows = WinGetPartitionRowCount(window);
	uint16	   *scores = HugeArray(context, rows, sizeof(uint16));
	uint64	   *keys[MEASURES];
	uint64	   *scratch = HugeArray(CurrentMemoryContext,
									NUM_SELECT_SCRATCH(rows), sizeof(uint64));
	uint64	   *present = NULL;
	Size		customers = 0;

	for (int m = 0; m < MEASURES; m++)
		keys[m] = HugeArray(CurrentMemoryContext, rows, sizeof(uint64));
	ReadMeasures(window, keys);
	for (Size row = 0; row < rows; row++)
	{
		scores[row] = keys[RECENCY][row] != MISSING_KEY &&
			keys[FREQUENCY][row] != MISSING_KEY &&
			keys[MONETARY][row] != MISSING_KEY ? 111 : 0;
		customers += scores[row] != 0;
	}
	if (customers < rows)
		present = HugeArray(CurrentMemoryContext, customers, sizeof(uint64));

	for (int m = 0; m < MEASURES && customers > 0; m++)
	{
		uint64		cuts[MAX_BINS - 1];
		int			place = m == RECENCY ? 100 : m == FREQUENCY ? 10 : 1;
		Size		count = 0;

		for (Size row = 0; row < rows && present != NULL; row++)
			if (scores[row] != 0)
				present[count++] = keys[m][row];
		num_select_cuts(present != NULL ? present : keys[m], customers, bins,
						cuts, scratch, PollInterrupts);
		for (Size row = 0; row < rows; row++)
		{
			if (scores[row] != 0)
				scores[row] += num_bin(cuts, bins, keys[m][row]) * place;
			POLL_AT(row);
		}
	}
	return scores;
}

/* rfm_score(recency_days, frequency, monetary, bins int = 5) OVER (...) */
Datum
window_rfm_score(PG_FUNCTION_ARGS)
{
	WindowObject window = PG_WINDOW_OBJECT();
	int64		row = WinGetCurrentPosition(window);
	uint16	  **scores = (uint16 **) PartitionCache(window);

	if (*scores == NULL)
	{
		int			bins = PartitionInteger(fcinfo, window, MEASURES, "bins");

		CheckIntegerRange(bins, MIN_BINS, MAX_BINS, "bins");
		*scores = ScorePartition(window, bins, PartitionContext(fcinfo));
	}
	PartitionForgetRows(window, row);
	if ((*scores)[row] == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32((*scores)[row]);
}

/*
 * rfm_segment(score): the ten usual names, by recency and by the mean of
 * frequency and monetary, rounded up.
 */
Datum
rfm_segment(PG_FUNCTION_ARGS)
{
	static const char *const segment[5][5] = {
		{"Lost", "Lost", "At Risk", "At Risk", "Can't Lose Them"},
		{"Lost", "Lost", "At Risk", "At Risk", "Can't Lose Them"},
		{"About To Sleep", "About To Sleep", "Need Attention",
		"Loyal Customers", "Loyal Customers"},
		{"Promising", "Potential Loyalist", "Potential Loyalist",
		"Loyal Customers", "Loyal Customers"},
		{"New Customers", "Potential Loyalist", "Potential Loyalist",
		"Champions", "Champions"}
	};
	int			score = PG_GETARG_INT32(0);
	int			r = score / 100;
	int			f = score / 10 % 10;
	int			m = score % 10;

	if (r < 1 || r > 5 || f < 1 || f > 5 || m < 1 || m > 5)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("score must have three digits of 1 to 5, not %d", score)));
	PG_RETURN_TEXT_P(cstring_to_text(segment[r - 1][(f + m + 1) / 2 - 1]));
}
