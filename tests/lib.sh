# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the tests of this project's own tools.  They print KTAP.

tests_dir=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
top_dir=$(dirname "$tests_dir")
vm_dir=$top_dir/vm
# shellcheck disable=SC2034 # for those who source this
ci_dir=$top_dir/ci
. "$vm_dir/help.sh"

test_nr=0
# shellcheck disable=SC2034 # for those who source this
failed=0		# 1 after the first test that has
work=$(mktemp -d) || exit
trap 'rm -rf "$work" "$work.log" "$work.tmp"' EXIT
# What a script that a test kills could not remove goes with the rest.
mkdir "$work.tmp" || exit
export TMPDIR=$work.tmp
logs=("$work.log")	# what is printed of a test that has failed

# result STATUS NAME - of a test
result()
{
	test_nr=$((test_nr + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $test_nr $2"
		return
	fi
	# shellcheck disable=SC2034
	failed=1
	sed 's/^/# /' "${logs[@]}"
	echo "not ok $test_nr $2"
}

# check NAME COMMAND [ARG...] - a test passes if the command does
check()
{
	local name=$1

	shift
	("$@") >"$work.log" 2>&1
	result $? "$name"
}

# skip NAME REASON
skip()
{
	test_nr=$((test_nr + 1))
	echo "ok $test_nr $1 # SKIP $2"
}

# expect STATUS PATTERN COMMAND [ARG...] - it ends so, and says what matches
expect()
{
	local want=$1 pattern=$2 out status=0

	shift 2
	out=$("$@" 2>&1 </dev/null) || status=$?
	printf '%s\n' "$out" "exit status $status"
	if [ $status -ne "$want" ]; then
		echo "want exit status $want of: $*"
		return 1
	fi
	if ! grep -q -E -e "$pattern" <<<"$out"; then
		echo "want a line that matches '$pattern' of: $*"
		return 1
	fi
}

# wait_until SECONDS COMMAND [ARG...] - until the command succeeds
wait_until()
{
	local tries=$(($1 * 10))

	shift
	until "$@"; do
		tries=$((tries - 1))
		if [ $tries -le 0 ]; then
			echo "in vain: $*"
			return 1
		fi
		sleep 0.1
	done
}

# make_german - make the locale de_DE.UTF-8, whose decimal point is a comma, for this
# script, if the machine has none; fail if that cannot be
make_german()
{
	if [ "$(LC_ALL=de_DE.UTF-8 locale decimal_point 2>/dev/null)" != , ]; then
		mkdir -p "$work/locale"
		localedef -i de_DE -f UTF-8 "$work/locale/de_DE.UTF-8" >/dev/null 2>&1
		export LOCPATH=$work/locale
	fi
	[ "$(LC_ALL=de_DE.UTF-8 locale decimal_point 2>/dev/null)" = , ]
}
