#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: surroundings.sh [--no-vm]
#
# What is outside does not show: another locale, PATH, HOME or environment, a repository
# around this tree, names of folders with any character in them, a second run at the same
# time.  Either all is as ever, or one line says what is wrong.  The output is KTAP.
#
#   --no-vm	only the tests that boot nothing
#
# shellcheck disable=SC2016,SC2317 # inner shells expand; check calls the functions

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
. "$tests_dir/tree.sh"
odd="a b, c:d 'e\" f%g"		# a name of a folder

# common VARIABLE [ENV-ARG...] - what it is in scripts that begin in that environment
common()
{
	local name=$1

	shift
	env "$@" bash -euc '. "$1/common.sh"; printf "%s\n" "${!2}"' sh "$vm_dir" "$name"
}

# copy_tree DIR - of this tree, as a tarball has it
copy_tree()
{
	mkdir -p "$1" &&
		tar -C "$top_dir" --exclude=./out --exclude=./.git -cf - . | tar -C "$1" -xf -
}

# programs - build the suite, and print where its programs are
programs()
{
	bash -euc '. "$1/suite.sh"; build_suite >&2; echo "$suite/kselftest/memcg_bpf"' sh "$ci_dir"
}

### the environment

numbers_have_a_point()
{
	[ "$(LC_ALL=de_DE.UTF-8 bash -uc '. "$1/help.sh"; printf "%.1f" 1.5' sh "$vm_dir")" = 1.5 ] &&
	[ "$(LC_ALL=de_DE.UTF-8 "$vm_dir/kernel.sh" build)" = "$kernel" ]
}

sbin_is_looked_in()
{
	PATH=/usr/bin:/bin expect 0 '/sbin/mkfs.ext4$' \
		bash -euc '. "$1/common.sh"; command -v mkfs.ext4' sh "$vm_dir"
}

# Of a shell that exports its options.
options_of_the_shell()
{
	local made=$work/made

	env SHELLOPTS=noclobber:noglob bash -uc '. "$1/help.sh"; echo >"$2" && echo >"$2" && echo "$1"/*.sh |
		grep "common.sh" && bash -c ": >\"\$0\"" "$2"' sh "$vm_dir" "$made" || return
	mkdir "$work/results" && cp -r "$top_dir"/results/reference/delay-* "$work/results" &&
	env SHELLOPTS=noclobber:noglob make -s -C "$top_dir" report RESULTS="$work/results" || return
	# what bash traces is not an error
	env SHELLOPTS=xtrace make -s -n -C "$top_dir" vm
}

# As for a service of systemd or a job of cron.
home_is_not_set()
{
	local home

	home=$(getent passwd "$(id -u)" | cut -d : -f 6)
	[ "$(common cache_dir -u HOME -u XDG_CACHE_HOME -u MEMCG_BPF_CACHE)" = \
		"$home/.cache/memcg-bpf" ] &&
	[ "$(common cache_dir -u XDG_CACHE_HOME -u MEMCG_BPF_CACHE HOME=)" = \
		"$home/.cache/memcg-bpf" ] &&
	[ "$(cd / && common cache_dir MEMCG_BPF_CACHE=rel)" = //rel ]
}

# A hook of another repository has set these, or it is around a copy of this one.
commit_is_of_this_tree()
{
	local commit

	commit=$("$ci_dir/commit.sh")
	[ ! -e "$top_dir/.git" ] || [ "$commit" != unknown ] || return
	git init -q "$work/other" && cd "$work/other" &&
		git -c user.name=n -c user.email=e commit -q --allow-empty -m other &&
		[ "$(GIT_DIR=$work/other/.git "$ci_dir/commit.sh")" = "$commit" ] &&
		copy_tree "$work/other/copy" &&
		[ "$(copy/ci/commit.sh)" = unknown ]
}

### the output

# Who reads it may stop early, its disk may be full, and the locale may know ASCII only.
programs_print_anywhere()
{
	local program kept='{"kernel": "Linux \u00fc", "promises": [{"id": "one.a", "promise": "One sleeps.", "verdict": "kept"}]}'

	for program in "$ci_dir"/*.py; do
		[ -x "$program" ] || continue
		expect 2 '^[a-z0-9-]*\.py: stdout: cannot write there: No space left' \
			one_line_of "$program" --help || return
		"$program" --help 2>"$work/error" | head -c 0
		[ "${PIPESTATUS[0]}" -eq 141 ] && [ ! -s "$work/error" ] &&
			expect 0 '^$' closed_output "$program" --help || return
	done
	expect 2 '^ktap.sh: stdout: cannot write there' \
		one_line_of "$ci_dir/ktap.sh" printf 'ok 1 a\nok 2 b\n' || return
	echo "$kept" >"$work/verdict.json"
	PYTHONIOENCODING=ascii expect 0 '^Linux ü keeps 1 promise' \
		"$ci_dir/answer.py" "$work/verdict.json" &&
	PYTHONIOENCODING=ascii expect 0 '^A: Linux ü$' \
		"$ci_dir/compare.py" "$work/verdict.json" "$work/verdict.json"
}

# one_line_of COMMAND [ARG...] - with its output on a disk that is full; it says so in a line
one_line_of()
{
	local status=0

	"$@" 2>"$work/error" >/dev/full || status=$?
	cat "$work/error"
	[ "$(wc -l <"$work/error")" -eq 1 ] || return 1
	return "$status"
}

closed_output()
{
	"$@" >&-
}

### the kernel's build

# The environment may have variables of the kernel's Makefiles that no list of ours names.
environment_of_a_kernel()
{
	make_tree "$work/tree"
	touch "$work/tree.go"
	printf 'bzImage: environment\nenvironment:\n>env >%s.env\n' "$work/tree" \
		>>"$work/tree/Makefile"
	MEMCG_BPF_CACHE=$work/cache KSRC=$work/tree CONFIG_MEMCG=n EXTRA_CFLAGS=-O0 LLVM=1 \
		"$vm_dir/kernel.sh" build &&
	! grep -v -E '^(PATH|HOME|TMPDIR|LC_ALL|PWD|OLDPWD|SHLVL|_|O|MAKE[A-Z_]*|MFLAGS)=' "$work/tree.env"
}

# What nobody has used for a while goes when something new comes, and nothing else does.
cache_is_limited()
{
	local cache=$work/cache name

	make_tree "$work/tree"
	touch "$work/tree.go"
	mkdir -p "$work/tree/.git" && head -c 1M /dev/zero >"$work/tree/.git/pack"
	printf -- '--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+new\n' >"$work/good.patch"
	mkdir -p "$cache"/kernel/{old,young,old.build} "$cache"/source/{old,young}
	touch -d '9 days ago' "$cache"/*/old*
	touch -d '5 days ago' "$cache"/*/young
	export MEMCG_BPF_CACHE=$cache KSRC=$work/tree PATCHES=$work/good.patch
	expect 0 "removing $cache/kernel/old, which was not used for 7 days" \
		"$vm_dir/kernel.sh" build || return
	[ -z "$(find "$cache" -mindepth 2 -maxdepth 2 -name '*old*')" ] &&
		[ "$(find "$cache"/*/young | wc -l)" -eq 2 ] &&
		[ -z "$(find "$cache/source" -name .git)" ] || return

	# one that is used again is not old, and needs no build
	touch -d '9 days ago' "$cache"/{kernel,source}/????????????/
	"$vm_dir/kernel.sh" build && "$vm_dir/kernel.sh" source || return
	[ -z "$(find "$cache" -mindepth 2 -maxdepth 2 -type d -mtime +7)" ] &&
		[ "$(wc -l <"$work/tree.builds")" -eq 1 ] &&
		MEMCG_BPF_CACHE_DAYS=1 FLAVOUR=debug "$vm_dir/kernel.sh" build &&
		[ -z "$(find "$cache/kernel" -name young)" ] &&
		[ "$(find "$cache/kernel" -name bzImage | wc -l)" -eq 2 ]
}

# limit [ENV-ARG...] - options of the kselftest runner in that environment
limit()
{
	env -u FLAVOUR -u STRESS_SECONDS "$@" bash -euc '. "$1/suite.sh"; suite_paths key
		echo "${runner[@]:1}"' sh "$ci_dir"
}

# The runner gives stress the time that it is asked to take.
limit_of_stress()
{
	[ -z "$(limit)" ] && [ -z "$(limit STRESS_SECONDS=many)" ] &&
	[ "$(limit STRESS_SECONDS=86400)" = "--override-timeout $((300 + 5 * 86400))" ] &&
	[ "$(limit STRESS_SECONDS=60 FLAVOUR=debug)" = "--override-timeout 2100" ]
}

# Elsewhere stress says that the runner would end it, and does not begin.
runner_is_too_short()
{
	local stress

	stress=$(programs)/stress || return
	export STRESS_SECONDS=86400
	kselftest_timeout=300 expect 2 \
		"^STRESS_SECONDS=86400: .* after 300 s: .*--override-timeout 432100" "$stress" -l &&
		kselftest_timeout=432100 expect 4 steps_are "$stress" -l &&
		kselftest_timeout=0 expect 4 steps_are "$stress" -l &&
		kselftest_timeout=300 STRESS_STEPS=5 expect 4 steps_are "$stress" -l &&
		kselftest_timeout=300 STRESS_SECONDS=40 expect 4 steps_are "$stress" -l
}

### paths

# one_line PATTERN COMMAND [ARG...] - it ends with status 2 and a line, and has built nothing
one_line()
{
	expect 2 "$@" >"$work/line"
	cat "$work/line"
	[ "$(grep -c -v -e '^exit status 2' -e '^$' "$work/line")" -eq 1 ]
}

odd_paths_are_told()
{
	local char tree pattern

	for char in ' ' ':' ',' '%' "'" '"' '$' '#' '&'; do
		tree=$work/a${char}b
		pattern="the path must not have [$char] in it"
		pattern=${pattern/\[ \]/a blank}
		copy_tree "$tree" &&
		one_line "$pattern" make -C "$tree" --no-print-directory vm &&
		one_line "$pattern" make -C "$tree" --no-print-directory &&
		one_line "$pattern" "$tree/vm/vmtest.sh" -- true || return
		[ ! -e "$tree/out" ] && rm -rf "$tree" || return
	done
	for tree in KSRC OUTPUT INSTALL_PATH VMLINUX_BTF; do
		one_line "$tree=$work/a:b: the path must not have : in it" \
			make -s -C "$top_dir" "$tree=$work/a:b" all || return
	done
	MEMCG_BPF_CACHE="$work/a b" one_line \
		"^kernel.sh: MEMCG_BPF_CACHE=$work/a b: the path must not have a blank" \
		"$vm_dir/kernel.sh" build
}

# Results are looked at in any folder, and without the settings of whoever does it.
odd_paths_of_results()
{
	mkdir "$work/plain" "$work/$odd" "$work/home" || return
	cp -r "$top_dir"/results/reference/{attach,delay}-* "$work/plain" &&
		cp -r "$top_dir"/results/reference/{attach,delay}-* "$work/$odd" || return
	echo 'set terminal dumb; set xrange [0:1]; set key off' >"$work/home/.gnuplot"
	make -s -C "$top_dir" report RESULTS="$work/plain" &&
	HOME=$work/home TMPDIR=$work/$odd make -s -C "$top_dir" report RESULTS="$work/$odd" &&
		cmp "$work/plain/report.html" "$work/$odd/report.html"
}

# with_20_kib TARGET - make it where no file can be longer, as on a disk that is full
with_20_kib()
{
	(ulimit -f 20 && trap '' XFSZ && make -s -C "$top_dir" "$1" RESULTS="$work/results")
}

# What is cut short is not kept, and not taken for whole later.
page_that_cannot_be_whole()
{
	local page=$work/results/report.html

	mkdir "$work/results" && cp -r "$top_dir"/results/reference/delay-* "$work/results" &&
	expect 2 'delay.svg, .*delay.png: cannot be written whole: make room' with_20_kib plots &&
	[ "$(find "$work/results" -type f | wc -l)" -eq 1 ] &&
	make -s -C "$top_dir" report RESULTS="$work/results" && cp "$page" "$work/whole" &&
	grep -q data:image/svg "$page" &&
	expect 2 "^$page: cannot be written whole: make room" with_20_kib report &&
	cmp "$work/whole" "$page" && [ ! -e "$page.part" ]
}

### two at once

# suite_of_one - what the suite prints, of one program, when there is the file go
suite_of_one()
{
	ci/run-tests.sh sh -c 'until [ -e "$1" ]; do sleep 0.1; done
		echo "# selftests: memcg_bpf: load"
		echo "# ok 1 load.$2"
		echo "ok 1 selftests: memcg_bpf: load"' sh "$work/go" "$1"
}

runs_wait_for_each_other()
{
	local first second

	cd "$top_dir" || return
	export OUTPUT=$work/out
	suite_of_one first >"$work/first" 2>&1 &
	first=$!
	wait_until 10 test -e "$work/out/suite.ktap" || return
	suite_of_one second >"$work/second" 2>&1 &
	second=$!
	wait_until 10 grep -q "waiting for the end of another run in $work/out" "$work/second" ||
		return
	touch "$work/go"
	wait "$first" && wait "$second" && grep -q 'load.second' "$work/out/suite.ktap" &&
		! grep -q 'load.first' "$work/out/suite.ktap"
}

# What the first of the builds left is built again for other flags.
builds_wait_for_each_other()
{
	local tree=$work/copy pids=() pid object

	copy_tree "$tree" && cd "$tree" || return
	for pid in 1 2; do
		bash -euc '. ci/suite.sh; build_suite' sh &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || return
	done
	object=$(compgen -G "$tree/out/vm-suite-*/build/lib/size.o") &&
		! readelf --debug-dump=info "$object" | grep -e '-O1' &&
		CFLAGS=-DOTHER bash -euc '. ci/suite.sh; build_suite' sh &&
		[ "$(find "$tree"/out -name size.o -newer "$tree/out/"vm-suite-*/build/flags)" ]
}

### the virtual machine

# The guest has folders of its own there.
tree_in_a_hidden_folder()
{
	local dir=/dev/shm/memcg-bpf-test.$$ status

	mkdir -p "$dir/sub" "$work/$odd" && cp -r "$vm_dir" "$top_dir"/{config,lib,bench} "$dir" &&
		cd "$dir/sub" &&
		TMPDIR=$work/$odd expect 3 "^$dir/sub: yes\$" "$dir/vm/vmtest.sh" \
			-o "$work/$odd/out" -t 120 -- \
			sh -c '[ ! -e ../vm/init ] || echo "$PWD: yes"; exit 3'
	status=$?
	rm -rf "$dir"
	return "$status"
}

# test_of FUNCTION - in an empty $work
test_of()
{
	rm -rf "${work:?}"/*
	check "surroundings.$1" "$1"
}

if make_german; then
	test_of numbers_have_a_point
else
	skip surroundings.numbers_have_a_point "no locale de_DE.UTF-8: apt-get install locales"
fi
test_of sbin_is_looked_in
test_of options_of_the_shell
test_of home_is_not_set
test_of commit_is_of_this_tree
test_of programs_print_anywhere
test_of environment_of_a_kernel
test_of cache_is_limited
test_of limit_of_stress
test_of runner_is_too_short
test_of odd_paths_are_told
test_of odd_paths_of_results
test_of page_that_cannot_be_whole
test_of runs_wait_for_each_other
test_of builds_wait_for_each_other
[ "${1-}" != --no-vm ] || exit $failed

test_of tree_in_a_hidden_folder
rm -rf "${work:?}"/*
if dir=$(programs 2>&1); then
	"$vm_dir/vmtest.sh" -t 900 -- "$tests_dir/lacking.sh" "$dir" || failed=1
else
	echo "$dir" >"$work.log"
	result 1 surroundings.lacking
fi
exit $failed
