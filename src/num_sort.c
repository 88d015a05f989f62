/*
 * num_sort.c
 *	  Sorting and selection of integer keys without comparisons.
 */
#include "num_sort.h"

#include <string.h>

#define DIGIT_BITS 11
#define DIGIT_VALUES (1 << DIGIT_BITS)
#define DIGIT(key, shift) ((size_t) ((key) >> (shift)) & (DIGIT_VALUES - 1))

/* one stable pass by the digit at "shift" */
static void
distribute(const num_u128 *from, num_u128 *to, size_t count, int shift,
		   num_poll poll)
{
	size_t		start[DIGIT_VALUES];
	size_t		position = 0;

	memset(start, 0, sizeof(start));
	for (size_t i = 0; i < count; i++)
		start[DIGIT(from[i], shift)]++;
	for (size_t digit = 0; digit < DIGIT_VALUES; digit++)
	{
		size_t		size = start[digit];

		start[digit] = position;
		position += size;
	}
	for (size_t i = 0; i < count; i++)
	{
		to[start[DIGIT(from[i], shift)]++] = from[i];
		if (i % NUM_POLL_EVERY == 0)
			poll();
	}
}

/*
 * Sorts keys ascending by their bits from first_bit up; lower bits are carried
 * along as payload.  Least significant digit first; digits in which all keys
 * agree cost nothing, so subtract a common minimum beforehand.
 */
void
num_radix_sort(num_u128 *keys, num_u128 *scratch, size_t count, int first_bit,
			   num_poll poll)
{
	num_u128	varying = 0;
	num_u128   *from = keys;
	num_u128   *to = scratch;

	for (size_t i = 1; i < count; i++)
		varying |= keys[i] ^ keys[0];
	for (int shift = first_bit; shift < 128; shift += DIGIT_BITS)
	{
		num_u128   *swap = from;

		if (DIGIT(varying, shift) == 0)
			continue;
		distribute(from, to, count, shift, poll);
		from = to;
		to = swap;
	}
	if (from != keys)
		memcpy(keys, from, count * sizeof(num_u128));
}
