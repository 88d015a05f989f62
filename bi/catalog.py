"""What the catalog says of a ledger's views: names, types, comments.

Read through psql by the reader of the report page (report/ledger.py), so that
nothing but Python's own library is needed.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '..', 'report'))

from ledger import Ledger, LedgerError    # noqa: E402  (found by the path)

__all__ = ['LedgerError', 'read_views']

VIEWS = """
    SELECT c.relname AS name,
           pg_catalog.obj_description(c.oid, 'pg_class') AS comment,
           (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                     'name', a.attname,
                     'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                     'comment', pg_catalog.col_description(c.oid, a.attnum))
                   ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0
                  AND NOT a.attisdropped) AS columns
    FROM pg_catalog.pg_class c
    WHERE c.relkind = 'v'
          AND c.relnamespace = (SELECT relnamespace FROM pg_catalog.pg_class
                                WHERE oid = 'last_refresh'::regclass)
    ORDER BY c.relname
    """


def read_views(ledger, psql='psql'):
    """The views of the ledger in schema LEDGER, by name."""
    answer = Ledger(ledger, psql).ask({'views': VIEWS})['views']
    if answer.sqlstate:
        raise LedgerError(f'cannot read the catalog: {answer.message}')
    return {view['name']: view for view in answer.rows}
