# SPDX-License-Identifier: GPL-2.0
#
# For each strategy: in how many trials each session completed, and all three of them,
# and how late they were at most, median and quartiles.

# "bpf@50" and so on, the delay being in ms
configurations = "< ".say("--show=configurations --format=csv", csv)
strategies = system(say("--show=configurations --format=csv", csv). \
	" | sed -n '2,$s/^\\([^,]*\\),\\([^,]*\\),.*/\\1@\\2/p' | tr '\\n' ' '")
delays = levels("OVER_HIGH_MS")
# in two lines where there is no room for long ones
label(i) = system("echo ".word(strategies, i)." | sed ".(words(delays) > 1 ? "" : "-e 's/@.*//' ") \
	."-e '".(words(strategies) > 6 ? "s/_/\\n/" : "")."'")
experiment = meta("EXPERIMENT")
scale = meta("SCALE")
speed = meta("SPEED")
roles = "HIGH LOW1 LOW2"
array colour = [blue, orange, red]
set xrange [0.4:words(strategies) + 0.6]
set xtics ()
do for [i = 1:words(strategies)] {
	set xtics add (label(i) i)
}
set xtics noenhanced
if (words(strategies) > 6) {
	set xtics font ",11"
	set bmargin 3
}
unset grid
set grid ytics lc rgb "#d8d8d8"
set style fill solid 0.6 border
set lmargin 9
set boxwidth 0.19
x(i, r) = i + (r - 2.5) * 0.21

# what analyze says of a value, of one session with one strategy
is(what, role, i) = stringcolumn("value") eq what && \
	stringcolumn("role") eq word(roles, role) && \
	stringcolumn("strategy")."@".stringcolumn("over_high_ms") eq word(strategies, i)

# in how many of its trials all three completed, of one configuration, in their order
all_three(completed, trials) = trials > 0 ? completed * 100.0 / trials : 1/0

do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? svg : png)
	set output output.".".terminal
	set multiplot layout 2, 1 title sprintf("Three sessions below one limit (%s, %s %% of the memory, speed %s)\n%s", experiment, scale, speed, where) noenhanced
	set ylabel "completed (% of trials)"
	set yrange [0:112]
	set key outside top right horizontal width 2
	plot for [r = 1:3] for [i = 1:words(strategies)] stats \
			using (x(i, r)):(is("completed", r, i) ? column("mean") * 100 : 1/0) \
			with boxes lc rgb colour[r] title i == 1 ? word(roles, r) : "", \
	     configurations using (x(column(0) + 1, 4)):(all_three(column("completed"), column("trials"))) \
			with boxes lc rgb black title "all three", \
	     for [r = 1:3] for [i = 1:words(strategies)] stats \
			using (x(i, r)):(is("completed", r, i) ? column("mean") * 100 : 1/0):(sprintf("%.0f", column("mean") * column("n"))) \
			with labels offset 0, 0.6 font ",12" notitle, \
	     configurations using (x(column(0) + 1, 4)):(all_three(column("completed"), column("trials"))):"completed" \
			with labels offset 0, 0.6 font ",12" notitle
	set ylabel "latest sample was late by (s)"
	set yrange [0:*]
	unset key
	plot for [r = 1:3] for [i = 1:words(strategies)] stats \
			using (x(i, r)):(is("late_max_s", r, i) ? column("median") : 1/0):(column("q1")):(column("q3")):(0.19) \
			with boxerrorbars lc rgb colour[r]
	unset multiplot
	unset output
}
