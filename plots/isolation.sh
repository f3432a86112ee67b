#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: isolation.sh CSV
#
# Print what the trials of the isolation benchmark came to, beside what is
# published of the same experiment: who completed, how long that took, and what held
# them back.  Times are medians; "x" is how often the trace's own duration fits.

set -eu
. "$(dirname "$(realpath "$0")")/../vm/help.sh"
published=$(dirname "$(realpath "$0")")/published-isolation.csv
csv=${1:?CSV of the isolation benchmark}

meta()
{
	sed -n "s/^# $1: //p" "$csv" | head -n 1
}

experiment=$(basename "$(meta EXPERIMENT)" .conf)
echo "$experiment: SCALE=$(meta SCALE)% SPEED=$(meta SPEED) TOTAL=$(meta TOTAL | sed "s/000000B$/MB/") (before SCALE), $(meta kernel)$(meta accelerator | sed -n "s/tcg/, processor emulated/p")"
awk -F, -v experiment="$experiment" -v strategies="$(meta STRATEGY)" \
	-v delays="$(meta OVER_HIGH_MS)" '
	/^#/ { next }
	# the header of each file
	!(FILENAME in head) {
		head[FILENAME] = 1
		delete column
		for (i = 1; i <= NF; i++)
			column[$i] = i
		next
	}
	function cell(name) { return $column[name] }

	FILENAME == ARGV[1] {
		if (cell("experiment") == experiment) {
			key = cell("strategy") SUBSEP cell("role")
			old_outcome[key] = cell("outcome")
			old_s[key] = cell("completion_s")
			old_ideal[key] = cell("ideal_s")
		}
		next
	}
	cell("status") != "ok" { failed++; next }
	{
		config = cell("strategy") SUBSEP cell("over_high_ms")
		trial = config SUBSEP cell("trial")
		if (cell("role") == "HIGH")
			trials[config]++
		row = config SUBSEP cell("role")
		ideal[row] = cell("ideal_s")
		outcomes[row, cell("outcome")]++
		add(row, "late", cell("late_max_s"))
		add(row, "stall", cell("stall_s"))
		add(row, "high", cell("events_high"))
		add(row, "delays", cell("delays"))
		if (cell("outcome") == "completed") {
			add(row, "s", cell("completion_s"))
			survivors[trial]++
			if (survivors[trial] == 3)
				all[config]++
		}
	}
	function add(row, what, x) { value[row, what, ++n[row, what]] = x }
	function median(row, what,   i, j, m, x, t) {
		m = n[row, what]
		for (i = 1; i <= m; i++) {
			t = value[row, what, i] + 0
			for (j = i; j > 1 && x[j - 1] > t; j--)
				x[j] = x[j - 1]
			x[j] = t
		}
		return m % 2 ? x[(m + 1) / 2] : (x[m / 2] + x[m / 2 + 1]) / 2
	}
	function time(s, ideal) {
		return s == "" ? "-" : sprintf("%.2f s, x%.2f", s, s / ideal)
	}
	END {
		# in the order in which they were set
		split(strategies, strategy)
		split(delays, delay)
		for (i = 1; i in strategy; i++)
			for (j = 1; j in delay; j++)
				if ((strategy[i] SUBSEP delay[j]) in trials)
					order[++nr] = strategy[i] SUBSEP delay[j]

		format = "%-18s %5s %-4s %9s %6s %9s %14s %7s %7s %5s %6s   %-10s %s\n"
		printf format, "strategy", "delay", "", "completed", "killed",
			"timed out", "time", "late", "stall", "high", "delays",
			"published", "time"
		for (i = 1; i <= nr; i++) {
			split(order[i], part, SUBSEP)
			for (r = 1; r <= 3; r++) {
				role = r == 1 ? "HIGH" : "LOW" (r - 1)
				row = order[i] SUBSEP role
				old = part[1] SUBSEP role
				printf format, r == 1 ? part[1] : "",
					r == 1 ? part[2] : "", role,
					outcomes[row, "completed"] + 0 "/" trials[order[i]],
					outcomes[row, "oom_killed"] + 0,
					outcomes[row, "timed_out"] + 0,
					time(n[row, "s"] ? median(row, "s") : "", ideal[row]),
					sprintf("%.2f", median(row, "late")),
					sprintf("%.2f", median(row, "stall")),
					median(row, "high"), median(row, "delays"),
					old in old_outcome ? old_outcome[old] : "-",
					old in old_outcome ? time(old_s[old], old_ideal[old]) : ""
			}
		}
		print "\nall three completed:"
		for (i = 1; i <= nr; i++) {
			split(order[i], part, SUBSEP)
			printf "  %-18s %5s ms  %d of %d trials\n", part[1], part[2],
				all[order[i]], trials[order[i]]
		}
		if (failed)
			printf "%d trials failed\n", failed / 3
		print "What BPF contributes is the difference of bpf and high; make report tests it."
	}' "$published" "$csv"
