"""Writes what BI tools are told of a ledger, from the catalog's comments.

    python3 bi/generate.py LEDGER [--check] [--psql PATH]

bi/dbt/models/crmcost.yml is made of all views of a live ledger with the settings of
install, bi/superset/bundle of those that its charts show.  With --check nothing is written, and what would be different is named
(exit code 1).  The connection is libpq's (PGHOST, PGPORT, PGDATABASE ...).
"""

import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, 'dbt'),
                os.path.join(HERE, 'superset')]

from bundle import ContentFault, bundle        # noqa: E402
from catalog import LedgerError, read_views    # noqa: E402
from source import KeyFault, source            # noqa: E402
from yaml_text import dump                     # noqa: E402

MADE = ('Made by bi/generate.py of the catalog and what lies beside this folder: '
        'change those.')


def files(views):
    """What is generated: text by path."""
    made = {'dbt/models/crmcost.yml': dump(source(views), MADE)}
    for name, value in bundle(views).items():
        made['superset/bundle/' + name] = dump(value, MADE)
    return made


def read(path):
    try:
        with open(path, encoding='utf-8') as file:
            return file.read()
    except FileNotFoundError:
        return ''


def main():
    parser = argparse.ArgumentParser(prog='generate.py')
    parser.add_argument('ledger')
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--psql', default='psql')
    options = parser.parse_args()
    try:
        made = files(read_views(options.ledger, options.psql))
    except (LedgerError, KeyFault, ContentFault) as fault:
        sys.exit(f'crmcost: {fault}')
    stale = [name for name, text in made.items()
             if read(os.path.join(HERE, name)) != text]
    for name in stale:
        print(f'bi/{name}' + (' is not what the catalog says: run python3 '
                              'bi/generate.py' if options.check else ''))
        if not options.check:
            os.makedirs(os.path.dirname(os.path.join(HERE, name)),
                        exist_ok=True)
            with open(os.path.join(HERE, name), 'w', encoding='utf-8') as file:
                file.write(made[name])
    sys.exit(1 if options.check and stale else 0)


if __name__ == '__main__':
    main()
