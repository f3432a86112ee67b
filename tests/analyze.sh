#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: analyze.sh PATH-OF-ANALYZE
#
# Does bench/analyze calculate what it says, and refuse what it cannot read?  It is
# checked against constants, against R where that is installed, and on values
# drawn from known distributions.  The output is KTAP.
#
# shellcheck disable=SC2317 # functions are called by name

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

# csv NAME < "GROUP VALUE" LINES - make a CSV like those of memcg_bench
csv()
{
	{
		echo "# factor g: [] group"
		echo "# result v: [s] value"
		echo "g,v"
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
	Rscript --vanilla - "$work/r.csv" "$work/out" <<-'END'
		args <- commandArgs(TRUE)
		d <- read.csv(args[1], comment.char = "#")
		out <- read.csv(args[2])
		p <- c()
		close <- function(a, b) stopifnot(abs(a - b) <= 1e-8 * max(1, abs(a)))
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
		p <- p.adjust(p, "holm")
		print(p)
		for (g in names(p))
			close(p[[g]], out$p[out$g == g])
	END
}

echo "TAP version 13"
echo "1..21"

check constants constants
check ties ties
check holm holm
check coverage coverage
check no_false_alarm no_false_alarm
check known_difference known_difference
check too_few too_few
check seed seed
check failed_and_missing failed_and_missing
check formats formats

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
else
	skip same_as_R "no R: apt-get install r-base-core"
fi
exit $failed
