#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: run-suite.sh [OPTION-OF-VMTEST...]
#
# Build the kernel and the suite, and run the suite on that kernel in a virtual
# machine.  KSRC= and the like: see kernel.sh.  Arguments go to vmtest.sh.

set -eu
. "$(dirname "$(realpath "$0")")/suite.sh"

build_suite
"$vm_dir/vmtest.sh" "$@" -- "${runner[@]}"
