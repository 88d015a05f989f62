/*
 * scheme.h
 *	  Tier schemes, as the walk through months is told them.
 */
#ifndef TIER_SCHEME_H
#define TIER_SCHEME_H

#include "state/decimal.h"

/* numbers of codes that there always are */
#define NO_CODE 0
#define CODE_NONE 1

/* a bound, and the same at the scale of the last sum it was held against */
typedef struct Bound
{
	Datum		numeric;
	bool		missing;
	bool		fits;
	int			scale;			/* -1 before the first */
	num_i128	value;
} Bound;

typedef enum Basis
{
	BY_NOTHING,					/* a scheme without tiers */
	BY_SHARE,					/* of the total of values */
	BY_VALUE,					/* least values by tier */
	BY_REVENUE,					/* least revenues by tier */
	BY_SCORE
} Basis;

typedef struct Scheme
{
	text	   *name;
	Basis		basis;
	int			tiers;
	int16	   *code;			/* of each tier, its number */
	int			bounds;
	Bound	   *bound;
	int			scores;
	int16	   *tier;			/* from FIRST_SCORE on, from 1; 0 for none */
	int16	   *place;			/* in shares, of who has a tier */
} Scheme;

/* schemes, and the codes of their tiers and of what they said before */
typedef struct Schemes
{
	MemoryContext context;
	int			count;
	int			room;
	Scheme	   *scheme;
	int			codes;
	int			code_room;
	text	  **code;
} Schemes;

extern void SchemesRead(Schemes *schemes, const char *query);
extern int	SchemeNumber(const Schemes *schemes, Datum name);
extern int16 SchemeCodeNumber(Schemes *schemes, Datum code);
extern int16 SchemeCodeBySum(const Scheme *scheme, const PartialSum *sum);

#endif							/* TIER_SCHEME_H */
