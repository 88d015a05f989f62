"""What a section of the page is, and how it is made.

A section asks its questions of the ledger and builds a Card of the answers:
the finding, a chart and the table behind it.  Where there is nothing to show
the frame says in one line why: never refreshed, a view this ledger lacks, a
table the reader may not read, no rows.
"""

from words import FORMATS, Pair, both, name, pair


class Nothing(Exception):
    """Raised by a section that has nothing to show; the text says why."""

    def __init__(self, text):
        super().__init__(str(text))
        self.text = text


class Section:
    """One question of a manager.

    source   the view, as the caption names it
    queries  {name: SQL}; the first is the one whose failure is told
    build    build(page, answers) -> Card; answers are lists of rows
    """

    def __init__(self, key, source, queries, build, needs_refresh=True):
        self.key = key
        self.source = source
        self.queries = queries
        self.build = build
        self.needs_refresh = needs_refresh


class Card:
    """What a section found."""

    def __init__(self, finding, chart, columns, rows, unit=None, note=None,
                 table_is_open=False):
        self.finding = finding
        self.chart = chart
        self.columns = columns		# (key of the head, field, format)
        self.rows = rows
        self.unit = unit
        self.note = note
        self.table_is_open = table_is_open


MOST_ROWS = 400


class Page:
    """What all sections share: words, names of codes, currency, report day."""

    def __init__(self, words, ledger, currency, refresh, names):
        self.words = words
        self.ledger = ledger
        self.currency = currency
        self.refresh = refresh		# the answer on the last refresh
        self.as_of = refresh.rows[0]['as_of'] if refresh.rows else None
        self.names = names

    def say(self, key, **values):
        return self.words.say(key, **values)

    def named(self, kind, code, fallback=None):
        """The name of a code in both languages."""
        if code is None or code in ('(unknown)', '(all)', ''):
            return self.say('name.all' if code == '(all)' else 'name.unknown')
        known = self.names.get(kind, {}).get(code)
        if known:
            return known
        return name(fallback if fallback is not None else code)

    def money(self, text):
        """An amount with its currency."""
        en, zh = both(text)
        return pair(f'{en} {self.currency}', f'{zh} {self.currency}')

    def show(self, section, answers):
        """The section as the page takes it."""
        shown = {'id': section.key, 'source': section.source,
                 'question': self.say(section.key + '.question')}
        try:
            self._refuse(section, answers)
            card = section.build(
                self, *[answers[query].rows for query in section.queries])
        except Nothing as nothing:
            shown['empty'] = nothing.text
            return shown
        shown.update(
            title=card.finding, chart=card.chart, note=card.note,
            unit=card.unit, open=card.table_is_open, as_of=self.as_of,
            table=self._table(card))
        return shown

    def _refuse(self, section, answers):
        asked = [answers[query] for query in section.queries]
        if section.needs_refresh and not self.as_of:
            if not self.refresh.sqlstate:
                raise Nothing(self.say('empty.not_refreshed',
                                       ledger=name(self.ledger)))
            asked.insert(0, self.refresh)
        for answer in asked:
            if answer.is_forbidden:
                raise Nothing(self.say('empty.forbidden',
                                       message=name(answer.message)))
            if answer.is_missing:
                raise Nothing(self.say('empty.missing', view=section.source))
            if answer.sqlstate:
                raise Nothing(self.say('empty.failed',
                                       message=name(answer.message)))
        if not asked[0].rows:
            raise Nothing(self.say(section.key + '.empty'))

    def _table(self, card):
        heads = [{'text': self.say(head), 'number': form != 'text'
                  and form not in ('month', 'day')}
                 for head, _, form in card.columns]
        rows = [[self._cell(row.get(field), form)
                 for _, field, form in card.columns]
                for row in card.rows[:MOST_ROWS]]
        table = {'heads': heads, 'rows': rows}
        if len(card.rows) > MOST_ROWS:
            table['more'] = self.say('table.more', shown=MOST_ROWS,
                                     rows=f'{len(card.rows):,}')
        return table

    def _cell(self, value, form):
        if isinstance(value, Pair):
            return value
        if form == 'text' and isinstance(value, bool):
            return self.say('yes' if value else 'no')
        return FORMATS[form](value)


# What charts need of numbers.

def nice_step(span, ticks):
    """A step of 1, 2, 2.5 or 5 times a power of ten."""
    raw = span / max(ticks, 1)
    power = 1.0
    while power > raw:
        power /= 10
    while power * 10 <= raw:
        power *= 10
    for factor in (1, 2, 2.5, 5, 10):
        if power * factor >= raw * 0.999999:
            return power * factor
    return power * 10


def ticks(low, high, form, wanted=4):
    """Places and texts of an axis that reaches from low to high."""
    if not high > low:
        high = low + 1
    step = nice_step(high - low, wanted)
    first = int(low // step) if low < 0 else 0
    last = -int(-high // step)
    return [{'at': index * step, 'text': form(index * step)}
            for index in range(first, last + 1)]


def total(rows, field):
    return sum(row[field] for row in rows if row[field] is not None)
