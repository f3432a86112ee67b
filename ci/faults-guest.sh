#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: faults-guest.sh SUITE TABLE REVISION PART PARTS COMPLETE [FAULT...]
#
# In the guest, for each PARTS-th fault of TABLE, or of those named, that the
# reference kernel of REVISION has: break the kernel so, run the tests that the table
# names, mend it, and judge.  If COMPLETE is y, see whether the table has all faults of
# the kernel, too.  Prints KTAP; rows for the report go to
# $VM_OUTPUT/faults.csv.  TABLE is what promises.py prints of faults.

set -u
. "$(dirname "$(realpath "$0")")/../vm/help.sh"
suite=$1 table=$2 revision=$3 part=$4 parts=$5

param=/sys/module/memcg_bpf/parameters
logs=$(mktemp -d)	# of the last run, one for each program
rows=$VM_OUTPUT/faults.csv
: >"$rows"
test_nr=0

# run_tests TEST... - PROGRAM.TEST each
run_tests()
{
	local program test options

	rm -f "$logs"/*
	for program in $(printf '%s\n' "${@%.*}" | sort -u); do
		options=()
		for test in "$@"; do
			[ "${test%.*}" != "$program" ] || options+=(-t "${test#*.}")
		done
		timeout 200 "$suite/$program" "${options[@]}" \
			>"$logs/$program" 2>&1 </dev/null
	done
}

# result TEST - passed, failed (in one variant at least), skipped or, if it said
# nothing, lost
result()
{
	local lines

	lines=$(grep -E "^(not )?ok [0-9]+ .*\.${1#*.}( |\$)" "$logs/${1%.*}")
	case $lines in
	*"not ok"*)	echo failed ;;
	*"# SKIP"*)	echo skipped ;;
	*ok*)		echo passed ;;
	*)		echo lost ;;
	esac
}

# what_it_saw TEST - the lines by which a failed test explains itself
what_it_saw()
{
	grep -E "^# [^ ]+:[0-9]+:${1#*.}:" "$logs/${1%.*}" | grep -A 1 Expected |
		grep -v '^--' | head -n 4 | sed 's/^# /#   /'
}

# judge FAULT GUARD ALSO BESIDES - print one result; the latter two are lists
judge()
{
	local fault=$1 guard=$2 verdict=ok start=$SECONDS
	local overlaps=" $3 " tests test problems=() caught=() also=()

	# shellcheck disable=SC2086 # lists
	mapfile -t tests < <(printf '%s\n' "$guard" $3 $4 | sort -u)
	run_tests "${tests[@]}"

	for test in "${tests[@]}"; do
		case $(result "$test") in
		failed)
			if [ "${test%.*}" = "${guard%.*}" ]; then
				caught+=("${test#*.}")
			else
				also+=("$test")
				[[ $overlaps == *" $test "* ]] ||
					problems+=("$test fails, too, and should not")
			fi
			;;
		passed)
			[ "$test" != "$guard" ] || problems+=("not caught by $guard")
			[[ $overlaps != *" $test "* ]] ||
				problems+=("$test is listed as failing, too, and passes")
			;;
		*)	problems+=("$test: $(result "$test")") ;;
		esac
	done
	[ -n "$(what_it_saw "$guard")" ] || problems+=("$guard does not say what it saw")

	[ ${#problems[@]} -eq 0 ] || verdict="not ok"
	test_nr=$((test_nr + 1))
	if [ "$verdict" = ok ]; then
		what_it_saw "$guard"
	else
		sed 's/^/#   /' "$logs"/*
		printf '# %s\n' "${problems[@]}"
	fi
	echo "$verdict $test_nr fault.$revision.$fault"
	printf '%s,%s,%s,%s,%s,%s,%d\n' "$revision" "$fault" "$guard" "$verdict" "${caught[*]}" \
		"${also[*]}" $((SECONDS - start)) >>"$rows"
}

# is_selected FAULT
is_selected()
{
	[ ${#selected[@]} -eq 0 ] || [[ " ${selected[*]} " == *" $1 "* ]]
}

nr=0
selected=("${@:7}")
while IFS=$'\t' read -r fault guard only also besides; do
	[ "$only" = - ] || [ "$only" = "$revision" ] || continue
	is_selected "$fault" || continue
	nr=$((nr + 1))
	[ $((nr % parts)) -eq "$part" ] || continue

	if ! echo "$fault" >$param/fault; then
		echo "not ok $nr fault.$revision.$fault"
		continue
	fi
	judge "$fault" "$guard" "${also#-}" "${besides#-}"
	echo none >$param/fault
done <"$table"
rm -r "$logs"

# Each way to break the kernel is in the table.
if [ "$part" -eq 0 ] && [ "$6" = y ]; then
	missing=$(cut -f 1 "$table" | cat - <(echo none) |
		grep -v -x -F -f - $param/faults)
	[ -z "$missing" ] || echo "# not in the table of promises: $missing"
	echo "${missing:+not }ok $((test_nr + 1)) fault_table_is_complete.$revision"
fi
