"""One chart of a report page as an SVG file that stands by itself.

    python3 report/picture.py PAGE SECTION FILE

PAGE is what "make report" wrote, SECTION the id of a chart (bridge, cost, whale,
rfm, cohort ...).  The page draws it itself, in Chromium without a window.
"""

import html
import os
import re
import subprocess
import sys
from xml.etree import ElementTree


def main(page, section, file):
    chromium = os.environ.get('CHROMIUM', 'chromium')
    try:
        done = subprocess.run(
            [chromium, '--headless', '--no-sandbox', '--disable-gpu',
             '--dump-dom', f'file://{os.path.abspath(page)}?picture={section}'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError as error:
        sys.exit(f'crmcost: cannot run {chromium} ({error.strerror}): install '
                 'chromium, or name another with CHROMIUM=PATH')
    found = re.search(r'<pre id="picture">(.*?)</pre>',
                      done.stdout.decode('utf-8', 'replace'), re.S)
    if not found:
        sys.exit(f'crmcost: {page} has no chart {section}')
    picture = html.unescape(found[1])
    ElementTree.fromstring(picture)
    with open(file, 'w', encoding='utf-8') as out:
        out.write(picture + '\n')


if __name__ == '__main__':
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
