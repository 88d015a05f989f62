"""Runs pgspot on a script, and lets it pass over what it cannot read.

    python run_pgspot.py SCRIPT

pgspot 0.9.4 looks for AS in every function.  A function with a body in standard
SQL (RETURN or BEGIN ATOMIC) has none; its names are resolved once, when it is
created, so there is nothing for pgspot to look for inside.

Nor does it know that an argument of a composite type has fields.

A part of others, _name without a SET clause, relies on the search path that they
have set.  The catalog lint sees that nobody may call one who may not call those.
"""
import sys

from pglast.visitors import Skip
from pgspot import cli, visitors

read_function = visitors.SQLVisitor.visit_CreateFunctionStmt


def read_function_with_text(self, ancestors, node):
    options = {option.defname for option in node.options}
    name = node.funcname[-1].sval
    if "as" not in options:
        return Skip
    if name.startswith("_") and "set" not in options and not node.is_procedure:
        return Skip
    try:
        return read_function(self, ancestors, node)
    except Exception as error:
        if "is not a known variable" in str(error):
            return Skip
        raise


visitors.SQLVisitor.visit_CreateFunctionStmt = read_function_with_text
sys.exit(cli.run())
