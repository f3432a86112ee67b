#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: check-faults.sh [FAULT...]
#
# Test the tests: break one promise of a reference kernel at a time, in all the ways
# that the table `promises` names or in those given, and see that the test which
# guards it fails and says why, and that tests of other subjects pass.  Prints KTAP
# and then a table, which is in out/faults.txt and out/faults.csv, too.
#
#   REVISION=v7|v6	of this reference kernel alone; default: of all, side by side
#   SHARD=I/N		of the faults in the table each N-th, from the I-th on

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/suite.sh"

parts=2		# guests at once: most of the time the tests sleep

tmp=$(mktemp -d)
jobs=()
# shellcheck disable=SC2317 # called by the trap
cleanup()
{
	[ ${#jobs[@]} -eq 0 ] || kill "${jobs[@]}" 2>/dev/null || :
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir -p "$top_dir/out"
table=$top_dir/out/faults.table
"$ci_dir/promises.py" faults >"$table"
for fault in "$@"; do
	grep -q "^$fault	" "$table" ||
		die "$EXIT_USAGE" "$fault: no such fault in $top_dir/promises"
done
[ $# -eq 0 ] || parts=1
faults=("$@")
complete=n	# is the table?  One of those that have all or a part of it looks.
[ $# -gt 0 ] || [ "$shard" -ne 1 ] || complete=y
if [ $# -eq 0 ] && [ "$shards" -gt 1 ]; then
	mapfile -t faults < <(cut -f 1 "$table" | awk -v i="$shard" -v n="$shards" \
		'(NR - 1) % n == i - 1')
	[ ${#faults[@]} -gt 0 ] ||
		die "$EXIT_USAGE" "SHARD=$SHARD: there are only $(wc -l <"$table") faults to share"
fi
rm -rf "$top_dir"/out/faults-*

# start_guests REVISION TABLE
start_guests()
{
	local part table=$2

	export REVISION=$1
	build_suite
	for ((part = 0; part < parts; part++)); do
		"$vm_dir/vmtest.sh" -t 2400 -o "$top_dir/out/faults-$REVISION-$part" -- \
			"$ci_dir/faults-guest.sh" "$suite/kselftest/memcg_bpf" \
			"$table" "$REVISION" "$part" "$parts" "$complete" "${faults[@]}" >&7 2>&1 6<&- &
		jobs+=($!)
	done
}

read -r -a revisions <<<"${REVISION-$(reference_revisions)}"
# To open one end of a FIFO waits for the other end, unless it is open for both already.
mkfifo "$tmp/ktap"
exec 5<>"$tmp/ktap"
exec 6<"$tmp/ktap"
exec 7>"$tmp/ktap" 5>&-
# Run the tests of other subjects on the newest revision only: its kernel has the faults of
# all revisions, in the same code.
cut -f 1-4 "$table" >"$table.guards"
start_guests "${revisions[0]}" "$table"
for revision in "${revisions[@]:1}"; do
	start_guests "$revision" "$table.guards"
done
exec 7>&-

# One result at a time, numbered anew.
nr=0
while IFS= read -r line; do
	if [[ $line =~ ^((not )?ok )[0-9]+(.*) ]]; then
		nr=$((nr + 1))
		line=${BASH_REMATCH[1]}$nr${BASH_REMATCH[3]}
	fi
	printf '%s\n' "$line"
done <&6

status=0
for job in "${jobs[@]}"; do
	wait "$job" || status=$?
done
jobs=()
[ $status -eq 0 ] ||
	die $status "a guest failed; see $top_dir/out/faults-*/console.log"

# In the order of the table, not in that in which the guests ended.
{
	echo revision,fault,guard,result,caught_by,also_failed,seconds
	for revision in "${revisions[@]}"; do
		cut -f 1 "$table" | while read -r fault; do
			grep -h "^$revision,$fault," \
				"$top_dir"/out/faults-"$revision"-*/faults.csv || :
		done
	done
} >"$top_dir/out/faults.csv"

awk -F, '
	NR == 1 {
		format = "# %-4s %-28s %-50s %s\n"
		printf format, "", "fault", "guarding test", "caught by / also failed"
		next
	}
	{
		who = $5
		if ($6 != "")
			who = who " / " $6
		if ($4 == "ok") {
			caught++
			printf format, $1, $2, $3, who
		} else {
			bad = bad sprintf(format, $1, $2, $3, "NOT OK: " who)
		}
	}
	END {
		printf "%s", bad	# last, where they are seen
		printf "# %d of %d faults caught by the guarding test, no other test failed than the table says\n", caught, NR - 1
	}' "$top_dir/out/faults.csv" | tee "$top_dir/out/faults.txt"
