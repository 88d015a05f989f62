"""The flows of the bench, and numpy-financial's rates of return.

  make       prints 20,000 series of 25 flows as CSV: series, period, amount.
             An outlay, then 24 periods that mostly return something; the seed is
             fixed
  irr FILE   prints series and rate as CSV, and the milliseconds of user CPU that
             finding the rates took to the standard error
"""
import os
import sys
import warnings

import numpy

SERIES = 20_000
PERIODS = 25


def make():
    random = numpy.random.Generator(numpy.random.PCG64(20261122))
    flow = random.normal(90, 60, (SERIES, PERIODS))
    flow[:, 0] = -random.uniform(500, 1500, SERIES)
    for series, row in enumerate(flow):
        for period, amount in enumerate(row):
            print(f'{series},{period},{amount:.2f}')


def irr(path):
    import numpy_financial

    warnings.simplefilter('ignore')
    flow = numpy.loadtxt(path, delimiter=',')[:, 2].reshape(SERIES, PERIODS)
    before = os.times().user
    rate = [numpy_financial.irr(row) for row in flow]
    print(round(1000 * (os.times().user - before)), file=sys.stderr)
    for series, value in enumerate(rate):
        print(f'{series},{"" if numpy.isnan(value) else repr(float(value))}')


if sys.argv[1] == 'make':
    make()
else:
    irr(sys.argv[2])
