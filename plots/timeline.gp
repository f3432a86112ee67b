# SPDX-License-Identifier: GPL-2.0
#
# The memory of the sessions over time, a panel for each strategy, in one trial: the
# first, or TRIAL of the environment.  If there are several delays, with the first.

trial = system("echo \"${TRIAL:-1}\"")
# of a number with a unit
number(key) = real(system(say("--meta=".key, csv)." | sed 's/[^0-9].*//'"))
strategies = levels("STRATEGY")
delay = word(levels("OVER_HIGH_MS"), 1)
total = number("TOTAL") * number("SCALE") / 100e6
roles = "HIGH LOW1 LOW2"
array colour = [blue, orange, red]
# LOW1 and LOW2 may be alike: then one is seen behind the other
array width = [1.8, 4, 1.8]
trials = csv[1:strstrt(csv, "-timeline.csv") - 1].".csv"

# Rows of one session in the trial, those that meet some more conditions.
rows(file, strategy, role, conditions) = rows_where(file, "strategy=".strategy. \
	" role=".role." trial=".trial." over_high_ms=".delay." ".conditions)
samples(strategy, role) = rows(csv, strategy, role, "")
limits(strategy, role, column) = rows(csv, strategy, role, column."!=max")
kills(strategy, role) = rows(trials, strategy, role, "outcome=oom_killed")
mb(name) = column(name) / 1e6
# the memory, where a counter is more than in the row before
now = 0
mark(counter, row) = (was = row > 0 ? now : 0, now = counter, now > was ? mb("memory_current") : 1/0)

set xrange [0:*]
set yrange [-total / 25:total * 1.1]
set lmargin 9

# What all panels have in common is told once, in one without axes.
nr_rows = (words(strategies) + 2) / 2
do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? svg_of(1000, 290 * nr_rows) : png_of(1000, 290 * nr_rows))
	set output output.".".terminal
	set multiplot layout nr_rows, 2 title \
		sprintf("Memory of three sessions, trial %s, delay %s ms\n%s", trial, delay, where)
	eval axes
	unset key
	set xlabel "time (s)"
	set ylabel "memory (MB)"
	set arrow 1 from graph 0, first total to graph 1, first total nohead dt 3 lw 1.5 lc rgb black
	do for [s in strategies] {
		set title s
		plot for [r = 1:1] samples(s, "HIGH") using "t_s":(mb("parent_current")) with lines lw 1.5 lc rgb grey, \
		     for [r = 1:3] limits(s, word(roles, r), "memory_high") using "t_s":(mb("memory_high")) \
				with lines dt 2 lw 1.5 lc rgb colour[r], \
		     for [r = 1:3] limits(s, word(roles, r), "memory_max") using "t_s":(mb("memory_max")) \
				with lines dt 4 lw 1.5 lc rgb colour[r], \
		     for [r = 1:3] samples(s, word(roles, r)) using "t_s":(mb("memory_current")) \
				with lines lw width[r] lc rgb colour[r], \
		     for [r = 1:3] samples(s, word(roles, r)) using "t_s":(mark(column("events_high"), column(0))) \
				with points pt 1 ps 1.1 lw 1.5 lc rgb colour[r], \
		     for [r = 1:3] samples(s, word(roles, r)) using "t_s":(mark(column("delays"), column(0))) \
				with points pt 6 ps 1 lw 1.2 lc rgb colour[r], \
		     for [r = 1:3] kills(s, word(roles, r)) using "ran_s":(0) \
				with points pt 2 ps 1.6 lw 3 lc rgb colour[r]
	}
	# the key
	set title " "
	unset border
	unset tics
	unset grid
	unset arrow 1
	unset xlabel
	unset ylabel
	set key inside left center Left reverse maxrows 12
	plot [0:1][0:1] for [r = 1:3] 1/0 with lines lw width[r] lc rgb colour[r] title word(roles, r), \
		1/0 with lines lw 1.5 lc rgb grey title "all three", \
		1/0 with lines dt 3 lw 1.5 lc rgb black title "memory.max of all three", \
		1/0 with lines dt 2 lw 1.5 lc rgb black title "memory.high", \
		1/0 with lines dt 4 lw 1.5 lc rgb black title "memory.max", \
		1/0 with points pt 6 ps 1 lw 1.2 lc rgb black title "delayed by BPF since the last sample", \
		1/0 with points pt 1 ps 1.1 lw 1.5 lc rgb black title "over memory.high since the last sample", \
		1/0 with points pt 2 ps 1.6 lw 3 lc rgb black title "OOM kill"
	unset multiplot
	unset output
}
