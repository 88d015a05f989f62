# Bare machines of Debian, as chroots: source this file after test/house.sh, then
# call its functions.
#
#   in_namespace SCRIPT ARG ...   run SCRIPT --inside ARG ... where mounts and
#                                 processes end with it; skip without the means
#   use_suite NAME                sets suite, major (of PostgreSQL) and place,
#                                 and takes the place for us
#   make_base                     the machine that all others lie on
#   open_machine NAME LAYER ...   a machine at $root, with the sources in /src
#   close_machine
#   on USER COMMAND               a command in it; install PACKAGE ...
#   works, refused, same          checks: each is counted in passed or failed
#
# What is made is kept in $CRMCOST_WORK-setup (of root alone, unlike the place of
# the other targets) until "make test-clean".  The checks write the log of $case.

skip()
{
	say "skipped: $*"
	echo '0 passed, 0 failed, 1 skipped'
	exit 0
}

# Takes root, debootstrap, a kernel with overlayfs and Debian's archive.
in_namespace()		# in_namespace SCRIPT ARG ...
{
	[ "$(id -u)" = 0 ] || skip 'it takes root to make a chroot'
	command -v debootstrap > /dev/null || skip 'debootstrap is not installed (apt-get install debootstrap)'
	grep -q overlay /proc/filesystems || modprobe overlay 2> /dev/null || skip 'the kernel has no overlayfs'
	_script=$1
	shift
	exec unshare --mount --propagation private --pid --fork --kill-child \
		sh "$_script" --inside "$@"
}

suite=
use_suite()			# use_suite NAME
{
	[ "$suite" != "$1" ] || return 0	# ours already
	suite=$1
	case $suite in
		bookworm) major=15 ;;
		trixie) major=17 ;;
		forky) major=18 ;;
		*) die "unknown suite $suite: say bookworm, trixie or forky" ;;
	esac
	place=$(setup_dir)/$suite
	root=$place/root
	private_root_dir "$(setup_dir)"
	mkdir -p "$place/log"
	exec 9< "$place"
	flock -n 9 || die "another run is busy in $place: wait for it"
}

# The archive that this machine uses, and how it gets there.
mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/*.sources 2> /dev/null || true)
mirror=${mirror:-http://deb.debian.org/debian}

make_base()
{
	[ ! -e "$place/base/.ready" ] || return 0
	say "making a bare $suite"
	rm -rf "$place/base"
	_recipe=/usr/share/debootstrap/scripts/$suite		# a newer suite is made as sid is
	[ -e "$_recipe" ] || _recipe=/usr/share/debootstrap/scripts/sid
	debootstrap --variant=minbase --include=ca-certificates,make "$suite" "$place/base" "$mirror" "$_recipe" > "$place/log/base" 2>&1 ||
		skip "debootstrap cannot make $suite of $mirror (see $place/log/base)"
	echo "deb $mirror $suite main" > "$place/base/etc/apt/sources.list"
	if [ "$suite" != forky ]; then		# not released
		echo "deb $mirror $suite-updates main" >> "$place/base/etc/apt/sources.list"
		echo "deb $mirror-security $suite-security main" >> "$place/base/etc/apt/sources.list"
	fi
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
		HOME="/tmp" LC_ALL="${lc_all:-C.UTF-8}" sh -c "cd '/src' && $2" < /dev/null 9<&-
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

install()			# install PACKAGE ...
{
	on root "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $*" >> "$place/log/$case" 2>&1
}
