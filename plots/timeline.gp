# SPDX-License-Identifier: GPL-2.0
#
# The memory of the sessions over time, a panel for each strategy, in one trial: the
# first, or TRIAL of the environment.  If there are several delays, with the first.

trial = system("echo \"${TRIAL:-1}\"")
number(key) = real(system("sed -n 's/^# ".key.": \\([0-9]*\\).*/\\1/p' '".csv."'"))
strategies = system("sed -n 's/^# STRATEGY: //p' '".csv."' | tr , ' '")
delay = system("sed -n 's/^# OVER_HIGH_MS: //p' '".csv."' | cut -d , -f 1")
total = number("TOTAL") * number("SCALE") / 100e6
roles = "HIGH LOW1 LOW2"
array colour = [blue, orange, red]
# LOW1 and LOW2 may be alike: then one is seen behind the other
array width = [1.8, 4, 1.8]
trials = csv[1:strstrt(csv, "-timeline.csv") - 1].".csv"

# Rows of one session in the trial that meet a condition of awk, in which col("NAME")
# is a cell, and was["NAME"] that of the row before.
rows(file, strategy, role, condition, y) = sprintf( \
	"< awk -F, 'function col(name) { return $(nr[name]) } " \
	."/^#/ { next } !head { head = 1; for (i = 1; i <= NF; i++) nr[$i] = i; next } " \
	."col(\"strategy\") == \"%s\" && col(\"role\") == \"%s\" && col(\"trial\") == %s " \
	."&& col(\"over_high_ms\") == %s { if (%s) print col(nr[\"t_s\"] ? \"t_s\" : \"ran_s\") \",\" %s; " \
	."for (name in nr) was[name] = col(name) }' '%s'", \
	strategy, role, trial, delay, condition, y, file)
line(strategy, role, column) = rows(csv, strategy, role, \
	"col(\"".column."\") != \"max\"", "col(\"".column."\") / 1e6")
marks(strategy, role, counter) = rows(csv, strategy, role, \
	"col(\"".counter."\") > was[\"".counter."\"]", "col(\"memory_current\") / 1e6")
kills(strategy, role) = rows(trials, strategy, role, \
	"col(\"outcome\") == \"oom_killed\"", "0")

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
		plot for [r = 1:1] line(s, "HIGH", "parent_current") using 1:2 with lines lw 1.5 lc rgb grey, \
		     for [r = 1:3] line(s, word(roles, r), "memory_high") using 1:2 \
				with lines dt 2 lw 1.5 lc rgb colour[r], \
		     for [r = 1:3] line(s, word(roles, r), "memory_max") using 1:2 \
				with lines dt 4 lw 1.5 lc rgb colour[r], \
		     for [r = 1:3] line(s, word(roles, r), "memory_current") using 1:2 \
				with lines lw width[r] lc rgb colour[r], \
		     for [r = 1:3] marks(s, word(roles, r), "events_high") using 1:2 \
				with points pt 1 ps 1.1 lw 1.5 lc rgb colour[r], \
		     for [r = 1:3] marks(s, word(roles, r), "delays") using 1:2 \
				with points pt 6 ps 1 lw 1.2 lc rgb colour[r], \
		     for [r = 1:3] kills(s, word(roles, r)) using 1:2 \
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
