"""Fits or predicts with the package lifetimes, and says what that cost.

  clv_lifetimes.py group CUSTOMERS.csv DIR    rows and grouped rows as .npy
  clv_lifetimes.py WORK DIR                   one piece of work, by its name

Prints: log-likelihood (or the sum of what is predicted), milliseconds of user
CPU of the work alone, and of the whole process.
"""
import resource
import sys
import warnings

import numpy

warnings.filterwarnings('ignore')


def user_ms():
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime * 1000


def group(csv, directory):
    rows = numpy.genfromtxt(csv, delimiter=',')
    numpy.save(directory + '/rows.npy', rows)
    grouped, weights = numpy.unique(rows[:, :3], axis=0, return_counts=True)
    numpy.save(directory + '/grouped.npy',
               numpy.column_stack([grouped, weights]))


def purchases(fitter, data, weights):
    """The CPU of a fit, and its log-likelihood in the data's unit of time."""
    x, recency, age = data[:, 0].astype(int), data[:, 1], data[:, 2]
    ones = numpy.ones(len(data)) if weights is None else weights
    numpy.random.seed(1)        # ParetoNBDFitter starts at random
    before = user_ms()
    fitter.fit(x, recency, age, weights=weights)
    took = user_ms() - before
    parameters = fitter.params_.values
    if hasattr(fitter, '_conditional_log_likelihood'):
        return took, numpy.sum(ones * fitter._conditional_log_likelihood(
            parameters, x, recency, age))
    return took, -ones.sum() * fitter._negative_log_likelihood(
        numpy.log(parameters), x, recency, age, ones, 0)


def spend(fitter, data):
    data = data[data[:, 0] > 0]
    before = user_ms()
    fitter.fit(data[:, 0], data[:, 3])
    took = user_ms() - before
    return took, -len(data) * fitter._negative_log_likelihood(
        numpy.log(fitter.params_.values), data[:, 0], data[:, 3],
        numpy.ones(len(data)), 0)


def predict(fitter, data):
    import pandas
    fitter.params_ = pandas.Series({'r': 0.553, 'alpha': 10.578, 's': 0.606,
                                    'beta': 11.669})
    before = user_ms()
    expected = fitter.conditional_expected_number_of_purchases_up_to_time(
        39, data[:, 0], data[:, 1], data[:, 2])
    return user_ms() - before, numpy.sum(expected)


def main():
    if sys.argv[1] == 'group':
        return group(*sys.argv[2:])
    import lifetimes
    work, directory = sys.argv[1:]
    grouped = work.endswith('_grouped')
    data = numpy.load(directory + ('/grouped.npy' if grouped else '/rows.npy'))
    weights = data[:, 3] if grouped else None
    if work.startswith('bgnbd_fit'):
        took, result = purchases(lifetimes.BetaGeoFitter(), data, weights)
    elif work.startswith('pareto_nbd_fit'):
        took, result = purchases(lifetimes.ParetoNBDFitter(), data, weights)
    elif work == 'gamma_gamma_fit':
        took, result = spend(lifetimes.GammaGammaFitter(), data)
    else:
        took, result = predict(lifetimes.ParetoNBDFitter(), data)
    print('%.12g %.0f %.0f' % (result, took, user_ms()))


main()
