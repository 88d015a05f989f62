#!/bin/sh
# "make check-package": what is handed out is built and used as its users do, each
# in a bare chroot (test/chroot.sh).
#
#   sh test/package_chroot.sh [CASE ...]
#
# deb        in each of bookworm, trixie, forky (PostgreSQL 15, 17, 18; or those
#            in CRMCOST_SUITE): Debian packages are built from debian/, lintian has
#            nothing to say, and the regression tests run on what was installed
# pgxn       the archive of "make dist" is installed by pgxnclient
# container  the steps of Containerfile, where a machine with Debian's server
#            stands for the official image
# schedule   cron and pg_cron refresh a ledger, by the lines of doc/operate.md
set -eu
cd "$(dirname "$0")/.."
. test/house.sh
. test/chroot.sh

version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" crmcost.control)
[ "${1:-}" = --inside ] || in_namespace test/package_chroot.sh "$@"
shift

# A ledger as its users make and read it, in database postgres of the session.
use_it="
	CREATE EXTENSION crmcost;
	CALL crmcost.install('crm');
	INSERT INTO crm.customer (source_key, first_seen_at) VALUES ('C-1', '2024-01-05');
	INSERT INTO crm.sale (customer_id, sold_at, amount, cogs, currency) VALUES (1, '2024-01-05', 300, 100, 'EUR');
	CALL crmcost.refresh('crm', '2024-02-01');
	SELECT CASE WHEN sum(profit) = 200 THEN 'the profit is right' END FROM crm.customer_profit;"
psql_uses_it="psql -XAtq -v ON_ERROR_STOP=1 -f /src/use_it.sql | grep 'the profit is right'"

# What builds packages, once for all runs.
make_builder()
{
	[ ! -e "$place/builder/.ready" ] || return 0
	open_machine builder base
	install build-essential debhelper lintian postgresql-server-dev-all
	rm -rf "$root/src"
	touch "$root/.ready"
	close_machine
}

# Packages are kept outside of the machine that made them.
build_packages()
{
	make_builder
	open_machine build builder base
	works 'packages are built' alice "
		mkdir /tmp/deb && cp -r /src /tmp/deb/crmcost-$version && cd /tmp/deb &&
		tar -czf crmcost_$version.orig.tar.gz --exclude=debian crmcost-$version &&
		cd crmcost-$version && pg_buildext updatecontrol && dpkg-buildpackage -us -uc"
	works 'lintian has nothing to say' alice 'cd /tmp/deb && lintian --tag-display-limit 0 --fail-on error,warning --info *.changes'
	rm -rf "$place/packages"
	mkdir "$place/packages"
	cp "$root"/tmp/deb/*.deb "$place/packages" || true
	close_machine
	rm -rf "$place/build"
}

install_package()
{
	cp "$place/packages/postgresql-$major-crmcost_"*.deb "$root/tmp/"
	install "/tmp/postgresql-$major-crmcost_*.deb" || true
	echo "$use_it" > "$root/src/use_it.sql"
}

case_deb()
{
	for _suite in ${CRMCOST_SUITE:-bookworm trixie forky}; do
		use_suite "$_suite"
		make_base
		case=deb-$suite
		: > "$place/log/$case"
		build_packages
		open_machine user base
		install_package
		works 'the package is installed' root "dpkg-query -W -f '\${Status}' postgresql-$major-crmcost | grep 'ok installed'"
		works 'it is used' alice "pg_virtualenv -v $major sh -c \"$psql_uses_it\""
		works 'installcheck passes on it' root "chown -R alice: /src && runuser -u alice -- pg_virtualenv -v $major make installcheck TAP_TESTS= PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config"
		works 'nothing was built for that' root 'test -z "$(find /src -name "*.o" -o -name "*.so")"'
		works 'it is removed without a rest' root "apt-get -q -y purge postgresql-$major-crmcost && test -z \"\$(find /usr -name '*crmcost*' ! -path '/usr/src/*')\""
		close_machine
		rm -rf "$place/user"
	done
}

case_pgxn()
{
	open_machine pgxn base
	install pgxnclient gcc libc6-dev "postgresql-$major" "postgresql-server-dev-$major"
	cp "$place/crmcost-$version.zip" "$root/tmp/"
	echo "$use_it" > "$root/src/use_it.sql"
	works 'pgxn installs the archive' root "pgxn install --yes /tmp/crmcost-$version.zip"
	works 'it is used' alice "pg_virtualenv -v $major sh -c \"$psql_uses_it\""
	close_machine
	rm -rf "$place/pgxn"
}

# The recipe's lines, one an instruction.
recipe()
{
	sed -e :a -e '/\\$/{N;s/\\\n//;ba' -e '}' Containerfile | grep -Ev '^(#|$)'
}

# The stages, in order: a machine each, of which the next may copy.
run_recipe()
{
	_env="PG_MAJOR=$major PG_VERSION=$1" _stage=
	recipe > "$place/recipe"
	while read -r _word _rest <&3; do
		case $_word in
			ARG) ;;
			FROM)
				case "$_rest " in "docker.io/library/postgres:\${PG_MAJOR}-bookworm "*) ;; *) die "Containerfile begins with $_rest, which is not the image that this test stands for" ;; esac
				[ -z "$_stage" ] || { close_machine; mv "$place/stage" "$place/stage-$_stage"; }
				_stage=${_rest##* AS } _dir=/
				open_machine stage image base
				rm -rf "$root/src"		# our own copy
				mkdir -p "$root/src" "$root/docker-entrypoint-initdb.d" ;;
			WORKDIR)
				_dir=$_rest
				mkdir -p "$root$_dir" ;;
			COPY)
				case $_rest in
					'. .')
						tar -C "$PWD" --exclude=.git --exclude='*.o' --exclude='*.so' --exclude=./build --exclude='./sql/crmcost--*.sql' -cf - . |
							tar -C "$root$_dir" --no-same-owner -xf - ;;
					--from=*' /')
						_from=${_rest%% *} _what=${_rest#* }
						cp -a "$place/stage-${_from#--from=}${_what%% *}." "$root/" >> "$place/log/$case" 2>&1 ||
							result "COPY $_rest" no ;;
					*) die "Containerfile copies $_rest, which this test does not know" ;;
				esac ;;
			RUN)
				works "RUN ${_rest%%&&*}" root "mkdir -p $_dir && cd $_dir && export DEBIAN_FRONTEND=noninteractive $_env && $_rest" ;;
			*) die "Containerfile says $_word, which this test does not know" ;;
		esac
	done 3< "$place/recipe"
}

case_container()
{
	rm -rf "$place"/stage-*
	open_machine image base
	install "postgresql-$major"
	_version=$(chroot "$root" dpkg-query -W -f '${Version}' "postgresql-$major")
	close_machine
	run_recipe "$_version"
	mkdir -p "$root/src"
	echo "$use_it" | sed '/CREATE EXTENSION/d' > "$root/src/use_it.sql"
	works 'the first start creates the extension, and it is used' alice \
		"pg_virtualenv -v $major sh -c \"psql -Xq -v ON_ERROR_STOP=1 -f /docker-entrypoint-initdb.d/crmcost.sql && $psql_uses_it\""
	works 'without a compiler or sources' root 'test -z "$(ls -d /usr/bin/gcc /usr/include/postgresql /src/src 2> /dev/null)"'
	close_machine
	rm -rf "$place/image" "$place/stage" "$place"/stage-*
}

block()				# block FILE MARK: the first fenced block that holds MARK
{
	awk -v mark="$2" '
		/^```/ { inside = !inside; if (!inside && found) exit; text = ""; next }
		inside { if (index($0, mark)) found = 1; text = text $0 "\n" }
		END { if (found) printf "%s", text }' "$1"
}

# alice keeps a ledger in a database of her own, with no right but that.
prepare_schedule()
{
	install "postgresql-$major" cron "postgresql-$major-cron"
	install_package
	works 'a server with pg_cron' root "
		printf '%s\n' \"shared_preload_libraries = 'pg_cron'\" 'cron.use_background_workers = on' \"cron.database_name = 'postgres'\" >> /etc/postgresql/$major/main/postgresql.conf &&
		pg_ctlcluster $major main restart &&
		runuser -u postgres -- createuser alice && runuser -u postgres -- createdb -O alice sales &&
		runuser -u postgres -- psql -Xqc 'CREATE EXTENSION pg_cron' &&
		runuser -u postgres -- psql -Xqc 'GRANT USAGE ON SCHEMA cron TO alice'"
	works 'a ledger of an ordinary user' alice "psql -XAtq -v ON_ERROR_STOP=1 -d sales -f /src/use_it.sql"
	block doc/operate.md 'cron.schedule_in_database' |
		sed "s/'15 2 \* \* \*'/'* * * * *'/" > "$root/src/pg_cron.sql"
	block doc/operate.md '15 2 * * *  ' | sed -E 's/^15 2 (\* \* \*)/* * \1/' > "$root/src/crontab"
}

runs()				# how many the log of refresh has
{
	on alice 'psql -XAtqd sales -c "SELECT count(DISTINCT run_id) FROM crm.refresh_run"' || echo 0
}

wait_for_runs()		# wait_for_runs NUMBER
{
	for _second in $(seq 200); do
		[ "$(runs)" -lt "$1" ] || return 0
		sleep 1
	done
	return 1
}

case_schedule()
{
	[ -n "$(ls "$place/packages" 2> /dev/null)" ] || die 'run the case deb before schedule'
	open_machine schedule base
	prepare_schedule
	works 'pg_cron has the job' root "runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 -f /src/pg_cron.sql"
	if wait_for_runs 2; then result 'pg_cron refreshes' yes; else result 'pg_cron refreshes' no; fi
	works 'and says so' root "
		for _second in 1 2 3 4 5; do
			sleep 1
			runuser -u postgres -- psql -XAtqc 'SELECT status FROM cron.job_run_details' | grep -x succeeded && exit 0
		done
		exit 1"
	works 'its job is taken away' root "runuser -u postgres -- psql -XAtqc 'SELECT cron.unschedule(jobid) FROM cron.job'"
	works 'cron has the job' alice 'crontab /src/crontab'
	_runs=$(runs)
	chroot "$root" cron 9<&-
	if wait_for_runs $((_runs + 2)); then result 'cron refreshes' yes; else result 'cron refreshes' no; fi
	on alice 'cat $(echo ~alice)/refresh.log' >> "$place/log/$case" 2>&1 || true
	close_machine
	rm -rf "$place/schedule"
}

[ $# != 0 ] || set -- deb pgxn container schedule
for case in "$@"; do
	case $case in
		deb) ;;
		pgxn | container | schedule)
			use_suite bookworm
			make_base
			: > "$place/log/$case" ;;
		*) die "there is no case $case: say deb, pgxn, container or schedule" ;;
	esac
	if [ "$case" = pgxn ]; then
		make -s dist DIST="$place/crmcost-$version.zip" > "$place/log/$case" 2>&1 || die "make dist fails (see $place/log/$case)"
	fi
	"case_$case"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
