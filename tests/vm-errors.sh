#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What vm/ does with bad input, missing tools, full disks, signals, a second run
# and a guest that fails: the right exit status, a line that says what to do, no
# QEMU left running and nothing in the cache that a later run would trust.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
. "$tests_dir/tree.sh"

# vmtest.sh as from a terminal: whoever runs us may ignore SIGINT, which a script
# that inherits that cannot change.  In place of the shell, to get its signals.
run_vmtest()
{
	exec env --default-signal=INT,HUP "$vm_dir/vmtest.sh" -o "$work/out" "$@"
}

# The same on such a tree, with a cache of its own.
in_tree()
{
	MEMCG_BPF_CACHE=$work/cache KSRC=$work/tree run_vmtest "$@"
}

# start COMMAND [ARG...] - in a process group of its own, as from a terminal;
# sets $run
start()
{
	set -m
	"$@" >"$work/start.log" 2>&1 </dev/null &
	run=$!
	set +m
}

# start_guest - start one that is busy, and wait until it is
start_guest()
{
	start run_vmtest -- sh -c 'echo begun; sleep 1000'
	wait_until 60 grep -q begun "$work/start.log"
}

# interrupted - Ctrl-C what start started: it ends, as one that was
interrupted()
{
	local status=0

	kill -INT -- "-$run"
	wait_until 30 has_ended || kill -KILL -- "-$run"
	wait "$run" || status=$?
	cat "$work/start.log"
	echo "exit status $status"
	[ $status -eq 130 ] && wait_until 10 nothing_runs
}

nothing_half_done()
{
	local left

	left=$(find "$work/cache" -mindepth 2 -maxdepth 2 ! -name '*.lock' \
		! -name '*.build' 2>/dev/null)
	[ -z "$left" ] || echo "left in the cache: $left"
	[ -z "$left" ]
}

### bad input

bad_options()
{
	local vmtest=$vm_dir/vmtest.sh

	expect 2 "unrecognized option|bad option" "$vmtest" --no-such -- true &&
	expect 2 "no command" "$vmtest" &&
	expect 2 "^vmtest.sh: --memory=1T: want" "$vmtest" -m 1T -- true &&
	expect 2 "--memory=0G: want" "$vmtest" -m 0G -- true &&
	expect 2 "--cpus=0: want" "$vmtest" -c 0 -- true &&
	expect 2 "--cpus=x: want" "$vmtest" -c x -- true &&
	expect 2 "--timeout=-1: want" "$vmtest" -t -1 -- true &&
	expect 2 "--accel=fast: want" "$vmtest" -a fast -- true &&
	expect 2 "--scratch=1: want" "$vmtest" -s 1 -- true &&
	expect 2 "--env=NO_SUCH: no such variable" "$vmtest" -e HOME,NO_SUCH -- true &&
	expect 2 "usage: kernel.sh" "$vm_dir/kernel.sh" destroy &&
	expect 0 "^usage: vmtest.sh" "$vmtest" --help
}

bad_tests()
{
	expect 2 "^run-suite.sh: TESTS: no program atach in prog_tests" \
		env TESTS="link atach" "$ci_dir/run-suite.sh"
}

# refused before anything is built or one of them is measured
bad_benches()
{
	expect 2 "^run-bench.sh: BENCH=dely: no such benchmark" \
		env RESULTS="$work/bench" "$ci_dir/run-bench.sh" delay dely &&
	expect 2 "^run-bench.sh: BENCH=timeline: no such benchmark" \
		env RESULTS="$work/bench" "$ci_dir/run-bench.sh" timeline &&
	expect 2 "^run-bench.sh: BENCH= names no benchmark" \
		make -s -C "$top_dir" bench BENCH= RESULTS="$work/bench" &&
	[ ! -e "$work/bench" ]
}

bad_kernel_trees()
{
	mkdir "$work/empty"
	make_tree "$work/tree"
	rm "$work/tree/Kconfig"
	expect 2 "KSRC=$work/none: not a kernel tree" \
		env KSRC="$work/none" "$vm_dir/vmtest.sh" -- true &&
	expect 2 "KSRC=$work/empty: not a kernel tree, cannot read Makefile" \
		env KSRC="$work/empty" "$vm_dir/vmtest.sh" -- true &&
	expect 2 "cannot read Kconfig" in_tree -- true &&
	expect 2 "KSRC=$work/empty: not a kernel tree" \
		make -s -C "$top_dir" KSRC="$work/empty"
}

old_kernel_trees()
{
	make_tree "$work/tree"
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 11/' "$work/tree/Makefile"
	expect 2 "^kernel.sh: KSRC=$work/tree is Linux 6.11: want 6.12 or newer" \
		in_tree -- true &&
	expect 2 "KSRC=$work/tree is Linux 6.11: want 6.12 or newer" \
		make -s -C "$top_dir" KSRC="$work/tree" &&
	sed -i '/^VERSION/d' "$work/tree/Makefile" &&
	expect 2 "not a kernel tree, its Makefile has no VERSION" in_tree -- true &&
	nothing_half_done
}

# A merge that was left in the middle, of a file that the RFC changes.
tree_with_conflict()
{
	make_tree "$work/tree"
	mkdir "$work/tree/mm"
	printf 'int a;\n<<<<<<< HEAD\n=======\nint b;\n>>>>>>> theirs\n' \
		>"$work/tree/mm/memcontrol.c"
	expect 2 "^kernel.sh: KSRC=$work/tree: a merge conflict .* in mm/memcontrol.c:2" \
		in_tree -- true &&
	nothing_half_done
}

bad_revisions()
{
	make_tree "$work/tree"
	expect 2 "REVISION=v5: there is no reference kernel of it, but of v7 v6" \
		env REVISION=v5 "$vm_dir/kernel.sh" source &&
	expect 2 "FLAVOUR=fast: want of debug measure mglru numa rt thp v1 zram" \
		env FLAVOUR=thp,fast "$vm_dir/kernel.sh" source &&
	REVISION=v6 expect 2 "REVISION=v6 names a reference kernel, KSRC=" \
		in_tree -- true &&
	REVISION=v6 PATCHES=$work expect 2 "REVISION=v6 names .* PATCHES=$work another" \
		"$vm_dir/kernel.sh" source
}

# What has no BTF, or that of a kernel without struct_ops, is told in a line.
bad_btf()
{
	local source

	source=$("$vm_dir/kernel.sh" source)
	echo nothing >"$work/vmlinux"
	expect 2 "VMLINUX_BTF=$work/vmlinux: no BTF of a kernel" \
		make -s -C "$top_dir" KSRC="$source" VMLINUX_BTF="$work/vmlinux" \
			OUTPUT="$work/out"
}

bad_patches()
{
	make_tree "$work/tree"
	mkdir "$work/none"
	printf -- '--- a/Kconfig\n+++ b/Kconfig\n@@ -1 +1 @@\n-never there\n+new\n' \
		>"$work/bad.patch"
	expect 2 "PATCHES=$work/no.mbox: cannot read it" \
		env PATCHES="$work/no.mbox" "$vm_dir/kernel.sh" source &&
	expect 2 "PATCHES=$work/none: no \*.patch in it" \
		env PATCHES="$work/none" "$vm_dir/kernel.sh" source &&
	PATCHES=$work/bad.patch expect 2 \
		"$work/bad.patch does not apply to Linux 6.12.0-tree" in_tree -- true &&
	nothing_half_done &&
	grep -q "nothing" "$work/tree/Kconfig"
}

build_fails()
{
	make_tree "$work/tree"
	printf 'bzImage:\n>@echo "tree.c:1: error: no such thing"; false\n' \
		>>"$work/tree/Makefile"
	expect 121 "tree.c:1: error: no such thing" in_tree -- true &&
	nothing_half_done
}

# A compiler that the kernel has killed, or somebody.
build_is_cut_short()
{
	make_tree "$work/tree"
	printf 'bzImage:\n>@kill -TERM $$$$\n' >>"$work/tree/Makefile"
	expect 2 "cut short, which says nothing of the tree: Terminated; log: " in_tree -- true &&
	nothing_half_done
}

### what the machine lacks

# Without its tools, and not as root.
missing_tools()
{
	local dir

	mkdir "$work/bin" "$work/home"
	for dir in /usr/local/bin /usr/bin /bin /usr/sbin /sbin; do
		ln -sf "$dir"/* "$work/bin"
	done
	rm "$work/bin/qemu-system-x86_64" "$work/bin/pahole"
	chmod -R go+rX "$work"
	expect 120 "sudo apt-get install .*(dwarves.*qemu-system-x86|qemu-system-x86.*dwarves)" \
		env PATH="$work/bin" HOME="$work/home" setpriv --reuid=65534 \
		--regid=65534 --clear-groups "$ci_dir/run-suite.sh"
}

# in_tree_on_small_disk SIZE - in_tree, with the cache on a disk of that size, and
# list what is left there
in_tree_on_small_disk()
{
	mkdir -p "$work/cache"
	# shellcheck disable=SC2016 # expanded by the inner shell
	MEMCG_BPF_CACHE=$work/cache KSRC=$work/tree unshare --mount sh -ec '
		mount -t tmpfs -o size="$1" small "$2"
		"$3" -o "$4" -- true || status=$?
		find "$2" -mindepth 2 ! -name "*.lock" ! -path "*.build*" -print
		exit ${status-0}' sh "$1" "$work/cache" "$vm_dir/vmtest.sh" "$work/out"
}

no_space_for_source()
{
	make_tree "$work/tree"
	head -c 4M /dev/zero >"$work/tree/large"
	printf -- '--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+new\n' >"$work/good.patch"
	PATCHES=$work/good.patch expect 2 "cannot (copy|unpack).*disk space" \
		in_tree_on_small_disk 1M &&
	! grep "^$work/cache/" "$work.log"
}

no_space_for_kernel()
{
	make_tree "$work/tree"
	touch "$work/tree.go"
	expect 2 "cut short.*No space left on device" in_tree_on_small_disk 1M &&
	! grep "^$work/cache/" "$work.log"
}

read_only_tree()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	expect 2 "cannot write to .*/out/vm-suite-[0-9a-f]*: copy" unshare --mount sh -ec '
		mount --bind "$1" "$1"
		mount -o remount,bind,ro "$1"
		exec "$1/ci/run-suite.sh"' sh "$top_dir"
}

### interrupted

interrupt_while_copying()
{
	make_tree "$work/tree"
	# a copy that takes a while: of many small files
	mkdir "$work/tree/many"
	seq -f "$work/tree/many/%.0f" 20000 | xargs touch
	printf -- '--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+new\n' >"$work/good.patch"

	PATCHES=$work/good.patch start in_tree -- true
	wait_until 30 grep -q "copying" "$work/start.log" && interrupted &&
	nothing_half_done
}

interrupt_while_building()
{
	make_tree "$work/tree"
	start in_tree -- true
	wait_until 30 test -e "$work/tree.builds" && interrupted &&
	nothing_half_done || return

	# and the next run builds it, and boots it
	touch "$work/tree.go"
	expect 7 "in the guest" in_tree -- sh -c 'echo in the guest; exit 7'
}

interrupt_while_running()
{
	start_guest && interrupted
}

terminated_while_running()
{
	start_guest || return
	kill -TERM "$run"
	wait_until 10 nothing_runs
}

# Not even a chance to clean up.
killed_while_running()
{
	start_guest || return
	kill -KILL "$run"
	wait_until 10 nothing_runs
}

### two at once

two_builds_of_one_kernel()
{
	local first second status=0

	make_tree "$work/tree"
	start in_tree -o "$work/out1" -- sh -c 'echo first'
	first=$run
	wait_until 30 test -e "$work/tree.builds" || return
	start in_tree -o "$work/out2" -- sh -c 'echo second'
	second=$run
	touch "$work/tree.go"
	wait "$first" || status=$?
	wait "$second" || status=$?
	echo "exit status $status, builds: $(wc -l <"$work/tree.builds")"
	[ $status -eq 0 ] && [ "$(wc -l <"$work/tree.builds")" -eq 1 ]
}

two_runs_in_one_output()
{
	start_guest || return
	expect 2 "--output=$work/out: another run is using it" \
		"$vm_dir/vmtest.sh" -o "$work/out" -- true &&
	interrupted
}

### the guest

# shellcheck disable=SC2016 # expanded in the guest
status_of_the_command()
{
	expect 7 "^7 in the guest, 2 processors" "$vm_dir/vmtest.sh" -o "$work/out" \
		-- sh -c 'echo "7 in the guest, $(nproc) processors"; exit 7'
}

# shellcheck disable=SC2016 # expanded in the guest
environment_of_the_command()
{
	SEED=7 HIGH_TRACE="a  b" KSELFTEST_STRESS_ARGS=-l MINE=1 OTHER=2 \
		expect 0 '^7, a  b, -l, 1, none, guest$' \
		"$vm_dir/vmtest.sh" -o "$work/out" --env=MINE -- bash -c \
		'echo "$SEED, $HIGH_TRACE, $KSELFTEST_STRESS_ARGS, $MINE, ${OTHER-none}, ${VM_OUTPUT:+guest}"'
}

guest_panics()
{
	expect 122 "Kernel panic.*sysrq" "$vm_dir/vmtest.sh" -o "$work/out" \
		-- sh -c 'echo c >/proc/sysrq-trigger; sleep 1000' &&
	grep -q "Kernel panic" "$work/out/console.log"
}

guest_hangs()
{
	expect 124 "no end after 20 s" "$vm_dir/vmtest.sh" -o "$work/out" -t 20 \
		-- sleep 1000 &&
	test -s "$work/out/console.log"
}

guest_ends_without_a_word()
{
	expect 123 "ended before the command did" "$vm_dir/vmtest.sh" \
		-o "$work/out" -- busybox reboot -f
}

# More memory than there is.
guest_does_not_start()
{
	expect 123 "the guest did not start: qemu-system-x86_64 ended with status" \
		run_vmtest -m 900000G -- true
}

# What it leaves running has its output open, and does not keep the machine.
command_leaves_a_process()
{
	expect 5 "^said before$" run_vmtest -t 600 -- \
		sh -c 'sleep 100000 & echo said before; exit 5'
}

### the environment

# As of a service: there is no HOME, and no sbin in PATH.
scarce_environment()
{
	expect 0 "^/" env -i PATH=/usr/bin:/bin TERM=dumb "$vm_dir/kernel.sh" source &&
	expect 0 "^here$" env -i PATH=/usr/bin:/bin TERM=dumb \
		MEMCG_BPF_CACHE="${kernel%/*/*}" \
		"$vm_dir/vmtest.sh" -o "$work/out" -- echo here
}

# What it says of another build does not make another kernel.
build_environment()
{
	make_tree "$work/tree"
	# shellcheck disable=SC2016 # make expands it
	printf 'bzImage:\n>@echo "LLVM=$(LLVM) KCFLAGS=$(KCFLAGS) ARCH=$(ARCH)."; false\n' \
		>>"$work/tree/Makefile"
	LLVM=1 KCFLAGS=-O3 ARCH=x86_64 CROSS_COMPILE=no- \
		expect 121 "^LLVM= KCFLAGS= ARCH=\.$" in_tree -- true
}

# Each machine that ARCH and PAGES name has a kernel of its own, built with its compiler.
a_kernel_for_each_target()
{
	make_tree "$work/tree"
	# shellcheck disable=SC2016 # make expands it
	printf 'bzImage Image:\n>@echo "make $@ ARCH=$(ARCH) CROSS_COMPILE=$(CROSS_COMPILE)."; false\n' \
		>>"$work/tree/Makefile"
	expect 121 "^make bzImage ARCH= CROSS_COMPILE=\.$" in_tree -- true &&
	ARCH=arm64 expect 121 "^make Image ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-\.$" \
		in_tree -- true &&
	ARCH=arm64 PAGES=64k expect 121 "^make Image ARCH=arm64 " in_tree -- true &&
	grep -q '^CONFIG_ARM64_64K_PAGES=y' "$work"/cache/kernel/*.build/.config || return
	set -- "$work"/cache/kernel/*.build
	echo "$# kernels"
	[ $# -eq 3 ]
}

# test_of FUNCTION - in an empty $work
test_of()
{
	rm -rf "${work:?}"/*
	check "vm.$1" "$1"
}

test_of bad_options
test_of bad_tests
test_of bad_benches
test_of bad_kernel_trees
test_of old_kernel_trees
test_of tree_with_conflict
test_of bad_revisions
test_of bad_btf
test_of bad_patches
test_of build_fails
test_of build_is_cut_short
test_of build_environment
if command -v aarch64-linux-gnu-gcc >/dev/null; then
	test_of a_kernel_for_each_target
else
	skip vm.a_kernel_for_each_target "no cross compiler: apt-get install gcc-aarch64-linux-gnu"
fi
if [ "$(id -u)" -eq 0 ]; then
	test_of missing_tools
	test_of no_space_for_source
	test_of no_space_for_kernel
	test_of read_only_tree
else
	for name in missing_tools no_space_for_source no_space_for_kernel \
		    read_only_tree; do
		skip vm.$name "not root: run with sudo"
	done
fi
test_of interrupt_while_copying
test_of interrupt_while_building
test_of interrupt_while_running
test_of terminated_while_running
test_of killed_while_running
test_of two_builds_of_one_kernel
test_of two_runs_in_one_output
test_of status_of_the_command
test_of environment_of_the_command
test_of guest_panics
test_of guest_hangs
test_of guest_ends_without_a_word
test_of guest_does_not_start
test_of command_leaves_a_process
test_of scarce_environment
