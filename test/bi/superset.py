"""Opens every chart of a Superset through its API.

    python3 test/bi/superset.py FOLDER URL PSQL CASE

FOLDER is what bi/superset/install.sh has made, URL where it is served, PSQL the
client that reads the same ledgers.  CASE is the ledger that the bundle was
imported for: crm, empty (never refreshed) or half (crm, for a role without rights
on what customers answered).  Prints "ok NAME" or "not ok NAME # why".
"""

import glob
import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

FOLDER, URL, PSQL, CASE = sys.argv[1:]

# What a chart must show, by plain SQL over another view than the chart's: its
# title, the column that names its rows, the figure, the query.
SAME = [
    ('Cost to win a customer, by channel', 'channel_name', 'cost_per_customer',
     "SELECT channel_name, cac FROM crm.channel_cac_total "
     "WHERE channel_code <> '(all)'"),
    ('Profit of revenue', None, 'profit_rate',
     'SELECT NULL, sum(profit) / sum(revenue) FROM crm.customer_profit'),
    ('Profit of customers', None, 'total_profit',
     'SELECT NULL, sum(profit) FROM crm.customer_profit'),
    ('Profit a customer by tier', 'tier_label', 'profit_per_customer',
     "SELECT concat_ws(' ', t.tier_rank, t.tier_name), "
     "sum(p.profit) / count(*) FROM crm.customer_profit p JOIN crm.customer_tier t USING (customer_id) WHERE t.scheme = 'value' "
     "GROUP BY 1"),
    ('Campaigns by the model of the ledger', 'campaign_name', 'return_rate',
     'SELECT campaign_name, roi FROM crm.campaign_roi WHERE is_chosen'),
    ('Profit by the channel that won the customer', 'channel_name',
     'profit_rate',
     'SELECT channel_name, sum(profit) / sum(revenue) FROM crm.customer_profit '
     'GROUP BY 1'),
    ('Answered and resolved in time', 'month_start', 'answered_in_time',
     "SELECT extract(epoch FROM month_start)::bigint * 1000, response_sla_rate "
     "FROM crm.service_level WHERE dimension = '(kind)' AND code = 'ticket' "
     "AND response_sla_rate IS NOT NULL"),
    ('Good answers by survey and month', 'month_start', 'good_share',
     "SELECT extract(epoch FROM date_trunc('month', occurred_at))::bigint "
     "* 1000, avg((score >= 4)::int) FROM crm.interaction "
     "WHERE kind = 'survey' GROUP BY 1"),
]


def ok(passed, name, why=''):
    print(('ok ' if passed else 'not ok ') + name
          + ('' if passed else ' # ' + ' '.join(str(why).split())[:300]))


class Api:
    """Superset's API, logged in as the administrator."""

    def __init__(self):
        self.token = None
        with open(FOLDER + '/password', encoding='utf-8') as file:
            password = file.read().strip()
        _, answer = self.call('security/login', {
            'username': 'admin', 'password': password, 'provider': 'db'})
        self.token = answer['access_token']

    def call(self, path, body=None):
        """Status and what was answered."""
        head = {}
        if self.token:
            head['Authorization'] = 'Bearer ' + self.token
        if body is not None:
            head['Content-Type'] = 'application/json'
        request = urllib.request.Request(
            f'{URL}/api/v1/{path}', headers=head,
            data=None if body is None else json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def all(self, kind):
        query = urllib.parse.quote(json.dumps({'page_size': 100}))
        return self.call(f'{kind}/?q={query}')[1]['result']


def read_chart(api, chart):
    """Rows, or None and what was said."""
    status, answer = api.call(f"chart/{chart['id']}/data/")
    if status != 200:
        return None, answer
    result = answer['result'][0]
    if result.get('error'):
        return None, result['error']
    return result['data'], ''


def files(kind):
    return len(glob.glob(f'bi/superset/bundle/{kind}/**/*.yaml',
                         recursive=True))


def psql(query):
    return subprocess.run(
        [PSQL, '-XAt', '-F', '\t', '-c', query], check=True,
        stdout=subprocess.PIPE, encoding='utf-8').stdout.splitlines()


def same_figures(read):
    """Ratios are right for what is picked, as another view has them."""
    for title, name, figure, query in SAME:
        shown = {str(row[name]).split('.')[0] if name == 'month_start' else
                 row[name] if name else '': float(row[figure])
                 for row in read[title] if row[figure] is not None}
        wanted = {key: float(value) for key, value in
                  (line.split('\t') for line in psql(query)) if value}
        ok(wanted and shown.keys() == wanted.keys()
           and all(abs(shown[key] - wanted[key]) < 1e-5 * (1 + abs(shown[key]))
                   for key in wanted),
           f'{title}: the figure is that of plain SQL', f'{shown} {wanted}')


def datasets(api):
    found = api.all('dataset')
    ok(len(found) == files('datasets'), f'{len(found)} datasets', found)
    bare, averaged = [], []
    for one in found:
        known = api.call(f"dataset/{one['id']}")[1]['result']
        averaged += [measure['expression'] for measure in known['metrics']
                     if 'avg' in measure['expression'].lower()]
        bare += [column['column_name'] for column in known['columns']
                 if not column['description']
                 or column['is_dttm'] != column['type'].startswith(
                     ('DATE', 'TIMESTAMP'))]
    ok(not bare, 'each column has its description, and dates are dates', bare)
    ok(not averaged, 'no measure is a mean of ratios', averaged)


def main():
    api = Api()
    charts = api.all('chart')
    ok(len(charts) == files('charts'), f'{CASE}: {len(charts)} charts', charts)
    read, said = {}, {}
    for chart in charts:
        rows, why = read_chart(api, chart)
        read[chart['slice_name']] = rows
        if rows is None:
            said[chart['slice_name']] = why
    if CASE == 'crm':
        for title, rows in sorted(read.items()):
            ok(rows, f'chart: {title}', said.get(title, 'no rows'))
        same_figures(read)
        datasets(api)
    elif CASE == 'empty':
        ok(not said, 'a ledger that was never refreshed: each chart is empty, '
           'none fails', said)
        ok([row['check_title'] for row in read['What to know about the data']
            if row['severity_name'] == 'Error'] == ['Never refreshed'],
           '... and one says why', read['What to know about the data'])
    else:
        ok(list(said) == ['Good answers by survey and month'] and
           'permission denied' in str(said), 'a reader without rights on one '
           'table: its chart says so, the others are there', said)


main()
