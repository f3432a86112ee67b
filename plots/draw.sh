#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: draw.sh ANALYZE RESULTS
#
# Draw the results in each folder of RESULTS, as BENCH.svg and BENCH.png in it, and
# BENCH-timeline.csv by timeline.gp, if they are not drawn yet.  ANALYZE is the path of
# bench/analyze.
#
#   TRIAL=N	which trial's time line to draw (default: the first)

set -eu
plots=$(dirname "$(realpath "$0")")
. "$plots/../vm/help.sh"
analyze=$1
results=$2
stats=$(mktemp)
trap 'rm -f "$stats"' EXIT

# "Linux 6.12.0, KVM" and the like
where()
{
	sed -n -e 's/^# kernel: /Linux /p' \
		-e 's/^# accelerator: tcg/processor emulated by QEMU, and so are the times/p' \
		-e 's/^# accelerator: none/bare hardware/p' \
		-e 's/^# accelerator: /virtual machine, /p' "$1" |
		sed 'N;s/\n/, /'
}

shopt -s nullglob
csvs=("$results"/*/*.csv)
if [ ${#csvs[@]} -eq 0 ]; then
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
	# a time line has nothing to be described
	! grep -q '^# result ' "$csv" || "$analyze" --format=csv "$csv" >"$stats"
	gnuplot -e "csv='$csv'; stats='$stats'; output='$figure'; where='$(where "$csv")'" \
		"$plots/style.gp" "$script" \
		2> >(grep -v 'Skipping data file with no valid points' >&2)
	echo "$figure.svg $figure.png"
done
