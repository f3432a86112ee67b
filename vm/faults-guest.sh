#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: faults-guest.sh SUITE TABLE REVISION PART PARTS
#
# In the guest, for each PARTS-th fault of TABLE that the reference kernel of
# REVISION has: break the kernel so, run the
# tests that the table names, mend it, and judge.  Prints KTAP; rows for the
# report go to $VM_OUTPUT/faults.csv.  See vm/faults for what TABLE says.

set -u
. "$(dirname "$(realpath "$0")")/help.sh"
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

# judge FAULT GUARD [OVERLAP...] - print one result
judge()
{
	local fault=$1 guard=$2 verdict=ok start=$SECONDS
	local overlaps=" ${*:3} " tests test bad=() caught=() also=()

	mapfile -t tests < <(printf '%s\n' "${@:2}" "${besides[@]}" | sort -u)
	run_tests "${tests[@]}"

	for test in "${tests[@]}"; do
		case $(result "$test") in
		failed)
			if [ "${test%.*}" = "${guard%.*}" ]; then
				caught+=("${test#*.}")
			else
				also+=("$test")
				[[ $overlaps == *" $test "* ]] ||
					bad+=("$test fails, too, and should not")
			fi
			;;
		passed)
			[ "$test" != "$guard" ] || bad+=("not caught by $guard")
			[[ $overlaps != *" $test "* ]] ||
				bad+=("$test is listed as failing, too, and passes")
			;;
		*)	bad+=("$test: $(result "$test")") ;;
		esac
	done
	[ -n "$(what_it_saw "$guard")" ] || bad+=("$guard does not say what it saw")

	[ ${#bad[@]} -eq 0 ] || verdict="not ok"
	test_nr=$((test_nr + 1))
	if [ "$verdict" = ok ]; then
		what_it_saw "$guard"
	else
		sed 's/^/#   /' "$logs"/*
		printf '# %s\n' "${bad[@]}"
	fi
	echo "$verdict $test_nr fault.$revision.$fault"
	printf '%s,%s,%s,%s,%s,%s,%d\n' "$revision" "$fault" "$guard" "$verdict" "${caught[*]}" \
		"${also[*]}" $((SECONDS - start)) >>"$rows"
}

nr=0
besides=()
only=
while read -r -a words; do
	case ${words[0]-#} in
	\#*)	continue ;;
	besides)
		besides=("${words[@]:1}")
		continue
		;;
	revision)
		only=${words[1]}
		continue
		;;
	esac
	[ "${only:-$revision}" = "$revision" ] || continue
	nr=$((nr + 1))
	[ $((nr % parts)) -eq "$part" ] || continue

	if ! echo "${words[0]}" >$param/fault; then
		echo "not ok $nr fault.$revision.${words[0]}"
		continue
	fi
	judge "${words[0]}" "${words[1]}" "${words[@]:2}"
	echo none >$param/fault
done <"$table"
rm -r "$logs"

# Each way to break the kernel is in the table.
if [ "$part" -eq 0 ]; then
	missing=$(cut -f 1 "$(dirname "$0")/faults" | cat - <(echo none) |
		grep -v -x -F -f - $param/faults)
	[ -z "$missing" ] || echo "# no line in vm/faults: $missing"
	echo "${missing:+not }ok $((test_nr + 1)) fault_table_is_complete.$revision"
fi
