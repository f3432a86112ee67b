#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The root of a guest of another architecture, with what the suite is linked with: packages
# of the Debian release that this machine has, unpacked without running anything of them.
# It is in the cache of kernel.sh.
#
# usage: root.sh build		print its path
#
#   ARCH=arm64			the architecture
#   MEMCG_BPF_CACHE=DIR		the cache; default: ~/.cache/memcg-bpf
#
# apt has a configuration and lists of its own for it, so the machine does not change.  It
# takes packages from where the machine does, and needs no root.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/common.sh"
. "$vm_dir/cache.sh"

# what runs the suite, and what it is linked with
packages=(base-files bash busybox-static coreutils dash findutils grep mount perl-base sed
	util-linux libc6-dev libelf-dev zlib1g-dev)

# commands that have no file of their own until a package is configured
in_busybox=(awk sh which)

# release - that of this machine; a root is of the same, so that compilers and libraries
# are of one age
release()
{
	# shellcheck disable=SC1091
	(. /etc/os-release && echo "${VERSION_CODENAME-}") 2>/dev/null || :
}

# write_apt_config DIR
write_apt_config()
{
	mkdir -p "$1/state/lists/partial" "$1/cache/archives/partial"
	: >"$1/state/status"
	cat >"$1/apt.conf" <<-END
		#clear APT::Architectures;
		#clear APT::Update;
		#clear DPkg;
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Acquire::Languages "none";
		Dir::State "$1/state";
		Dir::State::status "$1/state/status";
		Dir::Cache "$1/cache";
	END
}

# fetch_packages DIR - get them, and what they depend on
fetch_packages()
{
	local apt=(apt-get -q -y -c "$1/apt.conf")

	# a source that has nothing of this architecture does no harm
	"${apt[@]}" update || :
	"${apt[@]}" --download-only install "${packages[@]}"
}

# unpack DIR ROOT - without running anything
unpack()
{
	local deb dir link name

	mkdir -p "$2/usr"
	for dir in bin sbin lib; do
		mkdir "$2/usr/$dir"
		ln -s "usr/$dir" "$2/$dir"
	done
	for deb in "$1"/cache/archives/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$2" -x --no-same-owner \
			--keep-directory-symlink || return
	done
	# the linker follows links on this machine
	find "$2" -lname '/*' -print0 |
		while IFS= read -r -d '' link; do
			ln -snfr "$2$(readlink "$link")" "$link" || return
		done || return
	for name in "${in_busybox[@]}"; do
		[ -e "$2/usr/bin/$name" ] || ln -s busybox "$2/usr/bin/$name"
	done
	# mount points
	mkdir -p "$2/host" "$2"/{dev,proc,run,sys,tmp,var/tmp}
	cp "$vm_dir/enter" "$2/enter"
}

build()
{
	local key entry log

	key=$({ echo "$arch" "$(release)"; cat "$vm_dir/root.sh" "$vm_dir/enter"; } | hash_input)
	entry=$cache_dir/root/$key
	if ! in_use "$entry"; then
		take_lock root "$key"
	fi
	if ! in_use "$entry"; then
		new_entry root
		log=$cache_dir/root/$key.log
		say "getting packages of Debian for $arch, log: $log"
		write_apt_config "$tmp/apt"
		run_job fetch_packages "$tmp/apt" >"$log" 2>&1 || {
			grep '^E: ' "$log" | tail -n 3 >&2 || :
			die "$EXIT_TOOLS" "cannot get packages for $arch from where apt does on this machine: see $log"
		}
		run_job unpack "$tmp/apt" "$tmp/root" >>"$log" 2>&1 || {
			tail -n 3 "$log" >&2
			die "$EXIT_USAGE" "cannot unpack to $cache_dir/root: it takes 300 MiB of disk space; MEMCG_BPF_CACHE= moves the cache"
		}
		rm -rf "$tmp/apt"
		keep_entry "$entry"
	fi
	echo "$entry/root"
}

[ "$*" = build ] || die "$EXIT_USAGE" "usage: ${0##*/} build"
read_target
[ -n "$cross" ] || die "$EXIT_USAGE" "ARCH=${ARCH-}: the root of an x86 guest is that of this machine"
check_path MEMCG_BPF_CACHE "$cache_dir"
need_packages "apt-get apt" "dpkg-deb dpkg"
build
