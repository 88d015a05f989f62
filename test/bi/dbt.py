"""The package bi/dbt at work, by the dbt of the Python that runs this.

    python3 test/bi/dbt.py WORK

WORK is a folder for what dbt writes.  The connection is that of PGHOST, PGPORT,
PGDATABASE, PGUSER and PGPASSWORD, a role that reads the ledgers of
test/bi/ledger.sql.  Prints "ok NAME" or "not ok NAME # why".
"""

import json
import os
import shutil
import subprocess
import sys

WORK = os.path.abspath(sys.argv[1])
PACKAGE = os.path.abspath('bi/dbt')
PROFILE = """crmcost:
  target: ledger
  outputs:
    ledger:
      type: postgres
      host: "{{ env_var('PGHOST') }}"
      port: "{{ env_var('PGPORT') | as_number }}"
      user: "{{ env_var('PGUSER') }}"
      password: "{{ env_var('PGPASSWORD') }}"
      dbname: "{{ env_var('PGDATABASE') }}"
      schema: dbt
      threads: 2
"""
OWN_PROJECT = {
    'dbt_project.yml': """name: shop
version: "1.0"
profile: crmcost
vars:
  crmcost_schema: months
""",
    'packages.yml': f'packages:\n  - local: {json.dumps(PACKAGE)}\n',
    'models/loser.sql': """SELECT customer_id, profit
FROM {{ source('crmcost', 'customer_profit') }} WHERE profit < 0
"""}


def ok(passed, name, why=''):
    print(('ok ' if passed else 'not ok ') + name
          + ('' if passed else ' # ' + ' '.join(str(why).split())[-300:]))


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def dbt(*words, ledger='crm', project=PACKAGE, **environment):
    """Exit code and output of dbt."""
    done = subprocess.run(
        [os.path.join(os.path.dirname(sys.executable), 'dbt'),
         '--no-use-colors', *words, '--project-dir', project,
         '--profiles-dir', WORK]
        + ([] if words[0] == 'deps' else
           ['--target-path', os.path.join(WORK, 'target'),
            '--vars', json.dumps({'crmcost_schema': ledger})]),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False, env=dict(os.environ, DBT_LOG_PATH=WORK + '/log',
                              DBT_SEND_ANONYMOUS_USAGE_STATS='false',
                              **environment))
    return done.returncode, done.stdout


def results(name):
    with open(f'{WORK}/target/{name}.json', encoding='utf-8') as file:
        return json.load(file)['results']


def test(*words, **options):
    """What became of each test, by the name of its file or view; the output."""
    code, out = dbt('test', *words, **options)
    found = {}
    for one in results('run_results'):
        name = one['unique_id'].split('.')[2].replace(
            'crmcost_source_one_row_each_crmcost_', '')
        found[name] = one['status'], one['message']
    return code, out, found


def stopped(found):
    return sorted(name for name, (status, _) in found.items()
                  if status in ('fail', 'error'))


def check_ledger(views):
    code, out = dbt('parse')
    ok(code == 0 and 'WARNING' not in out and 'eprecat' not in
       out.replace('This version of dbt is deprecated', ''),
       'dbt parse has nothing to say', out)
    code, out = dbt('source', 'freshness')
    ok(code == 0 and [one['status'] for one in results('sources')] == ['pass'],
       'dbt source freshness: a ledger of today is fresh', out)
    code, out, found = test()
    ok(code == 0 and stopped(found) == [] and len(found) >= views,
       f'dbt test: {len(found)} tests pass', f'{stopped(found)} {out}')
    ok([name for name, (status, _) in found.items() if status == 'warn']
       == ['no_warning_of_data'], '... and warnings of data_quality warn', out)


def check_faults():
    code, out = dbt('source', 'freshness', ledger='empty')
    ok(code == 1 and 'ERROR STALE' in out,
       'a ledger that was never refreshed is stale', out)
    code, out, found = test(ledger='empty')
    ok(code == 1 and stopped(found) == ['no_error_of_data', 'refreshed'],
       '... and its tests say so', f'{stopped(found)} {out}')
    code, out, found = test(
        '--select', 'source:crmcost.customer_profit',
        'source:crmcost.cost_by_month', '--exclude', 'refreshed',
        ledger='doubled')
    wanted = ('cost_by_month_', 'cost_is_conserved', 'customer_profit_',
              'profit_agrees')
    ok(code == 1 and len(found) == len(wanted)
       and all(map(str.startswith, stopped(found), wanted)),
       'rows that come twice are found, and totals that do not agree',
       f'{stopped(found)} {out}')
    code, out, found = test(
        '--select', 'source:crmcost.customer_voice',
        'source:crmcost.customer_profit,test_type:generic', PGUSER='half')
    ok(code == 1 and len(stopped(found)) == 1 and len(found) == 2
       and 'permission denied' in out,
       'a reader without rights on a table is told, and reads the rest',
       f'{stopped(found)} {out}')


def check_package():
    project = os.path.join(WORK, 'project')
    for name, text in OWN_PROJECT.items():
        write(os.path.join(project, name), text)
    code, out = dbt('deps', project=project)
    ok(code == 0, 'it is a package of another project', out)
    code, out = dbt('compile', '--select', 'loser', project=project,
                    ledger='months')
    with open(f'{WORK}/target/compiled/shop/models/loser.sql',
              encoding='utf-8') as file:
        ok(code == 0 and '"months"."customer_profit"' in file.read(),
           '... whose models read the ledger by its source', out)
    code, out, found = test('--select', 'package:crmcost', project=project,
                            ledger='months')
    ok(code == 0 and len(found) > 100, '... and which runs its tests', out)


def main():
    for name in ('target', 'project', 'log'):
        shutil.rmtree(os.path.join(WORK, name), ignore_errors=True)
    write(os.path.join(WORK, 'profiles.yml'), PROFILE)
    with open('bi/dbt/key.txt', encoding='utf-8') as file:
        views = sum(line[0] not in '#\n' and '(' not in line for line in file)
    check_ledger(views)
    check_faults()
    check_package()


main()
