#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: analyze.sh PATH-OF-ANALYZE
#
# Does bench/analyze calculate what it says, and refuse what it cannot read?  It is
# checked against constants, against R where that is installed, and on values
# drawn from known distributions.  The output is KTAP.
#
# shellcheck disable=SC2016,SC2317 # R has dollars; functions are called by name

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
analyze=${1:?path of the analyze program}

# field FILE VALUE GROUP COLUMN - a cell of analyze's own CSV, of one group column
field()
{
	awk -F, -v value="$2" -v group="$3" -v column="$4" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i }
		NR > 1 && $1 == value && $2 == group { print $at }' "$1"
}

# is WHAT WANT GOT - equal but for the last digits that are printed
is()
{
	awk -v a="$2" -v b="$3" 'BEGIN {
		d = a - b; if (d < 0) d = -d
		m = a < 0 ? -a : a
		exit !(b != "" && d <= 1e-8 * (m > 1 ? m : 1)) }' && return
	echo "$1: want $2, got $3"
	return 1
}

# csv NAME [COLUMNS] < "GROUP VALUE" LINES - make a CSV like those of memcg_bench;
# COLUMNS are those of the lines, if they have others, too
csv()
{
	{
		echo "# factor g: [] group"
		echo "# result v: [s] value"
		echo "${2:-g,v}"
		tr ' ' ,
	} >"$work/$1"
}

# Numbers from 0 to 1, the same with any awk: Park and Miller's generator.
awk_random='
	function random() {
		state = (state * 16807) % 2147483647
		return state / 2147483647
	}
	BEGIN { state = 20240229 }'

# The constants are R's:
#	x <- c(12.1, 15.3, 11.8, 14.2, 13.7, 19.9, 12.6, 13.1, 40.5, 12.9)
#	y <- c(16.4, 18.2, 17.7, 13.3, 21.5, 16.9, 15.8, 22.3)
#	mean(x); sd(x); quantile(x); median(y) / median(x); wilcox.test(y, x)$p.value
#	a <- c(1, 2, 2, 3, 3, 3, 4, 5); b <- c(2, 3, 4, 4, 5, 5, 6, 6, 7)
#	wilcox.test(b, a, exact = FALSE)$p.value
constants()
{
	local out=$work/out

	printf 'x %s\n' 12.1 15.3 11.8 14.2 13.7 19.9 12.6 13.1 40.5 12.9 >"$work/v"
	printf 'y %s\n' 16.4 18.2 17.7 13.3 21.5 16.9 15.8 22.3 >>"$work/v"
	csv constants.csv <"$work/v"
	"$analyze" -f csv -b g=x "$work/constants.csv" >"$out" || return
	is n 10 "$(field "$out" v x n)" &&
	is mean 16.61 "$(field "$out" v x mean)" &&
	is sd 8.71262812755 "$(field "$out" v x sd)" &&
	is q1 12.675 "$(field "$out" v x q1)" &&
	is median 13.4 "$(field "$out" v x median)" &&
	is q3 15.025 "$(field "$out" v x q3)" &&
	is outliers 2 "$(field "$out" v x outliers)" &&
	is ratio 1.29104477612 "$(field "$out" v y ratio)" &&
	is diff 3.9 "$(field "$out" v y diff)" &&
	is p 0.0434206316559 "$(field "$out" v y p)"
}

ties()
{
	{
		printf 'a %s\n' 1 2 2 3 3 3 4 5
		printf 'b %s\n' 2 3 4 4 5 5 6 6 7
	} | csv ties.csv
	"$analyze" -f csv -b g=a "$work/ties.csv" >"$work/out" || return
	is p 0.0317589571481 "$(field "$work/out" v b p)"
}

# 0.012, 0.03, 0.04 and 0.5 become 0.048, 0.09, 0.09 and 0.5 by p.adjust(p, "holm").
# Four groups that are all above the baseline have the same exact p, 2 / C(12, 6):
# the least is multiplied by 4, and none can be less than that.
holm()
{
	local group

	for group in 0 1 2 3 4; do
		seq 6 | awk -v g="$group" '{ print "g" g, $1 + 10 * g }'
	done | csv holm.csv
	"$analyze" -f csv -b g=g0 "$work/holm.csv" >"$work/out" || return
	for group in g1 g2 g3 g4; do
		is "p of $group" 0.008658008658 \
			"$(field "$work/out" v "$group" p)" || return
	done
}

# The constants are R's:
#	x <- c(12.1, 15.3, 11.8, 14.2, 13.7, 19.9, 12.6, 13.1, 40.5, 12.9)
#	y <- c(12.5, 16.0, 11.9, 13.9, 14.9, 21.2, 12.4, 14.6, 43.1, 14.0)
#	median(y / x); median(y - x); wilcox.test(y, x, paired = TRUE)$p.value
#	a <- c(1, 2, 2, 3, 3, 3, 4, 5, 6, 7); b <- c(2, 2, 4, 4, 5, 2, 6, 6, 7, 9)
#	wilcox.test(b, a, paired = TRUE, exact = FALSE)$p.value
pairs()
{
	paste <(printf '%s\n' 12.1 15.3 11.8 14.2 13.7 19.9 12.6 13.1 40.5 12.9) \
		<(printf '%s\n' 12.5 16.0 11.9 13.9 14.9 21.2 12.4 14.6 43.1 14.0) |
		awk '{ print NR, "x", $1; print NR, "y", $2 }' | sort -R | csv pairs.csv trial,g,v
	"$analyze" -f csv -b g=x "$work/pairs.csv" >"$work/out" || return
	cat "$work/out"
	is pairs 10 "$(field "$work/out" v y pairs)" &&
	is ratio 1.05497458243 "$(field "$work/out" v y ratio)" &&
	is diff 0.9 "$(field "$work/out" v y diff)" &&
	is p 0.01953125 "$(field "$work/out" v y p)" || return

	paste <(printf '%s\n' 1 2 2 3 3 3 4 5 6 7) <(printf '%s\n' 2 2 4 4 5 2 6 6 7 9) |
		awk '{ print NR, "a", $1; print NR, "b", $2 }' | csv pairs.csv trial,g,v
	"$analyze" -f csv -b g=a "$work/pairs.csv" >"$work/out" || return
	is p 0.0207442918741 "$(field "$work/out" v b p)"
}

# Rounds of which the slowest takes twice as long as the fastest hide 2 %, and not
# from pairs; what is the same is called so.
small_difference()
{
	local low

	awk "$awk_random"' BEGIN {
		for (t = 0; t < 30; t++) {
			slow = 100 * (1 + random())
			print t, "base", slow * (1 + 0.02 * random())
			print t, "same", slow * (1 + 0.02 * random())
			print t, "more", slow * (1.02 + 0.02 * random())
		} }' >"$work/v"
	csv small.csv trial,g,v <"$work/v"
	"$analyze" -f csv -b g=base "$work/small.csv" >"$work/out" || return
	cat "$work/out"
	is "pairs" 30 "$(field "$work/out" v more pairs)" &&
	[ "$(field "$work/out" v more verdict)" = more ] &&
	[ "$(field "$work/out" v same verdict)" = "no difference shown" ] &&
	low=$(field "$work/out" v more ratio_low) &&
	awk -v low="$low" 'BEGIN { exit !(low > 1.01 && low < 1.02) }' &&

	# the same values, without their rounds
	cut -d ' ' -f 2- "$work/v" | csv small.csv
	"$analyze" -f csv -b g=base "$work/small.csv" >"$work/out" &&
	[ "$(field "$work/out" v more verdict)" = "no difference shown" ]
}

# 5 comparisons take 8 rounds: 5 * 2 ^ -7 < 0.05.  A trial that has failed is in no pair.
enough_rounds()
{
	local n

	for n in 7 8; do
		awk -v n="$n" 'BEGIN {
			for (t = 0; t < n; t++)
				for (g = 0; g <= 5; g++)
					print t, "g" g, t + (g ? 10 + t / 8 : 1) }' |
			csv enough.csv trial,g,v
		"$analyze" -f csv -b g=g0 "$work/enough.csv" >"$work/out$n" || return
	done
	cat "$work/out8"
	[ -z "$(field "$work/out7" v g1 pairs)" ] &&
	is pairs 8 "$(field "$work/out8" v g1 pairs)" &&
	[ "$(field "$work/out8" v g1 verdict)" = more ] || return

	sed -i '/^3,g1,/d' "$work/enough.csv"
	"$analyze" -f csv -b g=g0 "$work/enough.csv" >"$work/out" &&
	is pairs 7 "$(field "$work/out" v g1 pairs)" &&
	is pairs 8 "$(field "$work/out" v g2 pairs)" || return

	# two rows of a round: which of them would it be?
	echo 3,g0,5 >>"$work/enough.csv"
	expect 2 'this trial is in line' "$analyze" -f csv -b g=g0 "$work/enough.csv" &&
	sed -i 's/^# factor/# column/' "$work/enough.csv" &&
	"$analyze" -f csv -g g -b g=g0 "$work/enough.csv" >"$work/out" &&
	[ -z "$(field "$work/out" v g2 pairs)" ]
}

# 300 groups with 20 values of an exponential distribution, whose median is ln 2.
coverage()
{
	awk "$awk_random"' BEGIN {
		for (g = 0; g < 300; g++)
			for (i = 0; i < 20; i++)
				print "g" g, -log(random()) }' | csv coverage.csv
	"$analyze" -f csv -r 2000 "$work/coverage.csv" |
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ n++; if ($at["low"] <= log(2) && $at["high"] >= log(2)) in_it++ }
		END {
			printf "the median is in %d of %d intervals\n", in_it, n
			exit !(n == 300 && in_it / n > 0.92 && in_it / n < 0.98) }'
}

# Of 100 groups like the baseline none is called different.  Twice that, each is.
no_false_alarm()
{
	awk "$awk_random"' BEGIN {
		for (g = 0; g <= 100; g++)
			for (i = 0; i < 30; i++)
				print "g" g, 10 - log(random()) }' | csv same.csv
	"$analyze" -f csv -r 2000 -b g=g0 "$work/same.csv" >"$work/out" || return
	echo "$(grep -c 'no difference shown' "$work/out") of 100 are the same"
	[ "$(grep -c 'no difference shown' "$work/out")" -eq 100 ]
}

known_difference()
{
	awk "$awk_random"' BEGIN {
		for (g = 0; g <= 8; g++)
			for (i = 0; i < 30; i++)
				print "g" g, (10 - log(random())) * (g ? 2 : 1) }' |
		csv twice.csv
	"$analyze" -f csv -b g=g0 "$work/twice.csv" >"$work/out" || return
	cat "$work/out"
	[ "$(grep -c ',more$' "$work/out")" -eq 8 ] &&
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$2 != "g0" && ($at["ratio_low"] > 2 || $at["ratio_high"] < 2) { bad++ }
		END { exit bad > 1 }' "$work/out"
}

# 1 - 2^(1 - 5) is less than 95 %.
too_few()
{
	{ seq -f 'a %g' 5; seq -f 'b %g' 11 15; } | csv few.csv
	"$analyze" -f csv -b g=a "$work/few.csv" >"$work/out" || return
	cat "$work/out"
	[ "$(grep -c 'too few trials' "$work/out")" -eq 1 ] &&
		[ -z "$(field "$work/out" v a low)" ]
}

seed()
{
	"$analyze" -f csv --mean -s 1 "$work/constants.csv" >"$work/a" &&
	"$analyze" -f csv --mean -s 1 "$work/constants.csv" >"$work/b" &&
	"$analyze" -f csv --mean -s 2 "$work/constants.csv" >"$work/c" || return
	cmp "$work/a" "$work/b" && ! cmp -s "$work/a" "$work/c"
}

# A trial that failed counts, but has no value; an empty cell was not measured.
failed_and_missing()
{
	cat >"$work/failed.csv" <<-END
		# factor g: [] group
		# result v: [s] value
		g,status,v
		a,ok,1
		a,ETIMEDOUT,
		a,ok,
		a,ok,3
	END
	"$analyze" -f csv "$work/failed.csv" >"$work/out" || return
	cat "$work/out"
	is n 2 "$(field "$work/out" v a n)" &&
	is failed 1 "$(field "$work/out" v a failed)" &&
	is missing 1 "$(field "$work/out" v a missing)"
}

formats()
{
	local format

	for format in text markdown html; do
		"$analyze" -f "$format" "$work/constants.csv" >"$work/out" || return
		grep -q 16.61 "$work/out" || return
	done
}

# refuses FILE WANT [OPTION...] - status 2, and an error that begins so
refuses()
{
	local file=$work/$1 want=$2 out status=0

	shift 2
	out=$("$analyze" "$@" "$file" 2>&1 >"$work/out") || status=$?
	echo "status $status: $out"
	[ "$status" -eq 2 ] && [[ $out == "$file"$want* ]] && [ ! -s "$work/out" ]
}

# in_R CSV < SCRIPT - a script that compares what analyze says in out with what R says
# of the CSV, d, and puts the p of each group into p
in_R()
{
	local prologue='
		args <- commandArgs(TRUE)
		d <- read.csv(args[1], comment.char = "#")
		out <- read.csv(args[2])
		p <- c()
		close <- function(a, b) stopifnot(abs(a - b) <= 1e-8 * max(1, abs(a)))'
	local epilogue='
		p <- p.adjust(p, "holm")
		print(p)
		stopifnot(length(p) == 5)
		for (g in names(p))
			close(p[[g]], out$p[out$g == g])'

	{ echo "$prologue"; cat; echo "$epilogue"; } |
		Rscript --vanilla - "$1" "$work/out"
}

against_R()
{
	awk "$awk_random"' BEGIN {
		for (g = 0; g < 6; g++)
			for (i = 0; i < 8 + 9 * g; i++) {
				x = -log(random()) * (1 + g / 10)
				# ties in every other group
				print "g" g, g % 2 ? int(x * 8) / 8 : x
			} }' | csv r.csv
	"$analyze" -f csv -b g=g0 -r 100 "$work/r.csv" >"$work/out" || return
	in_R "$work/r.csv" <<-'END'
		for (g in unique(d$g)) {
			x <- d$v[d$g == g]
			o <- out[out$g == g, ]
			q <- unname(quantile(x))
			close(mean(x), o$mean)
			close(sd(x), o$sd)
			close(q[2], o$q1)
			close(q[3], o$median)
			close(q[4], o$q3)
			fence <- 1.5 * (q[4] - q[2])
			stopifnot(sum(x < q[2] - fence | x > q[4] + fence) == o$outliers)
			if (g != "g0")
				p[g] <- suppressWarnings(wilcox.test(x,
					d$v[d$g == "g0"])$p.value)
		}
	END
}

pairs_against_R()
{
	awk "$awk_random"' BEGIN {
		for (t = 0; t < 60; t++)
			for (g = 0; g < 6; g++) {
				x = 1 - log(random()) + t * (g != 5) + g / 10
				# fewer rounds in g1, ties and zeros in g3
				if (g != 1 || t < 40)
					print t, "g" g, g % 3 ? x : int(x * 4) / 4
			} }' | csv r.csv trial,g,v
	"$analyze" -f csv -b g=g0 -r 100 "$work/r.csv" >"$work/out" || return
	in_R "$work/r.csv" <<-'END'
		base <- d[d$g == "g0", ]
		for (g in setdiff(unique(d$g), "g0")) {
			m <- merge(base, d[d$g == g, ], by = "trial")
			o <- out[out$g == g, ]
			stopifnot(nrow(m) == o$pairs)
			close(median(m$v.y / m$v.x), o$ratio)
			close(median(m$v.y - m$v.x), o$diff)
			p[g] <- suppressWarnings(wilcox.test(m$v.y, m$v.x,
				paired = TRUE)$p.value)
		}
	END
}

# night NAME SEED [WORSE] [FACTOR-OF-b] [SED-SCRIPT] - a CSV of one night: 20 trials,
# each between 100 and 104, of each of a, b, c and d
night()
{
	{
		printf '# %s\n' "bench: made_up" "cpu: some" "accelerator: none" \
			"SIZE: 1M" "G: a,b,c,d" "TRIALS: 20" "SEED: $2" \
			"factor g: [] group" "result v: [s] value" \
			"result w: [s] of no concern" "worse v: ${3:-more}"
		echo g,v,w
		awk -v seed="$2" -v by="${4:-1}" "$awk_random"' BEGIN {
			state = seed * 1000003
			for (i = 0; i < 80; i++) {
				g = substr("abcd", i % 4 + 1, 1)
				print g "," (100 + 4 * random()) * (g == "b" ? by : 1) "," random()
			} }'
	} | sed -E -e "${5-}" >"$work/$1"
}

# against STATUS PATTERN NAME [OPTION...] - what analyze says of it and the old night
against()
{
	local file=$work/$3

	night old.csv 7
	expect "$1" "$2" "$analyze" --against="$work/old.csv" "${@:4}" "$file"
}

# of 20 nights that are like another, none says that something is worse
same_night()
{
	local seed

	for seed in $(seq 1001 1020); do
		night same.csv "$seed" either
		against 0 '^made_up: compared 4, 0 worse, 0 better' same.csv \
			--bound=0 --confidence=99 || return
	done
}

worse_night()
{
	local line='made_up v \(g=b\): 11[0-9.]*, was 10[0-9.]*; ratio 1.1[0-9]*, 95 % interval 1.[01][0-9]* to 1.1[0-9]*, p < 0.0001$'

	night more.csv 8 more 1.15
	against 1 "^regression: $line" more.csv &&
	against 1 '^made_up: compared 4, 1 worse, 0 better' more.csv &&
	! grep -q "made_up w" "$work.log" || return

	# the direction is that of the result
	night less.csv 9 less 1.15
	against 0 "^better: $line" less.csv || return
	night less.csv 9 less 0.85
	against 1 '^regression: made_up v \(g=b\): 8' less.csv || return
	night less.csv 9 more 0.85
	against 0 '^better: made_up v \(g=b\): 8' less.csv || return
	night either.csv 10 either 0.85
	against 1 '^regression: made_up v \(g=b\): 8' either.csv
}

# 8 % is shown, and is more than 5 %, and less than 10 %
bound_of_a_night()
{
	night some.csv 11 more 1.08
	against 0 '^made_up: compared 4, 0 worse' some.csv &&
	against 0 '^made_up: compared 4, 0 worse' some.csv --bound=10 &&
	against 1 '^regression: made_up v \(g=b\)' some.csv --bound=5
}

# What is gone is worse; what nobody measured, what is new, or not to be told is not.
lost_and_new_groups()
{
	night gone.csv 12 more 1 /^c,/d
	against 1 '^regression: made_up v \(g=c\): not measured, was 10[0-9.]* of 20 trials$' \
		gone.csv || return
	night less.csv 12 more 1 '/^c,/d; s/^(# G:) .*/\1 a,b,d/'
	against 0 '^made_up: compared 3, 0 worse' less.csv || return
	night new.csv 12 more 1 's/^d,/e,/; s/^(# G:) .*/\1 a,b,c,e/'
	against 0 '^made_up: compared 3, 0 worse, 0 better.*; 1 new$' new.csv || return
	# 5 trials of each are too few, whatever they are
	night few.csv 12 more 9 30,99d
	against 0 '^made_up: compared 4, 0 worse.*; 4 not judged' few.csv || return
	night zero.csv 12 more 1 's/^b,[^,]*/b,0/'
	expect 0 '1 not judged' "$analyze" --against="$work/zero.csv" "$work/old.csv"
}

# emulated NAME SPEED FACTOR-OF-b [SED-SCRIPT] - a night on an emulated processor: 20
# rounds, in which it is up to SPEED times as slow, of the control a, and of b and c
emulated()
{
	{
		printf '# %s\n' "bench: made_up" "accelerator: tcg" "baseline: g=a" \
			"factor g: [] group" "result v: [s] time" "result n: [] number" \
			"worse v: more" "worse n: more"
		echo g,trial,v,n
		awk -v speed="$2" -v by="$3" "$awk_random"' BEGIN {
			for (t = 0; t < 20; t++) {
				slow = 1 + (speed - 1) * random()
				for (i = 0; i < 3; i++)
					print substr("abc", i + 1, 1) "," t "," \
						(100 + 4 * random()) * slow * (i == 1 ? by : 1) "," 7
			} }'
	} | sed -E -e "${4-}" >"$work/$1"
}

# Times are those of the control of the same round, so that a busy machine is no
# regression and hides none.  Without a control they are not judged.
emulated_processor()
{
	emulated old.csv 1 1.5
	emulated busy.csv 9 1.5
	expect 0 '^made_up: compared 5, 0 worse, 0 better' \
		"$analyze" -a "$work/old.csv" "$work/busy.csv" &&
	emulated worse.csv 9 1.8 &&
	expect 1 '^regression: made_up v / a \(g=b\): 1.8[0-9]*, was 1.[45][0-9]*; ratio 1.[12]' \
		"$analyze" -a "$work/old.csv" "$work/worse.csv" &&
	sed -i '/^# baseline/d' "$work/worse.csv" "$work/old.csv" &&
	expect 0 '^not judged: made_up v: time of an emulated processor, and no control' \
		"$analyze" -a "$work/old.csv" "$work/worse.csv" &&
	# on another processor time is time
	sed -i 's/tcg/kvm/' "$work/worse.csv" "$work/old.csv" &&
	expect 1 '^regression: made_up v \(g=a\)' \
		"$analyze" -a "$work/old.csv" "$work/worse.csv"
}

# Other machines, or other parameters: nothing is claimed.  Another seed is no matter.
other_machine()
{
	local change

	for change in 's/^(# cpu:).*/\1 other/' 's/^(# accelerator:).*/\1 tcg/' \
		      's/^(# SIZE:).*/\1 2M/' '/^# SIZE:/d' 's/^(# bench:).*/\1 other/'; do
		night other.csv 13 more 2 "$change"
		against 0 '^not comparable: (made_up|other) [A-Za-z]*: .*, was ' other.csv ||
			return
	done
	night other.csv 13 more 2 's/^(# SEED:).*/\1 5/; s/^(# TRIALS:).*/\1 7/'
	against 1 '^regression' other.csv
}

refuses_in_old()
{
	night old.csv 7
	expect 2 "^$work/none: No such file" "$analyze" -a "$work/none" "$work/old.csv" &&
	expect 2 "--bound=-1: want 0 to 1000" "$analyze" -B -1 "$work/old.csv" &&
	expect 2 "--against and --baseline: one of them" \
		"$analyze" -a "$work/old.csv" -b g=a "$work/old.csv" &&
	sed '$s/.$//; $s/,[^,]*$//' "$work/old.csv" >"$work/bad.csv" &&
	expect 2 "^$work/bad.csv:[0-9]*: 2 fields, but 3 columns" \
		"$analyze" -a "$work/bad.csv" "$work/old.csv"
}

echo "TAP version 13"
echo "1..32"

check constants constants
check ties ties
check holm holm
check pairs pairs
check small_difference small_difference
check enough_rounds enough_rounds
check coverage coverage
check no_false_alarm no_false_alarm
check known_difference known_difference
check too_few too_few
check seed seed
check failed_and_missing failed_and_missing
check formats formats
check same_night same_night
check worse_night worse_night
check bound_of_a_night bound_of_a_night
check lost_and_new_groups lost_and_new_groups
check emulated_processor emulated_processor
check other_machine other_machine
check refuses_in_old refuses_in_old

printf 'g,v\na,1\nb\n' >"$work/fields.csv"
check refuses_wrong_number_of_fields refuses fields.csv ':3: 1 fields, but 2 columns'
printf 'a 1\na two\n' | csv word.csv
check refuses_no_number refuses word.csv ':5: v=two: not a number'
printf 'a 1\na nan\n' | csv nan.csv
check refuses_nan refuses nan.csv ':5: v=nan: not a number'
printf 'a 1e999\n' | csv huge.csv
check refuses_infinity refuses huge.csv ':4: v=1e999: not a number'
printf 'a \0001\n' | csv binary.csv
check refuses_binary refuses binary.csv ':4: byte 0x00 at column 3'
: >"$work/empty.csv"
check refuses_empty refuses empty.csv ': empty file'
printf '1,2\n3,4\n' >"$work/headless.csv"
check refuses_no_header refuses headless.csv ':1: no header'
printf 'g,v\na,1\na,2' >"$work/torn.csv"
check refuses_torn_row refuses torn.csv ': the last row is not complete' -v v
printf 'g,v\n"a",1\n' >"$work/quoted.csv"
check refuses_quotes refuses quoted.csv ':2: a quoted field' -v v
check refuses_no_file refuses nothing.csv ': No such file'

if command -v Rscript >/dev/null; then
	check same_as_R against_R
	check pairs_same_as_R pairs_against_R
else
	skip same_as_R "no R: apt-get install r-base-core"
	skip pairs_same_as_R "no R: apt-get install r-base-core"
fi
exit $failed
