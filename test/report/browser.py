"""Looks at report pages in a real browser, as people do.

    python3 test/report/browser.py CHROMIUM FULL LIVE

FULL is the page of sample.py, LIVE that of test/report/shop.sql with its names
that are markup.  Prints "ok NAME" or "not ok NAME"; test/t/report.pl reads it.
"""

import json
import sys
from xml.etree import ElementTree

from playwright.sync_api import sync_playwright

SAID = []			# console messages, requests and dialogs of all pages


def ok(passed, name, why=''):
    print(('ok ' if passed else 'not ok ') + name
          + ('' if passed else f' # {str(why)[:300]}'))


def open_page(browser, path, width=1300, scheme='light', query=''):
    page = browser.new_context(viewport={'width': width, 'height': 900},
                               color_scheme=scheme).new_page()
    page.on('console', lambda message: SAID.append(message.text))
    page.on('pageerror', lambda error: SAID.append(str(error)))
    page.on('request', lambda request: SAID.append(request.url)
            if not request.url.startswith(('file:', 'data:')) else None)
    page.on('dialog', lambda dialog: (SAID.append('dialog'), dialog.dismiss()))
    page.goto(f'file://{path}{query}')
    return page


def shown(page):
    return json.loads(page.evaluate(
        "document.getElementById('data').textContent"))['sections']


# Texts over each other, and texts and marks outside of their card.
OVERLAPS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg.chart')) {
    const id = svg.closest('figure').id, card = svg.closest('figure').getBoundingClientRect();
    const boxes = [...svg.querySelectorAll('text')].filter((text) => text.textContent)
      .map((text) => [text.textContent, text.getBoundingClientRect()]);
    boxes.forEach(([one, a], index) => boxes.slice(index + 1).forEach(([other, b]) => {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 2 && down > 5) found.push(`${id}: ${one} over ${other}`);
    }));
    for (const [text, box] of boxes)
      if (box.left < card.left || box.right > card.right) found.push(`${id}: ${text} leaves its card`);
    for (const mark of svg.querySelectorAll('.mark')) {
      const box = mark.getBoundingClientRect();
      if (box.left < card.left - 1 || box.right > card.right + 1 || !(box.width + box.height > 0))
        found.push(`${id}: a mark of no size, or outside`);
    }
  }
  return found;
}"""

MARKS = """() => Object.fromEntries([...document.querySelectorAll('figure')].map((figure) =>
  [figure.id, [...figure.querySelectorAll('.chart .mark')].map((mark) => {
    const box = mark.getBBox();
    return [mark.getAttribute('class'), box.x, box.y, box.width, box.height];
  })]))"""


def wanted_marks(chart):
    """How many marks a chart must have, by what it shows."""
    kind = chart['kind']
    if kind == 'steps':
        return len(chart['bars'])
    if kind == 'stack':
        return sum(value != 0 for series in chart['series']
                   for value in series['values'])
    if kind == 'grid':
        return sum(cell['state'] != 'none' and cell['value'] > 0
                   for row in chart['cells'] for cell in row)
    if kind == 'bars':
        return sum(bool(cell.get('value')) for row in chart['rows']
                   for cell in row['cells'])
    if kind == 'dots':
        return sum(len(row['points']) for row in chart['rows'])
    values = [point[1] for point in chart['points']]
    return len(chart['marks']) + 1 + (max(values) > values[-1])


def marks(page):
    sections, drawn = shown(page), page.evaluate(MARKS)
    odd = [(one['id'], len(drawn[one['id']]), wanted_marks(one['chart']))
           for one in sections if one.get('chart')
           and len(drawn[one['id']]) != wanted_marks(one['chart'])]
    ok(not odd, 'each figure of the data is a mark', odd)
    charts = {one['id']: one['chart'] for one in sections if one.get('chart')}
    bars = charts['bridge']['bars']
    sizes = [mark[3] for mark in drawn['bridge']]
    unit = sizes[0] / abs(bars[0]['to'] - bars[0]['from'])
    ok(all(abs(size - max(abs(bar['to'] - bar['from']) * unit, 1)) < 0.5
           for size, bar in zip(sizes, bars)),
       'bars are as long as their amounts', sizes)
    heights = [mark[4] for mark in drawn['cost']]
    values = [value for column in range(len(charts['cost']['x']))
              for value in (series['values'][column]
                            for series in charts['cost']['series'])
              if value]
    unit = max(heights) / max(abs(value) for value in values)
    ok(all(abs(height - max(abs(value) * unit, 0.5)) < 0.6
           for height, value in zip(heights, values)),
       'columns are as high as their cost')
    curve = [mark for mark in drawn['whale'] if 'mark' in mark[0]][0]
    ok(curve[3] > 100 and curve[4] > 50, 'the curve goes somewhere', curve)
    row = charts['clv']['rows'][0]['points']
    dots = [mark[1] + mark[3] / 2 for mark in drawn['clv']]
    ok((dots[0] < dots[1]) == (row[0]['value'] < row[1]['value']),
       'the larger prediction stands further right')


def unobserved(page):
    counted = page.evaluate("""() => [
      document.querySelectorAll('#cohort .unseen').length,
      [...document.querySelectorAll('#cohort .unseen')].every((one) => one.getAttribute('fill').startsWith('url(#')),
      [...document.querySelectorAll('#rfm text')].filter((text) => text.textContent === '0').length]""")
    sections = {one['id']: one['chart'] for one in shown(page) if one.get('chart')}
    states = [cell['state'] for row in sections['cohort']['cells'] for cell in row]
    zeros = [cell for row in sections['rfm']['cells'] for cell in row
             if cell['state'] == 'zero']
    ok(counted == [states.count('none'), True, len(zeros)] and states.count('none'),
       'what is not observed is hatched, a zero is written', counted)


def widths(browser, path):
    for width, columns in ((1300, 2), (768, 1), (360, 1)):
        for language in ('en', 'zh'):
            page = open_page(browser, path, width, query='?lang=' + language)
            wide, inner = page.evaluate(
                '[document.documentElement.scrollWidth, innerWidth]')
            tops = page.evaluate("""[...document.querySelectorAll('figure')].slice(0, 2)
              .map((one) => Math.round(one.getBoundingClientRect().top))""")
            ok(wide <= inner and (tops[0] == tops[1]) == (columns == 2),
               f'{columns} columns at {width}, nothing overflows ({language})',
               [wide, inner, tops])
            found = page.evaluate(OVERLAPS)
            ok(not found, f'no text over another at {width} ({language})', found)
            page.context.close()


def languages(page):
    english = page.evaluate("[...document.querySelectorAll('h2, .question, .why, th')].map((one) => one.textContent)")
    page.click('#language')
    chinese = page.evaluate("[...document.querySelectorAll('h2, .question, .why, th')].map((one) => one.textContent)")
    ok(len(english) == len(chinese) and not [
        one for one, other in zip(english, chinese) if one == other]
       and all(any('\u4e00' <= sign <= '\u9fff' for sign in text) for text in chinese),
       'all questions, findings and heads of tables change their language',
       [one for one, other in zip(english, chinese) if one == other])
    heads = page.evaluate("[...document.querySelectorAll('.chart .heading')].map((one) => one.textContent)")
    ok(len(heads) > 15 and all(any('\u4e00' <= sign <= '\u9fff' for sign in text)
                               for text in heads if text != 'abc'),
       'so do axes and columns of charts', heads)
    ok(page.evaluate('document.documentElement.lang') == 'zh-Hans'
       and page.evaluate("document.activeElement.id") == 'language',
       'the page says its language, and the button keeps the focus')
    page.click('#language')
    ok(page.evaluate("[...document.querySelectorAll('h2, .question, .why, th')].map((one) => one.textContent)") == english,
       'and back')


# The least contrast of text with what is behind it, as WCAG has it.
CONTRAST = """() => {
  const light = (text) => {
    const canvas = document.createElement('canvas').getContext('2d');
    canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const card = light(getComputedStyle(document.querySelector('figure')).backgroundColor);
  const texts = [...document.querySelectorAll('.chart text, h2, .question, figcaption, td, th')]
    .map((one) => ratio(light(one.closest('svg') ? getComputedStyle(one).fill : getComputedStyle(one).color), card));
  const button = getComputedStyle(document.querySelector('button'));
  return [card, Math.min(...texts), ratio(light(button.color), light(button.backgroundColor))];
}"""


def dark(browser, path):
    day = open_page(browser, path).evaluate(CONTRAST)
    page = open_page(browser, path, scheme='dark')
    night = page.evaluate(CONTRAST)
    ok(day[0] > 0.8 and night[0] < 0.05, 'dark where the system is dark', [day, night])
    ok(min(day[1:] + night[1:]) >= 4.5, 'texts and buttons are readable in both', [day, night])
    page.click('#theme')
    ok(page.evaluate(CONTRAST)[0] > 0.8, 'and light again by the button')


def keyboard(page):
    page.reload()
    page.keyboard.press('Tab')
    first = page.evaluate('document.activeElement.id')
    page.focus('figure')
    seen = []
    for _ in shown(page):
        seen.append(page.evaluate('document.activeElement.id'))
        page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowLeft')
    order = page.evaluate("[...document.querySelectorAll('figure')].map((one) => one.id)")
    ok(first == 'skip' and seen == order
       and page.evaluate('document.activeElement.id') == order[-2],
       'the keyboard skips to the charts and goes from one to the next', [first, seen])
    page.focus('#bridge summary')
    page.keyboard.press('Enter')
    ok(page.is_visible('#bridge table'), 'and opens the table behind a chart')


def tables(page):
    page.reload()
    hidden = [one['id'] for one in shown(page) if one.get('table') and not one['open']
              and page.is_visible(f"#{one['id']} table")]
    rows = page.evaluate("Object.fromEntries([...document.querySelectorAll('figure')].map((one) => [one.id, one.querySelectorAll('tbody tr').length]))")
    ok(not hidden and all(rows[one['id']] == len(one['table']['rows'])
                          for one in shown(page) if one.get('table')),
       'each chart has its table, behind a fold', hidden)
    captions = page.evaluate("[...document.querySelectorAll('figcaption')].map((one) => one.textContent)")
    ok(len(captions) == sum('table' in one for one in shown(page))
       and all('As of 2' in text and 'view ' in text for text in captions),
       'each chart says as of when, and from which view')
    labels = page.evaluate("[...document.querySelectorAll('svg.chart')].map((one) => one.getAttribute('role') + one.getAttribute('aria-label'))")
    ok(all(label.startswith('img') and len(label) > 20 for label in labels),
       'a screen reader hears the finding of a chart')


def hostile(browser, path):
    page = open_page(browser, path)
    text = page.inner_text('body')
    scripts, others = page.evaluate("""() => [document.querySelectorAll('script').length,
      document.querySelectorAll('img, iframe, object, b, i, u').length]""")
    ok(scripts == 3 and others == 0, 'no name has become markup', [scripts, others])
    page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    text = page.inner_text('#sections')
    ok(all(name in text for name in (
        '</script><script>alert(1)</script>', '<img src=x onerror=alert(2)>',
        '"both" \'quotes\' & {{script}}', '<b onmouseover=alert(3)>Spring</b>',
        '&lt;i&gt;', 'long name long name')), 'names stay the text they are')
    ok(page.evaluate(OVERLAPS) == [], 'no name lies over another', page.evaluate(OVERLAPS))
    ok(page.evaluate("Math.max(...[...document.querySelectorAll('td')].map((one) => one.textContent.length))") < 400,
       'a name of ten thousand characters is cut')


def drawing_time(browser, path):
    """In processor time: the machine may be busy with other things."""
    page = browser.new_page()
    tools = page.context.new_cdp_session(page)
    tools.send('Performance.enable', {'timeDomain': 'threadTicks'})
    page.goto(f'file://{path}')
    spent = {one['name']: one['value'] for one in
             tools.send('Performance.getMetrics')['metrics']}
    return (0 < spent['TaskDuration'] < 2,
            'the page is drawn in less than 2 s', spent['TaskDuration'])


def main(chromium, full, live):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        page = open_page(browser, full)
        ok(*drawing_time(browser, full))
        marks(page)
        unobserved(page)
        tables(page)
        languages(page)
        keyboard(page)
        pdf = page.pdf(format='A4')
        ok(pdf[:5] == b'%PDF-' and pdf.count(b'/Type /Page\n') + pdf.count(b'/Type /Page ') >= 4,
           'it prints on several pages')
        widths(browser, full)
        dark(browser, full)
        hostile(browser, live)
        picture = open_page(browser, full, query='?picture=bridge')
        drawing = ElementTree.fromstring(picture.inner_text('#picture'))
        ok(drawing.tag.endswith('}svg') and len(list(drawing.iter())) > 30
           and 'light-dark' not in picture.inner_text('#picture'),
           'a chart alone is a picture that stands by itself')
        ok(not SAID, 'no message on the console, no request, no dialog', SAID)
        refused = page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', () => 'refused')")
        ok(refused == 'refused', 'the policy of the page refuses requests')
        browser.close()


if __name__ == '__main__':
    main(*sys.argv[1:])
