"""The dbt source of a ledger, from the comments of its views."""

import os

KEYS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'key.txt')


class KeyFault(Exception):
    """key.txt and the catalog do not fit."""


def read_keys(views):
    """Columns that tell the rows of each view apart; none where it says why."""
    keys = {}
    with open(KEYS, encoding='utf-8') as file:
        for line in file:
            if line.startswith('#') or not line.strip():
                continue
            view, _, words = line.strip().partition(': ')
            keys[view] = [] if words.startswith('(') else words.split(', ')
    for view in sorted(set(keys) ^ set(views)):
        raise KeyFault(f'bi/dbt/key.txt: {view} '
                       + ('is no view of the ledger' if view in keys else
                          'is missing: say which columns tell its rows apart'))
    for view, key in keys.items():
        known = {column['name'] for column in views[view]['columns']}
        for column in key:
            if column not in known:
                raise KeyFault(f'bi/dbt/key.txt: {view} has no column {column}')
    return keys


def column(known):
    return {'name': known['name'], 'description': known['comment'],
            'data_type': known['type']}


def table(view, key):
    shown = {'name': view['name'], 'description': view['comment']}
    if view['name'] == 'last_refresh':
        shown['config'] = {
            'loaded_at_field': 'finished_at',
            'freshness': {'warn_after': {'count': 30, 'period': 'hour'},
                          'error_after': {'count': 54, 'period': 'hour'}}}
    shown['columns'] = [column(known) for known in view['columns']]
    if key:
        shown['data_tests'] = [
            {'crmcost.one_row_each': {'arguments': {'columns': key}}}]
    return shown


def source(views):
    keys = read_keys(views)
    return {'version': 2, 'sources': [{
        'name': 'crmcost',
        'description': 'The views of a crmcost ledger, as of its last refresh.',
        'database': "{{ var('crmcost_database', target.database) }}",
        'schema': "{{ var('crmcost_schema', 'crm') }}",
        'tables': [table(view, keys[name]) for name, view in views.items()]}]}
