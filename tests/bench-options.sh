#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: bench-options.sh PATH-OF-MEMCG_BENCH
#
# What makes no sense is refused with status 2, before anything is measured, and
# the error names the parameter.  The output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
bench=${1:?path of memcg_bench}
conf=$work/experiment.conf

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
	printf '%s\n' "status $status, want 2 and: $want" "$out" >"$work.log"
	[ $status -eq 2 ] && [[ $out == *"$want"* ]]
	result $? "${env[*]} ${*//$conf/FILE}: ${want#"$conf:"}"
}

# refuses_file WANT TEXT - as the file of an experiment
refuses_file()
{
	printf '%b' "$2" >"$conf"
	refuses "$conf:$1" -- isolation --experiment="$conf"
}

echo "TAP version 13"
echo "1..38"
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
refuses 'SHARD=3/2: want I/N, as 1/4: the first of four' SHARD=3/2 SEED=5 -- delay
refuses 'SHARD=0/2: want I/N' -- delay --shard=0/2 --seed=5
refuses 'SHARD=1/2/3: want I/N' -- delay --shard=1/2/3 --seed=5
refuses 'SHARD=1/2: set SEED, too' SHARD=1/2 -- delay
refuses 'SHARD=3/3: there are only TRIALS=2 to share' SHARD=3/3 SEED=5 -- delay --trials=2
# the file of an experiment
good=$(cat bench/experiments/B3.conf)
refuses 'EXPERIMENT=nosuch: no bench/experiments/nosuch.conf here' -- isolation --experiment=nosuch
refuses './nosuch.conf: No such file' -- isolation --experiment=./nosuch.conf
refuses '/etc/../etc: cannot read it: Is a directory' -- isolation --experiment=/etc/../etc
refuses_file '1: "words": want "name = value"' 'words\n'
refuses_file '2: "colour": no such option' '# comment\ncolour = red\n'
refuses_file '1: speed: no value' 'speed = # none\n'
refuses_file '3: speed: line 1 sets it, too' 'speed = 1\n\nspeed = 2\n'
refuses_file '1: byte 0x00 at column 6' 'speed\0 = 1\n'
refuses_file '1: more than 1000 characters' "speed = 1$(printf '%1000s' '')\n"
refuses_file '1: SPEED=fast: want a number from 1' 'speed = fast\nstrategy = bpf\nover-high-ms = 1\n'
refuses_file '1: STRATEGY=none: want one of no_isolation' 'strategy = none\n'
refuses_file '7: TOTAL=1100: want bytes with their unit' "${good/1100MB/1100}"
refuses 'STRATEGY=: want one of' -- isolation --experiment=/dev/null
refuses 'HIGH_TRACE=nosuch: name a trace in TRACES' -- isolation --high-trace=nosuch
refuses 'TOTAL=100000000B: the sessions begin with' -- isolation --total=100MB
refuses "of this machine's" -- isolation --total=10TB
refuses '--resume: name the folder' -- delay --resume
exit $failed
