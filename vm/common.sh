# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the scripts in vm/ and ci/.  Those that source it are bash scripts with
# `set -eu`.

# Exit statuses of our own.  vmtest.sh passes on any other from its command.
# shellcheck disable=SC2034
EXIT_USAGE=2		# a bad option, kernel tree or patch
EXIT_TOOLS=120		# a tool is missing
EXIT_BUILD=121		# the kernel does not build
EXIT_PANIC=122		# panic or oops in the guest
EXIT_GUEST=123		# the guest ended without a word
EXIT_TIMEOUT=124	# as of timeout(1)

. "$(dirname "${BASH_SOURCE[0]}")/help.sh"

vm_dir=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck disable=SC2034
top_dir=$(dirname "$vm_dir")
cache_dir=${MEMCG_BPF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/memcg-bpf}

# A make that runs us has nothing to say to the makes that we run.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

say()
{
	echo "${0##*/}: $*" >&2
}

die()
{
	local status=$1

	shift
	say "$@"
	exit "$status"
}

# run_job COMMAND... - run it in a process group that stop_job can end: bash looks
# at a signal when what it waits for is a job
job=
run_job()
{
	local status=0

	set -m
	"$@" &
	job=$!
	set +m
	wait "$job" || status=$?
	job=
	return $status
}

stop_job()
{
	[ -z "$job" ] || kill -- "-$job" 2>/dev/null || :
}

# What is needed, as pairs of a command or file and the package that has it.
# shellcheck disable=SC2034
kernel_packages=("gcc gcc" "make make" "flex flex" "bison bison" "bc bc"
	"perl perl" "python3 python3" "lz4 lz4" "xz xz-utils" "patch patch" "pahole dwarves"
	"/usr/include/gelf.h libelf-dev"
	"/usr/include/openssl/ssl.h libssl-dev"
	"/usr/include/*/sys/types.h libc6-dev")
# shellcheck disable=SC2034
vm_packages=("qemu-system-x86_64 qemu-system-x86" "busybox busybox-static"
	"mkfs.ext4 e2fsprogs")

# reference_revisions - which revisions have a reference kernel, the newest first
reference_revisions()
{
	local series

	for series in "$vm_dir"/patches/series.*; do
		echo "${series##*.}"
	done | sort -r | xargs
}

# The LTS kernel that Debian 13 ships and Debian 12 offers; vm/patches is for it.
source_package=linux-source-6.12
source_tarball=/usr/src/$source_package.tar.xz
[ -n "${KSRC-}" ] || kernel_packages+=("$source_tarball $source_package")

# need_packages PAIR... - install what is missing
need_packages()
{
	local entry thing packages=()

	for entry in "$@"; do
		thing=${entry% *}
		if [[ $thing == /* ]]; then
			compgen -G "$thing" >/dev/null && continue
		else
			command -v "$thing" >/dev/null && continue
		fi
		packages+=("${entry#* }")
	done
	[ ${#packages[@]} -eq 0 ] && return

	if ! command -v apt-get >/dev/null; then
		die "$EXIT_TOOLS" "missing, by their names in Debian: ${packages[*]}"
	fi
	if [ "$(id -u)" -ne 0 ]; then
		die "$EXIT_TOOLS" "missing packages; install them with:
  sudo apt-get install --no-install-recommends ${packages[*]}"
	fi

	say "installing ${packages[*]}"
	if ! { apt-get -q update &&
	       DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
			--no-install-recommends "${packages[@]}"; } \
	     >/tmp/memcg-bpf-apt.$$ 2>&1; then
		tail -n 5 /tmp/memcg-bpf-apt.$$ >&2
		rm -f /tmp/memcg-bpf-apt.$$
		die "$EXIT_TOOLS" "apt-get install ${packages[*]} failed"
	fi
	rm -f /tmp/memcg-bpf-apt.$$
}

# need_cache SUBDIR - make a folder of the cache
need_cache()
{
	mkdir -p "$cache_dir/$1" 2>/dev/null ||
		die "$EXIT_USAGE" "cannot create $cache_dir/$1: set MEMCG_BPF_CACHE to a folder with 4 GiB of space"
}
