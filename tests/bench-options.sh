#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: bench-options.sh PATH-OF-MEMCG_BENCH
#
# What makes no sense is refused with status 2, before anything is measured, and
# the error names the parameter.  The output is KTAP.

set -u
bench=${1:?path of memcg_bench}
nr=0
failed=0

# refuses WANT [VAR=VALUE...] -- ARG...
refuses()
{
	local want=$1 out status=0 env=()

	shift
	while [ "$1" != -- ]; do
		env+=("$1")
		shift
	done
	shift
	out=$(env "${env[@]}" "$bench" "$@" 2>&1) || status=$?
	nr=$((nr + 1))
	if [ $status -eq 2 ] && [[ $out == *"$want"* ]]; then
		echo "ok $nr ${env[*]} $*"
		return
	fi
	failed=1
	echo "# status $status, want 2 and: $want"
	echo "# ${out//$'\n'/$'\n'# }"
	echo "not ok $nr ${env[*]} $*"
}

echo "TAP version 13"
echo "1..17"
refuses 'usage:' -- 
refuses 'no bench nosuch' -- nosuch
refuses 'unrecognized option' -- delay --nosuch
refuses 'words: not an option' -- delay words
refuses 'TRIALS=0: want a number from 1 ' -- delay --trials=0
refuses 'TRIALS=many: want' TRIALS=many -- delay
refuses 'OVER_HIGH_MS=-1: want' -- delay --over-high-ms=-1
refuses 'OVER_HIGH_MS=5,5: want' -- delay --over-high-ms=5,5
refuses 'OVER_HIGH_MS=5,,6: want' -- delay --over-high-ms=5,,6
refuses 'CG_LIMIT=256X: want a size' CG_LIMIT=256X -- delay
refuses 'CG_LIMIT=1M: want a size' -- delay --cg-limit=1M
refuses 'CG_LIMIT=99999999999G: want a size' -- delay --cg-limit=99999999999G
refuses 'FILE_SIZE=134217728: want at most CG_LIMIT' -- priority --file-size=128M --cg-limit=64M
refuses 'OPS=some: want one of none, bpf' -- priority --ops=some
refuses 'LIMIT=33554432: want less than REGION' -- overhead --limit=32M
refuses 'DESCENDANTS=60000 DEPTH=1,8: want at most' -- attach --descendants=60000 --depth=1,8
refuses '--resume: name the folder' -- delay --resume
exit $failed
