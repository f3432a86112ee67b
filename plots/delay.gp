# SPDX-License-Identifier: GPL-2.0
#
# The delay that BPF asked for against the one that was measured.  Axes are
# logarithmic but for what is near 0.

set title "get_high_delay_ms: delay asked for and measured\n".where
set xlabel "asked for (ms)"
set ylabel "measured, for each delay (ms)"

set nonlinear x via log10(1 + x) inverse 10**x - 1
set nonlinear y via log10(1 + y) inverse 10**y - 1
set xrange [-0.2:8000]
set yrange [-0.2:8000]
tics = "(0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)"
eval "set xtics ".tics
eval "set ytics ".tics

# what the interface promises
set arrow 1 from 10, -0.2 to 10, 8000 nohead dt 3 lw 1.5 lc rgb grey
set label 1 "10 ms or less: no sleep" at 9, 3000 right textcolor rgb "#404040"
set arrow 2 from -0.2, 2000 to 8000, 2000 nohead dt 3 lw 1.5 lc rgb grey
set label 2 "clamp: 2000 ms" at 0.1, 1450 left textcolor rgb "#404040"
set key bottom right

do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? svg : png)
	set output output.".".terminal
	plot x > 0 ? x : 1/0 title "as asked for (y = x)" with lines dt 2 lw 1.5 lc rgb grey, \
	     csv using "over_high_ms":"task_ms" title "by the task's clock, with 64 page faults" \
		with points pt 6 ps 1.1 lw 1.5 lc rgb orange, \
	     csv using "over_high_ms":"psi_ms" title "by memory.pressure" \
		with points pt 2 ps 0.9 lw 1.5 lc rgb blue
	unset output
}
