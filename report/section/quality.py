"""Can the numbers be trusted: the checks of the ledger."""

from frame import Card, Section
from words import count

QUALITY = """
SELECT check_name, severity, rows, amount, example
FROM data_quality
ORDER BY array_position(ARRAY['error', 'warning', 'info'], severity),
         rows DESC, check_name"""

SEVERITIES = ('error', 'warning', 'info')


def quality(page, rows):
    found = [row for row in rows if row['rows'] > 0]
    for row in found:
        row['kind'] = page.named('severity', row['severity'])
        row['check'] = page.named('check', row['check_name'])
    n = {severity: sum(row['severity'] == severity for row in found)
         for severity in SEVERITIES}
    said = {'checks': len(rows), 'found': len(found),
            'errors': count(n['error']), 'warnings': count(n['warning']),
            'infos': count(n['info'])}
    if n['error']:
        finding = page.say('quality.errors', n=n['error'], **said)
    elif n['warning']:
        finding = page.say('quality.warnings', n=n['warning'], **said)
    elif n['info']:
        finding = page.say('quality.infos', n=n['info'], **said)
    else:
        finding = page.say('quality.clean', **said)
    return Card(
        finding, None,
        (('head.severity', 'kind', 'text'), ('head.check', 'check', 'text'),
         ('head.rows', 'rows', 'count'), ('head.amount', 'amount', 'money'),
         ('head.example', 'example', 'text')),
        found, unit=page.say('quality.unit', checks=len(rows)),
        table_is_open=True)


SECTIONS = [
    Section('quality', 'data_quality', {'quality': QUALITY}, quality,
            needs_refresh=False),
]
