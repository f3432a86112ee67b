# SPDX-License-Identifier: GPL-2.0
#
# What HIGH waits for a lock that LOW has: with LOW not held back, held back by BPF with
# each delay, and by memory.high.  Medians with their intervals.

delays = levels("OVER_HIGH_MS")
last = words(delays) + 2
rows(lock, throttle) = rows_where(stats, "value=wait_mean_s lock=".lock." throttle=".throttle)
bpf(lock, ms) = rows_where(stats, \
	"value=wait_mean_s lock=".lock." throttle=bpf over_high_ms=".ms)

set logscale y
set format y "%g"
set ylabel "HIGH waits, mean (s)"
set xrange [0.5:last + 0.5]
unset key
set xtics ("not\nheld back" 1, "memory.high" last)
do for [i = 1:words(delays)] {
	set xtics add (sprintf("BPF\n%s ms", word(delays, i)) i + 1)
}
set lmargin 10
set bmargin 4

do for [terminal in "svg png"] {
	eval "set terminal ".(terminal eq "svg" ? svg_of(1000, 460) : png_of(1000, 460))
	set output output.".".terminal
	set multiplot layout 1, 3 title "HIGH waits for LOW, median and interval\n".where
	do for [lock in "inode pipe mmap"] {
		set title lock
		plot rows(lock, "none") using (1):"median":"low":"high" \
				with yerrorbars pt 7 ps 1 lw 1.8 lc rgb blue, \
		     for [i = 1:words(delays)] bpf(lock, word(delays, i)) \
				using (i + 1):"median":"low":"high" \
				with yerrorbars pt 7 ps 1 lw 1.8 lc rgb red, \
		     rows(lock, "high") using (last):"median":"low":"high" \
				with yerrorbars pt 7 ps 1 lw 1.8 lc rgb orange
	}
	unset multiplot
	unset output
}
