"""Says whether each finding of the report is what its rows ask for.

Prints "ok NAME" or "not ok NAME"; test/t/report.pl reads it.  At the end every
text must have been said by some case, and in both languages with the same
places: a branch that no case reaches, or a text that nobody says, is a failure.
"""

import json
import re
import sys

import sample
from sample import (MONTHS, bridge_rows, build, cac_row, campaign_row,
                    check_row, cohort_rows, cost_rows, credit_rows,
                    loyalty_row, rfm_rows, service_row, tier_row, voice_row,
                    whale_rows, work_row)
from words import Words, both

WORDS = Words()


def ok(passed, name, why=''):
    print(('ok ' if passed else 'not ok ') + name
          + ('' if passed else f' # {why}'))


def shown(key, errors=None, **changed):
    answers = dict(sample.rows(), **changed)
    data = build.gather(sample.Sample(answers, errors), WORDS)
    json.loads(build.as_json(data))
    return next(one for one in data['sections'] if one['id'] == key)


def finds(key, pattern, errors=None, **changed):
    """The title, or why there is no chart, has the pattern in English."""
    section = shown(key, errors, **changed)
    text = section.get('empty', section.get('title'))
    en, zh = both(text)
    ok(re.search(pattern, en) and en != zh and '{' not in en + zh,
       f'{key}: {pattern}', f'{en} / {zh}')
    return section


def bridge():
    finds('bridge', r'^20% of gross sales is left as profit. cogs takes most, 56%$')
    finds('bridge', r'cost 40 EUR$', bridge=bridge_rows(service=-40))
    finds('bridge', r'^No cost .* 60 EUR, 60% of sales',
          bridge=bridge_rows(gross_sales=100, cogs=-40))
    finds('bridge', r'a loss of 20 EUR, 20% of gross sales. service takes',
          bridge=bridge_rows(gross_sales=100, cogs=-40, service=-80))
    finds('bridge', r'^Nothing is left of gross sales. service takes most, 60%$',
          bridge=bridge_rows(gross_sales=100, cogs=-40, service=-60))
    finds('bridge', r'below their cost: .* the loss is 25 EUR$',
          bridge=bridge_rows(gross_sales=100, cogs=-120, service=-5))
    finds('bridge', r'^No sale and no cost', bridge=[])
    chart = shown('bridge', bridge=bridge_rows(gross_sales=100, cogs=-40,
                                               service=-60))['chart']
    ok([(bar['from'], bar['to']) for bar in chart['bars']]
       == [(0, 100), (100, 60), (0, 60), (60, 0), (0, 0)],
       'bridge: each change begins where the one before it ended')
    ok([bar['label'] for bar in chart['bars']]
       == ['gross_sales', 'cogs', 'margin', 'service', 'ledger_profit'],
       'bridge: empty steps and totals said twice are dropped')


def cost():
    flat, year = [100.0] * 13, [100.0] * 11
    finds('cost', r'^a is 100% of the cost; 2025-03 was in line with the 11',
          cost=cost_rows({'a': flat}))
    finds('cost', r'^a is 68% .* 2025-03 cost 33% more than the mean of the 11',
          cost=cost_rows({'a': year + [150.0], 'b': [50.0] * 12}))
    finds('cost', r'2025-03 cost 50% less',
          cost=cost_rows({'a': year + [50.0, 900.0]}))
    finds('cost', r'^a is 75% of the cost of 400 EUR; too few',
          cost=cost_rows({'a': [300.0], 'b': [100.0]}))
    finds('cost', r'^All cost is a: 200 EUR', cost=cost_rows({'a': [100.0] * 2}))
    finds('cost', r'took back more than was booked: −10 EUR',
          cost=cost_rows({'a': [10.0, -20.0]}))
    finds('cost', r'^No cost is booked', cost=[])
    finds('cost', r'^No cost is booked', cost=cost_rows({'a': [0.0] * 13}))
    one = shown('cost', cost=cost_rows({'a': flat}))['chart']
    ok(one['complete'] == [True] * 12 + [False],
       'cost: the month that is not over is marked')


def curve(pattern, profits):
    points, sums = whale_rows(profits)
    return finds('whale', pattern, whale=points, whale_sum=sums)


def whale():
    curve(r'^One of 10 customers loses 50 EUR, which eats '
          r'up 5.6%', [100.0] * 9 + [-50.0])
    curve(r'^2 customers \(20%\) lose 100 EUR, which eats up 12%',
          [100.0] * 8 + [-50.0] * 2)
    curve(r'^No customer loses money; the best fifth of the 10 earns 20%',
          [100.0] * 10)
    curve(r'^Only one of 101 customers loses money, 1 EUR; the best fifth',
          [100.0] * 100 + [-1.0])
    curve(r'^Only 2 of 102 customers lose money, 2 EUR in all',
          [100.0] * 100 + [-1.0] * 2)
    curve(r'^All 3 customers lose money, 6 EUR in all$', [-1.0, -2.0, -3.0])
    curve(r'^None of the 3 customers earns a profit; losses come to 3 EUR$',
          [0.0, -1.0, -2.0])
    curve(r'^What 2 of 3 customers lose, 30 EUR, is more than the others earn, 10 EUR$',
          [10.0, -10.0, -20.0])
    curve(r'^What one of 2 customers loses, 20 EUR, is more', [10.0, -20.0])
    curve(r'^One customer so far, with a profit of 7 EUR$', [7.0])
    curve(r'^One customer so far, who loses 7 EUR$', [-7.0])
    finds('whale', r'^No customer has bought', whale=[], whale_sum=[])
    section = curve(r'lose', [500, 300, 200, 50, 0, -30, -70, -150])
    peak = section['chart']['marks'][0]
    ok(peak['y'] == 1050 and peak['x'] in (0.5, 0.625),
       'whale: the peak of 500, 300, 200, 50, 0, -30, -70, -150 is 1050')


def rfm():
    finds('rfm', r'customers \(\d+%\) bought lately and often .* once frequent')
    finds('rfm', r'^4 of 4 customers \(100%\) .* none of the frequent',
          rfm=rfm_rows(lambda r, f: int(r > 3 and f > 3)))
    finds('rfm', r'^None of the 3 customers bought both .*; 3 who used to',
          rfm=rfm_rows(lambda r, f: 3 * int(r == 1 and f == 5)))
    finds('rfm', r'^One customer so far$',
          rfm=rfm_rows(lambda r, f: int(r == 3 and f == 3)))
    finds('rfm', r'^6 customers, too few', rfm=rfm_rows(lambda r, f: 3 * int(r == 1), 2))
    finds('rfm', r'^No customer has ordered', rfm=rfm_rows(lambda r, f: 0))
    cells = shown('rfm', rfm=rfm_rows(lambda r, f: int(r == 5 and f == 1)))[
        'chart']['cells']
    ok(cells[0][0]['state'] == 'seen' and cells[4][4]['state'] == 'zero'
       and cells[4][4]['text'] == '0',
       'rfm: the latest are the first row, and a zero is written')


def tiers():
    def scheme(*rows):
        return [tier_row('abc', rank, code, **row)
                for rank, (code, row) in enumerate(zip('ABC', rows), 1)]

    finds('tiers', r'^A: 80% of the profit for 40% of the cost, from 20% .*; C: a loss of 250 EUR$')
    finds('tiers', r'^A: 80% of the profit, but only 40% of the cost$',
          tiers=scheme(dict(profit_share=0.8, spend_share=0.4), {}))
    finds('tiers', r'^A: 90% of the cost, but only 50%',
          tiers=scheme(dict(spend_share=0.9), {}))
    finds('tiers', r'^Cost follows value: A', tiers=scheme({}, {}))
    finds('tiers', r'^In scheme abc all customers are in one tier: A$',
          tiers=scheme({}, dict(customers=0)))
    finds('tiers', r'earn no profit together; the best of them, A, comes to −5 EUR$',
          tiers=scheme(dict(profit=-5, profit_share=None), dict(profit_share=None)))
    finds('tiers', r'^A: 50% of the profit from 50% .*; no cost is booked',
          tiers=scheme(dict(spend_share=None), {}))
    finds('tiers', r'^No customer is in a tier', tiers=scheme(dict(customers=0)))
    finds('tiers', r'^No customer is in a tier', tiers=scheme(dict(customers=0))
          + [tier_row('xyz', 1, 'X')])
    finds('tiers', r'^No tier is defined', tiers=[])
    for level in ('vip', 'standard', 'basic'):
        shown('tiers', tiers=scheme(dict(service_level=level)))


def cohort():
    finds('cohort', r'^45% of a cohort .* and only 26% in month 6$')
    finds('cohort', r'^40% of a cohort .* and still 40% in month 6$',
          cohort=cohort_rows(7, lambda age: 0.4))
    finds('cohort', r'^Too early', cohort=[row for row in cohort_rows()
                                           if row['age'] == 0])
    finds('cohort', r'^50% of a cohort buys again in the month',
          cohort=[row for row in cohort_rows(12, lambda age: 0.5)
                  if row['age'] < 2])
    finds('cohort', r'^No customer has ordered', cohort=[])
    cells = shown('cohort', cohort=cohort_rows(12, lambda age: 0.0))['chart']['cells']
    ok(cells[0][1]['state'] == 'zero' and cells[0][1]['text'] == '0'
       and cells[11][5]['state'] == 'none' and cells[11][5]['text'] == ''
       and cells[11][1]['text'] == '0',
       'cohort: a zero that was observed is not what was not observed')
    ok(shown('cohort')['chart']['cells'][11][1]['state'] == 'part',
       'cohort: a month that is not over is marked')


def clv():
    def whole(predicted, actual):
        return [{'customers': 10, 'predicted_purchases': predicted,
                 'actual_purchases': actual,
                 'bias_rate': predicted / actual - 1 if actual else None}]

    finds('clv', r'promised 20% too much: 1.20 .* 1 came$|1.00 came$',
          clv_total=whole(1.2, 1.0))
    finds('clv', r'promised 20% too little', clv_total=whole(0.8, 1.0))
    finds('clv', r'right to 3.0%', clv_total=whole(1.03, 1.0))
    finds('clv', r'^0.50 orders a customer were predicted and none came$',
          clv_total=whole(0.5, 0.0))
    finds('clv', r'^A year of orders', clv=[], clv_total=[])


def cac():
    whole = cac_row('(all)', 40, 90)
    finds('cac', r'^Tv loses money: .* costs 100.00 EUR to win and is worth 60.00')
    finds('cac', r'^2 of 2 channels lose money; a customer of B costs 90.00',
          cac=[cac_row('a', 50, 40), cac_row('b', 90, 40), whole])
    finds('cac', r'^Each channel earns its cost; .* 10.00 EUR \(A\) to 20.00 EUR \(B\)$',
          cac=[cac_row('a', 10, 40), cac_row('b', 20, 40, payback=0), whole])
    finds('cac', r'^A customer of A costs 10.00 EUR', cac=[cac_row('a', 10, 40)])
    finds('cac', r'^A customer costs 10.00 EUR to win, whatever',
          cac=[cac_row('a', 10, 40, payback=1), cac_row('b', 10, 40)])
    finds('cac', r'no channel for which', cac=[
        dict(cac_row('a', None, 4), acquisition_cost=9)])
    finds('cac', r'^No acquisition cost', cac=[cac_row('a', 0, 40), whole])
    finds('cac', r'^No customer was acquired', cac=[])


def credit():
    finds('credit', r'^Search has 51% of acquisitions by linear; .* 48% to 55%$')
    finds('credit', r'^All models credit A with 75% of orders$',
          credit=credit_rows({'first': {'a': 3, 'b': 1}, 'linear': {'a': 6, 'b': 2}},
                             kind='order'))
    finds('credit', r'^All acquisitions are credited to A$',
          credit=credit_rows({'linear': {'a': 3}}))
    finds('credit', r'^60% of acquisitions have no known channel; .* A has most, 30%',
          credit=credit_rows({'linear': {'a': 3, 'b': 1, '(unknown)': 6}}))
    finds('credit', r'^No conversion', credit=credit_rows({'linear': {'(unknown)': 3}}))
    finds('credit', r'^No conversion', credit=[])


def campaign():
    finds('campaign', r'^Of 31,000 EUR .* confirm 8,500 EUR \(27%\); 1 of 2 raise')
    finds('campaign', r'^Of 100 EUR attributed to A, its control group confirms 20 EUR',
          campaign=[campaign_row('a', 10, 100, 20)])
    finds('campaign', r'^2 of 2 campaigns return more .*A most, 50%',
          campaign=[campaign_row('a', 10, 100), campaign_row('b', 10, 100)])
    finds('campaign', r'^The return of A is −30% by attribution, but it has no',
          campaign=[campaign_row('a', 10, 100, roi=-0.3)])
    finds('campaign', r'^No cost is booked on the 2 campaigns',
          campaign=[campaign_row(code, 0, 100, roi=None) for code in 'ab'])
    finds('campaign', r'^No cost is booked on the one campaign',
          campaign=[campaign_row('a', 0, 100, roi=None)])
    finds('campaign', r'^The control group shows no gain: 100 EUR .* to A, and −5',
          campaign=[campaign_row('a', 10, 100, -5)])
    finds('campaign', r'^The control groups show no gain: 200 EUR .* 2 tested',
          campaign=[campaign_row(code, 10, 100, -5) for code in 'ab'])
    finds('campaign', r'^Attribution gives .* nothing, .* 50 EUR',
          campaign=[campaign_row('a', 10, 0, 50)])
    finds('campaign', r'that A caused 200 EUR, more than the 100 EUR',
          campaign=[campaign_row('a', 10, 100, 200)])
    finds('campaign', r'caused 400 EUR, more than the 200 EUR .*; 2 of 2',
          campaign=[campaign_row(code, 10, 100, 200, 0.1) for code in 'ab'])
    finds('campaign', r'confirms attribution: A caused 95 EUR',
          campaign=[campaign_row('a', 10, 100, 95)])
    finds('campaign', r'^Control groups confirm attribution: 190 EUR',
          campaign=[campaign_row(code, 10, 100, 95) for code in 'ab'])
    finds('campaign', r'^No campaign has cost', campaign=[campaign_row('a', 0, 0)])
    finds('campaign', r'^No campaign is defined', campaign=[])
    many = [campaign_row(f'c{index}', 10, 100) for index in range(30)]
    section = shown('campaign', campaign=many)
    ok('12 costliest of 30' in both(section['note'])[0]
       and len(section['chart']['rows']) == 12
       and len(section['table']['rows']) == 30,
       'campaign: what the chart leaves out is said, and in the table')


def service():
    finds('service', r'^Only 81% of cases were answered in time, at 5.58 EUR')
    finds('service', r'^95% of cases were answered in time, at 2.50 EUR a case$',
          service=[service_row(0, response_sla_rate=0.9, responded=50, cases=100, cost=250),
                   service_row(1, response_sla_rate=1.0, responded=50, cases=100, cost=250)])
    finds('service', r'^None of the 3 cases', service=[
        service_row(0, opened=3, responded=0, response_sla_rate=None)])
    finds('service', r'^The one case', service=[
        service_row(0, opened=1, responded=0, response_sla_rate=None)])
    finds('service', r'no cost of service is booked$', service=[service_row(0, cost=0)])
    finds('service', r'^Service cost 9 EUR .* no case', service=[
        service_row(0, opened=0, cases=0, cost=9)])
    finds('service', r'^No case was opened in', service=[
        service_row(0, opened=None, cases=None, cost=None)])
    finds('service', r'^No case was opened and', service=[])


def voice():
    finds('voice', r'^2025-03: satisfied 89% \(81% to 95%\), no sure change from 78% in 2024-04$')
    finds('voice', r'^Better than in 2024-04: satisfied 90%',
          voice=[voice_row(0, 0.5), voice_row(1, 0.9)])
    finds('voice', r'^Worse than in 2024-04: satisfied 50%',
          voice=[voice_row(0, 0.9), voice_row(1, 0.5)])
    finds('voice', r'^2024-04: satisfied 90% \(82% to 96%\), from 90 answers$',
          voice=[voice_row(0, 0.9)])
    finds('voice', r'from a single answer$', voice=[voice_row(0, 1, answers=1)])
    finds('voice', r'net promoter score 30 \(22 to 38\)', voice=[
        voice_row(0, None, metric='nps', nps=30, nps_low=22, nps_high=38)])
    finds('voice', r'none has answered', voice=[voice_row(0, None, answers=0)])
    finds('voice', r'^No survey was answered', voice=[])


def loyalty():
    finds('loyalty', r'booked at 400 EUR; .* only 330 EUR$')
    finds('loyalty', r'they will cost 500 EUR, more', loyalty=[loyalty_row(observed=500.0)])
    finds('loyalty', r'^Outstanding points will cost 400 EUR, and what expired',
          loyalty=[loyalty_row(observed=410.0)])
    finds('loyalty', r'too few have been redeemed', loyalty=[loyalty_row(observed=None)])
    finds('loyalty', r'nothing is owed', loyalty=[loyalty_row(liability=0)])
    finds('loyalty', r'no rate', loyalty=[loyalty_row(liability=None)])
    finds('loyalty', r'^No loyalty points', loyalty=[])


def worklist():
    finds('worklist', r'^91 things to do, 3 of them overdue, .* 2,870 EUR; At_Risk is worth most, 1,800 EUR$')
    finds('worklist', r'^2 things to do, expected to bring 5 EUR',
          worklist=[work_row('a', 2, 5)])
    finds('worklist', r'^One thing to do, expected to bring 5 EUR: A$',
          worklist=[work_row('a', 1, 5)])
    finds('worklist', r'^One thing to do, overdue', worklist=[work_row('a', 1, 5, 1)])
    finds('worklist', r'^Nothing is to be done', worklist=[])


def quality():
    one = check_row('a', 'info', 0)
    finds('quality', r'^1 of 4 checks finds an error')
    finds('quality', r'^2 of 2 checks find errors',
          quality=[check_row(name, 'error', 1) for name in 'ab'])
    finds('quality', r'^Nothing is wrong, but 1 of 2 checks warns',
          quality=[check_row('b', 'warning', 5), one])
    finds('quality', r'^Nothing is wrong, but 2 of 2 checks warn',
          quality=[check_row(name, 'warning', 5) for name in 'bc'])
    finds('quality', r'; 1 of 2 checks has', quality=[check_row('b', 'info', 5), one])
    finds('quality', r'; 2 of 2 checks have',
          quality=[check_row(name, 'info', 5) for name in 'bc'])
    finds('quality', r'^All 1 checks pass$', quality=[one])
    finds('quality', r'^The ledger has no checks', quality=[])


def nothing():
    """What a section says where the ledger does not answer."""
    finds('whale', r"^Not refreshed yet: CALL crmcost.refresh\('crm'\)", refresh=[])
    finds('cohort', r'^You may not read .*permission denied for table sale',
          errors={'cohort': ('42501', 'permission denied for table sale')})
    finds('cohort', r'^You may not read .*table refresh_run',
          errors={'refresh': ('42501', 'permission denied for table refresh_run')})
    finds('voice', r'^This ledger has no customer_voice',
          errors={'voice': ('42P01', 'relation does not exist')})
    finds('cac', r'^The database refused the question: too slow',
          errors={'cac': ('57014', 'too slow')})
    empty = build.gather(sample.Sample({
        'database': [{'name': 'd', 'at': 'now'}]}), WORDS)
    ok(all('empty' in one for one in empty['sections'])
       and 'Not refreshed yet' in both(empty['subtitle'])[0],
       'a ledger that has nothing says so in each section')
    long = [cac_row(f'c{index:03d}', 10, 20) for index in range(500)]
    section = shown('cac', cac=long)
    ok(len(section['table']['rows']) == 400
       and '400 of 500' in both(section['table']['more'])[0],
       'a long table ends, and says so')
    shown('campaign', campaign=[campaign_row('(unknown)', 1, 2), campaign_row('a', 1, 2, 1)])


def numbers():
    from words import count, money, name, percent, short
    nothing_known = (None, float('nan'), float('inf'), 'NaN')
    ok(all(form(value) == '–' for form in (count, money, percent, short)
           for value in nothing_known), 'what is unknown is a dash, never a 0')
    ok(short(1234567) == ('1.23M', '123.5万') and short(-2.5e9) == ('−2.50B', '−25.0亿')
       and short(999) == '999' and short(0) == '0' and short(12.34) == '12.3',
       'large numbers are short in either language')
    ok(percent(0.005) == '0.5%' and percent(-0.00001) == '0%'
       and percent(1.25) == '125%', 'rates')
    ok(name('a\n b\tc') == 'a b c' and len(name('x' * 10000)) == 160
       and name('ab\u202ecd') == '\u2068ab\u202ecd\u2069',
       'a name is one line of bounded length that turns nothing around')


def texts():
    for key in ('first', 'last', 'last_non_direct', 'linear', 'position',
                'time_decay', 'markov', 'shapley'):
        WORDS.say('model.' + key)
    english, chinese = WORDS.texts['en'], WORDS.texts['zh']
    unsaid = sorted(set(english) - WORDS.used)
    ok(not unsaid, 'every text is said by some case', ', '.join(unsaid))
    ok({key for key in english if not key.endswith('_one')} == set(chinese)
       and all(key[:-4] in english for key in english if key.endswith('_one')),
       'both languages have the same texts')
    places = re.compile(r'\{\w+\}')
    odd = [key for key in chinese
           if set(places.findall(english[key])) != set(places.findall(chinese[key]))]
    ok(not odd, 'and the same places in each', ', '.join(odd))
    plain = [key for key, text in chinese.items() if not re.search('[\u4e00-\u9fff]', places.sub('', text))]
    ok(set(plain) <= {'unit.money'}, 'all Chinese texts are Chinese', ', '.join(plain))


def page():
    html = build.render(build.gather(sample.Sample(dict(
        sample.rows(), campaign=[campaign_row('</script><script>alert(1)</script>', 1, 2)])), WORDS))
    ok(html.count('</script>') == 3 and '\u2028' not in html,
       'a name cannot end the data of the page')
    ok(not re.search(r'(src|href)="(?!data:,|#)', html) and 'unsafe' not in html
       and "default-src 'none'" in html, 'the page names nothing outside of it')
    ok(len(html.encode()) < 1500000, 'the page has less than 1.5 MB')


def main():
    for case in (bridge, cost, whale, rfm, tiers, cohort, clv, cac, credit,
                 campaign, service, voice, loyalty, worklist, quality, nothing,
                 numbers, page, texts):
        try:
            case()
        except Exception as error:
            ok(False, f'{case.__name__} runs', repr(error))
    return 0


if __name__ == '__main__':
    assert len(MONTHS) == 13
    sys.exit(main())
