#!/bin/sh
# The control file, META.json and CHANGELOG.md name the same version.
set -eu
cd "$(dirname "$0")/../.."
control=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" crmcost.control)
meta=$(python3 -c 'import json
m = json.load(open("META.json"))
v = {m["version"]} | {p["version"] for p in m["provides"].values()}
print(" ".join(sorted(v)))')
changelog=$(sed -n 's/^## \[\([0-9][^]]*\)\].*/\1/p' CHANGELOG.md | head -n 1)
[ "$meta" = "$control" ] || echo "META.json says $meta, crmcost.control $control"
[ "$changelog" = "$control" ] || echo "CHANGELOG.md says $changelog, crmcost.control $control"
