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

# A service may have no HOME.
if [ -z "${HOME-}" ]; then
	HOME=$(getent passwd "$(id -u)" | cut -d : -f 6)
	export HOME=${HOME:-/nonexistent}
fi
cache_dir=${MEMCG_BPF_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/memcg-bpf}
[[ $cache_dir == /* ]] || cache_dir=$PWD/$cache_dir

cache_days=${MEMCG_BPF_CACHE_DAYS:-7}

# The flags of a make that runs this script are not for the makes that it runs.
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

# check_path NAME PATH - make, the options of QEMU and the kernel's command line are
# lists of words: a path in them cannot have what they take for something else
check_path()
{
	local odd=${2//[[:alnum:]\/._+@~^-]/}

	# bytes of a letter that is not in ASCII
	odd=${odd//[$'\x80'-$'\xff']/}
	[ -n "$odd" ] || return 0
	odd=${odd:0:1}
	case $odd in
	[[:space:]])	odd="a blank" ;;
	[[:cntrl:]])	odd="a control character" ;;
	esac
	die "$EXIT_USAGE" "$1=${2//[[:cntrl:]]/?}: the path must not have $odd in it, which make, QEMU or the kernel takes for something else"
}

# What is needed, as pairs of a command or file and the package that has it.  read_target
# adds to both.
# shellcheck disable=SC2034
kernel_packages=("gcc gcc" "make make" "flex flex" "bison bison" "bc bc"
	"perl perl" "python3 python3" "lz4 lz4" "xz xz-utils" "patch patch" "pahole dwarves"
	"/usr/include/gelf.h libelf-dev"
	"/usr/include/openssl/ssl.h libssl-dev"
	"/usr/include/*/sys/types.h libc6-dev")
# shellcheck disable=SC2034
vm_packages=("mkfs.ext4 e2fsprogs")

# FLAVOUR=NAME,... - options that the kernel has besides: files of vm/flavours
flavours=${FLAVOUR-}
flavours=${flavours//,/ }

has_flavour()
{
	[[ " $flavours " == *" $1 "* ]]
}

known_flavours()
{
	(cd "$vm_dir/flavours" && basename -a -s .config ./*.config | paste -sd ' ')
}

# check_flavours - refuse what is none of them
check_flavours()
{
	local flavour

	for flavour in $flavours; do
		[ -r "$vm_dir/flavours/$flavour.config" ] ||
			die "$EXIT_USAGE" "FLAVOUR=$flavour: want of $(known_flavours)"
	done
}

# read_target - look what machine ARCH and PAGES name, and set
#   $arch		x86 or arm64
#   $pages		4k or 64k
#   $cross		the prefix of its compiler, or nothing for that of this machine
#   $target_make	what says so to make
#   $target_fragments	options of its kernel
#   $image		the file of its kernel that boots, below arch/$arch/boot
#   $qemu_program	what emulates it
# What else the environment says of a build is for another.
# shellcheck disable=SC2034
read_target()
{
	pages=${PAGES:-4k}
	pages=${pages,,}
	target_make=()
	target_fragments=()
	case ${ARCH-} in
	''|x86|x86_64|amd64)
		arch=x86
		cross=
		image=bzImage
		qemu_program=qemu-system-x86_64
		[ "$pages" = 4k ] ||
			die "$EXIT_USAGE" "PAGES=$PAGES: want 4k, or ARCH=arm64 with PAGES=64k"
		vm_packages+=("$qemu_program qemu-system-x86" "busybox busybox-static")
		;;
	arm64|aarch64)
		arch=arm64
		cross=aarch64-linux-gnu-
		image=Image
		qemu_program=qemu-system-aarch64
		target_make=(ARCH=arm64 CROSS_COMPILE="$cross")
		target_fragments=("$vm_dir/arm64.config")
		case $pages in
		4k)	;;
		64k)	target_fragments+=("$vm_dir/arm64-64k.config") ;;
		*)	die "$EXIT_USAGE" "PAGES=$PAGES: want 4k or 64k" ;;
		esac
		kernel_packages+=("${cross}gcc gcc-aarch64-linux-gnu")
		vm_packages+=("$qemu_program qemu-system-arm")
		;;
	*)
		die "$EXIT_USAGE" "ARCH=$ARCH: want x86 or arm64"
		;;
	esac
}

# default_timeout - print when a run is given up, in seconds, after read_target.  A debug kernel
# is slow, and so is a machine that is always emulated.
default_timeout()
{
	if has_flavour debug; then
		echo 10800
	elif [ -n "$cross" ]; then
		echo 3600
	else
		echo 1800
	fi
}

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
		die "$EXIT_USAGE" "cannot create $cache_dir/$1: set MEMCG_BPF_CACHE to a folder with 3 GiB of space"
}

# in_use DIR - mark it as used now; fail if it is not there
in_use()
{
	touch -c "$1" 2>/dev/null || :
	[ -d "$1" ]
}

# remove_unused DIR GLOB - remove the folders in DIR that were not used for so many days
remove_unused()
{
	local old

	[[ $cache_days =~ ^[1-9][0-9]{0,4}$ ]] ||
		die "$EXIT_USAGE" "MEMCG_BPF_CACHE_DAYS=$cache_days: want days"
	find "$1" -mindepth 1 -maxdepth 1 -type d -name "$2" -mtime "+$cache_days" |
		while IFS= read -r old; do
			# rename first, so that no other run finds half of it
			mv "$old" "$1/tmp.${old##*/}.$$" 2>/dev/null || continue
			say "removing $old, which was not used for $cache_days days"
			rm -rf "$1/tmp.${old##*/}.$$"
		done
}
