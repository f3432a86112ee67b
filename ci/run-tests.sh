#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: run-tests.sh [-v] COMMAND [ARG...]
#
# Run a command that runs the suite, and end with the verdict: see verdict.py.  -v, or
# V=1 in the environment, shows the KTAP, else there is a line for each test program.
# The KTAP is kept in OUTPUT/suite.ktap, the verdict in OUTPUT/verdict.json, and how long
# each program took in OUTPUT/durations.json, for the next time.
#
#   OUTPUT=DIR	default: out
#
# Exit status: that of the command unless it is 0, else that of verdict.py.

set -u
. "$(dirname "$(realpath "$0")")/../vm/help.sh"

ci_dir=$(dirname "$(realpath "$0")")
output=${OUTPUT:-$(dirname "$ci_dir")/out}
verbose=
case ${V-} in
''|0)	;;
*)	verbose=--verbose ;;
esac
if [ "${1-}" = -v ]; then
	verbose=--verbose
	shift
fi
[ $# -gt 0 ] || { echo "run-tests.sh: want a command; see --help" >&2; exit 2; }

mkdir -p "$output" || exit 2
if ! command -v python3 >/dev/null; then
	echo "run-tests.sh: no python3, so the run ends without the verdict: apt-get install python3" >&2
	exec "$ci_dir/ktap.sh" "$@"
fi
# One run at a time: two would write to the same files.
exec 7<"$output"
if ! flock -n 7; then
	echo "run-tests.sh: waiting for the end of another run in $output; OUTPUT= names another folder" >&2
	flock 7
fi
for arg; do
	if [ "$arg" -ef "$output/suite.ktap" ]; then
		echo "run-tests.sh: $arg: what is made of it would take its place: copy it, or name another folder with OUTPUT=" >&2
		exit 2
	fi
done
rm -f "$output/suite.ktap" "$output/verdict.json"
# Ctrl-C ends only the command, so that verdict.py can print what was found until then.
trap '' INT
(trap - INT; exec "$@" 7<&-) |
	"$ci_dir/verdict.py" $verbose --ktap="$output/suite.ktap" --json="$output/verdict.json" \
		--durations="$output/durations.json" 7<&-
statuses=("${PIPESTATUS[@]}")
[ "${statuses[0]}" -eq 0 ] || exit "${statuses[0]}"
exit "${statuses[1]}"
