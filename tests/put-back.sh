#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: put-back.sh PATH-OF-A-TEST-PROGRAM
#
# Does the root's cgroup.subtree_control have after a run what it had before?  For
# the guest, as root.

set -eu
. "$(dirname "$(realpath "$0")")/../vm/help.sh"
program=${1:?path of the test program attach}
file=/sys/fs/cgroup/cgroup.subtree_control

# is WORDS WHEN
is()
{
	local now

	now=$(cat $file)
	[ "$now" = "$1" ] || { echo "$2: $file has '$now', and not '$1'"; exit 1; }
}

run()
{
	"$program" -t lasts_as_long_as_its_link >/tmp/log || { cat /tmp/log; exit 1; }
}

# kill_it SIGNAL all|oldest - when the program has enabled it; the oldest of its processes
# is the program itself
kill_it()
{
	local tries

	"$program" >/dev/null 2>&1 &
	for ((tries = 0; tries < 600; tries++)); do
		! grep -q memory $file || break
		sleep 0.1
	done
	grep -q memory $file || { echo "the program does not enable it"; exit 1; }
	case $2 in
	all)	pkill "-$1" -x attach ;;
	oldest)	pkill "-$1" -o -x attach ;;
	esac
	wait $! 2>/dev/null || :
}

wait_until_put_back()
{
	local tries

	for ((tries = 0; tries < 300; tries++)); do
		grep -q memory $file || return 0
		sleep 0.1
	done
}

# what others enable is theirs
others=
read -r -a controllers </sys/fs/cgroup/cgroup.controllers
for controller in "${controllers[@]}"; do
	[ "$controller" = memory ] || { others=$controller; break; }
done
[ -z "$others" ] || echo "+$others" >$file
is "$others" "before"

run
is "$others" "after a run"

kill_it KILL oldest
wait_until_put_back
is "$others" "after SIGKILL"

kill_it INT oldest
wait_until_put_back
is "$others" "after SIGINT"

# the sweepers too: nobody is left who could, until the next run
kill_it KILL all
find /sys/fs/cgroup -mindepth 1 -depth -type d -exec rmdir {} \;
run
is "$others" "after a run, after all processes of another were killed"

echo +memory >$file
before=$(cat $file)
run
is "$before" "after a run, with the controller enabled before"
