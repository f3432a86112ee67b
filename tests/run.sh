#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # the files call them
#
# usage: run.sh [--cgroup]
#
# Test the tools that replay and import memory traces.  The output is KTAP.  The
# exit status is 0 unless a test failed.
#
# A test is a function test_* in one of the files below.  It runs in a shell and
# an empty directory of its own, and passes if it returns 0, with `set -e`; what it
# prints comes before its result.  With --cgroup: the tests that make cgroups, as
# root, for vm/vmtest.sh; the tools have been built then.

set -u
tests=$(dirname "$(realpath "$0")")
top=$(dirname "$tests")
. "$top/vm/help.sh"
tools=${TOOLS-$top/out/tests}
SKIP=4		# of kselftest

files=(import trace generate replay)
if [ "${1-}" = --cgroup ]; then
	files=(replay_cgroup)
elif ! make -s -C "$top" tools OUTPUT="$tools" >&2; then
	echo "Bail out! the tools do not build"
	exit 1
fi

# skip_test REASON - end the test, which cannot run
skip_test()
{
	echo "# SKIP $*"
	exit "$SKIP"
}

# die REASON - end the test, which has failed
die()
{
	echo "$*"
	exit 1
}

# expect_eq WHAT WANT GOT
expect_eq()
{
	[ "$2" = "$3" ] || die "$1: want $2, got $3"
}

# expect_status STATUS COMMAND... - its output goes to the files stdout and stderr
expect_status()
{
	local want=$1 got=0

	shift
	"$@" >stdout 2>stderr || got=$?
	[ "$got" -eq "$want" ] || die "$*: want exit status $want, got $got: $(cat stdout stderr)"
}

# expect_error PATTERN - stderr has one line, and it is like that
expect_error()
{
	expect_eq "lines on stderr" 1 "$(wc -l <stderr)"
	grep -q -E -e "$1" stderr || die "want an error like $1, got $(cat stderr)"
}

# expect_number WHAT EXPRESSION - of awk, in numbers
expect_number()
{
	awk "BEGIN { exit !($2) }" || die "$1: $2 is not so"
}

# csv COLUMN - its value in the report that `replay --csv` has left in stdout
csv()
{
	awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
		NR == 2 && c { print $c; found = 1 }
		END { if (!found) print "no-column-" name }' stdout
}

page=$(getconf PAGE_SIZE)

# pages TRACE [BASE] - pages that it grows by, and that it shrinks by
pages()
{
	awk -F, -v page="$page" -v base="${2-0}" '
		/^[0-9]/ {
			now = int((base + $2 + page - 1) / page)
			if (n++) {
				if (now > last)
					grown += now - last
				else
					freed += last - now
			}
			last = now
		}
		END { printf "%d %d\n", grown, freed }' "$1"
}

# figures TRACE - samples, duration, mean and peak, to the published precision
figures()
{
	awk -F, '/^[0-9]/ {
			if (!n++)
				start = $1
			sum += $2
			if ($2 > peak)
				peak = $2
			end = $1
		}
		END { printf "%d %.1f %.1f %.1f\n", n, end - start, sum / n / 1e6, peak / 1e6 }' "$1"
}

tmp=$(mktemp -d "${TMPDIR:-/var/tmp}/memcg-bpf-tests.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

nr=0
failed=0

# run_test NAME FUNCTION
run_test()
{
	local status result=ok

	mkdir "$tmp/$nr"
	# not in a condition, in which bash would ignore set -e
	(set -e; cd "$tmp/$nr"; "$2") >"$tmp/log" 2>&1
	status=$?
	nr=$((nr + 1))
	if [ $status -ne 0 ] && [ $status -ne $SKIP ]; then
		result="not ok"
		failed=1
	fi
	grep -v '^# SKIP' "$tmp/log" | sed 's/^/# /'
	rm -rf "${tmp:?}/$((nr - 1))"
	echo "$result $nr $1$(grep -m 1 '^# SKIP' "$tmp/log" | sed 's/^/ /')"
}

echo "KTAP version 1"
for file in "${files[@]}"; do
	# shellcheck source=/dev/null
	. "$tests/$file.sh"
	for test in $(compgen -A function test_); do
		run_test "$file.${test#test_}" "$test"
		unset -f "$test"
	done
done
echo "1..$nr"
exit $failed
