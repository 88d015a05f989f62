/*
 * price.h
 *	  What the functions of prices share.
 */
#ifndef PRICE_H
#define PRICE_H

extern Datum *ReadSchemes(Datum array, int *count);

#endif							/* PRICE_H */
