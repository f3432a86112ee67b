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

# with_base COMMAND..., with_series COMMAND... - with that kernel as the one to test
with_base()
{
	(
		unset REVISION
		export PATCHES=
		[ -z "$base" ] || export KSRC=$base
		"$@"
	)
}

with_series()
{
	(
		[ -z "$patched" ] || export KSRC=$patched PATCHES=
		"$@"
	)
}

# run_suite NAME - NAME.ktap and the verdict on it, in a folder of its own until it is there
run_suite()
{
	with_series "$ci_dir/run-suite.sh" -o "$out/vm" </dev/null |
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

	kernel=$(with_series "$vm_dir/kernel.sh" build)
	for option in KASAN PROVE_LOCKING PROVE_RCU DEBUG_KMEMLEAK DEBUG_OBJECTS DEBUG_ATOMIC_SLEEP; do
		! grep -q "^CONFIG_$option=y$" "$kernel/config" || echo "$option"
	done >"$out/debug"
}

part_suite()
{
	local count

	! has_flavour debug || tell_debug_options
	count=$(find "$out/each" -mindepth 1 -maxdepth 1 -name '[0-9]*' 2>/dev/null | wc -l)
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

# selftests_of WHICH COMMAND - of the kernel's tree without the series, which both
# kernels run: `ok PROGRAM.TEST` and the like, a line each
selftests_of()
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
		}' "$out/selftests-$1.log" >"$out/selftests-$1.part"
	mv "$out/selftests-$1.part" "$out/selftests-$1"
}

part_selftests()
{
	selftests_of base with_base
	selftests_of patched with_series
}

part_cost()
{
	local bench

	rm -rf "$out/cost.part"
	bench=(env RESULTS="$out/cost.part" TASKS="${TASKS-1}" TRIALS="${TRIALS-8}"
		OPS="${OPS-unpatched,unpatched_again,none,empty,all}"
		"$ci_dir/run-bench.sh" overhead)
	if [ -n "$patched" ]; then
		BASE=$base with_series "${bench[@]}"
	else
		"${bench[@]}"
	fi
	mv "$out/cost.part"/overhead-* "$out/cost"
	rmdir "$out/cost.part"
	make -s -C "$top_dir" analyze
	"$top_dir/out/host/analyze" --show=findings "$out/cost/overhead.csv" >"$out/cost/findings"
}

# Of kernels without what is there for the tests only.
part_size()
{
	local was now source

	was=$(FLAVOUR=measure with_base "$vm_dir/kernel.sh" build)
	now=$(FLAVOUR=measure with_series "$vm_dir/kernel.sh" build)
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
