"""Reads a ledger through psql: one session, one snapshot, many questions.

psql takes the connection from libpq's variables, as every other tool of the
house does, so that nothing but Python's own library is needed.  A question
that fails (a view that does not exist, a table that may not be read) fails
alone: its answer has the error, the others have their rows.
"""

import json
import os
import secrets
import subprocess


class LedgerError(Exception):
    """What the user has to mend, in one line."""


class Answer:
    """Rows of a question, as dicts, or why there are none."""

    def __init__(self, rows=(), sqlstate='', message=''):
        self.rows = list(rows)
        self.sqlstate = sqlstate
        self.message = message

    @property
    def is_missing(self):
        return self.sqlstate in ('42P01', '42703')

    @property
    def is_forbidden(self):
        return self.sqlstate == '42501'


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def run_psql(script, psql):
    """The output of a script, in UTF-8 whatever the database is in."""
    environment = dict(os.environ, PGCLIENTENCODING='UTF8',
                       PGAPPNAME='crmcost report')
    try:
        done = subprocess.run(
            [psql, '-X', '-q', '-A', '-t', '--no-psqlrc', '-f', '-'],
            input=script.encode('utf-8'), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=environment, check=False)
    except OSError as error:
        raise LedgerError(f'cannot run psql ({error}): install '
                          'postgresql-client, or name it with PSQL=PATH')
    return (done.returncode, done.stdout.decode('utf-8', 'replace'),
            done.stderr.decode('utf-8', 'replace').strip())


class Ledger:
    """The ledger in the schema NAME of the database that libpq chooses."""

    def __init__(self, name, psql='psql'):
        if not name or '\x00' in name or '\n' in name:
            raise LedgerError('LEDGER must name the schema of a ledger')
        self.name = name
        self.psql = psql
        self._check()

    def _check(self):
        status, out, err = run_psql("""
            SELECT coalesce(json_object_agg(n.nspname,
                     pg_catalog.has_schema_privilege(n.oid, 'USAGE')), '{}')
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_class s ON s.relnamespace = c.relnamespace
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = 'last_refresh' AND c.relkind = 'v'
                  AND s.relname = 'refresh_run' AND s.relkind = 'r';
            """, self.psql)
        if status != 0 or not out.strip():
            first = err.splitlines()[0] if err else 'no answer'
            raise LedgerError(f'cannot connect ({first}): set PGHOST, PGPORT, '
                              'PGDATABASE, PGUSER as for psql')
        ledgers = json.loads(out)
        if self.name not in ledgers:
            known = ', '.join(sorted(ledgers)) or 'none'
            raise LedgerError(f'there is no ledger {self.name} in this '
                              f'database (ledgers here: {known}): say make '
                              'report LEDGER=NAME')
        if not ledgers[self.name]:
            raise LedgerError(f'you may not read ledger {self.name}: its owner '
                              'can grant it by crmcost.grant_read')

    def ask(self, questions):
        """Answers by name, of {name: query}, all of one snapshot."""
        mark = secrets.token_hex(16)
        status, out, err = run_psql(self._script(questions, mark), self.psql)
        answers = {}
        for name, part in zip(questions, out.split(mark + '\n')):
            answers[name] = self._answer(part, mark)
        if len(answers) < len(questions) or status != 0:
            raise LedgerError('the session ended early: '
                              + (err.splitlines() or ['no reason given'])[-1])
        return answers

    def _script(self, questions, mark):
        lines = ['\\set ON_ERROR_ROLLBACK on',
                 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;',
                 f'SET LOCAL search_path = {quote(self.name)}, pg_temp;',
                 'SET LOCAL client_min_messages = error;']
        for query in questions.values():
            lines += ["SELECT coalesce(json_agg(q), '[]') FROM ("
                      + query.strip() + '\n) q;',
                      f'\\echo {mark}: :SQLSTATE :LAST_ERROR_MESSAGE',
                      f'\\echo {mark}']
        return '\n'.join(lines + ['COMMIT;', ''])

    @staticmethod
    def _answer(part, mark):
        rows, _, status = part.rpartition(mark + ': ')
        sqlstate, _, message = status.strip().partition(' ')
        if sqlstate != '00000':
            return Answer(sqlstate=sqlstate, message=message)
        return Answer(json.loads(rows, parse_constant=lambda word: None))
