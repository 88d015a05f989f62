"""Words and numbers in two languages.

A text is a str where both languages say the same, else a Pair.  Nothing else
in the report writes words: texts are in text/en.json and text/zh.json, by key.
"""

import json
import os
import re

LANGUAGES = ('en', 'zh')
_FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'text')
_BIDI = re.compile('[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069'
                   '\ufb1d-\ufdff\ufe70-\ufeff]')
_PLACE = re.compile(r'\{(\w+)\}')
LONGEST = 160


class Pair(tuple):
    """A text in English and in Chinese."""

    def __new__(cls, en, zh):
        return tuple.__new__(cls, (en, zh))


def pair(en, zh):
    return en if en == zh else Pair(en, zh)


def both(text):
    return text if isinstance(text, Pair) else (text, text)


def join(texts, separator=', ', separator_zh='、'):
    texts = [both(text) for text in texts]
    return pair(separator.join(text[0] for text in texts),
                separator_zh.join(text[1] for text in texts))


def name(value):
    """A name from the ledger: one line of bounded length that cannot turn
    the text around it."""
    text = ' '.join(str(value).split())
    if len(text) > LONGEST:
        text = text[:LONGEST - 1] + '…'
    if _BIDI.search(text):
        text = '\u2068' + text + '\u2069'
    return text


class Words:
    """The texts of the report."""

    def __init__(self, folder=_FOLDER):
        self.texts = {}
        for language in LANGUAGES:
            path = os.path.join(folder, language + '.json')
            with open(path, encoding='utf-8') as file:
                self.texts[language] = json.load(file)
        self.used = set()

    def say(self, key, **values):
        """The text of a key with its {places} filled.  Where English has a
        key ending in _one, that is said where n is 1."""
        one = key + '_one' if values.get('n') == 1 else key
        return pair(*(self._fill(self._text(language, one, key), place, values)
                      for place, language in enumerate(LANGUAGES)))

    def _text(self, language, *keys):
        texts = self.texts[language]
        key = next(key for key in keys if key in texts or key == keys[-1])
        self.used.add(key)
        return texts[key]

    @staticmethod
    def _fill(text, place, values):
        return _PLACE.sub(lambda found: both(str_of(values[found[1]]))[place],
                          text)


def str_of(value):
    return value if isinstance(value, Pair) else str(value)


# Numbers: None is never printed as 0.

def is_number(value):
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and value == value and abs(value) != float('inf'))


def count(value, decimals=0):
    if not is_number(value):
        return '–'
    text = f'{value:,.{decimals}f}'
    if decimals == 0 and text == '-0':
        text = '0'
    return text.replace('-', '−', 1)


def money(value):
    return count(value, 2)


def unit_money(value):
    """Small amounts with their cents, large ones without."""
    return count(value, 0 if is_number(value) and abs(value) >= 1000 else 2)


def short(value):
    """A number as a mark of a chart has it."""
    if not is_number(value):
        return '–'
    size = abs(value)
    if size < 1000:
        return count(value, 0 if size >= 100 or value == int(value) else
                     1 if size >= 10 else 2)
    if size < 1e6:
        return count(value)
    en = _scaled(value, ((1e12, 'T'), (1e9, 'B'), (1e6, 'M')))
    zh = _scaled(value, ((1e12, '万亿'), (1e8, '亿'), (1e4, '万')))
    return pair(en, zh)


def _scaled(value, scales):
    for size, mark in scales:
        if abs(value) >= size:
            part = value / size
            return count(part, 2 if abs(part) < 10 else
                         1 if abs(part) < 1000 else 0) + mark
    return count(value)


def percent(rate, decimals=None):
    if not is_number(rate):
        return '–'
    if decimals is None:
        decimals = 0 if abs(rate) >= 0.1 or rate == 0 else 1
    text = count(100 * rate, decimals)
    return ('0' if text.strip('−0.') == '' else text) + '%'


def month(value):
    return str(value)[:7] if value else '–'


def ratio(value):
    return count(value, 1 if is_number(value) and abs(value) >= 10 else 2)


FORMATS = {
    'text': lambda value: '–' if value is None else name(value),
    'count': count, 'money': money, 'unit': unit_money, 'rate': percent,
    'number': ratio, 'month': month,
    'day': lambda value: str(value)[:10] if value else '–',
}
