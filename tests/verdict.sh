#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016,SC2317 # sed expands the $; check calls them
#
# Does ci/verdict.py say what the suite has printed, and ci/promises.py find what does
# not fit together in a table of promises?

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"

# make_table - a table of six promises and four questions
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
		three.b
		#	promise: Three sleeps.
		#	revisions: v6 v7
		#	source: doc
		== Open
		three.c
		#	question: Is three asked?
		#	revisions: v7
		#	source: doc
		four.a
		#	question: Is four
		#		told?
		#	revisions: v6 v7
		#	source: doc
		four.b
		#	question: Is four asked?
		#	revisions: v7
		#	source: doc
		four.c
		#	question: Is four woken?
		#	revisions: v7
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
		1..2
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
	sed 's/[0-9]* s  /N s  /' "$work/out" >"$work/seen"
	diff - "$work/seen" <<-'END' || return
		1/2   one                    ...    N s  2 passed, 1 failed, 1 skipped
		2/2   two                    ...    N s  1 failed

		Verdict on Linux 7.3.4, memcg_bpf_ops of RFC v7:
		1 promise kept
		3 promises not asked about:
		  no PSI: boot with psi=1:
		    one.b
		  its program was not run:
		    three (all 2)
		4 questions not answered:
		  its program was not run:
		    three.c, four (all 3)
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

# The second time the line of a program begins with what it took the first time.  One that has
# no end keeps what it took before.
says_how_long_it_took_last_time()
{
	print_run >"$work/run"
	echo '{"one": 12.4, "two": 3, "gone": 7}' >"$work/durations"
	verdict --durations="$work/durations" <"$work/run" >"$work/out"
	[ $? -eq 1 ] &&
	grep -x '1/2   one               12 s ...    0 s  2 passed, 1 failed, 1 skipped' "$work/out" &&
		grep '^2/2   two                3 s ' "$work/out" || return
	python3 - "$work/durations" <<-'END' || return
		import json, sys
		took = json.load(open(sys.argv[1]))
		assert took["one"] < 12 and took["two"] == 3 and took["gone"] == 7, took
	END
	echo '[1' >"$work/durations"
	verdict --durations="$work/durations" <"$work/run" >"$work/out"
	[ $? -eq 1 ] && grep '^1/2   one                    ... ' "$work/out"
}

print_answers()
{
	cat <<-'END'
		# selftests: memcg_bpf: three
		# ok 1 three.a # SKIP answer: no
		# ok 2 three.c # SKIP no swap
		ok 1 selftests: memcg_bpf: three
		# selftests: memcg_bpf: four
		# TAP version 13
		# 1..4
		# #  RUN           four.x.a ...
		# # question: Is four told?
		# # four.c:3:a:told 3 times
		# ok 1 four.x.a # SKIP answer: yes, # in the third place
		# ok 2 four.y.a # SKIP answer: no
	END
}

# The answers of all variants, and before what is broken.  A promise has no answer.
tells_answers()
{
	print_answers >"$work/run"
	cat >>"$work/run" <<-'END'
		# ok 3 four.b # SKIP answer to come: no loop device
		# # four.c:9:c:Expected 0 (0) == 1 (1)
		# not ok 4 four.c
		not ok 2 selftests: memcg_bpf: four # exit=1
	END
	verdict --json="$work/json" <"$work/run" >"$work/out"
	[ $? -eq 1 ] || return
	diff - <(sed -n '/three.a/,$p' "$work/out") <<-'END' || return
		    three.a
		  its program ended before it:
		    three.b
		1 question answered:
		  four.a
		    asked:    Is four told?
		    answer:   yes, # in the third place
		    answer:   no
		2 questions not answered:
		  no swap:
		    three.c
		  answer to come: no loop device:
		    four.b
		no promise broken
		1 question failed:
		  four.c
		    asked:    Is four woken?
		    seen:     Expected 0 (0) == 1 (1)
		0 passed, 1 failed, 5 skipped
	END
	grep -x '  answer: no:' "$work/out" || return
	python3 - "$work/json" <<-'END'
		import json, sys
		verdict = json.load(open(sys.argv[1]))
		assert (verdict["skipped"], verdict["answered"]) == (5, 1)
		by_id = {question["id"]: question for question in verdict["questions"]}
		assert sorted(by_id) == ["four.a", "four.b", "four.c", "three.c"]
		assert by_id["four.a"]["question"] == "Is four told?"
		assert by_id["four.a"]["verdict"] == "answered"
		assert by_id["four.a"]["answers"] == ["yes, # in the third place", "no"]
		assert by_id["four.b"]["verdict"] == "not answered"
		assert by_id["four.b"]["reason"] == "answer to come: no loop device"
		assert by_id["four.c"]["verdict"] == "failed"
		assert not any(p["id"].startswith("four.") for p in verdict["promises"])
	END
}

# One variant of the test fails, another passes: neither is an answer.
tells_of_what_is_no_answer()
{
	print_answers | sed 's/^# ok 2 four\.y\.a .*/# not ok 2 four.y.a/' >"$work/run"
	cat >>"$work/run" <<-'END'
		# ok 3 four.b
		# ok 4 four.c # SKIP answer: late
		not ok 2 selftests: memcg_bpf: four # exit=1
	END
	verdict <"$work/run" >"$work/out"
	[ $? -eq 1 ] && grep -x '1 question answered:' "$work/out" &&
		grep -A 2 'four\.c$' "$work/out" | grep -x '    answer:   late' &&
		grep -A 1 -x '  its test passed without an answer:' "$work/out" |
			grep -x '    four.b' &&
		sed -n '/^1 question failed:$/,$p' "$work/out" | grep -x '  four.a' &&
		! grep 'answer:   yes' "$work/out"
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

# What was seen is not lost with the disk that it was to be kept on.
keeps_what_it_can()
{
	local file

	print_run >"$work/run"
	for file in ktap json; do
		verdict "--$file=/dev/full" <"$work/run" >"$work/out" 2>"$work/error"
		[ $? -eq 2 ] && grep -q '^2 promises broken:$' "$work/out" &&
			grep -q -x "verdict.py: /dev/full: .*: No space left on device" "$work/error" &&
			[ "$(wc -l <"$work/error")" -eq 1 ] || return
	done
	verdict --durations="$work/none/durations" <"$work/run" >"$work/out" 2>"$work/error"
	[ $? -eq 1 ] && [ ! -s "$work/error" ] && grep -q '^2 promises broken:$' "$work/out" &&
	expect 2 "^verdict.py: .*'$work/none/ktap'" verdict --ktap="$work/none/ktap"
}

# What is no verdict is refused with its path, whatever it is.
reads_verdicts_only()
{
	local text good='{"kernel": "Linux", "promises": [{"id": "a.b", "promise": "A.", "verdict": "kept"}]}'

	echo "$good" >"$work/good.json"
	for text in '' '[]' '{}' 7 '{"kernel": "x"' '{"kernel": 7, "promises": []}' \
		'{"kernel": "x", "promises": {"a": 1}}' '{"kernel": "x", "promises": [null]}' \
		'{"kernel": "x", "promises": [{"id": "a.b", "promise": 7, "verdict": "broken"}]}' \
		'{"kernel": "x", "promises": [{"id": ["a"], "promise": "A.", "verdict": "broken"}]}' \
		"$(printf '[%.0s' {1..100000})" $'\xff'; do
		echo "$text" >"$work/bad.json"
		expect 2 "^compare.py: $work/bad.json: not a verdict of the suite: " \
			"$ci_dir/compare.py" "$work/good.json" "$work/bad.json" &&
		expect 2 "^answer.py: $work/bad.json: not a verdict of the suite: " \
			"$ci_dir/answer.py" "$work/bad.json" || return
	done
	expect 2 "^compare.py: $work: Is a directory" "$ci_dir/compare.py" "$work" "$work/good.json"
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
	broken_table 's/also two\.a/also two.z/' 'no test of a promise two\.z' 1 &&
	broken_table '$d' 'four.c: its sentence has no source' 1 &&
	broken_table 's/One sleeps\./One sleeps?/' 'one.b: its sentence has no end' 1 &&
	broken_table 's/four asked?/four asked./' 'four.b: its question has no question mark' 1 &&
	broken_table 's/\tquestion: Is four asked/\tpromise: Two.\n&/' \
		'four.b: has more than one sentence' 1 &&
	broken_table 's/\tquestion: Is four asked?/&\n\tfault: x/' \
		'four.b: is a question, and no fault' 1 &&
	broken_table 's/also two\.a/also four.a/' 'a_broken: no test of a promise four\.a' 1 &&
	broken_table 's/besides: two\.a/besides: four.a/' 'One: no test of a promise four\.a' 1 &&
	broken_table 's/^two\.a/attach.to_root_reaches_all/; s/promise: Two.*/question: Two?/' \
		'attach.to_root_reaches_all: is a question, and its test has no ANSWER' 1 &&
	broken_table 's/^four\.c/kernel_thread.of_a_loop_device/; s/question: .* woken?/promise: No./' \
		'of_a_loop_device: is a promise, and its test has an ANSWER' 1 &&
	broken_table 's/^one\.c/one.b/' ':[0-9]+: one.b is there twice' 2 &&
	broken_table 's/\trevisions/\trevision/' ':[0-9]+: want one of promise' 2 &&
	expect 1 'one.a: there is no such test' "$ci_dir/promises.py" check "$work/promises" &&
	expect 1 'four.a: there is no such test to answer it' \
		"$ci_dir/promises.py" check "$work/promises" &&
	expect 1 'attach\.[a-z_]+: guards no promise' \
		"$ci_dir/promises.py" check "$work/promises" &&
	expect 1 'kernel_thread\.of_a_loop_device: answers no question' \
		"$ci_dir/promises.py" check "$work/promises" &&
	expect 2 'No such file' "$ci_dir/promises.py" check "$work/none"
}

faults_are_listed()
{
	printf 'a_broken\tone.a\t-\ttwo.a\ttwo.a\nb_broken\tone.b\tv7\t-\ttwo.a\n' |
		diff - <("$ci_dir/promises.py" faults "$work/promises")
}

questions_have_a_section()
{
	"$ci_dir/promises.py" markdown "$work/promises" >"$work/md" &&
		grep -x '6 promises, each .*' "$work/md" && ! grep -x '## Open' "$work/md" &&
		sed -n '/^## Questions$/,/^## Sources$/p' "$work/md" |
			grep -x -F '| Is four told? | `four.a` | v6, v7 | doc |' &&
		[ "$(grep -c '`four\.' "$work/md")" -eq 3 ]
}

make_table
for test in tells_kept_broken_and_not_asked says_how_long_it_took_last_time tells_answers tells_of_what_is_no_answer verbose_is_ktap tells_of_a_run_that_ends \
	    tells_why_promises_were_not_asked run_tests_passes_the_status_on \
	    keeps_what_it_can reads_verdicts_only \
	    finds_what_does_not_fit faults_are_listed questions_have_a_section; do
	check "verdict.$test" "$test"
done
echo "1..$test_nr"
exit $failed
