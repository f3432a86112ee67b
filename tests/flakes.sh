#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # functions are called by name
#
# usage: flakes.sh
#
# Does ci/flakes.sh name the tests that were not the same in all runs of the suite, and no
# others?  The runs are recordings; the output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"

# runs RESULT... - of one.a in idle, busy, cpus-1, cpus-8, memory, and idle again; one.b
# passes
runs()
{
	local name

	rm -rf "$work/runs"
	mkdir "$work/runs"
	for name in 0001-idle 0002-busy 0003-cpus-1 0004-cpus-8 0005-memory 0006-idle; do
		cat >"$work/runs/$name.ktap" <<-END
			TAP version 13
			1..1
			# selftests: memcg_bpf: one
			# TAP version 13
			# 1..2
			# $1
			# ok 2 one.b
			ok 1 selftests: memcg_bpf: one
		END
		shift
	done
}

P="ok 1 one.a" F="not ok 1 one.a" S="ok 1 one.a # SKIP no swap"

nothing_is_flaky()
{
	runs "$P" "$P" "$P" "$P" "$P" "$P"
	expect 0 '^0 of 2 tests were not the same in 6 runs$' "$ci_dir/flakes.sh" -o "$work/runs" 6 &&
	runs "$F" "$F" "$F" "$F" "$F" "$F" &&
	expect 0 '^0 of 2 tests' "$ci_dir/flakes.sh" -o "$work/runs" 6
}

names_what_failed_once()
{
	runs "$P" "$F" "$P" "$P" "$P" "$P"
	expect 1 '^1 of 2 tests were not the same in 6 runs$' "$ci_dir/flakes.sh" -o "$work/runs" 6 &&
	expect 1 '^one:one.a:$' "$ci_dir/flakes.sh" -o "$work/runs" 6 &&
	expect 1 '^  failed in 1: 0002-busy$' "$ci_dir/flakes.sh" -o "$work/runs" 6 &&
	# the first run alone has no flake
	expect 0 '^0 of 2 tests were not the same in 1 run$' "$ci_dir/flakes.sh" -o "$work/runs" 1
}

# Whether one.a has what it needs is up to the condition, and not to chance.
a_condition_may_decide_what_is_skipped()
{
	runs "$P" "$P" "$P" "$P" "$S" "$P"
	expect 0 '^0 of 2 tests' "$ci_dir/flakes.sh" -o "$work/runs" 6 &&
	runs "$S" "$P" "$P" "$P" "$P" "$P" &&
	expect 1 '^  skipped in 1: 0001-idle$' "$ci_dir/flakes.sh" -o "$work/runs" 6
}

names_what_has_no_result()
{
	runs "$P" "$P" "$P" "$P" "$P" "$P"
	sed -i '/one\.a/d; s/1\.\.2/1..1/' "$work/runs/0004-cpus-8.ktap"
	expect 1 '^  without a result in 1: 0004-cpus-8$' "$ci_dir/flakes.sh" -o "$work/runs" 6
}

bad_input()
{
	expect 2 'want the number of runs' "$ci_dir/flakes.sh" &&
	expect 2 'want the number of runs' "$ci_dir/flakes.sh" 0 &&
	expect 2 'want the number of runs' "$ci_dir/flakes.sh" many &&
	expect 2 'want the KTAP of runs' "$ci_dir/flakes.py" &&
	echo "vmtest.sh: no kernel" >"$work/no.ktap" &&
	expect 2 'no result of a test' "$ci_dir/flakes.py" "$work/no.ktap"
}

for test in nothing_is_flaky names_what_failed_once a_condition_may_decide_what_is_skipped \
	names_what_has_no_result bad_input; do
	check "flakes.$test" "$test"
done
# shellcheck disable=SC2154 # lib.sh sets both
echo "1..$test_nr"
exit $failed
