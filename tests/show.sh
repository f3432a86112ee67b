#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: show.sh PATH-OF-ANALYZE
#
# Does bench/analyze say of a CSV what figures and the report ask for: rows, header
# lines, findings, answers, trials that all sessions completed, and that there is nothing to show?
# The output is KTAP.
#
# shellcheck disable=SC2317 # functions are called by name

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
analyze=${1:?path of the analyze program}

# prints WANT [OPTION...] FILE - analyze prints just that
prints()
{
	local want=$1

	shift
	diff -u <(printf '%s\n' "$want") <("$analyze" "$@" 2>&1)
}

# shuffle NAME COLUMNS - the file NAME.csv with its columns in another order
shuffle()
{
	{
		"$analyze" --meta "$work/$1.csv" | sed 's/^/# /'
		"$analyze" --show=rows --format=csv --values="$2" "$work/$1.csv"
	} >"$work/shuffled.csv"
}

cat >"$work/delay.csv" <<'END'
# bench: delay
# note: first
# note: second: a colon
# OVER_HIGH_MS: 0,100,1000,3000
# factor over_high_ms: [ms] delay
# result psi_ms: [ms] stall
# result task_ms: [ms] stall
over_high_ms,trial,status,psi_ms,task_ms
0,1,ok,0.25,7
0,2,ok,0.5,7
100,1,ok,150,7
100,2,ok,150,7
1000,1,ok,1100,7
1000,2,ETIMEDOUT,,
3000,1,ok,2010,7
3000,2,ok,2020.4,7
END

cat >"$work/isolation.csv" <<'END'
# bench: isolation
# kernel: 6.12
# EXPERIMENT: dir/B1.conf
# SCALE: 25
# SPEED: 25
# TOTAL: 2560000000B
# STRATEGY: static,bpf,high
# OVER_HIGH_MS: 50
# factor strategy: [] strategy
# factor over_high_ms: [ms] delay
# factor role: [] session
# result completion_s: [s] time
strategy,over_high_ms,role,trial,status,outcome,completion_s,ideal_s,late_max_s,stall_s,events_high,delays
bpf,50,HIGH,1,ok,completed,4.5,3,0.5,1,0,2
bpf,50,LOW1,1,ok,completed,6,3,0.5,1,0,2
bpf,50,LOW2,1,ok,completed,6,3,0.5,1,0,2
bpf,50,HIGH,2,ok,completed,4.5,3,0.5,1,1,2
bpf,50,LOW1,2,ok,oom_killed,,3,0.5,1,0,2
bpf,50,LOW2,2,ok,completed,6,3,0.5,1,0,2
bpf,50,HIGH,3,ECHILD,,,,,,,
bpf,50,LOW1,3,ECHILD,,,,,,,
bpf,50,LOW2,3,ECHILD,,,,,,,
static,50,HIGH,1,ok,timed_out,,3,0.5,1,0,0
static,50,LOW1,1,ok,timed_out,,3,0.5,1,0,0
static,50,LOW2,1,ok,timed_out,,3,0.5,1,0,0
high,50,HIGH,1,ECHILD,,,,,,,
high,50,LOW1,1,ECHILD,,,,,,,
high,50,LOW2,1,ECHILD,,,,,,,
END

cat >"$work/published.csv" <<'END'
# kernel: 6.19
outcome,role,strategy,experiment,ideal_s,completion_s
completed,HIGH,bpf,B1,2,3.5
stuck,LOW1,bpf,B1,2,
completed,HIGH,bpf,B2,1,1
END

rows()
{
	prints "psi_ms,over_high_ms
150,100
150,100" --show=rows -f csv -v psi_ms,over_high_ms -w over_high_ms=100 "$work/delay.csv" &&
	prints "trial
2" --show=rows -f csv -v trial -w over_high_ms!=0 -w status!=ok "$work/delay.csv" &&
	# the header, if there is no such row
	prints "trial" --show=rows -f csv -v trial -w trial=3 "$work/delay.csv" &&
	diff <(grep -v '^#' "$work/delay.csv") \
		<("$analyze" --show=rows -f csv "$work/delay.csv") &&
	expect 2 'no column none, for --where' "$analyze" --show=rows -w none=1 "$work/delay.csv"
}

meta()
{
	prints first --meta=note "$work/delay.csv" &&
	prints 0,100,1000,3000 --meta=OVER_HIGH_MS "$work/delay.csv" &&
	[ -z "$("$analyze" --meta=none "$work/delay.csv")" ] &&
	diff <(sed -n 's/^# //p' "$work/delay.csv") <("$analyze" --meta "$work/delay.csv") ||
		return
	# of a file that is cut short, what there is
	head -c 40 "$work/delay.csv" >"$work/cut.csv" &&
	prints delay --meta=bench "$work/cut.csv" &&
	: >"$work/cut.csv" &&
	expect 2 'empty file' "$analyze" --meta=bench "$work/cut.csv"
}

delay_findings="Asked for 10 ms or less, a task was stalled for at most 0.5 ms.
Asked for more, up to 2000 ms, it was stalled for 1.1 to 1.5 times as long (medians, 2 values).
Asked for 3000 ms, it was stalled for at most 2020 ms: the clamp."

findings()
{
	prints "$delay_findings" --show=findings "$work/delay.csv" &&
	prints "All three sessions completed: static in 0 of 1, bpf in 1 of 2 trials.
static, delay 50 ms: time to complete, where it did: HIGH never, LOW1 never, LOW2 never.
bpf, delay 50 ms: time to complete, where it did: HIGH 4.5 s, LOW1 6 s, LOW2 6 s." \
		--show=findings "$work/isolation.csv"
}

# answers_csv BENCH COLUMNS RESULT LEVEL:VALUE... - BENCH.csv with eight trials of each, the
# values of whose RESULT differ in the last digit
answers_csv()
{
	local bench=$1 columns=$2 result=$3 level trial

	shift 3
	{
		printf '%s\n' "# bench: $bench" "# kernel: 6.12" "# baseline: ${base-}" \
			"# result $result: [] what was measured"
		tr , '\n' <<<"$columns" | sed 's/.*/# factor &: [] factor/'
		echo "$columns,trial,status,$result"
		for level in "$@"; do
			for trial in 1 2 3 4 5 6 7 8; do
				echo "${level%:*},$trial,ok,${level#*:}$trial"
			done
		done
	} >"$work/$bench.csv"
}

answer_of_overhead()
{
	base=ops=unpatched answers_csv overhead charge,ops instructions \
		anon,unpatched:100.00 anon,unpatched_again:100.00 anon,none:104.00 anon,all:200.00 \
		file,unpatched:100.00 file,unpatched_again:100.00 file,none:100.00 \
		fork,unpatched:100.00 fork,unpatched_again:101.00 fork,none:107.00 &&
	expect 0 '^With nothing attached a charge takes, as a multiple of the instructions on a kernel without the series: anon 1.04 \(.*\); no difference is shown for file; nothing can be told of fork\.$' \
		"$analyze" --show=answer "$work/overhead.csv" &&
	base=ops=none answers_csv overhead charge,ops instructions \
		anon,none:100.00 anon,none_again:100.00 anon,all:200.00 &&
	prints 'Not measured: there is no run of a kernel without the series beside it.' \
		--show=answer "$work/overhead.csv"
}

# The file compares with none, the answer with bpf.
answer_of_protect()
{
	base="strategy=none
# MEMORY: sparse,disk" answers_csv protect memory,activity,strategy low_pages \
		sparse,idle,none:500.0 sparse,idle,static:100.0 sparse,idle,bpf:500.0 \
		sparse,idle,poll_10ms:500.0 sparse,active,static:900.0 sparse,active,bpf:100.0 \
		disk,idle,static:900.0 disk,idle,bpf:100.0 &&
	expect 0 "^While HIGH is idle, LOW's work, as a multiple of that with bpf: static 0.20007 \(.*\); no difference is shown for poll_10ms\.$" \
		"$analyze" --show=answer "$work/protect.csv" &&
	base=strategy=none answers_csv protect memory,activity,strategy reaction_ms \
		sparse,bursts,none:5.0 sparse,bursts,bpf:0.2 sparse,bursts,poll_10ms:6.5 &&
	expect 0 "^From HIGH's first fault .*, in ms: bpf 0.2.*, none 5.*, poll_10ms 6.5" \
		"$analyze" --show=answer "$work/protect.csv"
}

answer_of_reclaim()
{
	base=strategy=none answers_csv reclaim workload,strategy cpu_elsewhere \
		file,none:0.0 file,bpf:0.3 anon,none:0.0 anon,bpf:0.4 &&
	expect 0 '^file: part of the processor time .*: bpf 0.3.*, none 0.0' \
		"$analyze" --show=answer "$work/reclaim.csv" &&
	[ -z "$("$analyze" --show=answer "$work/delay.csv")" ]
}

findings_of_inversion()
{
	base=throttle=none answers_csv inversion lock,throttle,over_high_ms wait_max_s \
		pipe,none,100:0.0 pipe,bpf,100:0.4 pipe,bpf,500:1.1 pipe,high,100:4.2 \
		inode,none,100:0.1 &&
	expect 0 '^pipe: longest wait .*: bpf with 100 ms 0\.4[^,]*, bpf with 500 ms 1\.1[^,]*, high 4\.2[^,]*, none 0\.0[^,]*\.$' \
		"$analyze" --show=findings "$work/inversion.csv" &&
	expect 0 '^inode: longest wait .*: none 0\.1[^,]*\.$' \
		"$analyze" --show=findings "$work/inversion.csv"
}

# No number is told of what no trial has measured.
findings_of_nothing()
{
	sed -E 's/^(0|3000)(,.),ok.*/\1\2,ECHILD,,/' "$work/delay.csv" >"$work/some.csv" &&
	prints "$(sed -n 2p <<<"$delay_findings")" --show=findings "$work/some.csv"
}

columns_by_name()
{
	local isolation

	shuffle delay task_ms,psi_ms,status,over_high_ms,trial &&
	prints "$delay_findings" --show=findings "$work/shuffled.csv" || return
	isolation=$("$analyze" --show=sessions --published="$work/published.csv" "$work/isolation.csv") &&
	shuffle isolation delays,events_high,outcome,completion_s,ideal_s,status,trial,late_max_s,stall_s,strategy,over_high_ms,role &&
	prints "$isolation" --show=sessions --published="$work/published.csv" "$work/shuffled.csv"
}

configurations()
{
	prints "strategy,over_high_ms,trials,completed
static,50,1,0
bpf,50,2,1
high,50,0,0" --show=configurations -f csv "$work/isolation.csv"
}

sessions()
{
	"$analyze" --show=sessions --published="$work/published.csv" \
		"$work/isolation.csv" >"$work/out" || return
	cat "$work/out"
	head -n 1 "$work/out" |
		grep -qx 'B1: SCALE=25% SPEED=25 TOTAL=2560MB (before SCALE), 6.12' &&
	tr -s ' ' <"$work/out" >"$work/words" &&
	grep -qx 'bpf 50 HIGH 2/2 0 0 4.50 s, x1.50 0.50 1.00 0.5 2 completed 3.50 s, x1.75' "$work/words" &&
	grep -qx ' LOW1 1/2 1 0 6.00 s, x2.00 0.50 1.00 0 2 stuck -' "$work/words" &&
	grep -qx ' LOW2 2/2 0 0 6.00 s, x2.00 0.50 1.00 0 2 - ' "$work/words" &&
	grep -qx 'static 50 HIGH 0/1 0 1 - 0.50 1.00 0 0 - ' "$work/words" &&
	grep -qx ' bpf 50 ms 1 of 2 trials' "$work/words" &&
	grep -qx '2 trials failed' "$work/words" &&
	shuffle isolation strategy,over_high_ms,role,trial,status,outcome,completion_s &&
	expect 2 'no column late_max_s' "$analyze" --show=sessions "$work/shuffled.csv" &&
	shuffle isolation strategy,over_high_ms,completion_s,role,trial,status &&
	expect 2 'no column outcome' "$analyze" --show=sessions "$work/shuffled.csv"
}

# What draws and reports asks first whether there is anything.
nothing()
{
	expect 0 '^$' "$analyze" --show=nothing "$work/delay.csv" &&
	sed -E 's/^([0-9]+,1),ok.*/\1,ECHILD,,/; s/,ok.*/,ETIMEDOUT,,/' "$work/delay.csv" >"$work/failed.csv" &&
	for show in nothing findings; do
		expect 2 "^$work/failed.csv: every trial failed: ECHILD in 4 rows, ETIMEDOUT in 4 rows\$" \
			"$analyze" --show="$show" "$work/failed.csv" || return
	done &&
	sed '/^[0-9]/d' "$work/delay.csv" >"$work/headed.csv" &&
	expect 2 "^$work/headed.csv: no rows" "$analyze" --show=nothing "$work/headed.csv" &&
	head -c -3 "$work/delay.csv" >"$work/torn.csv" &&
	expect 2 'the last row is not complete' "$analyze" --show=nothing "$work/torn.csv"
}

# What is there twice would count twice.
each_row_once()
{
	local of

	cp "$work/delay.csv" "$work/twice.csv" && sed -n '/^0,1,/p' "$work/delay.csv" >>"$work/twice.csv" &&
	cat "$work/delay.csv" "$work/delay.csv" >"$work/joined.csv" &&
	for of in --show=findings "-f csv" --show=nothing --show=rows; do
		# shellcheck disable=SC2086 # several options
		expect 2 "^$work/twice.csv:17: this trial is in line 9, too: " "$analyze" $of "$work/twice.csv" &&
		expect 2 "^$work/joined.csv:24: the header again: " "$analyze" $of "$work/joined.csv" || return
	done &&
	expect 2 "twice.csv:17: this trial" "$analyze" --against="$work/twice.csv" "$work/delay.csv" &&
	sed 's/^# factor/# column/' "$work/twice.csv" >"$work/other.csv" &&
	expect 0 '^[0-9]' "$analyze" --show=rows -f csv "$work/other.csv"
}

byte_order_mark()
{
	printf '\xef\xbb\xbf' | cat - "$work/delay.csv" | sed 's/$/\r/' >"$work/windows.csv" &&
	prints "$delay_findings" --show=findings "$work/windows.csv"
}

# Half of a table is not taken for the whole.
full_disk()
{
	local of

	for of in --show=findings "-f csv" --meta; do
		# shellcheck disable=SC2016,SC2086 # the inner shell expands; several options
		expect 2 '^stdout: cannot write there: No space left on device; ' \
			bash -c '"$@" >/dev/full' sh "$analyze" $of "$work/delay.csv" || return
	done
}

# In a locale with a decimal comma all is as in C.
decimal_comma()
{
	local options

	for options in --show=findings "--show=rows -f csv" "-f csv" "-f html"; do
		# shellcheck disable=SC2086 # several options
		diff -u <(LC_ALL=C "$analyze" $options "$work/delay.csv") \
			<(LC_ALL=de_DE.UTF-8 "$analyze" $options "$work/delay.csv") || return
	done
}

echo "TAP version 13"
check rows rows
check meta meta
check findings findings
check findings_of_inversion findings_of_inversion
check answer_of_overhead answer_of_overhead
check answer_of_protect answer_of_protect
check answer_of_reclaim answer_of_reclaim
check findings_of_nothing findings_of_nothing
check columns_by_name columns_by_name
check configurations configurations
check sessions sessions
check nothing_to_show nothing
check each_row_once each_row_once
check byte_order_mark byte_order_mark
check full_disk full_disk
if make_german; then
	check decimal_comma decimal_comma
else
	skip decimal_comma "no locale de_DE.UTF-8: apt-get install locales"
fi
echo "1..$test_nr"
exit $failed
