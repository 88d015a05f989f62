"""Profit and cost: the bridge, cost by bucket and month, the whale curve."""

from frame import Card, Nothing, Section, ticks, total
from words import percent, short

BRIDGE = """
WITH span AS (
  SELECT (date_trunc('month', (as_of + 1)::timestamp)
            - interval '12 months')::date AS first_month,
         date_trunc('month', (as_of + 1)::timestamp)::date AS month_after
  FROM last_refresh
),
chosen AS (
  SELECT b.* FROM profit_bridge b
  JOIN span s ON b.month_start >= s.first_month
                 AND b.month_start < s.month_after
)
SELECT step_order, step, step_name, kind, sum(amount) AS amount,
       min(month_start) AS first_month, max(month_start) AS last_month
FROM (SELECT * FROM chosen
      UNION ALL
      SELECT * FROM profit_bridge WHERE NOT EXISTS (SELECT FROM chosen)) b
GROUP BY step_order, step, step_name, kind
ORDER BY step_order"""


def bridge(page, rows):
    step = {row['step']: row['amount'] or 0 for row in rows}
    for row in rows:
        row['name'] = page.named('step', row['step'], row['step_name'])
        row['of_sales'] = (row['amount'] / step['gross_sales']
                           if step['gross_sales'] > 0 else None)
    level, bars = 0, []
    for row in rows:
        amount = row['amount'] or 0
        is_total = row['kind'] != 'change'
        start = 0 if is_total else level
        level = amount if is_total else level + amount
        if amount == 0 and row['step'] != 'ledger_profit':
            continue
        bars.append({
            'label': row['name'], 'from': start, 'to': level,
            'text': short(amount), 'share': percent(row['of_sales']),
            'role': 'total' if is_total else
                    'gain' if amount > 0 else 'loss'})
    return Card(
        bridge_finding(page, step, rows),
        {'kind': 'steps', 'bars': told_once(bars)},
        (('head.step', 'name', 'text'), ('head.amount', 'amount', 'money'),
         ('head.of_sales', 'of_sales', 'rate')),
        [row for row in rows if row['amount']],
        unit=page.say('unit.months', currency=page.currency,
                      first=rows[0]['first_month'][:7],
                      last=rows[0]['last_month'][:7]))


def told_once(bars):
    """Of totals without a step between them the first, but of the last two
    the last: sales come first and the profit after all cost at the end."""
    kept = []
    for index, bar in enumerate(bars):
        if kept and bar['role'] == 'total' == kept[-1]['role']:
            if index + 1 < len(bars):
                continue
            kept.pop()
        kept.append(bar)
    return kept


def bridge_finding(page, step, rows):
    profit, sales = step['ledger_profit'], step['gross_sales']
    cost = step['margin'] - profit
    if sales <= 0:
        return page.say('bridge.no_sales', cost=page.money(short(cost)))
    if cost == 0:
        return page.say('bridge.no_cost', margin=page.money(short(profit)),
                        share=percent(profit / sales))
    taker = min((row for row in rows if row['kind'] == 'change'),
                key=lambda row: row['amount'] or 0)
    said = {'left': percent(abs(profit) / sales), 'taker': taker['name'],
            'taken': percent(-taker['amount'] / sales)}
    if profit > 0:
        return page.say('bridge.profit', **said)
    if profit == 0:
        return page.say('bridge.zero', **said)
    if step['margin'] <= 0:
        return page.say('bridge.no_margin',
                        loss=page.money(short(-profit)), **said)
    return page.say('bridge.loss', loss=page.money(short(-profit)), **said)


COST = """
SELECT month_start, bucket, bucket_name, sum(cost) AS cost,
       bool_and(complete) AS complete
FROM cost_by_month
WHERE month_start > (SELECT max(month_start) FROM cost_by_month)
                      - interval '24 months'
GROUP BY month_start, bucket, bucket_name
ORDER BY month_start, bucket"""


def cost(page, rows):
    months = months_between(rows[0]['month_start'], rows[-1]['month_start'])
    by_bucket, complete = {}, {}
    for row in rows:
        row['name'] = page.named('bucket', row['bucket'], row['bucket_name'])
        by_bucket.setdefault(row['bucket'], []).append(row)
        complete[row['month_start']] = row['complete']
    sums = {bucket: total(lines, 'cost')
            for bucket, lines in by_bucket.items()}
    if not any(sums.values()):
        raise Nothing(page.say('cost.empty'))
    series = []
    for bucket in sorted(sums, key=lambda bucket: -sums[bucket]):
        of_month = {row['month_start']: row['cost']
                    for row in by_bucket[bucket]}
        if any(of_month.values()):
            series.append({
                'label': by_bucket[bucket][0]['name'], 'hue': hue(bucket),
                'text': short(sums[bucket]),
                'values': [of_month.get(month, 0) for month in months]})
    sum_of_month = [sum(one['values'][index] for one in series)
                    for index in range(len(months))]
    low = min(sum(min(one['values'][index], 0) for one in series)
              for index in range(len(months)))
    high = max(sum(max(one['values'][index], 0) for one in series)
               for index in range(len(months)))
    return Card(
        cost_finding(page, sums, series, months, complete, sum_of_month),
        {'kind': 'stack', 'x': [month[:7] for month in months],
         'complete': [complete.get(month, True) for month in months],
         'totals': [short(value) for value in sum_of_month],
         'series': series, 'ticks': ticks(low, high, short), 'low': low,
         'open': page.say('cost.open')},
        (('head.month', 'month_start', 'month'), ('head.bucket', 'name', 'text'),
         ('head.cost', 'cost', 'money')),
        rows, unit=page.say('unit.a_month', currency=page.currency))


def hue(bucket):
    """Each bucket has its colour wherever it is."""
    order = ('acquisition', 'retention', 'service', 'churn', 'data',
             'training', 'program')
    return order.index(bucket) if bucket in order else 7


def months_between(first, last):
    year, month = int(first[:4]), int(first[5:7])
    months = []
    while not months or months[-1] < last[:7] + '-01':
        months.append(f'{year:04d}-{month:02d}-01')
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months


def cost_finding(page, sums, series, months, complete, sum_of_month):
    whole = sum(sums.values())
    over = [value for month, value in zip(months, sum_of_month)
            if complete.get(month, True)]
    top = max(sums.values())
    said = {'bucket': series[0]['label'],
            'share': percent(top / whole) if whole > 0 else '–',
            'cost': page.money(short(whole))}
    if whole <= 0:
        return page.say('cost.negative', **said)
    before = over[-13:-1]
    mean = sum(before) / len(before) if before else 0
    if len(before) < 3 or mean <= 0:
        return page.say('cost.only' if len(series) == 1 else 'cost.share',
                        **said)
    last = [month for month in months if complete.get(month, True)][-1][:7]
    change = over[-1] / mean - 1
    said.update(month=last, change=percent(abs(change)), n=len(before))
    kind = 'up' if change > 0.05 else 'down' if change < -0.05 else 'even'
    return page.say('cost.' + kind, **said)


WHALE = """
SELECT profit_rank, customer_share, cumulative_profit, cumulative_share,
       is_peak
FROM whale_curve_point
ORDER BY profit_rank"""

WHALE_SUM = """
SELECT count(*) AS customers, sum(profit) AS profit,
       count(*) FILTER (WHERE profit < 0) AS losers,
       count(*) FILTER (WHERE profit > 0) AS winners,
       coalesce(sum(profit) FILTER (WHERE profit < 0), 0) AS lost,
       coalesce(sum(profit) FILTER (WHERE profit > 0), 0) AS gained,
       sum(profit) FILTER (WHERE profit_rank <= ceil(n * 0.2)) AS best_fifth
FROM (SELECT profit, profit_rank, count(*) OVER () AS n
      FROM customer_profit) p"""


def whale(page, rows, sums):
    whole = sums[0]
    points = [[0, 0]] + [[row['customer_share'], row['cumulative_profit']]
                         for row in rows]
    low = min(point[1] for point in points)
    high = max(point[1] for point in points)
    peak = next((row for row in rows if row['is_peak']), None)
    marks = []
    if peak and peak['cumulative_profit'] > 0:
        marks.append({'x': peak['customer_share'], 'role': 'peak',
                      'y': peak['cumulative_profit'],
                      'text': page.say('whale.peak', profit=short(
                          peak['cumulative_profit']),
                          share=percent(peak['customer_share'], 0))})
    marks.append({'x': 1, 'y': whole['profit'], 'role': 'end',
                  'text': page.say('whale.end',
                                   profit=short(whole['profit']))})
    if whole['losers'] == 0:
        marks = marks[-1:]
    return Card(
        whale_finding(page, whole),
        {'kind': 'curve', 'points': points, 'marks': marks,
         'x_label': page.say('whale.x'), 'y_label': page.say('whale.y'),
         'x_ticks': ticks(0, 1, lambda at: percent(at, 0), 5),
         'y_ticks': ticks(low, high, short)},
        (('head.rank', 'profit_rank', 'count'),
         ('head.customer_share', 'customer_share', 'rate'),
         ('head.cumulative_profit', 'cumulative_profit', 'money'),
         ('head.cumulative_share', 'cumulative_share', 'rate')),
        rows, unit=page.say('unit.so_far', currency=page.currency))


def whale_finding(page, whole):
    n, losers = whole['customers'], whole['losers']
    said = {'n': n, 'customers': f'{n:,}', 'losers': f'{losers:,}',
            'share': percent(losers / n, 1 if losers < n / 10 else 0),
            'lost': page.money(short(-whole['lost'])),
            'gained': page.money(short(whole['gained'])),
            'profit': page.money(short(whole['profit']))}
    if n == 1:
        kind = 'one_loses' if losers else 'one'
    elif whole['winners'] == 0:
        kind = 'all_lose' if losers == n else 'none_earns'
    elif whole['profit'] <= 0:
        said['n'] = losers
        kind = 'eaten'
    elif losers == 0:
        said['best'] = percent(whole['best_fifth'] / whole['profit'], 0)
        kind = 'none_loses'
    else:
        said['eaten'] = percent(-whole['lost'] / whole['gained'])
        few = -whole['lost'] < 0.01 * whole['gained']
        kind = 'few_lose' if few else 'some_lose'
        said['n'] = losers
        if few:
            said['best'] = percent(whole['best_fifth'] / whole['profit'], 0)
    return page.say('whale.' + kind, **said)


SECTIONS = [
    Section('bridge', 'profit_bridge', {'bridge': BRIDGE}, bridge),
    Section('cost', 'cost_by_month', {'cost': COST}, cost),
    Section('whale', 'whale_curve_point',
            {'whale': WHALE, 'whale_sum': WHALE_SUM}, whale),
]
