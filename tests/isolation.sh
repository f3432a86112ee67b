#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: isolation.sh PATH-OF-MEMCG_BENCH, in the virtual machine
#        isolation.sh --csv FILE
#
# Run the isolation benchmark, small and quick, and see whether what its CSV says of
# outcomes, times, delays, stalls and events fits together; or see that of a CSV that
# is there.  The output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
logs=("$work/log")

# never WHAT CONDITION - of no row, in words of awk with the names of columns
never()
{
	{
		sed -n '/^#/!{p;q}' "$csv" | tr , '\n' |
			awk '{ print "function " $1 "() { return $" NR " }" }'
		cat <<'END'
			function has_ops() { return strategy() ~ /^bpf/ }
			function is_low() { return role() ~ /^LOW/ }
			function triggered() { return has_ops() && strategy() != "bpf_room" }
END
		echo "/^#/ { next } !header { header = 1; next } status() != \"ok\" { next }"
		echo "{ rows++ } $2 { print; bad = 1 }"
		echo "END { if (!rows) print \"no rows\"; exit bad || !rows }"
	} >"$work/awk"
	awk -F, -f "$work/awk" "$csv" >"$work/log" 2>&1
	result $? "$1"
}

check_csv()
{
	never "a session is completed, or not" \
		'completed() != (outcome() == "completed") || (completion_s() != "") != completed()'
	never "a session is OOM-killed when the kernel has counted that" \
		'(outcome() == "oom_killed") != (events_oom_kill() > 0)'
	# the last sample is due at the end of the trace; microseconds are rounded
	never "a session ends after its trace, by the lateness of its last sample" \
		'completed() && (completion_s() < ideal_s() - 1e-5 || completion_s() > ideal_s() + late_max_s() + 1e-5)'
	never "lateness is ordered" \
		'late_median_s() > late_p99_s() || late_p99_s() > late_max_s()'
	never "a session that is not late was not stalled for longer than it ran" \
		'stall_s() > ran_s() * 1.05 + 0.01'
	never "without ops BPF is not asked" \
		'!has_ops() && delay_calls() + delays() + below_low_calls()'
	never "HIGH is not asked about delays, and LOW not about protection" \
		'role() == "HIGH" ? delay_calls() + delays() : below_low_calls() + below_low_yes()'
	never "LOW is asked about delays" \
		'has_ops() && is_low() && !delay_calls()'
	never "LOW is delayed while HIGH faults" \
		'triggered() && is_low() && over_high_ms() && !delays()'
	never "what BPF asked for is so many delays" \
		'delay_ms() != delays() * over_high_ms() || delays() > delay_calls()'
	# What is not slept: up to 10 ms, more than 2 s, and the last one of a session
	# that was killed.  The kernel counts no less, but for rounding to its tick.
	never "a session is stalled for what BPF asked for, or longer" \
		'over_high_ms() > 10 && over_high_ms() <= 2000 &&
		 (delays() - !completed()) * over_high_ms() / 1000 > stall_s() * 1.1'
	never "memory.high counts where it is set" \
		'memory_high() == "max" && events_high()'
	never "memory.max holds" \
		'memory_max() != "max" && peak_bytes() > memory_max() + 0'
	never "who has completed has had its memory" \
		'completed() && peak_bytes() < demand_bytes() + 0'
}

# The time line is that of the same trials, and ends with what they came to.
timeline_fits()
{
	awk -F, '
		function bad(text) { print FILENAME ":" FNR ": " text; failed = 1 }
		/^#/ { next }
		!(FILENAME in head) {
			head[FILENAME] = 1
			for (i = 1; i <= NF; i++)
				nr[FILENAME, $i] = i
			next
		}
		function col(name) { return $nr[FILENAME, name] }
		{ key = col("strategy") "," col("over_high_ms") "," col("role") "," col("trial") }
		FILENAME == ARGV[1] {
			if (key in t && col("t_s") <= t[key])
				bad("time goes back, or a trial is there twice")
			if (col("delays") < delays[key] || col("events_high") < high[key] ||
			    col("stall_s") < stall[key])
				bad("a counter goes back")
			if (col("memory_max") != "max" && col("memory_current") > col("memory_max"))
				bad("more than memory.max")
			samples[key]++
			t[key] = col("t_s") + 0
			delays[key] = col("delays") + 0
			high[key] = col("events_high") + 0
			stall[key] = col("stall_s") + 0
			next
		}
		col("status") == "ok" {
			rows++
			if (samples[key] < 3)
				bad(samples[key] + 0 " samples of " key)
			if (delays[key] != col("delays") || high[key] != col("events_high"))
				bad("the time line ends with other counts")
			if (t[key] < col("ran_s") - 0.001 || stall[key] < col("stall_s") - 1e-5)
				bad("the time line ends too early")
			delete samples[key]
		}
		END {
			for (key in samples)
				bad("a time line without a trial: " key)
			exit failed || !rows
		}' "${csv%.csv}-timeline.csv" "$csv" >"$work/log" 2>&1
}

if [ "${1-}" = --csv ]; then
	csv=${2:?a CSV of the isolation benchmark}
	echo "TAP version 13"
	check_csv
	[ ! -e "${csv%.csv}-timeline.csv" ] || {
		timeline_fits
		result $? "the time line fits"
	}
	echo "1..$test_nr"
	exit $failed
fi

bench=${1:?path of memcg_bench}
csv=$work/results/isolation.csv

run()
{
	SCALE=5 SPEED=50 "$bench" isolation --seed=1 --trials=1 \
		--strategy=no_isolation,static,high,bpf,bpf_room \
		--low-memory-high=auto --results-dir="$work/results" "$@" \
		>"$work/log" 2>&1
}

# Each trial has all of its rows, and no row is there twice.
whole()
{
	grep -v '^#' "$csv" | cut -d, -f 1-4 >"$work/log"
	[ "$(wc -l <"$work/log")" -eq 16 ] && ! sort "$work/log" | uniq -d | grep .
}

echo "TAP version 13"
run
result $? "it measures"
whole
result $? "three rows a trial"
check_csv
timeline_fits
result $? "the time line fits"
# of the last trial, a row and a half
tail -n 2 "$csv" | wc -c >"$work/log"
truncate -s "-$(($(cat "$work/log") - 20))" "$csv"
run --resume
result $? "it goes on after half a trial"
whole
result $? "three rows a trial, again"
timeline_fits
result $? "the time line fits, again"
echo "1..$test_nr"
exit $failed
