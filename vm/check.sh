#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # check calls them
#
# What `make check` does: look at the sources, build them with both compilers and
# in a kernel tree, see that the tests skip where they must and that vm/ bears bad
# input, run the suite on a sound kernel, and then see that it notices each fault
# of a broken one.  The output is KTAP.

set -u -o pipefail
. "$(dirname "$(realpath "$0")")/../tests/lib.sh"
. "$vm_dir/common.sh"

# build COMPILER [VAR=VALUE...]
build()
{
	local out=$top_dir/out/check-$1

	shift
	rm -rf "$out"
	make -s -C "$top_dir" KSRC="$source" VMLINUX_BTF="$kernel/vmlinux" \
		OUTPUT="$out" WERROR=1 "$@"
}

# all_skipped COMMAND [ARG...] - it exits as a skip, and each test says why
all_skipped()
{
	local out status=0

	out=$("$@") || status=$?
	echo "$out"
	[ "$status" -eq 4 ] || return 1
	grep -q '^ok .* # SKIP .' <<<"$out" && ! grep '^not ok' <<<"$out" &&
		! grep '^ok' <<<"$out" | grep -v '# SKIP .'
}

skips_in_vm()
{
	all_skipped "$vm_dir/vmtest.sh" -t 120 --append="$1" -- \
		"$top_dir/out/check-gcc/over_high"
}

# As it would be in a kernel tree: at its place in one that has links to all the
# rest of the source.
in_kernel_tree()
{
	local tree=$work/tree home=tools/testing/selftests dir=. part

	mkdir -p "$tree/$home/memcg_bpf"
	for part in tools testing selftests memcg_bpf; do
		find "$source/$dir" -mindepth 1 -maxdepth 1 ! -name "$part" \
			-exec ln -s -t "$tree/$dir" {} +
		dir=$dir/$part
	done
	tar -C "$top_dir" --exclude=./out --exclude=./.git -cf - . |
		tar -C "$tree/$home/memcg_bpf" -xf -
	make -s -C "$tree/$home" TARGETS=memcg_bpf install \
		VMLINUX_BTF="$kernel/vmlinux" INSTALL_PATH="$top_dir/out/in-tree" &&
	expect 0 "^ok 1 selftests: memcg_bpf: load" "$vm_dir/vmtest.sh" -t 300 -- \
		"$top_dir/out/in-tree/run_kselftest.sh" -t memcg_bpf:load
}

# A kernel with another revision of the interface: the same tests, and those that
# are for it alone.
later_revision()
{
	local out

	out=$(PATCHES=$vm_dir/patches:$vm_dir/patches/later "$vm_dir/run-suite.sh" \
		-o "$top_dir/out/vm-later") || { echo "$out"; return 1; }
	echo "$out" | grep -E '^ok [0-9]+ selftests'
	grep -q '^ok [0-9]* selftests: memcg_bpf: later$' <<<"$out"
}

# The libbpf of the kernel tree, installed and found as one of a distribution would
# be.  One that is too old, or not there, is refused.
with_system_libbpf()
{
	local prefix=$top_dir/out/libbpf

	rm -rf "$prefix"
	mkdir -p "$work/libbpf"
	make -s -C "$source/tools/lib/bpf" OUTPUT="$work/libbpf/" prefix="$prefix" \
		libdir="$prefix/lib" install || return
	PKG_CONFIG_PATH=$prefix/lib/pkgconfig build libbpf LIBBPF=system || return
	readelf -d "$top_dir/out/check-libbpf/load" | grep 'NEEDED.*libbpf\.so' || return
	expect 0 "Totals: pass:[1-9][0-9]* fail:0 " "$vm_dir/vmtest.sh" -t 300 -- \
		env LD_LIBRARY_PATH="$prefix/lib" "$top_dir/out/check-libbpf/load" || return

	sed -i 's/^Version:.*/Version: 1.4.9/' "$prefix/lib/pkgconfig/libbpf.pc"
	PKG_CONFIG_PATH=$prefix/lib/pkgconfig \
		expect 2 "want libbpf 1.5 or newer, and pkg-config finds 1.4.9" \
		build libbpf LIBBPF=system
}

# Layouts are the same on all 64-bit machines, so the BTF of this one's kernel does.
for_arm64()
{
	build arm64 ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- &&
		readelf -h "$top_dir/out/check-arm64/load" | grep AArch64
}

can_link_for_arm64()
{
	echo 'int main(void) { return 0; }' |
		aarch64-linux-gnu-gcc -x c - -o "$work/arm64" -lelf -lz 2>/dev/null
}

# Each script and program says what it does and what it takes.
all_have_help()
{
	local program

	for program in "$vm_dir"/*.sh "$vm_dir"/*.py "$tests_dir"/*.sh "$top_dir"/plots/*.sh \
		       "$top_dir"/out/check-gcc/* "$top_dir/out/host/analyze"; do
		if [ ! -f "$program" ] || [ ! -x "$program" ]; then
			continue
		fi
		expect 0 '[Uu]sage: ' timeout 20 "$program" --help || return
	done
}

# The kernel's own parser of KTAP reads what the suite has printed.
ktap_is_valid()
{
	expect 0 'Ran [0-9]+ tests: passed: [0-9]+(, skipped: [0-9]+)?$' \
		python3 "$source/tools/testing/kunit/kunit.py" parse "$ktap"
}

cd "$top_dir" || exit
need_packages "${kernel_packages[@]}" "${suite_packages[@]}" "${vm_packages[@]}" \
	"${bench_packages[@]}" "shellcheck shellcheck" "python3 python3" "rsync rsync" \
	"Rscript r-base-core"
kernel=$("$vm_dir/kernel.sh" build) || exit
source=$("$vm_dir/kernel.sh" source) || exit
ktap=$top_dir/out/suite.ktap
status=0

check shellcheck shellcheck -x -P "$vm_dir:$tests_dir" "$vm_dir"/*.sh \
	"$vm_dir/init" "$top_dir"/plots/*.sh "$tests_dir"/*.sh "$top_dir/.ci/run"
check analyze make -s check-host
check build-gcc build gcc
check build-clang build clang LLVM=1
check in-kernel-tree in_kernel_tree
check system-libbpf with_system_libbpf
if can_link_for_arm64; then
	check build-arm64 for_arm64
else
	skip build-arm64 "no compiler and libraries for arm64: dpkg --add-architecture arm64; apt-get update; apt-get install gcc-aarch64-linux-gnu libelf-dev:arm64 zlib1g-dev:arm64"
fi
check help all_have_help
check bench-options tests/bench-options.sh "$top_dir/out/check-gcc/memcg_bench"
check results tests/results.sh "$top_dir/out/check-gcc/memcg_bench"
check skip-unless-root all_skipped setpriv --reuid=65534 --regid=65534 \
	--clear-groups "$top_dir/out/check-gcc/over_high"
check skip-without-memcg skips_in_vm cgroup_disable=memory
check skip-without-psi skips_in_vm psi=0
check isolation "$vm_dir/vmtest.sh" -t 600 -- \
	tests/isolation.sh "$top_dir/out/check-gcc/memcg_bench"
check results-measured "$vm_dir/vmtest.sh" -t 600 -- \
	tests/results.sh --measure "$top_dir/out/check-gcc/memcg_bench"
check bench-resume "$vm_dir/vmtest.sh" -t 300 -- \
	tests/bench-resume.sh "$top_dir/out/check-gcc/memcg_bench"
"$tests_dir/run.sh" || status=$?
"$vm_dir/vmtest.sh" -t 600 -- env TMPDIR=/tmp TOOLS="$top_dir/out/tests" \
	"$tests_dir/run.sh" --cgroup || status=$?
"$vm_dir/run-suite.sh" | tee "$ktap" || status=$?
check ktap-is-valid ktap_is_valid
check later-revision later_revision
"$tests_dir/vm-errors.sh" || status=$?
"$tests_dir/nightly.sh" || status=$?
"$vm_dir/check-faults.sh" || status=$?
exit $status
