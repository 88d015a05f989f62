"""Packs the bundle as a file that Superset imports.

    python3 bi/superset/pack.py URI LEDGER FILE.zip

URI is how Superset connects (postgresql+psycopg2://USER:PASSWORD@HOST:PORT/DATABASE);
LEDGER is the schema of the ledger.  The file is for its owner alone, for the URI
may hold a password.
"""

import json
import os
import re
import sys
import zipfile

BUNDLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'bundle')


def files():
    for folder, _, names in os.walk(BUNDLE):
        for name in sorted(names):
            path = os.path.join(folder, name)
            with open(path, encoding='utf-8') as file:
                yield os.path.relpath(path, BUNDLE), file.read()


def fitted(text, uri, ledger):
    """The text of a file for this connection and ledger."""
    for key, value in (('schema', ledger), ('sqlalchemy_uri', uri)):
        text = re.sub(f'^{key}: .*$', lambda _: f'{key}: {json.dumps(value)}',
                      text, flags=re.MULTILINE)
    return text


def main():
    if len(sys.argv) != 4:
        sys.exit('usage: python3 bi/superset/pack.py URI LEDGER FILE.zip')
    uri, ledger, target = sys.argv[1:]
    if not re.match(r'postgresql(\+\w+)?://', uri):
        sys.exit('crmcost: the connection must be a URI that begins with '
                 'postgresql://')
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, 'wb') as file, zipfile.ZipFile(file, 'w') as packed:
        for name, text in files():
            packed.writestr('crmcost/' + name, fitted(text, uri, ledger))


main()
