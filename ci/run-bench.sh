#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2030,SC2031 # each kernel is chosen in a subshell
#
# usage: run-bench.sh BENCH...
#
# Build the kernel and memcg_bench, and run benchmarks on that kernel in a virtual
# machine, with what is set in the environment.
#
#   RESULTS=DIR		where the results go, each in a folder of its own
#			(default: results)
#   RESUME=DIR		go on with these results, of one BENCH
#   VM_TIMEOUT=SECONDS	when to give up on one of them (default: six hours)
#   SHARD=I/N, SEED=N	only each N-th trial, from the I-th on: see merge-results.py
#   BASE=DIR		the kernel tree without the series, if KSRC= has it applied:
#			overhead compares them.  isolation's BASE= is a size
#
# KSRC= and the like: see kernel.sh.  overhead counts instructions (vmtest.sh
# --icount), and so does attach where the processor is emulated.  Both run on a kernel
# without what is there for the tests only (FLAVOUR=measure).

set -eu
. "$(dirname "$(realpath "$0")")/suite.sh"

results=${RESULTS:-$top_dir/results}
resume=${RESUME-}
if [ -n "$resume" ] && [ $# -ne 1 ]; then
	die "$EXIT_USAGE" "RESUME=$resume: name the one BENCH that it is of"
fi
unset RESULTS RESUME
base=
if [ -d "${BASE-}" ]; then
	base=$BASE
	unset BASE
elif [[ ${BASE-} == */* ]]; then
	die "$EXIT_USAGE" "BASE=$BASE: no such folder; want a kernel tree without the series"
fi

# how_measured BENCH - name the function below, bench_by_*, that runs it
how_measured()
{
	case $1 in
	overhead)	echo instructions ;;
	attach)		echo either ;;
	delay | priority | inversion | reclaim | protect | isolation)
			echo "time" ;;
	*)		return 1 ;;
	esac
}

# before any of them is measured
[ $# -gt 0 ] || die "$EXIT_USAGE" "BENCH= names no benchmark; see doc/benchmarks.md"
for bench in "$@"; do
	how_measured "$bench" >/dev/null ||
		die "$EXIT_USAGE" "BENCH=$bench: no such benchmark; see doc/benchmarks.md"
done
if [ "$shards" -gt 1 ] && [ -z "${SEED-}$resume" ]; then
	die "$EXIT_USAGE" "SHARD=$SHARD: set SEED, too: shards of different seeds cannot be joined"
fi

# without_series COMMAND... - run it with the kernel that the series is for
without_series()
{
	(
		unset REVISION
		export PATCHES='' KSRC="${base:-${KSRC-}}"
		[ -n "$KSRC" ] || unset KSRC
		"$@"
	)
}

# wants_base - is there a kernel without the series, and is it to be measured?
wants_base()
{
	if [ -n "${KSRC-}" ] && [ -z "${PATCHES-}" ] && [ -z "$base" ]; then
		say "KSRC=$KSRC is not compared with a kernel without the series: BASE= names one"
		return 1
	fi
	[[ ,${OPS-unpatched}, == *,unpatched* ]]
}

# A clock that counts nanoseconds, if the guest is emulated: see tsc-khz.c.
find_clock()
{
	local khz

	clock=
	if [ "$arch" = x86 ]; then
		gcc -O2 -o "$suite/tsc-khz" "$vm_dir/tsc-khz.c"
		khz=$("$suite/tsc-khz")
		[ -z "$khz" ] || clock="tsc_early_khz=$khz tsc=reliable"
	fi
}

[ ! -t 2 ] || export PROGRESS=${PROGRESS-always}
date=$(date -u +%Y%m%dT%H%M%S)
# All shards may begin at the same time, in the same place.
[ "$shards" -eq 1 ] || date+=-$shard-of-$shards

# run_bench BENCH DIR [VMTEST-OPTION...] - run it once, with $timer_step and $resume
run_bench()
{
	local bench=$1 dir=$2

	shift 2
	# shellcheck disable=SC2016 # VM_OUTPUT is the guest's
	"$vm_dir/vmtest.sh" --timeout="${VM_TIMEOUT:-21600}" --output="$dir" "$@" -- \
		sh -c 'exec "$@" --results-dir="$VM_OUTPUT"' sh \
		"$suite/memcg_bench" "$bench" --timer-step="$timer_step" ${resume:+--resume}
}

# bench_by_time BENCH DIR
bench_by_time()
{
	local boots_left status

	build_suite
	find_clock
	# On a busy machine the guest's kernel may find its timer wanting and make
	# do with ticks, which come late then.  Another boot may do better.
	for ((boots_left = 7; boots_left >= 0; boots_left--)); do
		status=0
		timer_step=$((boots_left ? 1000 : 0))
		run_bench "$1" "$2" --append="$clock" || status=$?
		# BENCH_EXIT_COARSE of bench/core.h
		[ $status -eq 5 ] || break
	done
	return $status
}

# bench_by_either BENCH DIR - by instructions and the time that they take, if the guest is
# emulated; else by time
bench_by_either()
{
	local timer_step=0

	export FLAVOUR=${FLAVOUR-measure}
	build_suite
	run_bench "$1" "$2" --icount=tcg
}

# on_each_machine COMMAND... - run it for each number of TASKS, with as many processors:
# the clock that counts instructions counts those of all
on_each_machine()
{
	local cpus

	for cpus in ${TASKS//,/ }; do
		"$@" --icount --cpus="$cpus" || return
		resume=$dir
	done
}

# bench_by_instructions BENCH DIR - on each kernel that is compared.  A count needs no
# more than a few passes.
bench_by_instructions()
{
	local kernel timer_step=0

	export FLAVOUR=${FLAVOUR-measure} REGION=${REGION-8M} LIMIT=${LIMIT-4M}
	export REPEAT=${REPEAT-10} FORKS=${FORKS-200} TASKS=${TASKS-1}
	build_suite
	if ! wants_base; then
		on_each_machine run_bench "$1" "$2"
		return
	fi
	export KERNEL
	for KERNEL in patched unpatched unpatched_again; do
		kernel=
		[ "$KERNEL" = patched ] || kernel=without_series
		on_each_machine $kernel run_bench "$1" "$2" || return
	done
}

# Four processors one after the other take twice as long as all the rest: not among others.
[ $# -gt 1 ] || export TASKS=${TASKS-1,4}
for bench in "$@"; do
	dir=${resume:-$results/$bench-$date}
	say "$bench: $dir"
	by=$(how_measured "$bench")
	("bench_by_$by" "$bench" "$dir")
	if [ -x "$top_dir/plots/$bench.sh" ]; then
		make -s -C "$top_dir" analyze
		"$top_dir/plots/$bench.sh" "$top_dir/out/host/analyze" "$dir/$bench.csv"
	fi
done
