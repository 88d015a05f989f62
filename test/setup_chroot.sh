#!/bin/sh
# "make check-setup": both commands of the README on bare and odd machines, each
# a chroot over one that debootstrap made: of Debian 12, or CRMCOST_SUITE=trixie.
#
#   sh test/setup_chroot.sh [CASE ...]
#
# The cases are the functions case_NAME below ("make check-setup ONE='bare
# user'").  The sample and a test of each suite stand for the whole;
# CRMCOST_FULL=1 is "make demo" and "make test" as they are.
set -eu
cd "$(dirname "$0")/.."
. test/house.sh
. test/chroot.sh

tests='allocation messages fixed ledger_lock'
[ "${1:-}" = --inside ] || in_namespace test/setup_chroot.sh "$@"
shift
use_suite "${CRMCOST_SUITE:-bookworm}"

both_commands()		# both_commands USER [PREFIX]
{
	if [ "${CRMCOST_FULL:-}" = 1 ]; then
		works "make demo ($1)" "$1" "${2:-} make demo"
		works "make test ($1)" "$1" "${2:-} make test"
	else
		works "make demo DATA=sample ($1)" "$1" "${2:-} make demo DATA=sample"
		works "make test ONE=... ($1)" "$1" "${2:-} make test ONE='$tests'"
	fi
}

versions()			# of the packages that are there
{
	for _package in "$@"; do
		printf '%s ' "$(chroot "$root" dpkg-query -W -f '${Version}' "$_package" 2> /dev/null || echo none)"
	done
}

offered()			# the versions of the server in the archive, newest first
{
	chroot "$root" apt-cache madison "postgresql-$major" | awk '{ print $3 }' | sort -Vru
}

# The older of two servers in the archive, held, as on a machine that takes its
# upgrades by hand.
older_server()
{
	old=$(offered | tail -n 1)
	new=$(offered | head -n 1)
	if [ "$old" = "$new" ]; then
		say "$case: skipped, the archive has one version only ($new)"
		return 1
	fi
	mkdir -p "$root/etc/postgresql-common"
	install "postgresql-$major=$old" "postgresql-client-$major=$old" "libpq5=$old"
	on root "apt-mark hold postgresql-$major" >> "$place/log/$case"
}

# Nothing but make: everything is installed, and no cluster is made by the way.
case_bare()
{
	both_commands root
	same 'no cluster is made' "$(chroot "$root" pg_lsclusters -h)" ''
	works 'make demo-stop' root 'make demo-stop && make test-clean'
	same 'nothing is left in /var/tmp' "$(ls -A "$root/var/tmp")" ''
}

case_user()
{
	both_commands alice
	works 'make -j4 && make install' alice 'cp -r /src /tmp/src && cd /tmp/src && make -j4 && make install DESTDIR=/tmp/inst'
}

# What a user may meet at once: private files, the C locale, a path with quotes
# that cannot be written, no shared memory.
case_odd()
{
	_path="/home/alice/it's \"mine\""
	umount "$root/dev/shm"
	rm -rf "$root/dev/shm"
	mkdir "$root$_path"
	mount --bind -o ro "$root/src" "$root$_path"
	mount -o remount,bind,ro "$root$_path"
	lc_all=C
	both_commands alice "umask 077; cd /home/alice/it*; pwd;"
	refused 'make where nothing may be written' root 'cd /home/alice/it* && make' 'cannot write in .*it.s "mine": build a copy'
	lc_all=
}

case_older()
{
	older_server || return 0
	both_commands root
	same 'the server is the one that was there' "$(versions postgresql-$major postgresql-client-$major)" "$old $old "
	same 'and so are its headers' "$(versions postgresql-server-dev-$major)" "$old "
	install --allow-downgrades --allow-change-held-packages "postgresql-server-dev-$major=$new"
	same 'newer headers, by hand' "$(versions postgresql-$major postgresql-server-dev-$major)" "$old $new "
	_mend="allow-downgrades postgresql-server-dev-$major=$(echo "$old" | sed 's/[+.]/\\&/g')\$"
	refused 'make with newer headers' root 'make' "server is PostgreSQL ${old%-*} .*headers of ${new%-*} .*$_mend"
	refused 'make demo with newer headers' root 'make demo DATA=sample' "$_mend"
	works 'the command that it names' root "\$(make 2>&1 | sed -n 's/.* run: //p') -y && make -s -j2"
}

# Where the archive has lost the headers of the older server.
case_gone()
{
	older_server || return 0
	for _list in "$root"/var/lib/apt/lists/*_Packages; do
		awk -v RS= -v ORS='\n\n' -v package="Package: postgresql-server-dev-$major" -v version="Version: $old" \
			'!(index($0 "\n", package "\n") == 1 && index($0, "\n" version "\n"))' "$_list" > "$place/list"
		cat "$place/list" > "$_list"
	done
	printf '#!/bin/sh\ncase " $* " in *" update "*) exit 0 ;; esac\nexec /usr/bin/apt-get "$@"\n' \
		> "$root/usr/local/bin/apt-get"		# that lists may stay as they are
	chmod 755 "$root/usr/local/bin/apt-get"
	refused 'make demo' root 'make demo DATA=sample' \
		"server is PostgreSQL ${old%-*} .*headers of ${new%-*} only.*run as root: apt-get install --only-upgrade postgresql-$major\$"
	same 'nothing is installed' "$(versions postgresql-$major postgresql-server-dev-$major)" "$old none "
}

case_newer_client()
{
	older_server || return 0
	install --allow-change-held-packages "postgresql-client-$major=$new" "libpq5=$new"
	same 'the client is newer' "$(versions postgresql-$major postgresql-client-$major)" "$old $new "
	both_commands root
	same 'the server is the one that was there' "$(versions postgresql-$major)" "$old "
}

case_nobody()
{
	for _target in 'demo' 'demo DATA=sample' 'test'; do
		refused "make $_target without root" alice "make $_target" \
			"as root, run: apt-get install .*postgresql-server-dev-$major"
	done
}

case_clang()
{
	on root 'dpkg --force-depends --purge gcc $(cd /usr/share/doc; ls -d gcc-[0-9]* | grep -v base) cpp' >> "$place/log/$case" 2>&1
	same 'there is no gcc' "$(on alice 'command -v gcc cc' || true)" ''
	both_commands alice
}

case_places()
{
	mount -t tmpfs -o noexec,mode=1777 tmpfs "$root/var/tmp"
	refused '/var/tmp mounted noexec' root 'make demo DATA=sample' 'no program can run in /var/tmp/.*CRMCOST_WORK=DIR'
	umount "$root/var/tmp"
	mount -t tmpfs -o size=30m,mode=1777 tmpfs "$root/var/tmp"
	refused '/var/tmp full' root 'make test' 'MB are free in /var/tmp/.*CRMCOST_WORK=DIR'
	works 'another place' root 'CRMCOST_WORK=/srv/crmcost make demo DATA=sample && test -d /srv/crmcost/demo/cluster/data'
	refused 'a demo that is in use' root \
		"{ sleep 60 | psql -h /srv/crmcost/demo/cluster/socket -U postgres crmcost & } && sleep 2 && CRMCOST_WORK=/srv/crmcost make demo DATA=sample" \
		'is in use by 1 session \(psql, .*make demo-stop'
}

# Two at once, and both find nothing installed.
case_two()
{
	works 'make -j2 demo test' root "make -j2 demo test DATA=sample ONE='$tests'"
	refused 'make demo twice' root '{ make demo DATA=sample > /dev/null 2>&1 & } && sleep 3 && make demo DATA=sample; rc=$?; wait; exit $rc' \
		'another run is busy'
	same 'no cluster is made' "$(chroot "$root" pg_lsclusters -h)" ''
}

make_base
[ $# != 0 ] || set -- bare user odd clang places older gone newer_client nobody two
for case in "$@"; do
	: > "$place/log/$case"
	case $case in
		user | odd | clang | places)
			# what the bare machine had installed
			[ -e "$place/bare/usr/bin/pg_lsclusters" ] || die "run the case bare before $case"
			open_machine "$case" bare base ;;
		*) open_machine "$case" base ;;
	esac
	"case_$case"
	close_machine
	[ "$case" = bare ] || rm -rf "${place:?}/$case"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
