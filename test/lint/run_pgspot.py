"""Runs pgspot on a script, and lets it pass over what it cannot read.

    python run_pgspot.py SCRIPT

pgspot 0.9.4 looks for AS in every function.  A function with a body in standard
SQL (RETURN or BEGIN ATOMIC) has none; its names are resolved once, when it is
created, so there is nothing for pgspot to look for inside.
"""
import sys

from pglast.visitors import Skip
from pgspot import cli, visitors

read_function = visitors.SQLVisitor.visit_CreateFunctionStmt


def read_function_with_text(self, ancestors, node):
    if not any(option.defname == "as" for option in node.options):
        return Skip
    return read_function(self, ancestors, node)


visitors.SQLVisitor.visit_CreateFunctionStmt = read_function_with_text
sys.exit(cli.run())
