#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: ktap.sh COMMAND [ARG...]
#
# Run a command that runs tests, pass its KTAP on line by line, and end with a
# line that counts their results: `N passed, N failed, N skipped`.  What was planned and
# has no result has failed: the output is cut short.  Exit status:
# that of the command unless it is 0, else 1 if a test failed or there was none.

. "$(dirname "$(realpath "$0")")/../vm/help.sh"

passed=0 failed=0 skipped=0
inner=0 inner_failed=0 inner_planned=
outer=0 outer_planned=

count()
{
	case $1 in
	"not ok"*)	failed=$((failed + 1)) ;;
	*"# SKIP"*)	skipped=$((skipped + 1)) ;;
	*)		passed=$((passed + 1)) ;;
	esac
}

# number TEXT - what it begins with, or 0
number()
{
	local digits=${1%%[!0-9]*}

	echo $((10#${digits:-0}))
}

# Not awk, which may keep lines to itself until it has many.
shopt -s lastpipe
"$@" | while IFS= read -r line; do
	if ! printf '%s\n' "$line" 2>/dev/null; then
		echo "ktap.sh: stdout: cannot write there: name another file or disk for it" >&2
		exit 2
	fi
	case $line in
	"# 1.."[0-9]*)
		inner_planned=${inner_planned:-${line#*..}}
		;;
	"1.."[0-9]*)
		outer_planned=${outer_planned:-${line#*..}}
		;;
	# A test program ends in one line of the kselftest runner.  The results
	# of its own tests come before that, each behind a "# ".
	"# ok "[0-9]* | "# not ok "[0-9]*)
		count "${line#\# }"
		inner=$((inner + 1))
		[[ $line != "# not"* ]] || inner_failed=$((inner_failed + 1))
		;;
	"ok "[0-9]* | "not ok "[0-9]*)
		# One that died or timed out may not have said so itself.
		if [ $inner -eq 0 ] ||
		   [[ $line = "not"* && $inner_failed -eq 0 ]]; then
			count "$line"
		elif [ $inner_failed -eq 0 ] && [ $inner -lt "$(number "$inner_planned")" ]; then
			failed=$((failed + 1))
		fi
		inner=0 inner_failed=0 inner_planned=
		outer=$((outer + 1))
		;;
	esac
done
status=${PIPESTATUS[0]}
[ $outer -ge "$(number "$outer_planned")" ] || failed=$((failed + 1))

echo "$passed passed, $failed failed, $skipped skipped"
[ "$status" -eq 0 ] || exit "$status"
[ $failed -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
