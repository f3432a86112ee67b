# SPDX-License-Identifier: GPL-2.0
#
# For each strategy: how many of each session's trials completed, and how late they
# were at most, median and quartiles.

strategies = system("sed -n 's/^# STRATEGY: //p' '".csv."' | tr , ' '")
experiment = system("sed -n -e 's/^# EXPERIMENT: //p' '".csv."'")
scale = system("sed -n -e 's/^# SCALE: //p' '".csv."'")
speed = system("sed -n -e 's/^# SPEED: //p' '".csv."'")
roles = "HIGH LOW1 LOW2"
array colour = [blue, orange, red]
set xrange [0.4:words(strategies) + 0.6]
set xtics ()
do for [i = 1:words(strategies)] {
	set xtics add (word(strategies, i) i)
}
set xtics noenhanced
unset grid
set grid ytics lc rgb "#d8d8d8"
set style fill solid 0.6 border
set lmargin 9
set boxwidth 0.22

# what analyze says of a value, of one session with one strategy
is(what, role, i) = stringcolumn("value") eq what && \
	stringcolumn("role") eq word(roles, role) && \
	stringcolumn("strategy") eq word(strategies, i)

do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? svg : png)
	set output output.".".terminal
	set multiplot layout 2, 1 title sprintf("Three sessions that do not fit (%s, %s %% of the memory, speed %s)\n%s", experiment, scale, speed, where) noenhanced
	set ylabel "completed (%)"
	set yrange [0:105]
	set key outside top right horizontal width 2
	plot for [r = 1:3] for [i = 1:words(strategies)] stats \
			using (i + (r - 2) * 0.25):(is("completed", r, i) ? column("mean") * 100 : 1/0) \
			with boxes lc rgb colour[r] title i == 1 ? word(roles, r) : ""
	set ylabel "lateness, maximum (s)"
	set yrange [0:*]
	unset key
	plot for [r = 1:3] for [i = 1:words(strategies)] stats \
			using (i + (r - 2) * 0.25):(is("late_max_s", r, i) ? column("median") : 1/0) \
			with boxes lc rgb colour[r], \
	     for [r = 1:3] for [i = 1:words(strategies)] stats \
			using (i + (r - 2) * 0.25):(is("late_max_s", r, i) ? column("median") : 1/0):(column("q1")):(column("q3")) \
			with yerrorbars lw 1.5 lc rgb "#404040" pt -1
	unset multiplot
	unset output
}
