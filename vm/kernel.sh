#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel to test: its source, and what is built from it.  Both live in a
# cache outside of this tree, under keys made of all that went in.
#
# usage: kernel.sh source	print the path of the patched source
#        kernel.sh build	build it, print the path of a folder with bzImage (arm64:
#				Image), vmlinux and config
#
#   REVISION=v7|v6	the reference kernel of which revision of the RFC; default: v7
#   KSRC=DIR		a kernel tree from 6.12 on, instead of Debian's linux-source
#			package and the patches of a reference kernel
#   PATCHES=PATH[:...]	directories of patches, or an mbox, instead of those in
#			vm/patches/series.$REVISION; none for KSRC
#   FLAVOUR=NAME,...	with the options of vm/flavours/NAME.config, such as
#			debug	what finds bugs in the kernel itself
#			measure	without what the kernels of users have not, such as the
#				faults; a tree that has none of that has one kernel for both
#			thp	and others: what distributions turn on
#   ARCH=arm64		for that architecture; default: x86
#   PAGES=4k|64k	the page size of arm64; default: 4k
#   KERNEL_OBJ=DIR	build in that folder, which is kept, instead of in the cache: when
#			the tree changes, make builds what has changed
#   MEMCG_BPF_CACHE=DIR	the cache; default: ~/.cache/memcg-bpf
#   MEMCG_BPF_CACHE_DAYS=N	what was not used for longer is removed when something new
#			is built; default: 7
#
# Nothing else of the environment has a part in it: not LLVM, KCFLAGS or CROSS_COMPILE.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/common.sh"

. "$vm_dir/cache.sh"

progress=

cleanup()
{
	stop_progress
	cleanup_cache
}

# kernel_make ARG... - make in a kernel tree, with nothing of the environment: what it says
# of another build would make another kernel under the same key
kernel_make()
{
	env -i PATH="$PATH" HOME="$HOME" TMPDIR="${TMPDIR:-/tmp}" LC_ALL=C make "$@"
}

# read_series REVISION - the patches of its reference kernel, in their order
read_series()
{
	local series=$vm_dir/patches/series.$1 name

	[ -r "$series" ] ||
		die "$EXIT_USAGE" "REVISION=$1: there is no reference kernel of it, but of $(reference_revisions)"
	while read -r name; do
		[[ $name == \#* ]] || patches+=("$vm_dir/patches/$name")
	done <"$series"
}

# check_version - the suite needs a kernel that has struct_ops links with flags, and
# libbpf and kselftest of its age
check_version()
{
	local version patchlevel

	version=$(sed -n 's/^VERSION = \([0-9]*\)$/\1/p' "$KSRC/Makefile")
	patchlevel=$(sed -n 's/^PATCHLEVEL = \([0-9]*\)$/\1/p' "$KSRC/Makefile")
	if [ -z "$version" ] || [ -z "$patchlevel" ]; then
		die "$EXIT_USAGE" "KSRC=$KSRC: not a kernel tree, its Makefile has no VERSION and PATCHLEVEL"
	fi
	[ $((version * 1000 + patchlevel)) -ge 6012 ] ||
		die "$EXIT_USAGE" "KSRC=$KSRC is Linux $version.$patchlevel: want 6.12 or newer"
}

# check_conflicts - refuse an unresolved merge now, and not with an error of the compiler ten
# minutes later.  Look for conflict markers only in what the RFC changes and we build.
check_conflicts()
{
	local found

	found=$(cd "$KSRC" && grep -rnE -m 1 '^(<<<<<<<|>>>>>>>) ' \
		--include='*.[chS]' --include=Makefile --include=Kconfig --include=Kbuild \
		Makefile Kconfig init kernel mm fs include lib net "arch/$arch" block \
		drivers/virtio drivers/block drivers/base \
		tools/lib tools/bpf tools/include tools/testing/selftests/kselftest* \
		tools/testing/selftests/lib.mk 2>/dev/null | head -n 1) || :
	[ -z "$found" ] ||
		die "$EXIT_USAGE" "KSRC=$KSRC: a merge conflict that is not resolved, in ${found%%:[<>]*}"
}

check_input()
{
	local file path paths flavour

	check_path "this tree" "$top_dir"
	check_path MEMCG_BPF_CACHE "$cache_dir"
	check_path KSRC "${KSRC-}"
	fragments=("$top_dir/config" "$vm_dir/kernel.config"
		${target_fragments[@]+"${target_fragments[@]}"})
	check_flavours
	for flavour in $flavours; do
		fragments+=("$vm_dir/flavours/$flavour.config")
	done

	patches=()
	if [ -z "${PATCHES+set}" ] && [ -z "${KSRC-}" ]; then
		read_series "${REVISION:=v7}"
		return
	fi
	[ -z "${REVISION-}" ] ||
		die "$EXIT_USAGE" "REVISION=$REVISION names a reference kernel, ${KSRC:+KSRC=}${KSRC:-PATCHES=$PATCHES} another: leave one out"

	IFS=: read -r -a paths <<<"${PATCHES-}"
	for path in ${paths[@]+"${paths[@]}"}; do
		[ -r "$path" ] || die "$EXIT_USAGE" "PATCHES=$path: cannot read it"
		if [ ! -d "$path" ]; then
			patches+=("$(realpath "$path")")
			continue
		fi
		mapfile -t -O ${#patches[@]} patches < <(find "$(realpath "$path")" \
			-maxdepth 1 -name '*.patch' | LC_ALL=C sort)
		compgen -G "$path/*.patch" >/dev/null ||
			die "$EXIT_USAGE" "PATCHES=$path: no *.patch in it"
	done

	if [ -z "${KSRC-}" ]; then
		return
	fi
	for file in Makefile Kconfig tools/lib/bpf/libbpf.c \
		    tools/testing/selftests/lib.mk; do
		[ -r "$KSRC/$file" ] ||
			die "$EXIT_USAGE" "KSRC=$KSRC: not a kernel tree, cannot read $file in it"
	done
	KSRC=$(realpath "$KSRC")
	check_version
	check_conflicts
}

# A tree that somebody built in place cannot be built from elsewhere.
is_clean()
{
	[ ! -e "$1/.config" ] && [ ! -d "$1/include/config" ] &&
		! compgen -G "$1/arch/*/include/generated" >/dev/null
}

# All that makes one source differ from another.
print_identity()
{
	if [ -n "${KSRC-}" ]; then
		echo "$KSRC"
		find "$KSRC" -name .git -prune -o -type f -printf '%P %s %T@\n' |
			LC_ALL=C sort
	else
		stat -c '%n %s %Y' "$source_tarball"
	fi
	[ ${#patches[@]} -eq 0 ] || cat "${patches[@]}"
}

unpack()
{
	if [ -n "${KSRC-}" ]; then
		say "copying $KSRC"
		# without its history, which may be larger than all the rest
		find "$KSRC" -mindepth 1 -maxdepth 1 ! -name .git \
			-exec cp -a --reflink=auto -t "$1" {} + || return
		is_clean "$1" || kernel_make -s -C "$1" mrproper
	else
		say "unpacking $source_tarball"
		tar -C "$1" --strip-components=1 -xf "$source_tarball"
	fi
}

apply_patches()
{
	local patch out

	for patch in ${patches[@]+"${patches[@]}"}; do
		# No fuzz: where a patch almost fits, the code may have changed.
		if ! out=$(patch -d "$1" -p1 -F0 -f --no-backup-if-mismatch \
				<"$patch" 2>&1); then
			echo "$out" >&2
			die "$EXIT_USAGE" "$patch does not apply to Linux $(kernel_make -s -C "$1" kernelversion)"
		fi
	done
}

# Set $source, and $source_key.
get_source()
{
	source_key=$(print_identity | hash_input)
	if [ -n "${KSRC-}" ] && [ ${#patches[@]} -eq 0 ] && is_clean "$KSRC"; then
		source=$KSRC
		return
	fi

	source=$cache_dir/source/$source_key
	! in_use "$source" || return 0
	take_lock source "$source_key"
	! in_use "$source" || return 0

	new_entry source
	run_job unpack "$tmp" ||
		die "$EXIT_USAGE" "cannot unpack to $cache_dir/source: it takes 2 GiB of disk space; MEMCG_BPF_CACHE= moves the cache"
	apply_patches "$tmp"
	keep_entry "$source"
}

# missing_options CONFIG WANTED - what WANTED asks for, whose later lines count, and CONFIG
# has not
missing_options()
{
	awk '/=y$/ { wanted[$0] }
	     /^# CONFIG_.* is not set$/ { delete wanted[$2 "=y"] }
	     END { for (option in wanted) print option }' "$2" |
		sort | { grep -vxF -f "$1" || :; } | tr '\n' ' '
}

# cannot_build LOG MESSAGE - end, as MESSAGE says, unless it is this machine that has failed
cannot_build()
{
	local line

	line=$(grep -m 1 -E '(Killed|Terminated|Hangup|Interrupt)( signal|$)|No space left on device|Cannot allocate memory' "$1") ||
		die "$EXIT_BUILD" "$2; log: $1"
	die "$EXIT_USAGE" "the build was cut short, which says nothing of the tree: ${line##*] }; log: $1"
}

# configure OBJDIR - the smallest kernel that has what is asked for
configure()
{
	local missing

	cat "${fragments[@]}" >"$1/wanted.config"
	kernel_make -s -C "$source" O="$1" "${target_make[@]}" KCONFIG_ALLCONFIG="$1/wanted.config" \
		allnoconfig >"$1/configure.log" 2>&1 || {
		tail -n 20 "$1/configure.log" >&2
		cannot_build "$1/configure.log" "cannot configure $source"
	}

	missing=$(missing_options "$1/.config" "$top_dir/config")
	[ -z "$missing" ] ||
		die "$EXIT_BUILD" "this kernel cannot have $missing; see $1/.config"

	# Names come and go.  The guest may well boot without one of these.
	missing=$(missing_options "$1/.config" "$1/wanted.config")
	[ -z "$missing" ] || say "note: this kernel does not have $missing"
}

make_kernel()
{
	kernel_make -C "$source" O="$1" "${target_make[@]}" -j"$(nproc)" "$image" >"$1/build.log" 2>&1
}

# Print progress: the build is quiet for many minutes.
show_progress()
{
	while sleep 30; do
		say "$(grep -c '^  CC ' "$1/build.log") files compiled"
	done
}

# Kill the process group: a sleep that is left would keep the output open.
stop_progress()
{
	[ -z "$progress" ] || kill -- "-$progress" 2>/dev/null || :
	progress=
}

# build_in OBJDIR - configure the kernel and make it there
build_in()
{
	local obj=$1 status=0

	mkdir -p "$obj" || die "$EXIT_USAGE" "cannot create $obj to build in"
	configure "$obj"

	say "building Linux $(kernel_make -s -C "$source" kernelversion), log: $obj/build.log"
	set -m
	show_progress "$obj" &
	progress=$!
	set +m
	run_job make_kernel "$obj" || status=$?
	stop_progress
	if [ $status -ne 0 ]; then
		grep -A 5 -m 1 -E 'error:|Error [0-9]|\*\*\*' "$obj/build.log" >&2 || :
		tail -n 15 "$obj/build.log" >&2
		cannot_build "$obj/build.log" "the kernel does not build"
	fi
}

# is_idle FRAGMENT - does it only take away what this source has not?
is_idle()
{
	local option options=()

	! grep -q '^CONFIG_' "$1" || return
	mapfile -t options < <(sed -n 's/^# CONFIG_\(.*\) is not set$/\1/p' "$1")
	for option in "${options[@]}"; do
		! grep -r -q -s --include='Kconfig*' -x -E "(menu)?config $option" "$source" || return
	done
}

# drop_idle_flavours - so that a kernel is not built twice
drop_idle_flavours()
{
	local fragment kept=()

	for fragment in "${fragments[@]}"; do
		[[ $fragment == "$vm_dir"/flavours/* ]] && is_idle "$fragment" || kept+=("$fragment")
	done
	fragments=("${kept[@]}")
}

# build_kept - in KERNEL_OBJ, which becomes what an entry of the cache is
build_kept()
{
	check_path KERNEL_OBJ "$KERNEL_OBJ"
	build_in "$KERNEL_OBJ"
	ln -sf "arch/$arch/boot/$image" "$KERNEL_OBJ/$image"
	ln -sf .config "$KERNEL_OBJ/config"
	echo "$KERNEL_OBJ"
}

build()
{
	local key obj entry

	get_source
	drop_idle_flavours
	if [ -n "${KERNEL_OBJ-}" ]; then
		build_kept
		return
	fi
	# What another architecture adds leaves the keys of x86 what they are.
	key=$({ echo "$source_key"; "${cross}gcc" --version; pahole --version
		cat "${fragments[@]}"
		[ -z "$cross" ] || { echo "${target_make[*]}"; gcc --version; }; } | hash_input)
	entry=$cache_dir/kernel/$key
	if ! in_use "$entry"; then
		take_lock kernel "$key"
	fi
	if [ ! -d "$entry" ]; then
		# Kept when the build fails or is interrupted: make goes on from
		# there.  Only a complete entry gets its final name.
		obj=$cache_dir/kernel/$key.build
		build_in "$obj"
		new_entry kernel
		ln "$obj/arch/$arch/boot/$image" "$obj/vmlinux" "$obj/build.log" "$tmp"
		ln "$obj/.config" "$tmp/config"
		keep_entry "$entry"
		rm -rf "$obj"
	fi
	echo "$entry"
}

case "$*" in
source|build)	;;
*)		die "$EXIT_USAGE" "usage: ${0##*/} source|build" ;;
esac

read_target
check_input
need_packages "${kernel_packages[@]}"
if [ "$1" = build ]; then
	build
else
	get_source
	echo "$source"
fi
