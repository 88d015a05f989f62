/*
 * digits.c
 *	  Tests of src/num/digits.c against what the C library prints.
 */
#include "num/digits.h"
#include "tap.h"

#include <math.h>
#include <string.h>

/* Whether digits and scale are what "%.15g" says of a value. */
static void
compare(double value)
{
	uint64_t	digits;
	int			scale;
	char		ours[64];
	char		theirs[64];

	if (!num_digits15(value, &digits, &scale))
	{
		check(false, "%.17g is refused", value);
		return;
	}
	snprintf(theirs, sizeof(theirs), "%.14e", value);
	snprintf(ours, sizeof(ours), "%llue-%d", (unsigned long long) digits,
			 scale);
	snprintf(ours, sizeof(ours), "%.14e", strtod(ours, NULL));
	check(digits <= UINT64_C(1000000000000000), "%.17g has %llu for digits",
		  value, (unsigned long long) digits);
	check(strcmp(ours, theirs) == 0, "%.17g is %s, not %s", value, theirs,
		  ours);
}

/* A decimal half between two of fifteen digits, as a double has it exactly. */
static void
test_halves(void)
{
	/* k / 2^17 has 17 decimals that end in 5: those from 0.01 on are halves */
	for (int k = 1; k < 1 << 17; k++)
		if (k >= 1 << 11)
			compare(k / 131072.0);
	done("halves are rounded to even");
}

int
main(void)
{
	for (int n = 1; n <= 100000; n++)
		compare(1.0 / n);
	done("1 / n");
	for (int i = 0; i < 1000000; i++)
		compare(exp2(-16.5 * (double) (random_word() >> 11) / 9007199254740992.0));
	done("random values from 1e-5 to 1");
	for (int k = 0; k <= 5; k++)
	{
		static const double power[] = {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5};

		compare(power[k]);
		if (k > 0)
			compare(nextafter(power[k], 1));
		if (k < 5)
			compare(nextafter(power[k], 0));
	}
	done("powers of ten and their neighbours");
	test_halves();
	{
		uint64_t	digits;
		int			scale;
		const double refused[] = {0, 9.9e-6, 1.0000000000000002, -0.5, NAN,
		INFINITY};

		for (int i = 0; i < (int) (sizeof(refused) / sizeof(refused[0])); i++)
			check(!num_digits15(refused[i], &digits, &scale), "%g is taken",
				  refused[i]);
		done("other values are refused");
	}
	return finish();
}
