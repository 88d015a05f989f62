"""The Chinese comments of a ledger, held against the English ones.

  translations.py          prints a line for each that is missing, stale or too many
  translations.py --add    gives sql/ledger/zh.tsv a line without a translation for
                           each that is missing or stale, takes those too many away,
                           and prints what is to be translated
  translations.py --samples
                           says which of these faults it would not notice

A line of the file is an object (table, view or column), the hash of the English
comment that was translated, and the translation, with tabs between.
"""
import glob
import hashlib
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
FILE = os.path.join(ROOT, 'sql', 'ledger', 'zh.tsv')
COMMENT = re.compile(r"^COMMENT ON (TABLE|VIEW|COLUMN) ([a-z_0-9.]+) IS\s+'((?:[^']|'')*)';", re.M)
# Columns of customer_attribute are the user's: one comment serves them all.
ATTRIBUTES = 'customer_attribute.*'
SCHEMA = '(schema)'
HAN = re.compile('[\u4e00-\u9fff]')


def hash_of(text):
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def english():
    """Object to comment, as the sources of the ledger have it."""
    found = {}
    for pattern in ('tables/*.sql', 'views/*/*.sql'):
        for path in glob.glob(os.path.join(ROOT, 'sql', 'ledger', pattern)):
            text = read(path)
            comments = COMMENT.findall(text)
            if len(comments) != len(re.findall(r'^COMMENT ON (?:TABLE|VIEW|COLUMN)', text, re.M)):
                sys.exit(f'{path}: a comment that is not one literal')
            for _, name, comment in comments:
                found[name] = comment.replace("''", "'")
    source = read(os.path.join(ROOT, 'sql', 'admin', '25_language.sql'))
    found[ATTRIBUTES] = re.search("'(Attribute %s; [^']*)'", source).group(1)
    found[SCHEMA] = re.search("english CONSTANT text := '([^']*)'", source).group(1)
    return found


def faults(comments, lines):
    seen = {}
    for number, line in enumerate(lines, 1):
        cells = line.split('\t')
        if len(cells) != 3:
            yield f'line {number}: not object, hash and translation: {line}'
            continue
        name, of, chinese = cells
        if name in seen:
            yield f'{name}: twice'
        seen[name] = of
        if name not in comments:
            yield f'{name}: a translation of what is not there'
        elif of != hash_of(comments[name]):
            yield f'{name}: the translation is stale: {comments[name]}'
        elif not chinese:
            yield f'{name}: no translation: {comments[name]}'
        elif not HAN.search(chinese):
            yield f'{name}: not Chinese: {chinese}'
        elif chinese != chinese.strip() or not re.search('[。）]$', chinese):
            yield f'{name}: not a sentence: {chinese}'
        else:
            try:
                chinese.encode('gb2312')    # what a database in EUC_CN can hold
            except UnicodeEncodeError as error:
                yield f'{name}: GB 2312 lacks {chinese[error.start]}: {chinese}'
    for name in sorted(comments.keys() - seen.keys()):
        yield f'{name}: no translation: {comments[name]}'
    if list(seen) != sorted(seen):
        yield 'not in the order of the objects: translations.py --add puts them so'


def add(comments, lines):
    have = {}
    for line in lines:
        name, of, chinese = line.split('\t')
        have[name] = (of, chinese)
    with open(FILE, 'w', encoding='utf-8', newline='\n') as out:
        for name in sorted(comments):
            now = hash_of(comments[name])
            of, chinese = have.get(name, (None, ''))
            if of != now or not chinese:
                print(f'{name}: {comments[name]}' + (f' (was: {chinese})' if chinese else ''))
                chinese = ''
            out.write(f'{name}\t{now}\t{chinese}\n')


def samples(comments, lines):
    """The faults that somebody could make with the file as it is, each noticed once."""
    name, of, chinese = lines[7].split('\t')
    rest = lines[:7] + lines[8:]
    before = set(faults(comments, lines))

    def forged(fault, with_lines, of_comments=comments):
        found = [f for f in faults(of_comments, with_lines) if f not in before]
        if len(found) != 1 or not found[0].startswith(fault):
            print(f'translations.py: not noticed: {fault}: {found}')

    def instead(*cells):
        return lines[:7] + ['\t'.join(cells)] + lines[8:]

    forged(f'{name}: no translation: {comments[name]}', rest)
    forged(f'{name}: no translation', instead(name, of, ''))
    forged(f'{name}: the translation is stale: Other', lines, {**comments, name: 'Other.'})
    forged(f'{name}: the translation is stale', instead(name, '00000000', chinese))
    forged(f'{name}: a translation of what', lines, {n: c for n, c in comments.items() if n != name})
    forged('zz.gone: a translation of what is not there', lines + [f'zz.gone\t{of}\t{chinese}'])
    forged(f'{name}: twice', lines[:8] + lines[7:])
    forged(f'{name}: not Chinese', instead(name, of, comments[name]))
    forged(f'{name}: not a sentence', instead(name, of, chinese[:-1]))
    forged(f'{name}: not a sentence', instead(name, of, ' ' + chinese))
    forged(f'{name}: GB 2312 lacks \u2212', instead(name, of, '\u2212' + chinese))
    forged('not in the order', lines[8:] + lines[:8])


def main():
    comments = english()
    lines = read(FILE).splitlines()
    if sys.argv[1:] == ['--add']:
        add(comments, lines)
    elif sys.argv[1:] == ['--samples']:
        samples(comments, lines)
    elif sys.argv[1:] == []:
        found = list(faults(comments, lines))
        for fault in found:
            print('sql/ledger/zh.tsv:', fault)
        sys.exit(bool(found))
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
