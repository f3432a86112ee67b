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

# suite_paths KERNEL - set $suite, where the suite for it is built, and $runner, which
# runs it; each kernel has a folder of its own, since make does not see another come
suite_paths()
{
	suite=$top_dir/out/vm-suite-${1##*/}
	runner=("$suite/kselftest/run_kselftest.sh")
	# A kernel that looks after itself takes its time.
	[ "${FLAVOUR-}" != debug ] || runner+=(--override-timeout 1800)
}

# build_suite - build the kernel, and for it the suite, installed in $suite/kselftest
build_suite()
{
	local kernel source

	need_packages "${kernel_packages[@]}" "${suite_packages[@]}" \
		"${vm_packages[@]}"
	kernel=$("$vm_dir/kernel.sh" build)
	source=$("$vm_dir/kernel.sh" source)
	suite_paths "$kernel"
	if ! mkdir -p "$suite" || [ ! -w "$suite" ]; then
		die "$EXIT_USAGE" "cannot write to $suite: copy this tree to where you may write"
	fi
	make -s -C "$top_dir" install KSRC="$source" VMLINUX_BTF="$kernel/vmlinux" \
		OUTPUT="$suite" INSTALL_PATH="$suite/kselftest"
}
