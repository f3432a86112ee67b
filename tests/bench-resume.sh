#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: bench-resume.sh PATH-OF-MEMCG_BENCH, in the virtual machine
#
# A run that a signal ends keeps its rows, leaves nothing behind, and can go on
# where it was; shards of a run measure what one machine would.  The output is KTAP.
#
# shellcheck disable=SC2317 # wait_until calls them

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
bench=${1:?path of memcg_bench}
csv=$work/results/delay.csv
logs=("$work/log" "$csv")

run()
{
	"$bench" delay --over-high-ms=0,300 --seed=1 \
		--results-dir="$work/results" "$@" >"$work/log" 2>&1
}

rows()
{
	grep -c ',ok,' "$csv"
}

# Each row has as many fields as the header, and there is nothing after the last.
whole()
{
	awk -F, '/^#/ { next } !n { n = NF } NF != n { exit 1 }' "$csv" &&
		[ -z "$(tail -c 1 "$csv" | tr -d '\n')" ]
}

is_clean()
{
	! compgen -G '/sys/fs/cgroup/memcg_bpf.*' && ! compgen -G '/var/tmp/memcg_bpf.*'
}

nothing_left()
{
	wait_until 10 is_clean >>"$work/log"
}

three_rows()
{
	[ -e "$csv" ] && [ "$(rows)" -ge 3 ]
}

# ends_by SIGNAL STATUS - in the middle of a run
ends_by()
{
	local status=0 pid

	rm -rf "$work/results"
	"$bench" delay --over-high-ms=0,300 --seed=1 --trials=1000 \
		--results-dir="$work/results" >"$work/log" 2>&1 &
	pid=$!
	wait_until 60 three_rows >>"$work/log"
	kill -"$1" $pid
	{ wait $pid; } 2>/dev/null || status=$?
	echo "status $status" >>"$work/log"
	[ $status -eq "$2" ] && [ "$(rows)" -ge 3 ] && whole && nothing_left
}

# shard DIR OPTION... - with results in DIR
shard()
{
	"$bench" delay --over-high-ms=0,5,20 --seed=1 --results-dir="$work/$1" \
		"${@:2}" >"$work/log" 2>&1
}

# trials DIR - of its results, in their order
trials()
{
	grep ',ok,' "$work/$1/delay.csv" | cut -d, -f 1-3
}

# is_of TRIAL... - all trials of the shard in $work/1 are of these rounds
is_of()
{
	trials 1 | cut -d, -f 3 | uniq | diff <(printf '%s\n' "$@") - >>"$work/log"
}

shards_are_the_whole()
{
	shard whole --trials=3 && shard 1 --shard=1/2 --trials=3 &&
	SHARD=2/2 shard 2 --trials=3 && is_of 1 3 &&
	"$ci_dir/merge-results.py" "$work/joined" "$work/1" "$work/2" >>"$work/log" &&
	diff <(trials whole) <(trials joined) >>"$work/log" &&
	! diff <(grep '^#' "$work/whole/delay.csv") <(grep '^#' "$work/joined/delay.csv") |
		grep '^[<>]' | grep -v '# date' >>"$work/log"
}

# The joined results are those of no shard, and shards go on as what they are.
joined_go_on()
{
	shard joined --resume --trials=3 && grep -q '0 of 0 trials' "$work/log" &&
	shard joined --resume --trials=4 && [ "$(trials joined | wc -l)" -eq 12 ] || return
	! shard 1 --resume --shard=2/2 && grep -q 'with SHARD=1/2, and this is SHARD=2/2' "$work/log" &&
	! shard 1 --resume --shard=1/1 && grep -q 'with SHARD=1/2, and this is SHARD=1/1' "$work/log" &&
	! shard whole --resume --shard=1/2 && grep -q 'with SHARD=1/1, and' "$work/log" &&
	shard 1 --resume --trials=6 && is_of 1 3 5 &&
	SHARD=1/2 shard 1 --resume --trials=7 && is_of 1 3 5 7
}

# What any of its configurations lacks is found before a trial is tried.
lacks_stress_ng()
{
	expect 4 'protect: SKIP no stress-ng on PATH: apt-get install stress-ng' \
		env PATH="$work" "$bench" protect --memory=sparse,stress_ng --results-dir="$work/lacking" \
		>>"$work/log" && [ ! -e "$work/lacking" ]
}

echo "TAP version 13"
echo "1..11"
for signal in KILL:137 TERM:143 INT:130; do
	ends_by ${signal%:*} ${signal#*:}
	result $? "keeps_rows_when_ended_by_SIG${signal%:*}"
done

run --trials=2
[ $? -eq 2 ] && grep -q 'add --resume' "$work/log"
result $? does_not_overwrite

run --resume --trials=2 --events=7
[ $? -eq 2 ] && grep -q 'EVENTS: 3' "$work/log"
result $? does_not_mix_parameters

# half a row, as of a machine that lost its power
before=$(rows)
printf '300,2684' >>"$csv"
run --resume --trials=$((before + 2)) && whole &&
	[ "$(rows)" -eq $((2 * (before + 2))) ] &&
	[ "$(grep ',ok,' "$csv" | cut -d, -f 1-3 | sort | uniq -d | wc -l)" -eq 0 ]
result $? resumes_with_what_is_missing

run --resume --trials=$((before + 2)) && grep -q '0 of 0 trials' "$work/log"
result $? has_nothing_to_add

rm -rf "$work/results"
run --trials=1 --over-high-ms=2000 --trial-timeout=1
[ $? -eq 1 ] && grep -q ',ETIMEDOUT,' "$csv" && whole && nothing_left
result $? trial_that_takes_too_long_has_failed

logs=("$work/log")
shards_are_the_whole
result $? shards_are_the_whole
joined_go_on
result $? joined_go_on
exit $failed

lacks_stress_ng
result $? lacks_stress_ng
