"""Looks at the dashboard in a real browser.

    python3 test/bi/superset_browser.py CHROMIUM FOLDER URL

FOLDER is what bi/superset/install.sh has made, URL where it is served.  Leaves
FOLDER/dashboard.png.  Prints "ok NAME" or "not ok NAME # why".
"""

import glob
import sys

from playwright.sync_api import sync_playwright

CHROMIUM, FOLDER, URL = sys.argv[1:]
DIALOGS = []

LOOK = """() => {
  const charts = [...document.querySelectorAll('.dashboard-component-chart-holder')];
  const drawn = (chart) => chart.querySelector('canvas, table, .header-line');
  return {
    charts: charts.length,
    bare: charts.filter((chart) => !drawn(chart)).map((chart) => chart.innerText.slice(0, 60)),
    alerts: [...document.querySelectorAll('[role=alert]')].map((alert) => alert.innerText),
    high: document.querySelector('.grid-container')?.scrollHeight,
    numbers: Object.fromEntries(charts.filter((chart) => chart.querySelector('.header-line'))
      .map((chart) => chart.innerText.split('\\n').filter((line) => line.trim()).slice(0, 2))),
    elements: document.querySelectorAll('.dashboard-component-chart-holder td b, .dashboard-component-chart-holder td u, .dashboard-component-chart-holder td img').length,
  };
}"""


def ok(passed, name, why=''):
    print(('ok ' if passed else 'not ok ') + name
          + ('' if passed else ' # ' + ' '.join(str(why).split())[:300]))


def open_dashboard(browser):
    page = browser.new_context(
        viewport={'width': 1500, 'height': 1000}).new_page()
    page.on('dialog', lambda dialog: (DIALOGS.append(dialog.message),
                                      dialog.dismiss()))
    # only what is served here: Superset would tell its makers
    page.route('**/*', lambda route: route.continue_()
               if route.request.url.startswith((URL, 'data:', 'blob:'))
               else route.abort())
    with open(FOLDER + '/password', encoding='utf-8') as file:
        password = file.read().strip()
    page.goto(URL + '/login/')
    page.fill('input#username', 'admin')
    page.fill('input#password', password)
    page.press('input#password', 'Enter')
    page.wait_for_url(lambda url: 'login' not in url)
    page.goto(URL + '/superset/dashboard/customer-cost/?standalone=1')
    page.wait_for_selector('.grid-container')
    return page


def main():
    wanted = len(glob.glob('bi/superset/bundle/charts/*.yaml'))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=['--no-sandbox'])
        page = open_dashboard(browser)
        page.wait_for_timeout(2000)
        # charts are drawn when they come into view: make all of it the view
        page.set_viewport_size({'width': 1500, 'height':
                                (page.evaluate(LOOK)['high'] or 5000) + 200})
        for _ in range(90):
            page.wait_for_timeout(1000)
            seen = page.evaluate(LOOK)
            if seen['charts'] == wanted and not seen['bare']:
                break
        page.wait_for_timeout(2000)
        seen = page.evaluate(LOOK)
        page.screenshot(path=FOLDER + '/dashboard.png')
        ok(seen['charts'] == wanted and not seen['bare'],
           f'browser: the dashboard draws its {wanted} charts', seen['bare'])
        ok(not seen['alerts'], '... none with an error', seen['alerts'])
        ok(seen['numbers'].get('Revenue') == '48,852.00',
           '... and the revenue of the sales that were loaded',
           seen['numbers'])
        ok(not DIALOGS and not seen['elements'],
           '... names that are markup stay text in its tables', DIALOGS)
        browser.close()


main()
