#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What `make check` does: look at the sources, build them with both compilers,
# see that the tests skip where they must, and run the suite in a virtual machine.
# The output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/common.sh"

nr=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# check NAME COMMAND [ARG...]
check()
{
	local name=$1

	shift
	nr=$((nr + 1))
	if "$@" >"$log" 2>&1; then
		echo "ok $nr $name"
	else
		sed 's/^/# /' "$log"
		echo "not ok $nr $name"
	fi
}

# build COMPILER [VAR=VALUE...]
build()
{
	local out=$top_dir/out/check-$1

	shift
	rm -rf "$out"
	make -s -C "$top_dir" KSRC="$source" VMLINUX_BTF="$kernel/vmlinux" \
		OUTPUT="$out" "$@"
}

# all_skipped COMMAND [ARG...] - it exits as a skip, and each test says why
all_skipped()
{
	local out status=0

	out=$("$@") || status=$?
	echo "$out"
	[ $status -eq 4 ] || return 1
	grep -q '^ok .* # SKIP .' <<<"$out" && ! grep '^not ok' <<<"$out" &&
		! grep '^ok' <<<"$out" | grep -v '# SKIP .'
}

skips_in_vm()
{
	all_skipped "$vm_dir/vmtest.sh" -t 120 --append="$1" -- \
		"$top_dir/out/check-gcc/over_high"
}

cd "$top_dir" || exit
need_packages "${kernel_packages[@]}" "${suite_packages[@]}" "${vm_packages[@]}" \
	"shellcheck shellcheck"
kernel=$("$vm_dir/kernel.sh" build) || exit
source=$("$vm_dir/kernel.sh" source) || exit

check shellcheck shellcheck -x -P "$vm_dir" "$vm_dir"/*.sh "$vm_dir/init" \
	"$top_dir"/plots/*.sh "$top_dir"/tests/*.sh "$top_dir/.ci/run"
check analyze make -s check-host
check build-gcc build gcc
check build-clang build clang LLVM=1
check bench-options tests/bench-options.sh "$top_dir/out/check-gcc/memcg_bench"
check skip-unless-root all_skipped setpriv --reuid=65534 --regid=65534 \
	--clear-groups "$top_dir/out/check-gcc/over_high"
check skip-without-memcg skips_in_vm cgroup_disable=memory
check skip-without-psi skips_in_vm psi=0
check bench-resume "$vm_dir/vmtest.sh" -t 300 -- \
	tests/bench-resume.sh "$top_dir/out/check-gcc/memcg_bench"
"$vm_dir/run-suite.sh"
