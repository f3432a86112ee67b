#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2030,SC2031 # each kernel is chosen in a subshell
#
# usage: review.sh
#
# Try a series that implements memcg_bpf_ops, and write what can be sent back: does the
# kernel with it keep what the series promises, do the kernel's own tests of cgroups that
# passed without it pass with it, what does it cost where nothing is attached, and
# how large is it.
#
#   KSRC=DIR	the kernel tree without the series; default: Debian's linux-source
#		package, and the series is that of a reference kernel (REVISION=)
#   SERIES=MBOX	the series.  It is applied to a copy: by git am with a 3-way merge,
#		on the commit that it names, where KSRC is a git tree, else by patch
#   BASE=DIR	instead of SERIES: KSRC has the series in it, and BASE is the tree
#		without
#   OUT=DIR	where the answer goes, and all that it is made of; default: out/review
#   PARTS=NAME..	which of suite, selftests, cost and size; default: all
#
# FLAVOUR=, MEMCG_BPF_CACHE=: see vm/kernel.sh.  Files of OUT: review.txt, as a reply to
# the series; review.json; suite.ktap, suite.xml; selftests-base, selftests-patched;
# cost/overhead.csv; size.txt.
#
# Exit status: 0 if nothing speaks against the series, 1 if something does, 2 if it does
# not apply or build.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/suite.sh"

out=${OUT:-$top_dir/out/review}
parts=" ${PARTS:-suite selftests cost size} "
series=${SERIES-}
base=${BASE-}
tree=${KSRC-}
# of the kernel's tools/testing/selftests/cgroup: what the series could break
selftests=(test_core test_memcontrol test_kmem test_kill test_freezer test_zswap)
unset OUT PARTS SERIES BASE

for part in $parts; do
	[[ " suite selftests cost size " == *" $part "* ]] ||
		die "$EXIT_USAGE" "PARTS: no part $part; there are suite, selftests, cost and size"
done
[ -z "$series" ] || [ -r "$series" ] || die "$EXIT_USAGE" "SERIES=$series: cannot read it"
[ -z "$series" ] || [ -n "$tree" ] ||
	die "$EXIT_USAGE" "SERIES=$series: name the tree that it is for with KSRC="
[ -z "$series" ] || [ -z "$base" ] ||
	die "$EXIT_USAGE" "SERIES= and BASE=: one of them says what KSRC= is without the series"
[ -z "$tree" ] || [ -n "$series$base" ] ||
	die "$EXIT_USAGE" "KSRC=$tree: name the series with SERIES=, or with BASE= the tree without it"
[ -z "${PATCHES-}" ] || die "$EXIT_USAGE" "PATCHES=: the series is SERIES="
mkdir -p "$out" || die "$EXIT_USAGE" "OUT=$out: cannot create it"
out=$(realpath "$out")
rm -rf "$out"/{review.txt,review.json,suite.ktap,suite.xml,verdict.json,size.txt,cost,about} \
	"$out"/selftests-{base,patched}
read_target
need_packages "${kernel_packages[@]}" "${suite_packages[@]}" "${vm_packages[@]}" \
	"python3 python3" "git git"

# with_base COMMAND..., with_series COMMAND... - with that kernel as the one to test
with_base()
{
	(
		unset REVISION
		export PATCHES=
		[ -z "$tree" ] || export KSRC=${base:-$tree}
		"$@"
	)
}

with_series()
{
	(
		[ -z "$tree" ] || export KSRC=$patched PATCHES=
		"$@"
	)
}

# refuse FILE PATCH - the series stops at a patch: which, where, and what it wants there
refuse()
{
	cat "$1" >&2
	die "$EXIT_USAGE" "SERIES=$series does not apply to $tree: $2"
}

# apply_git DIR - to a clone of a git tree
apply_git()
{
	local commit

	commit=$(sed -n 's/^base-commit: \([0-9a-f]\{12,40\}\)$/\1/p' "$series" | head -n 1)
	if [ -n "$commit" ] && ! git -C "$tree" cat-file -e "$commit^{commit}" 2>/dev/null; then
		say "$tree does not have base-commit $commit, so the series is applied to its HEAD"
		commit=
	fi
	git clone -q --shared --no-checkout "$tree" "$1"
	git -C "$1" checkout -q "${commit:-$(git -C "$tree" rev-parse HEAD)}"
	base=$1.base
	git clone -q --shared "$1" "$base"
	git -C "$1" -c user.name=review -c user.email=review@localhost am -q -3 \
		"$(realpath "$series")" >"$1.log" 2>&1 ||
		{ git -C "$1" am --show-current-patch=diff >>"$1.log" 2>&1 || :
		refuse "$1.log" "git am -3 stopped"; }
}

# apply_patches DIR - to a copy of any other
apply_patches()
{
	local mail subject

	cp -a --reflink=auto "$tree/." "$1"
	mkdir "$1.mails"
	git mailsplit -o"$1.mails" "$series" >/dev/null
	for mail in "$1.mails"/*; do
		subject=$(git mailinfo "$1.msg" "$1.patch" <"$mail" | sed -n 's/^Subject: //p')
		grep -q '^diff ' "$1.patch" || continue
		patch -d "$1" -p1 -F0 -f --no-backup-if-mismatch -r "$1.rejected" <"$1.patch" \
			>"$1.log" 2>&1 && continue
		cat "$1.rejected" >>"$1.log" 2>/dev/null || :
		refuse "$1.log" "\"$subject\""
	done
}

# apply_series - set $patched; what was applied before is there already
apply_series()
{
	local key dir

	if [ -z "$series" ]; then
		patched=$tree
		return
	fi
	key=$({ realpath "$tree"; stat -c '%Y' "$tree"; git -C "$tree" rev-parse HEAD 2>&1
		cat "$series"; } | sha256sum | cut -c 1-12)
	need_cache review
	dir=$cache_dir/review/$key
	patched=$dir/tree
	if [ ! -e "$dir/complete" ]; then
		rm -rf "$dir"
		mkdir "$dir"
		say "applying $series to a copy of $tree"
		if git -C "$tree" rev-parse -q --git-dir >/dev/null 2>&1; then
			apply_git "$patched"
		else
			apply_patches "$patched"
		fi
		touch "$dir/complete"
	fi
	[ ! -d "$patched.base" ] || base=$patched.base
}

part()
{
	[[ $parts == *" $1 "* ]] || return
	say "$1"
}

review_suite()
{
	run_suite()
	{
		with_series "$ci_dir/run-suite.sh" -o "$out/vm"
	}
	run_suite | "$ci_dir/verdict.py" --ktap="$out/suite.ktap" --json="$out/verdict.json" || :
	"$ci_dir/ktap2junit.py" "$out/suite.ktap" "$out/suite.xml" || :
}

# review_selftests WHICH COMMAND - of the kernel's tree without the series, which both
# kernels run: `ok PROGRAM.TEST` and the like, a line each
review_selftests()
{
	local name obj=$out/selftests source

	source=$(with_base "$vm_dir/kernel.sh" source)
	mkdir -p "$obj"
	for name in "${selftests[@]}"; do
		[ -e "$obj/$name" ] ||
			make -s -C "$source/tools/testing/selftests/cgroup" OUTPUT="$obj" \
				"$obj/$name" >"$obj/$name.log" 2>&1 ||
			say "$name does not build; log: $obj/$name.log"
	done
	# A test that hangs does not keep the others.
	# shellcheck disable=SC2016 # expanded in the guest
	"$2" "$vm_dir/vmtest.sh" -t 3600 -o "$out/vm" -- sh -c '
		dir=$1; shift
		for name in "$@"; do
			[ -x "$dir/$name" ] || continue
			echo "# program $name"
			timeout 600 "$dir/$name" 2>&1 || echo "# status $?"
		done' sh "$obj" "${selftests[@]}" >"$out/selftests-$1.log" ||
		say "selftests on the $1 kernel: status $?"
	awk '/^# program / { program = $3; next }
		/^(ok|not ok) / {
			result = $1 == "ok" ? (/# SKIP/ ? "skip" : "ok") : "fail"
			name = $0; sub(/^(not )?ok [0-9]+ (- )?/, "", name); sub(/ *#.*/, "", name)
			print result, program "." name
		}' "$out/selftests-$1.log" >"$out/selftests-$1"
}

review_cost()
{
	local bench

	rm -rf "$out/cost.part"
	bench=(env RESULTS="$out/cost.part" TASKS="${TASKS-1}" TRIALS="${TRIALS-8}"
		OPS="${OPS-unpatched,unpatched_again,none,empty,all}"
		"$ci_dir/run-bench.sh" overhead)
	if [ -n "$tree" ]; then
		BASE=${base:-$tree} with_series "${bench[@]}"
	else
		"${bench[@]}"
	fi
	mv "$out/cost.part"/overhead-* "$out/cost"
	rmdir "$out/cost.part"
	make -s -C "$top_dir" analyze
	"$top_dir/out/host/analyze" --show=findings "$out/cost/overhead.csv" >"$out/cost/findings"
}

# Of kernels without what is there for the tests only.
review_size()
{
	local was now source

	was=$(FLAVOUR=measure with_base "$vm_dir/kernel.sh" build)
	now=$(FLAVOUR=measure with_series "$vm_dir/kernel.sh" build)
	source=$(with_base "$vm_dir/kernel.sh" source)
	{
		size "$was/vmlinux" "$now/vmlinux"
		python3 "$source/scripts/bloat-o-meter" "$was/vmlinux" "$now/vmlinux"
	} >"$out/size.txt"
}

apply_series
say "building both kernels"
with_base "$vm_dir/kernel.sh" build >/dev/null
with_series "$vm_dir/kernel.sh" build >/dev/null
{
	echo "base: Linux $(make -s -C "$(with_base "$vm_dir/kernel.sh" source)" kernelversion)"
	echo "series: ${series:-${base:+that of $tree}}"
	[ -n "$tree" ] || echo "series: the reference kernel of RFC ${REVISION:-v7}"
	echo "command: make review${tree:+ KSRC=$tree}${series:+ SERIES=$series}"
} | sed '/^series: $/d' >"$out/about"

! part suite || review_suite
if part selftests; then
	review_selftests base with_base
	review_selftests patched with_series
fi
! part cost || review_cost
! part size || review_size
exec "$ci_dir/review.py" "$out"
