/*
 * tap.h
 *	  The little that a plain C test needs to speak TAP.
 *
 * A check counts what it compared; a test is one line however many comparisons
 * it made, and names the first that failed.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int	tap_tests = 0;
static int	tap_failed = 0;
static long tap_compared = 0;
static long tap_wrong = 0;
static char tap_first[400];

/* One comparison inside a test. */
__attribute__((format(printf, 2, 3), unused))
static void
check(bool right, const char *format,...)
{
	va_list		arguments;

	tap_compared++;
	if (right)
		return;
	if (tap_wrong++ == 0)
	{
		va_start(arguments, format);
		vsnprintf(tap_first, sizeof(tap_first), format, arguments);
		va_end(arguments);
	}
}

/* The end of a test: its line. */
__attribute__((unused))
static void
done(const char *description)
{
	bool		right = tap_wrong == 0 && tap_compared > 0;

	printf("%sok %d - %s (%ld comparisons)\n", right ? "" : "not ",
		   ++tap_tests, description, tap_compared);
	if (!right)
	{
		printf("#   %ld of %ld wrong, the first: %s\n", tap_wrong,
			   tap_compared, tap_compared > 0 ? tap_first : "none made");
		tap_failed++;
	}
	tap_compared = tap_wrong = 0;
}

__attribute__((unused))
static int
finish(void)
{
	printf("1..%d\n", tap_tests);
	return tap_failed == 0 ? 0 : 1;
}

/* Random numbers of a fixed seed: splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t random_state = UINT64_C(20240601);

__attribute__((unused))
static uint64_t
random_word(void)
{
	uint64_t	z = (random_state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* A random number below n. */
__attribute__((unused))
static uint64_t
random_below(uint64_t n)
{
	return random_word() % n;
}

#endif							/* TAP_H */
