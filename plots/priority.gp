# SPDX-License-Identifier: GPL-2.0
#
# How long HIGH and LOW took, without ops and with them, for each pair.

pairs = levels("PAIR")
set title "HIGH and LOW do the same work at the same time\n".where
set ylabel "completion time (s)"
set yrange [0:*]
set xtics ()
set xrange [0.4:words(pairs) + 0.6]
do for [i = 1:words(pairs)] {
	set xtics add (word(pairs, i) i)
}
unset grid
set grid ytics lc rgb "#d8d8d8"
set style boxplot outliers pointtype 6 range 1.5
set style fill solid 0.35 border
set boxwidth 0.16
set key outside bottom center horizontal

# the times of one of the two, of one pair
taken(who, ops, i) = stringcolumn("pair") eq word(pairs, i) && \
	stringcolumn("ops") eq ops ? column(who) : 1/0

do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? svg : png)
	set output output.".".terminal
	plot for [i = 1:words(pairs)] csv using (i - 0.3):(taken("high_s", "none", i)) \
			with boxplot lw 1.5 lc rgb sky title i == 1 ? "HIGH, no ops" : "", \
	     for [i = 1:words(pairs)] csv using (i - 0.1):(taken("low_s", "none", i)) \
			with boxplot lw 1.5 lc rgb orange title i == 1 ? "LOW, no ops" : "", \
	     for [i = 1:words(pairs)] csv using (i + 0.1):(taken("high_s", "bpf", i)) \
			with boxplot lw 1.5 lc rgb blue title i == 1 ? "HIGH, ops" : "", \
	     for [i = 1:words(pairs)] csv using (i + 0.3):(taken("low_s", "bpf", i)) \
			with boxplot lw 1.5 lc rgb red title i == 1 ? "LOW, ops" : ""
	unset output
}
