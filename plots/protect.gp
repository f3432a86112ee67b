# SPDX-License-Identifier: GPL-2.0
#
# Who protects HIGH while it works: for each strategy what HIGH and LOW get done, by what
# HIGH does, and with bursts how many pages HIGH loses, how soon it is protected, and what
# processor time that takes.  Medians with their intervals, of the first MEMORY.

memory = word(levels("MEMORY"), 1)
activities = levels("ACTIVITY")
strategies = levels("STRATEGY")
last = word(activities, words(activities))
title_of(activity) = activity eq "active" ? "HIGH always works" : \
	activity eq "idle" ? "HIGH is idle" : "HIGH works in bursts"
place(name) = sum [i = 1:words(strategies)] (word(strategies, i) eq name ? i : 0)
rows(value, activity) = rows_where(stats, \
	"value=".value." memory=".memory." activity=".activity)
# a few trials have a median and no interval
or_median(end) = strlen(stringcolumn(end)) ? column(end) : column("median")
thousands(end) = or_median(end) / 1000
# for a panel whose rows were not measured
invisible = '#ff000000'

set xrange [0.5:words(strategies) + 0.5]
set yrange [0:*]
# room for the key
set offsets 0, 0, graph 0.4, 0
set xtics () rotate by -55
do for [i = 1:words(strategies)] {
	set xtics add (word(strategies, i) i)
}
set lmargin 10
set bmargin 6
columns = words(activities) > 3 ? words(activities) : 3

do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? svg_of(1100, 760) : png_of(1100, 760))
	set output output.".".terminal
	set multiplot layout 2, columns \
		title "Who protects HIGH, median and interval\n".where
	set key top left
	do for [activity in activities] {
		set title title_of(activity)
		set ylabel "1000 pages read"
		plot rows("high_pages", activity) \
			using (place(stringcolumn("strategy")) - 0.1):(thousands("median")):(thousands("low")):(thousands("high")) \
			with yerrorbars pt 7 ps 1 lw 1.8 lc rgb blue title "HIGH", \
		     rows("low_pages", activity) \
			using (place(stringcolumn("strategy")) + 0.1):(thousands("median")):(thousands("low")):(thousands("high")) \
			with yerrorbars pt 7 ps 1 lw 1.8 lc rgb red title "LOW", \
		     1e-3 notitle with lines lc rgb invisible
	}
	do for [i = words(activities) + 1:columns] {
		set multiplot next
	}
	set title title_of(last)
	unset key
	set ylabel "1000 pages HIGH lost"
	plot rows("high_steal", last) \
		using (place(stringcolumn("strategy"))):(thousands("median")):(thousands("low")):(thousands("high")) \
		with yerrorbars pt 7 ps 1 lw 1.8 lc rgb blue, \
	     1e-3 with lines lc rgb invisible
	set ylabel "until HIGH is protected (ms)"
	set offsets
	set logscale y
	set yrange [*:*]
	plot rows("reaction_ms", last) \
		using (place(stringcolumn("strategy"))):"median":(or_median("low")):(or_median("high")) \
		with yerrorbars pt 7 ps 1 lw 1.8 lc rgb blue, \
	     x with lines lc rgb invisible
	unset logscale y
	set yrange [0:*]
	set offsets 0, 0, graph 0.4, 0
	set key top left
	set ylabel "processor time (s)"
	plot rows("cpu_daemon_s", last) \
		using (place(stringcolumn("strategy"))):"median":(or_median("low")):(or_median("high")) \
		with yerrorbars pt 7 ps 1 lw 1.8 lc rgb orange title "daemon", \
	     rows("cpu_bpf_s", last) \
		using (place(stringcolumn("strategy"))):"median":(or_median("low")):(or_median("high")) \
		with yerrorbars pt 7 ps 1 lw 1.8 lc rgb red title "BPF", \
	     1e-3 notitle with lines lc rgb invisible
	unset multiplot
	unset output
}
