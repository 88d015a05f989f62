"""Prints a million made-up customers as CSV: frequency, recency, age, spend.

Purchases follow the BG/NBD model and spend the gamma-gamma model with the
parameters that are published for the CDNOW data; ages are 27 to 39 weeks, and
all times are whole days, in weeks, as a shop's are.  The seed is fixed.
"""
import sys

import numpy

CUSTOMERS = 1_000_000
R, ALPHA, A, B = 0.24259, 4.4136, 0.79292, 2.42589
P, Q, V = 6.25, 3.744, 15.44


def main():
    random = numpy.random.Generator(numpy.random.PCG64(20261122))
    age = numpy.round(random.uniform(27, 38.86, CUSTOMERS) * 7) / 7
    rate = random.gamma(R, 1 / ALPHA, CUSTOMERS)
    dropout = random.beta(A, B, CUSTOMERS)
    frequency = numpy.zeros(CUSTOMERS, dtype=int)
    recency = numpy.zeros(CUSTOMERS)
    clock = numpy.zeros(CUSTOMERS)
    active = numpy.arange(CUSTOMERS)
    while active.size:
        with numpy.errstate(divide='ignore'):
            clock[active] += random.exponential(1 / rate[active])
        active = active[clock[active] <= age[active]]
        frequency[active] += 1
        recency[active] = clock[active]
        active = active[random.random(active.size) > dropout[active]]
    recency = numpy.minimum(numpy.ceil(recency * 7) / 7, age)
    scale = random.gamma(Q, 1 / V, CUSTOMERS)
    spend = numpy.where(frequency > 0,
                        random.gamma(P * numpy.maximum(frequency, 1), 1 / scale)
                        / numpy.maximum(frequency, 1), numpy.nan)
    for row in zip(frequency, recency, age, spend):
        sys.stdout.write('%d,%r,%r,%s\n' % (
            row[0], float(row[1]), float(row[2]),
            '' if row[0] == 0 else '%.4f' % max(row[3], 0.0001)))


main()
