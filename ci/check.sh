#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # the functions are called by check, from tests/lib.sh
#
# What `make check` does: check the sources and the promises, build with both compilers and
# in a kernel tree, check that the tests skip where they must and that vm/ refuses bad
# input, run the suite on the sound reference kernels, and then check that it notices
# each fault of broken ones.  The output is KTAP.
#
#   CHECKS=NAME...	only these: names of tests that this prints, such as build-gcc, or
#			verdict, apply, review, shards, flakes, tools, suite, target, vm-errors,
#			surroundings, nightly, crashes, faults
#   SHARD=I/N	only each N-th of these, from the I-th on, and of the programs of
#			the suite and the faults as many: see merge.py

set -u -o pipefail
. "$(dirname "$(realpath "$0")")/../tests/lib.sh"
. "$ci_dir/suite.sh"

# build COMPILER [VAR=VALUE...]
build()
{
	local out=$top_dir/out/check-$1

	shift
	rm -rf "$out"
	make -s -C "$top_dir" KSRC="$source" VMLINUX_BTF="$kernel/vmlinux" \
		OUTPUT="$out" WERROR=1 "$@"
}

# all_skipped COMMAND [ARG...] - the program exits as a skip, and each test says why
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

# kernel_tree DIR - make a kernel tree that the series can be applied to, without a copy of
# the source: links to it, but real folders down to where the suite goes, and copies of the
# files that the series changes
kernel_tree()
{
	local tree=$1 home=tools/testing/selftests dir=. next file

	mkdir -p "$tree/$home"
	for next in tools testing selftests memcg_bpf; do
		find "$source/$dir" -mindepth 1 -maxdepth 1 ! -name "$next" \
			-exec ln -s -t "$tree/$dir" {} +
		dir=$dir/$next
	done
	for file in MAINTAINERS $home/Makefile; do
		rm "$tree/$file"
		cp "$source/$file" "$tree/$file"
	done
}

# The patch series for the mailing list applies to a kernel tree, and there the suite
# builds, is installed by the kernel's rules, and runs.  What it has is all that the
# verdict of run_tests needs.
in_kernel_tree()
{
	local tree=$work/tree home=tools/testing/selftests

	kernel_tree "$tree" &&
	GIT_AUTHOR_NAME=check GIT_AUTHOR_EMAIL=check@localhost \
		"$ci_dir/series.sh" -o "$work/series" "$tree" &&
	cat "$work"/series/000[1-9]-*.patch | (cd "$tree" && git apply -p1) &&
	OUTPUT=$work/verdict expect 0 "^1 passed, 0 failed, 0 skipped" \
		"$tree/$home/memcg_bpf/ci/run-tests.sh" echo "ok 1 selftests: memcg_bpf: load" &&
	make -s -C "$tree/$home" TARGETS=memcg_bpf install \
		VMLINUX_BTF="$kernel/vmlinux" INSTALL_PATH="$top_dir/out/in-tree" &&
	expect 0 "^ok 1 selftests: memcg_bpf: load" "$vm_dir/vmtest.sh" -t 300 -- \
		"$top_dir/out/in-tree/run_kselftest.sh" -t memcg_bpf:load
}

# newest_source_package - the newest kernel source that apt can see
newest_source_package()
{
	apt-cache search --names-only '^linux-source-[0-9.]+$' 2>/dev/null |
		cut -d ' ' -f 1 | sort -V | tail -n 1
}

# The suite also builds with the libbpf, bpftool and headers of the newest kernel that apt
# has.  The BTF is that of the reference kernel: building another kernel for its BTF would
# take longer than all of this.
with_newest_source()
{
	local package=$1 tree=$work/newest

	if [ ! -e "/usr/src/$package.tar.xz" ]; then
		(cd "$work" && apt-get -q download "$package" &&
			dpkg-deb -x "$package"_*.deb "$work/deb") || return
	fi
	mkdir -p "$tree" "$work/deb"
	find /usr/src "$work/deb" -name "$package.tar.xz" | head -n 1 |
		xargs -I{} tar -C "$tree" --strip-components=1 -xf {} || return
	source=$tree build newest && source=$tree build newest-clang LLVM=1
}

# The suite links to an installed libbpf, found by pkg-config as a distribution's would be:
# here that of the kernel tree.  One that is too old is refused.
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

# Structs have the same layout on all 64-bit machines, so the BTF built here will do.
for_arm64()
{
	local root

	root=$(ARCH=arm64 "$vm_dir/root.sh" build) || return
	build arm64 ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- \
		CC="aarch64-linux-gnu-gcc --sysroot=$root" || return
	readelf -h "$top_dir/out/check-arm64/load" | grep AArch64
}

promises_md_is_of_the_table()
{
	ci/promises.py markdown | diff PROMISES.md - || {
		echo "PROMISES.md is not made of the table: make PROMISES.md"
		return 1
	}
}

# The kernel's own script checks the style; .checkpatch.conf says what it leaves out.
checkpatch()
{
	local files

	mapfile -t files < <(find bench lib progs prog_tests -name '*.[ch]' ! -path '*/fuzz/*')
	perl "$source/scripts/checkpatch.pl" --strict --no-tree --no-summary --show-types \
		--terse -f "${files[@]}"
}

# kernel_doc - the comments of public functions are well-formed
kernel_doc()
{
	local files

	mapfile -t files < <(find bench lib prog_tests -name '*.h')
	! perl "$source/scripts/kernel-doc" -none -Wall "${files[@]}" 2>&1 |
		grep -v 'no structured comments found'
}

# Each script and program says what it does and what it takes.
all_have_help()
{
	local program

	for program in "$vm_dir"/*.sh "$ci_dir"/*.sh "$ci_dir"/*.py "$tests_dir"/*.sh "$top_dir"/plots/*.sh \
		       "$top_dir"/out/check-gcc/* "$top_dir/out/host/analyze"; do
		if [ ! -f "$program" ] || [ ! -x "$program" ]; then
			continue
		fi
		expect 0 '[Uu]sage: ' timeout 20 "$program" --help || return
	done
}

# suites - run the suite on all reference kernels at the same time, since the tests sleep
# most of the time; print the output of one after that of the other
suites()
{
	local revision ret=0
	local -A pids

	for revision in $(reference_revisions); do
		# built one after the other, as both make the same tools
		(REVISION=$revision build_suite) || return
	done
	for revision in $(reference_revisions); do
		REVISION=$revision SHARD=$shard/$shards "$ci_dir/run-suite.sh" \
			-o "$top_dir/out/vm-$revision" >"$work/suite.$revision" 2>&1 &
		pids[$revision]=$!
	done
	for revision in $(reference_revisions); do
		wait "${pids[$revision]}" || ret=$?
		cat "$work/suite.$revision"
	done
	# for ktap_is_valid, and one will do
	cp "$work/suite.$(reference_revisions | cut -d ' ' -f 1)" "$ktap"
	return "$ret"
}

# A review of one program, of which the answer tells.
review_of_a_program()
{
	OUT=$work/review PARTS=suite TESTS=load "$ci_dir/review.sh" &&
	grep -q -E ': [1-9][0-9]* promises? kept, 0 broken' "$work/review/review.txt" &&
		[ ! -e "$work/review/failed" ]
}

# The kernel's own parser of KTAP reads what the suite has printed.
ktap_is_valid()
{
	expect 0 'Ran [0-9]+ tests: passed: [0-9]+(, skipped: [0-9]+)?$' \
		python3 "$source/tools/testing/kunit/kunit.py" parse "$ktap"
}

# is_wanted NAME - and of this shard
is_wanted()
{
	[ -z "${CHECKS-}" ] || [[ " $CHECKS " == *" $1 "* ]] || return
	case $1 in
	suite|faults)
		;;	# share their own items
	ktap-is-valid)
		[ "$shard" -eq 1 ] ;;
	*)	[ -n "${items[$1]-}" ] || items[$1]=$((${#items[@]} + 1))
		in_shard "${items[$1]}" ;;
	esac
}

want_check()
{
	! is_wanted "$1" || check "$@"
}

want_skip()
{
	! is_wanted "$1" || skip "$@"
}

# part NAME COMMAND [ARG...] - a command that runs several tests, and prints their results
part()
{
	is_wanted "$1" || return 0
	"${@:2}" || status=$?
}

cd "$top_dir" || exit
read_target
need_packages "${kernel_packages[@]}" "${suite_packages[@]}" "${vm_packages[@]}" \
	"${bench_packages[@]}" "shellcheck shellcheck" "python3 python3" "rsync rsync" \
	"Rscript r-base-core"
kernel=$("$vm_dir/kernel.sh" build) || exit
source=$("$vm_dir/kernel.sh" source) || exit
ktap=$top_dir/out/suite.ktap
rm -f "$ktap"
status=0
declare -A items=()	# names that is_wanted() has seen, and their numbers
say_shard
unset SHARD	# what takes it is given it

want_check shellcheck shellcheck -x -P "$vm_dir:$ci_dir:$tests_dir" "$vm_dir"/*.sh "$ci_dir"/*.sh \
	"$vm_dir/init" "$vm_dir/enter" "$top_dir"/plots/*.sh "$tests_dir"/*.sh "$top_dir/.ci/run"
want_check promises ci/promises.py check
want_check promises-md promises_md_is_of_the_table
want_check checkpatch checkpatch
want_check kernel-doc kernel_doc
part verdict "$tests_dir/verdict.sh"
part apply "$tests_dir/apply.sh"
part review "$tests_dir/review.sh"
part shards "$tests_dir/shards.sh"
part flakes "$tests_dir/flakes.sh"
want_check analyze make -s check-host
if is_wanted build-gcc; then
	check build-gcc build gcc
elif [ "$shards" -gt 1 ]; then
	build gcc || exit	# others need it
fi
want_check build-clang build clang LLVM=1
want_check in-kernel-tree in_kernel_tree
want_check system-libbpf with_system_libbpf
if command -v aarch64-linux-gnu-gcc >/dev/null; then
	want_check build-arm64 for_arm64
else
	want_skip build-arm64 "no compiler for arm64: apt-get install gcc-aarch64-linux-gnu"
fi
newest=$(newest_source_package)
if [ "${newest:-$source_package}" != "$source_package" ]; then
	want_check build-newest with_newest_source "$newest"
else
	want_skip build-newest "no source package newer than $source_package: add the release's -backports to apt's sources, and apt-get update"
fi
want_check help all_have_help
want_check bench-options tests/bench-options.sh "$top_dir/out/check-gcc/memcg_bench"
want_check results tests/results.sh "$top_dir/out/check-gcc/memcg_bench"
want_check skip-unless-root all_skipped setpriv --reuid=65534 --regid=65534 \
	--clear-groups "$top_dir/out/check-gcc/over_high"
want_check skip-without-memcg skips_in_vm cgroup_disable=memory
want_check skip-without-psi skips_in_vm psi=0
want_check put-back "$vm_dir/vmtest.sh" -t 300 -- \
	tests/put-back.sh "$top_dir/out/check-gcc/attach"
want_check isolation "$vm_dir/vmtest.sh" -t 600 -- \
	tests/isolation.sh "$top_dir/out/check-gcc/memcg_bench"
want_check results-measured "$vm_dir/vmtest.sh" -t 600 -- \
	tests/results.sh --measure "$top_dir/out/check-gcc/memcg_bench"
want_check bench-resume "$vm_dir/vmtest.sh" -t 1200 -- \
	tests/bench-resume.sh "$top_dir/out/check-gcc/memcg_bench"
part tools "$tests_dir/run.sh"
part tools "$vm_dir/vmtest.sh" -t 600 -- env TMPDIR=/tmp TOOLS="$top_dir/out/tests" \
	"$tests_dir/run.sh" --cgroup
part suite suites
[ ! -e "$ktap" ] || want_check ktap-is-valid ktap_is_valid
want_check review-of-a-program review_of_a_program
part target "$tests_dir/target.sh"
part vm-errors "$tests_dir/vm-errors.sh"
part surroundings "$tests_dir/surroundings.sh"
part nightly "$tests_dir/nightly.sh"
part crashes "$ci_dir/check-crashes.sh"
part faults env SHARD="$shard/$shards" "$ci_dir/check-faults.sh"
exit $status
