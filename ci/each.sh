#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: each.sh ENTRY BASE OUT [suite]
#
# Build each patch of a series on those before it, and with "suite" run the suite on each
# kernel that has memcg_bpf_ops and that a patch has changed.  ENTRY is what apply.sh has
# made, BASE the tree without the series.  OUT gets a folder for each patch:
#
#   state	builds or fails
#   error	why it fails
#   same	the patch before whose kernel it has
#   suite.ktap, verdict.json
#		if the suite ran
#
# All are built in one folder of the cache, where make builds what a patch changes.  A run
# that was killed goes on there; it is named in OUT/cache, for who removes it when the
# answer is written.
#
# Exit status: 0, also if a patch does not build; else that of kernel.sh, or 2.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/suite.sh"
. "$vm_dir/cache.sh"

[ $# -ge 3 ] || die "$EXIT_USAGE" "want ENTRY, BASE and OUT; see each.sh --help"
entry=$1
base=$(realpath "$2")
out=$3
want_suite=${4-}

# what the results are made of, besides the series
own_files()
{
	(cd "$top_dir" && find config settings promises lib progs prog_tests vm ci -type f \
		! -name '*.pyc' -exec sha256sum {} + | LC_ALL=C sort)
}

# in_tree COMMAND... - with the tree as it is after a patch, built in its one folder
in_tree()
{
	unset REVISION
	KSRC=$each/tree PATCHES='' KERNEL_OBJ=$obj "$@"
}

# copy_base - the tree to build, which goes from patch to patch
copy_base()
{
	[ ! -d "$each/tree" ] || return 0
	say "copying $base"
	remove_tree "$each/tree.part"
	mkdir "$each/tree.part"
	find "$base" -mindepth 1 -maxdepth 1 ! -name .git \
		-exec cp -a --reflink=auto -t "$each/tree.part" {} +
	chmod -R u+w "$each/tree.part"
	# what was built in place cannot be built elsewhere
	[ ! -e "$each/tree.part/.config" ] || make -s -C "$each/tree.part" mrproper
	mv "$each/tree.part" "$each/tree"
}

# is_same FILE FILE - what a link leads to is no matter
is_same()
{
	[ "$(kind_of "$1")" = "$(kind_of "$2")" ] && { [ -L "$1" ] || cmp -s "$1" "$2"; }
}

# kind_of FILE - where it leads to, or whether it is a program
kind_of()
{
	readlink "$1" || { [ ! -x "$1" ] || echo program; }
}

# go_to NUMBER - give the tree the files that it has after that patch, with new times for
# those that change
go_to()
{
	local file from=$entry/states/$1 to=$each/tree

	while IFS= read -r -d '' file; do
		if [ ! -e "$from/$file" ] && [ ! -L "$from/$file" ]; then
			rm -f "$to/$file"
		elif ! is_same "$from/$file" "$to/$file"; then
			mkdir -p "$(dirname "$to/$file")"
			cp --remove-destination --no-dereference "$from/$file" "$to/$file"
		fi
	done < <(cd "$entry/states" && find . -mindepth 2 ! -type d -printf '%P\0' |
		sed -z 's,^[0-9]*/,,' | sort -zu)
}

build_patch()
{
	local status=0

	run_job in_tree "$vm_dir/kernel.sh" build >"$1/path" 2>"$1/log" || status=$?
	rm -f "$1/path"
	if [ $status -eq "$EXIT_BUILD" ]; then
		echo fails >"$1/state"
		{ grep -m 3 -E 'error:|undefined reference|\*\*\*' "$1/log" ||
			tail -n 3 "$1/log"; } >"$1/error"
	elif [ $status -ne 0 ]; then
		cat "$1/log" >&2
		exit $status
	else
		echo builds >"$1/state"
		sha256sum <"$obj/vmlinux" >"$1/kernel"
	fi
	rm -f "$1/log"
}

# has_ops - has the kernel the type without which all of the suite is skipped?
has_ops()
{
	grep -q -a -F bpf_struct_ops_memcg_bpf_ops "$obj/vmlinux"
}

# same_kernel DIR - the patch before it that left the same, if any
same_kernel()
{
	local number

	for ((number = 1; number < ${1//[!0-9]/}; number++)); do
		! cmp -s "$each/results/$number/kernel" "$each/results/$1/kernel" || {
			echo $number
			return
		}
	done
}

run_suite()
{
	in_tree "$ci_dir/run-suite.sh" -o "$out/vm" </dev/null |
		"$ci_dir/verdict.py" --ktap="$1/suite.ktap" --json="$1/verdict.json" >&2 || :
}

take_patch()
{
	local number=$1 dir=$each/results/$1.part same

	say "patch $number of $count: $2"
	rm -rf "$dir"
	mkdir -p "$dir"
	go_to "$number"
	build_patch "$dir"
	if [ -e "$dir/kernel" ]; then
		same=$(same_kernel "$number.part")
		if [ -n "$same" ]; then
			echo "$same" >"$dir/same"
		elif [ -n "$want_suite" ] && has_ops; then
			run_job run_suite "$dir"
		fi
	fi
	mv "$dir" "$each/results/$number"
}

key=$({ echo "${entry##*/} ${FLAVOUR-} ${ARCH-} ${PAGES-} ${TESTS-} $want_suite"; own_files; } | hash_input)
each=$cache_dir/review/$key-each
obj=$each/kernel-$key
take_lock review "$key-each"
mkdir -p "$each/results" "$out" ||
	die "$EXIT_USAGE" "cannot write to $each: MEMCG_BPF_CACHE= moves the cache"
touch "$each"
count=$(wc -l <"$entry/applied")
copy_base
number=0
while IFS=$'\t' read -r _ _ subject; do
	number=$((number + 1))
	[ -d "$each/results/$number" ] || take_patch $number "$subject"
	rm -rf "${out:?}/$number"
	cp -a "$each/results/$number" "$out/$number"
done <"$entry/applied"
echo "$each" >"$out/cache"
