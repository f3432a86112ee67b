# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the scripts in ci/, bash scripts with `set -eu`: what builds the suite for
# the kernel of vm/.

. "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../vm/common.sh"

# shellcheck disable=SC2034
ci_dir=$top_dir/ci

# shellcheck disable=SC2034
suite_packages=("clang clang" "/usr/include/zlib.h zlib1g-dev")
# shellcheck disable=SC2034
bench_packages=("pkg-config pkg-config" "/usr/include/jansson.h libjansson-dev"
	"/usr/include/gsl/gsl_version.h libgsl-dev" "gcc gcc" "gnuplot gnuplot-nox")

# stress_seconds - the time by which STRESS_SECONDS= raises the timeouts, in seconds: four
# tests of stress run for so long.  stress itself refuses what is not a number.
stress_seconds()
{
	local seconds=${STRESS_SECONDS-}

	[[ $seconds =~ ^[1-9][0-9]{0,4}$ ]] || seconds=0
	echo $((5 * seconds))
}

# suite_paths KERNEL - set $suite, where the suite for it is built, and $runner, which
# runs it; each kernel has a folder of its own, since make does not notice a change of it
suite_paths()
{
	suite=$top_dir/out/vm-suite-${1##*/}
	runner=("$suite/kselftest/run_kselftest.sh")
	# A debug kernel is slow, and with pages of 64 KiB all that is charged is 16 times as large.
	if has_flavour debug || [ "${pages-}" = 64k ]; then
		runner+=(--override-timeout $((1800 + $(stress_seconds))))
	elif [ "$(stress_seconds)" -ne 0 ]; then
		runner+=(--override-timeout $((300 + $(stress_seconds))))
	fi
}

# SHARD=I/N, the I-th of N machines that share the work: of a list it does each N-th
# item, from the I-th on.
shard=1 shards=1
if [ -n "${SHARD-}" ]; then
	if ! [[ $SHARD =~ ^([1-9][0-9]{0,3})/([1-9][0-9]{0,3})$ ]] ||
	   [ "${BASH_REMATCH[1]}" -gt "${BASH_REMATCH[2]}" ]; then
		die "$EXIT_USAGE" "SHARD=$SHARD: want I/N, as 1/4: the first of four"
	fi
	shard=${BASH_REMATCH[1]} shards=${BASH_REMATCH[2]}
fi

# in_shard NUMBER - is that item of a list, counted from 1, for this machine?
in_shard()
{
	[ $((($1 - 1) % shards)) -eq $((shard - 1)) ]
}

# say_shard - in the output, for merge.py
say_shard()
{
	[ "$shards" -eq 1 ] || echo "# shard: $shard/$shards"
}

# select_tests VARIABLE - set $programs to those of the suite that it names, with blanks or
# commas between them, and $selected to the options with which $runner runs only these,
# and of them those of this shard
select_tests()
{
	local program number=0 all=()

	read -r -a programs <<<"$(tr , " " <<<"${!1-}")"
	all=(${programs[@]+"${programs[@]}"})
	if [ "$shards" -gt 1 ] && [ ${#all[@]} -eq 0 ]; then
		mapfile -t all < <(basename -a -s .c "$top_dir"/prog_tests/*.c)
	fi
	selected=()
	for program in ${all[@]+"${all[@]}"}; do
		[ -e "$top_dir/prog_tests/$program.c" ] ||
			die "$EXIT_USAGE" "$1: no program $program in prog_tests"
		number=$((number + 1))
		! in_shard $number || selected+=(-t "memcg_bpf:$program")
	done
	[ "$shards" -eq 1 ] || [ ${#selected[@]} -gt 0 ] ||
		die "$EXIT_USAGE" "SHARD=$SHARD: there are only $number programs to share"
}

# build_suite - build the kernel, and for it the suite, installed in $suite/kselftest
build_suite()
{
	local kernel source root

	check_path "this tree" "$top_dir"
	read_target
	need_packages "${kernel_packages[@]}" "${suite_packages[@]}" \
		"${vm_packages[@]}"
	kernel=$("$vm_dir/kernel.sh" build)
	source=$("$vm_dir/kernel.sh" source)
	suite_paths "$kernel"
	if ! mkdir -p "$suite" || [ ! -w "$suite" ]; then
		die "$EXIT_USAGE" "cannot write to $suite: copy this tree to where you may write"
	fi
	touch "$suite"
	remove_unused "$top_dir/out" 'vm-suite-*'
	if [ -n "$cross" ]; then
		root=$("$vm_dir/root.sh" build)
		target_make+=(CC="${cross}gcc --sysroot=$root")
	fi
	# What the environment says of another build is not for this one.
	env -u ARCH -u CROSS_COMPILE make -s -C "$top_dir" install \
		KSRC="$source" VMLINUX_BTF="$kernel/vmlinux" OUTPUT="$suite" \
		INSTALL_PATH="$suite/kselftest" ${target_make[@]+"${target_make[@]}"}
}
