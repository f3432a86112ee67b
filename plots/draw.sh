#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: draw.sh ANALYZE RESULTS
#
# Draw the results in each folder of RESULTS, as BENCH.svg and BENCH.png in it, and
# BENCH-timeline.csv by timeline.gp, if they are not drawn yet.  ANALYZE is the path of
# bench/analyze.  A figure that cannot be drawn is removed, and does not stop the others.
#
#   TRIAL=N	which trial's time line to draw (default: the first)
#
# Exit status: 1 if a figure could not be drawn, 2 if there are no results.

set -eu
plots=$(dirname "$(realpath "$0")")
. "$plots/../vm/help.sh"
analyze=$1
results=$2
stats=$(mktemp)
trap 'rm -f "$stats"' EXIT
status=0

# "Linux 6.12.0, virtual machine, kvm" and the like
where()
{
	local kernel accelerator

	kernel=$("$analyze" --meta=kernel "$1")
	accelerator=$("$analyze" --meta=accelerator "$1")
	case $accelerator in
	'')	;;
	tcg)
		accelerator="processor emulated by QEMU, and so are the times"
		case $("$analyze" --meta=instructions "$1") in
		'counted by the clock'*) accelerator="emulated by QEMU with a clock that counts instructions" ;;
		esac
		;;
	none)	accelerator="bare hardware" ;;
	*)	accelerator="virtual machine, $accelerator" ;;
	esac
	echo "${kernel:+Linux $kernel${accelerator:+, }}$accelerator"
}

# draw FIGURE SCRIPT - of FIGURE.csv, or fail and say why
draw()
{
	local figure=$1 script=$2

	"$analyze" --show=nothing "$figure.csv" || return
	case $figure in
	*-timeline)
		# it has nothing to be described, but is of these trials
		"$analyze" --show=nothing "${figure%-timeline}.csv" || return
		;;
	*)
		"$analyze" --format=csv "$figure.csv" >"$stats" || return
		;;
	esac
	# -d: without the user's start-up files
	ANALYZE=$analyze CSV=$figure.csv STATS=$stats FIGURE=$figure \
		WHERE=$(where "$figure.csv") gnuplot -d "$plots/style.gp" "$script" \
		2> >(grep -v -e 'Skipping data file with no valid points' \
			-e 'iconv failed to convert degree sign' >&2)
}

# is_whole FIGURE - gnuplot does not tell that a disk is full
is_whole()
{
	if ! tail -c 20 "$1.svg" | grep -q '</svg>' || ! tail -c 12 "$1.png" | grep -q -a IEND; then
		echo "$1.svg, $1.png: cannot be written whole: make room on the disk" >&2
		return 1
	fi
}

shopt -s nullglob
csvs=("$results"/*/*.csv)
if [ ${#csvs[@]} -eq 0 ]; then
	own=("$results"/*.csv)
	if [ ${#own[@]} -gt 0 ]; then
		echo "RESULTS=$results is the folder of one run: name the one that it is in" >&2
		exit 2
	fi
	echo "no results in $results: make bench, or name a folder with RESULTS=" >&2
	exit 2
fi
for csv in "${csvs[@]}"; do
	figure=${csv%.csv}
	script=$plots/$(basename "${figure/*-timeline/timeline}").gp
	if [ ! -e "$script" ]; then
		echo "no figure for $csv" >&2
		continue
	fi
	[ -z "${TRIAL-}" ] && [ "$figure.png" -nt "$csv" ] && [ "$figure.png" -nt "$script" ] &&
		[ "$figure.png" -nt "$plots/style.gp" ] && continue
	if draw "$figure" "$script" && is_whole "$figure"; then
		echo "$figure.svg $figure.png"
	else
		echo "$csv: not drawn" >&2
		rm -f "$figure.svg" "$figure.png"
		status=1
	fi
done
exit $status
