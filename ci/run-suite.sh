#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: run-suite.sh [OPTION-OF-VMTEST...]
#
# Build the kernel and the suite, and run the suite on that kernel in a virtual
# machine, which boots again after a crash: see boots.py.  KSRC= and the like: see
# kernel.sh.  Arguments go to vmtest.sh.
#
#   OUTPUT=DIR	the console and the like go to DIR/vm (default: out)
#   TESTS=NAMES	programs of the suite to run (default: all)
#   SHARD=I/N	of these each N-th, from the I-th on: see merge.py

set -eu
. "$(dirname "$(realpath "$0")")/suite.sh"

select_tests TESTS
build_suite
say_shard
options=(${OUTPUT:+--output="$OUTPUT/vm"})
if [ "$(stress_seconds)" -ne 0 ]; then
	options+=(--timeout=$(($(default_timeout) + $(stress_seconds))))
fi
exec "$ci_dir/boots.py" ${options[@]+"${options[@]}"} "$@" -- "${runner[@]}" ${selected[@]+"${selected[@]}"}
