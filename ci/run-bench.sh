#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
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
#
# KSRC= and the like: see kernel.sh.

set -eu
. "$(dirname "$(realpath "$0")")/suite.sh"

results=${RESULTS:-$top_dir/results}
resume=${RESUME-}
if [ -n "$resume" ] && [ $# -ne 1 ]; then
	die "$EXIT_USAGE" "RESUME=$resume: name the one BENCH that it is of"
fi
unset RESULTS RESUME

build_suite

# A clock that counts nanoseconds, if the guest is emulated: see tsc-khz.c.
clock=
if [ "$(uname -m)" = x86_64 ]; then
	gcc -O2 -o "$suite/tsc-khz" "$vm_dir/tsc-khz.c"
	khz=$("$suite/tsc-khz")
	[ -z "$khz" ] || clock="tsc_early_khz=$khz tsc=reliable"
fi

[ ! -t 2 ] || export PROGRESS=${PROGRESS-always}
date=$(date -u +%Y%m%dT%H%M%S)

# run_bench BENCH DIR TIMER_STEP - status 4: the timers have longer steps than that
run_bench()
{
	# shellcheck disable=SC2016 # VM_OUTPUT is the guest's
	"$vm_dir/vmtest.sh" --timeout="${VM_TIMEOUT:-21600}" --output="$2" \
		--append="$clock" -- \
		sh -c 'exec "$@" --results-dir="$VM_OUTPUT"' sh \
		"$suite/memcg_bench" "$1" --timer-step="$3" ${resume:+--resume}
}

for bench in "$@"; do
	dir=${resume:-$results/$bench-$date}
	say "$bench: $dir"
	# On a busy machine the guest's kernel may find its timer wanting and make
	# do with ticks, which come late then.  Another boot may do better.
	status=4
	for step in 1000 1000 1000 1000 1000 1000 1000 0; do
		[ $status -eq 4 ] || break
		status=0
		run_bench "$bench" "$dir" $step || status=$?
	done
	[ $status -eq 0 ] || exit $status
	if [ -x "$top_dir/plots/$bench.sh" ]; then
		make -s -C "$top_dir" analyze
		"$top_dir/plots/$bench.sh" "$top_dir/out/host/analyze" "$dir/$bench.csv"
	fi
done
