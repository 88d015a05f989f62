"""Statements of the ledger that a distributed engine would refuse, or would
answer by taking every row to one place.

    python3 test/lint/engine.py             what there is in sql/, one a line
    python3 test/lint/engine.py --samples   whether each rule still fires

Rules (RULES, below) go by the shape of the text, in plain statements as well as
in those quoted inside of functions.  What may stand has a line RULE FILE OBJECT
in engine.allowed, below the reason.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ALLOWED = os.path.join(HERE, "engine.allowed")
SAMPLES = os.path.join(HERE, "engine.samples.sql")
FOLDERS = ("sql/refresh", "sql/ledger", "sql/admin")

TOKEN = re.compile(r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
  | (?P<dollar>\$(?:[A-Za-z_]\w*)?\$)
  | (?P<text>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*"|%(?:\d+\$)?[sIL]|[A-Za-z_][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<sign>::|<=|>=|<>|\|\||.)
""", re.VERBOSE | re.DOTALL)

SETS = ("union", "except", "intersect")
CLAUSES = SETS + ("from", "where", "group", "having", "window", "order", "limit",
                  "offset", "fetch", "for", "returning")
AGGREGATES = ("array_agg", "string_agg", "json_agg", "jsonb_agg", "sum", "count",
              "min", "max", "avg", "bool_and", "bool_or", "percentile_disc",
              "percentile_cont", "mode", "rfm", "rfm_merge", "rfm_group",
              "rfm_group_merge", "rfm_cuts")
# what may stand before a dot and is no table of an outer query
NO_TABLE = ("crmcost", "pg_catalog", "pg_temp", "public", "run", "new", "old")


class Token:
    """A word in lower case, a sign, or a parenthesis with what is in it."""

    def __init__(self, word, line, inside=None):
        self.word, self.line, self.inside = word, line, inside

    def is_name(self):
        return self.inside is None and re.match(r"[a-z_%]", self.word) is not None


def statements(text, line=1):
    """Yields each statement of a text, and of the strings in it, as a tree."""
    stack, quoted, position = [[]], [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        kind, word, here = match.lastgroup, match.group(), line
        if kind == "dollar":
            end = text.index(word, match.end())
            quoted.append((text[match.end():end], line))
            word = text[position:end + len(word)]
            stack[-1].append(Token("''", here))
        elif kind == "text":
            if re.search(r"\b(SELECT|FROM|JOIN|UPDATE)\b", word):
                quoted.append((word[1:-1].replace("''", "' "), line))
            stack[-1].append(Token("''", here))
        elif word == "(":
            group = Token("(", here, [])
            stack[-1].append(group)
            stack.append(group.inside)
        elif word == ")":
            if len(stack) > 1:
                stack.pop()
        elif word == ";":
            yield stack[0]
            stack = [[]]
        elif kind != "space":
            stack[-1].append(Token(word.strip('"').lower(), here))
        line += word.count("\n")
        position += len(word)
    yield stack[0]
    for inner, at in quoted:
        yield from statements(inner, at)


def levels(tokens):
    """Yields a list of tokens, and each list in parentheses below it."""
    yield tokens
    for token in tokens:
        if token.inside is not None:
            yield from levels(token.inside)


def below(tokens):
    """Yields all tokens, those in parentheses too."""
    for level in levels(tokens):
        yield from level


def word_at(tokens, i):
    return tokens[i].word if 0 <= i < len(tokens) else ""


def split(tokens, words):
    """The parts of a list between some words."""
    parts = [[]]
    for token in tokens:
        if token.word in words:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def ctes(level):
    """Yields name, column list or None, and query of each WITH item."""
    for i, token in enumerate(level):
        if token.word != "as":
            continue
        after = i + 1
        while word_at(level, after) in ("not", "materialized"):
            after += 1
        if word_at(level, after) != "(":
            continue
        columns = level[i - 1].inside if i > 0 else None
        name = i - 2 if columns is not None else i - 1
        if word_at(level, name - 1) in ("with", "recursive", ","):
            yield level[name], columns, level[after].inside


def select_list(arm):
    """The items that an arm of a UNION selects, or None where it has none."""
    start = next((i for i, t in enumerate(arm) if t.word == "select"), None)
    if start is None:
        return None
    start += 1
    if word_at(arm, start) in ("all", "distinct"):
        start += 1
        if word_at(arm, start) == "on":
            start += 2
    end = next((i for i in range(start, len(arm)) if arm[i].word in CLAUSES),
               len(arm))
    return split(arm[start:end], (",",))


def full_join(statement):
    """FULL JOIN by customer_id: it coalesces the two, which is no key."""
    ends = CLAUSES + ("join", "left", "right", "inner", "cross", "full", ",")
    for level in levels(statement):
        for i, token in enumerate(level):
            if token.word != "full" or "join" not in (word_at(level, i + 1),
                                                      word_at(level, i + 2)):
                continue
            j = i + 1
            while word_at(level, j) not in ("on", "using", ""):
                j += 1
            condition = level[j:j + 1]
            for token_of in level[j + 1:]:
                if token_of.word in ends:
                    break
                condition.append(token_of)
            if any(t.word == "customer_id" for t in below(condition)):
                yield token.line


def materialized(statement):
    """WITH ... AS MATERIALIZED."""
    for level in levels(statement):
        for i, token in enumerate(level):
            if token.word == "materialized" and word_at(level, i - 1) == "as":
                yield token.line


def counting_cte(statement):
    """A modifying WITH item whose rows are counted."""
    for level in levels(statement):
        for name, _, query in ctes(level):
            if word_at(query, 0) not in ("insert", "update", "delete", "merge"):
                continue
            for other in levels(statement):
                words = [t.word for t in other]
                if "count" in words and any(
                        words[i] in ("from", "join") and words[i + 1] == name.word
                        for i in range(len(words) - 1)):
                    yield name.line


def update_date(statement):
    """COLUMN::date in an UPDATE: it asks the zone of the session; AT TIME ZONE a
    parameter does not."""
    for level in levels(statement):
        for i, token in enumerate(level):
            if token.word != "update" or word_at(level, i - 1) in ("for", "on"):
                continue
            rest = list(below(level[i:]))
            for j in range(1, len(rest) - 1):
                if (rest[j].word == "::" and rest[j + 1].word == "date"
                        and rest[j - 1].is_name()):
                    yield rest[j].line
            return


def cycle(statement):
    """CYCLE."""
    for level in levels(statement):
        for i, token in enumerate(level):
            if token.word == "cycle" and word_at(level, i - 1) == "(":
                yield token.line


def recursive_view(statement):
    """WITH RECURSIVE in a view."""
    words = [t.word for t in statement]
    if "create" in words and "view" in words:
        for token in below(statement):
            if token.word == "recursive":
                yield token.line


def empty_select(statement):
    """SELECT of no column in a view: computed by itself it has none to be sent."""
    words = [t.word for t in statement]
    if "create" in words and "view" in words:
        for level in levels(statement):
            for i, token in enumerate(level):
                if token.word == "select" and word_at(level, i + 1) == "from":
                    yield token.line


def unnest_aggregate(statement):
    """unnest() of an aggregate."""
    def aggregates(tokens):
        for i, token in enumerate(tokens):
            if token.inside is not None and word_at(token.inside, 0) != "select":
                if word_at(tokens, i - 1) in AGGREGATES:
                    yield token.line
                yield from aggregates(token.inside)

    for level in levels(statement):
        for i, token in enumerate(level):
            if token.word == "unnest" and word_at(level, i + 1) == "(":
                yield from aggregates([level[i + 1]])


def select_without_from(statement):
    """A correlated subquery without FROM."""
    for level in levels(statement):
        for at, group in enumerate(level):
            if group.inside is None or word_at(group.inside, 0) != "select":
                continue
            for arm in split(group.inside, SETS):
                if any(t.word == "from" for t in arm):
                    continue
                # why else should it be lateral
                if word_at(level, at - 1) == "lateral":
                    yield group.line
                    break
                for inner in levels(arm):
                    for i, token in enumerate(inner):
                        if (token.word == "." and inner[i - 1].is_name()
                                and inner[i - 1].word not in NO_TABLE
                                and word_at(inner, i + 2) != "("
                                and word_at(inner, i + 1) != "*"):
                            yield group.line
                            break
                    else:
                        continue
                    break


def cte_columns(statement):
    """WITH name (columns) AS (... UNION ...)."""
    for level in levels(statement):
        for name, columns, query in ctes(level):
            if columns is not None and any(t.word in SETS for t in query):
                yield name.line


def union_order(statement):
    """A UNION with customer_id, or all columns of a table, that does not have
    customer_id first."""
    for level in levels(statement):
        if not any(t.word == "union" for t in level):
            continue
        for number, arm in enumerate(split(level, SETS)):
            items = select_list(arm)
            if not items:
                continue
            names = ["*" if item[-1:] and item[-1].word == "*" and len(item) in (1, 3)
                     else item[-1].word if item else "" for item in items]
            if names[0] == "customer_id":
                continue
            if "*" in names or number == 0 and "customer_id" in names:
                yield arm[0].line


def insert_by_position(statement):
    """INSERT into a table of the ledger without the names of columns: a ledger
    that was upgraded has them in another order."""
    for level in levels(statement):
        for i, token in enumerate(level):
            if token.word != "into" or word_at(level, i - 1) != "insert":
                continue
            # work tables, in pg_temp, are made by who fills them
            after = i + 2
            if word_at(level, after) == "as":
                after += 2
            if word_at(level, after) in ("select", "values", "table", "with"):
                yield token.line


def range_type(statement):
    """A range type of our own."""
    words = [t.word for t in statement]
    if words[:2] == ["create", "type"] and "range" in words:
        yield statement[0].line


RULES = {
    "full-join": full_join,
    "materialized": materialized,
    "counting-cte": counting_cte,
    "update-date": update_date,
    "cycle": cycle,
    "recursive-view": recursive_view,
    "empty-select": empty_select,
    "unnest-aggregate": unnest_aggregate,
    "select-without-from": select_without_from,
    "cte-columns": cte_columns,
    "union-order": union_order,
    "insert-by-position": insert_by_position,
    "range-type": range_type,
}


def breaches(text):
    """The rules that a text breaks, and where: (line, rule), sorted."""
    found = set()
    for statement in statements(text):
        for rule, breaks in RULES.items():
            found.update((line, rule) for line in breaks(statement))
    return sorted(found)


def sources():
    for folder in FOLDERS:
        for path, _, files in os.walk(folder):
            for name in files:
                if name.endswith(".sql"):
                    yield os.path.join(path, name)


def owner(text, line):
    """The function, view or table whose definition a line is in."""
    head = "\n".join(text.split("\n")[:line])
    names = re.findall(r"^CREATE (?:FUNCTION|PROCEDURE|VIEW|TABLE) ([\w.]+)",
                       head, re.MULTILINE)
    return names[-1] if names else "-"


def check_sources():
    with open(ALLOWED, encoding="utf-8") as file:
        allowed = {line.strip() for line in file
                   if line.strip() and not line.startswith("#")}
    used = set()
    for path in sorted(sources()):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for line, rule in breaches(text):
            entry = f"{rule} {path} {owner(text, line)}"
            used.add(entry)
            if entry not in allowed:
                meaning = " ".join(RULES[rule].__doc__.split())
                print(f"{path}:{line}: {owner(text, line)}: {rule}: {meaning}")
    for entry in sorted(allowed - used):
        print(f"test/lint/engine.allowed: nothing needs {entry}")


def check_samples():
    """Each sample begins with the rules that it breaks, or with none."""
    with open(SAMPLES, encoding="utf-8") as file:
        samples = re.split(r"^-- breaks ", file.read(), flags=re.MULTILINE)[1:]
    wanted_rules = []
    for sample in samples:
        head, _, text = sample.partition("\n")
        wanted = [] if head == "nothing" else [head]
        wanted_rules += wanted
        found = sorted({rule for _, rule in breaches(text)})
        if found != wanted:
            print(f"engine.samples.sql: breaks {found}, not {wanted}: {text.strip()}")
    for rule in RULES:
        if rule not in wanted_rules:
            print(f"engine.samples.sql: no sample breaks {rule}")


check_samples() if sys.argv[1:] == ["--samples"] else check_sources()
