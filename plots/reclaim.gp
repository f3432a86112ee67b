# SPDX-License-Identifier: GPL-2.0
#
# Who reclaims: for each strategy how long the task takes, how often it comes to
# memory.max, and whose processor time it costs.  Medians with their intervals, a row of
# panels for each workload.

workloads = levels("WORKLOAD")
strategies = levels("STRATEGY")
title_of(workload) = workload eq "anon" ? "anonymous memory, swapped" : "page cache"
place(name) = sum [i = 1:words(strategies)] (word(strategies, i) eq name ? i : 0)
rows(value, workload) = rows_where(stats, "value=".value." workload=".workload)

set xrange [0.5:words(strategies) + 0.5]
set yrange [0:*]
set xtics () rotate by -40
do for [i = 1:words(strategies)] {
	set xtics add (word(strategies, i) i)
}
set lmargin 9
set bmargin 5
set key top left

do for [terminal in "svg png"] {
	height = 60 + 330 * words(workloads)
	eval "set terminal ".(terminal eq "svg" ? svg_of(1000, height) : png_of(1000, height))
	set output output.".".terminal
	set multiplot layout words(workloads), 3 \
		title "Who reclaims, median and interval\n".where
	do for [workload in workloads] {
		unset key
		set title title_of(workload)
		set ylabel "task done (s)"
		plot rows("completion_s", workload) \
			using (place(stringcolumn("strategy"))):"median":"low":"high" \
			with yerrorbars pt 7 ps 1 lw 1.8 lc rgb blue
		set ylabel "came to memory.max"
		plot rows("events_max", workload) \
			using (place(stringcolumn("strategy"))):"median":"low":"high" \
			with yerrorbars pt 7 ps 1 lw 1.8 lc rgb blue
		set key top left
		set ylabel "processor time (s)"
		plot rows("cpu_worker_s", workload) \
			using (place(stringcolumn("strategy")) - 0.15):"median":"low":"high" \
			with yerrorbars pt 7 ps 1 lw 1.8 lc rgb blue title "the task's cgroup", \
		     rows("cpu_kworkers_s", workload) \
			using (place(stringcolumn("strategy"))):"median":"low":"high" \
			with yerrorbars pt 7 ps 1 lw 1.8 lc rgb red title "kworkers", \
		     rows("cpu_daemon_s", workload) \
			using (place(stringcolumn("strategy")) + 0.15):"median":"low":"high" \
			with yerrorbars pt 7 ps 1 lw 1.8 lc rgb orange title "daemon"
	}
	unset multiplot
	unset output
}
