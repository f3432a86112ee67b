#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: flakes.sh [-o DIR] N
#
# Run the suite N times in the virtual machine, in turn with this machine
#
#   idle	as it is
#   busy	with four endless loops for each of its processors beside it
#   cpus-1	and one processor in the guest
#   cpus-8	and eight
#   memory	and a guest with so little memory that its own use of it counts
#
# and name each test that was not the same every time, or a condition that decides.
#
#   -o DIR	where the KTAP of each run goes, as NUMBER-CONDITION.ktap, with the seeds
#		that replay it; default: out/flakes.  What is there counts, so that a
#		series that was interrupted goes on.
#
# TESTS=, KSRC= and the like: see run-suite.sh.
#
# Exit status: 0 if each test was the same every time, 1 if not, 2 for bad input.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/suite.sh"

conditions=(idle busy cpus-1 cpus-8 memory)
out=$top_dir/out/flakes
loops=()

while getopts o: option; do
	case $option in
	o)	out=$OPTARG ;;
	*)	exit "$EXIT_USAGE" ;;
	esac
done
shift $((OPTIND - 1))
if [ $# -ne 1 ] || ! [[ $1 =~ ^[1-9][0-9]{0,3}$ ]]; then
	die "$EXIT_USAGE" "want the number of runs, from 1 to 9999; see --help"
fi
number=$1
mkdir -p "$out" || exit "$EXIT_USAGE"

stop_loops()
{
	[ ${#loops[@]} -eq 0 ] || kill "${loops[@]}" 2>/dev/null || :
	loops=()
}

start_loops()
{
	local i

	for ((i = 0; i < 4 * $(nproc); i++)); do
		sh -c 'while :; do :; done' &
		loops+=($!)
	done
}

end()
{
	stop_loops
	stop_job
	rm -f "$out"/*.part
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# run_once FILE CONDITION
run_once()
{
	local options=(--output="$out/vm")

	case $2 in
	busy)	start_loops ;;
	cpus-*)	options+=(--cpus="${2#cpus-}") ;;
	memory)	options+=(--memory=1G) ;;
	esac
	# What fails is in the KTAP.
	run_job "$ci_dir/run-suite.sh" "${options[@]}" >"$1.part" || :
	stop_loops
	mv "$1.part" "$1"
}

files=()
for ((run = 1; run <= number; run++)); do
	condition=${conditions[(run - 1) % ${#conditions[@]}]}
	file=$out/$(printf %04d "$run")-$condition.ktap
	files+=("$file")
	[ ! -e "$file" ] || continue
	say "run $run of $number: $condition"
	run_once "$file" "$condition"
done
"$ci_dir/flakes.py" "${files[@]}"
