"""Writes the report page of a ledger: one HTML file that needs nothing else.

    python3 report/build.py LEDGER FILE [--psql PATH] [--data]

The connection is libpq's (PGHOST, PGPORT, PGDATABASE, PGUSER ...).  The file is
written for its owner alone, for it has figures of the business; with --data it
is the JSON that the page would show.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import sys

from frame import Page
from ledger import Ledger, LedgerError
from section import SECTIONS
from words import Words, name, pair

FOLDER = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = ('text', 'svg', 'bars', 'grid', 'lines', 'page')

# What all sections share.  Names are asked for table by table: a reader may
# not see each of them.
NAMES = {
    'term': "SELECT kind, code, name, name_zh FROM term",
    'channel': "SELECT 'channel' AS kind, code, name, name_zh FROM channel",
    'campaign': """SELECT 'campaign' AS kind, code, name, NULL AS name_zh
                   FROM campaign""",
    'tier': """SELECT 'tier' AS kind, scheme || '/' || code AS code, name,
                      name_zh FROM tier""",
    'program': """SELECT 'program' AS kind, code, name, name_zh
                  FROM loyalty_program""",
    'survey': "SELECT 'survey' AS kind, code, name, name_zh FROM survey",
    'reason': """SELECT 'reason' AS kind, code, name, name_zh
                 FROM worklist_reason""",
}
SHARED = {
    'refresh': "SELECT as_of, finished_at FROM last_refresh",
    'setting': """SELECT key, value FROM setting
                  WHERE key IN ('base_currency', 'language', 'timezone')""",
    'database': """SELECT current_database() AS name,
                          to_char(now() AT TIME ZONE 'UTC',
                                  'YYYY-MM-DD HH24:MI') AS at""",
}


def names_of(answers):
    names = {}
    for query in NAMES:
        for row in answers['name ' + query].rows:
            en = row['name'] or row['code']
            names.setdefault(row['kind'], {})[row['code']] = pair(
                name(en), name(row['name_zh'] or en))
    return names


def gather(ledger, words):
    """All that the page shows, as plain lists and dicts."""
    questions = dict(SHARED)
    questions.update(('name ' + key, query) for key, query in NAMES.items())
    for section in SECTIONS:
        questions.update(section.queries)
    answers = ledger.ask(questions)
    setting = {row['key']: row['value'] for row in answers['setting'].rows}
    database = answers['database'].rows[0]
    page = Page(words, ledger.name, name(setting.get('base_currency', '')),
                answers['refresh'], names_of(answers))
    return {
        'title': page.say('page.title', ledger=name(ledger.name)),
        'subtitle': page.say(
            'page.as_of' if page.as_of else 'page.never', as_of=page.as_of,
            currency=page.currency, database=name(database['name']),
            at=database['at']),
        'language': 'zh' if setting.get('language') == 'zh' else 'en',
        'words': {key[3:]: words.say(key) for key in words.texts['en']
                  if key.startswith('ui.')},
        'sections': [page.show(section, answers) for section in SECTIONS],
    }


def read(*path):
    with open(os.path.join(FOLDER, *path), encoding='utf-8') as file:
        return file.read()


def as_json(data):
    """JSON that no HTML parser takes for markup."""
    text = json.dumps(data, ensure_ascii=False, separators=(',', ':'),
                      allow_nan=False)
    for sign in '<>&\u2028\u2029':
        text = text.replace(sign, f'\\u{ord(sign):04x}')
    return text.encode('utf-8', 'replace').decode('utf-8')


def hash_of(text):
    digest = hashlib.sha256(text.encode('utf-8')).digest()
    return "'sha256-" + base64.b64encode(digest).decode('ascii') + "'"


def render(data):
    script = '"use strict";\n(() => {\n' + '\n'.join(
        read('page', part + '.js') for part in SCRIPTS) + '})();\n'
    style = read('page', 'chart.css') + read('page', 'page.css')
    parts = {
        'policy': "default-src 'none'; img-src data:; style-src "
                  f"{hash_of(style)}; script-src {hash_of(script)}; "
                  "base-uri 'none'; form-action 'none'",
        'language': data['language'], 'style': style, 'script': script,
        'data': as_json(data), 'chart_style': as_json(read('page', 'chart.css')),
    }
    return re.sub(r'\{\{(\w+)\}\}', lambda found: parts[found[1]],
                  read('page', 'page.html'))


def write(path, text):
    """All of it or nothing, for the owner alone."""
    draft = f'{path}.{os.getpid()}.tmp'
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, 'w', encoding='utf-8', newline='\n') as file:
            file.write(text)
        os.replace(draft, path)
    except OSError as error:
        if os.path.exists(draft):
            os.unlink(draft)
        raise LedgerError(f'cannot write {path} ({error.strerror}): name '
                          'another file with OUT=FILE')


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('ledger')
    parser.add_argument('file')
    parser.add_argument('--psql', default=os.environ.get('PSQL', 'psql'))
    parser.add_argument('--data', action='store_true',
                        help='write what the page shows, as JSON')
    chosen = parser.parse_args(arguments)
    try:
        data = gather(Ledger(chosen.ledger, chosen.psql), Words())
        write(chosen.file, as_json(data) if chosen.data else render(data))
    except LedgerError as error:
        print(f'crmcost: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
