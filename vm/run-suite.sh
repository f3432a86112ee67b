#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the kernel and the suite, and run the suite on that kernel in a virtual
# machine.  KSRC= and the like: see kernel.sh.  Arguments go to vmtest.sh.

set -eu
. "$(dirname "$(realpath "$0")")/common.sh"

need_packages "${kernel_packages[@]}" "${suite_packages[@]}" "${vm_packages[@]}"

kernel=$("$vm_dir/kernel.sh" build)
source=$("$vm_dir/kernel.sh" source)
suite=$top_dir/out/vm-suite
mkdir -p "$suite" ||
	die "$EXIT_USAGE" "cannot create $suite: copy this tree to where you may write"

make -s -C "$top_dir" install KSRC="$source" VMLINUX_BTF="$kernel/vmlinux" \
	OUTPUT="$suite" INSTALL_PATH="$suite/kselftest"

"$vm_dir/vmtest.sh" "$@" -- "$suite/kselftest/run_kselftest.sh"
