#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # functions are called by name
#
# usage: shards.sh
#
# Do the shards of a run share it, all of it and nothing twice, and does ci/merge.py make
# one of them again?  The output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"

# selected SHARD - the programs that it runs
selected()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	SHARD=$1 TESTS=${2-} bash -euc '. "$0"; select_tests TESTS
		printf "%s\n" "${selected[@]}" | grep "^memcg_bpf:" || :' "$ci_dir/suite.sh"
}

each_program_once()
{
	local n i

	for n in 1 2 3 7; do
		for ((i = 1; i <= n; i++)); do
			selected "$i/$n"
		done | sort >"$work/shards"
		if [ "$n" -eq 1 ]; then
			[ ! -s "$work/shards" ]	# all: none is named
		else
			diff <(basename -a -s .c "$top_dir"/prog_tests/*.c |
				sed 's/^/memcg_bpf:/' | sort) "$work/shards"
		fi || return
	done
	diff <(printf 'memcg_bpf:%s\n' link) <(selected 2/2 "attach link")
}

bad_shards()
{
	local shard

	for shard in 0/3 4/3 1/0 x 1 1/ /2 1/2/3 01/2 -1/2; do
		expect 2 "^suite.sh: SHARD=$shard: want I/N|SHARD=$shard: want I/N" \
			selected "$shard" || return
	done
	expect 2 "SHARD=200/200: there are only [0-9]+ programs to share" selected 200/200 &&
	expect 2 "SHARD=3/3: there are only 2 programs to share" selected 3/3 "attach link" &&
	expect 2 "SHARD is for make vm" env SHARD=1/2 RESULTS="$work" "$ci_dir/nightly.sh" none
}

# suite NUMBER PROGRAM RESULT... - as the runner prints them
suite()
{
	local nr=0 all=ok result program=$2

	echo "# selftests: memcg_bpf: $program"
	echo "# kernel: Linux 7.3.4"
	echo "# 1..$(($# - 2))"
	for result in "${@:3}"; do
		nr=$((nr + 1))
		case $result in
		skip)	echo "# ok $nr $program.t$nr # SKIP no" ;;
		*)	echo "# $result $nr $program.t$nr" ;;
		esac
		[ "$result" != "not ok" ] || all="not ok"
	done
	echo "$all $1 selftests: memcg_bpf: $program"
}

make_shards()
{
	{ echo "# shard: 1/2"; echo "TAP version 13"; echo 1..2; suite 1 attach ok ok
		suite 2 link ok skip; echo "4 passed, 0 failed, 1 skipped"; } >"$work/1"
	{ echo "# shard: 2/2"; echo "TAP version 13"; echo 1..1
		suite 1 charges ok "not ok"; } >"$work/2"
}

merges()
{
	make_shards
	# in whatever order they come
	expect 1 '^4 passed, 1 failed, 1 skipped$' "$ci_dir/merge.py" "$work/2" "$work/1" &&
	"$ci_dir/merge.py" "$work/2" "$work/1" >"$work/merged"
	[ "$(grep -c '^TAP version' "$work/merged")" -eq 1 ] &&
	grep -qx '1\.\.3' "$work/merged" &&
	diff <(printf '%s\n' "ok 1 selftests: memcg_bpf: attach" "ok 2 selftests: memcg_bpf: link" \
		"not ok 3 selftests: memcg_bpf: charges") <(grep -E '^(not )?ok' "$work/merged") &&
	# those who count KTAP see the same
	expect 1 '^4 passed, 1 failed, 1 skipped$' "$ci_dir/ktap.sh" cat "$work/merged"
}

tells_what_is_missing()
{
	make_shards
	sed -i 's,1/2,1/3,' "$work/1"
	expect 1 '^merge.py: shard 3/3 is missing$' "$ci_dir/merge.py" "$work/1" \
		<(sed 's,2/2,2/3,' "$work/2") &&
	expect 1 '^# missing: shard 2/3$' "$ci_dir/merge.py" "$work/1"
}

refuses()
{
	make_shards
	expect 2 "$work/1: shard 1/2, as $work/1 is" "$ci_dir/merge.py" "$work/1" "$work/1" &&
	sed 's/7\.3\.4/7.3.5/' "$work/2" >"$work/other" &&
	expect 2 "kernel Linux 7.3.5, and not Linux 7.3.4" "$ci_dir/merge.py" "$work/1" "$work/other" &&
	sed 's,2/2,2/3,' "$work/2" >"$work/other" &&
	expect 2 "$work/other: shard of 3, and $work/1 is of 2" "$ci_dir/merge.py" "$work/1" "$work/other" &&
	sed '/shard/d' "$work/2" >"$work/other" &&
	expect 2 "$work/other: no line \"# shard: I/N\"" "$ci_dir/merge.py" "$work/1" "$work/other" &&
	expect 2 "$work/none: No such file" "$ci_dir/merge.py" "$work/none" &&
	expect 2 "want the output of the shards" "$ci_dir/merge.py"
}

echo "TAP version 13"
check shards.each_program_once each_program_once
check shards.bad_shards bad_shards
check shards.merges merges
check shards.tells_what_is_missing tells_what_is_missing
check shards.refuses refuses
echo "1..$test_nr"
# shellcheck disable=SC2154 # lib.sh sets it
exit $failed
