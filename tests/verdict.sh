#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016,SC2317 # sed expands the $; check calls them
#
# Does ci/verdict.py say what the suite has printed, and ci/promises.py find what does
# not fit together in a table of promises?

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"

# make_table - a table of five promises
make_table()
{
	cat >"$work/promises" <<-'END'
		# a comment
		source doc Documentation/none.rst
		source v7.06 <1@example.org> mm:
		#
		== One
		besides: two.a
		one.a
		#	promise: One keeps
		#		its pages.
		#	revisions: v6 v7
		#	source: doc somewhere; v7.06
		#	fault: a_broken, also two.a
		one.b
		#	promise: One sleeps.
		#	revisions: v7
		#	source: doc
		#	fault: b_broken
		one.c
		#	promise: One wakes.
		#	revisions: v6 v7
		#	source: doc
		== Two
		two.a
		#	promise: Two is asked.
		#	revisions: v6 v7
		#	source: doc
		three.a
		#	promise: Three is told.
		#	revisions: v6 v7
		#	source: doc
	END
	# Tabs that the here-document would eat.
	sed -i 's/^#\t/\t/' "$work/promises"
}

# verdict OPTION... - on what is read
verdict()
{
	"$ci_dir/verdict.py" --promises="$work/promises" "$@"
}

print_run()
{
	cat <<-'END'
		TAP version 13
		1..3
		# selftests: memcg_bpf: one
		# # kernel: Linux 7.3.4, memcg_bpf_ops of RFC v7
		# TAP version 13
		# 1..4
		# #  RUN           one.x.a ...
		# # promise: One keeps its pages.
		# ok 1 one.x.a
		# #  RUN           one.y.a ...
		# # one.c:3:a:Expected 1 (1) < 2 (2)
		# # one.c:4:a:HIGH has lost its pages
		# not ok 2 one.y.a
		# ok 3 one.b # SKIP no PSI: boot with psi=1
		# ok 4 one.c
		not ok 1 selftests: memcg_bpf: one # exit=1
		# selftests: memcg_bpf: two
		# TAP version 13
		# 1..1
		# #  RUN           two.a ...
	END
}

# A promise is broken if one variant of its test fails, and kept if none does.
tells_kept_broken_and_not_asked()
{
	print_run >"$work/run"
	echo "not ok 2 selftests: memcg_bpf: two # TIMEOUT 300 seconds" >>"$work/run"
	verdict --ktap="$work/copy" --json="$work/json" <"$work/run" >"$work/out"
	[ $? -eq 1 ] || return
	diff "$work/run" "$work/copy" || return
	diff - "$work/out" <<-'END' || return
		one             2 passed, 1 failed, 1 skipped
		two             1 failed

		Verdict on Linux 7.3.4, memcg_bpf_ops of RFC v7:
		1 promise kept
		2 promises not asked about:
		  no PSI: boot with psi=1:
		    one.b
		  its program was not run:
		    three.a
		2 promises broken:
		  one.a
		    promised: One keeps its pages.
		    seen:     Expected 1 (1) < 2 (2)
		    seen:     HIGH has lost its pages
		  two.a
		    promised: Two is asked.
		    seen:     TIMEOUT 300 seconds
		2 passed, 2 failed, 1 skipped
	END
	python3 - "$work/json" <<-'END'
		import json, sys
		verdict = json.load(open(sys.argv[1]))
		assert verdict["kernel"] == "Linux 7.3.4, memcg_bpf_ops of RFC v7"
		assert (verdict["passed"], verdict["failed"], verdict["skipped"]) == (2, 2, 1)
		by_id = {promise["id"]: promise for promise in verdict["promises"]}
		assert by_id["one.a"]["seen"][1] == "HIGH has lost its pages"
		assert by_id["one.b"]["reason"] == "no PSI: boot with psi=1"
		assert by_id["one.c"]["verdict"] == "kept"
	END
}

# What is not KTAP is told as it comes; the verdict is a comment in what is.
verbose_is_ktap()
{
	{ print_run; echo "not ok 2 selftests: memcg_bpf: two # exit=1"; } >"$work/run"
	verdict --verbose <"$work/run" >"$work/out"
	[ "$(head -n "$(wc -l <"$work/run")" "$work/out")" = "$(cat "$work/run")" ] &&
		expect 1 "^# 2 promises broken:$" verdict --verbose <"$work/run" &&
		grep '^# 2 promises broken:$' "$work/out" &&
		tail -n +"$(($(wc -l <"$work/run") + 1))" "$work/out" | head -n -1 |
			grep -v '^#' && return 1
	{ echo oops; cat "$work/run"; } | verdict | grep -x oops
}

# The guest died: the test that had begun is the one to look at.
tells_of_a_run_that_ends()
{
	print_run | verdict >"$work/out"
	[ "${PIPESTATUS[1]}" -eq 1 ] &&
		grep -A 2 '^  two\.a$' "$work/out" | grep 'seen: *no end of it' &&
		tail -n 1 "$work/out" | grep -x '2 passed, 2 failed, 1 skipped' &&
		expect 1 '^0 passed, 0 failed, 0 skipped$' verdict
}

# A program that skips as a whole, and one that dies between two tests
tells_why_promises_were_not_asked()
{
	cat >"$work/run" <<-'END'
		# selftests: memcg_bpf: two
		# not root: run with sudo
		ok 1 selftests: memcg_bpf: two # SKIP
		# selftests: memcg_bpf: one
		# ok 1 one.a
		not ok 2 selftests: memcg_bpf: one # exit=139
	END
	verdict <"$work/run" >"$work/out"
	[ $? -eq 1 ] && grep 'its program was skipped: not root: run with sudo:' "$work/out" &&
		grep -A 1 'its program ended before it:' "$work/out" | grep 'one.b, one.c' &&
		grep 'seen: *exit=139' "$work/out"
}

# A command that is interrupted still has a verdict, and its own status.
run_tests_passes_the_status_on()
{
	expect 7 '^1 passed, 0 failed, 0 skipped$' env OUTPUT="$work/o" "$ci_dir/run-tests.sh" \
		sh -c 'echo "ok 1 selftests: memcg_bpf: load"; exit 7' &&
	expect 0 '^ok 1 selftests: memcg_bpf: load$' env OUTPUT="$work/o" V=1 \
		"$ci_dir/run-tests.sh" echo "ok 1 selftests: memcg_bpf: load" &&
	[ -s "$work/o/suite.ktap" ] && [ -s "$work/o/verdict.json" ] &&
	expect 2 'want a command' "$ci_dir/run-tests.sh"
}

# broken_table SED-SCRIPT PATTERN STATUS - what promises.py says of such a table
broken_table()
{
	make_table
	sed -i "$1" "$work/promises"
	expect "$3" "$2" "$ci_dir/promises.py" check "$work/promises" || return
	make_table
}

finds_what_does_not_fit()
{
	broken_table '/One sleeps/d' 'one.b: has no sentence' 1 &&
	broken_table 's/One sleeps\./Sleeps "well"./' 'no C string takes' 1 &&
	broken_table '/fault: b_broken/!b; s/b_broken/a_broken/' 'a_broken is of one.a' 1 &&
	broken_table 's/One sleeps/One wakes/' 'says what one.b says' 1 &&
	broken_table 's/source: doc somewhere/source: book/' 'book: no such source' 1 &&
	broken_table 's/also two\.a/also two.z/' 'no test two\.z' 1 &&
	broken_table '$d' 'three.a: its sentence has no source' 1 &&
	broken_table 's/^one\.c/one.b/' ':[0-9]+: one.b is there twice' 2 &&
	broken_table 's/\trevisions/\trevision/' ':[0-9]+: want one of promise' 2 &&
	expect 1 'one.a: there is no such test' "$ci_dir/promises.py" check "$work/promises" &&
	expect 1 'attach\.[a-z_]+: guards no promise' \
		"$ci_dir/promises.py" check "$work/promises" &&
	expect 2 'No such file' "$ci_dir/promises.py" check "$work/none"
}

faults_are_listed()
{
	printf 'a_broken\tone.a\t-\ttwo.a\ttwo.a\nb_broken\tone.b\tv7\t-\ttwo.a\n' |
		diff - <("$ci_dir/promises.py" faults "$work/promises")
}

make_table
for test in tells_kept_broken_and_not_asked verbose_is_ktap tells_of_a_run_that_ends \
	    tells_why_promises_were_not_asked run_tests_passes_the_status_on \
	    finds_what_does_not_fit faults_are_listed; do
	check "verdict.$test" "$test"
done
echo "1..$test_nr"
exit $failed
