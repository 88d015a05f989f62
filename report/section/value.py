"""Customers by worth: the RFM grid, tiers, cohorts, lifetime value."""

from frame import Card, Nothing, Section, ticks, total
from words import count, percent, ratio, short

RFM = """
SELECT r, f, customers, customer_share, revenue, revenue_share, profit, orders
FROM rfm_grid
ORDER BY r DESC, f"""


def rfm(page, rows):
    if total(rows, 'customers') == 0:
        raise Nothing(page.say('rfm.empty'))
    scores = sorted({row['f'] for row in rows})
    most = max(row['customers'] for row in rows)
    cells = [[None] * len(scores) for _ in scores]
    for row in rows:
        cells[len(scores) - row['r']][row['f'] - 1] = {
            'value': row['customers'] / most, 'text': count(row['customers']),
            'state': 'zero' if row['customers'] == 0 else 'seen',
            'tip': page.say('rfm.tip', r=row['r'], f=row['f'],
                            customers=count(row['customers']),
                            share=percent(row['revenue_share']))}
    names = [str(score) for score in scores]
    best = str(scores[-1])
    return Card(
        rfm_finding(page, rows, scores[-1]),
        {'kind': 'grid', 'cells': cells, 'x': names, 'y': names[::-1],
         'x_label': page.say('rfm.x', best=best),
         'y_label': page.say('rfm.y', best=best)},
        (('head.r', 'r', 'count'), ('head.f', 'f', 'count'),
         ('head.customers', 'customers', 'count'),
         ('head.orders', 'orders', 'count'),
         ('head.revenue', 'revenue', 'money'),
         ('head.profit', 'profit', 'money')),
        rows, unit=page.say('unit.customers'))


def rfm_finding(page, rows, bins):
    """The best corner, and those who were frequent and stay away."""
    everybody = total(rows, 'customers')
    high, low = bins - bins // 3, 1 + bins // 3
    best = [row for row in rows if row['r'] >= high and row['f'] >= high]
    gone = [row for row in rows if row['r'] <= low and row['f'] >= high]
    said = {'n': everybody, 'customers': count(everybody),
            'best': count(total(best, 'customers')),
            'best_share': percent(total(best, 'customers') / everybody),
            'revenue': percent(total(best, 'revenue_share')),
            'gone': count(total(gone, 'customers')),
            'gone_revenue': percent(total(gone, 'revenue_share'))}
    if everybody == 1 or bins < 3:
        return page.say('rfm.all', **said)
    if total(best, 'customers') == 0:
        return page.say('rfm.no_best', **said)
    if total(gone, 'customers') == 0:
        return page.say('rfm.none_gone', **said)
    return page.say('rfm.both', **said)


TIERS = """
SELECT scheme, tier, tier_name, tier_rank, service_level, customers, hours,
       hours_per_customer, spend, spend_share, discount_rate, discount_limit,
       breaches, profit, profit_share, automated_share, without_owner,
       customers / nullif(sum(customers) OVER scheme, 0) AS customer_share,
       hours / nullif(sum(hours) OVER scheme, 0) AS hour_share,
       bool_or(profit_share IS NOT NULL) OVER scheme AS has_shares
FROM tier_resource
WHERE scheme IN (SELECT scheme FROM tier_resource GROUP BY scheme
                 ORDER BY scheme LIMIT 4)
WINDOW scheme AS (PARTITION BY scheme)
ORDER BY scheme, tier_rank"""


def tiers(page, rows):
    if total(rows, 'customers') == 0:
        raise Nothing(page.say('tiers.nobody'))
    has_hours = total(rows, 'hours') > 0
    for row in rows:
        row['name'] = page.named('tier', f"{row['scheme']}/{row['tier']}",
                                 row['tier_name'] or row['tier'])
        row['level'] = (page.say('level.' + row['service_level'])
                        if row['service_level'] in LEVELS else None)
    columns = [('customer_share', 'customers', count), ('spend_share', 'spend', short)]
    if has_hours:
        columns.append(('hour_share', 'hours', count))
    columns.append(('profit_share', 'profit', short))
    lines = []
    for row in rows:
        cells = []
        for share, amount, form in columns:
            shown = row[share] if row['has_shares'] or share != 'profit_share' else None
            cells.append({'value': shown, 'text': percent(shown, 0)
                          if shown is not None else form(row[amount]),
                          'tip': form(row[amount])})
        lines.append({'label': row['name'], 'group': row['scheme'],
                      'cells': cells})
    return Card(
        tier_finding(page, rows),
        {'kind': 'bars', 'rows': lines, 'groups': True, 'shared': True,
         'columns': [page.say('tiers.' + share) for share, _, _ in columns]},
        (('head.scheme', 'scheme', 'text'), ('head.tier', 'name', 'text'),
         ('head.service_level', 'level', 'text'),
         ('head.customers', 'customers', 'count'),
         ('head.cost', 'spend', 'money'), ('head.hours', 'hours', 'number'),
         ('head.hours_each', 'hours_per_customer', 'number'),
         ('head.discount_rate', 'discount_rate', 'rate'),
         ('head.discount_limit', 'discount_limit', 'rate'),
         ('head.breaches', 'breaches', 'count'),
         ('head.without_owner', 'without_owner', 'count'),
         ('head.profit', 'profit', 'money')),
        rows, unit=page.say('unit.share_of_scheme'))


LEVELS = ('vip', 'standard', 'basic')


def tier_finding(page, rows):
    scheme = [row for row in rows if row['scheme'] == rows[0]['scheme']]
    held = [row for row in scheme if row['customers'] > 0]
    if not held:
        return page.say('tiers.nobody')
    top = held[0]
    losing = [row for row in held if row['profit'] < 0]
    said = {'tier': top['name'], 'scheme': scheme[0]['scheme'],
            'customers': percent(top['customer_share']),
            'cost': percent(top['spend_share']),
            'profit': percent(top['profit_share']),
            'money': page.money(short(top['profit']))}
    if len(held) == 1:
        return page.say('tiers.one', **said)
    if top['profit_share'] is None:
        return page.say('tiers.no_profit', **said)
    if losing:
        said.update(loser=losing[-1]['name'],
                    lost=page.money(short(-losing[-1]['profit'])))
        return page.say('tiers.loser', **said)
    if top['spend_share'] is None:
        return page.say('tiers.no_cost', **said)
    gap = top['profit_share'] - top['spend_share']
    kind = 'less' if gap > 0.05 else 'more' if gap < -0.05 else 'even'
    return page.say('tiers.' + kind, **said)


COHORT = """
SELECT cohort_month, age, customers, active_customers, active_share,
       cumulative_contribution, complete,
       active_customers IS NOT NULL AS observed
FROM cohort
WHERE cohort_month > (SELECT max(cohort_month) FROM cohort)
                       - interval '24 months'
ORDER BY cohort_month, age"""


def cohort(page, rows):
    months = sorted({row['cohort_month'] for row in rows})
    ages = [age for age in sorted({row['age'] for row in rows})
            if any(row['observed'] for row in rows if row['age'] == age)][:25]
    at = {(row['cohort_month'], row['age']): row for row in rows}
    highest = max([row['active_share'] for row in rows
                   if row['age'] > 0 and row['observed']], default=0) or 1
    cells = [[cohort_cell(page, at.get((month, age)), highest)
              for age in ages] for month in months]
    size = {row['cohort_month']: row['customers'] for row in rows}
    return Card(
        cohort_finding(page, rows, months),
        {'kind': 'grid', 'cells': cells, 'x': [str(age) for age in ages],
         'y': [month[:7] for month in months], 'low': True,
         'y_note': [count(size[month]) for month in months],
         'y_note_label': page.say('cohort.size'),
         'x_label': page.say('cohort.x'), 'y_label': page.say('cohort.y'),
         'open': page.say('cohort.open')},
        (('head.cohort', 'cohort_month', 'month'), ('head.age', 'age', 'count'),
         ('head.customers', 'customers', 'count'),
         ('head.active', 'active_customers', 'count'),
         ('head.active_share', 'active_share', 'rate'),
         ('head.contribution', 'cumulative_contribution', 'money')),
        [row for row in rows if row['observed']],
        unit=page.say('unit.percent_of_cohort'))


def cohort_cell(page, row, highest):
    if row is None or not row['observed']:
        return {'state': 'none', 'text': '', 'tip': page.say('cohort.open')}
    share = row['active_share']
    return {'value': min(share / highest, 1), 'text': count(100 * share),
            'state': 'zero' if share == 0 else
                     'seen' if row['complete'] else 'part',
            'tip': page.say('cohort.tip', month=row['cohort_month'][:7],
                            age=row['age'], active=count(row['active_customers']),
                            customers=count(row['customers']))}


def cohort_finding(page, rows, months):
    def rate(age, of=None):
        seen = [row for row in rows if row['age'] == age and row['complete']
                and (of is None or row['cohort_month'] in of)]
        people = total(seen, 'customers')
        return total(seen, 'active_customers') / people if people else None

    first = rate(1)
    if first is None:
        return page.say('cohort.young')
    later = max((age for age in (12, 6, 3, 2) if rate(age) is not None),
                default=None)
    said = {'first': percent(first, 0), 'n': len(months)}
    if later is None:
        return page.say('cohort.first', **said)
    said.update(later=later, then=percent(rate(later), 0))
    kind = 'fall' if rate(later) < 0.8 * first else 'hold'
    return page.say('cohort.' + kind, **said)


CLV = """
SELECT c.frequency_class, c.model, c.calibration_end, c.holdout_end,
       c.customers, c.actual_purchases, c.predicted_purchases,
       c.mean_absolute_error, c.bias_rate
FROM clv_calibration c
ORDER BY c.frequency_class"""

CLV_TOTAL = """
SELECT customers, actual_purchases, predicted_purchases, bias_rate
FROM clv_calibration_total"""


def clv(page, rows, sums):
    high = max(max(row['actual_purchases'], row['predicted_purchases'])
               for row in rows)
    lines = [{'label': row['frequency_class'],
              'points': [
                  {'value': row['predicted_purchases'], 'series': 0,
                   'text': ratio(row['predicted_purchases'])},
                  {'value': row['actual_purchases'], 'series': 1,
                   'text': ratio(row['actual_purchases'])}],
              'note': count(row['customers'])} for row in rows]
    return Card(
        clv_finding(page, sums[0]),
        {'kind': 'dots', 'rows': lines, 'joined': True,
         'series': [page.say('clv.predicted'), page.say('clv.actual')],
         'row_label': page.say('clv.class'),
         'note_label': page.say('head.customers'),
         'x_label': page.say('clv.x'), 'ticks': ticks(0, high, ratio)},
        (('head.class', 'frequency_class', 'text'),
         ('head.customers', 'customers', 'count'),
         ('head.predicted', 'predicted_purchases', 'number'),
         ('head.actual', 'actual_purchases', 'number'),
         ('head.error', 'mean_absolute_error', 'number'),
         ('head.bias', 'bias_rate', 'rate')),
        rows, unit=page.say('clv.unit', model=rows[0]['model'],
                            fitted=rows[0]['calibration_end'],
                            until=rows[0]['holdout_end']))


def clv_finding(page, whole):
    said = {'bias': percent(abs(whole['bias_rate'] or 0)),
            'predicted': ratio(whole['predicted_purchases']),
            'actual': ratio(whole['actual_purchases'])}
    if whole['bias_rate'] is None:
        return page.say('clv.none_came', **said)
    if abs(whole['bias_rate']) <= 0.05:
        return page.say('clv.right', **said)
    return page.say('clv.many' if whole['bias_rate'] > 0 else 'clv.few',
                    **said)


SECTIONS = [
    Section('rfm', 'rfm_grid', {'rfm': RFM}, rfm),
    Section('cohort', 'cohort', {'cohort': COHORT}, cohort),
    Section('tiers', 'tier_resource', {'tiers': TIERS}, tiers),
    Section('clv', 'clv_calibration',
            {'clv': CLV, 'clv_total': CLV_TOTAL}, clv),
]
