#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # the functions are called by check, from tests/lib.sh
#
# What vm/ does with ARCH= and PAGES= that name no machine it has, and without what it
# takes to make another machine: the right exit status, and a line that says what to do.
# Nothing boots here.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"

# one_line COMMAND [ARG...] - it says no more than that
one_line()
{
	local lines

	lines=$("$@" 2>&1 </dev/null | wc -l)
	[ "$lines" -eq 1 ] || echo "$lines lines of: $*"
	[ "$lines" -eq 1 ]
}

# refused PATTERN [NAME=VALUE...] - by all that take it
refused()
{
	local command pattern=$1

	shift
	for command in "$vm_dir/kernel.sh build" "$vm_dir/kernel.sh source" \
		       "$vm_dir/vmtest.sh -- true" "$ci_dir/run-suite.sh"; do
		# shellcheck disable=SC2086 # words
		expect 2 "^[a-z-]*\.sh: $pattern$" env "$@" $command &&
			one_line env "$@" $command || return
	done
	expect 2 "$pattern$" make -s -C "$top_dir" vm "$@"
}

bad_arch()
{
	refused "ARCH=riscv: want x86 or arm64" ARCH=riscv &&
	refused "ARCH=arm: want x86 or arm64" ARCH=arm PAGES=64k &&
	refused "ARCH=arm64 : want x86 or arm64" ARCH="arm64 " &&
	expect 2 "^root.sh: ARCH=riscv: want" env ARCH=riscv "$vm_dir/root.sh" build
}

bad_pages()
{
	refused "PAGES=3k: want 4k or 64k" ARCH=arm64 PAGES=3k &&
	refused "PAGES=65536: want 4k or 64k" ARCH=arm64 PAGES=65536 &&
	refused "PAGES=64k: want 4k, or ARCH=arm64 with PAGES=64k" PAGES=64k &&
	refused "PAGES=64k: want 4k, or ARCH=arm64 with PAGES=64k" ARCH=x86_64 PAGES=64k
}

# The root of an x86 guest is not made.
no_root_for_x86()
{
	expect 2 "^root.sh: ARCH=: the root of an x86 guest is that of this machine$" \
		env ARCH= "$vm_dir/root.sh" build &&
	expect 2 "^usage: |usage: root.sh build" env ARCH=arm64 "$vm_dir/root.sh" remove
}

# Without the compiler and the emulator, and not as root.
no_cross_compiler()
{
	local dir

	mkdir "$work/bin" "$work/home"
	for dir in /usr/local/bin /usr/bin /bin /usr/sbin /sbin; do
		ln -sf "$dir"/* "$work/bin"
	done
	rm -f "$work"/bin/aarch64-linux-gnu-gcc "$work/bin/qemu-system-aarch64"
	chmod -R go+rX "$work"
	expect 120 "sudo apt-get install .*gcc-aarch64-linux-gnu.*qemu-system-arm" \
		env ARCH=arm64 PATH="$work/bin" HOME="$work/home" setpriv --reuid=65534 \
		--regid=65534 --clear-groups "$ci_dir/run-suite.sh"
}

# The packages cannot be had: a machine without a network.
no_packages()
{
	expect 120 "^root.sh: cannot get packages for arm64 from where apt does on this machine: see $work/cache/root/" \
		env ARCH=arm64 MEMCG_BPF_CACHE="$work/cache" \
		unshare --net "$vm_dir/root.sh" build || return
	! find "$work/cache/root" -mindepth 1 ! -name '*.lock' ! -name '*.log' | grep .
}

# test_of FUNCTION - in an empty $work
test_of()
{
	rm -rf "${work:?}"/*
	check "target.$1" "$1"
}

test_of bad_arch
test_of bad_pages
test_of no_root_for_x86
if [ "$(id -u)" -eq 0 ]; then
	test_of no_cross_compiler
	test_of no_packages
else
	skip target.no_cross_compiler "not root: run with sudo"
	skip target.no_packages "not root: run with sudo"
fi
exit $failed
