#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: ktap.sh COMMAND [ARG...]
#
# Run a command that runs tests, pass its KTAP on, and end with a line that
# counts their results: `N passed, N failed, N skipped`.  Exit status: that of the
# command unless it is 0, else 1 if a test failed or there was none.

"$@" | awk '
	function count(line) {
		if (line ~ /^not ok/)
			failed++
		else if (line ~ /# SKIP/)
			skipped++
		else
			passed++
	}
	{
		print
		fflush()
	}
	# A test program ends in one line of the kselftest runner.  The results
	# of its own tests come before that, each behind a "# ".
	/^# (not )?ok [0-9]+ / {
		count(substr($0, 3))
		inner++
		if ($0 ~ /^# not ok/)
			inner_failed++
	}
	/^(not )?ok [0-9]+ / {
		# One that died or timed out may not have said so itself.
		if (!inner || (/^not ok/ && !inner_failed))
			count($0)
		inner = inner_failed = 0
	}
	END {
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed > 0 || passed + skipped == 0
	}'
status=("${PIPESTATUS[@]}")
[ "${status[0]}" -eq 0 ] || exit "${status[0]}"
exit "${status[1]}"
