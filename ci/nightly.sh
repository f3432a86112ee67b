#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # functions are called by name, and by traps

set -eu -o pipefail
# shellcheck disable=SC2034 # for help.sh
own_help=y
. "$(dirname "$(realpath "$0")")/suite.sh"

all_benches=(overhead delay priority attach isolation)

usage()
{
	cat <<END
usage: nightly.sh [BENCH...]

Build the kernel, boot it, run the suite and a bounded set of benchmarks on it in
a virtual machine, and compare what they say with an earlier night.  BENCH is some
of ${all_benches[*]} (default: all), or none.

What is printed is in summary.txt, too, of a folder of its own: RESULTS/RELEASE-DATE,
with suite.ktap, suite.xml (JUnit), tests.txt, verdict.txt, verdict.json, a folder for each benchmark, and
the exit status in \`status'.

  BASELINE=DIR          the night to compare with (default: the newest in RESULTS
                        that ran to its end)
  BOUND=PERCENT         how far a result may move (default: 10)
  KEEP=N                nights to keep (default: 30); one without .nightly in its
                        folder, and the baseline, are always kept
  RESULTS=DIR           (default: results)
  NIGHTLY_TESTS=NAMES   programs of the suite to run (default: all)
  KERNEL_ARGS=ARGS      more for the kernel's command line
  FLAVOUR=turn          another of vm/flavours each night: none, thp, mglru, zram,
                        numa, rt, v1; compared with the same flavour's last night
  BOOT_TIMEOUT, SUITE_TIMEOUT, VM_TIMEOUT=SECONDS
                        when to give up on the boot (default: 300), the suite
                        (3600), a benchmark (3600); with FLAVOUR=debug four times that

TRIALS and the parameters of the benchmarks go before what a night has by default;
the suite has its own:
$(for bench in "${all_benches[@]}"; do printf '  %-10s %s\n' "$bench" "$(bounds "$bench")"; done)
REVISION=, KSRC=, PATCHES= and MEMCG_BPF_CACHE=: as for vm/kernel.sh.

Exit status:
  0    nothing failed, and nothing is worse than in the baseline
  1    a test or benchmark failed, or something is worse: a line for each
  2    bad input, or the kernel does not build or boot: a line with the stage
END
}

# bounds BENCH - what keeps it short
bounds()
{
	case $1 in
	overhead)	echo OPS=none,none_again,empty,all TASKS=1 TRIALS=8 ;;
	delay)		echo OVER_HIGH_MS=0,100,500,2000 TRIALS=10 ;;
	priority)	echo PAIR=over_high,below_low_over_high TRIALS=10 ;;
	attach)		echo DESCENDANTS=1,100,1000 DEPTH=1 TRIALS=12 ;;
	isolation)	echo STRATEGY=high,bpf TRIALS=6 ;;
	esac
}

case ${1-} in
-h|--help)	usage; exit 0 ;;
-*)		die "$EXIT_USAGE" "$1: no such option; see nightly.sh --help" ;;
esac

benches=("$@")
[ $# -gt 0 ] || benches=("${all_benches[@]}")
[ "$*" != none ] || benches=()
for bench in ${benches[@]+"${benches[@]}"}; do
	[ -n "$(bounds "$bench")" ] ||
		die "$EXIT_USAGE" "$bench: no such benchmark; there are ${all_benches[*]}"
done

# number VARIABLE DEFAULT LEAST MOST - its value
number()
{
	local value=${!1:-$2}

	if ! [[ $value =~ ^[0-9]{1,6}$ ]] || [ "$value" -lt "$3" ] ||
	   [ "$value" -gt "$4" ]; then
		die "$EXIT_USAGE" "$1=$value: want $3 to $4"
	fi
	echo "$value"
}

keep=$(number KEEP 30 1 100000)
bound=$(number BOUND 10 0 1000)
patience=1
# One flavour a night: what distributions turn on is not tried by a kernel that has it all.
if [ "${FLAVOUR-}" = turn ]; then
	turn=('' thp mglru zram numa rt v1)
	export FLAVOUR=${turn[$(date +%s) / 86400 % ${#turn[@]}]}
	flavours=$FLAVOUR
fi
! has_flavour debug || patience=4
boot_timeout=$(number BOOT_TIMEOUT $((patience * 300)) 1 86400)
suite_timeout=$(number SUITE_TIMEOUT $((patience * 3600)) 1 86400)
VM_TIMEOUT=$(number VM_TIMEOUT $((patience * 3600)) 1 86400)
export VM_TIMEOUT
[ "$shards" -eq 1 ] ||
	die "$EXIT_USAGE" "SHARD=$SHARD: a night is of one machine; SHARD is for make vm, make check and make bench"
select_tests NIGHTLY_TESTS

results=${RESULTS:-$top_dir/results}
if ! mkdir -p "$results" 2>/dev/null || [ ! -w "$results" ]; then
	die "$EXIT_USAGE" "RESULTS=$results: cannot write there"
fi
results=$(realpath "$results")
unset RESULTS RESUME

exec 7<"$results"
flock -n 7 || die "$EXIT_USAGE" "$results: another night is at work there"

# is_complete DIR - a night that ran to its end, whatever came out
is_complete()
{
	[[ $1 != *.part && $(cat "$1/status" 2>/dev/null) == [01] ]]
}

# Folders that this script has made, oldest first, and only these.
nights()
{
	local dir

	for dir in "$results"/*/; do
		dir=${dir%/}
		[ -L "$dir" ] || [ ! -e "$dir/.nightly" ] || [[ $dir = */reference ]] ||
			printf '%s\t%s\n' "$(date_of "$dir")" "$dir"
	done | sort | cut -f 2
}

date_of()
{
	local date=${1%.part}

	echo "${date##*-}"
}

# newest_complete - of the same flavour
newest_complete()
{
	nights | tac | while IFS= read -r dir; do
		if is_complete "$dir" && [ "$(cat "$dir/flavour" 2>/dev/null)" = "$flavours" ]; then
			echo "$dir"
			break
		fi
	done
}

if [ -n "${BASELINE-}" ]; then
	is_complete "$BASELINE" ||
		die "$EXIT_USAGE" "BASELINE=$BASELINE: not the results of a night that ran to its end"
	baseline=$(realpath "$BASELINE")
else
	baseline=$(newest_complete) || :
fi

# Until all is there the folder has a name that no other night trusts.  Of two that
# begin in the same second the other waits for the next.
while date=$(date -u +%Y%m%dT%H%M%S); compgen -G "$results/*-$date*" >/dev/null; do
	sleep 0.1
done
dir=$results/nightly-$date.part
mkdir "$dir" 2>/dev/null ||
	die "$EXIT_USAGE" "$dir: cannot create that folder"
stage=start
finished=

cleanup()
{
	stop_job
	[ -z "$job" ] || wait "$job" 2>/dev/null || :
	[ -n "$finished" ] || [ ! -d "$dir" ] ||
		echo "interrupted: $stage" | tee -a "$dir/summary.txt"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# tell LINE... - to those who read this in the morning
tell()
{
	printf '%s\n' "$@" | tee -a "$dir/summary.txt"
}

worse=0
failed=0

# Keep the nights that are wanted.
clear_old()
{
	local old

	nights | head -n "-$keep" | while IFS= read -r old; do
		[ "$old" != "$baseline" ] || continue
		say "removing $old"
		rm -rf "$old"
	done
}

# finish STATUS RELEASE - nothing more is written, and the folder gets its name
finish()
{
	echo "$1" >"$dir/status"
	mv "$dir" "$results/$2-$date"
	dir=$results/$2-$date
	finished=y
	clear_old
	say "results: $dir"
	exit "$1"
}

# begin STAGE
begin()
{
	stage=$1
	say "$stage"
}

# why STATUS - of a script in vm/
why()
{
	case $1 in
	"$EXIT_TOOLS")		echo "a tool is missing" ;;
	"$EXIT_BUILD")		echo "it does not build" ;;
	"$EXIT_PANIC")		echo "the kernel panicked" ;;
	"$EXIT_GUEST")		echo "the guest ended too soon" ;;
	"$EXIT_TIMEOUT")	echo "no end of it in time" ;;
	*)			echo "exit status $1" ;;
	esac
}

# give_up STAGE STATUS RELEASE - the kernel is of no use
give_up()
{
	tell "FAILED: $1: $(why "$2")" "result: failed in stage: $1"
	finish 2 "$3"
}

: >"$dir/.nightly"
[ -z "$flavours" ] || echo "$flavours" >"$dir/flavour"
commit=$("$ci_dir/commit.sh")
patches=${KSRC:+none}
patches=${patches:-those of the reference kernel of RFC ${REVISION:-v7}}
tell "memcg_bpf, $(date -u '+%F %H:%M') UTC, commit $commit" \
	"kernel: ${KSRC:-linux-source of Debian}, patches: ${PATCHES-$patches}${flavours:+, flavour: $flavours}${KERNEL_ARGS:+, arguments: $KERNEL_ARGS}" \
	"baseline: ${baseline:-none: there is nothing to compare with}"

begin "build of the kernel"
status=0
run_job "$vm_dir/kernel.sh" build >"$dir/kernel.path" || status=$?
if [ $status -eq "$EXIT_USAGE" ] || [ $status -eq "$EXIT_TOOLS" ]; then
	# kernel.sh has said why
	finished=y
	rm -rf "$dir"
	die "$EXIT_USAGE" "failed in stage: build"
fi
[ $status -eq 0 ] || give_up build $status unbuilt
kernel=$(cat "$dir/kernel.path")
release=$(grep -a -o 'Linux version [0-9][^ ]*' "$kernel/vmlinux" | sed -n '1s/.* //p')
rm "$dir/kernel.path"

tell "Linux ${release:=unknown}"

begin boot
status=0
run_job "$vm_dir/vmtest.sh" -t "$boot_timeout" -o "$dir/boot" -- true ||
	status=$?
[ $status -eq 0 ] || give_up boot $status "$release"

begin "build of the suite"
status=0
# shellcheck disable=SC2016 # expanded by the inner shell
run_job bash -euc '. "$0"; build_suite; make -s -C "$top_dir" analyze' \
	"$ci_dir/suite.sh" || status=$?
[ $status -eq 0 ] || give_up "build of the suite" $status "$release"
suite_paths "$kernel"
analyze=$top_dir/out/host/analyze

# compare_tests - a test that passed before has to pass
compare_tests()
{
	local was name now

	while read -r was name; do
		[ "$was" = pass ] || continue
		# of the programs that were asked for
		[ ${#programs[@]} -eq 0 ] || [[ " ${programs[*]} " = *" ${name%%:*} "* ]] ||
			continue
		now=$(awk -v name="$name" '{ result = $1; sub("[^ ]* ", "") }
			$0 == name { print result; exit }' "$dir/tests.txt")
		case $now in
		pass)	continue ;;
		fail)	tell "regression: $name: failed, was passed" ;;
		skip)	tell "regression: $name: skipped, was passed" ;;
		*)	tell "regression: $name: not there, was passed" ;;
		esac
		worse=$((worse + 1))
	done <"$baseline/tests.txt"
}

run_suite()
{
	local status=0 name result

	# What the environment says of parameters is for the benchmarks.
	run_job env -u CG_LIMIT -u FILE_SIZE -u OVER_HIGH_MS -u THRESHOLD \
		"$ci_dir/boots.py" -t "$suite_timeout" -o "$dir/suite" -- \
		"${runner[@]}" ${selected[@]+"${selected[@]}"} \
		>"$dir/suite.ktap" || status=$?
	if ! "$ci_dir/ktap2junit.py" "$dir/suite.ktap" >"$dir/tests.txt" ||
	   ! "$ci_dir/ktap2junit.py" "$dir/suite.ktap" "$dir/suite.xml"; then
		tell "FAILED: suite: it has no results"
		failed=$((failed + 1))
		: >"$dir/tests.txt"
	fi
	"$ci_dir/verdict.py" --json="$dir/verdict.json" <"$dir/suite.ktap" >"$dir/verdict.txt" || :
	tell "suite: $(grep -c '^pass ' "$dir/tests.txt") passed, $(grep -c '^fail ' \
		"$dir/tests.txt") failed, $(grep -c '^skip ' "$dir/tests.txt") skipped"
	while read -r result name; do
		[ "$result" = fail ] || continue
		tell "FAILED: $name"
		failed=$((failed + 1))
	done <"$dir/tests.txt"
	# The runner's status is 0 even if a test has failed.
	if [ $status -ne 0 ]; then
		tell "FAILED: suite: $(why $status)"
		failed=$((failed + 1))
	fi
	if [ -n "$baseline" ] && [ -e "$baseline/tests.txt" ]; then
		compare_tests
	elif [ -n "$baseline" ]; then
		tell "suite: the baseline has none: nothing to compare with"
	fi
}

# in_bounds BENCH NAME - measure it into the folder NAME
in_bounds()
{
	local setting name

	for setting in $(bounds "$1"); do
		name=${setting%%=*}
		[ -n "${!name-}" ] || export "${setting?}"
	done
	RESULTS=$dir/$2.part "$ci_dir/run-bench.sh" "$1"
}

# measure BENCH NAME
measure()
{
	local status=0

	# What it prints is a table: analyze makes a better one of the CSV.
	run_job in_bounds "$1" "$2" >"$dir/$2.log" 2>&1 || status=$?
	mv "$dir/$2.part/$1"-* "$dir/$2" 2>/dev/null || mkdir -p "$dir/$2"
	rmdir "$dir/$2.part" 2>/dev/null || :
	mv "$dir/$2.log" "$dir/$2/log"
	return $status
}

# compare_bench BENCH NAME - lines of analyze
compare_bench()
{
	"$analyze" --bound="$bound" --against="$baseline/$1/$1.csv" \
		"$dir/$2/$1.csv" 2>&1
}

# the line without its values
what_moved()
{
	sed -n 's/^regression: \(.*\): [^:]*$/\1/p'
}

# judge_bench BENCH - measure again what seems to be worse: a machine may be busy
# for a while, a kernel is worse for good
judge_bench()
{
	local bench=$1 status=0 line again out

	out=$(compare_bench "$bench" "$bench") || status=$?
	if [ $status -gt 1 ]; then
		tell "FAILED: bench $bench: $out"
		failed=$((failed + 1))
		return
	fi
	if [ $status -eq 1 ]; then
		say "$bench: once more, to be sure"
		status=0
		measure "$bench" "$bench-again" || status=$?
		again=$(compare_bench "$bench" "$bench-again" | what_moved) || :
	fi
	while IFS= read -r line; do
		if [[ $line != regression:* ]]; then
			tell "$line"
		elif grep -q -xF "$(what_moved <<<"$line")" <<<"${again-}"; then
			tell "$line"
			worse=$((worse + 1))
		else
			tell "only once: ${line#*: }"
		fi
	done <<<"$out"
}

run_bench()
{
	local bench=$1 status=0 csv=$dir/$1/$1.csv

	measure "$bench" "$bench" || status=$?
	if [ $status -ne 0 ]; then
		tell "FAILED: bench $bench: $(why $status); see $bench/log"
		failed=$((failed + 1))
	fi
	[ -e "$csv" ] || return 0
	"$analyze" "$csv" >"$dir/$bench/analysis.txt" 2>&1 || :
	tell "bench $bench: $(grep -c ',ok,' "$csv") trials"
	if [ -n "$baseline" ] && [ -e "$baseline/$bench/$bench.csv" ]; then
		judge_bench "$bench"
	elif [ -n "$baseline" ]; then
		tell "bench $bench: the baseline has none: nothing to compare with"
	fi
}

begin suite
run_suite
for bench in ${benches[@]+"${benches[@]}"}; do
	begin "bench $bench"
	run_bench "$bench"
done

stage=end
tell "result: $worse worse, $failed failed"
[ $((worse + failed)) -eq 0 ] || finish 1 "$release"
finish 0 "$release"
