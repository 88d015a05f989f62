"""Puts a packed bundle into a Superset, over what is there of it.

    FOLDER/venv/bin/python bi/superset/load.py FILE.zip

For bi/superset/install.sh, whose environment says which Superset.  It does what
the API's assets/import does; superset import-dashboards leaves datasets and charts
as they are, and import-directory does not tie the charts' queries to their datasets.
"""

import sys
import zipfile

from superset.app import create_app


def contents(path):
    with zipfile.ZipFile(path) as packed:
        files = {name.partition('/')[2]: packed.read(name).decode()
                 for name in packed.namelist()}
    files['metadata.yaml'] = files['metadata.yaml'].replace(
        'type: Dashboard', 'type: assets')
    return files


def main():
    app = create_app()
    with app.app_context():
        from superset import security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.utils.core import override_user

        with override_user(security_manager.find_user('admin')):
            ImportAssetsCommand(contents(sys.argv[1])).run()


main()
