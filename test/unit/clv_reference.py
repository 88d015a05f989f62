"""Prints clv_reference.h: what the lifetime value functions must give.

By mpmath (1.4 was used) with 50 to 80 digits, from the definitions and not from
the formulas of src/: integrals over time, or hypergeometric functions as they
are published.  Derivatives are differences, and are by the logarithms of the
parameters.  Takes some minutes:

  python3 clv_reference.py > clv_reference.h
"""
import random

from mpmath import (digamma, exp, gammainc, hyp2f1,
                    log, loggamma, mp, mpf, nstr, polygamma, quad)

random.seed(20261122)


def exact(value):
    """The mpf that is the double nearest to a number."""
    return mpf(float(value))


def c(value):
    if abs(value) < 1e-300:
        return '0'
    return nstr(value, 19, min_fixed=-3, max_fixed=6)


def double(value):
    return repr(float(value))


def table(name, fields, rows):
    print('static const struct %s\n{' % name)
    for field in fields.split(', '):
        print('\tdouble\t\t%s;' % field)
    print('}\t\t\t%s_table[] = {' % name)
    for row in rows:
        print('\t{' + ', '.join(row) + '},')
    print('};\n')


def power(low, high):
    return exact(10 ** random.uniform(low, high))


# ----- special functions

def special():
    mp.dps = 40
    points = [exact(v) for v in (
        1e-9, 1e-6, 1e-3, 0.1, 0.5, 1, 1.4616321449683623, 2, 3.7, 9.99, 10,
        10.01, 33.3, 100, 5000, 1e4, 1e8, 1e15)]
    table('gamma_derivatives', 'x, digamma, trigamma',
          [(double(x), c(digamma(x)), c(polygamma(1, x))) for x in points])
    rows = []
    for x in (1e-6, 0.1, 1, 3.3, 9.99, 10, 10.01, 50, 1e4, 1e9, 1e15):
        for d in (0, 1e-6, 0.1, 1, 7, 1e3, 1e9):
            x_, d_ = exact(x), exact(d)
            rows.append((double(x), double(d),
                         c(loggamma(x_ + d_) - loggamma(x_))))
    table('gamma_ratio', 'x, d, logarithm', rows)
    rows = []
    for order in (0, 1e-3, 0.3, 0.5, 0.999, 1, 1 + 1e-10, 1.001, 1.4999, 1.5,
                  2, 3, 5.5, 9.99, 10, 10.5, 100, 5001):
        for x in (1e-10, 1e-5, 1e-2, 0.5, 0.999, 1, 1.001, 5, 100, 1e6):
            s, y = exact(order), exact(x)
            # the integral of e^(-y v) / (1 + v)^s over v, in its closed form
            mp.dps = 60
            value = exp(y) * y ** (s - 1) * gammainc(1 - s, y)
            mp.dps = 40
            rows.append((double(s), double(y), c(value)))
    table('exp_integral', 'order, x, value', rows)
    rows = []
    for n in (0, 1, 2, 10, 100, 1000):
        for r in (1e-3, 0.24, 3, 500):
            for alpha, t in ((4.4, 39), (4.4, 0.01), (1000, 5), (0.01, 1e4)):
                r_, a_, t_ = exact(r), exact(alpha), exact(t)

                def probability(j):
                    return exp(loggamma(r_ + j) - loggamma(r_)
                               - loggamma(j + 1) + r_ * log(a_ / (a_ + t_))
                               + j * log(t_ / (a_ + t_)))
                tail = 1 - sum((probability(j) for j in range(n)), mpf(0))
                rows.append((double(n), double(r), double(alpha), double(t),
                             c(log(probability(n))), c(tail)))
    table('negative_binomial', 'n, r, alpha, t, logarithm, tail', rows)


# ----- log-likelihoods

def dropout_likelihood(shift, p, x, t_x, age):
    r, alpha, a, b = p
    value = exp(-(r + x) * log(alpha + age))
    if x + shift > 0:
        value += a / (b + x + shift - 1) * exp(-(r + x) * log(alpha + t_x))
    return (loggamma(r + x) - loggamma(r) + r * log(alpha) + loggamma(a + b)
            - loggamma(b) + loggamma(b + x + shift)
            - loggamma(a + b + x + shift) + log(value))


def pareto_parts(p, x, t_x, age):
    """Alive, and gone after t_x: Fader and Hardie 2005, A_0 of theirs."""
    r, alpha, s, b = p
    w, n = r + s + x, r + x

    def term(y):
        if alpha >= b:
            return hyp2f1(w, s + 1, w + 1, (alpha - b) / (alpha + y)) / (
                alpha + y) ** w
        return hyp2f1(w, n, w + 1, (b - alpha) / (b + y)) / (b + y) ** w
    return ((alpha + age) ** -n * (b + age) ** -s,
            s / w * (term(t_x) - term(age)))


def pareto_likelihood(p, x, t_x, age):
    r, alpha, s, b = p
    alive, gone = pareto_parts(p, x, t_x, age)
    return (loggamma(r + x) - loggamma(r) + r * log(alpha) + s * log(b)
            + log(alive + gone))


def derivatives(f, p):
    """Value, gradient and lower triangle by the logarithms of p."""
    h = mpf(10) ** -(mp.dps // 4)

    def at(*moves):
        q = list(p)
        for i, sign in moves:
            q[i] *= exp(sign * h)
        return f(q)
    here = f(p)
    n = len(p)
    result = [here]
    result += [(at((i, 1)) - at((i, -1))) / (2 * h) for i in range(n)]
    for i in range(n):
        for j in range(i + 1):
            if i == j:
                result.append((at((i, 1)) - 2 * here + at((i, -1))) / h ** 2)
            else:
                result.append((at((i, 1), (j, 1)) - at((i, 1), (j, -1))
                               - at((i, -1), (j, 1)) + at((i, -1), (j, -1)))
                              / (4 * h ** 2))
    return result


def customer():
    x = random.choice([0, 0, 1, 2, 7, 50, 500])
    age = power(-1, 4)
    t_x = mpf(0)
    if x > 0:
        t_x = exact(age * random.choice([1, random.random(),
                                         random.random() ** 4]))
    return x, t_x, age


def likelihoods():
    mp.dps = 80
    rows = []
    for number in range(36):
        low, high = ((-1, 1.5), (-2, 2.5), (-3, 4))[number % 3]
        p = [power(low, high) for _ in range(4)]
        if number % 9 == 0:
            p[3] = p[1]
        x, t_x, age = customer()
        for model, f in enumerate((
                lambda q: dropout_likelihood(0, q, x, t_x, age),
                lambda q: dropout_likelihood(1, q, x, t_x, age),
                lambda q: pareto_likelihood(q, x, t_x, age))):
            rows.append([str(model)] + [double(v) for v in p]
                        + [str(x), double(t_x), double(age)]
                        + [c(v) for v in derivatives(f, p)])
    table('likelihood', 'model, p[4], x, t_x, age, jet[15]',
          [row[:1] + ['{' + ', '.join(row[1:5]) + '}'] + row[5:8]
           + ['{' + ', '.join(row[8:]) + '}'] for row in rows])

    rows = []
    mp.dps = 60
    for _ in range(12):
        p = [power(-1.5, 2) for _ in range(3)]
        x, m = random.choice([1, 2, 5, 40]), power(-1, 3)

        def spend(q):
            p_, q_, v_ = q
            return (loggamma(p_ * x + q_) - loggamma(p_ * x) - loggamma(q_)
                    + q_ * log(v_) + (p_ * x - 1) * log(m)
                    + p_ * x * log(x) - (p_ * x + q_) * log(x * m + v_))
        rows.append(('0', '{' + ', '.join(double(v) for v in p) + '}',
                     str(x), double(m),
                     '{' + ', '.join(c(v) for v in derivatives(spend, p)) + '}'))
        p = [power(-1.5, 1.5), power(-1.5, 1.5), exact(random.uniform(0.3, 2))]
        t = random.choice([1, 2, 5, 40])
        for churned in (0, 1):
            def contract(q):
                a, b, e = q

                def survival(k):
                    y = mpf(k) ** e if k > 0 else mpf(0)
                    return exp(loggamma(b + y) - loggamma(a + b + y)
                               + loggamma(a + b) - loggamma(b))
                return log(survival(t - 1) - survival(t) if churned
                           else survival(t))
            rows.append(('1', '{' + ', '.join(double(v) for v in p) + '}',
                         str(t), str(churned),
                         '{' + ', '.join(c(v) for v in derivatives(contract, p)) + '}'))
    table('other_likelihood', 'model, p[3], first, second, jet[10]', rows)


# ----- predictions

def dropout_alive(shift, p, x, t_x, age):
    r, alpha, a, b = p
    if x + shift == 0:
        return mpf(1)
    return 1 / (1 + a / (b + x + shift - 1)
                * ((alpha + age) / (alpha + t_x)) ** (r + x))


def dropout_rate(shift, p, x, age, t):
    """Purchases per time of one alive at age, t later."""
    r, alpha, a, b = p
    n, rate = r + x, alpha + age
    return n / rate * hyp2f1(n + 1, a, a + b + x + shift, -t / rate)


def over_time(f, scale, end):
    """The integral of f from 0 to end, in pieces that grow."""
    points = [mpf(0)]
    k = -8
    while scale * mpf(10) ** (mpf(k) / 2) < end:
        points.append(scale * mpf(10) ** (mpf(k) / 2))
        k += 1
    return quad(f, points + [end])


def predictions():
    rows = []
    for number in range(30):
        mp.dps = 30
        low, high = ((-1, 1), (-1, 1.5), (-2, 2))[number % 3]
        p = [power(low, high) for _ in range(4)]
        if number % 5 == 0:
            p[2] = mpf(1)
        x, t_x, age = customer()
        horizon, discount = power(-1, 4), power(-4, 0)
        for model in range(3):
            mp.dps = 30
            if model < 2:
                alive = dropout_alive(model, p, x, t_x, age)
                scale = p[1] + age
                expected = alive * over_time(
                    lambda t: dropout_rate(model, p, x, age, t), scale,
                    horizon)
                residual = alive * over_time(
                    lambda t: exp(-discount * t)
                    * dropout_rate(model, p, x, age, t), scale, 70 / discount)
            else:
                mp.dps = 80
                here, gone = pareto_parts(p, x, t_x, age)
                mp.dps = 30
                alive = here / (here + gone)
                r, alpha, s, b = p

                def rate(t):
                    return ((r + x) / (alpha + age)
                            * ((b + age) / (b + age + t)) ** s)
                expected = alive * over_time(rate, b + age, horizon)
                residual = alive * over_time(
                    lambda t: exp(-discount * t) * rate(t), b + age,
                    70 / discount)
            rows.append((str(model),
                         '{' + ', '.join(double(v) for v in p) + '}', str(x),
                         double(t_x), double(age), double(horizon),
                         double(discount), c(alive), c(expected), c(residual)))
    table('prediction', 'model, p[4], x, t_x, age, horizon, discount, '
          'alive, expected, residual', rows)


# ----- contracts

def survival(a, b, y):
    """B(a, b + y) / B(a, b)"""
    return exp(loggamma(b + y) - loggamma(b)
               + loggamma(a + b) - loggamma(a + b + y))


def lifetime(a, b, discount):
    """Sum of S(i) / (1 + discount)^i from i = 1 on, times 1 + discount, of sBG
    with a and b: each share of those who stay is a rational number."""
    staying = mpf(1)
    result = mpf(0)
    while staying * (1 + discount) > discount * result * mpf('1e-22'):
        staying *= b / (a + b)
        result += staying
        staying /= 1 + discount
        b += 1
    return result


def contractual():
    last = 2 ** 31 - 1
    rows = []
    for a, b in ((1e-17, 1e-17), (1e-15, 1e-15), (1e-12, 1e-12), (1e-12, 3e-9),
                 (1e-6, 1e-14), (0.7, 3.8), (1e-9, 5), (1e9, 1e-3),
                 (1e10, 1e10), (1e16, 1), (0.3, 1e16)):
        for power_ in (1, 0.25, 1.5, 7):
            for t in (1, 2, 7, 10 ** 6, last):
                # what logarithms of a large S have in common is lost
                mp.dps = 300
                a_, b_, c_ = exact(a), exact(b), exact(power_)
                before = mpf(t - 1) ** c_ if t > 1 else mpf(0)
                y = mpf(t) ** c_ - before
                rate = survival(a_, b_ + before, y)
                mp.dps = 30
                rows.append((double(a), double(b), double(power_), double(t),
                             c(rate)))
    table('retention', 'alpha, beta, c, t, rate', rows)
    mp.dps = 30
    rows = []
    for a, b in ((1e-12, 1e-12), (0.5, 0.5), (0.7, 3.8), (100, 1e8),
                 (1e8, 1), (1e10, 1e3), (5e9, 1e9), (1e12, 1), (1e15, 1e15)):
        for t in (1, 1000, last):
            for discount in (1e-3, 0.1, 2):
                a_, b_, d = exact(a), exact(b), exact(discount)
                rows.append((double(a), double(b), double(t), double(discount),
                             c(lifetime(a_, b_ + t - 1, d))))
    table('residual', 'alpha, beta, t, discount, periods', rows)


print('''/*
 * clv_reference.h
 *	  What the lifetime value functions must give; printed by
 *	  clv_reference.py, which says how.
 */
#ifndef CLV_REFERENCE_H
#define CLV_REFERENCE_H
''')
special()
likelihoods()
predictions()
contractual()
print('#endif\t\t\t\t\t\t\t/* CLV_REFERENCE_H */')
