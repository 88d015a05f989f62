/*
 * num_sort.h
 *	  Sorting and selection of integer keys without comparisons.
 */
#ifndef NUM_SORT_H
#define NUM_SORT_H

#include <stddef.h>

#include "num_fixed.h"

/* called now and then by long loops, so that a cancel is answered */
typedef void (*num_poll) (void);

/* how many elements are worked on between two polls */
#define NUM_POLL_EVERY 65536

extern void num_radix_sort(num_u128 *keys, num_u128 *scratch, size_t count,
						   int first_bit, num_poll poll);

#endif							/* NUM_SORT_H */
