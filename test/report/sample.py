"""Rows as a ledger would answer them, for tests that need no server.

rows() is a full ledger of a made-up shop, one list a query of report/build.py;
tests change what they are about.  No figure here is taken from the product.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'report'))

import build  # noqa: E402
from ledger import Answer  # noqa: E402
from words import Words  # noqa: E402

MONTHS = [f'{2024 + (index + 3) // 12}-{(index + 3) % 12 + 1:02d}-01'
          for index in range(13)]		# 2024-04 to 2025-04, which is open


class Sample:
    """Stands in for a Ledger: answers from rows, with errors where told."""

    def __init__(self, answers=None, errors=None, name='crm'):
        self.name = name
        self.answers = rows() if answers is None else answers
        self.errors = errors or {}

    def ask(self, questions):
        return {key: Answer(sqlstate=self.errors[key][0],
                            message=self.errors[key][1])
                if key in self.errors else
                Answer(self.answers.get(key, [])) for key in questions}


def gather(answers=None, errors=None):
    return build.gather(Sample(answers, errors), Words())


def section(key, answers=None, errors=None):
    shown = gather(answers, errors)['sections']
    return next(one for one in shown if one['id'] == key)


def bridge_rows(**amounts):
    """Steps of a profit and loss of which these amounts are known."""
    known = dict(gross_sales=0, discount=0, refund=0, cogs=0, acquisition=0,
                 retention=0, service=0, churn=0, data=0, training=0,
                 program=0, unused=0, unallocated=0)
    known.update(amounts)
    total, answers = 0, []
    steps = ('gross_sales', 'discount', 'refund', 'revenue', 'cogs', 'margin',
             'acquisition', 'retention', 'service', 'churn', 'data',
             'training', 'program', 'profit', 'unused', 'unallocated',
             'ledger_profit')
    for order, step in enumerate(steps, 1):
        total += known.get(step, 0)
        answers.append({
            'step_order': order, 'step': step, 'step_name': step,
            'kind': 'start' if order == 1 else 'change' if step in known
                    else 'total' if order == len(steps) else 'subtotal',
            'amount': known.get(step, total),
            'first_month': MONTHS[0], 'last_month': MONTHS[11]})
    return answers


def cost_rows(series):
    """{bucket: cost by month}; the last of thirteen months is not over."""
    return [{'month_start': month, 'bucket': bucket, 'bucket_name': bucket,
             'cost': costs[index], 'complete': index < 12}
            for index, month in enumerate(MONTHS)
            for bucket, costs in series.items() if index < len(costs)]


def whale_rows(profits):
    """The curve and its sums, of profits from the best to the worst."""
    profits = sorted(profits, reverse=True)
    whole, so_far, points = sum(profits), 0, []
    for rank, profit in enumerate(profits, 1):
        so_far += profit
        points.append({
            'profit_rank': rank, 'customer_share': rank / len(profits),
            'cumulative_profit': so_far,
            'cumulative_share': so_far / whole if whole > 0 else None})
    peak = max(points, key=lambda point: point['cumulative_profit'])
    for point in points:
        point['is_peak'] = point is peak
    fifth = profits[:-(-len(profits) // 5)]
    return points, [{
        'customers': len(profits), 'profit': whole,
        'losers': sum(profit < 0 for profit in profits),
        'winners': sum(profit > 0 for profit in profits),
        'lost': sum(profit for profit in profits if profit < 0),
        'gained': sum(profit for profit in profits if profit > 0),
        'best_fifth': sum(fifth)}]


def rfm_rows(customers, bins=5):
    """customers(r, f) of each cell."""
    everybody = sum(customers(r, f) for r in range(1, bins + 1)
                    for f in range(1, bins + 1)) or 1
    return [{'r': r, 'f': f, 'customers': customers(r, f),
             'customer_share': customers(r, f) / everybody,
             'orders': customers(r, f) * f, 'profit': customers(r, f) * 10.5,
             'revenue': customers(r, f) * f * 20.25,
             'revenue_share': customers(r, f) / everybody}
            for r in range(bins, 0, -1) for f in range(1, bins + 1)]


def cohort_rows(cohorts=12, share=lambda age: 0.5 * 0.9 ** age):
    return [{'cohort_month': MONTHS[born], 'age': age, 'customers': 200,
             'active_customers': round(200 * (1 if age == 0 else share(age)))
             if born + age <= 12 else None,
             'active_share': (1 if age == 0 else share(age))
             if born + age <= 12 else None,
             'cumulative_contribution': 100.0 * age
             if born + age <= 12 else None,
             'complete': born + age < 12, 'observed': born + age <= 12}
            for born in range(cohorts) for age in range(13)]


def tier_row(scheme, rank, tier, **known):
    row = dict(scheme=scheme, tier=tier, tier_name=tier, tier_rank=rank,
               service_level='basic', customers=10, hours=20,
               hours_per_customer=2, spend=100, spend_share=0.5,
               discount_rate=0.05, discount_limit=0.1, breaches=1, profit=50,
               profit_share=0.5, automated_share=0.2, without_owner=None,
               customer_share=0.5, hour_share=0.5, has_shares=True)
    row.update(known)
    return row


def cac_row(code, cac, ltv, customers=40, payback=5):
    return {'channel_code': code, 'channel_name': code.title(),
            'customers': customers, 'cac': cac, 'ltv': ltv,
            'acquisition_cost': None if cac is None else cac * customers,
            'ltv_cac': ltv / cac if cac else None, 'payback_months': payback,
            'loses_money': None if cac is None else ltv < cac}


def credit_rows(shares, chosen='linear', kind='acquisition'):
    """{model: {channel: conversions}}"""
    return [{'conversion_kind': kind, 'model': model, 'channel_code': channel,
             'channel_name': channel.title(), 'conversions': number,
             'value': number * 50.5, 'is_chosen': model == chosen,
             'share': number / sum(of.values()), 'all_kind': sum(of.values())}
            for model, of in shares.items() for channel, number in of.items()]


def campaign_row(code, cost, revenue, incremental=None, low=None, roi=0.5):
    tested = incremental is not None
    return {'campaign_code': code, 'campaign_name': code.title(),
            'model': 'linear', 'cost': cost, 'revenue': revenue,
            'margin': revenue * 0.4, 'roi': roi,
            'incremental_revenue': incremental,
            'incremental_buyers': 12.5 if tested else None,
            'uplift': 0.05 if tested else None, 'uplift_low': low,
            'uplift_high': 0.08 if tested else None, 'complete': True}


def service_row(index, **known):
    row = dict(month_start=MONTHS[index], opened=120 + index, responded=118,
               response_sla_rate=0.7 + index / 50, response_p50_hours=1.5,
               response_p90_hours=8.25 - index / 4, resolution_sla_rate=0.8,
               first_contact_rate=0.6, backlog=9, cases=120 + index,
               cost=700.5, cost_per_case=5.75, automated_share=0.4,
               saved=120.25)
    row.update(known)
    return row


def voice_row(index, rate, answers=90, survey='csat', **known):
    row = dict(survey=survey, survey_name=survey.upper(), metric='csat',
               month_start=MONTHS[index], asked=answers * 2, answers=answers,
               response_rate=0.5, csat_rate=rate, nps=None, nps_low=None,
               csat_low=None if rate is None else rate - 0.08,
               csat_high=None if rate is None else rate + 0.06, nps_high=None,
               overdue=None, of_survey=1000)
    row.update(known)
    return row


def loyalty_row(code='points', liability=400.0, observed=330.0):
    return {'program_code': code, 'program_name': code.title(),
            'members': 1000, 'active_members': 300, 'active_rate': 0.3,
            'balance': 50000, 'pending': 1200, 'redemption_rate': 0.4,
            'breakage': 0.2, 'observed_breakage': 0.34,
            'liability': liability, 'pending_liability': 9.6,
            'observed_liability': observed}


def work_row(reason, entries, expected, overdue=0, priority=2):
    return {'reason': reason, 'name': reason.title(), 'name_zh': None,
            'priority': priority, 'entries': entries, 'overdue': overdue,
            'expected_value': expected, 'first_due': '2025-04-12'}


def check_row(name, severity, found, amount=None):
    return {'check_name': name, 'severity': severity, 'rows': found,
            'amount': amount, 'example': f'{name} 1' if found else None}


def rows():
    points, sums = whale_rows([900 - 11 * rank for rank in range(100)])
    models = ('first', 'last', 'last_non_direct', 'linear', 'position',
              'time_decay', 'markov', 'shapley')
    return {
        'refresh': [{'as_of': '2025-04-15', 'finished_at': '2025-04-16'}],
        'setting': [{'key': 'base_currency', 'value': 'EUR'},
                    {'key': 'language', 'value': 'en'}],
        'database': [{'name': 'shop', 'at': '2025-04-16 05:00'}],
        'name term': [{'kind': 'bucket', 'code': 'service', 'name': 'Service',
                       'name_zh': '客户服务'}],
        'bridge': bridge_rows(gross_sales=1250000, discount=-50000,
                              refund=-12000, cogs=-700000, acquisition=-90000,
                              retention=-80000, service=-60000, data=-9000,
                              unallocated=-4000),
        'cost': cost_rows({
            'acquisition': [7000 + 300 * (i % 3) for i in range(13)],
            'retention': [6500] * 13, 'service': [5000 + 90 * i for i in range(13)],
            'churn': [900] * 13, 'data': [700] * 13, 'training': [300] * 13,
            'program': [0, 0, 900, 0, 0, 0, 0, -200, 0, 0, 0, 0, 0]}),
        'whale': points, 'whale_sum': sums,
        'rfm': rfm_rows(lambda r, f: max(0, 7 * r * f - 20 * abs(r - f))),
        'tiers': [tier_row('abc', 1, 'A', customer_share=0.2, spend_share=0.4,
                           profit_share=0.8, profit=4000, service_level='vip'),
                  tier_row('abc', 2, 'B', customer_share=0.3, spend_share=0.3,
                           profit_share=0.25, profit=1250),
                  tier_row('abc', 3, 'C', customer_share=0.5, spend_share=0.3,
                           profit_share=-0.05, profit=-250)],
        'cohort': cohort_rows(),
        'clv': [{'frequency_class': name, 'model': 'bgnbd',
                 'calibration_end': '2024-09-30', 'holdout_end': '2025-03-31',
                 'customers': 300 - 30 * index, 'actual_purchases': 0.4 * index,
                 'predicted_purchases': 0.3 + 0.35 * index, 'bias_rate': 0.1,
                 'mean_absolute_error': 0.5}
                for index, name in enumerate('0123456')],
        'clv_total': [{'customers': 1500, 'actual_purchases': 1.2,
                       'predicted_purchases': 1.35, 'bias_rate': 0.125}],
        'cac': [cac_row('(all)', 41.5, 90), cac_row('search', 25, 120),
                cac_row('social', 37.5, 80), cac_row('tv', 100, 60, 12, None),
                cac_row('referral', None, 75)],
        'credit': credit_rows({model: {'search': 50 + index, 'social': 30,
                                       'mail': 20 - index, '(unknown)': 4}
                               for index, model in enumerate(models)}),
        'campaign': [campaign_row('spring', 5000, 22000, 9000, 0.01),
                     campaign_row('summer', 4000, 9000, -500, -0.02),
                     campaign_row('retarget', 2500, 14000)],
        'service': [service_row(index) for index in range(12)],
        'voice': [voice_row(index, 0.78 + index / 100) for index in range(12)],
        'loyalty': [loyalty_row()],
        'worklist': [work_row('at_risk', 24, 1800.5, 3),
                     work_row('revisit', 60, 950.0), work_row('cart', 7, 120.0)],
        'quality': [check_row('cost_without_rate', 'error', 2, 120.5),
                    check_row('sale_without_cogs', 'warning', 40),
                    check_row('unused_capacity', 'info', 1, 80),
                    check_row('unknown_tier', 'error', 0)],
    }


if __name__ == '__main__':
    build.write(sys.argv[1], build.render(gather()))
