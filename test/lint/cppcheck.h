/*
 * cppcheck.h
 *	  What cppcheck must know of PostgreSQL's macros: which of them return, and
 *	  which never come back.  Read by the lint only (--include).
 */
#define PG_VERSION_NUM 150000
#define PG_MODULE_MAGIC
#define PG_FUNCTION_INFO_V1(name)
#define PG_RETURN_VOID() return 0
#define PG_RETURN_NULL() return 0
#define PG_RETURN_DATUM(x) return (x)
#define PG_RETURN_POINTER(x) return (Datum) (x)
#define PG_RETURN_CSTRING(x) return (Datum) (x)
#define PG_RETURN_TEXT_P(x) return (Datum) (x)
#define PG_RETURN_BYTEA_P(x) return (Datum) (x)
#define PG_RETURN_NUMERIC(x) return (Datum) (x)
#define PG_RETURN_ARRAYTYPE_P(x) return (Datum) (x)
#define PG_RETURN_BOOL(x) return (Datum) (x)
#define PG_RETURN_INT32(x) return (Datum) (x)
#define PG_RETURN_INT64(x) return (Datum) (x)
#define PG_RETURN_FLOAT8(x) return Float8GetDatum(x)
#define PG_RETURN_TIMESTAMPTZ(x) return (Datum) (x)
#define PG_RETURN_DATEADT(x) return (Datum) (x)
#define SRF_RETURN_NEXT(context, x) return (x)
#define SRF_RETURN_DONE(context) return 0
#define foreach(cell, list) \
	for (ListCell *cell = list_head(list); cell != NULL; cell = lnext(list, cell))
#define ereport(level, ...) abort()
#define elog(level, ...) abort()
#define Assert(condition)
