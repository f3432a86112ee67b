# SPDX-License-Identifier: GPL-2.0
#
# Time to attach and detach against the number of descendants, for each depth, and
# that of a mkdir elsewhere, meanwhile and afterwards.  Medians with their intervals.

depths = levels("DEPTH")
depth(i) = word(depths, i)
colour(i) = word(blue." ".red." ".green." ".purple." ".orange." ".sky, (i - 1) % 6 + 1)
# side by side, where several have the same number
x(i) = column("descendants") * 1.08 ** (i - (words(depths) + 1) / 2.0)

rows(value, depth) = rows_where(stats, "value=".value." depth=".depth)

set logscale xy
set xlabel "descendants"
set format xy "%g"
set key tmargin center horizontal maxrows 1 samplen 1
list = system(say("--meta=DESCENDANTS", csv)." | tr , '\\n' | sort -n | tr '\\n' ' '")
set xrange [(word(list, 1) > 1 ? word(list, 1) : 1) / 2.0:word(list, words(list)) * 2.0]
set lmargin 10

do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? large_svg : large_png)
	set output output.".".terminal
	set multiplot layout 2, 2 title "Attach and detach, median and interval\n".where
	set ylabel "time (us)"
	do for [value in "attach_us detach_us mkdir_idle_us mkdir_busy_us"] {
		set title value eq "attach_us" ? "attach" : \
			value eq "detach_us" ? "detach" : \
			value eq "mkdir_idle_us" ? "longest mkdir of another cgroup, afterwards" : \
			"longest mkdir of another cgroup, meanwhile"
		plot for [i = 1:words(depths)] rows(value, depth(i)) using (x(i)):"median" \
				with linespoints pt 4 + i ps 0.9 lw 1.8 lc rgb colour(i) \
				title "depth ".depth(i), \
		     for [i = 1:words(depths)] rows(value, depth(i)) using (x(i)):"median":"low":"high" \
				with yerrorbars pt 4 + i ps 0.9 lw 1.8 lc rgb colour(i) notitle
	}
	unset multiplot
	unset output
}
