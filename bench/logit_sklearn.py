"""The rows of the bench, and scikit-learn's unpenalised fit.

  make FILE     writes a million rows, a label and ten features, as an array, and
                prints them for COPY; the seed is fixed
  SOLVER FILE   prints the milliseconds of user CPU of the fit, and the
                coefficients, the intercept first, as an array literal.  The
                tolerance is so small that they have eight digits
"""
import os
import sys
import warnings

import numpy

ROWS = 1_000_000
FEATURES = 10


def make(path):
    random = numpy.random.Generator(numpy.random.PCG64(20261129))
    feature = random.normal(0, 1, (ROWS, FEATURES)) * numpy.arange(1, FEATURES + 1)
    feature[:, 3] = feature[:, 3] > 4
    score = feature @ random.normal(0, 0.2, FEATURES) - 1
    label = random.uniform(size=ROWS) < 1 / (1 + numpy.exp(-score))
    row = numpy.round(numpy.column_stack((label, feature)), 4)
    numpy.save(path, row)
    for line in row:
        print('t' if line[0] else 'f', '{' + ','.join(map(repr, map(float, line[1:]))) + '}', sep='\t')


def fit(solver, path):
    from sklearn.linear_model import LogisticRegression

    warnings.simplefilter('ignore')
    row = numpy.load(path)
    label, feature = row[:, 0].astype(int), numpy.ascontiguousarray(row[:, 1:])
    model = LogisticRegression(penalty=None, solver=solver, tol=1e-10, max_iter=1000)
    before = os.times().user
    model.fit(feature, label)
    took = os.times().user - before
    coefficient = [float(model.intercept_[0]), *map(float, model.coef_[0])]
    print(f"{1000 * took:.0f}, '{{{','.join(map(repr, coefficient))}}}'")


if sys.argv[1] == 'make':
    make(sys.argv[2])
else:
    fit(sys.argv[1], sys.argv[2])
