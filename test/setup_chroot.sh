#!/bin/sh
# "make check-setup": both commands of the README on bare and odd machines, each
# a chroot over one that debootstrap made: of Debian 12, or CRMCOST_SUITE=trixie.
#
#   sh test/setup_chroot.sh [CASE ...]
#
# Takes root, debootstrap, a kernel with overlayfs and Debian's archive; without
# them it is skipped.  The cases are the functions case_NAME below ("make
# check-setup ONE='bare user'").  The sample and a test of each suite stand for
# the whole; CRMCOST_FULL=1 is "make demo" and "make test" as they are.
# What is made is kept in $CRMCOST_WORK-setup (of root alone, unlike the place of
# the other targets) until "make test-clean".
set -eu
cd "$(dirname "$0")/.."
. test/house.sh

suite=${CRMCOST_SUITE:-bookworm}
case $suite in
	bookworm) major=15 ;;
	trixie) major=17 ;;
	*) die "unknown CRMCOST_SUITE=$suite: say bookworm or trixie" ;;
esac
tests='allocation messages fixed ledger_lock'
place=$(setup_dir)/$suite

skip()
{
	say "skipped: $*"
	echo '0 passed, 0 failed, 1 skipped'
	exit 0
}

[ "$(id -u)" = 0 ] || skip 'it takes root to make a chroot'
command -v debootstrap > /dev/null || skip 'debootstrap is not installed (apt-get install debootstrap)'
grep -q overlay /proc/filesystems || modprobe overlay 2> /dev/null || skip 'the kernel has no overlayfs'

# Mounts and processes of ours end with us.
if [ "${1:-}" != --inside ]; then
	exec unshare --mount --propagation private --pid --fork --kill-child \
		sh test/setup_chroot.sh --inside "$@"
fi
shift

private_root_dir "$(setup_dir)"
mkdir -p "$place/log"
exec 9< "$place"
flock -n 9 || die "another run is busy in $place: wait for it"

# The archive that this machine uses, and how it gets there.
mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/*.sources 2> /dev/null || true)
mirror=${mirror:-http://deb.debian.org/debian}

make_base()
{
	[ ! -e "$place/base/.ready" ] || return 0
	say "making a bare $suite"
	rm -rf "$place/base"
	debootstrap --variant=minbase --include=ca-certificates,make "$suite" "$place/base" "$mirror" > "$place/log/base" 2>&1 ||
		skip "debootstrap cannot make $suite of $mirror (see $place/log/base)"
	cat > "$place/base/etc/apt/sources.list" <<-END
		deb $mirror $suite main
		deb $mirror $suite-updates main
		deb $mirror-security $suite-security main
	END
	apt-config dump | grep -E '^Acquire::(Check-Valid-Until|Check-Date|https?::Proxy) ' \
		> "$place/base/etc/apt/apt.conf.d/99host" || true
	echo force-unsafe-io > "$place/base/etc/dpkg/dpkg.cfg.d/fast"
	cp /etc/resolv.conf "$place/base/etc/"
	[ ! -e /etc/pip.conf ] || cp /etc/pip.conf "$place/base/etc/"
	[ ! -e /etc/ssl/certs/ca-certificates.crt ] ||
		cp -L /etc/ssl/certs/ca-certificates.crt "$place/base/etc/ssl/certs/"
	chroot "$place/base" useradd --create-home alice
	chroot "$place/base" apt-get -q update >> "$place/log/base" 2>&1
	touch "$place/base/.ready"
}

# A machine: the layers named, and what the case changes on top of them.
root=$place/root
open_machine()		# open_machine NAME LAYER ...
{
	_name=$1
	shift
	_lower=
	for _layer in "$@"; do
		_lower=$_lower${_lower:+:}$place/$_layer
	done
	rm -rf "${place:?}/$_name" "$place/work"
	mkdir -p "$root" "$place/$_name" "$place/work"
	mount -t overlay -o "lowerdir=$_lower,upperdir=$place/$_name,workdir=$place/work" overlay "$root"
	mount -t proc proc "$root/proc"
	mkdir -p "$root/dev/shm" "$root/src"
	mount -t tmpfs tmpfs "$root/dev/shm"
	tar -C "$PWD" --exclude=.git --exclude='*.o' --exclude='*.so' --exclude=tmp_check \
		--exclude=./results --exclude=./build -cf - . | tar -C "$root/src" --no-same-owner -xf -
}

close_machine()
{
	for _pid in /proc/[0-9]*; do
		[ ! "$_pid/root" -ef "$root" ] || kill -9 "${_pid#/proc/}" 2> /dev/null || true
	done
	sleep 1
	umount -R "$root" 2> /dev/null || umount -R -l "$root"
}

on()				# on USER COMMAND: a shell's, in /src
{
	chroot "$root" runuser -u "$1" -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME="/tmp" LC_ALL="${lc_all:-C.UTF-8}" sh -c "cd '/src' && $2" < /dev/null
}

passed=0 failed=0
result()			# result WHAT PASSES?
{
	if [ "$2" = yes ]; then
		echo "ok $case: $1"
		passed=$((passed + 1))
	else
		echo "not ok $case: $1 (see $place/log/$case)"
		tail -n 15 "$place/log/$case" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
}

works()				# works WHAT USER COMMAND
{
	say "$case: $1"
	if on "$2" "$3" >> "$place/log/$case" 2>&1; then result "$1" yes; else result "$1" no; fi
}

# One line of ours that matches, and an exit code other than 0.
refused()			# refused WHAT USER COMMAND PATTERN
{
	say "$case: $1"
	_rc=0
	on "$2" "$3" > "$place/out" 2>&1 || _rc=$?
	cat "$place/out" >> "$place/log/$case"
	if [ $_rc != 0 ] && [ "$(grep -c '^crmcost: ' "$place/out")" = 1 ] && grep -Eq "$4" "$place/out"; then
		result "$1" yes
	else
		result "$1" no
	fi
}

same()				# same WHAT FOUND EXPECTED
{
	echo "$1: found '$2', expected '$3'" >> "$place/log/$case"
	if [ "$2" = "$3" ]; then result "$1" yes; else result "$1" no; fi
}

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

install()			# install PACKAGE ...
{
	on root "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $*" >> "$place/log/$case" 2>&1
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
