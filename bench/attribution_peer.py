"""Prints the milliseconds of user CPU that ChannelAttribution takes.

  ORDER FILE   its Markov model of that order, of the paths in the file repeated
               a hundred times
"""
import contextlib
import os
import sys

import pandas

with contextlib.redirect_stdout(sys.stderr):
    import ChannelAttribution

path = pandas.read_csv(sys.argv[2])
path = pandas.concat([path] * 100, ignore_index=True)
before = os.times().user
with contextlib.redirect_stdout(sys.stderr):
    ChannelAttribution.markov_model(
        path, 'path', 'total_conversions',
        var_value='total_conversion_value', var_null='total_null',
        order=int(sys.argv[1]), seed=1, verbose=False)
print(round(1000 * (os.times().user - before)))
