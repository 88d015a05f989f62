#!/bin/sh
# The control file, META.json, CHANGELOG.md and debian/changelog name the same
# version; META.json has what PGXN asks for (pgxn.org/spec), and what it names is
# there; debian/control is what pg_buildext makes of control.in.
set -eu
cd "$(dirname "$0")/../.."
control=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" crmcost.control)
meta=$(python3 -c 'import json
m = json.load(open("META.json"))
v = {m["version"]} | {p["version"] for p in m["provides"].values()}
print(" ".join(sorted(v)))')
changelog=$(sed -n 's/^## \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md | head -n 1)
debian=$(sed -n '1s/^crmcost (\(.*\)-[0-9]*) .*/\1/p' debian/changelog)
[ "$meta" = "$control" ] || echo "META.json says $meta, crmcost.control $control"
[ "$changelog" = "$control" ] || echo "CHANGELOG.md says $changelog, crmcost.control $control"
[ "$debian" = "$control" ] || echo "debian/changelog says $debian, crmcost.control $control"
python3 - <<'END'
import json, os, re
meta = json.load(open('META.json'))
for key, kind in dict(name=str, version=str, abstract=str, maintainer=(str, list), license=(str, list, dict),
                      provides=dict, **{'meta-spec': dict}).items():
    if not isinstance(meta.get(key), kind) or not meta[key]:
        print('META.json:', key, 'is missing or of another kind')
if not re.fullmatch(r'\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?', meta['version']):
    print('META.json: the version is not a semantic one')
if meta.get('release_status', 'stable') not in ('stable', 'testing', 'unstable'):
    print('META.json: release_status is none of stable, testing, unstable')
if meta['meta-spec'].get('version') != '1.0.0':
    print('META.json: meta-spec is not 1.0.0')
for phase, kinds in meta.get('prereqs', {}).items():
    if phase not in ('configure', 'runtime', 'build', 'test', 'develop'):
        print('META.json: no phase of prereqs:', phase)
    for kind, wanted in kinds.items():
        if kind not in ('requires', 'recommends', 'suggests', 'conflicts'):
            print('META.json: no kind of prereqs:', kind)
        for name, version in wanted.items():
            if version != 0 and not re.fullmatch(r'[<>=!]* ?\d+\.\d+\.\d+', str(version)):
                print('META.json: no version:', name, version)
for name, part in meta['provides'].items():
    for key in ('file', 'docfile'):
        path = part.get(key)
        if path is None and key == 'file' or path is not None and not os.path.isfile(path):
            print('META.json:', key, 'of', name, 'is not in the sources:', path)
        elif path and re.match(r'sql/crmcost--', path):
            print('META.json:', key, 'of', name, 'is made by the build, and not in an archive:', path)
END
for major in 15 17 18; do
	if sed "s/PGVERSION/$major/g" debian/control.in | cmp -s - debian/control; then same=yes; fi
done
[ "${same:-}" = yes ] || echo 'debian/control is not what control.in says: pg_buildext updatecontrol'
