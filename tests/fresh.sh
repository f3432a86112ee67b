#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: fresh.sh [-c CACHE] RELEASE
#
# Make a minimal Debian of that release (bookworm, trixie) in a folder, as
# debootstrap does, and run README's two commands in it on what is committed: the
# first as it is, the second with the checks that need no second kernel.  Prints
# their output and then `N passed, N failed, N skipped` of both.
#
# CACHE is a folder for the kernel, which the next run need not build again; without
# it all is made anew and removed.  The folder with the system is in $TMPDIR, by
# default /var/tmp, and takes 8 GiB.  The mirror is that of this machine.  Exit
# status: 0, 1 if a test failed, 2 for bad usage, 4 if this cannot run here.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/../vm/help.sh"

top_dir=$(dirname "$(dirname "$(realpath "$0")")")
me=$(realpath "$0")

# What `make check` is to check: all that one kernel is enough for, and that is over
# in a few minutes.
checks="shellcheck analyze build-gcc build-clang help results skip-unless-root"
checks+=" skip-without-memcg skip-without-psi"

say()
{
	echo "fresh.sh: $*" >&2
}

cannot()
{
	say "SKIP: $*"
	exit 4
}

# host_uri REGEX - the first URI of this machine's apt sources that matches
host_uri()
{
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
		/etc/apt/sources.list.d/*.sources 2>/dev/null |
		grep -v '^#' | grep -oE '[a-z]+://[^ ]+' | grep -m 1 -E "$1" || :
}

# write_sources ROOT RELEASE - a system that is installed has the updates, too
write_sources()
{
	local mirror security

	mirror=$(host_uri '/debian/?$')
	security=$(host_uri '/debian-security/?$')
	{
		echo "deb $mirror $2 main"
		echo "deb $mirror $2-updates main"
		echo "deb ${security:-${mirror%/}-security} $2-security main"
	} >"$1/etc/apt/sources.list"
	cp /etc/resolv.conf "$1/etc/resolv.conf"
	{ grep -lsiE '^ *Acquire::https?::' /etc/apt/apt.conf.d/* /etc/apt/apt.conf || :; } |
		xargs -r cp -t "$1/etc/apt/apt.conf.d"
}

# Run the two commands in ROOT.  This is the first process of a namespace of its own
# for mounts and processes: whatever happens, nothing of it outlives us.
inside()
{
	local root=$1 cache=$2 proxies=() name

	mount -t proc proc "$root/proc"
	mount -t sysfs sys "$root/sys"
	mount --rbind /dev "$root/dev"
	mkdir -p "$root/root/.cache/memcg-bpf"
	[ -z "$cache" ] || mount --bind "$cache" "$root/root/.cache/memcg-bpf"
	for name in http_proxy https_proxy no_proxy; do
		[ -z "${!name-}" ] || proxies+=("$name=${!name}")
	done
	exec chroot "$root" env -i HOME=/root TERM=dumb "${proxies[@]}" \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		CHECKS="$checks" sh -c 'cd /root/memcg-bpf && make vm && make check'
}

if [ "${1-}" = --inside ]; then
	inside "$2" "$3"
fi

cache=
while getopts c: option; do
	case $option in
	c)	cache=$OPTARG ;;
	*)	say "see fresh.sh --help"; exit 2 ;;
	esac
done
shift $((OPTIND - 1))
case $* in
bookworm|trixie)	release=$1 ;;
*)	say "want a release, bookworm or trixie; see fresh.sh --help"; exit 2 ;;
esac
[ "$(id -u)" -eq 0 ] || cannot "not root: run with sudo"
command -v debootstrap >/dev/null || cannot "no debootstrap: apt-get install debootstrap"
[ -n "$(host_uri '/debian/?$')" ] || cannot "no mirror of Debian in this machine's apt sources"
if [ -n "$cache" ]; then
	mkdir -p "$cache" || exit 2
	cache=$(realpath "$cache")
fi

root=$(mktemp -d "${TMPDIR:-/var/tmp}/memcg-bpf-fresh.XXXXXX")
chmod 755 "$root"	# as / is: one of the checks is run as nobody
child=
cleanup()
{
	[ -z "$child" ] || kill -KILL "$child" 2>/dev/null || :
	wait 2>/dev/null || :
	rm -rf --one-file-system "$root"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say "making a minimal $release in $root"
if ! debootstrap --variant=minbase --include=git,make "$release" "$root" \
		"$(host_uri '/debian/?$')" >"$root.log" 2>&1; then
	tail -n 5 "$root.log" >&2
	rm -f "$root.log"
	cannot "debootstrap of $release failed"
fi
rm -f "$root.log"
write_sources "$root" "$release"
git -c safe.directory='*' clone -q "file://$top_dir" "$root/root/memcg-bpf"

# Two commands, two lines of results.
mkfifo "$root/output"
unshare --mount --propagation private --pid --fork --kill-child \
	"$me" --inside "$root" "$cache" >"$root/output" 2>&1 </dev/null &
child=$!
passed=0 failed=0 skipped=0 results=0
while IFS= read -r line; do
	printf '%s\n' "$line"
	if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
		skipped=$((skipped + BASH_REMATCH[3]))
		results=$((results + 1))
	fi
done <"$root/output"
status=0
wait "$child" || status=$?
child=
say "$release: both commands ended with status $status, $results of 2 gave results"
echo "$passed passed, $failed failed, $skipped skipped"
[ $status -eq 0 ] && [ $results -eq 2 ] && [ $failed -eq 0 ]
