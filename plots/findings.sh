#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016 # awk has dollars
#
# usage: findings.sh ANALYZE CSV
#
# Say in a few lines what the results of a benchmark come to, from what ANALYZE, the
# path of bench/analyze, makes of them.  "median" is of trials, and in brackets is its
# 95 % interval, or that of the ratio.

set -eu
. "$(dirname "$(realpath "$0")")/../vm/help.sh"
analyze=${1:?path of analyze}
csv=${2:?CSV of memcg_bench}

# of a CSV: the cell of a column in this row; and how numbers are written
library='
	BEGIN { FS = "," }
	/^#/ { next }
	!head { head = 1; for (i = 1; i <= NF; i++) nr[$i] = i; next }
	function col(name) { return $nr[name] }
	function num(x) { return sprintf(x >= 1000 || x <= -1000 ? "%.0f" : "%.3g", x) }
	function interval(low, high) { return low == "" ? "" : " (" num(low) " to " num(high) ")" }
	function ratio() { return num(col("ratio")) interval(col("ratio_low"), col("ratio_high")) }
	function median() { return num(col("median")) interval(col("low"), col("high")) }
	function list(text, item) { return text (text == "" ? "" : ", ") item }
'

# the levels of a factor, or another value
meta()
{
	sed -n "s/^# $1: //p" "$csv" | head -n 1 | tr , ' '
}

delay()
{
	awk "$library"'
	col("value") != "psi_ms" { next }
	{ ms = col("over_high_ms") + 0 }
	ms <= 10 {
		none++
		if (col("max") > most)
			most = col("max")
	}
	ms > 10 && ms <= 2000 {
		r = col("median") / ms
		if (!between++ || r < least_r)
			least_r = r
		if (r > most_r)
			most_r = r
	}
	ms > 2000 {
		beyond = list(beyond, ms)
		if (col("max") > longest)
			longest = col("max")
	}
	END {
		if (none)
			print "Asked for 10 ms or less, a task was stalled for at most " num(most) " ms."
		if (between)
			print "Asked for more, up to 2000 ms, it was stalled for " num(least_r) " to " num(most_r) " times as long (medians, " between " values)."
		if (beyond != "")
			print "Asked for " beyond " ms, it was stalled for at most " num(longest) " ms: the clamp."
	}'
}

priority()
{
	awk "$library"'
	col("value") == "ratio" {
		if (col("ops") == "none")
			none[col("pair")] = median()
		else
			print col("pair") ", CG_LIMIT " col("cg_limit") / 1048576 " MiB, delay " col("over_high_ms") " ms: LOW takes " median() " times as long as HIGH with ops."
	}
	END {
		for (pair in none)
			print pair ": with nothing attached it is " none[pair] " times as long."
	}' | sort
}

overhead()
{
	awk "$library"'
	col("value") != "ns" || col("ops") == "none" { next }
	{ what = col("ops") " " ratio(); charge = col("charge") }
	col("verdict") == "too few trials" { few[charge] = 1 }
	!(charge in seen) { seen[charge] = ++charges; name[charges] = charge }
	col("ops") == "none_again" { again[charge] = ratio(); if (col("verdict") ~ /^(more|less)$/) broken = list(broken, charge); next }
	col("verdict") ~ /^(more|less)$/ { shown[charge] = list(shown[charge], what) }
	END {
		for (i = 1; i <= charges; i++) {
			c = name[i]
			print c ": " (c in few ? "too few trials to tell ops from no ops" : shown[c] == "" ? "no difference from no ops is shown" : "time for a page or pipe, as a multiple of that without ops: " shown[c]) "." (c in again ? " No ops once more: " again[c] "." : "")
		}
		if (broken != "")
			print "The control failed: no ops differ from no ops (" broken "), so the machine was not quiet enough for differences of this size."
	}'
}

attach()
{
	awk "$library"'
	col("value") !~ /^(attach_us|detach_us|mkdir_idle_us|mkdir_busy_us)$/ { next }
	function below(n) { return n " descendant" (n == 1 ? "" : "s") }
	{ d = col("descendants") + 0; v = col("value") }
	!(v in least) || d < least[v] { least[v] = d; first[v] = median() }
	!(v in most) || d >= most[v] { most[v] = d; last[v] = median(); last_depth[v] = col("depth") }
	END {
		n = split("attach_us attach to,detach_us detach from", what, ",")
		for (i = 1; i <= n; i++) {
			v = what[i]
			sub(/ .*/, "", v)
			sub(/^[^ ]* /, "", what[i])
			if (v in most)
				print "To " what[i] " a cgroup with " below(least[v]) " takes " first[v] " us, and " last[v] " us with " below(most[v]) ", " last_depth[v] " deep."
		}
		if ("mkdir_busy_us" in most)
			print "The longest mkdir of another cgroup takes " last["mkdir_busy_us"] " us during that, and " last["mkdir_idle_us"] " us in as long a time afterwards (" below(most["mkdir_busy_us"]) ", " last_depth["mkdir_busy_us"] " deep)."
	}'
}

isolation()
{
	awk "$library"'
	col("status") != "ok" { next }
	{
		s = col("strategy") SUBSEP col("over_high_ms")
		t = s SUBSEP col("trial")
		rows[s]++
		done[t] += col("completed")
		if (done[t] == 3)
			all[s]++
	}
	END {
		# in the order in which they were set
		n = split(strategies, strategy, " ")
		m = split(delays, delay, " ")
		for (i = 1; i <= n; i++)
			for (j = 1; j <= m; j++) {
				s = strategy[i] SUBSEP delay[j]
				if (s in rows)
					text = list(text, strategy[i] (m > 1 ? " with " delay[j] " ms" : "") " in " all[s] + 0 " of " rows[s] / 3)
			}
		print "All three sessions completed: " text " trials."
	}' strategies="$(meta STRATEGY)" delays="$(meta OVER_HIGH_MS)" "$csv"
	"$analyze" --format=csv --values=completion_s "$csv" | awk "$library"'
	{
		s = col("strategy") ", delay " col("over_high_ms") " ms"
		if (!(s in text))
			name[++n] = s
		text[s] = list(text[s], col("role") " " (col("n") ? median() " s" : "never"))
	}
	END {
		for (i = 1; i <= n; i++)
			print name[i] ": time to complete, where it did: " text[name[i]] "."
	}'
}

bench=$(meta bench)
case $bench in
isolation)
	isolation
	;;
delay|priority|overhead|attach)
	"$analyze" --format=csv "$csv" | "$bench"
	;;
esac
