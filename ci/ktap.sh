#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: ktap.sh COMMAND [ARG...]
#
# Run a command that runs tests, pass its KTAP on line by line, and end with a
# line that counts their results: `N passed, N failed, N skipped`.  Exit status:
# that of the command unless it is 0, else 1 if a test failed or there was none.

. "$(dirname "$(realpath "$0")")/../vm/help.sh"

passed=0 failed=0 skipped=0
inner=0 inner_failed=0

count()
{
	case $1 in
	"not ok"*)	failed=$((failed + 1)) ;;
	*"# SKIP"*)	skipped=$((skipped + 1)) ;;
	*)		passed=$((passed + 1)) ;;
	esac
}

# Not awk, which may keep lines to itself until it has many.
shopt -s lastpipe
"$@" | while IFS= read -r line; do
	printf '%s\n' "$line"
	case $line in
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
		fi
		inner=0 inner_failed=0
		;;
	esac
done
status=${PIPESTATUS[0]}

echo "$passed passed, $failed failed, $skipped skipped"
[ "$status" -eq 0 ] || exit "$status"
[ $failed -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
