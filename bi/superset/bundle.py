"""The files of the Superset bundle, from content.py and the catalog.

In the form in which Superset exports and imports: a database, a dataset a view,
charts and a dashboard, tied by identifiers that follow from the names.
"""

import json
import uuid

from content import CHARTS, DATASETS, PAGE

VERSION = '1.0.0'
SCHEMA = 'crm'
DATABASE = 'crmcost ledger'
TITLE = 'Customer cost'
RATE_AXIS = '.0%'
URI = 'postgresql+psycopg2://bi@localhost:5432/crmcost'
# A name of the ledger is text, whatever is in it.
TABLE = {'allow_render_html': False, 'show_cell_bars': False,
         'table_timestamp_format': '%Y-%m-%d'}
ABBREVIATIONS = {word: word.upper() for word in
                 ('cac', 'clv', 'csat', 'id', 'ltv', 'nps', 'roi')}
SINGLE = {'number': 'big_number_total', 'bars': 'echarts_timeseries_bar',
          'lines': 'echarts_timeseries_line', 'waterfall': 'waterfall',
          'grid': 'heatmap_v2', 'table': 'table', 'rows': 'table'}


class ContentFault(Exception):
    """content.py speaks of what the catalog has not."""


def identifier(*names):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, 'crmcost/' + '/'.join(names)))


def database():
    return {'database_name': DATABASE, 'sqlalchemy_uri': URI,
            'expose_in_sqllab': True, 'allow_run_async': False,
            'allow_ctas': False, 'allow_cvas': False, 'allow_dml': False,
            'extra': {'allows_virtual_table_explore': True},
            'uuid': identifier('database'), 'version': VERSION}


def is_time(column):
    return column['type'] == 'date' or column['type'].startswith('timestamp')


def words(name):
    """A column's name as a heading: total_cost is Total cost."""
    text = ' '.join(ABBREVIATIONS.get(word, word) for word in name.split('_'))
    return text[0].upper() + text[1:]


def shown_column(name, kind, description, **more):
    return dict({'column_name': name, 'verbose_name': words(name),
                 'is_dttm': False, 'is_active': True, 'type': kind,
                 'groupby': True, 'filterable': True, 'expression': None,
                 'description': description}, **more)


def dataset(view):
    measures, own = DATASETS[view['name']]
    columns = [shown_column(one['name'], one['type'].upper(), one['comment'],
                            is_dttm=is_time(one)) for one in view['columns']]
    columns += [shown_column(name, 'TEXT', label, verbose_name=label,
                             expression=expression)
                for name, (label, expression) in own.items()]
    names = [column['column_name'] for column in columns]
    return {
        'table_name': view['name'],
        'main_dttm_col': 'month_start' if 'month_start' in names else None,
        'description': view['comment'], 'schema': SCHEMA, 'sql': None,
        'uuid': identifier('dataset', view['name']),
        'metrics': [dict(measure, description=measure['verbose_name'])
                    for measure in measures],
        'columns': columns, 'version': VERSION,
        'database_uuid': identifier('database')}


def conditions(chart):
    """(column, operator, value); a list is IN, None is that there is one."""
    for column, value in chart.get('where', {}).items():
        if value is None:
            yield column, 'IS NOT NULL', None
        elif isinstance(value, tuple):
            yield (column, *value)
        else:
            yield column, 'IN' if isinstance(value, list) else '==', value


def filters(chart):
    return [{'expressionType': 'SIMPLE', 'clause': 'WHERE', 'subject': column,
             'operator': operator, 'comparator': value}
            for column, operator, value in conditions(chart)]


def params_of_axes(chart):
    """What bars and lines have besides."""
    params = {'x_axis': chart['x'], 'groupby': chart.get('by', []),
              'row_limit': 10000, 'show_legend': len(chart['metrics']) > 1
              or bool(chart.get('by')), 'rich_tooltip': True,
              'truncate_metric': True, 'y_axis_format': 'SMART_NUMBER',
              'x_axis_sort_asc': True}
    if chart['x'] == 'month_start':
        params.update(time_grain_sqla='P1M', x_axis_time_format='%b %Y')
    elif chart['x'] == 'customer_share':
        params['x_axis_number_format'] = RATE_AXIS
    else:
        params['xAxisForceCategorical'] = True
    if chart.get('stack'):
        params['stack'] = 'Stack'
    if rates(chart):
        params['y_axis_format'] = RATE_AXIS
    return params



def measure(chart, name):
    for one in DATASETS[chart['view']][0]:
        if one['metric_name'] == name:
            return one
    raise ContentFault(f"{chart['key']}: {chart['view']} has no measure {name}")


def rates(chart):
    return all(measure(chart, name)['d3format'].endswith('%')
               for name in chart['metrics'])


def params(chart):
    kind, metrics = chart['kind'], chart.get('metrics', [])
    made = {'viz_type': SINGLE[kind], 'adhoc_filters': filters(chart),
            'datasource': '0__table'}
    if kind == 'number':
        made.update(metric=metrics[0],
                    y_axis_format=measure(chart, metrics[0])['d3format'])
    elif kind in ('bars', 'lines'):
        made.update(params_of_axes(chart), metrics=metrics)
    elif kind == 'waterfall':
        made.update(x_axis=chart['x'], groupby=[], metric=metrics[0],
                    row_limit=10000, show_legend=True, show_value=False,
                    y_axis_format='SMART_NUMBER')
    elif kind == 'grid':
        made.update(x_axis=chart['x'], groupby=chart['y'], metric=metrics[0],
                    row_limit=10000, show_values=True, show_legend=False,
                    normalize_across='heatmap', sort_x_axis='alpha_asc',
                    sort_y_axis='alpha_asc',
                    linear_color_scheme='blue_white_yellow',
                    value_bounds=[None, None], time_grain_sqla=None,
                    y_axis_format=RATE_AXIS if rates(chart) else ',d')
    elif kind == 'table':
        made.update(query_mode='aggregate', groupby=chart['by'],
                    metrics=metrics, row_limit=1000, order_desc=True, **TABLE)
    else:
        made.update(query_mode='raw', all_columns=chart['columns'],
                    order_by_cols=[json.dumps(order(chart))]
                    if 'order' in chart else [],
                    row_limit=chart.get('limit', 1000), server_page_length=0,
                    **TABLE)
    return made


def order(chart):
    column, ascending = chart['order']
    return [column, ascending]


def query(chart):
    """The same as a query of the API, which charts are opened by without a
    browser."""
    columns = chart.get('columns') or (
        [chart[axis] for axis in ('x', 'y') if axis in chart]
        + chart.get('by', []))
    asked = {'columns': columns, 'metrics': chart.get('metrics', []),
             'filters': [{'col': column, 'op': operator, 'val': value}
                         for column, operator, value in conditions(chart)],
             'orderby': [order(chart)] if 'order' in chart else [],
             'row_limit': chart.get('limit', 10000)}
    if chart['kind'] == 'rows':
        asked['metrics'] = None
    return json.dumps({'datasource': {'id': 0, 'type': 'table'},
                       'force': False, 'queries': [asked],
                       'form_data': params(chart), 'result_format': 'json',
                       'result_type': 'full'}, sort_keys=True)


def chart_file(chart):
    return {'slice_name': chart['title'], 'description': None,
            'viz_type': SINGLE[chart['kind']], 'params': params(chart),
            'query_context': query(chart), 'cache_timeout': None,
            'uuid': identifier('chart', chart['key']), 'version': VERSION,
            'dataset_uuid': identifier('dataset', chart['view'])}


def place(kind, name, parents, children=(), **meta):
    return {'type': kind, 'id': name, 'children': list(children),
            'parents': list(parents), 'meta': meta}


def position():
    titles = {chart['key']: chart['title'] for chart in CHARTS}
    root, grid = 'ROOT_ID', 'GRID_ID'
    placed, in_grid = {}, []
    for number, (heading, bands) in enumerate(PAGE):
        name = f'HEADER-{number}'
        in_grid.append(name)
        placed[name] = place('HEADER', name, [root, grid], text=heading,
                             background='BACKGROUND_TRANSPARENT',
                             headerSize='MEDIUM_HEADER')
        for place_in, band in enumerate(bands):
            row = f'ROW-{number}-{place_in}'
            in_grid.append(row)
            high = 22 if all(width == 2 for _, width in band) else 50
            for key, width in band:
                name = f'CHART-{key}'
                placed[name] = place(
                    'CHART', name, [root, grid, row], width=width, height=high,
                    sliceName=titles[key], chartId=0,
                    uuid=identifier('chart', key))
            placed[row] = place('ROW', row, [root, grid],
                                [f'CHART-{key}' for key, _ in band],
                                background='BACKGROUND_TRANSPARENT')
    return {'DASHBOARD_VERSION_KEY': 'v2',
            root: {'type': 'ROOT', 'id': root, 'children': [grid]},
            grid: {'type': 'GRID', 'id': grid, 'children': in_grid,
                   'parents': [root]},
            'HEADER_ID': {'type': 'HEADER', 'id': 'HEADER_ID',
                          'meta': {'text': TITLE}}, **placed}


def dashboard():
    return {'dashboard_title': TITLE, 'description':
            'What customers cost and bring, from the views of a crmcost ledger.',
            'css': '', 'slug': 'customer-cost',
            'published': True, 'uuid': identifier('dashboard'),
            'position': position(),
            'metadata': {'color_scheme': 'supersetColors',
                         'refresh_frequency': 0, 'cross_filters_enabled': False,
                         'native_filter_configuration': []},
            'version': VERSION}


def check(views):
    """content.py holds only what there is, and each chart is placed once."""
    for name in set(DATASETS) - set(views):
        raise ContentFault(f'bi/superset/content.py: there is no view {name}')
    placed = [key for _, bands in PAGE for band in bands for key, _ in band]
    if sorted(placed) != sorted(chart['key'] for chart in CHARTS):
        raise ContentFault('bi/superset/content.py: PAGE is to have each chart '
                           'once')
    if {chart['view'] for chart in CHARTS} != set(DATASETS):
        raise ContentFault('bi/superset/content.py: a dataset without a chart, '
                           'or a chart without a dataset')
    for chart in CHARTS:
        known = {one['name'] for one in views[chart['view']]['columns']}
        known |= set(DATASETS[chart['view']][1])
        named = (chart.get('columns', []) + chart.get('by', [])
                 + [chart[axis] for axis in ('x', 'y') if axis in chart]
                 + list(chart.get('where', {})))
        for column in named:
            if column not in known:
                raise ContentFault('bi/superset/content.py: '
                                   f"{chart['view']} has no column {column}")


def bundle(views):
    """What is in the bundle, by the name of the file."""
    check(views)
    files = {
        'metadata.yaml': {'version': VERSION, 'type': 'Dashboard',
                          'timestamp': '2026-01-01T00:00:00+00:00'},
        'databases/crmcost_ledger.yaml': database(),
        'dashboards/customer_cost.yaml': dashboard()}
    for name in sorted(DATASETS):
        files[f'datasets/crmcost_ledger/{name}.yaml'] = dataset(views[name])
    for chart in CHARTS:
        files[f"charts/{chart['key']}.yaml"] = chart_file(chart)
    return files
