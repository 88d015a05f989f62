/*
 * digits.h
 *	  A double as the decimal of fifteen digits that is nearest to it.
 */
#ifndef NUM_DIGITS_H
#define NUM_DIGITS_H

#include "num/fixed.h"

extern bool num_digits15(double value, uint64_t *digits, int *scale);

#endif							/* NUM_DIGITS_H */
