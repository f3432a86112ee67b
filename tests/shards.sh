#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016,SC2317 # sed has dollars; functions are called by name
#
# usage: shards.sh
#
# Do the shards of a run share it, all of it and nothing twice, and do ci/merge.py and
# ci/merge-results.py make one of them again?  The output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"

# selected SHARD - the programs that it runs
selected()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	SHARD=$1 TESTS=${2-} bash -euc '. "$0"; select_tests TESTS
		printf "%s\n" "${selected[@]}" | grep "^memcg_bpf:" || :' "$ci_dir/suite.sh"
}

each_program_once()
{
	local n i

	for n in 1 2 3 7; do
		for ((i = 1; i <= n; i++)); do
			selected "$i/$n"
		done | sort >"$work/shards"
		if [ "$n" -eq 1 ]; then
			[ ! -s "$work/shards" ]	# all: none is named
		else
			diff <(basename -a -s .c "$top_dir"/prog_tests/*.c |
				sed 's/^/memcg_bpf:/' | sort) "$work/shards"
		fi || return
	done
	diff <(printf 'memcg_bpf:%s\n' link) <(selected 2/2 "attach link")
}

bad_shards()
{
	local shard

	for shard in 0/3 4/3 1/0 x 1 1/ /2 1/2/3 01/2 -1/2; do
		expect 2 "^suite.sh: SHARD=$shard: want I/N|SHARD=$shard: want I/N" \
			selected "$shard" || return
	done
	expect 2 "SHARD=200/200: there are only [0-9]+ programs to share" selected 200/200 &&
	expect 2 "SHARD=3/3: there are only 2 programs to share" selected 3/3 "attach link" &&
	expect 2 "SHARD is for make vm" env SHARD=1/2 RESULTS="$work" "$ci_dir/nightly.sh" none
}

# suite NUMBER PROGRAM RESULT... - as the runner prints them
suite()
{
	local nr=0 all=ok result program=$2

	echo "# selftests: memcg_bpf: $program"
	echo "# kernel: Linux 7.3.4"
	echo "# 1..$(($# - 2))"
	for result in "${@:3}"; do
		nr=$((nr + 1))
		case $result in
		skip)	echo "# ok $nr $program.t$nr # SKIP no" ;;
		*)	echo "# $result $nr $program.t$nr" ;;
		esac
		[ "$result" != "not ok" ] || all="not ok"
	done
	echo "$all $1 selftests: memcg_bpf: $program"
}

make_shards()
{
	{ echo "# shard: 1/2"; echo "TAP version 13"; echo 1..2; suite 1 attach ok ok
		suite 2 link ok skip; echo "4 passed, 0 failed, 1 skipped"; } >"$work/1"
	{ echo "# shard: 2/2"; echo "TAP version 13"; echo 1..1
		suite 1 charges ok "not ok"; } >"$work/2"
}

merges()
{
	make_shards
	# in whatever order they come
	expect 1 '^4 passed, 1 failed, 1 skipped$' "$ci_dir/merge.py" "$work/2" "$work/1" &&
	"$ci_dir/merge.py" "$work/2" "$work/1" >"$work/merged"
	[ "$(grep -c '^TAP version' "$work/merged")" -eq 1 ] &&
	grep -qx '1\.\.3' "$work/merged" &&
	diff <(printf '%s\n' "ok 1 selftests: memcg_bpf: attach" "ok 2 selftests: memcg_bpf: link" \
		"not ok 3 selftests: memcg_bpf: charges") <(grep -E '^(not )?ok' "$work/merged") &&
	# those who count KTAP see the same
	expect 1 '^4 passed, 1 failed, 1 skipped$' "$ci_dir/ktap.sh" cat "$work/merged"
}

tells_what_is_missing()
{
	make_shards
	sed -i 's,1/2,1/3,' "$work/1"
	expect 1 '^merge.py: shard 3/3 is missing$' "$ci_dir/merge.py" "$work/1" \
		<(sed 's,2/2,2/3,' "$work/2") &&
	expect 1 '^# missing: shard 2/3$' "$ci_dir/merge.py" "$work/1"
}

# A machine died: what it was to do besides has no result.
tells_what_is_cut_short()
{
	make_shards
	sed -i 's/^1\.\.2$/1..5/' "$work/1"
	expect 1 "^merge.py: $work/1: cut short, 3 of the results of shard 1/2 are missing$" \
		"$ci_dir/merge.py" "$work/1" "$work/2" &&
	"$ci_dir/merge.py" "$work/2" "$work/1" >"$work/merged"
	grep -qx '1\.\.6' "$work/merged" && grep -q -x "4 passed, 2 failed, 1 skipped" "$work/merged" &&
	expect 1 '^4 passed, 2 failed, 1 skipped$' "$ci_dir/ktap.sh" cat "$work/merged" || return

	# a program that ends too early says ok
	make_shards
	sed -i '0,/^# 1\.\.2$/s//# 1..4/' "$work/1"
	"$ci_dir/merge.py" "$work/2" "$work/1" >"$work/merged"
	grep -q -x "4 passed, 2 failed, 1 skipped" "$work/merged" &&
	expect 1 '^4 passed, 2 failed, 1 skipped$' "$ci_dir/ktap.sh" cat "$work/merged"
}

# What is joined has the name of what make vm has left.
keeps_what_it_reads()
{
	make_shards
	mkdir "$work/o" && mv "$work/1" "$work/o/suite.ktap" && cp "$work/o/suite.ktap" "$work/1" &&
	expect 2 "^run-tests.sh: $work/o/suite.ktap: what is made of it would take its place" \
		make -s -C "$top_dir" merge IN="$work/o/suite.ktap $work/2" OUTPUT="$work/o" &&
	cmp "$work/1" "$work/o/suite.ktap"
}

refuses()
{
	local shard

	make_shards
	for shard in 0/2 3/2 1/99999999999; do
		sed "s,1/2,$shard," "$work/1" >"$work/other" &&
		expect 2 "^merge.py: $work/other: shard $shard: there is no such shard$" \
			"$ci_dir/merge.py" "$work/other" || return
	done
	cat "$work/1" "$work/2" >"$work/other" &&
	expect 2 "$work/other: shards 1/2 and 2/2 in one file" "$ci_dir/merge.py" "$work/other" "$work/1" &&
	expect 2 "$work/1: shard 1/2, as $work/1 is" "$ci_dir/merge.py" "$work/1" "$work/1" &&
	sed 's/7\.3\.4/7.3.5/' "$work/2" >"$work/other" &&
	expect 2 "kernel Linux 7.3.5, and not Linux 7.3.4" "$ci_dir/merge.py" "$work/1" "$work/other" &&
	sed 's,2/2,2/3,' "$work/2" >"$work/other" &&
	expect 2 "$work/other: shard of 3, and $work/1 is of 2" "$ci_dir/merge.py" "$work/1" "$work/other" &&
	sed '/shard/d' "$work/2" >"$work/other" &&
	expect 2 "$work/other: no line \"# shard: I/N\"" "$ci_dir/merge.py" "$work/1" "$work/other" &&
	expect 2 "$work/none: No such file" "$ci_dir/merge.py" "$work/none" &&
	expect 2 "$work: a folder: OUT= names one" "$ci_dir/merge.py" "$work" &&
	expect 2 "want the output of the shards" "$ci_dir/merge.py"
}

results=$top_dir/results/reference

# shard_of I/N FROM TO - what that shard would have measured of the results in FROM
shard_of()
{
	local csv

	mkdir -p "$3"
	for csv in "$2"/*.csv; do
		awk -F, -v shard="$1" '
			BEGIN { split(shard, part, "/") }
			/^#/ { print; if (/^# SEED: /) print "# SHARD: " shard; next }
			!trial { for (trial = 1; $trial != "trial"; trial++); print; next }
			$trial % part[2] == part[1] % part[2]' "$csv" >"$3/${csv##*/}"
	done
	echo "memcg_bench --shard=$1" >"$3/command.txt"
}

# two_shards BENCH - of reference results, in $work/1 and $work/2; sets $csv
two_shards()
{
	local folders=("$results/$1"-*)

	rm -rf "$work/1" "$work/2" "$work/joined"
	shard_of 1/2 "${folders[0]}" "$work/1"
	shard_of 2/2 "${folders[0]}" "$work/2"
	csv=$1.csv
}

join_two()
{
	"$ci_dir/merge-results.py" "$work/joined" "$work/2" "$work/1"
}

# as_measured FOLDER - what is joined is what one machine has measured, whose trials are
# as many as it was told last
as_measured()
{
	local csv trials

	for csv in "$1"/*.csv; do
		trials=$(sed -n 's/^# resumed: .*TRIALS=//p' "$csv" | tail -n 1)
		diff <(grep -v '^# resumed' "$csv" |
			sed "${trials:+s/^# TRIALS: .*/# TRIALS: $trials/}") \
			"$work/joined/${csv##*/}" || return
	done
}

joins_results()
{
	local folder i n shards

	for folder in "$results"/*; do
		for n in 2 7; do
			rm -rf "$work/shards" "$work/joined" && shards=()
			for ((i = 1; i <= n; i++)); do
				shard_of "$i/$n" "$folder" "$work/shards/$i"
				# in whatever order they come
				shards=("$work/shards/$i" ${shards[@]+"${shards[@]}"})
			done
			# 1: there may be less trials than shards
			"$ci_dir/merge-results.py" "$work/joined" "${shards[@]}"
			[ $? -lt 2 ] && as_measured "$folder" || return
		done
	done
	[ "$(grep -c '^memcg_bench' "$work/joined/command.txt")" -eq 7 ]
}

# Each goes on after it was interrupted in the middle of a round, and on another kernel.
joins_interrupted_results()
{
	local i

	two_shards overhead
	for i in 1 2; do
		awk -v at=$((40 + 9 * i)) '
			/^[a-z]+,[0-9]/ && ++row == at { print "# resumed: 2026-11-30T00:00:00Z, TRIALS=8" }
			1' "$work/$i/$csv" >"$work/csv" && mv "$work/csv" "$work/$i/$csv"
	done
	expect 0 "joined: [0-9]+ trials of 1/2, 2/2$" join_two && as_measured "$results"/overhead-*
}

# A kernel is built on each machine, and results may have got more trials later.
joins_what_may_differ()
{
	two_shards delay
	sed -i -E '/^# kernel version/s/ [A-Z][a-z]{2} .*/ Mon Nov 30 08:00:00 UTC 2026/
		/^# date/s/2026/2027/; s/^# memory: .*/# memory: 1 MiB/' "$work/2/$csv"
	join_two && as_measured "$results"/delay-* || return

	two_shards delay
	sed -i 's/^# TRIALS: .*/# TRIALS: 2/' "$work/1/$csv"
	echo '# resumed: 2026-11-30T00:00:00Z, TRIALS=6' >>"$work/1/$csv"
	join_two && as_measured "$results"/delay-*
}

tells_what_results_are_missing()
{
	two_shards delay
	sed -i 's,^# SHARD: ./2,# SHARD: 1/3,' "$work/1/$csv"
	sed -i -E '/^[0-9]+,[0-9]+,[36],/d' "$work/1/$csv"
	sed -i -E '/^[0-9]+,[0-9]+,5,/d' "$work/1/$csv"
	expect 1 '^merge-results.py: shard 3/3 is missing$' \
		"$ci_dir/merge-results.py" "$work/joined" "$work/1" &&
	[ -s "$work/joined/$csv" ] || return

	two_shards delay
	sed -i '$d' "$work/1/$csv"
	expect 1 "shard 1/2, $work/1: 1 of 39 trials are missing$" join_two &&
	expect 1 "make bench BENCH=delay OVER_HIGH_MS=0,5,.* TRIALS=6 .*RESUME=$work/again measures" \
		"$ci_dir/merge-results.py" "$work/again" "$work/1" "$work/2" || return

	# the whole trial, whose rows are of three sessions
	two_shards isolation
	sed -i -n 'x; 1!p' "$work/1/$csv"
	expect 2 "$work/1/$csv: its last trial is not complete: RESUME=$work/1" join_two
}

# refuses_results PATTERN SED-SCRIPT - the second shard so; nothing is left of the joined
refuses_results()
{
	two_shards delay
	sed -i -E "$2" "$work/2/$csv"
	! cmp -s "$work/2/$csv" "$work/before" || return
	expect 2 "$1" join_two && nothing_joined
}

nothing_joined()
{
	! ls -d "$work"/joined "$work"/.merge.* 2>/dev/null
}

refuses_other_results()
{
	local first line

	two_shards delay
	cp "$work/2/$csv" "$work/before"
	first=$(sed -n 's/^# SEED: //p' "$work/before")
	refuses_results "2/$csv: SEED: 7, and not $first as in $work/1/$csv" \
		's/^# SEED: .*/# SEED: 7/' || return
	for line in "commit: abcdef" "kernel: 7.3.4" "kernel config sha256: abc" "EVENTS: 4" \
		    "OVER_HIGH_MS: 0,5" "cpu: another" "kernel version: #1 SMP PREEMPT Mon Nov 30 08:00:00 UTC 2026"; do
		refuses_results "2/$csv: $line, and not .* as in $work/1/$csv" \
			"s/^# ${line%%: *}: .*/# $line/" || return
	done
	refuses_results "2/$csv: TRIALS: 9, and not 6" 's/^# TRIALS: .*/# TRIALS: 9/' &&
	refuses_results "EVENTS: not there, and not 3" '/^# EVENTS/d' &&
	refuses_results "2: shard 1/2, as $work/1 is|1: shard 1/2, as $work/2 is" \
		'/^[0-9]/d; s,^# SHARD: .*,# SHARD: 1/2,' &&
	refuses_results "2: shard of 3, and|1: shard of 2, and" '/^[0-9]/d; s,^# SHARD: .*,# SHARD: 2/3,' &&
	refuses_results "2/$csv: no line \"# SHARD: I/N\"" '/^# SHARD/d' &&
	refuses_results "2/$csv: trial [246] is not of shard 1/2" 's,^# SHARD: .*,# SHARD: 1/2,' &&
	refuses_results "2/$csv: .*: this row is there twice" '$p' &&
	refuses_results "2/$csv: .*: 3 fields, but 13 columns" '$s/.*/0,1,2/' &&
	refuses_results "2/$csv: no column trial" '/^over_high_ms,/s/,trial,/,trail,/' || return

	two_shards delay
	truncate -s -5 "$work/2/$csv"
	expect 2 "2/$csv: its last trial is not complete" join_two && nothing_joined || return
	rm "$work/2/$csv"
	expect 2 "^merge-results.py: $work/2: no results in it" join_two && nothing_joined || return
	cp "$work/1/$csv" "$work/2/priority.csv"
	expect 2 "another benchmark than" join_two && nothing_joined || return

	two_shards delay
	mkdir "$work/joined" && touch "$work/joined/mine"
	expect 2 "joined is there: name another folder" join_two && [ -e "$work/joined/mine" ] &&
	rm -r "$work/joined" &&
	expect 2 "$work/none: No such file" "$ci_dir/merge-results.py" "$work/joined" "$work/none" &&
	expect 2 "$work/1/$csv: Not a directory" \
		make -s -C "$top_dir" merge IN="$work/1/$csv" OUT="$work/joined" &&
	expect 2 "want a new folder" "$ci_dir/merge-results.py" "$work/joined" && nothing_joined
}

# The report and what else reads results take them as they take others.
joined_results_are_results()
{
	two_shards isolation
	make -s -C "$top_dir" merge IN="$work/1 $work/2" OUT="$work/all/isolation" &&
	"$tests_dir/results.sh" --csv "$work"/all/isolation/*.csv
}

bench_shards()
{
	expect 2 "^run-bench.sh: SHARD=1/2: set SEED, too" \
		env -u SEED SHARD=1/2 RESULTS="$work/bench" "$ci_dir/run-bench.sh" delay &&
	expect 2 "^run-bench.sh: SHARD=3/2: want I/N" \
		env SEED=5 SHARD=3/2 RESULTS="$work/bench" "$ci_dir/run-bench.sh" delay &&
	[ ! -e "$work/bench" ]
}

echo "TAP version 13"
check shards.each_program_once each_program_once
check shards.bad_shards bad_shards
check shards.merges merges
check shards.tells_what_is_missing tells_what_is_missing
check shards.tells_what_is_cut_short tells_what_is_cut_short
check shards.keeps_what_it_reads keeps_what_it_reads
check shards.refuses refuses
check shards.joins_results joins_results
check shards.joins_interrupted_results joins_interrupted_results
check shards.joins_what_may_differ joins_what_may_differ
check shards.tells_what_results_are_missing tells_what_results_are_missing
check shards.refuses_other_results refuses_other_results
check shards.joined_results_are_results joined_results_are_results
check shards.bench_shards bench_shards
echo "1..$test_nr"
# shellcheck disable=SC2154 # lib.sh sets it
exit $failed
