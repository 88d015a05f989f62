"""Writes YAML: block style, keys in their order, strings quoted where they must
be.  Python has no YAML of its own, and what is written here is simple."""

import json
import re

PLAIN = re.compile(r'[A-Za-z_(][\w ()%.,/-]*')
WORDS = {'true', 'false', 'yes', 'no', 'on', 'off', 'null', 'y', 'n'}


def scalar(value):
    if isinstance(value, str):
        if (PLAIN.fullmatch(value) and value.lower() not in WORDS
                and value == value.strip()):
            return value
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value)    # numbers, true, false, null, [] and {}


def lines(value, indent=''):
    """The lines of a dict or list that is not empty."""
    pairs = (value.items() if isinstance(value, dict)
             else ((None, item) for item in value))
    for key, item in pairs:
        head = '- ' if key is None else scalar(key) + ':'
        if not isinstance(item, (dict, list)) or not item:
            yield f'{indent}{head.rstrip()} {scalar(item)}'
        elif key is None:
            first, *rest = lines(item, indent + '  ')
            yield indent + '- ' + first[len(indent) + 2:]
            yield from rest
        else:
            yield indent + head
            yield from lines(item, indent + '  ')


def dump(value, comment=''):
    head = [f'# {line}'.rstrip() for line in comment.splitlines()]
    return '\n'.join(head + list(lines(value))) + '\n'
