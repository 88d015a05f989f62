/*
 * exact_column.h
 *	  A list of numerics as integers at one scale, or else as numerics.
 *
 * Algorithms over many exact values come in two kinds: a fast one over
 * value[], and a plain one over numeric[], for what 128 bits cannot hold.
 * Which of the two a column has is decided while it is filled.
 */
#ifndef EXACT_COLUMN_H
#define EXACT_COLUMN_H

#include "state/decimal.h"

typedef struct ExactColumn
{
	MemoryContext context;		/* holds the arrays, and the numerics */
	Size		count;
	Size		room;
	int			scale;			/* the largest display scale seen */
	num_i128   *value;			/* times 10^scale; NULL in a wide column */
	Datum	   *numeric;		/* NULL in a narrow one */
} ExactColumn;

extern void ExactColumnInit(ExactColumn *column, Size room,
							MemoryContext context);
extern void ExactColumnCopy(ExactColumn *copy, const ExactColumn *column,
							Size room, MemoryContext context);
extern void ExactColumnReserve(ExactColumn *column, Size room);
extern void ExactColumnAppend(ExactColumn *column, Datum numeric,
							  const char *argument);
extern bool ExactColumnRaise(ExactColumn *column, int scale);
extern void ExactColumnWiden(ExactColumn *column);
extern bool ExactColumnSum(const ExactColumn *column, num_i128 *sum);
extern Datum ExactColumnNumericSum(const ExactColumn *column);
extern void ExactColumnSort(const ExactColumn *column, Size *order,
							Size count);
extern Size *ExactColumnOrder(const ExactColumn *column,
							  MemoryContext context);
extern int	ExactColumnSign(const ExactColumn *column, Size i);
extern Datum ExactColumnNumeric(const ExactColumn *column, Size i);

#endif							/* EXACT_COLUMN_H */
