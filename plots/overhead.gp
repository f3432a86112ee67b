# SPDX-License-Identifier: GPL-2.0
#
# The cost of a charge as a ratio to that of the baseline, with its interval: of
# instructions where they were counted, else of time.  A panel for each kind of charge,
# and beside it the same with several tasks.  What ends in "again" is the control: what
# is within its interval is not a difference that was measured.

charges = levels("CHARGE")
ops = levels("OPS")
tasks = levels("TASKS")
if (tasks eq "") tasks = "1"
base = system("printf %s '".meta("baseline")."' | cut -d = -f 2")
rows_of(conditions) = rows_where(stats, conditions)[3:]
counted = system(rows_of("value=instructions n!=0")." | grep -c ^instructions || :") + 0
value = counted ? "instructions" : "ns"

title_of(charge) = charge eq "anon" ? "anonymous memory" : \
	charge eq "file" ? "page cache" : \
	charge eq "kmem" ? "pipes (kernel memory)" : \
	charge eq "unmap" ? "anonymous memory unmapped" : \
	charge eq "fork" ? "fork and exit" : "page cache, with reclaim"
tasks_of(n) = n eq "1" ? "" : ", ".n." tasks"

row(name) = sum [i = 1:words(ops)] (word(ops, i) eq name ? words(ops) - i : 0)
is_again(name) = strstrt(name, "_again") > 0
rows(charge, n) = rows_where(stats, "value=".value." charge=".charge." ops!=".base. \
	(words(tasks) > 1 ? " tasks=".n : ""))
colour(name) = is_again(name) ? red_rgb : blue_rgb
red_rgb = 0xD55E00
blue_rgb = 0x0072B2

unset key
set yrange [-0.6:words(ops) - 1.4]
set ytics ()
do for [i = 1:words(ops)] {
	if (word(ops, i) ne base) {
		set ytics add (word(ops, i) row(word(ops, i)))
	}
}
set xlabel (counted ? "instructions" : "time")." for each, ratio to ".base
set arrow 1 from 1, graph 0 to 1, graph 1 nohead lw 1.5 lc rgb grey
set lmargin 16
set rmargin 5
set xtics rotate by -40
set offsets graph 0.05, graph 0.05, 0, 0

columns = words(tasks) > 1 ? 2 : 1
height = 120 + 290 * words(charges) * words(tasks) / columns
do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? svg_of(1000, height) : png_of(1000, height))
	set output output.".".terminal
	set multiplot layout words(charges) * words(tasks) / columns, columns \
		title "Cost of a charge, median and interval\n".where
	do for [charge in charges] {
		do for [n in tasks] {
			set title title_of(charge).tasks_of(n)
			# 1 is always in the figure
			plot "< echo 1,0" using 1:2 with dots lc rgb "white", \
			     rows(charge, n) using "ratio":(row(stringcolumn("ops"))): \
					(colour(stringcolumn("ops"))) \
					with points pt 7 ps 1 lc rgb variable, \
			     rows(charge, n) using "ratio":(row(stringcolumn("ops"))): \
					"ratio_low":"ratio_high":(colour(stringcolumn("ops"))) \
					with xerrorbars pt 7 ps 1 lw 2 lc rgb variable
		}
	}
	unset multiplot
	unset output
}
