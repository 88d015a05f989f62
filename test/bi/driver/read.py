"""Reads the views of ledgers through psycopg.

    python3 test/bi/driver/read.py EXPECTED

EXPECTED is what test/bi/expected.sql says of them.  The connection is libpq's.
Prints "ok NAME" or "not ok NAME # why".
"""

import datetime
import decimal
import sys

import psycopg

FLAT = (int, float, decimal.Decimal, str, bool, datetime.date,
        datetime.datetime, type(None))
BROWSER = """
    SELECT table_schema, table_name,
           CASE table_type WHEN 'BASE TABLE' THEN 'TABLE' ELSE table_type END
    FROM information_schema.tables
    WHERE table_schema NOT IN ('information_schema', 'pg_catalog', 'doubled')"""


def ok(faults, name):
    print(('not ok ' if faults else 'ok ') + name
          + (' # ' + '; '.join(faults)[:400] if faults else ''))


def read_expected(path):
    with open(path, encoding='utf-8') as file:
        for line in file:
            yield line.rstrip('\n').split('|')


def view_faults(connection, schema, view, rows):
    """What is wrong with a view: it fails, other rows, types, values."""
    try:
        cursor = connection.execute(f'SELECT * FROM {schema}.{view}')
    except psycopg.Error as error:
        connection.rollback()
        return [f'{schema}.{view}: {error}'.splitlines()[0]], []
    known = connection.adapters.types
    faults = [f'{schema}.{view}.{column.name}: type {column.type_code}'
              for column in cursor.description
              if known.get(column.type_code) is None]
    read = cursor.fetchall()
    faults += {f'{schema}.{view}.{column.name}: a {type(value).__name__}'
               for row in read
               for column, value in zip(cursor.description, row)
               if not isinstance(value, FLAT)}
    return ([] if len(read) == rows else
            [f'{schema}.{view}: {len(read)} rows of {rows}']), faults


def main():
    expected = list(read_expected(sys.argv[1]))
    views = [line[1:] for line in expected if line[0] == 'rows']
    unread, mistyped = [], []
    with psycopg.connect() as connection:
        for schema, view, rows in views:
            wrong, types = view_faults(connection, schema, view, int(rows))
            unread += wrong
            mistyped += types
        ok(unread, f'psycopg: {len(views)} views are read, in time')
        ok(mistyped, 'psycopg: each column has a type of Python\'s own')
        ok([f'{query}: {value}' for _, query, wanted in
            (line for line in expected if line[0] == 'value')
            for value in [str(connection.execute(query).fetchone()[0])]
            if value != wanted], 'psycopg: sums are exact')
        wanted = {tuple(line[1:]) for line in expected
                  if line[0] == 'relation'}
        shown = set(connection.execute(BROWSER).fetchall())
        ok([f'{".".join(one[:2])} {one[2]}' for one in wanted ^ shown],
           f'psycopg: information_schema shows {len(wanted)} tables and '
           'views, no partition')


main()
