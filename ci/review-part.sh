#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2030,SC2031 # each kernel is chosen in a subshell
#
# usage: review-part.sh PART
#
# Do a part of what review.sh does, and leave the answer in OUT: suite, stress,
# selftests, cost or size.
#
#   OUT=DIR		the folder of the review
#   BASE_TREE=DIR	the tree without the series, and SERIES_TREE=DIR that with it;
#			neither: those of a reference kernel (REVISION=)
#
# Exit status: 0 when it ran to its end, whatever came out.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/suite.sh"
. "$vm_dir/cache.sh"

out=$OUT
base=${BASE_TREE-}
patched=${SERIES_TREE-}
# of the kernel's tools/testing/selftests/cgroup: what the series could break
selftests=(test_core test_memcontrol test_kmem test_kill test_freezer test_zswap)
unset OUT BASE_TREE SERIES_TREE

# with_base COMMAND..., with_patched COMMAND... - with the kernel without the series, or with
# it, as the one to test
with_base()
{
	(
		unset REVISION
		export PATCHES=
		[ -z "$base" ] || export KSRC=$base
		"$@"
	)
}

with_patched()
{
	(
		[ -z "$patched" ] || export KSRC=$patched PATCHES=
		"$@"
	)
}

# run_suite NAME - NAME.ktap and the verdict on it, in a folder of its own until it is there
run_suite()
{
	with_patched "$ci_dir/run-suite.sh" -o "$out/vm" </dev/null |
		"$ci_dir/verdict.py" --ktap="$out/$1.ktap.part" --json="$out/$1.json.part" >&2 || :
	mv "$out/$1.ktap.part" "$out/$1.ktap"
	mv "$out/$1.json.part" "$out/$1.json"
}

# The last patch of a series has the kernel that is asked for: the suite ran on it already.
suite_of_each()
{
	local last=$out/each/$1

	[ ! -e "$last/same" ] || last=$out/each/$(cat "$last/same")
	[ -e "$last/verdict.json" ] || return
	cp "$last/suite.ktap" "$out/suite.ktap"
	cp "$last/verdict.json" "$out/verdict.json"
}

# What debugs this kernel, for the answer: the names of options that it has.
tell_debug_options()
{
	local kernel option

	kernel=$(with_patched "$vm_dir/kernel.sh" build)
	for option in KASAN PROVE_LOCKING PROVE_RCU DEBUG_KMEMLEAK DEBUG_OBJECTS DEBUG_ATOMIC_SLEEP; do
		! grep -q "^CONFIG_$option=y$" "$kernel/config" || echo "$option"
	done >"$out/debug"
}

part_suite()
{
	local count=0

	! has_flavour debug || tell_debug_options
	[ ! -d "$out/each" ] ||
		count=$(find "$out/each" -mindepth 1 -maxdepth 1 -name '[0-9]*' | wc -l)
	suite_of_each "$count" || {
		run_suite suite
		mv "$out/suite.json" "$out/verdict.json"
	}
	"$ci_dir/ktap2junit.py" "$out/suite.ktap" "$out/suite.xml" || :
}

part_stress()
{
	! has_flavour debug || tell_debug_options
	export STRESS_SECONDS=${STRESS_SECONDS-600} TESTS=stress
	run_suite stress
	echo "$STRESS_SECONDS" >"$out/stress.seconds"
}

# build_selftests - those of the tree without the series, which both kernels run; what does
# not build is named in a file
build_selftests()
{
	local name obj=$out/selftests source

	source=$(with_base "$vm_dir/kernel.sh" source)
	mkdir -p "$obj"
	for name in "${selftests[@]}"; do
		make -s -C "$source/tools/testing/selftests/cgroup" OUTPUT="$obj" \
			"$obj/$name" >"$obj/$name.log" 2>&1 || {
			say "$name does not build; log: $obj/$name.log"
			echo "$name" >>"$obj/unbuilt"
		}
	done
}

# run_selftests SUFFIX NAME... - on both kernels
run_selftests()
{
	local suffix=$1 which

	shift
	for which in base patched; do
		say "selftests on the $which kernel: $*"
		"with_$which" "$ci_dir/selftests.py" run "$out/selftests" \
			"$out/vm" "$@" >"$out/selftests-$which$suffix.part" ||
			die $? "selftests on the $which kernel; log: $out/vm.log"
		mv "$out/vm.log" "$out/selftests-$which$suffix.log"
	done
	for which in base patched; do
		mv "$out/selftests-$which$suffix.part" "$out/selftests-$which$suffix"
	done
}

# What is worse may be so by chance, on a busy machine: it is tried again.
part_selftests()
{
	local name number again built=()

	build_selftests
	for name in "${selftests[@]}"; do
		[ ! -x "$out/selftests/$name" ] || built+=("$name")
	done
	[ ${#built[@]} -gt 0 ] || die "$EXIT_BUILD" "none of the tests in selftests/cgroup builds"
	run_selftests "" "${built[@]}"
	for number in 2 3; do
		read -r -a again <<<"$("$ci_dir/selftests.py" again "$out")"
		[ ${#again[@]} -gt 0 ] || break
		run_selftests ".$number" "${again[@]}"
	done
}

part_cost()
{
	local bench kernel

	rm -rf "$out/cost.part"
	bench=(env RESULTS="$out/cost.part" TASKS="${TASKS-1}" TRIALS="${TRIALS-8}"
		OPS="${OPS-unpatched,unpatched_again,none,empty,all}"
		"$ci_dir/run-bench.sh" overhead)
	if [ -n "$patched" ]; then
		BASE=$base with_patched "${bench[@]}"
	else
		"${bench[@]}"
	fi
	mv "$out/cost.part"/overhead-* "$out/cost"
	rmdir "$out/cost.part"
	kernel=$(FLAVOUR=${FLAVOUR-measure} with_patched "$vm_dir/kernel.sh" build)
	grep -q '^CONFIG_JUMP_LABEL=y$' "$kernel/config" ||
		echo "The kernels have no CONFIG_JUMP_LABEL: what a static branch guards costs a test here, and elsewhere a nop." >"$out/cost/notes"
	make -s -C "$top_dir" analyze
	"$top_dir/out/host/analyze" --format=csv --values=instructions "$out/cost/overhead.csv" \
		>"$out/cost/statistics"
	"$top_dir/out/host/analyze" --show=findings "$out/cost/overhead.csv" >"$out/cost/findings"
}

# Of kernels without what is there for the tests only.
part_size()
{
	local was now source

	was=$(FLAVOUR=measure with_base "$vm_dir/kernel.sh" build)
	now=$(FLAVOUR=measure with_patched "$vm_dir/kernel.sh" build)
	source=$(with_base "$vm_dir/kernel.sh" source)
	{
		size "$was/vmlinux" "$now/vmlinux"
		python3 "$source/scripts/bloat-o-meter" "$was/vmlinux" "$now/vmlinux"
	} >"$out/size.txt.part"
	mv "$out/size.txt.part" "$out/size.txt"
}

case $* in
suite|stress|selftests|cost|size)	run_job "part_$1" ;;
*)	die "$EXIT_USAGE" "want a part; see review-part.sh --help" ;;
esac
