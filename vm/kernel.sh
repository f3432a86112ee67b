#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The kernel to test: its source, and what is built from it.  Both live in a
# cache outside of this tree, under keys made of all that went in.
#
# usage: kernel.sh source	print the path of the patched source
#        kernel.sh build	build it, print the path of a folder with bzImage,
#				vmlinux and config
#
#   REVISION=v7|v6	the reference kernel of which revision of the RFC; default: v7
#   KSRC=DIR		a kernel tree from 6.12 on, instead of Debian's linux-source
#			package and the patches of a reference kernel
#   PATCHES=PATH[:...]	directories of patches, or an mbox, instead of those in
#			vm/patches/series.$REVISION; none for KSRC
#   FLAVOUR=debug	with what finds bugs in the kernel itself: vm/debug.config
#   MEMCG_BPF_CACHE=DIR	the cache; default: ~/.cache/memcg-bpf

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/common.sh"

tmp=
progress=

cleanup()
{
	stop_job
	stop_progress
	[ -z "$tmp" ] || rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# take_lock SUBDIR KEY - of two runs that want the same, one waits for the other
take_lock()
{
	need_cache "$1"
	exec 9>"$cache_dir/$1/$2.lock"
	flock 9
}

# new_entry SUBDIR - make $tmp, for what is to be an entry when it is complete
new_entry()
{
	tmp=$(mktemp -d "$cache_dir/$1/tmp.XXXXXX") ||
		die "$EXIT_USAGE" "cannot write to $cache_dir/$1: MEMCG_BPF_CACHE= moves the cache"
}

# keep_entry PATH - give $tmp its final name: nobody ever sees half of it
keep_entry()
{
	chmod 755 "$tmp"
	mv "$tmp" "$1"
	tmp=
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

# check_conflicts - a merge that was left in the middle is told of here, and not by
# the compiler in ten minutes.  Git keeps markers in the files; look only where the
# RFC, and what we build, is.
check_conflicts()
{
	local found

	found=$(cd "$KSRC" && grep -rnE -m 1 '^(<<<<<<<|>>>>>>>) ' \
		--include='*.[chS]' --include=Makefile --include=Kconfig --include=Kbuild \
		Makefile Kconfig init kernel mm fs include lib net arch/x86 block \
		drivers/virtio drivers/block drivers/base \
		tools/lib tools/bpf tools/include tools/testing/selftests/kselftest* \
		tools/testing/selftests/lib.mk 2>/dev/null | head -n 1) || :
	[ -z "$found" ] ||
		die "$EXIT_USAGE" "KSRC=$KSRC: a merge conflict that is not resolved, in ${found%%:[<>]*}"
}

check_input()
{
	local file path paths

	fragments=("$top_dir/config" "$vm_dir/kernel.config")
	if [ -n "${FLAVOUR-}" ]; then
		[ "$FLAVOUR" = debug ] ||
			die "$EXIT_USAGE" "FLAVOUR=$FLAVOUR: there is none but debug"
		fragments+=("$vm_dir/$FLAVOUR.config")
	fi

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
		[ ! -d "$1/arch/x86/include/generated" ]
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

hash_input()
{
	sha256sum | cut -c 1-12
}

unpack()
{
	if [ -n "${KSRC-}" ]; then
		say "copying $KSRC"
		cp -a --reflink=auto "$KSRC/." "$1" || return
		is_clean "$1" || make -s -C "$1" mrproper
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
			die "$EXIT_USAGE" "$patch does not apply to Linux $(make -s -C "$1" kernelversion)"
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
	[ ! -d "$source" ] || return 0
	take_lock source "$source_key"
	[ ! -d "$source" ] || return 0

	new_entry source
	run_job unpack "$tmp" ||
		die "$EXIT_USAGE" "cannot unpack to $cache_dir/source: it takes 2 GiB of disk space; MEMCG_BPF_CACHE= moves the cache"
	apply_patches "$tmp"
	keep_entry "$source"
}

# missing_options CONFIG FRAGMENT - what FRAGMENT asks for and CONFIG has not
missing_options()
{
	grep '=y$' "$2" | { grep -vxF -f "$1" || :; } | tr '\n' ' '
}

# configure OBJDIR - the smallest kernel that has what is asked for
configure()
{
	local missing

	cat "${fragments[@]}" >"$1/wanted.config"
	make -s -C "$source" O="$1" KCONFIG_ALLCONFIG="$1/wanted.config" \
		allnoconfig >"$1/configure.log" 2>&1 || {
		tail -n 20 "$1/configure.log" >&2
		die "$EXIT_BUILD" "cannot configure $source; log: $1/configure.log"
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
	make -C "$source" O="$1" -j"$(nproc)" bzImage >"$1/build.log" 2>&1
}

# Tell that something happens: the build is quiet for many minutes.
show_progress()
{
	while sleep 30; do
		say "$(grep -c '^  CC ' "$1/build.log") files compiled"
	done
}

# With its sleep, which would keep the output open.
stop_progress()
{
	[ -z "$progress" ] || kill -- "-$progress" 2>/dev/null || :
	progress=
}

build()
{
	local key obj entry status=0

	get_source
	key=$({ echo "$source_key"; gcc --version; pahole --version
		cat "${fragments[@]}"; } | hash_input)
	entry=$cache_dir/kernel/$key
	if [ ! -d "$entry" ]; then
		take_lock kernel "$key"
	fi
	if [ ! -d "$entry" ]; then
		# Kept when the build fails or is interrupted: make goes on from
		# there.  Only a complete entry gets its final name.
		obj=$cache_dir/kernel/$key.build
		mkdir -p "$obj"
		configure "$obj"

		say "building Linux $(make -s -C "$source" kernelversion), log: $obj/build.log"
		set -m
		show_progress "$obj" &
		progress=$!
		set +m
		run_job make_kernel "$obj" || status=$?
		stop_progress
		if [ $status -ne 0 ]; then
			grep -A 5 -m 1 -E 'error:|Error [0-9]|\*\*\*' "$obj/build.log" >&2 || :
			tail -n 15 "$obj/build.log" >&2
			die "$EXIT_BUILD" "the kernel does not build; log: $obj/build.log"
		fi

		new_entry kernel
		ln "$obj/arch/x86/boot/bzImage" "$obj/vmlinux" "$obj/build.log" "$tmp"
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

check_input
need_packages "${kernel_packages[@]}"
if [ "$1" = build ]; then
	build
else
	get_source
	echo "$source"
fi
