"""Winning customers: cost by channel, credits by model, campaigns."""

from frame import Card, Nothing, Section, ticks, total
from words import count, percent, ratio, short, unit_money

MOST_BARS = 12

CAC = """
SELECT channel_code, channel_name, customers, acquisition_cost, cac, ltv,
       ltv_cac, payback_months, loses_money
FROM acquisition_balance
ORDER BY cac DESC NULLS LAST, customers DESC, channel_code"""


def cac(page, rows):
    whole = next((row for row in rows if row['channel_code'] == '(all)'), None)
    rows = [row for row in rows if row['channel_code'] != '(all)'
            and (row['customers'] or row['acquisition_cost'])]
    if not rows or not total(rows, 'acquisition_cost'):
        raise Nothing(page.say('cac.no_cost'))
    for row in rows + ([whole] if whole else []):
        row['name'] = page.named('channel', row['channel_code'],
                                 row['channel_name'])
        row['loses'] = (None if row['loses_money'] is None else
                        page.say('yes' if row['loses_money'] else 'no'))
    shown = rows[:MOST_BARS]
    return Card(
        cac_finding(page, rows, whole),
        {'kind': 'bars', 'shared': True, 'rows': [
            {'label': row['name'], 'cells': [
                {'value': row['cac'], 'text': unit_money(row['cac']),
                 'tone': 'bad' if row['loses_money'] else ''},
                {'value': row['ltv'], 'text': unit_money(row['ltv'])},
                {'text': count(row['customers'])},
                {'text': payback(page, row)}]}
            for row in shown],
         'columns': [page.say('cac.cac'), page.say('cac.ltv'),
                     page.say('head.customers'), page.say('cac.payback')]},
        (('head.channel', 'name', 'text'),
         ('head.customers', 'customers', 'count'),
         ('head.acquisition_cost', 'acquisition_cost', 'money'),
         ('head.cac', 'cac', 'money'), ('head.ltv', 'ltv', 'money'),
         ('head.ltv_cac', 'ltv_cac', 'number'),
         ('head.payback', 'payback_months', 'count'),
         ('head.loses', 'loses', 'text')),
        rows + ([whole] if whole else []),
        unit=page.say('unit.a_customer', currency=page.currency),
        note=page.say('cac.more', shown=len(shown), n=len(rows))
        if len(shown) < len(rows) else None)


def payback(page, row):
    months = row['payback_months']
    if row['cac'] is None:
        return '–'
    if months is None:
        return page.say('cac.not_yet')
    if months == 0:
        return page.say('cac.at_once')
    return count(months)


def cac_finding(page, rows, whole):
    known = sorted((row for row in rows if row['cac'] is not None),
                   key=lambda row: row['cac'])
    bad = [row for row in known if row['loses_money']]
    if not known:
        return page.say('cac.unknown')
    dear, cheap = known[-1], known[0]
    said = {'dear': dear['name'], 'dear_cac': page.money(unit_money(dear['cac'])),
            'cheap': cheap['name'], 'cheap_cac': page.money(unit_money(cheap['cac'])),
            'mean': page.money(unit_money(whole['cac'] if whole else None)),
            'n': len(bad), 'bad': str(len(bad)), 'channels': str(len(known))}
    if bad:
        worst = max(bad, key=lambda row: row['cac'] - (row['ltv'] or 0))
        said.update(worst=worst['name'],
                    cost=page.money(unit_money(worst['cac'])),
                    worth=page.money(unit_money(worst['ltv'])))
        return page.say('cac.loses', **said)
    if len(known) == 1:
        return page.say('cac.one', **said)
    if dear['cac'] == cheap['cac']:
        return page.say('cac.alike', **said)
    return page.say('cac.range', **said)


CREDIT = """
SELECT conversion_kind, model, channel_code, channel_name,
       sum(conversions) AS conversions, sum(value) AS value,
       bool_or(is_chosen) AS is_chosen,
       sum(conversions) / nullif(sum(sum(conversions)) OVER (
         PARTITION BY conversion_kind, model), 0) AS share,
       sum(sum(conversions)) OVER (PARTITION BY conversion_kind) AS all_kind
FROM channel_credit
GROUP BY conversion_kind, model, channel_code, channel_name
ORDER BY conversion_kind, model, channel_code"""

MODELS = ('first', 'last', 'last_non_direct', 'linear', 'position',
          'time_decay', 'markov', 'shapley')


def credit(page, rows):
    """Acquisitions or orders, of whichever more is known."""
    known = {}
    for row in rows:
        if row['share'] and row['channel_code'] != '(unknown)':
            kind = row['conversion_kind']
            known[kind] = known.get(kind, 0) + row['share']
    if not known:
        raise Nothing(page.say('credit.empty'))
    kind = max(sorted(known), key=lambda kind: known[kind])
    rows = [row for row in rows if row['conversion_kind'] == kind
            and row['share'] is not None]
    for row in rows:
        row['name'] = page.named('channel', row['channel_code'],
                                 row['channel_name'])
        row['model_name'] = page.say('model.' + row['model'])
    rows.sort(key=lambda row: MODELS.index(row['model']))
    mean = {}
    for row in rows:
        code = row['channel_code']
        mean[code] = mean.get(code, 0) + row['share']
    channels = sorted(mean, key=lambda code: (-mean[code], code))[:15]
    highest = max(row['share'] for row in rows)
    chosen = next((row['model_name'] for row in rows if row['is_chosen']), '')
    return Card(
        credit_finding(page, rows, kind),
        {'kind': 'dots', 'rows': [
            credit_row(code, [row for row in rows
                              if row['channel_code'] == code])
            for code in channels],
         'series': [page.say('credit.main', model=chosen)],
         'row_label': page.say('head.channel'),
         'x_label': page.say('credit.x'),
         'ticks': ticks(0, highest, lambda at: percent(at, 0))},
        (('head.model', 'model_name', 'text'), ('head.channel', 'name', 'text'),
         ('head.conversions', 'conversions', 'number'),
         ('head.share', 'share', 'rate'), ('head.revenue', 'value', 'money')),
        rows, unit=page.say('credit.unit_' + kind))


def credit_row(code, rows):
    """The dot of the chosen model is drawn last, over the others."""
    rows = sorted(rows, key=lambda row: row['is_chosen'])
    return {'label': rows[0]['name'], 'points': [
        {'value': row['share'], 'series': 0, 'name': row['model_name'],
         'text': percent(row['share'], 0), 'small': not row['is_chosen'],
         'head': row['is_chosen']} for row in rows]}


def credit_finding(page, rows, kind):
    chosen = [row for row in rows if row['is_chosen']] or rows
    top = max((row for row in chosen if row['channel_code'] != '(unknown)'),
              key=lambda row: row['share'], default=chosen[0])
    dark = next((row['share'] for row in chosen
                 if row['channel_code'] == '(unknown)'), 0)
    of_top = [row['share'] for row in rows
              if row['channel_code'] == top['channel_code']]
    said = {'channel': top['name'], 'share': percent(top['share'], 0),
            'model': top['model_name'], 'low': percent(min(of_top), 0),
            'high': percent(max(of_top), 0),
            'what': page.say('credit.' + kind), 'unknown': percent(dark, 0)}
    if dark > 0.5:
        return page.say('credit.dark', **said)
    if len({row['channel_code'] for row in rows}) == 1:
        return page.say('credit.one', **said)
    if percent(min(of_top), 0) == percent(max(of_top), 0):
        return page.say('credit.agree', **said)
    return page.say('credit.range', **said)


CAMPAIGN = """
SELECT c.campaign_code, c.campaign_name, c.model, c.cost, c.revenue, c.margin,
       c.roi, c.incremental_revenue, c.incremental_buyers, r.uplift,
       r.uplift_low, r.uplift_high, r.complete
FROM campaign_roi c
LEFT JOIN campaign_response r
  ON r.campaign_code = c.campaign_code AND r.response = 'order'
WHERE c.is_chosen
ORDER BY c.cost DESC, c.revenue DESC, c.campaign_code"""


def campaign(page, rows):
    rows = [row for row in rows if row['cost'] or row['revenue']
            or row['incremental_revenue'] is not None]
    if not rows:
        raise Nothing(page.say('campaign.idle'))
    for row in rows:
        row['name'] = page.named('campaign', row['campaign_code'],
                                 row['campaign_name'])
    shown = rows[:MOST_BARS]
    return Card(
        campaign_finding(page, rows),
        {'kind': 'bars', 'shared': True, 'rows': [
            {'label': row['name'], 'cells': [
                {'value': row['cost'], 'text': short(row['cost'])},
                {'value': row['revenue'], 'text': short(row['revenue'])},
                {'value': row['incremental_revenue'],
                 'none': row['incremental_revenue'] is None,
                 'text': short(row['incremental_revenue']),
                 'tip': uplift_tip(page, row)},
                {'text': percent(row['roi'], 0)}]} for row in shown],
         'none': page.say('campaign.no_control'),
         'columns': [page.say('head.cost'), page.say('campaign.attributed'),
                     page.say('campaign.incremental'), page.say('head.roi')]},
        (('head.campaign', 'name', 'text'), ('head.cost', 'cost', 'money'),
         ('head.attributed', 'revenue', 'money'),
         ('head.attributed_margin', 'margin', 'money'),
         ('head.roi', 'roi', 'rate'),
         ('head.incremental', 'incremental_revenue', 'money'),
         ('head.incremental_buyers', 'incremental_buyers', 'number'),
         ('head.uplift', 'uplift', 'rate'), ('head.low', 'uplift_low', 'rate'),
         ('head.high', 'uplift_high', 'rate')),
        rows, unit=page.say('campaign.unit', currency=page.currency,
                            model=page.say('model.' + rows[0]['model'])),
        note=page.say('campaign.more', shown=len(shown), n=len(rows))
        if len(shown) < len(rows) else None)


def uplift_tip(page, row):
    if row['uplift'] is None:
        return page.say('campaign.no_control')
    return page.say('campaign.uplift', uplift=percent(row['uplift']),
                    low=percent(row['uplift_low']),
                    high=percent(row['uplift_high']))


def campaign_finding(page, rows):
    tested = [row for row in rows if row['incremental_revenue'] is not None]
    best = max((row for row in rows if row['roi'] is not None),
               key=lambda row: row['roi'], default=None)
    if not tested:
        if best is None:
            return page.say('campaign.untested_no_cost', n=len(rows))
        paid = [row for row in rows if row['roi'] is not None
                and row['roi'] > 0]
        return page.say('campaign.untested', n=len(rows), paid=len(paid),
                        best=best['name'], roi=percent(best['roi'], 0))
    credited, caused = total(tested, 'revenue'), total(tested, 'incremental_revenue')
    proven = [row for row in tested if row['uplift_low'] is not None
              and row['uplift_low'] > 0]
    said = {'n': len(tested), 'credited': page.money(short(credited)),
            'caused': page.money(short(caused)), 'proven': str(len(proven)),
            'share': percent(caused / credited, 0) if credited > 0 else '–',
            'name': tested[0]['name'], 'factor': ratio(
                credited / caused if caused > 0 else None)}
    if caused <= 0:
        return page.say('campaign.nothing', **said)
    if credited <= 0:
        return page.say('campaign.uncredited', **said)
    if caused > 1.2 * credited:
        return page.say('campaign.under', **said)
    if caused < 0.8 * credited:
        return page.say('campaign.over', **said)
    return page.say('campaign.fair', **said)


SECTIONS = [
    Section('cac', 'acquisition_balance', {'cac': CAC}, cac),
    Section('credit', 'channel_credit', {'credit': CREDIT}, credit),
    Section('campaign', 'campaign_roi', {'campaign': CAMPAIGN}, campaign),
]
