#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # test_of calls them
#
# usage: nightly.sh [--no-vm]
#
# Does ci/nightly.sh tell what a maintainer has to know, with the right status, and
# nothing that is not so?  Nights are short here: one program of the suite, and one
# small benchmark.  --no-vm: only those that boot nothing.  The output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
. "$tests_dir/tree.sh"
. "$ci_dir/suite.sh"

nights=$work.nights		# test_of keeps that
bench=(BENCH=delay "OVER_HIGH_MS=0,100" EVENTS=1 TRIALS=8)

# night [VAR=VALUE...] - as `make nightly` calls it; in place of the shell, to get
# its signals
night()
{
	# shellcheck disable=SC2016 # expanded by the inner shell
	exec env RESULTS="$nights" NIGHTLY_TESTS=attach BOUND=50 "$@" \
		bash -c 'exec "$0" $BENCH' "$ci_dir/nightly.sh"
}

newest()
{
	find "$nights" -mindepth 1 -maxdepth 1 -printf '%f %p\n' | sed 's/^[^ ]*-//' | sort | sed -n '$s/^[^ ]* //p'
}

# nr_nights WANT
nr_nights()
{
	local nr

	nr=$(find "$nights" -mindepth 1 -maxdepth 1 -type d | wc -l)
	[ "$nr" -eq "$1" ] && return
	echo "want $1 folders, got $nr:"
	ls "$nights"
	return 1
}

# make_night NAME STATUS - the least that one is
make_night()
{
	mkdir -p "$nights/$1"
	: >"$nights/$1/.nightly"
	[ -z "$2" ] || echo "$2" >"$nights/$1/status"
	echo "pass attach:attach.old" >"$nights/$1/tests.txt"
}

# A night on a kernel that does not build, which takes a moment.
broken_night()
{
	make_tree "$work/tree"
	printf 'bzImage:\n>@echo "tree.c:1: error: no such thing"; false\n' \
		>>"$work/tree/Makefile"
	night MEMCG_BPF_CACHE="$work/cache" KSRC="$work/tree" "$@"
}

### without a guest

bad_input()
{
	mkdir -p "$nights/1-no-night"
	expect 2 "no such option" "$ci_dir/nightly.sh" --no-such &&
	expect 0 "^usage: nightly.sh" "$ci_dir/nightly.sh" --help &&
	expect 2 "dely: no such benchmark; there are .*delay" night BENCH=dely &&
	expect 2 "NIGHTLY_TESTS: no program atach" night NIGHTLY_TESTS=atach &&
	expect 2 "KEEP=0: want 1 to" night KEEP=0 &&
	expect 2 "KEEP=x: want" night KEEP=x &&
	expect 2 "BOUND=-1: want 0 to" night BOUND=-1 &&
	expect 2 "SUITE_TIMEOUT=0: want 1 to" night SUITE_TIMEOUT=0 &&
	expect 2 "BASELINE=$nights/none: not the results" night BASELINE="$nights/none" &&
	expect 2 "BASELINE=$nights/1-no-night: not the results of a night" \
		night BASELINE="$nights/1-no-night" &&
	expect 2 "RESULTS=/proc/none: cannot write" night RESULTS=/proc/none &&
	expect 2 "KSRC=$work/none: not a kernel tree" night KSRC="$work/none" &&
	expect 2 "PATCHES=$work/none: cannot read it" night PATCHES="$work/none" &&
	nr_nights 1
}

kernel_does_not_build()
{
	expect 2 "^FAILED: build: it does not build" broken_night &&
	grep -qx 2 "$nights"/unbuilt-*/status &&
	grep -q "result: failed in stage: build" "$nights"/unbuilt-*/summary.txt &&
	nr_nights 1
}

# Neither what did not end, nor what was interrupted, nor what is somebody else's.
baseline_is_the_newest_complete()
{
	make_night 6.12.1-20260101T000000 0
	make_night 6.9.9-20260102T000000 1
	make_night unbuilt-20260103T000000 2
	make_night nightly-20260104T000000.part ""
	mkdir "$nights/delay-20260105T000000"
	echo 0 >"$nights/delay-20260105T000000/status"
	expect 2 "^baseline: $nights/6.9.9-20260102T000000$" broken_night
}

keeps_what_is_wanted()
{
	local name

	for name in 1 2 3 4 5; do
		make_night "6.$name.0-2026010${name}T000000" 0
	done
	make_night nightly-20260104T120000.part ""
	rm "$nights/6.2.0-20260102T000000/.nightly"
	make_night reference 0
	mkdir "$nights/delay-20250101T000000"
	ln -s "$work" "$nights/link-20250101T000000"
	: >"$work/.nightly"

	# of 1 3 4 4.part 5 and tonight's, the last 3, and the baseline
	expect 2 "removing $nights/6.3.0-20260103T000000" \
		broken_night KEEP=3 BASELINE="$nights/6.1.0-20260101T000000" &&
	for name in 6.1.0-20260101T000000 6.2.0-20260102T000000 reference \
		    nightly-20260104T120000.part 6.5.0-20260105T000000 \
		    delay-20250101T000000 link-20250101T000000; do
		[ -d "$nights/$name" ] || { echo "$name is not there"; return 1; }
	done
	[ ! -e "$nights/6.4.0-20260104T000000" ] && [ -e "$work/.nightly" ] &&
	ls -d "$nights"/unbuilt-*
}

interrupted()
{
	local status=0

	make_tree "$work/tree"
	set -m
	night MEMCG_BPF_CACHE="$work/cache" KSRC="$work/tree" >"$work/out" 2>&1 &
	run=$!
	set +m
	wait_until 30 test -e "$work/tree.builds" || return
	expect 2 "another night is at work" broken_night || return
	kill -TERM "$run"
	wait_until 30 has_ended || kill -KILL -- "-$run"
	wait "$run" || status=$?
	cat "$work/out"
	[ "$status" -eq 143 ] && grep -q "^interrupted: build" "$nights"/*.part/summary.txt &&
	! compgen -G "$nights/*/status" && nr_nights 1 &&
	wait_until 10 nothing_runs &&
	expect 2 "^baseline: none: there is nothing to compare with" broken_night
}

# ktap.sh and ktap2junit.py count the same, also of programs that die.
junit_is_what_ktap_says()
{
	cat >"$work/ktap" <<-'END'
		TAP version 13
		1..4
		# selftests: memcg_bpf: one
		# TAP version 13
		# 1..3
		# #  RUN           one.a ...
		# # one.c:3:a:Expected 1 (1) < 2 (2) & "that"
		# not ok 1 one.a
		# ok 2 one.b # SKIP no <psi>: boot with psi=1
		# ok 3 one.c
		not ok 1 selftests: memcg_bpf: one # exit=1
		# selftests: memcg_bpf: two
		# ok 1 two.a
		not ok 2 selftests: memcg_bpf: two # TIMEOUT 300 seconds
		# selftests: memcg_bpf: three
		# not root
		ok 3 selftests: memcg_bpf: three # SKIP
		# selftests: memcg_bpf: four
		ok 4 selftests: memcg_bpf: four
	END
	printf '# selftests: memcg_bpf: five\n# ok 1 five.a\n# \033[1mpanic\n' >"$work/torn"
	cat "$work/ktap" >>"$work/all" && cat "$work/torn" >>"$work/all"

	expect 1 "^3 passed, 2 failed, 2 skipped$" "$ci_dir/ktap.sh" cat "$work/ktap" &&
	"$ci_dir/ktap2junit.py" "$work/ktap" "$work/xml" &&
	"$ci_dir/ktap2junit.py" "$work/all" "$work/all.xml" &&
	python3 - "$work/xml" "$work/all.xml" <<-'END' &&
		import sys, xml.etree.ElementTree as ET
		top = ET.parse(sys.argv[1]).getroot()
		get = lambda e: [e.get(k) for k in ("tests", "failures", "skipped")]
		assert get(top) == ["7", "2", "2"], get(top)
		assert [get(s) for s in top] == [["3", "1", "1"], ["2", "1", "0"],
			["1", "0", "1"], ["1", "0", "0"]]
		failure = top.find(".//testcase[@name='one.a']/failure")
		assert 'Expected 1 (1) < 2 (2) & "that"' in failure.text
		skipped = top.find(".//testcase[@name='one.b']/skipped")
		assert skipped.get("message") == "no <psi>: boot with psi=1"
		failure = top.find(".//testcase[@name='two']/failure")
		assert failure.get("message") == "TIMEOUT 300 seconds"
		# the guest died in the middle of the last
		assert get(ET.parse(sys.argv[2]).getroot()) == ["9", "3", "2"]
	END
	"$ci_dir/ktap2junit.py" "$work/ktap" >"$work/list" &&
	[ "$(cut -d ' ' -f 1 "$work/list" | sort | uniq -c | xargs)" = \
		"2 fail 3 pass 2 skip" ] &&
	expect 2 "no results of the kselftest runner" "$ci_dir/ktap2junit.py" /dev/null &&
	expect 2 "No such file" "$ci_dir/ktap2junit.py" "$work/none"
}

# What was planned and has no result has failed: of the programs, and in one of them.
cut_short_is_a_failure()
{
	printf '%s\n' 'TAP version 13' 1..2 '# selftests: memcg_bpf: one' '# 1..2' \
		'# ok 1 one.a' 'ok 1 selftests: memcg_bpf: one' >"$work/inner"
	printf '# selftests: memcg_bpf: two\n# ok 1 two.a\nok 2 selftests: memcg_bpf: two\n' \
		>>"$work/inner"
	sed 's/^# 1..2/# 1..1/' "$work/inner" | head -n 5 >"$work/outer"
	echo 'ok 1 selftests: memcg_bpf: one' >>"$work/outer"

	expect 1 "^2 passed, 1 failed, 0 skipped$" "$ci_dir/ktap.sh" cat "$work/inner" &&
	expect 1 "^1 passed, 1 failed, 0 skipped$" "$ci_dir/ktap.sh" cat "$work/outer" &&
	expect 0 "^fail one:one$" "$ci_dir/ktap2junit.py" "$work/inner" &&
	expect 0 "^fail runner:runner$" "$ci_dir/ktap2junit.py" "$work/outer" &&
	printf '# selftests: memcg_bpf: \033[1mone\n# ok 1 a\nok 1 selftests: memcg_bpf: \033[1mone\n' \
		>"$work/escape" &&
	"$ci_dir/ktap2junit.py" "$work/escape" "$work/escape.xml" &&
	python3 -c 'import sys, xml.etree.ElementTree as ET; ET.parse(sys.argv[1])' "$work/escape.xml"
}

# The paths in them are those of an example.
units_are_valid()
{
	cp "$top_dir"/examples/systemd/* "$work" &&
	sed -i "s,/opt/memcg-bpf,$top_dir,; s,^User=.*,User=root," "$work"/*.service &&
	systemd-analyze verify "$work"/*.service "$work"/*.timer 2>&1 |
		{ ! grep -F -e "$work" -e memcg-bpf; } &&
	sed -i 's/^ExecStart=/ExecStrat=/' "$work"/*.service &&
	systemd-analyze verify "$work"/*.service 2>&1 | grep -F ExecStrat
}

### with one

kernel_does_not_boot()
{
	expect 2 "^FAILED: boot: the kernel panicked" \
		night KERNEL_ARGS="root=none rootfstype=ext4" BENCH=none &&
	nr_nights 1 && grep -qx 2 "$nights"/6.*/status &&
	grep -q "Kernel panic" "$nights"/6.*/boot/console.log
}

# The first night, and the files that it leaves.  Others compare with it.
first_night()
{
	local dir

	expect 0 "^baseline: none: there is nothing to compare with" night "${bench[@]}" &&
	dir=$(newest) && grep -qx 0 "$dir/status" &&
	grep -q "^suite: [1-9][0-9]* passed, 0 failed, 0 skipped$" "$dir/summary.txt" &&
	grep -q "^pass attach:attach.to_cgroup_with_ops_is_refused$" "$dir/tests.txt" &&
	grep -q '<testcase name="attach.to_cgroup_with_ops_is_refused"' "$dir/suite.xml" &&
	[ "$(grep -c ',ok,' "$dir/delay/delay.csv")" -eq 16 ] &&
	[ -s "$dir/delay/command.txt" ] && [ -s "$dir/delay/analysis.txt" ] &&
	! compgen -G "$nights/*.part" && cp -a "$dir" "$work.first"
}

# Nothing has changed but what the baseline says: it had a test that is gone, one
# that failed, and took half the time; and there is a test that it does not know.
finds_what_is_worse()
{
	local base=$nights/6.0.0-20260101T000000 status=0 out

	cp -a "$work.first" "$base"
	sed -i -e '/with_unknown_flag/d' -e 's/^pass \(.*to_sibling_is_separate\)/fail \1/' \
		"$base/tests.txt"
	echo "pass attach:attach.gone" >>"$base/tests.txt"
	awk -F, -v OFS=, '/^#/ { print; next }
		!at { for (i = 1; i <= NF; i++) if ($i == "psi_ms") at = i; print; next }
		{ $at /= 2; print }' "$work.first/delay/delay.csv" >"$base/delay/delay.csv"

	out=$(night "${bench[@]}" 2>&1) || status=$?
	echo "$out"
	[ "$status" -eq 1 ] && grep -q "^baseline: $base$" <<<"$out" &&
	grep -q "^regression: attach:attach.gone: not there, was passed$" <<<"$out" &&
	grep -q "^regression: delay psi_ms (over_high_ms=100): 1[0-9.]*, was 5[0-9.]*; ratio [0-9.]*, 95 % interval .*, p " <<<"$out" &&
	[ "$(grep -c '^regression' <<<"$out")" -eq 2 ] &&
	grep -q "^result: 2 worse, 0 failed$" <<<"$out" &&
	[ -e "$(newest)/delay-again/delay.csv" ]
}

nothing_is_worse_than_itself()
{
	cp -a "$work.first" "$nights/6.0.0-20260101T000000"
	expect 0 "^result: 0 worse, 0 failed$" night "${bench[@]}" &&
	grep -q "^delay: compared [1-9]" "$(newest)/summary.txt"
}

# A promise that the kernel breaks, and a guest that dies of it.
finds_a_broken_promise()
{
	cp -a "$work.first" "$nights/6.0.0-20260101T000000"
	expect 1 "^regression: attach:attach.to_cgroup_with_ops_is_refused: failed, was passed$" \
		night BENCH=none KERNEL_ARGS=memcg_bpf.fault=errno_busy &&
	grep -q "^FAILED: attach:attach.to_cgroup_with_ops_is_refused$" "$(newest)/summary.txt"
}

# qemu_that_hangs AT - make one in $work/bin whose AT-th machine never says a word
qemu_that_hangs()
{
	mkdir -p "$work/bin"
	cat >"$work/bin/qemu-system-x86_64" <<-END
		#!/bin/sh
		case \$* in
		*scratch*) echo >>"$work/machines" ;;
		esac
		[ "\$(wc -l <"$work/machines")" -lt $1 ] || exec sleep 1000
		exec "$(command -v qemu-system-x86_64)" "\$@"
	END
	chmod +x "$work/bin/qemu-system-x86_64"
	: >"$work/machines"
}

# The first machine is for the boot alone.
suite_does_not_end()
{
	qemu_that_hangs 2
	cp -a "$work.first" "$nights/6.0.0-20260101T000000"
	expect 1 "^FAILED: suite: no end of it in time$" \
		night BENCH=none SUITE_TIMEOUT=3 PATH="$work/bin:$PATH" &&
	grep -q "^regression: attach:.*: not there, was passed" "$(newest)/summary.txt"
}

# The steps of the definition, in a guest, with commands of LAVA's and of the network
# that only print what they are given.
lava_definition()
{
	local lava=$top_dir/out/lava-test suite runner

	rm -rf "$lava" && mkdir -p "$lava/bin" || return
	python3 - "$top_dir/examples/lava.yaml" >"$lava/steps" <<-'END' || return
		import sys, yaml
		print("\n".join(yaml.safe_load(open(sys.argv[1]))["run"]["steps"]))
	END
	suite_paths "$("$vm_dir/kernel.sh" build)"
	# shellcheck disable=SC2016 # expanded by other shells
	tar -C "$suite/kselftest" -cJf "$lava/kselftest.tar.xz" . &&
	printf '#!/bin/sh\necho "lava-test-case $*"\n' >"$lava/bin/lava-test-case" &&
	printf '#!/bin/sh\nfor last; do :; done; cat "$last"\n' >"$lava/bin/wget" &&
	chmod +x "$lava"/bin/* || return
	# shellcheck disable=SC2016 # expanded in the guest
	expect 0 "^lava-test-case attach.attach.lasts_as_long_as_its_link --result pass$" \
		"$vm_dir/vmtest.sh" -t 600 -- sh -ec '
			mkdir /tmp/lava && cd /tmp/lava && ln -s "$1/vm" "$1/ci" .
			export PATH="$2/bin:$PATH" TESTS="-t memcg_bpf:attach" \
				KSELFTEST=out/lava KSELFTEST_TARBALL="$2/kselftest.tar.xz"
			. "$2/steps"' sh "$top_dir" "$lava"
}

# test_of FUNCTION - with nothing in $work and $nights
test_of()
{
	rm -rf "${work:?}"/* "$nights"
	mkdir "$nights"
	check "nightly.$1" "$1"
}

trap 'rm -rf "$work" "$work".*' EXIT
test_of bad_input
test_of kernel_does_not_build
test_of baseline_is_the_newest_complete
test_of keeps_what_is_wanted
test_of interrupted
test_of junit_is_what_ktap_says
test_of cut_short_is_a_failure
if command -v systemd-analyze >/dev/null; then
	test_of units_are_valid
else
	skip nightly.units_are_valid "no systemd-analyze: apt-get install systemd"
fi
[ "${1-}" != --no-vm ] || exit $failed

test_of kernel_does_not_boot
test_of first_night
test_of finds_what_is_worse
test_of nothing_is_worse_than_itself
test_of finds_a_broken_promise
test_of suite_does_not_end
if python3 -c 'import yaml' 2>/dev/null; then
	test_of lava_definition
else
	skip nightly.lava_definition "no yaml of python: apt-get install python3-yaml"
fi
exit $failed
