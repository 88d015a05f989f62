"""Serving and keeping customers: service, surveys, points, what to do next."""

from frame import Card, Section, ticks, total
from words import count, percent, ratio, short, unit_money

SERVICE = """
WITH span AS (
  SELECT (date_trunc('month', (as_of + 1)::timestamp)
            - interval '12 months')::date AS first_month
  FROM last_refresh
),
level AS (
  SELECT l.* FROM service_level l
  JOIN span s ON l.month_start >= s.first_month
  WHERE l.dimension = '(all)'
),
cost AS (
  SELECT c.* FROM service_cost c
  JOIN span s ON c.month_start >= s.first_month
  WHERE c.dimension = '(all)'
)
SELECT month_start, l.opened, l.responded, l.response_sla_rate,
       l.response_p50_hours, l.response_p90_hours, l.resolution_sla_rate,
       l.first_contact_rate, l.backlog, c.cases, c.cost, c.cost_per_case,
       c.automated_share, c.saved
FROM level l
FULL JOIN cost c USING (month_start)
ORDER BY month_start"""


def service(page, rows):
    lines = [{'label': row['month_start'][:7], 'cells': [
        {'value': row['opened'], 'text': count(row['opened'])},
        {'value': row['response_sla_rate'], 'most': 1,
         'text': percent(row['response_sla_rate'], 0)},
        {'value': row['response_p90_hours'],
         'text': ratio(row['response_p90_hours'])},
        {'value': row['cost_per_case'],
         'text': unit_money(row['cost_per_case'])}]} for row in rows]
    return Card(
        service_finding(page, rows),
        {'kind': 'bars', 'rows': lines,
         'columns': [page.say('service.opened'), page.say('service.in_time'),
                     page.say('service.p90'), page.say('service.cost_case')]},
        (('head.month', 'month_start', 'month'),
         ('head.opened', 'opened', 'count'),
         ('head.answered', 'responded', 'count'),
         ('head.in_time', 'response_sla_rate', 'rate'),
         ('head.p50', 'response_p50_hours', 'number'),
         ('head.p90', 'response_p90_hours', 'number'),
         ('head.resolved_in_time', 'resolution_sla_rate', 'rate'),
         ('head.first_contact', 'first_contact_rate', 'rate'),
         ('head.backlog', 'backlog', 'count'),
         ('head.cost', 'cost', 'money'),
         ('head.cost_case', 'cost_per_case', 'money'),
         ('head.automated', 'automated_share', 'rate'),
         ('head.saved', 'saved', 'money')),
        rows, unit=page.say('unit.by_month', currency=page.currency))


def service_finding(page, rows):
    """Ratios of the sums of all months shown."""
    answered = [row for row in rows if row['responded']
                and row['response_sla_rate'] is not None]
    people = total(answered, 'responded')
    rate = (sum(row['responded'] * row['response_sla_rate']
                for row in answered) / people if people else None)
    cases, cost = total(rows, 'cases'), total(rows, 'cost')
    opened = total(rows, 'opened')
    said = {'n': opened, 'opened': count(opened), 'rate': percent(rate, 0),
            'cost': page.money(unit_money(cost / cases if cases else None)),
            'sum': page.money(short(cost))}
    if not opened and not cases:
        return page.say('service.no_case' if cost else 'service.idle', **said)
    if rate is None:
        return page.say('service.no_answer', **said)
    if not cost or not cases:
        return page.say('service.no_cost', **said)
    return page.say('service.kept' if rate >= 0.9 else 'service.missed',
                    **said)


VOICE = """
SELECT v.survey, v.survey_name, v.metric, v.month_start, v.asked, v.answers,
       v.response_rate, v.csat_rate, v.csat_low, v.csat_high, v.nps,
       v.nps_low, v.nps_high, v.overdue,
       sum(v.answers) OVER (PARTITION BY v.survey) AS of_survey
FROM customer_voice v
WHERE v.scheme = '(all)' AND v.tier = '(all)' AND v.channel_code = '(all)'
      AND v.product_code = '(all)'
      AND v.month_start > (SELECT max(month_start) FROM customer_voice)
                            - interval '12 months'
ORDER BY of_survey DESC, v.survey, v.month_start"""


def voice(page, rows):
    shown = [row for row in rows if row['survey'] == rows[0]['survey']
             and row['answers']]
    is_nps = rows[0]['metric'] == 'nps'
    field = 'nps' if is_nps else 'csat'
    for row in rows:
        row['name'] = page.named('survey', row['survey'], row['survey_name'])
    points = [{
        'label': row['month_start'][:7], 'note': count(row['answers']),
        'points': [{
            'value': row['nps'] if is_nps else row['csat_rate'],
            'low': row[field + '_low'], 'high': row[field + '_high'],
            'text': score(row, is_nps), 'series': 0}]}
        for row in shown if (row['nps'] if is_nps else row['csat_rate'])
        is not None]
    return Card(
        voice_finding(page, shown, is_nps),
        {'kind': 'dots', 'rows': points, 'series': [''],
         'row_label': page.say('head.month'),
         'note_label': page.say('head.answers'),
         'x_label': page.say('voice.nps' if is_nps else 'voice.csat'),
         'ticks': ticks(-100, 100, count, 4) if is_nps else
                  ticks(0, 1, lambda at: percent(at, 0), 5)},
        (('head.survey', 'name', 'text'), ('head.month', 'month_start', 'month'),
         ('head.asked', 'asked', 'count'), ('head.answers', 'answers', 'count'),
         ('head.response_rate', 'response_rate', 'rate'),
         ('head.csat', 'csat_rate', 'rate'), ('head.low', 'csat_low', 'rate'),
         ('head.high', 'csat_high', 'rate'), ('head.nps', 'nps', 'number'),
         ('head.low', 'nps_low', 'number'),
         ('head.high', 'nps_high', 'number'),
         ('head.overdue', 'overdue', 'count')),
        rows, unit=page.say('voice.unit', survey=rows[0]['name']))


def score(row, is_nps):
    return (count(row['nps']) if is_nps else percent(row['csat_rate'], 0))


def voice_finding(page, shown, is_nps):
    if not shown:
        return page.say('voice.no_answer')
    field = 'nps' if is_nps else 'csat'
    last, first = shown[-1], shown[0]
    form = count if is_nps else (lambda rate: percent(rate, 0))
    said = {'month': last['month_start'][:7], 'score': score(last, is_nps),
            'low': form(last[field + '_low']),
            'high': form(last[field + '_high']),
            'what': page.say('voice.' + field),
            'answers': count(last['answers']), 'n': last['answers'],
            'since': first['month_start'][:7], 'was': score(first, is_nps)}
    if len(shown) == 1 or None in (last[field + '_low'], first[field + '_low']):
        return page.say('voice.once', **said)
    if last[field + '_low'] > first[field + '_high']:
        return page.say('voice.better', **said)
    if last[field + '_high'] < first[field + '_low']:
        return page.say('voice.worse', **said)
    return page.say('voice.same', **said)


LOYALTY = """
SELECT program_code, program_name, members, active_members, active_rate,
       balance, pending, redemption_rate, breakage, observed_breakage,
       liability, pending_liability, observed_liability
FROM loyalty_liability
ORDER BY liability DESC NULLS LAST, program_code"""


def loyalty(page, rows):
    for row in rows:
        row['name'] = page.named('program', row['program_code'],
                                 row['program_name'])
    return Card(
        loyalty_finding(page, rows),
        {'kind': 'bars', 'rows': [
            {'label': row['name'], 'cells': [
                {'value': row['liability'], 'text': short(row['liability'])},
                {'value': row['observed_liability'],
                 'text': short(row['observed_liability'])},
                {'value': row['active_rate'], 'most': 1,
                 'text': percent(row['active_rate'], 0)}]} for row in rows],
         'columns': [page.say('loyalty.liability'),
                     page.say('loyalty.observed'),
                     page.say('loyalty.active')]},
        (('head.program', 'name', 'text'), ('head.members', 'members', 'count'),
         ('head.active', 'active_members', 'count'),
         ('head.balance', 'balance', 'count'),
         ('head.pending', 'pending', 'count'),
         ('head.redemption', 'redemption_rate', 'rate'),
         ('head.breakage', 'breakage', 'rate'),
         ('head.observed_breakage', 'observed_breakage', 'rate'),
         ('head.liability', 'liability', 'money'),
         ('head.pending_liability', 'pending_liability', 'money'),
         ('head.observed_liability', 'observed_liability', 'money')),
        rows, unit=page.say('unit.money', currency=page.currency))


def loyalty_finding(page, rows):
    known = [row for row in rows if row['liability'] is not None]
    if not known:
        return page.say('loyalty.no_rate')
    owed = total(known, 'liability')
    both = [row for row in known if row['observed_liability'] is not None]
    said = {'owed': page.money(short(owed)), 'n': len(known),
            'observed': page.money(short(total(both, 'observed_liability')))}
    if owed == 0:
        return page.say('loyalty.nothing', **said)
    if len(both) < len(known):
        return page.say('loyalty.owed', **said)
    gap = total(both, 'observed_liability') / owed - 1
    kind = 'more' if gap > 0.1 else 'less' if gap < -0.1 else 'as_observed'
    return page.say('loyalty.' + kind, **said)


WORKLIST = """
SELECT w.reason, r.name, r.name_zh, w.priority, count(*) AS entries,
       count(*) FILTER (WHERE w.due_on < (SELECT as_of FROM last_refresh))
         AS overdue,
       sum(w.expected_value) AS expected_value, min(w.due_on) AS first_due
FROM worklist w
LEFT JOIN worklist_reason r ON r.code = w.reason
WHERE w.status = 'open'
GROUP BY w.reason, r.name, r.name_zh, w.priority
ORDER BY w.priority, sum(w.expected_value) DESC, w.reason"""


def worklist(page, rows):
    for row in rows:
        row['label'] = page.named('reason', row['reason'], row['name'])
    return Card(
        worklist_finding(page, rows),
        {'kind': 'bars', 'rows': [
            {'label': row['label'], 'cells': [
                {'value': row['entries'], 'text': count(row['entries'])},
                {'value': row['expected_value'],
                 'text': short(row['expected_value'])}]} for row in rows],
         'columns': [page.say('worklist.entries'),
                     page.say('worklist.expected')]},
        (('head.reason', 'label', 'text'), ('head.priority', 'priority', 'count'),
         ('head.entries', 'entries', 'count'),
         ('head.overdue', 'overdue', 'count'),
         ('head.first_due', 'first_due', 'day'),
         ('head.expected_value', 'expected_value', 'money')),
        rows, unit=page.say('unit.money', currency=page.currency))


def worklist_finding(page, rows):
    late = total(rows, 'overdue')
    best = max(rows, key=lambda row: row['expected_value'] or 0)
    entries = total(rows, 'entries')
    return page.say('worklist.late' if late else 'worklist.due',
                    n=entries, entries=count(entries), late=count(late),
                    expected=page.money(short(total(rows, 'expected_value'))),
                    best=best['label'],
                    worth=page.money(short(best['expected_value'])))


SECTIONS = [
    Section('service', 'service_level, service_cost', {'service': SERVICE},
            service),
    Section('voice', 'customer_voice', {'voice': VOICE}, voice),
    Section('loyalty', 'loyalty_liability', {'loyalty': LOYALTY}, loyalty),
    Section('worklist', 'worklist', {'worklist': WORKLIST}, worklist),
]
