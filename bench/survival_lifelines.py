"""The customers of the bench, and lifelines' estimate of their survival.

  make FILE      writes five million customers, days and whether they left, as an
                 array, and prints them for COPY; the seed is fixed
  days FILE      prints the milliseconds of user CPU of the fit, and the survival
                 after the days with an event as an array literal
  seconds FILE   prints the milliseconds alone, for the first two million customers
                 with durations of which few are equal
"""
import os
import sys

import numpy

ROWS = 5_000_000
PART = 2_000_000


def make(path):
    random = numpy.random.Generator(numpy.random.PCG64(20261129))
    stays = numpy.floor(random.exponential(400, ROWS))
    seen = numpy.floor(random.uniform(0, 1500, ROWS))
    row = numpy.column_stack((numpy.minimum(stays, seen), stays <= seen))
    numpy.save(path, row)
    for days, event in row:
        print(int(days), 't' if event else 'f', sep='\t')


def fit(unit, path):
    from lifelines import KaplanMeierFitter

    row = numpy.load(path)
    if unit == 'seconds':
        row = row[:PART]
        row[:, 0] += numpy.arange(1, PART + 1) * 7919 % 86400 / 86400
    days, event = numpy.ascontiguousarray(row[:, 0]), row[:, 1].astype(int)
    before = os.times().user
    model = KaplanMeierFitter().fit(days, event)
    took = os.times().user - before
    if unit == 'seconds':
        print(f'{1000 * took:.0f}, NULL')
        return
    with_event = model.event_table['observed'] > 0
    survival = model.survival_function_.iloc[:, 0][with_event]
    print(f"{1000 * took:.0f}, '{{{','.join(map(repr, map(float, survival)))}}}'")


if sys.argv[1] == 'make':
    make(sys.argv[2])
else:
    fit(sys.argv[1], sys.argv[2])
