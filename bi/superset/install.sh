#!/bin/sh
# A Superset of its own with the bundle in it.
#
#   sh bi/superset/install.sh FOLDER URI [LEDGER]
#
# Superset comes from PyPI into FOLDER, with a metadata database in SQLite and a user
# admin, whose password is made and kept in FOLDER/password.  URI is how it connects
# to the ledger (postgresql+psycopg2://USER:PASSWORD@HOST:PORT/DATABASE), best as a
# role that crmcost.grant_read knows; LEDGER is the ledger's schema, crm unless said.
# A second run brings an installation up to date with the bundle.  Nothing is left
# running: FOLDER/serve PORT serves it on this machine.
set -eu
cd "$(dirname "$0")/../.."
. test/house.sh

[ $# -ge 2 ] || die 'say: sh bi/superset/install.sh FOLDER URI [LEDGER]'
folder=$1 uri=$2 ledger=${3:-crm}
case $folder in /*) ;; *) folder=$PWD/$folder ;; esac
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2> /dev/null ||
	die "Superset 6.1 wants Python 3.10 to 3.12, and $python is none: name one with PYTHON=PATH"
"$python" -c 'import ensurepip, venv' 2> /dev/null ||
	die "$python has no venv: install it (Debian: python3-venv)"
mkdir -p "$folder"
chmod 700 "$folder"

# What Superset 6.1 itself forgets to ask for: rich, flask-caching of this version,
# cachetools.
packages='apache-superset==6.1.0 rich==15.0.0 flask-caching==2.3.0 cachetools==8.0.2 psycopg2-binary==2.9.13'
if [ "$(cat "$folder/venv/.packages" 2> /dev/null)" != "$packages" ]; then
	say 'installing Superset from PyPI'
	rm -rf "$folder/venv"
	"$python" -m venv "$folder/venv"
	"$folder/venv/bin/pip" install -q --disable-pip-version-check --retries 1 --timeout 60 \
		$packages > "$folder/pip.log" 2>&1 || {
		rm -rf "$folder/venv"
		die "pip could not install Superset from PyPI ($(tail -n 1 "$folder/pip.log")): check the network; a Superset that you have imports what bi/superset/pack.py makes"
	}
	echo "$packages" > "$folder/venv/.packages"
fi

random() { "$python" -c 'import secrets; print(secrets.token_urlsafe(32))'; }
umask 077
[ -e "$folder/superset_config.py" ] || cat > "$folder/superset_config.py" <<END
SECRET_KEY = '$(random)'
SQLALCHEMY_DATABASE_URI = 'sqlite:///$folder/superset.db?check_same_thread=false'
END
cat > "$folder/serve" <<END
#!/bin/sh
export FLASK_APP=superset SUPERSET_HOME='$folder' SUPERSET_CONFIG_PATH='$folder/superset_config.py'
exec '$folder/venv/bin/superset' run -h 127.0.0.1 -p "\${1:-8088}" --with-threads
END
chmod 700 "$folder/serve"

export FLASK_APP=superset SUPERSET_HOME="$folder" SUPERSET_CONFIG_PATH="$folder/superset_config.py"
run()				# run PROGRAM ARGUMENT ...: a program in FOLDER, quietly
{
	"$folder/$@" > "$folder/superset.log" 2>&1 < /dev/null ||
		die "Superset did not take that ($(grep -E '^[A-Za-z_.]*(Error|Exception|Failed)' "$folder/superset.log" | tail -n 1)): see $folder/superset.log"
}

if [ ! -e "$folder/password" ]; then
	say 'making its metadata database'
	rm -f "$folder/superset.db"
	run venv/bin/superset db upgrade
	random > "$folder/password.new"
	run venv/bin/superset fab create-admin --username admin --firstname Superset --lastname Admin \
		--email admin@localhost --password "$(cat "$folder/password.new")"
	run venv/bin/superset init
	mv "$folder/password.new" "$folder/password"
fi

say 'importing the bundle'
"$python" -B bi/superset/pack.py "$uri" "$ledger" "$folder/bundle.zip" || exit 2
run venv/bin/python -B bi/superset/load.py "$folder/bundle.zip"
rm -f "$folder/bundle.zip"
say "Superset has the dashboard; serve it on this machine with: $folder/serve 8088"
say "then open http://127.0.0.1:8088/superset/dashboard/customer-cost/ as admin, with the password in $folder/password"
