# SPDX-License-Identifier: GPL-2.0
#
# The cost of a charge with ops as a ratio to that without, with its interval, one
# panel for each kind of charge.  none_again is without ops, too: what is within
# its interval is not a difference that was measured.

charges = levels("CHARGE")
ops = levels("OPS")
title_of(charge) = charge eq "anon" ? "anonymous memory" : \
	charge eq "file" ? "page cache" : \
	charge eq "kmem" ? "pipes (kernel memory)" : "page cache, with reclaim"

row(name) = sum [i = 1:words(ops)] (word(ops, i) eq name ? words(ops) - i : 0)
rows(charge, again) = rows_where(stats, "value=ns charge=".charge. \
	(again ? " ops=none_again" : " ops!=none ops!=none_again"))

unset key
set yrange [-0.6:words(ops) - 1.4]
set ytics ()
do for [i = 2:words(ops)] {
	set ytics add (word(ops, i) row(word(ops, i)))
}
set xlabel "time for a page or pipe, ratio to no ops"
set arrow 1 from 1, graph 0 to 1, graph 1 nohead lw 1.5 lc rgb grey
set lmargin 12
set rmargin 5
set xtics rotate by -40
set offsets graph 0.05, graph 0.05, 0, 0

do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? large_svg : large_png)
	set output output.".".terminal
	set multiplot layout ceil(words(charges) / 2.0), words(charges) > 1 ? 2 : 1 \
		title "Cost of a charge, median and interval (none_again has no ops, either)\n".where
	do for [charge in charges] {
		set title title_of(charge)
		# 1 is always in the figure
		plot "< echo 1,0" using 1:2 with dots lc rgb "white", \
		     for [again = 0:1] rows(charge, again) using "ratio":(row(stringcolumn("ops"))) \
				with points pt 7 ps 1 lc rgb again ? red : blue, \
		     for [again = 0:1] rows(charge, again) \
				using "ratio":(row(stringcolumn("ops"))):"ratio_low":"ratio_high" \
				with xerrorbars pt 7 ps 1 lw 2 lc rgb again ? red : blue
	}
	unset multiplot
	unset output
}
