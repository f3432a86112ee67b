#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2015,SC2317 # cat does not fail; test_of calls them
#
# Does ci/review.sh refuse what it cannot review, with a line that says why, does it build
# each patch by itself, and go on where it was killed, and does ci/review.py tell what was
# measured and nothing else?  And ci/compare.py.  Nothing is booted, and the kernels are
# toys; tests/apply.sh has what is about applying.  The output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
. "$tests_dir/tree.sh"

review()
{
	env MEMCG_BPF_CACHE="$work/cache" OUT="$work/out" "$@" "$ci_dir/review.sh"
}

# make_series FILE LINE - an mbox of two patches, the second of which wants LINE
make_series()
{
	cat >"$1" <<-END
	From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001
	From: A <a@example.org>
	Date: Thu, 1 Oct 2026 00:00:00 +0000
	Subject: [RFC PATCH v8 1/2] Kconfig: one

	---
	diff --git a/tools/testing/selftests/lib.mk b/tools/testing/selftests/lib.mk
	--- a/tools/testing/selftests/lib.mk
	+++ b/tools/testing/selftests/lib.mk
	@@ -1 +1 @@
	-/* nothing */
	+/* one */
	From 2222222222222222222222222222222222222222 Mon Sep 17 00:00:00 2001
	From: A <a@example.org>
	Date: Thu, 1 Oct 2026 00:00:01 +0000
	Subject: [RFC PATCH v8 2/2] Kconfig: two

	---
	diff --git a/Kconfig b/Kconfig
	--- a/Kconfig
	+++ b/Kconfig
	@@ -1 +1 @@
	-$2
	+/* two */
	END
}

# refused PATTERN [NAME=VALUE...] - in one line, with status 2
refused()
{
	local pattern=$1 said status=0

	shift
	said=$(review "$@" 2>&1 </dev/null) || status=$?
	echo "$said"
	if [ "$status" -ne 2 ] || [ "$(wc -l <<<"$said")" -ne 1 ] || ! grep -q -E -e "^review.sh: $pattern" <<<"$said"; then
		echo "want status 2, not $status, and a line that begins with $pattern: $*"
		return 1
	fi
}

bad_input()
{
	local series=SERIES=$work/mbox tree=KSRC=$work/tree

	make_tree "$work/tree"
	make_series "$work/mbox" "/* nothing */"
	refused "SERIES=$work/none: cannot read it" SERIES="$work/none" "$tree" &&
	refused "SERIES=https://lore.kernel.org/bpf/1@x/: want a file" \
		SERIES=https://lore.kernel.org/bpf/1@x/ "$tree" &&
	refused "SHARD=1/2: a review is of one machine" SHARD=1/2 "$series" "$tree" &&
	refused "SERIES=./-x: cannot read it" SERIES=-x "$tree" &&
	refused "SERIES=$work/mbox: name the tree that it is for with KSRC=" "$series" &&
	refused "KSRC=$work/tree: name the series with SERIES=, or with BASE=" "$tree" &&
	refused "SERIES= and BASE=" "$tree" "$series" BASE=/ &&
	refused "BASE=/: name the tree with the series" BASE=/ &&
	refused "KSRC=$work/none: not a kernel tree" KSRC="$work/none" "$series" &&
	refused "BASE=/: not a kernel tree" "$tree" BASE=/ &&
	refused "PARTS: no part benches" PARTS="size benches" &&
	refused "PARTS: names no part" PARTS=" " &&
	refused "PARTS: cost is not measured on a kernel with FLAVOUR=debug" PARTS="suite cost" FLAVOUR=debug &&
	refused "FLAVOUR=dbug: want of debug " FLAVOUR=dbug &&
	refused "EACH=1: wants the patches" EACH=1 "$tree" BASE="$work/tree" &&
	refused "EACH=all: want 1" EACH=all "$tree" "$series" &&
	refused "PATCHES=: the series is" PATCHES=/ "$tree" "$series" &&
	refused "REVISION=v6 names a reference kernel" REVISION=v6 "$tree" "$series" &&
	refused "OUT=/dev/null/x: cannot create it" "$tree" "$series" OUT=/dev/null/x &&
	[ ! -e "$work/cache/review" ]
}

# Which patch, where, and what it wants there.
series_does_not_apply()
{
	make_tree "$work/tree"
	make_series "$work/mbox" "/* something else */"
	expect 2 "does not apply to .*: patch 2 of 2, \"\[RFC PATCH v8 2/2\] Kconfig: two\": Kconfig: hunk 1 of 1" \
		review SERIES="$work/mbox" KSRC="$work/tree" &&
	grep -q -x -e '    /\* something else \*/' "$work/out/apply.txt" &&
	tr '\n' ' ' <"$work/out/review.txt" |
		grep -q '^mbox does not apply to Linux .*, so nothing was built or tested\.  What its hunks' &&
	grep -q -x -e '    /\* something else \*/' "$work/out/review.txt" &&
	grep -q -x "  make review KSRC=$work/tree SERIES=$work/mbox" "$work/out/review.txt" &&
	grep -q nothing "$work/tree/tools/testing/selftests/lib.mk" && [ ! -e "$work/out/review.json" ]
}

one_at_a_time()
{
	make_tree "$work/tree"
	make_series "$work/mbox" "/* nothing */"
	mkdir "$work/out"
	(
		flock 6
		refused "OUT=$work/out: another review is at work there" SERIES="$work/mbox" KSRC="$work/tree"
	) 6<"$work/out"
}

# make_patches - a tree, and a series of four patches on it: the second does not build, and
# the fourth leaves the kernel what it is.  The build of the third waits for $work/tree.go.
make_patches()
{
	make_tree "$work/tree"
	# shellcheck disable=SC2016 # expanded by make
	sed -i -e 's/while \[ ! -e [^ ]* \]/& \&\& grep -q three Kconfig/' \
		-e "s/^>echo built.*/>@! grep -q '^#error' Kconfig || { echo 'Kconfig:1:2: error: not yet'; exit 1; }\n&/" \
		-e "s/^>echo built.*/>@! grep -q three Kconfig || { [ -L link ] \&\& [ -x tools\/lib\/bpf\/libbpf.c ]; }\n&/" \
		-e 's/^>head -c .*/&\n>cat Kconfig >>$(O)\/vmlinux/' "$work/tree/Makefile"
	cp -a "$work/tree" "$work/repo"
	(
		cd "$work/repo" || exit
		export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org
		export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
		commit()
		{
			git add -A && git -c commit.gpgSign=false commit -q -m "$1"
		}
		git init -q && commit base && git tag base &&
		echo "/* one */" >Kconfig && commit "mm: one" &&
		echo "#error two" >Kconfig && commit "mm: two" &&
		echo "/* three */" >Kconfig && ln -s Kconfig link && chmod +x tools/lib/bpf/libbpf.c &&
			commit "mm: three" &&
		echo "/* four */" >tools/testing/selftests/lib.mk && commit "selftests: four" &&
		git format-patch -q --stdout --subject-prefix="RFC PATCH v8" base >"$work/mbox"
	)
}

review_each()
{
	review SERIES="$work/mbox" KSRC="${tree:-$work/tree}" EACH=1 PARTS=size "$@"
}

# Which patch does not build, why, and which leaves the same kernel.
each_patch_is_built()
{
	local tree=$work/link

	make_patches && touch "$work/tree.go" && ln -s tree "$tree" &&
	expect 1 "^- patch 2 of 4 does not build by itself$" review_each || return
	cat "$work/out/review.txt"
	grep -q -x "1/4 builds: mm: one" "$work/out/review.txt" &&
	grep -q -x "2/4 DOES NOT BUILD: mm: two" "$work/out/review.txt" &&
	grep -q -x "  Kconfig:1:2: error: not yet" "$work/out/review.txt" &&
	grep -q -x "3/4 builds: mm: three" "$work/out/review.txt" &&
	grep -q -x -A 1 "4/4 builds: selftests: four" "$work/out/review.txt" &&
	grep -q -x "  the same kernel as that of patch 3" "$work/out/review.txt" &&
	[ "$(grep -c "the same kernel" "$work/out/review.txt")" -eq 1 ] &&
	# size failed, for the kernels are none
	grep -q -x "It was not measured." "$work/out/review.txt" &&
	! compgen -G "$work/cache/review/*-each" &&
	grep -q nothing "$work/tree/Kconfig"
}

# start_each - until the third patch is being built; sets $run
start_each()
{
	make_patches || return
	env MEMCG_BPF_CACHE="$work/cache" OUT="$work/out" SERIES="$work/mbox" KSRC="$work/tree" \
		EACH=1 PARTS=size "$ci_dir/review.sh" >"$work/run.log" 2>&1 </dev/null &
	run=$!
	wait_until 120 is_at_three || {
		kill "$run"
		cat "$work/run.log"
		return 1
	}
}

# The first and the third, and no other, say that they are being built.
is_at_three()
{
	[ -e "$work/tree.builds" ] && [ "$(wc -l <"$work/tree.builds")" -eq 2 ]
}

# Killed, and started again: it goes on with that patch, and leaves nothing.
each_goes_on()
{
	start_each && kill -"$1" "$run" && wait_until 30 has_ended && wait_until 30 nothing_runs || return
	[ ! -e "$work/out/review.txt" ] && touch "$work/tree.go" &&
	expect 1 "^- patch 2 of 4 does not build by itself$" review_each >"$work/again" || {
		cat "$work/again"
		return 1
	}
	grep -q -x "3/4 builds: mm: three" "$work/out/review.txt" &&
	grep -q "patch 3 of 4:" "$work/again" && ! grep "patch [12] of 4:" "$work/again" &&
	! find "$work/cache/review" -mindepth 1 -maxdepth 1 \( -name 'tmp.*' -o -name '*-each' \) | grep .
}

interrupted()
{
	each_goes_on TERM
}

killed()
{
	each_goes_on KILL
}

# A folder as review.sh leaves it: nothing was run but what is there.
answer_has_what_was_measured()
{
	mkdir "$work/o"
	printf 'base: Linux 7.3.4\nseries: /v8.mbox\ncommand: make review KSRC=/linux SERIES=/v8.mbox\n' \
		>"$work/o/about"
	expect 0 "^Nothing that was tried|Nothing that was tried speaks" "$ci_dir/review.py" "$work/o" &&
	[ "$(grep -c -E '^(The suite was not run|They were not run|It was not measured)\.$' \
		"$work/o/review.txt")" -eq 4 ] || return

	printf 'ok test_core.a\nok test_core.b\nfail test_core.c\nskip test_kmem.d\n' \
		>"$work/o/selftests-base"
	printf 'ok test_core.a\nfail test_core.b\nfail test_core.c\nskip test_kmem.d\n' \
		>"$work/o/selftests-patched"
	cat >"$work/o/verdict.json" <<-'END'
	{ "kernel": "Linux 7.3.4, memcg_bpf_ops of RFC v8", "passed": 1, "failed": 1, "skipped": 0,
	  "promises": [
	  { "id": "one.a", "promise": "One keeps its pages while somebody else, who has as many and no ops at all, has some to lose.",
	    "verdict": "broken", "seen": ["Expected 1 (1) < 2 (2)", "HIGH has lost its pages"] },
	  { "id": "one.d", "promise": "One dies.", "verdict": "broken",
	    "seen": ["the kernel crashed: /o/vm/crash-1.log", "Expected 1 (1) == 2 (2)", "Oops: int3: 0000 [#1] SMP", "RIP: 0010:0x1"] },
	  { "id": "one.b", "promise": "One sleeps.", "verdict": "kept" },
	  { "id": "one.c", "promise": "One wakes.", "verdict": "not asked", "reason": "no PSI: boot with psi=1" } ] }
	END
	expect 1 "2 tests|2 things speak against it" "$ci_dir/review.py" "$work/o" &&
	grep -q -x -e "- test_core.b: ok on the base, fail with the series" "$work/o/review.txt" &&
	grep -q "^one.a$" "$work/o/review.txt" &&
	grep -q "^  seen:     HIGH has lost its pages$" "$work/o/review.txt" &&
	grep -A 1 "^  seen:     the kernel crashed: Oops: int3: 0000 \[#1\] SMP$" "$work/o/review.txt" |
		grep -q "Expected 1 (1) == 2 (2)" && ! grep -q /o/vm "$work/o/review.txt" &&
	! grep -q -E '^.{73}' "$work/o/review.txt" &&
	python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["against"]) == 2' \
		"$work/o/review.json" || { cat "$work/o/review.txt"; return 1; }
}

# What is worse by chance does not speak against a series, and a crash does.  A part that
# has no result is named.
selftests_run_again()
{
	make_about
	printf 'ok test_core.%s\n' a b c d >"$work/o/selftests-base"
	printf 'ok test_core.a\nfail test_core.b\nfail test_core.c\ncrash test_kmem BUG: kernel NULL pointer\n' \
		>"$work/o/selftests-patched"
	printf 'ok test_core.%s\n' a b c d >"$work/o/selftests-base.2"
	printf 'ok test_core.a\nok test_core.b\nfail test_core.c\nskip test_core.d\n' \
		>"$work/o/selftests-patched.2"
	echo "size 121" >"$work/o/failed"
	[ "$("$ci_dir/selftests.py" again "$work/o")" = test_core ] &&
	expect 1 "^v8.mbox, on Linux 7.3.4. 3 things speak against it:$" "$ci_dir/review.py" "$work/o" || return
	grep -q -x -e "- test_core.b: ok on the base, fail with the series, and not so when it$" "$work/o/review.txt" &&
	grep -q -x -e "- test_core.c: ok on the base, fail with the series" "$work/o/review.txt" &&
	grep -q -x -e "- test_core.d: ok on the base, no result with the series" "$work/o/review.txt" &&
	grep -q -x -e "- test_kmem with the series, run 1: BUG: kernel NULL pointer" "$work/o/review.txt" &&
	grep -q -x "Tried, and without a result: size." "$work/o/review.txt" &&
	grep -q -x "It was tried, and has no result: a kernel does not build." "$work/o/review.txt" &&
	# nothing is worse in each run any more
	printf 'ok test_core.%s\n' a b c d >"$work/o/selftests-patched.2" &&
	[ -z "$("$ci_dir/selftests.py" again "$work/o")" ]
}

# Their results as kselftest.h prints them.
selftests_are_read()
{
	printf '%s\n' "ok p.test_a" "fail p.test_b" "skip p.test_c" "skip p.test_d" "fail p.test_e" \
		"hang p no end after 600 s" "ok q.test_a" >"$work/want"
	python3 - "$ci_dir" >"$work/got" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		import selftests
		boot = selftests.Boot()
		for line in """\
		TAP version 13
		# program p
		1..6
		ok 1 test_a
		# said by the kernel
		not ok 2 test_b
		ok 3 # SKIP test_c
		ok 4 test_d # SKIP no swap
		not ok 5 # error test_e
		ok 6 # SKIP memory controller isn't available
		# status 124
		# program q
		ok 1 test_a
		""".splitlines():
		    boot.take(line)
		assert boot.running == "q", boot.running
	END
	diff "$work/want" "$work/got"
}

# make_about [LINE...] - and a folder for the answer
make_about()
{
	mkdir "$work/o"
	printf '%s\n' 'base: Linux 7.3.4' 'series: v8.mbox' 'date: 2026-10-01T00:00:00Z' \
		'command: make review KSRC=/linux SERIES=/v8.mbox' "$@" >"$work/o/about"
}

# verdict_of ID=STATE... - as verdict.py writes one
verdict_of()
{
	local promise sep=

	echo '{ "kernel": "Linux 7.3.4", "passed": 1, "failed": 1, "skipped": 0, "promises": ['
	for promise in "$@"; do
		printf '%s{ "id": "%s", "promise": "It does.", "verdict": "%s", "reason": "no PSI" }' \
			"$sep" "${promise%%=*}" "${promise#*=}"
		sep=,
	done
	echo '] }'
}

# The suite runs from patch 2 on; 3 breaks one.a, and for a while one.b; 4 has its kernel.
promise_is_pinned()
{
	local number

	make_about "patch: applied [RFC PATCH v8 1/5] one" "patch: applied two" \
		"patch: merged three" "patch: applied four" "patch: applied five"
	for number in 1 2 3 4 5; do
		mkdir -p "$work/o/each/$number"
		echo builds >"$work/o/each/$number/state"
	done
	echo 3 >"$work/o/each/4/same"
	verdict_of one.a=kept one.b="not asked" one.c=broken >"$work/o/each/2/verdict.json"
	verdict_of one.a=broken one.b=broken one.c=broken >"$work/o/each/3/verdict.json"
	verdict_of one.a=broken one.b=kept one.c=broken >"$work/o/each/5/verdict.json"
	cp "$work/o/each/5/verdict.json" "$work/o/verdict.json"
	expect 1 "^- 2 of 3 promises are broken$" "$ci_dir/review.py" "$work/o" || return
	grep -q -x "  broken by patch 3, kept before it" "$work/o/review.txt" &&
	grep -q -x "  broken by patch 3, not asked before it; kept from patch 5 on" "$work/o/review.txt" &&
	grep -q -x "  broken by patch 2, not tested before it" "$work/o/review.txt" &&
	grep -q -x "  3-way merge, of patch 3" "$work/o/review.txt" &&
	python3 - "$work/o/review.json" <<-'END'
		import json, sys
		each = json.load(open(sys.argv[1]))["each"]
		pins = {pin["id"]: (pin["patch"], pin["before"], pin["mended"]) for pin in each["broken"]}
		assert pins == {"one.a": (3, "kept", None), "one.b": (3, "not asked", 5),
		                "one.c": (2, "not tested", None)}, pins
		assert [p["same_kernel_as"] for p in each["patches"]] == [None, None, None, 3, None]
		assert each["patches"][0]["verdict"] is None
	END
}

stress_on_a_debug_kernel()
{
	make_about "flavour: debug"
	printf 'KASAN\nPROVE_LOCKING\nPROVE_RCU\n' >"$work/o/debug"
	echo 600 >"$work/o/stress.seconds"
	verdict_of stress.a=kept stress.b=broken one.a="not asked" >"$work/o/stress.json"
	expect 1 "^- 1 promise broken under stress$" "$ci_dir/review.py" "$work/o" &&
	grep -q -x "  the kernel has KASAN, lockdep, PROVE_RCU" "$work/o/review.txt" &&
	grep -q "^Each test for 600 s: 1 promise kept, 1 broken, 0 not asked about.$" "$work/o/review.txt" &&
	# one that ended without a result is not a good one
	verdict_of stress.a="not asked" >"$work/o/stress.json" &&
	expect 1 "^- stress has no result$" "$ci_dir/review.py" "$work/o"
}

# Names, ids and what may be null, by the schema of KCIDB, version 5.
tests_are_those_of_kcidb()
{
	make_about "patchset: $(printf x | sha256sum | cut -d ' ' -f 1)" "compiler: gcc 12"
	cat >"$work/o/suite.ktap" <<-'END'
		TAP version 13
		1..2
		# selftests: memcg_bpf: link
		# 1..3
		# # it did not end
		# not ok 1 link.ends_with_its_cgroup
		# ok 2 link.v7.is_told # SKIP no BTF
		# ok 3 link.ends
		not ok 1 selftests: memcg_bpf: link
		# selftests: memcg_bpf: load
		# 1..2
		# #  RUN           load.is_called ...
	END
	python3 "$ci_dir/verdict.py" --json="$work/o/verdict.json" <"$work/o/suite.ktap" >/dev/null
	printf 'ok test_core.test_cgcore_a\nok test_core.b\n' >"$work/o/selftests-base"
	printf 'ok test_core.test_cgcore_a\nfail test_core.b\n' >"$work/o/selftests-patched"
	"$ci_dir/review.py" "$work/o" >/dev/null
	python3 - "$work/o/review.json" <<-'END'
		import json, re, sys
		doc = json.load(open(sys.argv[1]))
		assert doc["version"] == {"major": 5, "minor": 0}
		keys = {"checkouts": {"id", "origin", "comment", "valid", "patchset_hash"},
		        "builds": {"id", "origin", "checkout_id", "status", "compiler", "log_excerpt"},
		        "tests": {"id", "origin", "build_id", "path", "status", "comment", "log_excerpt"}}
		for kind, allowed in keys.items():
		    ids = [item["id"] for item in doc[kind]]
		    assert ids and len(ids) == len(set(ids)), kind
		    for item in doc[kind]:
		        assert set(item) <= allowed and None not in item.values(), item
		        assert re.fullmatch("[a-z0-9_]+:.*", item["id"]) and item["origin"] == "memcg_bpf"
		        assert re.fullmatch("[0-9a-f]{64}|", item.get("patchset_hash", ""))
		builds = {build["id"] for build in doc["builds"]}
		assert {build["checkout_id"] for build in doc["builds"]} == {c["id"] for c in doc["checkouts"]}
		status = {}
		for test in doc["tests"]:
		    assert test["build_id"] in builds
		    assert re.fullmatch(r"[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*", test["path"]), test
		    status.setdefault(test["path"], []).append(test["status"])
		assert status["memcg_bpf.link.ends_with_its_cgroup"] == ["FAIL"], status
		assert status["memcg_bpf.link.v7.is_told"] == ["SKIP"]
		assert status["memcg_bpf.link.ends"] == ["PASS"]
		assert status["memcg_bpf.load.is_called"] == ["ERROR"]
		assert status["kselftest.cgroup.test_core.b"] == ["PASS", "FAIL"]
	END
}

page_needs_nothing_else()
{
	make_about
	mkdir "$work/o/cost"
	echo 'none: 1.00 <times> & more' >"$work/o/cost/findings"
	echo '<svg xmlns="http://www.w3.org/2000/svg"/>' >"$work/o/cost/overhead.svg"
	expect 0 "^- none: 1.00 <times> & more$" "$ci_dir/review.py" "$work/o" || return
	python3 - "$work/o/review.html" <<-'END'
		import base64, html.parser, sys
		class Page(html.parser.HTMLParser):
		    def __init__(self):
		        super().__init__()
		        self.open, self.images, self.text = [], [], ""
		    def handle_starttag(self, tag, attrs):
		        attrs = dict(attrs)
		        assert not {"href", "srcset"} & set(attrs)
		        if tag == "img":
		            self.images.append(attrs["src"])
		        if tag not in ("meta", "img", "br"):
		            self.open.append(tag)
		    def handle_endtag(self, tag):
		        assert self.open.pop() == tag, tag
		    def handle_data(self, data):
		        self.text += data
		page = Page()
		page.feed(open(sys.argv[1]).read())
		assert not page.open and "none: 1.00 <times> & more" in page.text
		assert "body {" in page.text and "To repeat it" in page.text
		[image] = page.images
		assert b"<svg" in base64.b64decode(image.removeprefix("data:image/svg+xml;base64,"))
	END
}

compares_two_verdicts()
{
	local json='{"kernel": "%s", "promises": [{"id": "one.a", "promise": "One sleeps.", "verdict": "%s"}, {"id": "one.b", "promise": "One wakes.", "verdict": "%s"}]}'

	# shellcheck disable=SC2059 # the format is that
	{
		printf "$json" A kept kept >"$work/a"
		printf "$json" B broken kept >"$work/b"
		printf "$json" C kept "not asked" >"$work/c"
	}
	expect 1 "^1 kept by A, broken by B:$" "$ci_dir/compare.py" "$work/a" "$work/b" &&
	expect 1 "^1 broken by A, kept by B:$" "$ci_dir/compare.py" "$work/b" "$work/a" &&
	expect 0 "^1 asked of A only:$" "$ci_dir/compare.py" "$work/a" "$work/c" &&
	expect 0 "^2 kept by both$" "$ci_dir/compare.py" "$work/a" "$work/a" &&
	echo '{}' >"$work/d" &&
	expect 2 "^compare.py: $work/d: not a verdict of the suite" "$ci_dir/compare.py" "$work/a" "$work/d" &&
	head -c 40 "$work/a" >"$work/d" &&
	expect 2 "^compare.py: $work/d: not a verdict of the suite" "$ci_dir/compare.py" "$work/a" "$work/d" &&
	sed 's/"kept"/"perhaps"/' "$work/a" >"$work/d" &&
	expect 2 "^compare.py: $work/d: not a verdict of the suite" "$ci_dir/compare.py" "$work/d" "$work/a" &&
	sed 's/one\./two./g' "$work/a" >"$work/d" &&
	expect 2 "^compare.py: $work/a and $work/d: no promise is in both$" "$ci_dir/compare.py" "$work/a" "$work/d" &&
	expect 2 "^compare.py: $work/none: No such file" "$ci_dir/compare.py" "$work/a" "$work/none" &&
	expect 2 "^compare.py: $work: Is a directory" "$ci_dir/compare.py" "$work" "$work/a" &&
	cp "$work/a" "$work/a b" &&
	expect 0 "^2 kept by both$" make -s -C "$top_dir" compare A="$work/a b" B="$work/a"
}

test_of()
{
	rm -rf "${work:?}"/*
	check "review.$1" "$1"
}

test_of bad_input
test_of series_does_not_apply
test_of one_at_a_time
test_of each_patch_is_built
test_of interrupted
test_of killed
test_of answer_has_what_was_measured
test_of selftests_run_again
test_of selftests_are_read
test_of promise_is_pinned
test_of stress_on_a_debug_kernel
test_of tests_are_those_of_kcidb
test_of page_needs_nothing_else
test_of compares_two_verdicts
echo "1..$test_nr"
exit $failed
